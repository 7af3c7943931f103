package tryton

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/erptest"
	"snowgate/erpclient/tryton/trytontest"
)

// line is the way to Tryton, on which answers can be lost.
type line struct {
	mu     sync.Mutex
	before func(method string)      // runs before a call leaves; nil: nothing
	lose   func(method string) bool // whether a call's answer does not arrive; nil: all do
}

func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	_, after, _ := strings.Cut(string(body), `"method":"`)
	method, _, _ := strings.Cut(after, `"`)
	l.mu.Lock()
	before, lose := l.before, l.lose
	l.mu.Unlock()
	if before != nil {
		before(method)
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && lose != nil && lose(method) {
		_ = res.Body.Close()
		return nil, errors.New("the answer is lost")
	}
	return res, err
}

func (l *line) set(before func(string), lose func(string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before, l.lose = before, lose
}

// onLine is a driver whose line can be cut.
func onLine(t *testing.T, erp *trytontest.Server) (*Driver, *line) {
	t.Helper()
	l := &line{}
	client, err := erphttp.New(erphttp.Config{Origin: erp.Origin(), Transport: l})
	if err != nil {
		t.Fatal(err)
	}
	return newReal(t, erp, func(c *Config) { c.HTTP = client }), l
}

// newClient is the calm client around a driver, with somebody bound to an account.
func newClient(t *testing.T, d *Driver, account string) (*erpclient.Client, erpclient.Identity, *erptest.Keyring) {
	t.Helper()
	keys := &erptest.Keyring{}
	c := erpclient.New(erpclient.Config{
		Sessions: erptest.NewSessions(), Keyring: keys, Timeout: time.Minute, WriteTimeout: time.Minute, LoginTimeout: time.Minute,
		MaxInFlight: 4, MaxWait: time.Minute,
	}, d, nil)
	bound, err := c.BindAccount(patient(t), account, trytontest.Passwords[account])
	if err != nil {
		t.Fatal(err)
	}
	keys.Put("owner", erpclient.Credentials{Account: account, Secret: bound.Secret})
	return c, erpclient.Identity{Owner: "owner", Account: account, Proof: bound.Proof, CustomerID: bound.CustomerID}, keys
}

// goods are a product and a warehouse for it, and how many there are.
type goods struct{ product, warehouse string }

func hats(t *testing.T, d *Driver) goods {
	t.Helper()
	return goods{idOf(t, d, productModel, "code", "FG-HAT"), idOf(t, d, "stock.location", "code", "WH")}
}

func (g goods) entry(reference string, direction erpclient.Direction, quantity erpclient.Decimal) erpclient.StockEntry {
	return erpclient.StockEntry{Reference: reference, ProductID: g.product, WarehouseID: g.warehouse, Quantity: quantity, Direction: direction}
}

func (g goods) count(t *testing.T, d *Driver) float64 {
	t.Helper()
	page, err := d.Stock(patient(t), logIn(t, d, "stock_li"), erpclient.StockQuery{WarehouseID: g.warehouse, Keyword: "FG-HAT"})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("got %+v, %v", page, err)
	}
	return page.Items[0].Quantity.Float()
}

func TestRealTrytonWritesOneReferenceOnce(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	c, id, _ := newClient(t, d, "stock_li")
	g := hats(t, d)
	before := g.count(t, d)
	var ids sync.Map
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			r, err := c.RecordStock(patient(t), id, g.entry("once50", erpclient.StockIn, "3"))
			if err != nil {
				t.Error(err)
			}
			ids.Store(r.ID, true)
		})
	}
	all.Wait()
	n := 0
	ids.Range(func(any, any) bool { n++; return true })
	if made := countOf(t, d, shipmentModel, domain{is("reference", "once50")}); n != 1 || made != 1 || g.count(t, d) != before+3 {
		t.Errorf("%d records told, %d made, stock went from %v to %v", n, made, before, g.count(t, d))
	}
}

func TestRealTrytonWritesWhoseAnswersAreLost(t *testing.T) {
	erp := trytontest.Start(t)
	d, l := onLine(t, erp)
	c, id, _ := newClient(t, d, "stock_li")
	g := hats(t, d)
	for i, method := range []string{"create", "wait", "assign_try", "done", "search_read"} {
		t.Run(method, func(t *testing.T) {
			before := g.count(t, d)
			reference := "lost" + strconv.Itoa(i)
			seen := 0
			l.set(nil, func(m string) bool {
				if strings.HasPrefix(m, "model."+shipmentModel+".") {
					seen++
				}
				return m == "model."+shipmentModel+"."+method && (method != "search_read" || seen > 1)
			})
			_, err := c.RecordStock(patient(t), id, g.entry(reference, erpclient.StockOut, "2"))
			if erpclient.KindOf(err) != erpclient.KindOutcomeUnknown {
				t.Errorf("got %v", err)
			}
			l.set(nil, nil)
			found, err := c.FindStockRecord(patient(t), id, reference)
			want := erpclient.StockRecord{ID: found.ID, ProductID: g.product, WarehouseID: g.warehouse, Quantity: "2", Direction: erpclient.StockOut}
			if err != nil || found != want || found.ID == "" {
				t.Errorf("found %+v, %v, want %+v", found, err, want)
			}
			again, err := c.RecordStock(patient(t), id, g.entry(reference, erpclient.StockOut, "2"))
			if err != nil || again != want {
				t.Errorf("written again: %+v, %v", again, err)
			}
			if made := countOf(t, d, shipmentModel, domain{is("reference", reference)}); made != 1 || g.count(t, d) != before-2 {
				t.Errorf("%d made, stock went from %v to %v", made, before, g.count(t, d))
			}
		})
	}
}

func TestRealTrytonKilledWhileItWrites(t *testing.T) {
	erp := trytontest.StartOwn(t)
	d, l := onLine(t, erp)
	c, id, _ := newClient(t, d, "stock_li")
	g := hats(t, d)
	before := g.count(t, d)
	var once sync.Once
	halfway, gone, told := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	l.set(func(m string) {
		if strings.HasSuffix(m, ".assign_try") {
			once.Do(func() { close(halfway); <-gone })
		}
	}, nil)
	go func() {
		_, err := c.RecordStock(patient(t), id, g.entry("killed", erpclient.StockIn, "5"))
		told <- err
	}()
	select {
	case <-halfway:
	case err := <-told:
		t.Fatalf("it did not come so far: %v", err)
	}
	erp.Kill()
	close(gone)
	if err := <-told; erpclient.KindOf(err) != erpclient.KindOutcomeUnknown {
		t.Errorf("got %v", err)
	}
	if _, err := d.Warehouses(patient(t), logInLater(id)); erpclient.KindOf(err) != erpclient.KindUnavailable {
		t.Errorf("while it is dead: %v", err)
	}
	erp.Start()
	if r, err := c.FindStockRecord(patient(t), id, "killed"); err != nil || r.Quantity != "5" {
		t.Errorf("after the restart: %+v, %v", r, err)
	}
	if made := countOf(t, d, shipmentModel, domain{is("reference", "killed")}); made != 1 || g.count(t, d) != before+5 {
		t.Errorf("%d made, stock went from %v to %v", made, before, g.count(t, d))
	}
}

// logInLater is a session that nobody has made; it is only good for finding nobody at home.
func logInLater(id erpclient.Identity) erpclient.Auth {
	text, _ := token{User: id.Account, ID: 1, Key: "0"}.encode()
	return erpclient.Auth{Session: erpclient.Session{Token: text}}
}

func TestRealTrytonFrozen(t *testing.T) {
	erp := trytontest.StartOwn(t)
	d := newReal(t, erp)
	c, id, _ := newClient(t, d, "stock_li")
	g := hats(t, d)
	a := logIn(t, d, "stock_li")
	erp.Freeze()
	ctx, cancel := contextWithin(t, 300*time.Millisecond)
	defer cancel()
	if _, err := d.Warehouses(ctx, a); erpclient.KindOf(err) != erpclient.KindTimeout {
		t.Errorf("a read: %v", err)
	}
	ctx, cancel = contextWithin(t, 300*time.Millisecond)
	defer cancel()
	_, err := d.RecordStock(ctx, a, g.entry("frozen", erpclient.StockIn, "1"))
	var e *erpclient.Error
	if !errors.As(err, &e) || e.Kind != erpclient.KindTimeout || !e.Unsent {
		t.Errorf("a write that had only looked: %+v", err)
	}
	erp.Thaw()
	if _, err := c.RecordStock(patient(t), id, g.entry("frozen", erpclient.StockIn, "1")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if made := countOf(t, d, shipmentModel, domain{is("reference", "frozen")}); made != 1 {
		t.Errorf("%d made", made)
	}
}

func TestRealTrytonShortStockLeavesNothingBehind(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	a := logIn(t, d, "stock_li")
	g := hats(t, d)
	before := g.count(t, d)
	_, err := d.RecordStock(patient(t), a, g.entry("short", erpclient.StockOut, "100000"))
	if erpclient.KindOf(err) != erpclient.KindConflict {
		t.Errorf("got %v", err)
	}
	if n := countOf(t, d, shipmentModel, domain{is("reference", "short"), is("state", stateCancelled)}); n != 1 {
		t.Errorf("%d cancelled shipments", n)
	}
	// What is there can still be taken: assigning a part of it did not keep it back.
	all := erpclient.Decimal(strconv.Itoa(int(before)))
	if _, err := d.RecordStock(patient(t), a, g.entry("shorter", erpclient.StockOut, all)); err != nil {
		t.Errorf("all of it: %v", err)
	}
}

func TestRealTrytonApprovesOnce(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	c, id, _ := newClient(t, d, "buyer_wang")
	purchase := idOf(t, d, purchaseModel, "reference", "PO-Q4")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			got, err := c.Decide(patient(t), id, purchase, true)
			if err != nil || got.State != erpclient.ApprovalApproved {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	all.Wait()
	n, _ := recordID(purchase)
	if moves := countOf(t, d, "stock.move", domain{[]any{"origin.purchase", "=", n, "purchase.line"}}); moves != 1 {
		t.Errorf("%d deliveries are awaited", moves)
	}
	if _, err := c.Decide(patient(t), id, purchase, false); erpclient.KindOf(err) != erpclient.KindConflict {
		t.Errorf("a rejection afterwards: %v", err)
	}
}

func TestRealTrytonNewOrders(t *testing.T) {
	erp := trytontest.Start(t)
	d, l := onLine(t, erp)
	c, id, _ := newClient(t, d, "sales_zhang")
	hat, south := idOf(t, d, productModel, "code", "FG-HAT"), idOf(t, d, "party.party", "code", "C-SOUTH")
	order := erpclient.NewOrder{Reference: "ordered1", CustomerID: south, Remark: "please", Lines: []erpclient.NewOrderLine{
		{ProductID: hat, Quantity: "2"}, {ProductID: hat, Quantity: "1", Price: "80.05"},
	}}
	got, err := c.CreateOrder(patient(t), id, order)
	want := erpclient.Order{
		ID: got.ID, OrderNo: got.OrderNo, CustomerOrderNo: "ordered1", CustomerID: south, CustomerName: "南湾商店 South Bay", OrderDate: d.today(),
		Status: erpclient.StateNotStarted, StatusText: "报价", RawStatus: "quotation", Amount: "259.85", Currency: "CNY", ShippedRate: "0", Remark: "please",
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	order.Reference = "ordered2"
	l.set(nil, func(m string) bool { return m == "model.sale.sale.create" })
	if _, err := c.CreateOrder(patient(t), id, order); erpclient.KindOf(err) != erpclient.KindOutcomeUnknown {
		t.Errorf("got %v", err)
	}
	l.set(nil, nil)
	found, err := c.FindOrder(patient(t), id, "ordered2")
	if err != nil || found.RawStatus != "draft" {
		t.Errorf("found %+v, %v", found, err)
	}
	again, err := c.CreateOrder(patient(t), id, order)
	if err != nil || again.ID != found.ID || again.RawStatus != "quotation" {
		t.Errorf("made again: %+v, %v", again, err)
	}
}
