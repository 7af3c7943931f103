package erpclient_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// gates holds calls at the ERP until they are let go, one at a time and with an outcome of the test's choosing.
type gates struct{ outcomes chan error }

func (g gates) hold(op string) func(context.Context, string) error {
	return func(_ context.Context, asked string) error {
		if asked != op {
			return nil
		}
		return <-g.outcomes
	}
}

// A hanging ERP fills the bulkhead; when the breaker opens, the crowd behind it is refused instead of taking its turn.
func TestWhoWaitsWhileTheBreakerOpensDoesNotReachTheERP(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxRetries = -1; cfg.MaxInFlight = 1; cfg.MaxWait = 2 * time.Second })
		askAfter(t, w, c, repeat(4, erpclient.KindUnavailable))
		g := gates{make(chan error)}
		w.erp.Script(g.hold(erptest.OpSearchOrders))
		var both sync.WaitGroup
		for _, keyword := range []string{"fails", "waits behind it"} {
			both.Go(func() { _, _ = search(t.Context(), c, alice, keyword) })
			synctest.Wait()
		}
		asked := w.erp.Calls(erptest.OpSearchOrders)
		g.outcomes <- &erpclient.Error{Op: "search_orders", Kind: erpclient.KindUnavailable}
		both.Wait()
		wantCalls(t, w.erp, erptest.OpSearchOrders, asked)
		wantOpen(t, w, c, true)
	})
}

func TestAnOpenBreakerRefusesLoginsAtOnceThoughFourAreUnderWay(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		w.erp.Script(always(erpclient.KindUnavailable))
		for range 4 {
			_, err := c.BindAccount(t.Context(), "acc-alice", "right")
			wantKind(t, err, erpclient.KindUnavailable)
		}
		g := gates{make(chan error)}
		w.erp.Script(g.hold(erptest.OpLogin))
		var all sync.WaitGroup
		for i := range 5 {
			all.Go(func() { _, _ = c.BindAccount(t.Context(), "acc-"+strconv.Itoa(i), "right") })
		}
		synctest.Wait()
		g.outcomes <- &erpclient.Error{Op: "login", Kind: erpclient.KindUnavailable} // the fifth in a row: who waits is refused
		synctest.Wait()
		wantCalls(t, w.erp, erptest.OpLogin, 4+4)

		start := time.Now()
		_, err := c.BindAccount(t.Context(), "acc-bob", "right")
		wantKind(t, err, erpclient.KindUnavailable)
		if took := time.Since(start); took != 0 {
			t.Errorf("the refusal took %s, want none", took)
		}
		for range 3 {
			g.outcomes <- nil
		}
		all.Wait()
	})
}

// What our own bulkhead refuses, or keeps waiting for too long, says nothing about the ERP.
func TestAFullBulkheadDoesNotCountForTheBreaker(t *testing.T) {
	for name, wait := range map[string]time.Duration{"refused": 100 * time.Millisecond, "kept waiting": time.Hour} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxInFlight = 2; cfg.MaxWait = wait })
				release := twoHang(t, w, c)
				for i, err := range searchAll(t.Context(), c, alice, 50) {
					if !erpclient.KindOf(err).Unhealthy() {
						t.Fatalf("question %d: got %v", i, err)
					}
				}
				if state := c.Status().Channels[0].Breakers["read"]; state != "closed" {
					t.Errorf("the breaker is %s: 50 calls that never left were held against the ERP", state)
				}
				release()
				w.erp.Script(nil)
				mustSearch(t, c, alice, "sled")
			})
		})
	}
}

func TestNoMoreThanFourAccountsLogInAtTheSameTimeOnAChannel(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		crowd := map[*erptest.Driver]*crowdedness{p.erp: {}, p.standby: {}}
		for d, at := range crowd {
			d.Script(func(ctx context.Context, op string) error {
				if op == erptest.OpSearchOrders && d == p.erp {
					return &erpclient.Error{Op: op, Kind: erpclient.KindBusy}
				}
				if op != erptest.OpLogin {
					return nil
				}
				defer at.enter()()
				return erptest.Slow(ctx, op, 50*time.Millisecond)
			})
		}
		c := p.client(func(cfg *erpclient.Config) { cfg.Keyring = &byAccount{}; cfg.MaxRetries = -1 })
		var all sync.WaitGroup
		for i := range 20 {
			account := fmt.Sprint("acc-", i)
			id := erpclient.Identity{Owner: account, Account: account, Proof: erpclient.Credentials{Account: account}.Proof()}
			all.Go(func() {
				if _, err := search(t.Context(), c, id, "sled"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for d, at := range crowd {
			if wantCalls(t, d, erptest.OpLogin, 20); at.most != 4 {
				t.Errorf("%d logins were under way at the same time, want 4", at.most)
			}
		}
	})
}

// crowdedness is how many are inside, and the most there have been.
type crowdedness struct {
	mu        sync.Mutex
	now, most int
}

func (c *crowdedness) enter() (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now++
	c.most = max(c.most, c.now)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.now--
	}
}
