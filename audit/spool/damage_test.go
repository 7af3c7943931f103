package spool

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// sample is a closed spool of one segment, kept in memory to be damaged again and again.
type sample struct {
	dir     string
	files   map[string][]byte
	segment string
	records []Record
	ends    []int // offset behind each record
}

func newSample(t testing.TB, records int) *sample {
	t.Helper()
	c := &sample{dir: t.TempDir(), files: map[string][]byte{}, segment: segmentName(1)}
	fixed := chainText(chainID([]byte("00112233445566778899aabbccddeeff"))) // the same in every fuzzing process
	if err := os.WriteFile(filepath.Join(c.dir, "chain"), []byte(fixed), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, Config{Dir: c.dir})
	for n := range records {
		put(t, s, n, n+1)
		c.ends = append(c.ends, int(s.last().size))
	}
	c.records = pending(t, s)
	shut(t, s)
	for _, name := range []string{"chain", "place", c.segment} {
		content, err := os.ReadFile(filepath.Join(c.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		c.files[name] = content
	}
	return c
}

// reset puts the sample back on disk, with one file changed.
func (c *sample) reset(t testing.TB, name string, content []byte) {
	t.Helper()
	for _, path := range segmentFiles(t, c.dir) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for file, original := range c.files {
		if file == name {
			original = content
		}
		if err := os.WriteFile(filepath.Join(c.dir, file), original, 0o600); err != nil { //nolint:gosec // in the test's own directory
			t.Fatal(err)
		}
	}
}

func TestARecordCutAtAnyByteIsDroppedAndTheChainGoesOn(t *testing.T) {
	c := newSample(t, 6)
	whole := c.files[c.segment]
	for cut := c.ends[3]; cut <= len(whole); cut++ {
		c.reset(t, c.segment, whole[:cut])
		kept := 0
		for kept < len(c.ends) && c.ends[kept] <= cut {
			kept++
		}
		torn := int64(1)
		if cut == c.ends[kept-1] {
			torn = 0
		}
		s := open(t, Config{Dir: c.dir})
		if got := s.Stats(); got.Torn != torn || got.Pending != int64(kept) || got.Segments != 1 {
			t.Fatalf("cut at %d: %+v, want %d torn, %d pending", cut, got, torn, kept)
		}
		if got := segmentBytes(t, c.dir); got != int64(c.ends[kept-1]) {
			t.Fatalf("cut at %d: %d bytes left of it", cut, got-int64(c.ends[kept-1]))
		}
		put(t, s, kept, kept+2)
		shut(t, s)
		s = open(t, Config{Dir: c.dir})
		mustBe(t, pending(t, s), 0, kept+2)
		mustChain(t, s, link{}, pending(t, s))
		if got := s.Stats().Torn; got != 0 {
			t.Fatalf("cut at %d: %d torn after the repair", cut, got)
		}
		shut(t, s)
	}
}

func TestAFlippedByteNeverInventsARecordAndShowsInTheChain(t *testing.T) {
	c := newSample(t, 5)
	whole := c.files[c.segment]
	for at := range whole {
		content := slices.Clone(whole)
		content[at] ^= 1 << (at % 8)
		c.reset(t, c.segment, content)
		mustShowDamage(t, c, at)
	}
}

func mustShowDamage(t *testing.T, c *sample, at int) {
	t.Helper()
	s := open(t, Config{Dir: c.dir})
	put(t, s, 5, 7)
	got := pending(t, s)
	first := slices.IndexFunc(got, func(r Record) bool { return string(r.Payload) == string(text(5)) })
	i := 0
	for _, r := range got[:first] {
		for i < len(c.records) && !reflect.DeepEqual(c.records[i], r) {
			i++
		}
		if i == len(c.records) {
			t.Fatalf("flip at %d: record %+v was never written", at, r)
		}
	}
	lost := len(c.records) - first
	if lost != min(lost, 1) || (at >= int(headerSize)) != (lost == 1) {
		t.Fatalf("flip at %d: %d records lost", at, lost)
	}
	if stats := s.Stats(); stats.Torn != int64(lost) || stats.Pending != int64(len(got)) {
		t.Fatalf("flip at %d: %+v, %d records lost", at, stats, lost)
	}
	if unbroken(s.ChainID(), link{}, got) != (lost == 0) {
		t.Fatalf("flip at %d: %d records lost, and the chain says otherwise", at, lost)
	}
	again := len(got)
	shut(t, s)
	s = open(t, Config{Dir: c.dir})
	if got := drain(t, s); len(got) != again || s.Stats().Torn != int64(lost) {
		t.Fatalf("flip at %d: %d records after another start, want %d; %+v", at, len(got), again, s.Stats())
	}
	shut(t, s)
}

func TestAFlippedByteBesideTheSegmentsLosesNothing(t *testing.T) {
	c := newSample(t, 3)
	s := open(t, Config{Dir: c.dir})
	id := s.ChainID()
	commit(t, s, next(t, s, 1))
	commit(t, s, next(t, s, 1))
	shut(t, s)
	place, err := os.ReadFile(filepath.Join(c.dir, "place"))
	if err != nil {
		t.Fatal(err)
	}
	c.files["place"] = place
	for _, name := range []string{"chain", "place"} {
		for at := range c.files[name] {
			if at%slotStride >= slotText+4 {
				continue // nothing lies between the slots
			}
			content := slices.Clone(c.files[name])
			content[at] ^= 0x01
			c.reset(t, name, content)
			s := open(t, Config{Dir: c.dir})
			got := pending(t, s)
			if s.ChainID() != id || len(got) < 1 || len(got) > 2 || s.Stats().Torn != 0 {
				t.Fatalf("flip at %d of %s: %d records, %+v", at, name, len(got), s.Stats())
			}
			mustBe(t, got, 3-len(got), 3)
			shut(t, s)
		}
	}
}

func TestAPayloadThatQuotesAFrameDoesNotBecomeARecord(t *testing.T) {
	c := newSample(t, 2)
	quote := c.files[c.segment][c.ends[0]:c.ends[1]]
	s := open(t, Config{Dir: c.dir})
	if err := s.Append(2, slices.Concat(quote, quote), nil); err != nil {
		t.Fatal(err)
	}
	put(t, s, 2, 3)
	shut(t, s)
	content, err := os.ReadFile(filepath.Join(c.dir, c.segment))
	if err != nil {
		t.Fatal(err)
	}
	content[c.ends[1]+6]++ // in the checksum of the frame with the quotes
	c.reset(t, c.segment, content)
	s = open(t, Config{Dir: c.dir})
	mustBe(t, pending(t, s), 0, 3)
	if got := s.Stats().Torn; got != 1 {
		t.Errorf("%d torn, want 1", got)
	}
}

func TestDamageInTheMiddleDoesNotBlockWhatIsBehindIt(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 1000}
	s := open(t, cfg)
	put(t, s, 0, 60)
	files := segmentFiles(t, cfg.Dir)
	if err := os.Remove(files[1]); err != nil { // a segment gone
		t.Fatal(err)
	}
	if err := os.Truncate(files[3], 300); err != nil { // one cut
		t.Fatal(err)
	}
	if err := os.WriteFile(files[5], make([]byte, 1000), 0o600); err != nil { // one wiped
		t.Fatal(err)
	}
	got := drain(t, s)
	if len(got) < 30 || len(got) > 50 || string(got[len(got)-1].Payload) != string(text(59)) {
		t.Fatalf("%d records", len(got))
	}
	if stats := s.Stats(); stats.Torn != 3 || stats.Pending != 0 || stats.Segments != 1 || stats.Committed != 60 {
		t.Errorf("%+v", stats)
	}
}

func TestASearchInAMaliciousPayloadGivesUp(t *testing.T) {
	content := make([]byte, 4<<20)
	for i := range content {
		content[i] = byte(min(i%3, 1)) // every third byte looks like the beginning of a frame of 64 KiB
	}
	w := newWalker(readerAt(content), 0, 0, int64(len(content)), readAhead)
	if _, ok, err := w.next(); ok || err != nil || w.budget > 0 || w.off != w.end {
		t.Errorf("found %v, error %v, budget %d, at %d of %d", ok, err, w.budget, w.off, w.end)
	}
}

func TestASegmentOfAnotherSpoolIsNotTouched(t *testing.T) {
	c := newSample(t, 1)
	other := slices.Clone(c.files[c.segment])
	other[len(magic)]++ // in the chain id
	resum(other)
	newer := slices.Clone(c.files[c.segment])
	newer[len(magic)-1]++
	resum(newer)
	for name, content := range map[string][]byte{"other": other, "newer": newer} {
		c.reset(t, c.segment, content)
		if _, err := Open(Config{Dir: c.dir}); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func resum(segment []byte) {
	sum := headerSize - 4
	binary.BigEndian.PutUint32(segment[sum:], checksum(0, segment[:sum]))
}

func TestAPlaceBehindTheEndHidesNoLaterRecord(t *testing.T) {
	c := newSample(t, 6)
	s := open(t, Config{Dir: c.dir})
	commit(t, s, next(t, s, 5))
	shut(t, s)
	path := filepath.Join(c.dir, c.segment)
	if err := os.Truncate(path, int64(c.ends[2])); err != nil { // as a loss of power may do
		t.Fatal(err)
	}
	for n := 5; n < 10; n++ {
		s = open(t, Config{Dir: c.dir})
		put(t, s, n, n+1)
		mustBe(t, pending(t, s), 5, n+1)
		mustChain(t, s, link{seq: 5, hash: c.records[4].Hash}, pending(t, s))
		shut(t, s)
	}
}

func TestLosingAllSegmentsHidesNoLaterRecordAndKeepsTheChain(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 500}
	s := open(t, cfg)
	put(t, s, 0, 30)
	last := drain(t, s)[29]
	shut(t, s)
	for _, path := range segmentFiles(t, cfg.Dir) {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	for n := 30; n < 33; n++ {
		s = open(t, cfg)
		put(t, s, n, n+1)
		mustBe(t, pending(t, s), 30, n+1)
		mustChain(t, s, link{seq: last.Seq, hash: last.Hash}, pending(t, s))
		shut(t, s)
	}
}
