package erpclient_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// hasty leads a flight whose deadline ends long before the ERP answers.
func hasty(t *testing.T, c *erpclient.Client, all *sync.WaitGroup) {
	t.Helper()
	all.Go(func() {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		wantTimeoutWithin(t, 100*time.Millisecond, func() error { _, err := search(ctx, c, alice, "sled"); return err })
	})
	synctest.Wait()
}

func TestWhoeverJoinsAFlightThatEndsTooEarlyAsksAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 300*time.Millisecond) })
		var all sync.WaitGroup
		hasty(t, c, &all)
		var mu sync.Mutex
		led := 0
		for range 10 {
			all.Go(func() {
				ctx, trace := erpclient.WithTrace(t.Context())
				if _, err := search(ctx, c, alice, "sled"); err != nil {
					t.Errorf("with 2.5 s to wait: %v", err)
				}
				if trail := trace.Trail(); !trail.Coalesced {
					mu.Lock()
					defer mu.Unlock()
					led++
				}
			})
		}
		all.Wait()
		wantCalls(t, w.erp, erptest.OpSearchOrders, 1+1+1) // the warm-up, the hasty one's, and one for all who joined
		if led != 1 {
			t.Errorf("%d led the second flight, want 1", led)
		}
	})
}

// Only a flight that ran out of its own time is flown again: another failure is the ERP's answer to all.
func TestWhoeverJoinsAFlightThatFailsHearsOfIt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, noRetries)
		w.erp.Script(func(ctx context.Context, op string) error {
			if err := erptest.Slow(ctx, op, 50*time.Millisecond); err != nil {
				return err
			}
			return &erpclient.Error{Op: op, Kind: erpclient.KindNotFound}
		})
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, err := search(t.Context(), c, alice, "sled"); erpclient.KindOf(err) != erpclient.KindNotFound {
					t.Errorf("got %v, want not found", err)
				}
			})
		}
		all.Wait()
		wantCalls(t, w.erp, erptest.OpSearchOrders, 1+1)
	})
}

func TestWhoeverJoinsLateIsAnsweredInTimeByAnERPThatHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(erptest.Hang)
		var all sync.WaitGroup
		for range 30 {
			all.Go(func() {
				start := time.Now()
				if _, err := search(t.Context(), c, alice, "sled"); !erpclient.KindOf(err).Unhealthy() {
					t.Errorf("got %v from an ERP that hangs", err)
				}
				if took := time.Since(start); took > 2500*time.Millisecond {
					t.Errorf("the answer took %s", took)
				}
			})
			<-time.After(100 * time.Millisecond)
		}
		all.Wait()
		if calls := w.erp.Calls(erptest.OpSearchOrders); calls > 30 {
			t.Errorf("30 equal questions led to %d calls", calls)
		}
	})
}
