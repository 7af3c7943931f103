package erpclient_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// TestFigures plays one story and compares all that /metrics would show of it with testdata/figures.prom.
func TestFigures(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newStory(t)
		s.answers()
		s.coalesces()
		s.failsOver()
		s.retries()
		s.servesStale()
		s.logsInWithoutAStore()
		s.opensTheBreaker()
		release := s.fillsTheBulkhead()
		defer release()
		golden, err := os.Open(filepath.Join("testdata", "figures.prom"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = golden.Close() }()
		if err := testutil.GatherAndCompare(s.figures, golden); err != nil {
			t.Error(err)
		}
		if problems, err := testutil.GatherAndLint(s.figures); err != nil || len(problems) > 0 {
			t.Errorf("%v, %v", problems, err)
		}
	})
}

// story is a pair whose client's figures are told. Its clock for budgets stands still, so that nothing leaves their window.
type story struct {
	*pair
	t       *testing.T
	c       *erpclient.Client
	figures *prometheus.Registry
}

func newStory(t *testing.T) *story {
	s := &story{pair: newPair(), t: t, figures: prometheus.NewRegistry()}
	frozen := time.Now()
	s.c = s.client(func(cfg *erpclient.Config) {
		cfg.MaxRetries, cfg.MaxInFlight, cfg.Metrics = 2, 2, s.figures
		cfg.Now = func() time.Time { return frozen }
	})
	run(t, s.c)
	return s
}

// fails has both channels' next so many searches fail.
func (s *story) fails(primary, standby int) {
	for d, n := range map[*erptest.Driver]int{s.erp: primary, s.standby: standby} {
		until := d.Calls(erptest.OpSearchOrders) + n
		d.Script(func(_ context.Context, op string) error {
			if op == erptest.OpSearchOrders && d.Calls(op) <= until {
				return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable}
			}
			return nil
		})
	}
}

func (s *story) want(source erpclient.Source, keyword string) {
	s.t.Helper()
	wantSource(s.t, source, time.Second, searching(s.c, alice, keyword))
}

// answers: a login and three searches that just work.
func (s *story) answers() {
	for i := range 3 {
		s.want(erpclient.SourceLive, strconv.Itoa(i))
	}
	synctest.Wait() // they are kept
}

// coalesces: three ask the same thing and one call is made.
func (s *story) coalesces() {
	s.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 10*time.Millisecond) })
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() { _, _ = search(s.t.Context(), s.c, alice, "shared") })
	}
	all.Wait()
}

// failsOver: the primary fails once, and the standby answers.
func (s *story) failsOver() {
	s.fails(1, 0)
	s.want(erpclient.SourceStandby, "failing over")
}

// retries: until the budget of twenty is used up; the next is refused. The waits between keep the breakers closed.
func (s *story) retries() {
	for i := range 21 {
		s.fails(1, 1)
		_, err := search(s.t.Context(), s.c, alice, "retried "+strconv.Itoa(i))
		if refused := i == 20; refused != (err != nil) {
			s.t.Fatalf("retry %d: %v", i, err)
		}
		s.want(erpclient.SourceLive, "between")
		if i%3 == 0 { // the breakers' window passes, the budget's does not: its clock stands still
			<-time.After(11 * time.Second)
		}
	}
}

// servesStale: both channels fail, and what was answered in the beginning is shown again.
func (s *story) servesStale() {
	s.fails(1, 1)
	s.want(erpclient.SourceStale, "0")
	s.fails(0, 0)
}

// logsInWithoutAStore: who has no session yet cannot get one.
func (s *story) logsInWithoutAStore() {
	down := errors.New("store is down")
	s.sessions.Fail("Load", down)
	if _, err := search(s.t.Context(), s.c, bob, "sled"); !errors.Is(err, down) {
		s.t.Fatalf("got %v, want the store's own error", err)
	}
	s.sessions.Fail("Load", nil)
}

// opensTheBreaker: the primary goes out of use, and stays out: every look at it fails.
func (s *story) opensTheBreaker() {
	s.erp.Script(func(_ context.Context, op string) error {
		if op == erptest.OpLogin {
			return nil
		}
		return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable}
	})
	for i := range 14 { // more than enough: half of all calls, or fifteen in a row
		s.want(erpclient.SourceStandby, "opening "+strconv.Itoa(i))
	}
	<-time.After(3 * time.Second) // the first look has logged its account in
}

// fillsTheBulkhead: two hang at the standby, and a third waits for its tenth of a second in vain.
func (s *story) fillsTheBulkhead() (release func()) {
	gate := make(chan struct{})
	s.standby.Script(func(context.Context, string) error { <-gate; return nil })
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() { _, _ = search(s.t.Context(), s.c, alice, "hanging-"+strconv.Itoa(i)) })
	}
	synctest.Wait()
	_, err := search(s.t.Context(), s.c, alice, "third")
	if !erpclient.KindOf(err).Unhealthy() {
		s.t.Fatalf("got %v", err)
	}
	return func() { close(gate); both.Wait() }
}
