package erpclient_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/erpclient"
)

// A caller who joins a flight that outlives its own deadline still gets the last good answer in time.
func TestWhoJoinsAHangingFlightLateGetsTheLastGoodAnswer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		var sick atomic.Bool
		p.erp.OnSearchOrders = func(ctx context.Context, _ erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
			if sick.Load() && q.Keyword == "sled" {
				<-ctx.Done()
				return erpclient.OrderPage{}, erpclient.Errorf("search_orders", erpclient.KindTimeout, "hang")
			}
			return erpclient.OrderPage{Orders: []erpclient.Order{{ID: q.Keyword}}}, nil
		}
		p.standby.OnSearchOrders = p.erp.OnSearchOrders
		c := p.keeping(t, nil)
		sick.Store(true)
		ctx, stop := context.WithCancel(t.Context())
		var others, callers sync.WaitGroup
		others.Go(func() { // their answers keep the breaker closed
			for ctx.Err() == nil {
				_, _ = search(t.Context(), c, alice, "other")
				<-time.After(50 * time.Millisecond)
			}
		})
		for _, at := range []time.Duration{0, time.Second, 2 * time.Second} {
			callers.Go(func() {
				<-time.After(at)
				if _, err := search(t.Context(), c, alice, "sled"); err != nil {
					t.Errorf("the caller who came after %s: %v", at, err)
				}
			})
		}
		callers.Wait()
		stop()
		others.Wait()
	})
}
