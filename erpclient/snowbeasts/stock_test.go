package snowbeasts

import (
	"reflect"
	"testing"

	"snowgate/erpclient"
)

const tent = `{"id":8001,"code":"P-1001","barcode":"2100000080010","name":"雪地帐篷","spec":"2人","unit":"件","price":"1288.50","quantity":40,"minimum":null}`

var readTent = erpclient.Product{
	ID: "8001", Code: "P-1001", Barcode: "2100000080010", Name: "雪地帐篷", Spec: "2人", Unit: "件", Price: "1288.50", Quantity: "40",
}

func TestABarcodeMustBeTheWholeBarcode(t *testing.T) {
	other := `{"id":8002,"barcode":"21000000800101"}`
	for name, tt := range map[string]struct {
		rows string
		kind erpclient.Kind
	}{
		"the one":          {tent, ""},
		"among others":     {other + "," + tent, ""},
		"the same twice":   {tent + "," + tent, ""},
		"nobody's":         {other, erpclient.KindNotFound},
		"two have it":      {tent + `,{"id":9,"barcode":"2100000080010"}`, erpclient.KindConflict},
		"without identity": {`{"barcode":"2100000080010"}`, erpclient.KindBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			erp := newScripted(t, answering(page1(tt.rows)), companyForms)
			got, err := erp.ProductByBarcode(t.Context(), only("501"), "2100000080010")
			if tt.kind != "" {
				wantKind(t, err, tt.kind, "")
				return
			}
			if err != nil || got != readTent {
				t.Errorf("got %+v, %v", got, err)
			}
			if filters := erp.last(t)["filters"]; !reflect.DeepEqual(filters, map[string]any{"barcode": "2100000080010"}) {
				t.Errorf("narrowed by %v", filters)
			}
		})
	}
	erp := newScripted(t, answering(page1(tent)), companyForms)
	_, err := erp.ProductByBarcode(t.Context(), everybody(), "")
	wantKind(t, err, erpclient.KindNotFound, "")
}

func TestStockIsOfProductsOrOfOneWarehouse(t *testing.T) {
	row := `{"productId":8001,"productCode":"P-1001","productName":"雪地帐篷","quantity":"12.5","warehouseId":61,"warehouseName":"一号仓","minimum":10}`
	inFirst := erpclient.StockItem{
		Product:     erpclient.Product{ID: "8001", Code: "P-1001", Name: "雪地帐篷", Quantity: "12.5"},
		WarehouseID: "61", WarehouseName: "一号仓", Minimum: "10",
	}
	one := 1
	for name, tt := range map[string]struct {
		rows  string
		query erpclient.StockQuery
		want  erpclient.StockPage
		form  float64
	}{
		"all together":     {tent, erpclient.StockQuery{Keyword: " 帐篷 "}, erpclient.StockPage{Items: []erpclient.StockItem{{Product: readTent}}, Total: &one}, 200101},
		"one warehouse":    {row, erpclient.StockQuery{WarehouseID: "61"}, erpclient.StockPage{Items: []erpclient.StockItem{inFirst}, Total: &one}, 200102},
		"not narrowed":     {row, erpclient.StockQuery{WarehouseID: "62"}, erpclient.StockPage{Items: []erpclient.StockItem{}}, 200102},
		"past the end":     {"", erpclient.StockQuery{Page: 9}, erpclient.StockPage{Items: []erpclient.StockItem{}, Total: &one}, 200101},
		"page of a size":   {tent, erpclient.StockQuery{Page: 3, PageSize: 7}, erpclient.StockPage{Items: []erpclient.StockItem{{Product: readTent}}, Total: &one}, 200101},
		"a broken one out": {`{"name":"x"},` + tent, erpclient.StockQuery{}, erpclient.StockPage{Items: []erpclient.StockItem{{Product: readTent}}, Total: &one}, 200101},
	} {
		t.Run(name, func(t *testing.T) {
			erp := newScripted(t, answering(page1(tt.rows)), companyForms)
			got, err := erp.Stock(t.Context(), everybody(), tt.query)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
			body := erp.last(t)
			if body["formId"] != tt.form || body["page"] != float64(max(tt.query.Page, 1)-1) {
				t.Errorf("asked form %v, page %v", body["formId"], body["page"])
			}
			if filters, _ := body["filters"].(map[string]any); tt.query.Keyword != "" && filters["systemFulltext"] != "帐篷" {
				t.Errorf("narrowed by %v", filters)
			}
		})
	}
}

func TestStockOfAnInstallationWithoutQuantitiesOfProducts(t *testing.T) {
	noQuantity := func(c *Config) { c.Forms.Products.Fields = map[string]string{"quantity": ""} }
	erp := newScripted(t, answering(page1(`{"productId":1,"quantity":2,"warehouseId":3}`)), companyForms, noQuantity)
	got, err := erp.Stock(t.Context(), everybody(), erpclient.StockQuery{})
	if err != nil || len(got.Items) != 1 || got.Items[0].WarehouseID != "3" || erp.last(t)["formId"] != 200102.0 {
		t.Errorf("got %+v, %v of form %v", got, err, erp.last(t)["formId"])
	}
	noRows := newScripted(t, answering(page1(tent)), companyForms, func(c *Config) { c.Forms.Stock.ID = "" })
	_, err = noRows.Stock(t.Context(), everybody(), erpclient.StockQuery{WarehouseID: "61"})
	wantKind(t, err, erpclient.KindNotSupported, "")
}

func TestWarehousesAreNeverNull(t *testing.T) {
	erp := newScripted(t, answering(page1(`{"id":61,"name":"一号仓"},{"id":"61","name":"一号仓"},{"name":"?"}`)), companyForms)
	got, err := erp.Warehouses(t.Context(), everybody())
	if err != nil || !reflect.DeepEqual(got, []erpclient.Warehouse{{ID: "61", Name: "一号仓"}}) {
		t.Errorf("got %+v, %v", got, err)
	}
	none, err := newScripted(t, emptyList, companyForms).Warehouses(t.Context(), everybody())
	if err != nil || none == nil || len(none) != 0 {
		t.Errorf("got %#v, %v", none, err)
	}
}

func TestAStockRecordIsWrittenInOneCall(t *testing.T) {
	left := erpclient.Decimal("41.50")
	for answer, want := range map[string]erpclient.StockRecord{
		`{"success":true,"data":{"id":990001,"balance":"41.50"}}`: {ID: "990001", Balance: &left},
		`{"success":true,"data":"990001"}`:                        {ID: "990001"},
		`{"success":1,"data":990001}`:                             {ID: "990001"},
		`{"success":true,"data":null}`:                            {ID: "REF1"},
		`{"success":true}`:                                        {ID: "REF1"},
	} {
		want.ProductID, want.WarehouseID, want.Quantity, want.Direction = "8001", "61", "1.50", erpclient.StockIn
		erp := newScripted(t, answering(answer), companyForms)
		got, err := erp.RecordStock(t.Context(), everybody(), goodsIn)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", answer, got, err)
		}
		sent := map[string]any{
			"appName": "SnowInventory-10001", "formId": 200104.0, "condition": map[string]any{}, "action": 1.0,
			"data": map[string]any{
				"productId": "8001", "warehouseId": "61", "quantity": 1.5, "type": "入库", "operator": "李业务", "外部单号": "REF1",
			},
		}
		if body := erp.last(t); !reflect.DeepEqual(body, sent) {
			t.Errorf("sent %v\nwant %v", body, sent)
		}
	}
	sideways := goodsIn
	sideways.Direction = "sideways"
	erp := newScripted(t, emptyList, companyForms)
	_, err := erp.RecordStock(t.Context(), everybody(), sideways)
	if wantKind(t, err, erpclient.KindInvalid, ""); len(erp.requests()) != 0 {
		t.Error("the ERP was asked")
	}
}

func TestAStockRecordIsFoundByItsReference(t *testing.T) {
	rows := `{"id":1,"外部单号":"REF10"},{"id":2,"外部单号":"REF1","productId":"8001","warehouseId":61,"quantity":"1.50","type":"出库","balance":0}`
	erp := newScripted(t, answering(page1(rows)), companyForms)
	got, err := erp.StockRecord(t.Context(), everybody(), "REF1")
	left := erpclient.Decimal("0")
	want := erpclient.StockRecord{ID: "2", ProductID: "8001", WarehouseID: "61", Quantity: "1.50", Direction: erpclient.StockOut, Balance: &left}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = erp.StockRecord(t.Context(), everybody(), "")
	wantKind(t, err, erpclient.KindInvalid, "")
}
