package erpclient_test

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// The people of these tests: two customers with accounts of their own, and one who came by invite code and is asked
// for by the service account.
var (
	alice   = erpclient.Identity{Owner: "alice", BindingID: "b-1", Account: "acc-alice", CustomerID: "C1", Proof: proof("acc-alice")}
	bob     = erpclient.Identity{Owner: "bob", BindingID: "b-2", Account: "acc-bob", CustomerID: "C2", Proof: proof("acc-bob")}
	invited = erpclient.Identity{Owner: "carol", BindingID: "b-3", CustomerID: "C3"}
)

// proof is that of a binding made with the right password.
func proof(account string) string {
	return erpclient.Credentials{Account: account, Secret: "digest:right"}.Proof()
}

// world is one ERP and what its replicas share.
type world struct {
	erp      *erptest.Driver
	sessions *erptest.Sessions
	keyring  *erptest.Keyring
}

func newWorld() *world {
	w := &world{erp: &erptest.Driver{}, sessions: erptest.NewSessions(), keyring: &erptest.Keyring{}}
	for _, id := range []erpclient.Identity{alice, bob} {
		w.keyring.Put(id.Owner, erpclient.Credentials{Account: id.Account, Secret: "digest:right"})
	}
	return w
}

// client is a new replica. change, which may be nil, sees the configuration last.
func (w *world) client(change func(*erpclient.Config)) *erpclient.Client {
	return w.clientOf(w.erp, change)
}

func (w *world) clientOf(d erpclient.Driver, change func(*erpclient.Config)) *erpclient.Client {
	cfg := erpclient.Config{
		Sessions: w.sessions, Keyring: w.keyring, Service: erpclient.Credentials{Account: "service", Secret: "digest:service"},
		Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	return erpclient.New(cfg, d, nil)
}

// loggedIn is a client that has asked once, so that the ERP's next calls are questions only.
func (w *world) loggedIn(t *testing.T, change func(*erpclient.Config)) *erpclient.Client {
	t.Helper()
	c := w.client(change)
	mustSearch(t, c, alice, "warm-up")
	return c
}

// bubble runs a test on a fake clock that moves only when nothing else can. What a caller left behind, such as a login
// that others might have waited for, gets the time to end; if it does not, the bubble fails the test.
func bubble(t *testing.T, test func(*testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer func() { <-time.After(time.Minute) }()
		test(t)
	})
}

func noRetries(cfg *erpclient.Config) { cfg.MaxRetries = -1 }

// search asks for a list that nobody else asks for, as long as the keyword is nobody else's.
func search(ctx context.Context, c *erpclient.Client, id erpclient.Identity, keyword string) (erpclient.OrderPage, error) {
	return c.SearchOrders(ctx, id, erpclient.OrderQuery{Keyword: keyword, Page: 1, PageSize: 20})
}

func mustSearch(t *testing.T, c *erpclient.Client, id erpclient.Identity, keyword string) erpclient.OrderPage {
	t.Helper()
	page, err := search(t.Context(), c, id, keyword)
	if err != nil {
		t.Fatalf("search %q: %v", keyword, err)
	}
	return page
}

// searchAll asks n different questions at the same time and returns their errors.
func searchAll(ctx context.Context, c *erpclient.Client, id erpclient.Identity, n int) []error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { _, errs[i] = search(ctx, c, id, "all-"+strconv.Itoa(i)) })
	}
	all.Wait()
	return errs
}

func wantNoErrors(t *testing.T, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("question %d: %v", i, err)
		}
	}
}

func wantKind(t *testing.T, err error, want erpclient.Kind) {
	t.Helper()
	if got := erpclient.KindOf(err); err == nil || got != want {
		t.Fatalf("got error %v of kind %q, want kind %q", err, got, want)
	}
}

func wantCalls(t *testing.T, d *erptest.Driver, op string, want int) {
	t.Helper()
	if got := d.Calls(op); got != want {
		t.Fatalf("the ERP was asked %s %d times, want %d", op, got, want)
	}
}

// method is an exported question of the Client's, with the operations it needs and how long it may take.
type method struct {
	name  string
	ask   func(context.Context, *erpclient.Client) error
	needs []string
	limit time.Duration
}

// methods are all the Client's questions.
var methods = []method{
	{"SearchOrders", func(ctx context.Context, c *erpclient.Client) error {
		_, err := search(ctx, c, alice, "sled")
		return err
	}, []string{erptest.OpLogin, erptest.OpSearchOrders}, 2500 * time.Millisecond},
	{"OrderStatus", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.OrderStatus(ctx, alice, "1")
		return err
	}, []string{erptest.OpLogin, erptest.OpOrder, erptest.OpDeliveries}, 2500 * time.Millisecond},
	{"OrderMaterials", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.OrderMaterials(ctx, alice, "1")
		return err
	}, []string{erptest.OpLogin, erptest.OpOrder, erptest.OpMaterials}, 2500 * time.Millisecond},
	{"OrderDetail", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.OrderDetail(ctx, alice, "1")
		return err
	}, []string{erptest.OpLogin, erptest.OpOrder, erptest.OpDeliveries, erptest.OpMaterials}, 2500 * time.Millisecond},
	{"MaterialProgress", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.MaterialProgress(ctx, alice, "1")
		return err
	}, []string{erptest.OpLogin, erptest.OpMaterial, erptest.OpStages}, 2500 * time.Millisecond},
	{"ProductByBarcode", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.ProductByBarcode(ctx, alice, erptest.ABarcode)
		return err
	}, []string{erptest.OpLogin, erptest.OpProduct}, 2500 * time.Millisecond},
	{"Stock", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.Stock(ctx, alice, erpclient.StockQuery{Page: 1, PageSize: 20})
		return err
	}, []string{erptest.OpLogin, erptest.OpStock}, 2500 * time.Millisecond},
	{"Warehouses", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.Warehouses(ctx, alice)
		return err
	}, []string{erptest.OpLogin, erptest.OpWarehouses}, 2500 * time.Millisecond},
	{"Approvals", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.Approvals(ctx, alice, erpclient.ApprovalQuery{Page: 1, PageSize: 20})
		return err
	}, []string{erptest.OpLogin, erptest.OpApprovals}, 2500 * time.Millisecond},
	{"Approval", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.Approval(ctx, alice, "A-1")
		return err
	}, []string{erptest.OpLogin, erptest.OpApproval}, 2500 * time.Millisecond},
	{"Sales", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.Sales(ctx, alice, "2026-01-01", "2026-01-31")
		return err
	}, []string{erptest.OpLogin, erptest.OpSales}, 2500 * time.Millisecond},
	{"BindInvite", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.BindInvite(ctx, "code")
		return err
	}, []string{erptest.OpLogin, erptest.OpInvite}, 2500 * time.Millisecond},
	{"BindAccount", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.BindAccount(ctx, "acc-alice", "right")
		return err
	}, []string{erptest.OpLogin}, 5 * time.Second},
}
