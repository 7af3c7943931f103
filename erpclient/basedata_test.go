package erpclient_test

import (
	"context"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// warehouses asks for them as an identity.
func warehouses(c *erpclient.Client, id erpclient.Identity) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := c.Warehouses(ctx, id)
		return err
	}
}

func TestWarehousesAreAskedForEveryFiveMinutes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(nil)
		for _, wait := range []time.Duration{0, time.Minute, 4 * time.Minute} {
			<-time.After(wait)
			wantSource(t, erpclient.SourceLive, 0, warehouses(c, alice))
		}
		wantCalls(t, p.erp, erptest.OpWarehouses, 1)
		<-time.After(time.Second)
		wantSource(t, erpclient.SourceLive, 0, warehouses(c, alice))
		wantCalls(t, p.erp, erptest.OpWarehouses, 2)
		got, err := c.Warehouses(t.Context(), alice)
		if want := []erpclient.Warehouse{{ID: "W-1", Name: "Main"}, {ID: "W-2", Name: "Shop"}}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}

func TestAccountsDoNotShareBaseDataButTheServiceAccountsCustomersDo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		p.erp.OnWarehouses = func(_ context.Context, a erpclient.Auth) ([]erpclient.Warehouse, error) {
			account, _ := p.erp.Account(a.Session)
			return []erpclient.Warehouse{{ID: account}}, nil
		}
		c := p.client(nil)
		other := erpclient.Identity{Owner: "dave", CustomerID: "C4"}
		for id, want := range map[erpclient.Identity]string{alice: "acc-alice", bob: "acc-bob", invited: "service", other: "service"} {
			got, err := c.Warehouses(t.Context(), id)
			if err != nil || len(got) != 1 || got[0].ID != want {
				t.Errorf("got %v, %v, want %s's", got, err, want)
			}
		}
		wantCalls(t, p.erp, erptest.OpWarehouses, 3)
	})
}

func TestACrowdAsksForWarehousesOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(nil)
		p.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 50*time.Millisecond) })
		var all sync.WaitGroup
		for i := range 50 {
			id := erpclient.Identity{Owner: "o" + strconv.Itoa(i), CustomerID: "C" + strconv.Itoa(i)}
			all.Go(func() {
				if _, err := c.Warehouses(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		wantCalls(t, p.erp, erptest.OpWarehouses, 1)
	})
}

func TestWithoutAnERPBaseDataIsUsedForLonger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		asOf := time.Now()
		wantSource(t, erpclient.SourceLive, 0, warehouses(c, alice))
		p.script(erptest.Fail(erpclient.KindUnavailable))
		<-time.After(6 * time.Minute)
		trail := wantSource(t, erpclient.SourceStale, time.Second, warehouses(c, alice))
		if !trail.AsOf.Equal(asOf) {
			t.Errorf("as of %s, want %s", trail.AsOf, asOf)
		}
		p.script(erptest.Fail(erpclient.KindForbidden))
		wantKind(t, warehouses(c, alice)(t.Context()), erpclient.KindForbidden)
		p.script(erptest.Fail(erpclient.KindUnavailable))
		<-time.After(24 * time.Hour)
		wantKind(t, warehouses(c, alice)(t.Context()), erpclient.KindUnavailable)
		p.script(nil)
		<-time.After(11 * time.Second)
		wantSource(t, erpclient.SourceLive, 0, warehouses(c, alice))
	})
}

// What the store has kept of another replica's is shown, but not taken for news.
func TestALastGoodAnswerIsNoFreshBaseData(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		earlier := p.client(nil)
		run(t, earlier)
		wantSource(t, erpclient.SourceLive, 0, warehouses(earlier, alice))
		saved(t)
		p.script(erptest.Fail(erpclient.KindUnavailable))
		c := p.client(noRetries)
		for range 2 {
			wantSource(t, erpclient.SourceStale, time.Second, warehouses(c, alice))
		}
		p.script(nil)
		wantSource(t, erpclient.SourceLive, time.Second, warehouses(c, alice))
	})
}

func TestAFailureIsNoBaseData(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		p.script(erptest.Fail(erpclient.KindNotFound))
		wantKind(t, warehouses(c, alice)(t.Context()), erpclient.KindNotFound)
		p.script(nil)
		wantSource(t, erpclient.SourceLive, 0, warehouses(c, alice))
	})
}

func TestListsAreNeverNull(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnWarehouses = func(context.Context, erpclient.Auth) ([]erpclient.Warehouse, error) { return nil, nil }
		w.erp.OnStock = func(context.Context, erpclient.Auth, erpclient.StockQuery) (erpclient.StockPage, error) {
			return erpclient.StockPage{}, nil
		}
		w.erp.OnApprovals = func(context.Context, erpclient.Auth, erpclient.ApprovalQuery) (erpclient.ApprovalPage, error) {
			return erpclient.ApprovalPage{}, nil
		}
		w.erp.OnSales = func(context.Context, erpclient.Auth, erpclient.Day, erpclient.Day) ([]erpclient.Sale, error) {
			return nil, nil
		}
		c := w.client(nil)
		houses, _ := c.Warehouses(t.Context(), alice)
		stock, _ := c.Stock(t.Context(), alice, erpclient.StockQuery{Page: 1})
		approvals, _ := c.Approvals(t.Context(), alice, erpclient.ApprovalQuery{Page: 1})
		sales, _ := c.Sales(t.Context(), alice, "2026-01-01", "2026-01-31")
		if houses == nil || stock.Items == nil || approvals.Approvals == nil || sales == nil {
			t.Errorf("got %#v, %#v, %#v, %#v", houses, stock.Items, approvals.Approvals, sales)
		}
	})
}
