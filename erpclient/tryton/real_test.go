package tryton

import (
	"context"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
	"snowgate/erpclient/erptest/contract"
	"snowgate/erpclient/tryton/trytontest"
)

// The tests in this file ask a real Tryton, which nobody here wrote.

func newReal(t *testing.T, erp *trytontest.Server, change ...func(*Config)) *Driver {
	t.Helper()
	return newDriver(t, erp.Origin(), append([]func(*Config){func(c *Config) {
		c.OnDrift = func(d erpclient.Drift) { t.Errorf("Tryton drifted: %+v", d) }
	}}, change...)...)
}

func newDriver(t *testing.T, origin string, change ...func(*Config)) *Driver {
	t.Helper()
	client, err := erphttp.New(erphttp.Config{Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{HTTP: client, Database: trytontest.Database}
	for _, f := range change {
		f(&cfg)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// patient is a context that a busy machine keeps.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func logIn(t *testing.T, d *Driver, account string) erpclient.Auth {
	t.Helper()
	s, err := d.Login(patient(t), erpclient.Credentials{Account: account, Secret: trytontest.Passwords[account]})
	if err != nil {
		t.Fatalf("%s: %v", account, err)
	}
	return erpclient.Auth{Session: s, Scope: erpclient.Scope{CustomerID: s.Profile.CustomerID}}
}

// idOf is the id of the record of which a field is text, as the administrator sees it.
func idOf(t *testing.T, d *Driver, model, field, text string) string {
	t.Helper()
	return idAs(t, d, "admin", model, field, text)
}

func idAs(t *testing.T, d *Driver, account, model, field, text string) string {
	t.Helper()
	c, err := d.on(patient(t), logIn(t, d, account).Session, "test")
	if err != nil {
		t.Fatal(err)
	}
	found, err := c.one(patient(t), query{model: model, where: domain{is(field, text)}, fields: []string{"id"}})
	if err != nil || found == nil {
		t.Fatalf("%s %q: %v, %v", model, text, found, err)
	}
	return found.id("id")
}

func TestRealTrytonKeepsTheContract(t *testing.T) {
	erp := trytontest.Start(t)
	d := newReal(t, erp)
	a := logIn(t, d, "boss_lin")
	sale := func(reference string) string { return idOf(t, d, saleModel, "reference", reference) }
	jackets, err := d.Materials(patient(t), a, sale("NP-JKT-1"))
	if err != nil || len(jackets) != 2 {
		t.Fatalf("lines %+v, %v", jackets, err)
	}
	today := d.today()
	first, _ := time.Parse(time.DateOnly, string(today))
	setup := contract.Setup{
		Driver: d, Account: "boss_lin", Password: trytontest.Passwords["boss_lin"], WrongPassword: "wrong",
		OrderID: sale("NP-JKT-1"), Keyword: "np-jkt-1", StrangerOrderID: idAs(t, d, "other_zhao", saleModel, "reference", "OUT-1"), MaterialID: jackets[0].ID, ShippedOrderID: sale("NP-DONE-24"),
		InviteCode: "Inv-North-7Q2M", InviteCustomerID: idOf(t, d, "party.party", "code", "C-NORTH"),
		ProductID: idOf(t, d, productModel, "code", "FG-HAT"), Barcode: "6901234000085", WarehouseID: idOf(t, d, "stock.location", "code", "WH"),
		CustomerID: idOf(t, d, "party.party", "code", "C-NORTH"),
		ApproveID:  idOf(t, d, purchaseModel, "reference", "PO-Q1"), RejectID: idOf(t, d, purchaseModel, "reference", "PO-Q2"),
		SalesFrom: erpclient.Day(first.AddDate(0, 0, -40).Format(time.DateOnly)), SalesTo: today,
	}
	if erp.Ours() {
		setup.ForgetSessions = func() { erp.Exec("DELETE FROM ir_session") }
		setup.Stop = erp.Kill
	}
	contract.Run(t, setup)
}

func TestRealTrytonKeepsTheContractForACustomer(t *testing.T) {
	erp := trytontest.Start(t)
	d := newReal(t, erp, func(c *Config) { c.Without = []string{erpclient.CapabilityApprovals} })
	a := logIn(t, d, "merchant_north")
	lines, err := d.Materials(patient(t), a, idOf(t, d, saleModel, "reference", "NP-JKT-2"))
	if err != nil || len(lines) != 1 {
		t.Fatalf("lines %+v, %v", lines, err)
	}
	contract.Run(t, contract.Setup{
		Driver: d, Account: "merchant_north", Password: trytontest.Passwords["merchant_north"], Scope: a.Scope,
		OrderID: idOf(t, d, saleModel, "reference", "NP-JKT-2"), Keyword: "snow jacket", StrangerOrderID: idOf(t, d, saleModel, "reference", "SB-JKT-1"),
		MaterialID: lines[0].ID, ShippedOrderID: idOf(t, d, saleModel, "reference", "NP-DONE-24"),
	})
}

// contextWithin ends soon.
func contextWithin(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(t.Context(), d)
}
