package health

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errSick = errors.New("sick at 10.0.0.7")

// patient is a dependency whose health the test decides.
type patient struct {
	mu    sync.Mutex
	err   error
	looks []time.Time
}

func (p *patient) check(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looks = append(p.looks, time.Now())
	return p.err
}

func (p *patient) become(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *patient) lookedAt() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Time(nil), p.looks...)
}

// quiet is a config without jitter and without hurry after a failure, whose log goes nowhere.
func quiet() Config {
	return Config{Jitter: -1, Again: time.Hour, Logger: slog.New(slog.DiscardHandler)}
}

// start runs the monitor until the test ends. For use inside a synctest bubble.
func start(t *testing.T, m *Monitor) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v, want nil", err)
		}
	})
	synctest.Wait()
}

// pass lets time go by and everything settle.
func pass(d time.Duration) {
	<-time.After(d) // the bubble's own clock: nobody waits
	synctest.Wait()
}

func TestTheFirstLookIsAtOnceAndTheNextAfterAnInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		slow := &patient{}
		m := NewMonitor(quiet(), Probe{Name: "erp", Check: func(ctx context.Context) error {
			err := slow.check(ctx)
			<-time.After(2 * time.Second) // the bubble's clock
			return err
		}})
		start(t, m)
		pass(95 * time.Second)
		want := []time.Time{began, began.Add(30 * time.Second), began.Add(60 * time.Second), began.Add(90 * time.Second)}
		if got := slow.lookedAt(); !reflect.DeepEqual(got, want) {
			t.Errorf("looked at %v, want %v", got, want)
		}
	})
}

func TestLooksAreJitteredWithinTheirBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet()
		cfg.Jitter = 0 // the default
		p := &patient{}
		start(t, NewMonitor(cfg, Probe{Name: "redis", Check: p.check}))
		pass(time.Hour)
		different := map[time.Duration]bool{}
		looks := p.lookedAt()
		for i := range looks[1:] {
			gap := looks[i+1].Sub(looks[i])
			different[gap] = true
			if gap < 24*time.Second || gap > 30*time.Second {
				t.Errorf("a pause of %v, want 30 s or up to 20 %% less", gap)
			}
		}
		if len(different) < 50 {
			t.Errorf("%d different pauses in an hour, want about 130", len(different))
		}
	})
}

func TestStatesFollowTheLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		p := &patient{err: errSick}
		m := NewMonitor(quiet(), Probe{Name: "redis", Check: p.check})
		expect := func(when string, want Result) {
			t.Helper()
			want.Name = "redis"
			if got := m.State("redis"); got != want {
				t.Errorf("%s:\ngot  %+v\nwant %+v", when, got, want)
			}
		}
		at := func(s int) time.Time { return began.Add(time.Duration(s) * time.Second) }

		pass(5 * time.Second)
		expect("before the first look", Result{State: Unknown, Since: began})
		start(t, m)
		expect("first look fails", Result{State: Down, CheckedAt: at(5), Since: at(5), LastError: KindError, Failures: 1})
		pass(31 * time.Second)
		expect("fails again", Result{State: Down, CheckedAt: at(35), Age: time.Second, Since: at(5), LastError: KindError, Failures: 2})
		p.become(nil)
		pass(30 * time.Second)
		expect("comes up", Result{State: Up, CheckedAt: at(65), Age: time.Second, Since: at(65)})
		pass(30 * time.Second)
		expect("stays up", Result{State: Up, CheckedAt: at(95), Age: time.Second, Since: at(65)})
		p.become(&Failure{Kind: "bad_answer", Err: errSick})
		pass(30 * time.Second)
		expect("goes down", Result{State: Down, CheckedAt: at(125), Age: time.Second, Since: at(125), LastError: "bad_answer", Failures: 1})
	})
}

func TestAnOldLookSaysNothing(t *testing.T) {
	clock := &fakeClock{t: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	cfg := quiet()
	cfg.Now = clock.Now
	m := NewMonitor(cfg, Probe{Name: "sql", Check: (&patient{}).check})
	var seen []string
	m.OnChange(func(_ string, from, to State, _ error) { seen = append(seen, string(from+">"+to)) })
	look(t, m, "sql")

	clock.Add(90 * time.Second)
	if got := m.State("sql").State; got != Up {
		t.Errorf("three intervals old: %s, want up", got)
	}
	clock.Add(time.Second)
	got := m.State("sql")
	if want := clock.Now().Add(-time.Second); got.State != Unknown || !got.Since.Equal(want) {
		t.Errorf("older: %s since %v, want unknown since %v", got.State, got.Since, want)
	}
	look(t, m, "sql")
	if want := []string{"unknown>up", "unknown>up"}; !reflect.DeepEqual(seen, want) {
		t.Errorf("changes %v, want %v", seen, want)
	}
	clock.Add(-time.Hour)
	if got := m.State("sql"); got.State != Up || got.Age != 0 {
		t.Errorf("clock gone back: %s, age %v; want up, 0", got.State, got.Age)
	}
}

// look looks and expects no error.
func look(t *testing.T, m *Monitor, name string) Result {
	t.Helper()
	r, err := m.Look(t.Context(), name)
	if err != nil {
		t.Fatalf("Look(%q): %v", name, err)
	}
	return r
}

func TestSnapshotKeepsTheOrderGiven(t *testing.T) {
	ok := func(context.Context) error { return nil }
	m := NewMonitor(quiet(), Probe{Name: "wechat", Check: ok}, Probe{Name: "erp", Check: ok},
		Probe{Name: "wechat", Check: ok}, Probe{Name: "redis", Check: ok})
	var names []string
	for _, r := range m.Snapshot() {
		names = append(names, r.Name)
	}
	if want := []string{"wechat", "erp", "redis"}; !reflect.DeepEqual(names, want) {
		t.Errorf("got %v, want %v (the second wechat left out)", names, want)
	}
}

func TestAHangingCheckTimesOutAndIsNotStartedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		var started atomic.Int32
		well := &patient{}
		m := NewMonitor(quiet(),
			Probe{Name: "deaf", Check: func(context.Context) error { started.Add(1); <-release; return nil }},
			Probe{Name: "well", Check: well.check})
		start(t, m)
		pass(5*time.Second + settle)
		if got := m.State("deaf"); got.State != Down || got.LastError != KindTimeout || got.Latency != 5*time.Second+settle {
			t.Errorf("after the timeout: %+v, want down by timeout", got)
		}
		pass(5 * time.Minute)
		if got := started.Load(); got != 1 {
			t.Errorf("started %d times while hanging, want 1", got)
		}
		if got := m.State("deaf"); got.State != Down || got.LastError != KindTimeout || got.Failures != 11 {
			t.Errorf("still hanging: %+v, want down by timeout, 11 in a row", got)
		}
		if got := len(well.lookedAt()); got != 11 {
			t.Errorf("the other probe was looked at %d times, want 11", got)
		}
		release <- struct{}{}
		pass(time.Minute)
		if got := started.Load(); got != 2 {
			t.Errorf("started %d times after it came back, want 2", got)
		}
	})
}

func TestACheckThatRespectsItsContextIsCutOffAtTheTimeout(t *testing.T) {
	tests := map[string]struct {
		interval, timeout, want time.Duration
	}{
		"default":             {30 * time.Second, 0, 5 * time.Second},
		"half the interval":   {4 * time.Second, 0, 2 * time.Second},
		"the probe's own":     {30 * time.Second, 250 * time.Millisecond, 250 * time.Millisecond},
		"longer than default": {30 * time.Second, 12 * time.Second, 12 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := quiet()
				cfg.Interval = test.interval
				m := NewMonitor(cfg, Probe{Name: "erp", Timeout: test.timeout, Check: func(ctx context.Context) error {
					<-ctx.Done()
					return fmt.Errorf("search: %w", ctx.Err())
				}})
				if got := look(t, m, "erp"); got.Latency != test.want || got.LastError != KindTimeout {
					t.Errorf("%v with kind %q, want %v with kind timeout", got.Latency, got.LastError, test.want)
				}
			})
		})
	}
}

func TestAPanicInACheckIsAFailureOfThatProbeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		cfg := quiet()
		cfg.Logger = slog.New(slog.NewJSONHandler(&log, nil))
		well := &patient{}
		m := NewMonitor(cfg,
			Probe{Name: "bad", Check: func(context.Context) error { panic("boom") }},
			Probe{Name: "none"},
			Probe{Name: "well", Check: well.check})
		start(t, m)
		pass(time.Minute)
		for _, name := range []string{"bad", "none"} {
			if got := m.State(name); got.State != Down || got.LastError != KindPanic || got.Failures != 3 {
				t.Errorf("%s: %+v, want down by panic, 3 in a row", name, got)
			}
		}
		if got := len(well.lookedAt()); got != 3 {
			t.Errorf("the other probe was looked at %d times, want 3", got)
		}
		if got := strings.Count(log.String(), "boom"); got != 1 || !strings.Contains(log.String(), "monitor_test.go") {
			t.Errorf("the panic is in the log %d times, want once with its stack: %s", got, log.String())
		}
	})
}

func TestRunEndsWithItsContextAndRecordsNoFailureForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tidied atomic.Bool
		m := NewMonitor(quiet(), Probe{Name: "erp", Check: func(ctx context.Context) error {
			<-ctx.Done()
			<-time.After(settle / 2)
			tidied.Store(true)
			return ctx.Err()
		}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.Run(ctx) }()
		synctest.Wait()
		if err := m.Run(ctx); !errors.Is(err, ErrRunning) {
			t.Errorf("second Run: %v, want ErrRunning", err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v, want nil", err)
		}
		if !tidied.Load() {
			t.Error("Run did not wait for a check that was about to end")
		}
		if got := m.State("erp"); got.State != Unknown || len(m.History("erp")) != 0 {
			t.Errorf("after a look cut short: %+v, want nothing recorded", got)
		}
	})
}

func TestRunWithoutProbesLastsUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		if err := NewMonitor(quiet()).Run(ctx); err != nil || time.Since(began) != time.Minute {
			t.Errorf("ended after %v with %v, want a minute and nil", time.Since(began), err)
		}
	})
}

func TestLookSharesALookUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &patient{}
		answer := make(chan struct{})
		m := NewMonitor(quiet(), Probe{Name: "erp", Check: func(ctx context.Context) error {
			<-answer
			return p.check(ctx)
		}})
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if r, err := m.Look(t.Context(), "erp"); err != nil || r.State != Up {
					t.Errorf("got %+v, %v; want up", r, err)
				}
			})
		}
		synctest.Wait()
		close(answer)
		all.Wait()
		if got := len(p.lookedAt()); got != 1 {
			t.Errorf("50 looks at once asked %d times, want 1", got)
		}
		look(t, m, "erp")
		if got := len(p.lookedAt()); got != 2 {
			t.Errorf("a later look: asked %d times in all, want 2", got)
		}
	})
}

func TestALookItsCallerGaveUpSaysNothingAboutTheDependency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMonitor(quiet(), Probe{Name: "erp", Check: func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Second):
				return nil
			}
		}})
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := m.Look(hasty, "erp"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("hasty: %v, want deadline exceeded", err)
			}
		})
		synctest.Wait()
		if got := look(t, m, "erp"); got.State != Up || got.Failures != 0 {
			t.Errorf("patient one behind it: %+v, want up", got)
		}
		all.Wait()
		if got := len(m.History("erp")); got != 1 {
			t.Errorf("%d looks recorded, want 1", got)
		}
	})
}

func TestALookDoesNotWaitLongerThanItsCallerForOneUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMonitor(quiet(), Probe{Name: "erp", Check: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		start(t, m)
		began := time.Now()
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := m.Look(hasty, "erp"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want deadline exceeded", err)
		}
		if got := time.Since(began); got != time.Millisecond {
			t.Errorf("waited %v, want 1 ms", got)
		}
	})
}

func TestACheckThatEndsItsGoroutineIsAFailure(t *testing.T) {
	m := NewMonitor(quiet(), Probe{Name: "odd", Check: func(context.Context) error { runtime.Goexit(); return nil }})
	if got := look(t, m, "odd"); got.State != Down || got.LastError != KindPanic {
		t.Errorf("got %+v, want down by panic", got)
	}
}

func TestAnUnknownNameIsSaidSo(t *testing.T) {
	m := NewMonitor(quiet())
	if _, err := m.Look(t.Context(), "nobody"); !errors.Is(err, ErrUnknownProbe) {
		t.Errorf("Look: %v, want ErrUnknownProbe", err)
	}
	if got, want := m.State("nobody"), (Result{Name: "nobody", State: Unknown}); got != want {
		t.Errorf("State: %+v, want %+v", got, want)
	}
	if got := m.History("nobody"); got != nil {
		t.Errorf("History: %v, want nil", got)
	}
}

func TestHistoryKeepsFailuresLonger(t *testing.T) {
	p := &patient{err: errSick}
	cfg := quiet()
	cfg.History = 5
	m := NewMonitor(cfg, Probe{Name: "erp", Check: p.check})
	for range 14 {
		look(t, m, "erp")
	}
	p.become(nil)
	for range 100 {
		look(t, m, "erp")
	}
	past := m.History("erp")
	for i, o := range past {
		want := Outcome{At: o.At, Latency: o.Latency, State: Down, Error: KindError}
		if i >= keptFailures {
			want.State, want.Error = Up, ""
		}
		if o != want {
			t.Errorf("outcome %d: %+v, want %+v", i, o, want)
		}
		if i > 0 && o.At.Before(past[i-1].At) {
			t.Errorf("outcome %d is older than the one before it", i)
		}
	}
	if got, want := len(past), keptFailures+5; got != want {
		t.Errorf("%d outcomes, want %d", got, want)
	}
}

func TestSnapshotIsSafeBesideARunningMonitor(t *testing.T) {
	cfg := quiet()
	cfg.Interval = time.Millisecond
	var turn atomic.Int64
	m := NewMonitor(cfg, Probe{Name: "flapping", Check: func(context.Context) error {
		if turn.Add(1)%2 == 0 {
			return errSick
		}
		return nil
	}})
	m.OnChange(func(name string, _, _ State, _ error) { m.History(name) })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	defer cancel()
	for turn.Load() < 20 {
		for _, r := range m.Snapshot() {
			if (r.Failures > 0) != (r.LastError != "") { // the state may be unknown on a busy machine
				t.Fatalf("half-written result: %+v", r)
			}
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	ok := func(context.Context) error { return nil }
	m := NewMonitor(quiet(), Probe{Name: "redis", Check: ok}, Probe{Name: "sql", Check: ok},
		Probe{Name: "erp", Check: ok}, Probe{Name: "wechat", Check: ok})
	for _, r := range m.Snapshot() {
		if _, err := m.Look(b.Context(), r.Name); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Snapshot()
	}
}
