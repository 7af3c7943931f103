package audit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"snowgate/audit"
)

// shelf is a running Log in a bubble with its own clock.
type shelf struct {
	*audit.Log
	sink *table
	text *bytes.Buffer
	stop context.CancelFunc
}

// onShelf runs a test against a running Log; the clock moves only when everything waits.
func onShelf(t *testing.T, cfg audit.Config, test func(t *testing.T, s shelf)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := shelf{sink: &table{}, text: &bytes.Buffer{}}
		cfg.Logger = slog.New(slog.NewTextHandler(s.text, nil))
		s.Log = audit.NewLog(cfg, s.sink)
		ctx, stop := context.WithCancel(t.Context())
		s.stop = stop
		var running sync.WaitGroup
		running.Go(func() {
			if err := s.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		defer running.Wait()
		defer stop()
		test(t, s)
		mustBalance(t, s.Log)
	})
}

// pass lets time go by on the bubble's clock, which takes no real time.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestAFewRecordsAreWrittenTogetherAfterTheWait(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		start := time.Now()
		feed(s.Log, 0, 3)
		pass(199 * time.Millisecond)
		if got := s.sink.ids(); len(got) != 0 {
			t.Errorf("written before the wait was over: %v", got)
		}
		pass(time.Millisecond)
		if got := s.sink.log(); !reflect.DeepEqual(got, []write{{"call", 3, start.Add(200 * time.Millisecond)}}) {
			t.Errorf("writes: %v", got)
		}
	})
}

func TestAWholeBatchIsWrittenAtOnce(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		start := time.Now()
		feed(s.Log, 0, 1201)
		synctest.Wait()
		if got := s.sink.log(); !reflect.DeepEqual(got, []write{{"call", 500, start}, {"call", 500, start}}) {
			t.Errorf("writes at once: %v", got)
		}
		pass(200 * time.Millisecond)
		if got := s.sink.ids(); !slices.Equal(got, callIDs(0, 1201)) {
			t.Errorf("%d of 1201 calls, or out of order", len(got))
		}
	})
}

func TestEachKindArrivesWhole(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		now := time.Now()
		session := audit.SessionChange{SessionID: "s", OpenID: "p", UnionID: "q", CreatedAt: now, ExpiresAt: now.Add(time.Hour), Active: true}
		binding := audit.BindingChange{BindingID: "b", SessionID: "s", ERPUsername: "zhang", CompanyID: "1", CompanyName: "雪兽", BoundAt: now, Valid: true}
		s.Session(session)
		s.Binding(binding)
		pass(time.Second)
		if !reflect.DeepEqual(s.sink.sessions, []audit.SessionChange{session}) {
			t.Errorf("sessions: %+v", s.sink.sessions)
		}
		if !reflect.DeepEqual(s.sink.bindings, []audit.BindingChange{binding}) {
			t.Errorf("bindings: %+v", s.sink.bindings)
		}
		if got := s.Stats(); got != (audit.Stats{Accepted: 2, Written: 2}) {
			t.Errorf("stats: %+v", got)
		}
	})
}

func TestAnOutageLosesNothingAndKeepsTheOrder(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		s.sink.set(away)
		for i := range 60 {
			feed(s.Log, i*100, 100)
			pass(time.Second)
		}
		if got := mustBalance(t, s.Log); got.Pending != 6000 || got.Retries == 0 {
			t.Errorf("during the outage: %+v", got)
		}
		s.sink.set(nil)
		pass(6 * time.Second)
		if got := s.sink.ids(); !slices.Equal(got, callIDs(0, 6000)) {
			t.Errorf("%d of 6000 calls, or out of order", len(got))
		}
		for _, line := range []string{"database away", "database back"} {
			if n := strings.Count(s.text.String(), line); n != 1 {
				t.Errorf("%d lines with %q", n, line)
			}
		}
	})
}

func TestTheWaitGrowsToItsMaximum(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		s.sink.set(away)
		feed(s.Log, 0, 1)
		pass(time.Minute)
		writes := s.sink.log()
		highest := 200 * time.Millisecond
		for i := 1; i < len(writes); i++ {
			gap := writes[i].at.Sub(writes[i-1].at)
			if gap < highest/2 || gap > highest {
				t.Errorf("wait %d was %v, want %v to %v", i, gap, highest/2, highest)
			}
			highest = min(highest*2, 5*time.Second)
		}
		if n := len(writes); n < 15 || n > 30 || s.Stats().Retries != int64(n-1) {
			t.Errorf("%d writes in a minute, %d retries", n, s.Stats().Retries)
		}
	})
}

func TestAFullBufferDropsAndCounts(t *testing.T) {
	onShelf(t, audit.Config{Buffer: 100, Batch: 10}, func(t *testing.T, s shelf) {
		s.sink.set(hang)
		feed(s.Log, 0, 250)
		s.Session(audit.SessionChange{SessionID: "s"}) // has room of its own
		synctest.Wait()
		if got := s.Stats(); got != (audit.Stats{Accepted: 251, Pending: 101, Dropped: 150}) {
			t.Errorf("stats: %+v", got)
		}
	})
}

func TestDropsAreToldDuringAnOutage(t *testing.T) {
	onShelf(t, audit.Config{Buffer: 10}, func(t *testing.T, s shelf) {
		s.sink.set(away)
		feed(s.Log, 0, 25)
		pass(10 * time.Second)
		if got := s.text.String(); !strings.Contains(got, "records=15") {
			t.Errorf("log: %s", got)
		}
	})
}

func TestARefusedRowIsSetAsideAndBlocksNobody(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		s.sink.set(refuse("call-00003", "call-00499"))
		feed(s.Log, 0, 600)
		pass(time.Second)
		want := slices.DeleteFunc(callIDs(0, 600), func(id string) bool { return id == "call-00003" || id == "call-00499" })
		if got := s.sink.ids(); !slices.Equal(got, want) {
			t.Errorf("%d calls written, want %d in order", len(got), len(want))
		}
		if got := s.Stats(); got.Dropped != 2 || got.Written != 598 {
			t.Errorf("stats: %+v", got)
		}
		text := s.text.String()
		if !strings.Contains(text, "id=call-00003") || strings.Contains(text, "hunter2") {
			t.Errorf("log: %s", text)
		}
	})
}

func TestAnOutageWhileSplittingLosesNothing(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		bad, turn := refuse("call-00007"), 0
		s.sink.set(func(ctx context.Context, kind string, ids []string) error {
			if turn++; turn%2 == 0 {
				return errAway
			}
			return bad(ctx, kind, ids)
		})
		feed(s.Log, 0, 16)
		pass(time.Minute)
		want := slices.Delete(callIDs(0, 16), 7, 8)
		if got := s.sink.ids(); !slices.Equal(got, want) {
			t.Errorf("got %v", got)
		}
	})
}

func TestCloseWritesWhatIsInHand(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		feed(s.Log, 0, 1234)
		s.Session(audit.SessionChange{SessionID: "s"})
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.Stats(); got != (audit.Stats{Accepted: 1235, Written: 1235}) {
			t.Errorf("stats: %+v", got)
		}
		feed(s.Log, 0, 1)
		if got := s.Stats(); got.Dropped != 1 || got.Pending != 0 {
			t.Errorf("a record after Close: %+v", got)
		}
	})
}

func TestCloseFlushesAfterRunWasEnded(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		s.sink.set(hang)
		feed(s.Log, 0, 500)
		synctest.Wait() // the write hangs
		s.stop()
		synctest.Wait()
		s.sink.set(nil)
		feed(s.Log, 500, 10)
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.sink.ids(); !slices.Equal(got, callIDs(0, 510)) {
			t.Errorf("%d of 510 calls, or out of order", len(got))
		}
	})
}

func TestCloseKeepsItsDeadline(t *testing.T) {
	for name, answer := range map[string]func(context.Context, string, []string) error{"away": away, "hanging": hang} {
		t.Run(name, func(t *testing.T) {
			onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
				s.sink.set(answer)
				feed(s.Log, 0, 600)
				synctest.Wait()
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				err := s.Close(ctx)
				if !errors.Is(err, audit.ErrLost) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "600") {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took != 3*time.Second {
					t.Errorf("took %v", took)
				}
				if got := s.Stats(); got.Dropped != 600 || got.Pending != 0 {
					t.Errorf("stats: %+v", got)
				}
				if err := s.Close(t.Context()); err != nil {
					t.Errorf("second Close: %v", err)
				}
			})
		})
	}
}

func TestCloseRetriesUntilTheDatabaseIsBack(t *testing.T) {
	onShelf(t, audit.Config{}, func(t *testing.T, s shelf) {
		s.sink.set(away)
		feed(s.Log, 0, 600)
		time.AfterFunc(2*time.Second, func() { s.sink.set(nil) })
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.sink.ids(); !slices.Equal(got, callIDs(0, 600)) {
			t.Errorf("%d of 600 calls, or out of order", len(got))
		}
	})
}

func TestCloseWorksWithoutRun(t *testing.T) {
	sink := &table{}
	l := audit.NewLog(audit.Config{}, sink)
	feed(l, 0, 3)
	if err := l.Close(t.Context()); err != nil || len(sink.ids()) != 3 {
		t.Errorf("%v, %v", sink.ids(), err)
	}
	if err := l.Run(t.Context()); err != nil {
		t.Errorf("Run after Close: %v", err)
	}
}

func TestTheBooksBalanceAtAnyMoment(t *testing.T) {
	sink := &table{}
	bad := refuse("call-00042")
	var turn int
	sink.set(func(ctx context.Context, kind string, ids []string) error {
		if kind == "call" {
			if turn++; turn%3 == 0 {
				return errAway
			}
		}
		return bad(ctx, kind, ids)
	})
	quick := audit.Config{Batch: 7, Every: time.Millisecond, Buffer: 50, RetryMin: time.Microsecond, RetryMax: time.Millisecond,
		Logger: slog.New(slog.DiscardHandler)}
	l := audit.NewLog(quick, sink)
	ctx, stop := context.WithCancel(t.Context())
	var writers, runner sync.WaitGroup
	runner.Go(func() { _ = l.Run(ctx) })
	for i := range 4 {
		writers.Go(func() {
			for n := range 500 {
				feed(l, i*500+n, 1)
				l.Binding(audit.BindingChange{BindingID: "b"})
				mustBalance(t, l)
			}
		})
	}
	writers.Wait()
	if err := l.Close(t.Context()); err != nil {
		t.Error(err)
	}
	stop()
	runner.Wait()
	if got := mustBalance(t, l); got.Accepted != 4000 || got.Pending != 0 || got.Written == 0 {
		t.Errorf("stats: %+v", got)
	}
}

func TestCollectorShowsTheBooks(t *testing.T) {
	sink := &table{}
	sink.set(refuse("call-00001"))
	l := audit.NewLog(audit.Config{Logger: slog.New(slog.DiscardHandler)}, sink)
	feed(l, 0, 3)
	const before = `
# HELP snowgate_audit_pending_records Records in hand, waiting for the database.
# TYPE snowgate_audit_pending_records gauge
snowgate_audit_pending_records 3
`
	if err := testutil.CollectAndCompare(l.Collector(), strings.NewReader(before), "snowgate_audit_pending_records"); err != nil {
		t.Error(err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	const after = `
# HELP snowgate_audit_pending_records Records in hand, waiting for the database.
# TYPE snowgate_audit_pending_records gauge
snowgate_audit_pending_records 0
# HELP snowgate_audit_records_total Records of calls, sessions and bindings: accepted = written + pending + dropped.
# TYPE snowgate_audit_records_total counter
snowgate_audit_records_total{state="accepted"} 3
snowgate_audit_records_total{state="dropped"} 1
snowgate_audit_records_total{state="written"} 2
# HELP snowgate_audit_retries_total Writes repeated because the database failed.
# TYPE snowgate_audit_retries_total counter
snowgate_audit_retries_total 0
`
	if err := testutil.CollectAndCompare(l.Collector(), strings.NewReader(after)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(l.Collector()); err != nil || len(problems) > 0 {
		t.Errorf("metric names: %v, %v", problems, err)
	}
}

func BenchmarkCall(b *testing.B) {
	l := audit.NewLog(audit.Config{Buffer: 1 << 30}, &table{})
	b.ReportAllocs()
	for b.Loop() {
		l.Call(audit.Call{LogID: "id"})
	}
}
