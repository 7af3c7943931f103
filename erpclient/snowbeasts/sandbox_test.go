package snowbeasts

import (
	"context"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"

	"snowgate/erpclient"
	"snowgate/sandbox"
)

// The tests in this file ask the stand-in ERP, whose untidy data nobody here has written down.

func newSandbox(t *testing.T) (*sandbox.ERP, *Driver) {
	t.Helper()
	erp := sandbox.NewERP(sandbox.ERPOptions{})
	srv := httptest.NewServer(erp)
	t.Cleanup(srv.Close)
	t.Cleanup(func() { _ = erp.Close() })
	return erp, newDriver(t, srv.URL, func(c *Config) {
		c.AppID = erp.AppID()
		c.OnDrift = func(d erpclient.Drift) { t.Errorf("the stand-in drifted: %+v", d) }
	})
}

func logIn(t *testing.T, d *Driver, user, password string) erpclient.Auth {
	t.Helper()
	s, err := d.Login(t.Context(), erpclient.Credentials{Account: user, Secret: d.Secret(password)})
	if err != nil {
		t.Fatal(err)
	}
	return erpclient.Auth{Session: s}
}

func asService(t *testing.T, erp *sandbox.ERP, d *Driver, customer string) erpclient.Auth {
	t.Helper()
	user, password := erp.ServiceAccount()
	a := logIn(t, d, user, password)
	a.Scope.CustomerID = customer
	return a
}

func TestSandboxLogins(t *testing.T) {
	for _, last := range []bool{false, true} {
		erp, d := newSandbox(t)
		erp.SetAppCookieOnLast(last)
		for _, account := range erp.Accounts() {
			a := logIn(t, d, account.User, account.Password)
			if err := d.Probe(t.Context(), a.Session); err != nil {
				t.Errorf("%s, cookie on the last answer %v: %v", account.User, last, err)
			}
		}
		if err := d.Probe(t.Context(), erpclient.Session{}); err != nil {
			t.Errorf("probe without a session: %v", err)
		}
	}
}

func TestSandboxWrongPasswords(t *testing.T) {
	for _, form := range []string{"message", "no-sid"} {
		erp, d := newSandbox(t)
		erp.SetWrongPasswordForm(form)
		wrong := erpclient.Credentials{Account: "alice.chen", Secret: d.Secret("wrong")}
		for range 5 {
			_, err := d.Login(t.Context(), wrong)
			wantKind(t, err, erpclient.KindBadCredentials, "")
		}
		_, err := d.Login(t.Context(), wrong)
		wantKind(t, err, erpclient.KindTooManyAttempts, "")
	}
}

func TestSandboxLostSessions(t *testing.T) {
	for _, form := range []string{"status", "status403", "redirect", "html", "body"} {
		erp, d := newSandbox(t)
		a := asService(t, erp, d, "")
		erp.ExpireSessions(form)
		for what, ask := range map[string]func(context.Context) error{
			"probe": func(ctx context.Context) error { return d.Probe(ctx, a.Session) },
			"order": func(ctx context.Context) error { _, err := d.Order(ctx, a, "1"); return err },
			"lines": func(ctx context.Context) error { _, err := d.Materials(ctx, a, "1"); return err },
		} {
			t.Run(form+"/"+what, func(t *testing.T) {
				wantKind(t, ask(t.Context()), erpclient.KindSessionExpired, "")
			})
		}
	}
}

// allOrders pages through everything a caller may see.
func allOrders(t *testing.T, d *Driver, a erpclient.Auth) []erpclient.Order {
	t.Helper()
	var all []erpclient.Order
	for page := 1; ; page++ {
		got, err := d.SearchOrders(t.Context(), a, erpclient.OrderQuery{Page: page, PageSize: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Orders) == 0 {
			if got.Total == nil || *got.Total != len(all) {
				t.Errorf("the total is %v, want %d", got.Total, len(all))
			}
			return all
		}
		all = append(all, got.Orders...)
	}
}

func TestSandboxOrdersAreTheTruth(t *testing.T) {
	erp, d := newSandbox(t)
	for _, customer := range []string{"", "501", "503", "506"} {
		a := asService(t, erp, d, customer)
		want := erp.Orders(customer)
		got := allOrders(t, d, a)
		slices.Reverse(got) // newest first
		if len(got) != len(want) {
			t.Fatalf("customer %q: got %d orders, want %d", customer, len(got), len(want))
		}
		for i, o := range got {
			if w := want[i]; o.ID != w.ID || o.OrderNo != w.Code || o.CustomerID != w.CustomerID || o.Amount.Float() != erpclient.Decimal(w.Amount).Float() {
				t.Errorf("got %+v, want %+v", o, w)
			}
			if w := want[i]; o.RawStatus != strconv.Itoa(w.Status) || !o.Status.Valid() {
				t.Errorf("order %s: got status %q %q, want %d", w.ID, o.Status, o.RawStatus, w.Status)
			}
		}
	}
}

func TestSandboxPartsOfEveryOrder(t *testing.T) {
	erp, d := newSandbox(t)
	a := asService(t, erp, d, "506")
	for _, w := range erp.Orders("506") {
		o, err := d.Order(t.Context(), a, w.ID)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := d.Materials(t.Context(), a, w.ID)
		if err != nil || len(lines) != w.Lines {
			t.Errorf("order %s: got %d lines, %v, want %d", w.Code, len(lines), err, w.Lines)
		}
		sent, err := d.Deliveries(t.Context(), a, o)
		if err != nil || len(sent) != w.Deliveries {
			t.Errorf("order %s: got %d deliveries, %v, want %d", w.Code, len(sent), err, w.Deliveries)
		}
		for _, s := range sent {
			if s.Shipped != (s.LogisticsCompany != "") || s.Shipped != !s.ShippedAt.IsZero() {
				t.Errorf("delivery %+v is shipped without company or day, or the other way round", s)
			}
		}
		for _, l := range lines {
			if got, err := d.Material(t.Context(), a, l.ID); err != nil || got != l {
				t.Errorf("material %s: got %+v, %v, want %+v", l.ID, got, err, l)
			}
		}
	}
	if n := erp.Count("getDatasource"); n != 1 {
		t.Errorf("the logistics companies were asked for %d times, want once", n)
	}
}

func TestSandboxHidesOtherCustomers(t *testing.T) {
	erp, d := newSandbox(t)
	theirs := erp.Orders("501")[0]
	lines, err := d.Materials(t.Context(), asService(t, erp, d, "501"), theirs.ID)
	if err != nil || len(lines) == 0 {
		t.Fatalf("got %v, %v", lines, err)
	}
	for who, a := range map[string]erpclient.Auth{"by scope": asService(t, erp, d, "502"), "by account": logIn(t, d, "bob.wang", "snow-bob-1")} {
		// The ERP says 没有权限 where the account may not see the line: a lost session says no more.
		material := map[string][2]erpclient.Kind{
			"by scope":   {erpclient.KindNotFound, ""},
			"by account": {erpclient.KindSessionExpired, erpclient.KindNotFound},
		}[who]
		_, err := d.Order(t.Context(), a, theirs.ID)
		t.Run("order "+who, func(t *testing.T) { wantKind(t, err, erpclient.KindNotFound, "") })
		_, err = newQuiet(t, d).Material(t.Context(), a, lines[0].ID)
		t.Run("material "+who, func(t *testing.T) { wantKind(t, err, material[0], material[1]) })
		found, err := d.SearchOrders(t.Context(), a, erpclient.OrderQuery{Keyword: theirs.Code})
		if err != nil || len(found.Orders) != 0 {
			t.Errorf("%s: found %+v, %v", who, found, err)
		}
	}
}

// newQuiet is the same driver where drift is expected: a stranger's record is one.
func newQuiet(t *testing.T, d *Driver) *Driver {
	t.Helper()
	quiet := *d
	quiet.onDrift = nil
	return &quiet
}

func TestSandboxInviteCodes(t *testing.T) {
	erp, d := newSandbox(t)
	a := asService(t, erp, d, "")
	for _, c := range erp.Customers() {
		got, err := d.CustomerByInvite(t.Context(), a, c.InviteCode)
		if c.Disabled {
			wantKind(t, err, erpclient.KindNotFound, "")
			continue
		}
		if want := (erpclient.Customer{ID: c.ID, Code: c.Code, Name: c.Name}); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", c.InviteCode, got, err, want)
		}
	}
	_, err := d.CustomerByInvite(t.Context(), a, "SNOW-2026-")
	wantKind(t, err, erpclient.KindNotFound, "")
}
