package snowbeasts

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"snowgate/erpclient"
	"snowgate/sandbox"
)

// companyForms are the forms of an installation that has all of them: the sandbox's.
func companyForms(c *Config) {
	c.Forms.Products.ID = sandbox.ProductsForm
	c.Forms.Stock.ID = sandbox.StockForm
	c.Forms.Warehouses.ID = sandbox.WarehousesForm
	c.Forms.StockRecords = StockRecords{Form: Form{ID: sandbox.StockRecordsForm, Fields: map[string]string{"reference": sandbox.StockReference}}}
	c.Forms.Purchases.ID = sandbox.PurchasesForm
	c.Forms.Orders.Fields = map[string]string{"reference": "customerOrderCode", "newLines": sandbox.NewOrderLines}
}

// companyAsks are all the questions that need a form nobody knows the id of, by capability.
var companyAsks = map[string]func(context.Context, *Driver, erpclient.Auth) error{
	erpclient.CapabilityStock: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.Stock(ctx, a, erpclient.StockQuery{})
		return err
	},
	"bar code": func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.ProductByBarcode(ctx, a, "2100000080010")
		return err
	},
	erpclient.CapabilityWarehouses: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.Warehouses(ctx, a)
		return err
	},
	erpclient.CapabilityStockWrite: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.RecordStock(ctx, a, goodsIn)
		return err
	},
	erpclient.CapabilityStockLookup: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.StockRecord(ctx, a, "REF1")
		return err
	},
	erpclient.CapabilityOrderWrite: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.CreateOrder(ctx, a, twoTents)
		return err
	},
	erpclient.CapabilityOrderLookup: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.OrderByReference(ctx, a, "REF1")
		return err
	},
	erpclient.CapabilityApprovals: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.Approvals(ctx, a, erpclient.ApprovalQuery{})
		return err
	},
	"approval": func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.Approval(ctx, a, "1")
		return err
	},
	erpclient.CapabilityApprovalDecisions: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		return d.Decide(ctx, a, "1", true)
	},
	erpclient.CapabilitySales: func(ctx context.Context, d *Driver, a erpclient.Auth) error {
		_, err := d.Sales(ctx, a, "2026-01-01", "2026-01-31")
		return err
	},
}

var (
	goodsIn = erpclient.StockEntry{
		Reference: "REF1", ProductID: "8001", WarehouseID: "61", Quantity: "1.50", Direction: erpclient.StockIn, Operator: "李业务",
	}
	twoTents = erpclient.NewOrder{
		Reference: "REF9", CustomerID: "502", Remark: "急",
		Lines: []erpclient.NewOrderLine{{ProductID: "8001", Quantity: "2", Price: "1000.5"}, {ProductID: "8005", Quantity: "12.5"}},
	}
)

func TestWithoutFormsTheDriverLacksWhatTheyAreFor(t *testing.T) {
	known := []string{
		erpclient.CapabilityOrders, erpclient.CapabilityDeliveries, erpclient.CapabilityMaterials, erpclient.CapabilityInvites, erpclient.CapabilitySales,
	}
	bare := newScripted(t, answering(page1("")))
	if got := erpclient.Capabilities(bare.Driver); !slices.Equal(got, known) {
		t.Errorf("without forms it can %v, want %v", got, known)
	}
	for name, ask := range companyAsks {
		if name == erpclient.CapabilitySales {
			continue
		}
		t.Run(name, func(t *testing.T) {
			wantKind(t, ask(t.Context(), bare.Driver, everybody()), erpclient.KindNotSupported, "")
		})
	}
	if n := len(bare.requests()); n != 0 {
		t.Errorf("the ERP was asked %d times", n)
	}
	all := erpclient.Capabilities(newDriver(t, "http://127.0.0.1:1", companyForms))
	for name := range companyAsks {
		if name != "bar code" && name != "approval" && !slices.Contains(all, name) {
			t.Errorf("with all forms it lacks %s", name)
		}
	}
}

func TestFormsOfOneValueForTwoMeaningsAreRefused(t *testing.T) {
	for name, forms := range map[string]Forms{
		"direction": {StockRecords: StockRecords{In: "1", Out: "1"}},
		"state":     {Purchases: Purchases{Rejected: "2"}},
		"field":     {Products: Form{Fields: map[string]string{"barcode": ""}}},
	} {
		if err := forms.Check(); err == nil {
			t.Errorf("%s: no complaint", name)
		}
	}
}

// writes are the questions that change something.
var writes = []string{erpclient.CapabilityStockWrite, erpclient.CapabilityOrderWrite, erpclient.CapabilityApprovalDecisions}

func TestARefusedWriteSaysWhetherItWasCarriedOut(t *testing.T) {
	refused := func(text string) http.HandlerFunc { return answering(`{"success":false,"message":"` + text + `"}`) }
	for how, tt := range map[string]struct {
		answer          http.HandlerFunc
		kind, otherwise erpclient.Kind
	}{
		"too little":        {refused("库存不足"), erpclient.KindConflict, ""},
		"decided already":   {refused("单据已审批"), erpclient.KindConflict, ""},
		"no such product":   {refused("产品不存在"), erpclient.KindNotFound, ""},
		"busy":              {refused("系统繁忙"), erpclient.KindBusy, ""},
		"some reason":       {refused("请填写经手人"), erpclient.KindSessionExpired, erpclient.KindInvalid},
		"no permission":     {refused("没有权限"), erpclient.KindSessionExpired, erpclient.KindForbidden},
		"lost session":      {refused("登录超时，请重新登录"), erpclient.KindSessionExpired, ""},
		"401":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }, erpclient.KindSessionExpired, ""},
		"to the login":      {hop("/apps/login"), erpclient.KindSessionExpired, ""},
		"login page":        {answering(`<html><input name="account"><input type="PASSWORD"></html>`), erpclient.KindSessionExpired, ""},
		"some failure":      {refused("处理异常"), erpclient.KindOutcomeUnknown, ""},
		"elsewhere":         {hop("/done"), erpclient.KindOutcomeUnknown, ""},
		"another page":      {answering("<html>维护中</html>"), erpclient.KindOutcomeUnknown, ""},
		"neither yes nor":   {answering(`{"data":{"id":1}}`), erpclient.KindOutcomeUnknown, ""},
		"a list":            {answering(`[]`), erpclient.KindBadAnswer, ""},
		"500":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, erpclient.KindUnavailable, ""},
		"404":               {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, erpclient.KindBadAnswer, ""},
		"cut in the middle": {answering(`{"success":true,"da`), erpclient.KindBadAnswer, ""},
	} {
		for _, what := range writes {
			t.Run(how+"/"+what, func(t *testing.T) {
				erp := newScripted(t, tt.answer, companyForms)
				wantKind(t, companyAsks[what](t.Context(), erp.Driver, everybody()), tt.kind, tt.otherwise)
				if n := len(erp.requests()); n != 1 {
					t.Errorf("asked %d times, want once", n)
				}
			})
		}
	}
}

func TestAWriteWithoutAConnectionIsUnsent(t *testing.T) {
	d := newDriver(t, "http://127.0.0.1:1", companyForms)
	for _, what := range writes {
		err := companyAsks[what](t.Context(), d, everybody())
		if e, ok := err.(*erpclient.Error); !ok || !e.Unsent || e.Kind != erpclient.KindUnavailable { //nolint:errorlint // the driver's own error, unwrapped
			t.Errorf("%s: %#v", what, err)
		}
	}
}

// emptyList answers reads with nothing and writes with success.
func emptyList(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "updateBusiness") {
		_, _ = io.WriteString(w, `{"success":true}`)
		return
	}
	_, _ = io.WriteString(w, `{"success":true,"data":{"_count":0,"_dataList":[]}}`)
}

func TestNotFoundByReferenceIsCertain(t *testing.T) {
	list := func(rows string) http.HandlerFunc { return answering(page1(rows)) }
	for _, what := range []string{erpclient.CapabilityStockLookup, erpclient.CapabilityOrderLookup} {
		for how, tt := range map[string]struct {
			answer http.HandlerFunc
			kind   erpclient.Kind
		}{
			"an empty list":           {emptyList, erpclient.KindNotFound},
			"others in the list":      {list(`{"id":7,"外部单号":"REF10","customerOrderCode":"REF10"}`), erpclient.KindBadAnswer},
			"a count without rows":    {answering(`{"success":true,"data":{"_count":1,"_dataList":[]}}`), erpclient.KindBadAnswer},
			"ours, but unreadable":    {list(`{"外部单号":"REF1","customerOrderCode":"REF1"}`), erpclient.KindBadAnswer},
			"a refused column":        {answering(`{"success":false,"message":"字段不存在"}`), erpclient.KindBadAnswer},
			"a path that is not ours": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, erpclient.KindBadAnswer},
		} {
			t.Run(what+"/"+how, func(t *testing.T) {
				erp := newScripted(t, tt.answer, companyForms)
				wantKind(t, companyAsks[what](t.Context(), erp.Driver, everybody()), tt.kind, "")
			})
		}
	}
}

func TestCustomersNeverSeePurchases(t *testing.T) {
	erp := newScripted(t, emptyList, companyForms)
	for _, what := range []string{erpclient.CapabilityApprovals, "approval", erpclient.CapabilityApprovalDecisions} {
		t.Run(what, func(t *testing.T) {
			wantKind(t, companyAsks[what](t.Context(), erp.Driver, only("501")), erpclient.KindForbidden, "")
		})
	}
	if n := len(erp.requests()); n != 0 {
		t.Errorf("the ERP was asked %d times", n)
	}
}

// keysOf are an object's names in a stable order.
func keysOf(m map[string]any) string { return strings.Join(slices.Sorted(maps.Keys(m)), " ") }
