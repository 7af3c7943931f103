package erpclient_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// bound are 50 identities, a fifth of them by invite code, with three bindings each.
func bound() []erpclient.Identity {
	identities := strangers()[:40]
	for i := range 10 {
		identities = append(identities, erpclient.Identity{CustomerID: "C" + strconv.Itoa(i)})
	}
	var all []erpclient.Identity
	for i, id := range identities {
		for k := range 3 {
			id.Owner, id.BindingID = fmt.Sprintf("owner-%d-%d", i, k), fmt.Sprintf("b-%d-%d", i, k)
			all = append(all, id)
		}
	}
	return all
}

// mark is what every record says that was made for an account and a customer.
func mark(account, customer string) string { return fmt.Sprintf("%q/%q", account, customer) }

// marked has an ERP put on every record whose it is: the session's account and the scope, as the ERP itself sees them.
func marked(d *erptest.Driver) {
	of := func(a erpclient.Auth) string {
		account, _ := d.Account(a.Session)
		return mark(account, a.Scope.CustomerID)
	}
	d.OnSearchOrders = func(_ context.Context, a erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error) {
		return erpclient.OrderPage{Orders: []erpclient.Order{{ID: q.Keyword, CustomerName: of(a)}}}, nil
	}
	d.OnOrder = func(_ context.Context, a erpclient.Auth, id string) (erpclient.Order, error) {
		return erpclient.Order{ID: id, CustomerName: of(a)}, nil
	}
	d.OnDeliveries = func(_ context.Context, a erpclient.Auth, o erpclient.Order) ([]erpclient.Delivery, error) {
		return []erpclient.Delivery{{DeliveryNo: o.ID, LogisticsCompany: of(a)}}, nil
	}
	d.OnMaterials = func(_ context.Context, a erpclient.Auth, orderID string) ([]erpclient.Material, error) {
		return []erpclient.Material{{ID: orderID, Name: of(a)}}, nil
	}
}

// weather makes an ERP take its time, and be sick from time to time: of ten calls in each of the four seasons, so many fail.
func weather(d *erptest.Driver, season time.Duration, sick [4]int) {
	start := time.Now()
	d.Script(func(ctx context.Context, op string) error {
		now := int(time.Since(start)/season) % len(sick)
		ill := rand.IntN(10) < sick[now]                                                               //nolint:gosec // a test's dice
		if err := erptest.Slow(ctx, op, time.Duration(5+rand.IntN(10))*time.Millisecond); err != nil { //nolint:gosec // a test's dice
			return err
		}
		if ill {
			return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable}
		}
		return nil
	})
}

// tally counts answers by where they came from.
type tally struct{ live, coalesced, standby, stale, failed atomic.Int64 }

func (n *tally) count(trail erpclient.Trail, err error) {
	switch {
	case err != nil:
		n.failed.Add(1)
	case trail.Source == erpclient.SourceStale:
		n.stale.Add(1)
	case trail.Coalesced:
		n.coalesced.Add(1)
	case trail.Source == erpclient.SourceStandby:
		n.standby.Add(1)
	default:
		n.live.Add(1)
	}
}

func TestNobodySeesAStrangersAnswerWhereverItComesFrom(t *testing.T) {
	requests := 100_000
	switch {
	case testing.Short():
		requests = 10_000
	case raceDetector:
		requests = 30_000
	}
	const callers = 200
	bubble(t, func(t *testing.T) {
		p := newPair()
		for _, d := range []*erptest.Driver{p.erp, p.standby} {
			marked(d)
		}
		season := time.Duration(requests/callers) * 15 * time.Millisecond // all four, whatever the number
		weather(p.erp, season, [4]int{0, 4, 10, 1})
		weather(p.standby, season, [4]int{1, 0, 10, 0})
		c := p.client(func(cfg *erpclient.Config) { cfg.Keyring = &byAccount{}; cfg.MaxInFlight = callers })
		run(t, c)
		people := bound()
		var n tally
		var all sync.WaitGroup
		for range callers {
			all.Go(func() {
				for range requests / callers {
					id := people[rand.IntN(len(people))]                           //nolint:gosec // a test's dice
					n.count(askAsStranger(t, c, id, strconv.Itoa(rand.IntN(3))))   //nolint:gosec // a test's dice
					<-time.After(time.Duration(rand.IntN(100)) * time.Millisecond) //nolint:gosec // a test's dice
				}
			})
		}
		all.Wait()
		t.Logf("%d live, %d coalesced, %d standby, %d stale, %d failed",
			n.live.Load(), n.coalesced.Load(), n.standby.Load(), n.stale.Load(), n.failed.Load())
		for name, kind := range map[string]*atomic.Int64{
			"live": &n.live, "coalesced": &n.coalesced, "standby": &n.standby, "stale": &n.stale,
		} {
			if got := kind.Load(); got < int64(requests/200) {
				t.Errorf("%d answers were %s: too few to prove anything", got, name)
			}
		}
	})
}

// askAsStranger asks for a list or for an order with all its parts, and wants everything in the answer to be this
// identity's and this question's.
func askAsStranger(t *testing.T, c *erpclient.Client, id erpclient.Identity, what string) (erpclient.Trail, error) {
	ctx, trace := erpclient.WithTrace(context.Background())
	var got []string
	var err error
	if rand.IntN(8) > 0 { //nolint:gosec // a test's dice
		var page erpclient.OrderPage
		if page, err = search(ctx, c, id, what); err == nil {
			got = append(got, page.Orders[0].ID, page.Orders[0].CustomerName)
		}
	} else {
		var o erpclient.OrderDetail
		if o, err = c.OrderDetail(ctx, id, what); err == nil {
			got = append(got, o.ID, o.CustomerName, o.Deliveries[0].DeliveryNo, o.Deliveries[0].LogisticsCompany,
				o.Materials[0].ID, o.Materials[0].Name)
		}
	}
	account := id.Account
	if account == "" {
		account = "service"
	}
	for i, text := range got {
		if want := []string{what, mark(account, id.CustomerID)}[i%2]; text != want {
			t.Errorf("%q asked for %q and got %q, want %q", id, what, text, want)
		}
	}
	if err != nil && !erpclient.KindOf(err).Unhealthy() {
		t.Errorf("%q asked for %q: %v", id, what, err)
	}
	return trace.Trail(), err
}
