// Package erptest is an ERP in memory, for tests: a scripted erpclient.Driver, a session store and a keyring. It obeys
// the contracts of those interfaces and adds what tests need: faults, counts, gates. It opens no connection, keeps no
// goroutine, and all its waiting follows contexts and timers, so that it runs inside a testing/synctest bubble.
package erptest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"snowgate/erpclient"
)

// The names under which Driver counts its operations and hands them to a script.
const (
	OpLogin        = "login"
	OpProbe        = "probe"
	OpSearchOrders = "search_orders"
	OpOrder        = "order"
	OpDeliveries   = "deliveries"
	OpMaterials    = "materials"
	OpMaterial     = "material"
	OpStages       = "stages"
	OpInvite       = "bind_invite"

	OpProduct          = "product"
	OpStock            = "stock"
	OpWarehouses       = "warehouses"
	OpRecordStock      = "record_stock"
	OpStockRecord      = "stock_record"
	OpCreateOrder      = "create_order"
	OpOrderByReference = "order_by_reference"
	OpSales            = "sales"
	OpApprovals        = "approvals"
	OpApproval         = "approval"
	OpDecide           = "decide"
)

// Driver is a scripted ERP that has every capability. The zero value is a healthy ERP that lets everybody in and knows
// every record asked for, each belonging to the customer who asks, and that remembers what is written; Script and After
// make it sick. It is safe for concurrent use as far as the hooks are.
type Driver struct {
	// The hooks answer in place of the healthy ERP, all but OnLogin to live sessions only. Set them before the first call.
	OnLogin        func(ctx context.Context, c erpclient.Credentials) (erpclient.Session, error)
	OnSearchOrders func(ctx context.Context, a erpclient.Auth, q erpclient.OrderQuery) (erpclient.OrderPage, error)
	OnOrder        func(ctx context.Context, a erpclient.Auth, id string) (erpclient.Order, error)
	OnDeliveries   func(ctx context.Context, a erpclient.Auth, o erpclient.Order) ([]erpclient.Delivery, error)
	OnMaterials    func(ctx context.Context, a erpclient.Auth, orderID string) ([]erpclient.Material, error)
	OnMaterial     func(ctx context.Context, a erpclient.Auth, id string) (erpclient.Material, error)
	OnStages       func(ctx context.Context, a erpclient.Auth, m erpclient.Material) ([]erpclient.ProgressStage, error)
	OnInvite       func(ctx context.Context, a erpclient.Auth, code string) (erpclient.Customer, error)

	OnProduct          func(ctx context.Context, a erpclient.Auth, barcode string) (erpclient.Product, error)
	OnStock            func(ctx context.Context, a erpclient.Auth, q erpclient.StockQuery) (erpclient.StockPage, error)
	OnWarehouses       func(ctx context.Context, a erpclient.Auth) ([]erpclient.Warehouse, error)
	OnRecordStock      func(ctx context.Context, a erpclient.Auth, e erpclient.StockEntry) (erpclient.StockRecord, error)
	OnStockRecord      func(ctx context.Context, a erpclient.Auth, reference string) (erpclient.StockRecord, error)
	OnCreateOrder      func(ctx context.Context, a erpclient.Auth, o erpclient.NewOrder) (erpclient.Order, error)
	OnOrderByReference func(ctx context.Context, a erpclient.Auth, reference string) (erpclient.Order, error)
	OnSales            func(ctx context.Context, a erpclient.Auth, from, to erpclient.Day) ([]erpclient.Sale, error)
	OnApprovals        func(ctx context.Context, a erpclient.Auth, q erpclient.ApprovalQuery) (erpclient.ApprovalPage, error)
	OnApproval         func(ctx context.Context, a erpclient.Auth, id string) (erpclient.Approval, error)
	OnDecide           func(ctx context.Context, a erpclient.Auth, id string, approve bool) error

	// Name starts the tokens of this ERP's sessions, where two have to be told apart.
	Name string
	// Absent are the ids and codes that nothing has. Set them before the first call.
	Absent []string

	mu     sync.Mutex
	before func(context.Context, string) error
	after  func(context.Context, string) error
	calls  map[string]int
	made   int
	live   map[string]string // token to account

	written  int
	balances map[[2]string]erpclient.Decimal // by product and warehouse
	records  map[string][]erpclient.StockRecord
	orders   map[string][]erpclient.Order
	decided  map[string]erpclient.ApprovalState
}

var _ interface {
	erpclient.Driver
	erpclient.OrderReader
	erpclient.DeliveryReader
	erpclient.MaterialReader
	erpclient.ProgressReader
	erpclient.InviteReader
	erpclient.StockReader
	erpclient.WarehouseReader
	erpclient.StockWriter
	erpclient.StockFinder
	erpclient.OrderWriter
	erpclient.OrderFinder
	erpclient.SalesReader
	erpclient.ApprovalReader
	erpclient.ApprovalDecider
} = (*Driver)(nil)

// Script has before run first in every operation from now on; what it returns, unless nil, is the operation's failure.
// It may block (a hanging ERP) or panic (a broken driver). A nil before makes the ERP healthy again.
func (d *Driver) Script(before func(ctx context.Context, op string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = before
}

// After has after run last in every write (RecordStock, CreateOrder, Decide) from now on, when the ERP has done it; what it
// returns, unless nil, takes the place of the answer. It may block: an answer that never arrives. A nil after heals the ERP.
func (d *Driver) After(after func(ctx context.Context, op string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.after = after
}

// Calls is how often op was asked, refused and failed ones included.
func (d *Driver) Calls(op string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[op]
}

// AllCalls is how often anything was asked.
func (d *Driver) AllCalls() (sum int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.calls {
		sum += n
	}
	return sum
}

// ForgetSessions makes the ERP lose every session, as a restart does.
func (d *Driver) ForgetSessions() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.live = nil
}

// NewSession is a session that the ERP will accept for an hour; OnLogin hooks make theirs with it.
func (d *Driver) NewSession(account string) erpclient.Session {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.live == nil {
		d.live = map[string]string{}
	}
	d.made++
	token := fmt.Sprintf("%stoken-%d", d.Name, d.made)
	d.live[token] = account
	return erpclient.Session{Token: token, ExpiresAt: time.Now().Add(time.Hour)}
}

// Account tells whose a session is: what the ERP itself would go by.
func (d *Driver) Account(s erpclient.Session) (account string, live bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	account, live = d.live[s.Token]
	return account, live
}

// Secret implements erpclient.Driver with a visible mark.
func (d *Driver) Secret(password string) string { return "digest:" + password }

// Login implements erpclient.Driver.
func (d *Driver) Login(ctx context.Context, c erpclient.Credentials) (erpclient.Session, error) {
	if err := d.begin(ctx, OpLogin); err != nil {
		return erpclient.Session{}, err
	}
	if d.OnLogin != nil {
		return d.OnLogin(ctx, c)
	}
	return d.NewSession(c.Account), nil
}

// Probe implements erpclient.Driver.
func (d *Driver) Probe(ctx context.Context, s erpclient.Session) error {
	if s.Token == "" {
		return d.begin(ctx, OpProbe)
	}
	return d.open(ctx, OpProbe, erpclient.Auth{Session: s})
}

func (d *Driver) begin(ctx context.Context, op string) error {
	d.mu.Lock()
	if d.calls == nil {
		d.calls = map[string]int{}
	}
	d.calls[op]++
	before := d.before
	d.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(ctx, op)
}

func (d *Driver) end(ctx context.Context, op string) error {
	d.mu.Lock()
	after := d.after
	d.mu.Unlock()
	if after == nil {
		return nil
	}
	return after(ctx, op)
}

// find is the failure to find what nothing has.
func (d *Driver) find(op string, ids ...string) error {
	for _, id := range ids {
		if slices.Contains(d.Absent, id) {
			return erpclient.Errorf(op, erpclient.KindNotFound, "no such record")
		}
	}
	return nil
}

// nextID numbers what is written.
func (d *Driver) nextID(prefix string) string {
	d.written++
	return fmt.Sprintf("%s-%d", prefix, d.written)
}

// open is begin for what needs a session.
func (d *Driver) open(ctx context.Context, op string, a erpclient.Auth) error {
	if err := d.begin(ctx, op); err != nil {
		return err
	}
	if _, live := d.Account(a.Session); !live {
		return &erpclient.Error{Op: op, Kind: erpclient.KindSessionExpired}
	}
	return nil
}
