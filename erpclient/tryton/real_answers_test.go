package tryton

import (
	"reflect"
	"slices"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/tryton/trytontest"
)

func TestRealTrytonOrders(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	a := logIn(t, d, "merchant_north")
	id := idOf(t, d, saleModel, "reference", "NP-JKT-1")
	got, err := d.Order(patient(t), a, id)
	if err != nil {
		t.Fatal(err)
	}
	want := erpclient.Order{
		ID: id, OrderNo: got.OrderNo, CustomerOrderNo: "NP-JKT-1", CustomerID: a.Scope.CustomerID, CustomerName: "北峰户外 North Peak",
		OrderDate: got.OrderDate, Status: erpclient.StateInProgress, StatusText: "处理中", RawStatus: "processing",
		Amount: "9439.50", Currency: "CNY", ShippedRate: "0", ProducedRate: "0",
	}
	if got != want || got.OrderDate == "" || got.OrderNo == "" {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for reference, rate := range map[string]erpclient.Decimal{"NP-DONE-24": "1", "NP-PACKED-23": "0", "NP-DRAFT-20": "0"} {
		o, err := d.Order(patient(t), a, idOf(t, d, saleModel, "reference", reference))
		if err != nil || o.ShippedRate != rate {
			t.Errorf("%s: shipped rate %q, %v, want %s", reference, o.ShippedRate, err, rate)
		}
	}
	if o, err := d.Order(patient(t), a, idOf(t, d, saleModel, "reference", "NP-JKT-2")); err != nil || o.ProducedRate != "1" {
		t.Errorf("a finished production: %+v, %v", o, err)
	}
}

func TestRealTrytonSearches(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	a, north := logIn(t, d, "sales_zhang"), erpclient.Scope{CustomerID: idOf(t, d, "party.party", "code", "C-NORTH")}
	for name, tt := range map[string]struct {
		q     erpclient.OrderQuery
		scope erpclient.Scope
		want  int
	}{
		"all":                              {erpclient.OrderQuery{}, erpclient.Scope{}, 18},
		"one customer's":                   {erpclient.OrderQuery{}, north, 10},
		"a scope that names nobody":        {erpclient.OrderQuery{}, erpclient.Scope{CustomerID: "x"}, 0},
		"by reference, regardless of case": {erpclient.OrderQuery{Keyword: "np-jkt"}, erpclient.Scope{}, 2},
		"by bar code":                      {erpclient.OrderQuery{Keyword: "6901234000061"}, erpclient.Scope{}, 3},
		"by name with wildcards in it":     {erpclient.OrderQuery{Keyword: "100%_x"}, erpclient.Scope{}, 1},
		"a wildcard is no wildcard":        {erpclient.OrderQuery{Keyword: "_"}, erpclient.Scope{}, 1},
		"nor is a backslash":               {erpclient.OrderQuery{Keyword: `\`}, erpclient.Scope{}, 0},
		"a quote":                          {erpclient.OrderQuery{Keyword: "'Pro'"}, erpclient.Scope{}, 1},
		"not begun":                        {erpclient.OrderQuery{Status: erpclient.StateNotStarted}, erpclient.Scope{}, 5},
		"cancelled, one customer's":        {erpclient.OrderQuery{Status: erpclient.StateCancelled}, north, 1},
		"a page behind the last":           {erpclient.OrderQuery{Page: 50}, north, 10},
		"of another company":               {erpclient.OrderQuery{Keyword: "OUT-1"}, erpclient.Scope{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := d.SearchOrders(patient(t), erpclient.Auth{Session: a.Session, Scope: tt.scope}, tt.q)
			if err != nil || page.Total == nil || *page.Total != tt.want {
				t.Errorf("got %+v, %v, want a total of %d", page, err, tt.want)
			}
			if tt.q.Page > 1 && len(page.Orders) != 0 {
				t.Errorf("%d orders behind the end", len(page.Orders))
			}
		})
	}
}

func TestRealTrytonFollowsProductions(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	a := logIn(t, d, "merchant_north")
	stages := func(quantities ...erpclient.Decimal) (list []erpclient.ProgressStage) {
		for i, name := range []string{"planned", "materials_reserved", "producing", "produced", "shipped"} {
			list = append(list, erpclient.ProgressStage{Name: name, Quantity: quantities[i], Done: quantities[i] == quantities[0]})
		}
		return list
	}
	for reference, tt := range map[string]struct {
		material erpclient.Material
		stages   []erpclient.ProgressStage
	}{
		"NP-JKT-1": {erpclient.Material{
			Quantity: "10", ProducedQuantity: "0", ProducingQuantity: "10", ShippedQuantity: "0", Status: erpclient.StateInProgress, StatusText: "进行中",
		}, stages("10", "10", "10", "0", "0")},
		"NP-JKT-2": {erpclient.Material{
			Quantity: "4", ProducedQuantity: "4", ProducingQuantity: "0", ShippedQuantity: "0", Status: erpclient.StateInProgress, StatusText: "进行中",
		}, stages("4", "4", "4", "4", "0")},
	} {
		lines, err := d.Materials(patient(t), a, idOf(t, d, saleModel, "reference", reference))
		if err != nil || len(lines) == 0 {
			t.Fatalf("%s: %+v, %v", reference, lines, err)
		}
		got, want := lines[0], tt.material
		want.ID, want.OrderID, want.CustomerID, want.DeliveryDate = got.ID, got.OrderID, a.Scope.CustomerID, got.DeliveryDate
		want.Code, want.Name, want.Unit = "FG-JACKET", "滑雪夹克 Snow jacket", "u"
		if got != want {
			t.Errorf("%s: got %+v, want %+v", reference, got, want)
		}
		if found, err := d.Stages(patient(t), a, got); err != nil || !reflect.DeepEqual(found, tt.stages) {
			t.Errorf("%s: got %+v, %v, want %+v", reference, found, err, tt.stages)
		}
	}
}

func TestRealTrytonWithoutProductions(t *testing.T) {
	d := newReal(t, trytontest.Start(t), func(c *Config) { c.Without = []string{erpclient.CapabilityProgress} })
	a := logIn(t, d, "merchant_north")
	lines, err := d.Materials(patient(t), a, idOf(t, d, saleModel, "reference", "NP-JKT-1"))
	if err != nil || len(lines) != 2 || lines[0].ProducedQuantity != "" || lines[0].ShippedQuantity != "0" {
		t.Errorf("got %+v, %v", lines, err)
	}
	if slices.Contains(erpclient.Capabilities(d), erpclient.CapabilityProgress) {
		t.Error("the driver says that it can follow productions")
	}
}

func TestRealTrytonDeliveries(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	a := logIn(t, d, "merchant_north")
	for reference, shipped := range map[string]bool{"NP-DONE-24": true, "NP-PACKED-23": false} {
		list, err := d.Deliveries(patient(t), a, erpclient.Order{ID: idOf(t, d, saleModel, "reference", reference)})
		if err != nil || len(list) != 1 || list[0].Shipped != shipped || list[0].ShippedAt.IsZero() == shipped {
			t.Errorf("%s: got %+v, %v", reference, list, err)
		}
	}
}

func TestRealTrytonStock(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	a := logIn(t, d, "stock_li")
	hat := idOf(t, d, productModel, "code", "FG-HAT")
	got, err := d.ProductByBarcode(patient(t), a, "HAT-01")
	// 400 and 40 and 15 were counted; 4 orders of 2 are shipped, and what is packed is not in the storage any more.
	want := erpclient.Product{ID: hat, Code: "FG-HAT", Barcode: "HAT-01", Name: "羊毛帽 Wool hat", Unit: "u", Price: "89.9", Quantity: "443"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	south := idOf(t, d, "stock.location", "code", "WH2")
	page, err := d.Stock(patient(t), a, erpclient.StockQuery{WarehouseID: south})
	want.Barcode, want.Quantity = "6901234000085", "15"
	items := []erpclient.StockItem{{Product: want, WarehouseID: south, WarehouseName: "二号仓 South warehouse"}}
	if err != nil || *page.Total != 1 || !slices.Equal(page.Items, items) {
		t.Errorf("one warehouse: got %+v, %v, want %+v", page, err, items)
	}
	all, err := d.Stock(patient(t), a, erpclient.StockQuery{PageSize: 2})
	if err != nil || *all.Total != 5 || len(all.Items) != 2 {
		t.Errorf("all: got %+v, %v", all, err)
	}
	down, err := d.Stock(patient(t), a, erpclient.StockQuery{Keyword: "RM-DOWN"})
	if err != nil || len(down.Items) != 1 || down.Items[0].Quantity != "95.6" { // 100.5 less 14 jackets' 0.35
		t.Errorf("in kilograms: got %+v, %v", down, err)
	}
}

func TestRealTrytonApprovals(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	a := logIn(t, d, "buyer_wang")
	for state, want := range map[erpclient.ApprovalState]int{"": 8, erpclient.ApprovalPending: 6, erpclient.ApprovalApproved: 1, erpclient.ApprovalRejected: 1} {
		page, err := d.Approvals(patient(t), a, erpclient.ApprovalQuery{State: state})
		if err != nil || *page.Total != want || len(page.Approvals) != want {
			t.Errorf("%q: got %+v, %v, want %d", state, page, err, want)
		}
	}
	id := idOf(t, d, purchaseModel, "reference", "PO-Q3")
	got, err := d.Approval(patient(t), a, id)
	want := erpclient.Approval{
		ID: id, Kind: "purchase", No: got.No, Title: "织造厂 Mill", Applicant: "Administrator", Amount: "750.00", Currency: "CNY",
		Date: got.Date, State: erpclient.ApprovalPending, RawState: "quotation",
	}
	if err != nil || got != want || got.Date == "" || got.No == "" {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestRealTrytonSales(t *testing.T) {
	d := newReal(t, trytontest.Start(t))
	a := logIn(t, d, "sales_zhang")
	all, err := d.Sales(patient(t), a, "", "")
	if err != nil || len(all) != 20 { // four sold orders of two lines for each of two customers, and 2 + 1 + 1 of jackets
		t.Errorf("got %d sales, %v: %+v", len(all), err, all)
	}
	own, err := d.Sales(patient(t), erpclient.Auth{Session: a.Session, Scope: erpclient.Scope{CustomerID: idOf(t, d, "party.party", "code", "C-SOUTH")}}, "", "")
	if err != nil || len(own) != 9 {
		t.Errorf("one customer's: got %d, %v", len(own), err)
	}
}
