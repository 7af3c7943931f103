package erpclient_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestEqualQuestionsInFlightAreOneCall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 20*time.Millisecond) })
		c := w.client(nil)
		ctx, trace := erpclient.WithTrace(t.Context())
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				page, err := search(ctx, c, alice, "sled")
				if err != nil || len(page.Orders) != 1 || page.Orders[0].ID != "sled" {
					t.Errorf("got %+v, %v", page, err)
				}
			})
		}
		all.Wait()
		wantCalls(t, w.erp, erptest.OpLogin, 1)
		wantCalls(t, w.erp, erptest.OpSearchOrders, 1)
		if trail := trace.Trail(); !trail.Coalesced || len(trail.Attempts) != 1 {
			t.Errorf("got %+v, want coalesced with one attempt told once", trail)
		}
	})
}

func TestAnAnswerIsNotKeptAfterTheFlight(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		mustSearch(t, c, alice, "sled")
		mustSearch(t, c, alice, "sled")
		wantCalls(t, w.erp, erptest.OpSearchOrders, 2)
	})
}

func TestDifferentQuestionsAreDifferentCalls(t *testing.T) {
	queries := []erpclient.OrderQuery{
		{Keyword: "a", Page: 1, PageSize: 20},
		{Keyword: "b", Page: 1, PageSize: 20},
		{Keyword: "a", Page: 2, PageSize: 20},
		{Keyword: "a", Page: 1, PageSize: 2},
		{Keyword: "a", Page: 12, PageSize: 0},
		{Keyword: "a", Status: erpclient.StateDone, Page: 1, PageSize: 20},
		{Keyword: `a""`, Page: 1, PageSize: 20},
		{Keyword: `a"done"`, Page: 1, PageSize: 20},
		{Keyword: "a\x00done", Page: 1, PageSize: 20},
		{Keyword: "a\xff", Page: 1, PageSize: 20},
		{Keyword: "a\ufffd", Page: 1, PageSize: 20},
	}
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 20*time.Millisecond) })
		var all sync.WaitGroup
		for _, q := range queries {
			all.Go(func() {
				page, err := c.SearchOrders(t.Context(), alice, q)
				if err != nil || page.Orders[0].ID != q.Keyword {
					t.Errorf("%+v: got %+v, %v", q, page, err)
				}
			})
		}
		all.Wait()
		wantCalls(t, w.erp, erptest.OpSearchOrders, 1+len(queries))
	})
}

func TestACallerWhoGivesUpDoesNotFailTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 300*time.Millisecond) })
		ctx, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := search(ctx, c, alice, "sled"); !errors.Is(err, context.Canceled) {
				t.Errorf("the one who gave up got %v, want context.Canceled", err)
			}
		})
		synctest.Wait() // the one who gives up leads the flight
		for range 10 {
			all.Go(func() { mustSearch(t, c, alice, "sled") })
		}
		synctest.Wait()
		giveUp()
		all.Wait()
		wantCalls(t, w.erp, erptest.OpSearchOrders, 1+1)
	})
}

// strangers are 50 identities that a careless key would mix up: accounts with several customers, customers named like
// accounts, separators and quotes in names.
func strangers() []erpclient.Identity {
	names := []string{"", "a", "b", "a\x00", "\x00a", "a\x00b", `a"`, `"a`, "客户", "a b", `a\`}
	var all []erpclient.Identity
	for _, account := range names[1:] {
		for _, customer := range names[:5] {
			all = append(all, erpclient.Identity{Owner: "owner", Account: account, CustomerID: customer, Proof: erpclient.Credentials{Account: account}.Proof()})
		}
	}
	return all
}

// byAccount is a keyring in which every identity has its account's credentials.
type byAccount struct{ erptest.Keyring }

func (*byAccount) Credentials(_ context.Context, id erpclient.Identity) (erpclient.Credentials, error) {
	return erpclient.Credentials{Account: id.Account}, nil
}

func TestEveryAnswerBelongsToTheIdentityItWasAskedFor(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnSearchOrders = func(_ context.Context, a erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
			account, _ := w.erp.Account(a.Session)
			return erpclient.OrderPage{Orders: []erpclient.Order{{ID: q.Keyword, CustomerID: a.Scope.CustomerID, CustomerName: account}}}, nil
		}
		w.erp.OnOrder = func(_ context.Context, a erpclient.Auth, id string) (erpclient.Order, error) {
			account, _ := w.erp.Account(a.Session)
			return erpclient.Order{ID: id, CustomerID: a.Scope.CustomerID, CustomerName: account}, nil
		}
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 5*time.Millisecond) })
		c := w.client(func(cfg *erpclient.Config) { cfg.Keyring = &byAccount{}; cfg.MaxInFlight = 1000 })

		const callers, rounds = 300, 15
		people := strangers()
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range rounds {
					id := people[rand.IntN(len(people))] //nolint:gosec // a test's dice
					wantOwnAnswer(t, c, id, strconv.Itoa(rand.IntN(3)))
				}
			})
		}
		all.Wait()
		asked := w.erp.Calls(erptest.OpSearchOrders) + w.erp.Calls(erptest.OpOrder)
		if asked >= 2*callers*rounds {
			t.Errorf("%d calls for %d questions: nothing was shared, so nothing was tried", asked, 2*callers*rounds)
		}
	})
}

// wantOwnAnswer asks two questions and wants both answers to be this identity's and this question's.
func wantOwnAnswer(t *testing.T, c *erpclient.Client, id erpclient.Identity, what string) {
	page, err := search(t.Context(), c, id, what)
	if err != nil {
		t.Errorf("%q: %v", id, err)
		return
	}
	status, err := c.OrderStatus(t.Context(), id, what)
	if err != nil {
		t.Errorf("%q: %v", id, err)
		return
	}
	for _, o := range []erpclient.Order{page.Orders[0], status.Order} {
		if o.ID != what || o.CustomerID != id.CustomerID || o.CustomerName != id.Account {
			t.Errorf("%q asked for %q and got %q's answer %+v", id, what, o.CustomerName, o)
		}
	}
}
