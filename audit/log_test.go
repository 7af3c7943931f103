package audit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCloseShipsWhatIsLeft(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		s.sink.set(hang)
		feed(s.Log, 0, 1000)
		synctest.Wait() // the write hangs
		s.stop()
		s.sink.set(nil)
		feed(s.Log, 1000, 10)
		s.Session(SessionChange{SessionID: "s"})
		shut(t, s.Log)
		mustHold(t, s.sink, callIDs(0, 1010))
		if got := sum(s.Stats()); got != (Stats{Accepted: 1011, Written: 1011}) {
			t.Errorf("stats: %+v", got)
		}
		feed(s.Log, 2000, 1)
		if got := sum(mustBalance(t, s.Log)); got.Dropped != 1 || s.Ready() == nil {
			t.Errorf("a record after Close: %+v, ready: %v", got, s.Ready())
		}
		shut(t, s.Log) // a second time
	})
}

func TestCloseLeavesOnDiskWhatTheSinkDoesNotTake(t *testing.T) {
	for name, answer := range map[string]answer{"away": away, "hanging": hang} {
		t.Run(name, func(t *testing.T) {
			onShelf(t, Config{}, func(t *testing.T, s shelf) {
				s.sink.set(answer)
				feed(s.Log, 0, 600)
				synctest.Wait()
				s.stop()
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				if err := s.Close(ctx); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took > 3*time.Second {
					t.Errorf("took %v", took)
				}
				if got := sum(mustBalance(t, s.Log)); got != (Stats{Accepted: 600, Pending: 600}) {
					t.Errorf("stats: %+v", got)
				}
				mustTakeOver(t, s, 600)
			})
		})
	}
}

// mustTakeOver opens a Log where another one ended, which is to ship what that one left.
func mustTakeOver(t *testing.T, s shelf, left int) {
	t.Helper()
	sink := &table{}
	next, err := Open(s.cfg, sink)
	if err != nil {
		t.Fatal(err)
	}
	defer die(t, next)
	if got := sum(mustBalance(t, next)); got != (Stats{Inherited: int64(left), Pending: int64(left)}) {
		t.Errorf("at the start: %+v", got)
	}
	feed(next, left, 1)
	stop := run(t, next)
	defer stop()
	pass(time.Second)
	mustHold(t, sink, callIDs(0, left+1))
	if got := sum(mustBalance(t, next)); got != (Stats{Accepted: 1, Inherited: int64(left), Written: int64(left + 1)}) {
		t.Errorf("at the end: %+v", got)
	}
}

func TestTwoLogsInOneFolderTakeTwoPlaces(t *testing.T) {
	dir, sink := t.TempDir(), &table{}
	a := openLog(t, Config{Dir: dir}, sink)
	b := openLog(t, Config{Dir: dir}, sink)
	if a.spool.ChainID() == b.spool.ChainID() {
		t.Error("one chain for both")
	}
	for _, n := range []string{"0", "1"} {
		if info, err := os.Stat(filepath.Join(dir, n)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("place %s: %v, %v", n, info, err)
		}
	}
	feed(a, 0, 1)
	feed(b, 1, 1)
	die(t, a)
	c := openLog(t, Config{Dir: dir}, sink) // where a was, with what it left
	if c.spool.ChainID() != a.spool.ChainID() || c.Stats().Inherited != 1 {
		t.Errorf("the free place was not taken: %+v", c.Stats())
	}
	shut(t, b)
	shut(t, c)
	mustHold(t, sink, []string{"call-00001", "call-00000"})
}

func TestAPlaceThatADeadProcessLeftIsAdopted(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		neighbour, err := Open(s.cfg, &table{})
		if err != nil {
			t.Fatal(err)
		}
		feed(neighbour, 0, 700)
		pass(2 * adoptEvery)
		if got := len(s.sink.ids()); got != 0 {
			t.Fatalf("%d calls of a living process were shipped", got)
		}
		die(t, neighbour)
		s.sink.set(away)
		pass(2 * adoptEvery)
		if got := sum(mustBalance(t, s.Log)); got != (Stats{}) {
			t.Errorf("with the Sink away: %+v", got)
		}
		s.sink.set(refuse("call-00005"))
		feed(s.Log, 700, 1)
		pass(2 * adoptEvery)
		want := without(callIDs(0, 701), "call-00005")
		got := s.sink.ids()
		if len(got) != len(want) {
			t.Errorf("%d of %d calls arrived", len(got), len(want))
		}
		if got := sum(mustBalance(t, s.Log)); got != (Stats{Accepted: 1, Inherited: 700, Written: 700, Dropped: 1}) {
			t.Errorf("stats: %+v", got)
		}
	})
}

func TestAllPlacesTakenIsAnError(t *testing.T) {
	dir := t.TempDir()
	for range maxPlaces {
		openLog(t, Config{Dir: dir}, &table{})
	}
	if l, err := Open(Config{Dir: dir}, &table{}); err == nil || !strings.Contains(err.Error(), "64 places") {
		t.Errorf("got %v, %v", l, err)
	}
}

// bigCall is a call with a payload of a little more than size bytes.
func bigCall(id string, size int) Call {
	return Call{LogID: id, Response: strings.Repeat("x", size)}
}

func TestAFullSpoolIsUnavailableAndRecoversByShipping(t *testing.T) {
	onShelf(t, Config{MaxBytes: 64 << 10}, func(t *testing.T, s shelf) {
		s.sink.set(away)
		ids := callIDs(0, 100)
		for _, id := range ids {
			s.Call(bigCall(id, 2000))
		}
		pass(time.Second)
		got := mustBalance(t, s.Log)
		if got.Dropped == 0 || got.Pending < 20 || got.Pending+got.Dropped != 100 || got.Bytes > 64<<10 {
			t.Fatalf("full: %+v", got)
		}
		s.Session(SessionChange{SessionID: "small"}) // that one finds room proves nothing
		for range 200 {
			if err := s.Ready(); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("ready: %v", err)
			}
		}
		if after := s.Stats(); after.Bytes > got.Bytes+200 {
			t.Errorf("asking took %d bytes", after.Bytes-got.Bytes)
		}
		if err := s.Health(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("health: %v", err)
		}
		s.sink.set(nil)
		pass(10 * time.Second)
		if err := errors.Join(s.Ready(), s.Health(t.Context())); err != nil {
			t.Errorf("after shipping: %v", err)
		}
		s.Call(bigCall("last", 2000))
		pass(time.Second)
		mustHold(t, s.sink, append(ids[:got.Pending], "last"))
		if n := s.told.count("records are dropped"); n != 1 {
			t.Errorf("%d lines for one outage", n)
		}
	})
}

func TestAWriterIsRefusedBeforeTheFirstRecordIsLost(t *testing.T) {
	l := openLog(t, Config{Dir: t.TempDir(), MaxBytes: 1 << 20}, &table{})
	for n := range 10_000 {
		if l.Ready() != nil {
			break
		}
		l.Call(bigCall(callIDs(n, 1)[0], 1500))
	}
	if s := l.Stats(); s.Dropped != 0 || !errors.Is(l.Ready(), ErrUnavailable) || s.Fill < 0.9 {
		t.Errorf("%+v, ready: %v", s, l.Ready())
	}
	l.Call(bigCall("read", 1500)) // reads go on
	if s := mustBalance(t, l); s.Dropped != 0 {
		t.Errorf("a read's record found no room: %+v", s)
	}
}

func TestARecordThatIsTooLargeStopsNobodyElse(t *testing.T) {
	told := &journal{}
	l := openLog(t, Config{Dir: t.TempDir(), MaxBytes: 64 << 10, Logger: told.logger()}, &table{})
	l.Binding(BindingChange{BindingID: "b", CompanyName: strings.Repeat("x", 20<<10)})
	l.Call(Call{LogID: "c", CalledAt: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)}) // no table knows such a year
	if s := sum(mustBalance(t, l)); s != (Stats{Accepted: 2, Dropped: 2}) || l.Ready() != nil {
		t.Errorf("%+v, ready: %v", s, l.Ready())
	}
	if n := told.count("record dropped"); n != 2 {
		t.Errorf("%d lines", n)
	}
}

func TestHealthWorriesLongBeforeAnythingIsRefused(t *testing.T) {
	l := openLog(t, Config{Dir: t.TempDir(), MaxBytes: 1 << 20}, &table{})
	for n := 0; l.Stats().Fill < 0.5; n++ {
		if err := l.Health(t.Context()); err != nil {
			t.Fatalf("at %v: %v", l.Stats().Fill, err)
		}
		l.Call(bigCall(callIDs(n, 1)[0], 1500))
	}
	if err := l.Health(t.Context()); err == nil || errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "50% full") {
		t.Errorf("half full: %v", err)
	}
	if err := l.Ready(); err != nil {
		t.Errorf("half full: %v", err)
	}
}

func TestAgeIsAMatterForAnAdminAndThenForEveryone(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	l := openLog(t, Config{Dir: t.TempDir(), MaxAge: time.Hour, Now: func() time.Time { return now }}, &table{})
	feed(l, 0, 1)
	for _, step := range []struct {
		age           time.Duration
		healthy, open bool
	}{{0, true, true}, {worryingAge - time.Second, true, true}, {worryingAge, false, true}, {time.Hour, false, true}, {time.Hour + time.Second, false, false}} {
		now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC).Add(step.age)
		health, ready := l.Health(t.Context()), l.Ready()
		if (health == nil) != step.healthy || (ready == nil) != step.open || ready != nil && !errors.Is(ready, ErrUnavailable) {
			t.Errorf("at %v: health %v, ready %v", step.age, health, ready)
		}
	}
}

func TestACallWithoutATimeGetsTheClocks(t *testing.T) {
	now, sink := time.Date(2026, 5, 4, 3, 2, 1, 5e6, time.UTC), &table{}
	l := openLog(t, Config{Dir: t.TempDir(), Now: func() time.Time { return now }}, sink)
	feed(l, 0, 1)
	shut(t, l)
	if got := sink.calls[0].CalledAt; !got.Equal(now) {
		t.Errorf("called at %v", got)
	}
}
