package audit

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
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
	return dir
}

func TestAFullDiskDropsCountsAndHealsByItself(t *testing.T) {
	dir, sink, told := tinyDisk(t, "256k"), &table{}, &journal{}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 128<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	l := openLog(t, Config{Dir: filepath.Join(dir, "spool"), Logger: told.logger()}, sink)
	for _, id := range callIDs(0, 100) {
		l.Call(bigCall(id, 3000))
	}
	full := mustBalance(t, l)
	if full.Dropped == 0 || full.Pending == 0 || full.Fill > 0.01 {
		t.Fatalf("full disk: %+v", full)
	}
	for range 100 {
		if err := l.Ready(); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("ready: %v", err)
		}
	}
	if err := l.Health(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("health: %v", err)
	}
	if err := os.Remove(ballast); err != nil { // somebody makes room
		t.Fatal(err)
	}
	if err := errors.Join(l.Ready(), l.Ready(), l.Health(t.Context())); err != nil {
		t.Errorf("with room again: %v", err)
	}
	feed(l, 100, 1)
	shut(t, l)
	mustHold(t, sink, append(callIDs(0, int(full.Pending)), "call-00100"))
	if s := mustBalance(t, l); s.Dropped != full.Dropped || s.Pending != 0 || told.count("records are dropped") != 1 {
		t.Errorf("at the end: %+v, %d lines", s, told.count("records are dropped"))
	}
}

// The spool's own folder has to be shipped from for room to come, with nothing else to delete.
func TestAFullDiskIsShippedFree(t *testing.T) {
	dir, sink := tinyDisk(t, "256k"), &table{}
	l := openLog(t, Config{Dir: dir, MaxBytes: 512 << 10, Every: time.Millisecond}, sink)
	for _, id := range callIDs(0, 200) {
		l.Call(bigCall(id, 3000))
	}
	before := mustBalance(t, l)
	if before.Dropped == 0 || before.Fill >= fullFill || !errors.Is(l.Ready(), ErrUnavailable) {
		t.Fatalf("full disk: %+v, ready: %v", before, l.Ready())
	}
	stop := run(t, l)
	defer stop()
	deadline := time.Now().Add(10 * time.Second)
	for l.Ready() != nil && time.Now().Before(deadline) {
		<-time.After(time.Millisecond)
	}
	l.Call(bigCall("last", 3000))
	if err := l.Ready(); err != nil || l.Stats().Dropped != before.Dropped {
		t.Errorf("ready: %v, %+v", err, l.Stats())
	}
}
