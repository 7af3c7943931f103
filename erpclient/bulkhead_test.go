package erpclient_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestASmallERPHasNoMoreCallsInFlightThanItBears(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxInFlight = 2; cfg.MaxWait = 2 * time.Second })
		var mu sync.Mutex
		inFlight, most := 0, 0
		w.erp.Script(func(ctx context.Context, op string) error {
			mu.Lock()
			inFlight++
			most = max(most, inFlight)
			mu.Unlock()
			defer func() { mu.Lock(); inFlight--; mu.Unlock() }()
			return erptest.Slow(ctx, op, 10*time.Millisecond)
		})
		wantNoErrors(t, searchAll(t.Context(), c, alice, 50))
		if most != 2 {
			t.Errorf("%d calls were in flight, want 2", most)
		}
	})
}

// twoHang fills a bulkhead of two with calls that hang until release.
func twoHang(t *testing.T, w *world, c *erpclient.Client) (release func()) {
	t.Helper()
	gate := make(chan struct{})
	w.erp.Script(func(context.Context, string) error { <-gate; return nil })
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() { _, _ = search(t.Context(), c, alice, "hanging-"+strconv.Itoa(i)) })
	}
	synctest.Wait()
	return func() { close(gate); both.Wait() }
}

func TestTheThirdWaitsItsTimeAndIsBusy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxInFlight = 2 })
		release := twoHang(t, w, c)
		defer release()

		start, calls := time.Now(), w.erp.AllCalls()
		_, err := search(t.Context(), c, alice, "third")
		wantKind(t, err, erpclient.KindBusy)
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("waited %s, want 100ms", took)
		}
		if retryAfter(err) <= 0 {
			t.Error("no RetryAfter")
		}
		if got := w.erp.AllCalls(); got != calls {
			t.Errorf("%d calls left all the same", got-calls)
		}
	})
}

func TestTheThirdGetsASlotThatIsGivenBackInTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxInFlight = 2 })
		release := twoHang(t, w, c)
		time.AfterFunc(90*time.Millisecond, release)
		mustSearch(t, c, alice, "third")
	})
}

func TestTheThirdsOwnCancellationEndsItsWait(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxInFlight = 2; cfg.MaxWait = time.Second })
		defer twoHang(t, w, c)()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		wantTimeoutWithin(t, 50*time.Millisecond, func() error { _, err := search(ctx, c, alice, "third"); return err })
	})
}

func TestSlotsAreGivenBack(t *testing.T) {
	faults := map[string]func(context.Context, string) error{
		"after errors":   erptest.Fail(erpclient.KindUnavailable),
		"after timeouts": erptest.Hang,
		"after panics":   func(context.Context, string) error { panic("driver") },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxInFlight = 1; cfg.MaxRetries = -1 })
				w.erp.Script(fault)
				for i := range 3 {
					if _, err := search(t.Context(), c, alice, strconv.Itoa(i)); err == nil {
						t.Fatal("the fault is none")
					}
				}
				w.erp.Script(nil)
				mustSearch(t, c, alice, "the slot is free")
			})
		})
	}
}
