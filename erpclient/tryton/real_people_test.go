package tryton

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/tryton/trytontest"
)

func TestRealTrytonDecidesWhatSomebodyMay(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	north := idOf(t, d, "party.party", "code", "C-NORTH")
	for account, want := range map[string]erpclient.Profile{
		"merchant_north": {CustomerID: north, Permissions: []string{mayReadOrders, mayReadMaterials}},
		"sales_zhang":    {Permissions: []string{mayReadOrders, mayReadMaterials, mayWriteOrders, mayReadStock}}, // her employee record is she herself
		"stock_li":       {Permissions: []string{mayReadStock, mayWriteStock, mayReadApprovals}},
		"buyer_wang":     {Permissions: []string{mayReadStock, mayReadApprovals, mayWriteApprovals}},
		"nobody_wu":      {Permissions: []string{}},
	} {
		got := logIn(t, d, account).Session.Profile
		if got.CustomerID != want.CustomerID || !slices.Equal(got.Permissions, want.Permissions) || got.CompanyName != "雪兽制造 Snow Works" {
			t.Errorf("%s: got %+v, want %+v", account, got, want)
		}
	}
}

func TestRealTrytonRefusesByKind(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	hat, home := idOf(t, d, productModel, "code", "FG-HAT"), idOf(t, d, "stock.location", "code", "WH")
	purchase := idOf(t, d, purchaseModel, "reference", "PO-Q1")
	entry := erpclient.StockEntry{Reference: "refused1", ProductID: hat, WarehouseID: home, Quantity: "1", Direction: erpclient.StockIn}
	nobody, li, merchant, zhang := logIn(t, d, "nobody_wu"), logIn(t, d, "stock_li"), logIn(t, d, "merchant_north"), logIn(t, d, "sales_zhang")
	fractions, service, lots := entry, entry, entry
	fractions.Quantity, service.ProductID = "1.5", idOf(t, d, productModel, "code", "SV-EXPRESS")
	lots.Direction, lots.Quantity = erpclient.StockOut, "100000"
	for name, tt := range map[string]struct {
		err  func() error
		want erpclient.Kind
	}{
		"orders without the right": {func() error { _, err := d.SearchOrders(patient(t), nobody, erpclient.OrderQuery{}); return err }, erpclient.KindForbidden},
		"lines without the right":  {func() error { _, err := d.Sales(patient(t), li, "", ""); return err }, erpclient.KindForbidden},
		"shipments of others' orders": {func() error {
			list, err := d.Deliveries(patient(t), merchant, erpclient.Order{ID: idOf(t, d, saleModel, "reference", "SB-DONE-24")})
			if len(list) != 0 {
				t.Errorf("got %+v", list)
			}
			return err
		}, ""},
		"a record without the right":   {func() error { _, err := d.RecordStock(patient(t), merchant, entry); return err }, erpclient.KindForbidden},
		"a button without the right":   {func() error { return d.Decide(patient(t), li, purchase, true) }, erpclient.KindForbidden},
		"a button on nothing":          {func() error { return d.Decide(patient(t), logIn(t, d, "buyer_wang"), "999999", true) }, erpclient.KindNotFound},
		"a customer's decision":        {func() error { return d.Decide(patient(t), merchant, purchase, true) }, erpclient.KindForbidden},
		"fractions of what has none":   {func() error { _, err := d.RecordStock(patient(t), li, fractions); return err }, erpclient.KindInvalid},
		"a service in a warehouse":     {func() error { _, err := d.RecordStock(patient(t), li, service); return err }, erpclient.KindNotFound},
		"more than there is":           {func() error { _, err := d.RecordStock(patient(t), li, lots); return err }, erpclient.KindConflict},
		"two products with one code":   {func() error { _, err := d.ProductByBarcode(patient(t), li, "DUP-01"); return err }, erpclient.KindConflict},
		"an id that no database takes": {func() error { _, err := d.Order(patient(t), zhang, "99999999999999999999"); return err }, erpclient.KindNotFound},
		"a status without a word": {func() error {
			_, err := d.SearchOrders(patient(t), zhang, erpclient.OrderQuery{Status: erpclient.StateUnknown})
			return err
		}, erpclient.KindInvalid},
		"a customer's own code is no invitation": {func() error { _, err := d.CustomerByInvite(patient(t), zhang, "C-NORTH"); return err }, erpclient.KindNotFound},
		"an order of what is not sold": {func() error {
			_, err := d.CreateOrder(patient(t), zhang, erpclient.NewOrder{Reference: "refused2", CustomerID: idOf(t, d, "party.party", "code", "C-NORTH"),
				Lines: []erpclient.NewOrderLine{{ProductID: idOf(t, d, productModel, "code", "RM-ZIP"), Quantity: "1"}}})
			return err
		}, erpclient.KindNotFound},
		"an order for nobody": {func() error {
			_, err := d.CreateOrder(patient(t), zhang, erpclient.NewOrder{Reference: "refused3", CustomerID: "999999",
				Lines: []erpclient.NewOrderLine{{ProductID: hat, Quantity: "1"}}})
			return err
		}, erpclient.KindNotFound},
		"a customer's own order": {func() error {
			_, err := d.CreateOrder(patient(t), merchant, erpclient.NewOrder{Reference: "refused4", Lines: []erpclient.NewOrderLine{{ProductID: hat, Quantity: "1"}}})
			return err
		}, erpclient.KindForbidden},
		"a user who has left": {func() error {
			_, err := d.Login(patient(t), erpclient.Credentials{Account: "retired_qi", Secret: trytontest.Passwords["retired_qi"]})
			return err
		}, erpclient.KindBadCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.err()
			if erpclient.KindOf(err) != tt.want {
				t.Errorf("got %v, want kind %q", err, tt.want)
			}
			if err != nil && (strings.Contains(err.Error(), "not allowed") || strings.Contains(err.Error(), "/")) {
				t.Errorf("the error has Tryton's words: %v", err)
			}
		})
	}
	if n := countOf(t, d, shipmentModel, domain{is("reference", "refused1"), clause("state", "!=", stateCancelled)}); n != 0 {
		t.Errorf("%d shipments came of it", n)
	}
	if n := countOf(t, d, saleModel, domain{oneOf("reference", []string{"refused2", "refused3", "refused4"})}); n != 0 {
		t.Errorf("%d orders came of it", n)
	}
}

func TestRealTrytonDatabaseThatIsNotThere(t *testing.T) {
	d := newReal(t, trytontest.Start(t), func(c *Config) { c.Database = "nothere" })
	_, err := d.Login(patient(t), erpclient.Credentials{Account: "sales_zhang", Secret: trytontest.Passwords["sales_zhang"]})
	if erpclient.KindOf(err) != erpclient.KindBadAnswer || strings.Contains(err.Error(), "nothere") || strings.Contains(err.Error(), "sqlite") {
		t.Errorf("got %v", err)
	}
}

// countOf counts as the administrator.
func countOf(t *testing.T, d *Driver, model string, where domain) int {
	t.Helper()
	c, err := d.on(patient(t), logIn(t, d, "admin").Session, "test")
	if err != nil {
		t.Fatal(err)
	}
	n, err := c.count(patient(t), query{model: model, where: where})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// asAdmin changes a user's record as an administrator does.
func asAdmin(t *testing.T, d *Driver, login string, values map[string]any) {
	t.Helper()
	c, err := d.on(patient(t), logIn(t, d, "admin").Session, "test")
	if err != nil {
		t.Fatal(err)
	}
	user, _ := recordID(idOf(t, d, "res.user", "login", login))
	if _, err := c.change(patient(t), "model.res.user.write", []int64{user}, values, c.context()); err != nil {
		t.Fatal(err)
	}
}

func TestRealTrytonSessionsEndWithTheirUser(t *testing.T) {
	for name, tt := range map[string]struct {
		values map[string]any
		again  erpclient.Kind // what a new login with the old password says
	}{
		"set inactive":        {map[string]any{"active": false}, erpclient.KindBadCredentials},
		"another password":    {map[string]any{"password": "anoth3r-Pa55!"}, erpclient.KindBadCredentials},
		"other groups":        {map[string]any{"groups": []any{[]any{"remove", []int64{}}}}, ""},
		"nothing has changed": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			d := newReal(t, trytontest.Start(t), func(c *Config) { c.Now = func() time.Time { return now } })
			a := logIn(t, d, "sales_zhang")
			if tt.values != nil {
				asAdmin(t, d, "sales_zhang", tt.values)
			}
			ask := func() error { _, err := d.SearchOrders(patient(t), a, erpclient.OrderQuery{PageSize: 1}); return err }
			if err := ask(); err != nil {
				t.Errorf("right after the login: %v", err)
			}
			now = now.Add(2 * time.Minute)
			want := erpclient.KindSessionExpired
			if tt.values == nil {
				want = ""
			}
			for range 2 {
				if err := ask(); erpclient.KindOf(err) != want {
					t.Errorf("two minutes later: got %v, want kind %q", err, want)
				}
			}
			if err := d.Probe(patient(t), a.Session); erpclient.KindOf(err) != want {
				t.Errorf("the probe: got %v, want kind %q", err, want)
			}
			_, err := d.Login(patient(t), erpclient.Credentials{Account: "sales_zhang", Secret: trytontest.Passwords["sales_zhang"]})
			if erpclient.KindOf(err) != tt.again {
				t.Errorf("a new login: got %v, want kind %q", err, tt.again)
			}
		})
	}
}

func TestRealTrytonBindingsEndWithTheirUser(t *testing.T) {
	var later atomic.Int64
	d := newReal(t, trytontest.Start(t), func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) } })
	c, id, keys := newClient(t, d, "sales_zhang")
	if _, err := c.SearchOrders(patient(t), id, erpclient.OrderQuery{PageSize: 1}); err != nil {
		t.Fatal(err)
	}
	asAdmin(t, d, "sales_zhang", map[string]any{"active": false})
	later.Store(int64(2 * time.Minute))
	_, err := c.SearchOrders(patient(t), id, erpclient.OrderQuery{PageSize: 1})
	if erpclient.KindOf(err) != erpclient.KindBadCredentials || len(keys.Rejected()) != 1 {
		t.Errorf("got %v, and %d bindings have ended", err, len(keys.Rejected()))
	}
}

func TestRealTrytonLocksAnAccountOut(t *testing.T) {
	erp := trytontest.StartOwn(t)
	d := newReal(t, erp)
	a := logIn(t, d, "nobody_wu")
	for range 6 { // as six wrong passwords leave it, without the minute that Tryton takes over them
		erp.Exec("INSERT INTO res_user_login_attempt (create_date, create_uid, login) VALUES (strftime('%Y-%m-%d %H:%M:%f', 'now'), 0, 'nobody_wu')")
	}
	_, err := d.Login(patient(t), erpclient.Credentials{Account: "nobody_wu", Secret: trytontest.Passwords["nobody_wu"]})
	e, ok := err.(*erpclient.Error) //nolint:errorlint // the driver's own
	if !ok || e.Kind != erpclient.KindTooManyAttempts || e.RetryAfter != lockout {
		t.Errorf("got %v", err)
	}
	if _, err := d.Warehouses(patient(t), a); err != nil {
		t.Errorf("with the session from before: %v", err)
	}
	logIn(t, d, "sales_zhang")
}
