package snowbeasts

import (
	"cmp"
	"net/http/httptest"
	"slices"
	"testing"

	"snowgate/erpclient"
	"snowgate/sandbox"
)

// newCompany is the stand-in ERP and a driver that knows all its forms.
func newCompany(t *testing.T) (*sandbox.ERP, *Driver, erpclient.Auth) {
	t.Helper()
	erp := sandbox.NewERP(sandbox.ERPOptions{})
	srv := httptest.NewServer(erp)
	t.Cleanup(srv.Close)
	t.Cleanup(func() { _ = erp.Close() })
	d := newDriver(t, srv.URL, companyForms, func(c *Config) {
		c.AppID = erp.AppID()
		c.OnDrift = func(d erpclient.Drift) { t.Errorf("the stand-in drifted: %+v", d) }
	})
	return erp, d, logIn(t, d, "staff.li", "snow-staff-1")
}

func TestSandboxStock(t *testing.T) {
	erp, d, a := newCompany(t)
	if !slices.Contains(a.Session.Profile.Permissions, "inventory:write") {
		t.Errorf("staff may %v", a.Session.Profile.Permissions)
	}
	places, err := d.Warehouses(t.Context(), a)
	if err != nil || len(places) != 3 {
		t.Fatalf("warehouses %+v, %v", places, err)
	}
	all, err := d.Stock(t.Context(), a, erpclient.StockQuery{PageSize: 50})
	if err != nil || len(all.Items) != 12 || *all.Total != 12 {
		t.Fatalf("stock %+v, %v", all, err)
	}
	for _, item := range all.Items {
		got, err := d.ProductByBarcode(t.Context(), a, item.Barcode)
		if err != nil || got != item.Product || string(got.Quantity) != erp.StockLevel(got.ID, "") {
			t.Errorf("%s: got %+v, %v, want %+v", item.Barcode, got, err, item)
		}
	}
	there, err := d.Stock(t.Context(), a, erpclient.StockQuery{WarehouseID: places[0].ID, PageSize: 50, Keyword: "P-1001"})
	if err != nil || len(there.Items) != 1 || there.Items[0].WarehouseName != places[0].Name {
		t.Errorf("in one warehouse: %+v, %v", there, err)
	}
	_, err = d.ProductByBarcode(t.Context(), a, "2100000080011")
	wantKind(t, err, erpclient.KindNotFound, "")
}

func TestSandboxStockRecords(t *testing.T) {
	erp, d, a := newCompany(t)
	got, err := d.RecordStock(t.Context(), a, goodsIn)
	if err != nil || got.Balance == nil || string(*got.Balance) != erp.StockLevel("8001", "61") || erp.Created(sandbox.StockRecordsForm) != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	found, err := d.StockRecord(t.Context(), a, goodsIn.Reference)
	if err != nil || found.ID != got.ID || found.Direction != erpclient.StockIn || found.Quantity.Float() != 1.5 {
		t.Errorf("found %+v, %v", found, err)
	}
	_, err = d.StockRecord(t.Context(), a, "REF2")
	wantKind(t, err, erpclient.KindNotFound, "")
	out := goodsIn
	out.Direction, out.Quantity, out.Reference = erpclient.StockOut, "1000000", "REF2"
	_, err = d.RecordStock(t.Context(), a, out)
	wantKind(t, err, erpclient.KindConflict, "")
	_, err = d.RecordStock(t.Context(), logIn(t, d, "alice.chen", "snow-alice-1"), goodsIn)
	wantKind(t, err, erpclient.KindSessionExpired, erpclient.KindForbidden)
	if erp.Created(sandbox.StockRecordsForm) != 1 {
		t.Errorf("%d records", erp.Created(sandbox.StockRecordsForm))
	}
}

func TestSandboxAnswersOfWritesAreLost(t *testing.T) {
	erp, d, a := newCompany(t)
	erp.SetFaults(sandbox.Fault{Kind: "lost", Match: "updateBusiness"})
	_, err := d.RecordStock(t.Context(), a, goodsIn)
	wantKind(t, err, erpclient.KindUnavailable, "")
	_, err = d.CreateOrder(t.Context(), a, twoTents)
	wantKind(t, err, erpclient.KindUnavailable, "")
	if found, err := d.StockRecord(t.Context(), a, goodsIn.Reference); err != nil || found.ID == "" {
		t.Errorf("found %+v, %v", found, err)
	}
	if found, err := d.OrderByReference(t.Context(), a, twoTents.Reference); err != nil || found.CustomerID != "502" {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestSandboxNewOrders(t *testing.T) {
	_, d, a := newCompany(t)
	o, err := d.CreateOrder(t.Context(), a, twoTents)
	if err != nil || o.OrderNo == "" || o.Amount.Float() != 2484.13 || o.Status != erpclient.StateNotStarted {
		t.Fatalf("got %+v, %v", o, err)
	}
	lines, err := d.Materials(t.Context(), a, o.ID)
	if err != nil || len(lines) != 2 {
		t.Errorf("lines %+v, %v", lines, err)
	}
	sales, err := d.Sales(t.Context(), a, o.OrderDate, o.OrderDate)
	if err != nil || len(sales) != 2 || sales[0].OrderID != o.ID {
		t.Errorf("sales %+v, %v", sales, err)
	}
	today, err := d.SearchOrders(t.Context(), a, erpclient.OrderQuery{From: o.OrderDate, To: o.OrderDate})
	if err != nil || *today.Total != 1 || today.Orders[0].ID != o.ID {
		t.Errorf("today %+v, %v", today, err)
	}
	unknown := twoTents
	unknown.Lines = []erpclient.NewOrderLine{{ProductID: "1", Quantity: "1"}}
	_, err = d.CreateOrder(t.Context(), a, unknown)
	wantKind(t, err, erpclient.KindNotFound, "")
}

func TestSandboxSalesAddUp(t *testing.T) {
	erp, d, a := newCompany(t)
	sales, err := d.Sales(t.Context(), a, "2025-01-01", "2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, s := range sales {
		lines[s.OrderID]++
	}
	for _, w := range erp.Orders("") {
		if want := w.Lines; w.Status == 5 && lines[w.ID] != 0 || w.Status != 5 && lines[w.ID] != want {
			t.Errorf("order %s with status %d: %d lines, want %d", w.Code, w.Status, lines[w.ID], want)
		}
	}
	if !slices.IsSortedFunc(sales, func(x, y erpclient.Sale) int { return cmp.Compare(x.Day, y.Day) }) {
		t.Error("not oldest first")
	}
	own, err := d.Sales(t.Context(), asService(t, erp, d, "506"), "2025-01-01", "2026-12-31")
	if err != nil || len(own) == 0 || len(own) >= len(sales) {
		t.Errorf("one customer's: %d of %d, %v", len(own), len(sales), err)
	}
}

func TestSandboxApprovals(t *testing.T) {
	erp, d, a := newCompany(t)
	waiting, err := d.Approvals(t.Context(), a, erpclient.ApprovalQuery{State: erpclient.ApprovalPending})
	if err != nil || len(waiting.Approvals) != 9 || *waiting.Total != 9 {
		t.Fatalf("got %+v, %v", waiting, err)
	}
	if all, err := d.Approvals(t.Context(), a, erpclient.ApprovalQuery{}); err != nil || *all.Total != 15 {
		t.Errorf("all: %+v, %v", all, err)
	}
	id := waiting.Approvals[0].ID
	erp.SetDeaf(sandbox.PurchasesForm, true)
	if err := d.Decide(t.Context(), a, id, true); err != nil {
		t.Error(err)
	}
	if got, err := d.Approval(t.Context(), a, id); err != nil || got != waiting.Approvals[0] {
		t.Errorf("after a button that does nothing: %+v, %v", got, err)
	}
	erp.SetDeaf(sandbox.PurchasesForm, false)
	if err := d.Decide(t.Context(), a, id, false); err != nil {
		t.Error(err)
	}
	if got, err := d.Approval(t.Context(), a, id); err != nil || got.State != erpclient.ApprovalRejected {
		t.Errorf("after a rejection: %+v, %v", got, err)
	}
	wantKind(t, d.Decide(t.Context(), a, id, true), erpclient.KindConflict, "")
}
