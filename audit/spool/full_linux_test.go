package spool

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

func tinyDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a full disk needs a small one, and mounting it was refused: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "spool")
}

func TestAFullDiskRefusesCleanlyAndHealsByItself(t *testing.T) {
	cfg := Config{Dir: tinyDisk(t, "216k"), SegmentBytes: 32 << 10} // full in the middle of a segment
	s := open(t, cfg)
	appended := fillDisk(t, s, 0)
	mustRefuse(t, s, appended)
	shut(t, s)
	s = open(t, cfg) // a restart on the full disk
	mustRefuse(t, s, appended)
	got := drain(t, s)
	more := fillDisk(t, s, appended)
	if more-appended < 20 {
		t.Errorf("%d records found room after the commit", more-appended)
	}
	got = append(got, drain(t, s)...)
	mustBe(t, got, 0, more)
	mustChain(t, s, link{}, got)
	if stats := s.Stats(); stats.Torn != 0 || stats.Bytes != segmentBytes(t, cfg.Dir) {
		t.Errorf("%+v, on disk %d bytes", stats, segmentBytes(t, cfg.Dir))
	}
}

// fillDisk appends records from n on until the disk is full, and returns the first that found no room.
func fillDisk(t *testing.T, s *Spool, n int) int {
	t.Helper()
	for ; ; n++ {
		err := s.Append(1, text(n), digestOf(text(n)))
		if errors.Is(err, syscall.ENOSPC) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func mustRefuse(t *testing.T, s *Spool, pending int) {
	t.Helper()
	for range 5 {
		if err := s.Append(1, make([]byte, 6000), nil); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("on a full disk: %v", err)
		}
	}
	stats := s.Stats()
	if stats.Pending != int64(pending) || stats.Refused < 5 || stats.Bytes != segmentBytes(t, s.cfg.Dir) {
		t.Fatalf("%+v, on disk %d bytes", stats, segmentBytes(t, s.cfg.Dir))
	}
}
