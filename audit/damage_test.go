package audit

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// scratch damages the record with this text in the spool's first place.
func scratch(t *testing.T, dir, text string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(placeDir(dir, 0), "*.seg"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("segments: %v, %v", paths, err)
	}
	content, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, []byte(text))
	if at < 0 {
		t.Fatalf("%q is not in the spool", text)
	}
	file, err := os.OpenFile(paths[0], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt([]byte{content[at] ^ 1}, int64(at))
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestARecordDestroyedOnDiskIsCountedAndShowsInTheChain(t *testing.T) {
	for _, test := range []struct {
		name string
		bad  string
		want Stats
		torn int64
		gaps int64
	}{
		{"none", "", Stats{Accepted: 4, Written: 4}, 0, 0},
		{"in the middle", "call-00001", Stats{Accepted: 4, Written: 3, Dropped: 1}, 1, 1},
		{"at the end", "call-00003", Stats{Accepted: 4, Written: 3, Dropped: 1}, 1, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, sink := t.TempDir(), &table{}
			l := openLog(t, Config{Dir: dir}, sink)
			feed(l, 0, 4)
			if test.bad != "" {
				scratch(t, dir, test.bad)
			}
			shut(t, l)
			mustHold(t, sink, without(callIDs(0, 4), test.bad))
			if s := mustBalance(t, l); sum(s) != test.want || s.Torn != test.torn || s.Breaks != test.gaps {
				t.Errorf("got %+v, want %+v, %d torn, %d breaks", s, test.want, test.torn, test.gaps)
			}
		})
	}
}

func TestARepeatedBatchIsNoBreakInTheChain(t *testing.T) {
	onShelf(t, Config{Batch: 10}, func(t *testing.T, s shelf) {
		s.sink.set(away)
		feed(s.Log, 0, 25)
		pass(time.Minute)
		s.sink.set(nil)
		pass(10 * time.Second)
		mustHold(t, s.sink, callIDs(0, 25))
		if got := s.Stats(); got.Breaks != 0 || got.Retries == 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestARejectFileThatCannotBeWrittenStopsNobody(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		if err := os.Mkdir(filepath.Join(s.cfg.Dir, rejectFile), 0o700); err != nil {
			t.Fatal(err)
		}
		s.sink.set(refuse("call-00001"))
		feed(s.Log, 0, 3)
		pass(time.Second)
		mustHold(t, s.sink, without(callIDs(0, 3), "call-00001"))
		if got := sum(s.Stats()); got != (Stats{Accepted: 3, Written: 2, Dropped: 1}) || s.told.count("is a directory") != 1 {
			t.Errorf("%+v, log: %s", got, s.told.text.String())
		}
	})
}

func TestAPlaceThatCannotBeReadKeepsNoOtherFromAdoption(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		if err := os.WriteFile(placeDir(s.cfg.Dir, 1), nil, 0o600); err != nil { // no folder
			t.Fatal(err)
		}
		orphan := openLog(t, Config{Dir: t.TempDir()}, &table{})
		feed(orphan, 0, 3)
		die(t, orphan)
		if err := os.Rename(placeDir(orphan.cfg.Dir, 0), placeDir(s.cfg.Dir, 2)); err != nil {
			t.Fatal(err)
		}
		pass(2 * adoptEvery)
		mustHold(t, s.sink, callIDs(0, 3))
		if s.told.count("place not readable") == 0 {
			t.Error("nobody was told")
		}
	})
}
