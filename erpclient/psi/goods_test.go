package psi

import (
	"net/http"
	"reflect"
	"testing"

	"snowgate/erpclient"
)

const tent = `{"id":8001,"code":"P-1001","barcode":"2100000080010","name":"雪地帐篷","spec":"2人","unit":"件","price":"1288.50","quantity":40.10}`

var readTent = erpclient.Product{
	ID: "8001", Code: "P-1001", Barcode: "2100000080010", Name: "雪地帐篷", Spec: "2人", Unit: "件", Price: "1288.50", Quantity: "40.10",
}

func drift(op, path, want, got string) erpclient.Drift {
	return erpclient.Drift{Op: op, Path: path, Want: want, Got: got}
}

func TestAProductByItsBarcode(t *testing.T) {
	bare := erpclient.Product{ID: "9007199254740993", Barcode: "2100000080010", Name: "x", Quantity: "1"}
	for name, tt := range map[string]struct {
		data   string
		want   erpclient.Product
		kind   erpclient.Kind
		drifts []erpclient.Drift
	}{
		"as agreed":         {tent, readTent, "", nil},
		"null":              {"null", erpclient.Product{}, erpclient.KindNotFound, nil},
		"nulls inside":      {`{"id":"9007199254740993","barcode":" 2100000080010 ","name":"x","spec":null,"unit":null,"price":null,"quantity":"1"}`, bare, "", nil},
		"another product":   {`{"id":1,"barcode":"2","name":"x","spec":"","unit":"","price":1,"quantity":1}`, erpclient.Product{}, erpclient.KindNotFound, []erpclient.Drift{drift(opProduct, "product.barcode", "the one asked for", "another")}},
		"no id":             {`{"name":"x"}`, erpclient.Product{}, erpclient.KindBadAnswer, []erpclient.Drift{drift(opProduct, "product.id", "id", "missing")}},
		"an id of no sense": {`{"id":1.5}`, erpclient.Product{}, erpclient.KindBadAnswer, []erpclient.Drift{drift(opProduct, "product.id", "id", "number")}},
		"a list":            {`[` + tent + `]`, erpclient.Product{}, erpclient.KindBadAnswer, []erpclient.Drift{drift(opProduct, "product", "object", "array")}},
		"other types": {`{"id":9007199254740993,"name":"x","spec":{},"unit":"","price":true,"quantity":1}`, bare, "", []erpclient.Drift{
			drift(opProduct, "product.barcode", "present", "missing"), drift(opProduct, "product.spec", "string", "object"), drift(opProduct, "product.price", "number", "bool"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, ok(tt.data))
			got, err := s.ProductByBarcode(t.Context(), byKey(), "2100000080010")
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil {
				t.Fatal(err)
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			s.wantDrift(t, tt.drifts...)
		})
	}
	s := newScripted(t, ok(tent))
	_, err := s.ProductByBarcode(t.Context(), byKey(), "")
	if wantKind(t, err, erpclient.KindNotFound); len(s.requests()) != 0 {
		t.Error("the system was asked for nothing")
	}
}

func TestWhatPeopleTypeIsEscaped(t *testing.T) {
	s := newScripted(t, ok("[]"))
	query := erpclient.StockQuery{Keyword: " 50% C++ & #1/雪 ", WarehouseID: "a+b", Page: 3, PageSize: 7}
	if _, err := s.Stock(t.Context(), byKey(), query); err != nil {
		t.Fatal(err)
	}
	const want = "GET /api/inventory/list?keyword=50%25+C%2B%2B+%26+%231%2F%E9%9B%AA&page=3&pageSize=7&warehouseId=a%2Bb"
	if got := s.last(t).line; got != want {
		t.Errorf("asked %s\nwant  %s", got, want)
	}
	s = newScripted(t, ok("null"), func(c *Config) { c.Paths.Product = "/v2/goods" })
	_, _ = s.ProductByBarcode(t.Context(), byKey(), "21+0 0/?&=")
	if got := s.last(t).line; got != "GET /v2/goods?barcode=21%2B0+0%2F%3F%26%3D" {
		t.Errorf("asked %s", got)
	}
}

func TestAPageOfStock(t *testing.T) {
	item := erpclient.StockItem{Product: readTent, Minimum: "10"}
	row := tent[:len(tent)-1] + `,"minimum":10}`
	inFirst := erpclient.StockItem{Product: erpclient.Product{ID: "8001", Name: "x", Quantity: "2"}, WarehouseID: "61", WarehouseName: "一号仓"}
	rowIn := func(warehouse string) string {
		return `{"id":1,"productId":8001,"name":"x","quantity":2,"warehouseId":` + warehouse + `,"warehouseName":"一号仓"}`
	}
	one := 1
	for name, tt := range map[string]struct {
		warehouse, rest string
		want            erpclient.StockPage
		kind            erpclient.Kind
		drifts          []erpclient.Drift
	}{
		"as agreed":            {"", `[` + row + `],"total":1`, erpclient.StockPage{Items: []erpclient.StockItem{item}, Total: &one}, "", nil},
		"total as a text":      {"", `[],"total":"1"`, erpclient.StockPage{Items: []erpclient.StockItem{}, Total: &one}, "", nil},
		"no total":             {"", `[` + row + `]`, erpclient.StockPage{Items: []erpclient.StockItem{item}}, "", nil},
		"a total of no sense":  {"", `[],"total":{}`, erpclient.StockPage{Items: []erpclient.StockItem{}}, "", []erpclient.Drift{drift(opStock, "total", "number", "object")}},
		"null for none":        {"", `null,"total":1`, erpclient.StockPage{Items: []erpclient.StockItem{}, Total: &one}, "", []erpclient.Drift{drift(opStock, "inventory", "array", "null")}},
		"an object":            {"", `{"list":[]}`, erpclient.StockPage{}, erpclient.KindBadAnswer, []erpclient.Drift{drift(opStock, "inventory", "array", "object")}},
		"one broken row":       {"", `[` + row + `,{"name":"x"},7],"total":1`, erpclient.StockPage{Items: []erpclient.StockItem{item}, Total: &one}, "", []erpclient.Drift{drift(opStock, "inventory.id", "id", "missing"), drift(opStock, "inventory", "object", "number")}},
		"only broken rows":     {"", `[{"name":"x"}]`, erpclient.StockPage{}, erpclient.KindBadAnswer, []erpclient.Drift{drift(opStock, "inventory.id", "id", "missing")}},
		"only odd rows":        {"", `[1,2]`, erpclient.StockPage{}, erpclient.KindBadAnswer, []erpclient.Drift{drift(opStock, "inventory", "object", "number")}},
		"one warehouse":        {"61", `[` + rowIn("61") + `],"total":1`, erpclient.StockPage{Items: []erpclient.StockItem{inFirst}, Total: &one}, "", nil},
		"others among them":    {"61", `[` + rowIn("62") + `,` + rowIn("61") + `],"total":2`, erpclient.StockPage{Items: []erpclient.StockItem{inFirst}}, "", nil},
		"nobody says in which": {"61", `[` + row + `],"total":1`, erpclient.StockPage{}, erpclient.KindNotSupported, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, saying(`{"code":"0","message":"","data":`+tt.rest+`}`))
			got, err := s.Stock(t.Context(), byKey(), erpclient.StockQuery{WarehouseID: tt.warehouse})
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			s.wantDrift(t, tt.drifts...)
		})
	}
}

func TestTheListOfWarehouses(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   []erpclient.Warehouse
		kind   erpclient.Kind
	}{
		"as agreed":      {ok(`[{"id":61,"name":"一号仓"},{"id":"62","name":"二号仓"}]`), []erpclient.Warehouse{{ID: "61", Name: "一号仓"}, {ID: "62", Name: "二号仓"}}, ""},
		"none":           {ok(`[]`), []erpclient.Warehouse{}, ""},
		"null":           {ok(`null`), []erpclient.Warehouse{}, ""},
		"200 is success": {saying(`{"code":200,"data":[]}`), []erpclient.Warehouse{}, ""},
		"a broken one":   {ok(`[{"name":"x"},{"id":61}]`), []erpclient.Warehouse{{ID: "61"}}, ""},
		"only broken":    {ok(`[{"name":"x"}]`), nil, erpclient.KindBadAnswer},
		"no data":        {saying(`{"code":0}`), nil, erpclient.KindBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newScripted(t, tt.answer).Warehouses(t.Context(), byKey())
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
			} else if err != nil || got == nil {
				t.Fatalf("got %#v, %v", got, err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
