package spool

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// segment is one file of frames behind a header.
type segment struct {
	number uint64
	size   int64  // where the next frame goes
	seed   uint32 // see segmentSeed
}

// header opens a segment. It carries the chain's state so that the chain goes on when all segments before are gone.
type header struct {
	intact bool // its checksum is right; if not, only number is known
	number uint64
	chain  chainID
	link   link // the last chained record before this segment
}

const (
	magic      = "snowspl\x01" // the last byte is the version
	headerSize = int64(len(magic) + len(chainID{}) + 8 + 8 + sha256.Size + 4)
)

func segmentName(number uint64) string { return fmt.Sprintf("%016d.seg", number) }

func segmentPath(dir string, number uint64) string { return filepath.Join(dir, segmentName(number)) }

// listSegments returns the numbers of the segments in dir, ascending. Other files are none of our business.
func listSegments(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, e := range entries {
		var number uint64
		if n, _ := fmt.Sscanf(e.Name(), "%d.seg", &number); n == 1 && e.Name() == segmentName(number) {
			numbers = append(numbers, number)
		}
	}
	slices.SortFunc(numbers, cmp.Compare)
	return numbers, nil
}

// createSegment makes a segment with nothing but its header, or leaves nothing behind.
func createSegment(dir string, h header) (*os.File, error) {
	file, err := os.OpenFile(segmentPath(dir, h.number), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err = file.Write(h.bytes()); err != nil {
		_ = file.Close()           // the write's error says it
		_ = os.Remove(file.Name()) // if it stays, it is a segment without records
		return nil, err
	}
	return file, nil
}

func (h header) bytes() []byte {
	text := append(make([]byte, 0, headerSize), magic...)
	text = append(text, h.chain[:]...)
	text = binary.BigEndian.AppendUint64(text, h.number)
	text = binary.BigEndian.AppendUint64(text, h.link.seq)
	text = append(text, h.link.hash[:]...)
	return binary.BigEndian.AppendUint32(text, crc32.Checksum(text, castagnoli))
}

// readHeader reads the header of segment number. One that is cut or damaged is no error: the frames behind it do not
// need it.
func readHeader(file io.ReaderAt, number uint64) (header, error) {
	h := header{number: number}
	text := make([]byte, headerSize)
	if _, err := file.ReadAt(text, 0); err == io.EOF { // a ReaderAt returns it bare
		return h, nil
	} else if err != nil {
		return h, err
	}
	sum := len(text) - 4
	if crc32.Checksum(text[:sum], castagnoli) != binary.BigEndian.Uint32(text[sum:]) {
		return h, nil
	}
	rest := text[len(magic):]
	rest = rest[copy(h.chain[:], rest):]
	written := binary.BigEndian.Uint64(rest)
	h.link.seq = binary.BigEndian.Uint64(rest[8:])
	copy(h.link.hash[:], rest[16:])
	if string(text[:len(magic)]) != magic || written != number {
		return h, fmt.Errorf("%w: %s", ErrForeign, segmentName(number))
	}
	h.intact = true
	return h, nil
}

// segmentSeed is the segment's part in its frames' checksums. Nobody who writes payloads knows the chain id.
func segmentSeed(id chainID, number uint64) uint32 {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(id[:], number))
	return binary.BigEndian.Uint32(sum[:])
}

// seedAt is the seed of the frame at off.
func seedAt(segmentSeed uint32, off int64) uint32 {
	return segmentSeed + uint32(off) //nolint:gosec // wraps, which does no harm
}
