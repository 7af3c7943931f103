package spool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

type readerAt []byte

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	if off >= int64(len(r)) {
		return 0, io.EOF
	}
	n := copy(p, r[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// FuzzOpen takes arbitrary bytes for a segment: Open never panics, what comes out was there with a right checksum, and
// the spool goes on.
func FuzzOpen(f *testing.F) {
	c := newSample(f, 4)
	whole := c.files[c.segment]
	f.Add(whole)
	f.Add([]byte{})
	f.Add(whole[:headerSize])
	f.Add(whole[:len(whole)-5])
	f.Add(append(bytes.Clone(whole), make([]byte, 100)...))
	for _, at := range []int{3, int(headerSize) + 1, c.ends[0] + 2, c.ends[1] + 20, len(whole) - 1} {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 0xff
		f.Add(flipped)
	}
	id := chainID(c.files["chain"][:len(chainID{})])
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{"chain": c.files["chain"], c.segment: content} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Open(Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
		if errors.Is(err, ErrForeign) {
			return // a header with a right checksum and another id
		}
		if err != nil {
			t.Fatal(err)
		}
		defer shut(t, s)
		if err := s.Append(9, []byte("behind it"), nil); err != nil {
			t.Fatal(err)
		}
		got := drain(t, s)
		if last := got[len(got)-1]; string(last.Payload) != "behind it" {
			t.Fatalf("the last record is %+v", last)
		}
		mustBeWritten(t, content, segmentSeed(id, 1), got[:len(got)-1])
	})
}

// mustBeWritten finds the records in the bytes by looking at every offset, in order.
func mustBeWritten(t *testing.T, content []byte, seed uint32, records []Record) {
	t.Helper()
	off := 0
	for _, r := range records {
		for ; ; off++ {
			if off+frameHead+plainBody > len(content) {
				t.Fatalf("record %+v has no frame with a right checksum", r)
			}
			size := int(binary.BigEndian.Uint32(content[off:]))
			if size < len(r.Payload) || off+frameHead+size > len(content) {
				continue
			}
			body := content[off+frameHead:][:size]
			sum := binary.BigEndian.Uint32(content[off+4:])
			if checksum(seed+uint32(off), body) == sum && bytes.HasSuffix(body, r.Payload) {
				off += frameHead + size
				break
			}
		}
	}
}
