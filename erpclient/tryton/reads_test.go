package tryton

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"snowgate/erpclient"
)

func TestQuantitiesAreAskedForByLocation(t *testing.T) {
	product := `[{"id":8,"code":"HAT","name":"Hat","default_uom.":{"id":1,"symbol":"u"},"list_price":null,"identifiers.":[` +
		`{"id":1,"code":"shop","type":null},{"id":2,"code":"69","type":"ean"}],"quantity":409.0}]`
	d, s, a := newScripted(t, map[string][]reply{
		"model.stock.location.search_read":   {result(`[{"id":5,"name":"A","code":"","storage_location":3,"lost_found_location":4},{"id":16,"name":"B","code":null,"storage_location":13,"lost_found_location":4}]`)},
		"model.product.product.search_read":  {result(product)},
		"model.product.product.search_count": {result("1")},
	}, wantNoDrift(t))
	want := erpclient.Product{ID: "8", Code: "HAT", Barcode: "69", Name: "Hat", Unit: "u", Quantity: "409"}
	page, err := d.Stock(t.Context(), a, erpclient.StockQuery{Keyword: "hat"})
	if err != nil || len(page.Items) != 1 || page.Items[0] != (erpclient.StockItem{Product: want}) {
		t.Errorf("got %+v, %v", page, err)
	}
	for _, method := range []string{"model.product.product.search_read", "model.product.product.search_count"} {
		params := s.last(t, method).Params
		if got := string(params[len(params)-1]); got != `{"company":1,"language":"zh_CN","locations":[3,13],"with_childs":true}` {
			t.Errorf("%s: the context is %s", method, got)
		}
	}
	_, err = d.Stock(t.Context(), a, erpclient.StockQuery{WarehouseID: "16"})
	params := s.last(t, "model.product.product.search_read").Params
	if err != nil || !strings.Contains(string(params[0]), `["quantity","!=",0]`) || !strings.Contains(string(params[5]), `"locations":[13]`) {
		t.Errorf("one warehouse: %s, %v", params, err)
	}
	_, err = d.Stock(t.Context(), a, erpclient.StockQuery{WarehouseID: "17"})
	wantKind(t, err, erpclient.KindNotFound)
	_, err = d.ProductByBarcode(t.Context(), a, "SHOP") // as a database that compares regardless of case finds it
	wantKind(t, err, erpclient.KindNotFound)
	if got, err := d.ProductByBarcode(t.Context(), a, "shop"); err != nil || got.Barcode != "shop" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSalesAreReadToTheEnd(t *testing.T) {
	line := func(id int) string {
		return fmt.Sprintf(`{"id":%d,"sale.":{"id":3,"sale_date":{"__class__":"date","year":2026,"month":1,"day":31}},"product.":{"id":8,"name":"Hat"},"quantity":2.0,"amount":{"__class__":"Decimal","decimal":"179.80"}}`, id)
	}
	full := make([]string, maxPageSize)
	for i := range full {
		full[i] = line(i + 1)
	}
	d, s, a := newScripted(t, map[string][]reply{
		"model.sale.line.search_read": {result("[" + strings.Join(full, ",") + "]"), result("[" + line(maxPageSize+1) + "]")},
	}, wantNoDrift(t))
	a.Scope.CustomerID = "2"
	sales, err := d.Sales(t.Context(), a, "2026-01-01", "2026-01-31")
	want := erpclient.Sale{Day: "2026-01-31", OrderID: "3", ProductID: "8", ProductName: "Hat", Quantity: "2", Amount: "179.80"}
	if err != nil || len(sales) != maxPageSize+1 || sales[maxPageSize] != want {
		t.Errorf("got %d sales, %v", len(sales), err)
	}
	last := s.last(t, "model.sale.line.search_read").Params
	if string(last[1]) != "1000" || !strings.Contains(string(last[0]), `["sale.party","=",2]`) || !strings.Contains(string(last[0]), `["confirmed","processing","done"]`) {
		t.Errorf("asked for %s", last)
	}
	_, err = d.Sales(t.Context(), a, "31.1.2026", "")
	wantKind(t, err, erpclient.KindInvalid)
}

func TestInvitesAreExact(t *testing.T) {
	const identifiers = "model.party.identifier.search_read"
	found := func(codes ...string) reply {
		list := []string{}
		for _, c := range codes {
			list = append(list, `{"id":1,"code":"`+c+`","party.":{"id":2,"code":"C-NORTH","name":"N"}}`)
		}
		return result("[" + strings.Join(list, ",") + "]")
	}
	for name, tt := range map[string]struct {
		code  string
		reply reply
		want  erpclient.Kind
	}{
		"its own":         {"Inv-North", found("Inv-North"), ""},
		"another case":    {"INV-NORTH", found("Inv-North"), erpclient.KindNotFound},
		"nobody's":        {"Inv-Other", found(), erpclient.KindNotFound},
		"of two":          {"Inv-North", found("Inv-North", "Inv-North"), erpclient.KindConflict},
		"too short a one": {"1234567", found("1234567"), erpclient.KindNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			d, s, a := newScripted(t, map[string][]reply{identifiers: {tt.reply}})
			got, err := d.CustomerByInvite(t.Context(), a, tt.code)
			wantKind(t, err, tt.want)
			if want := (erpclient.Customer{ID: "2", Code: "C-NORTH", Name: "N"}); tt.want == "" && got != want {
				t.Errorf("got %+v", got)
			}
			if len(tt.code) >= minInvite {
				if text, _ := json.Marshal(s.last(t, identifiers).Params[0]); string(text) != `[["code","=","`+tt.code+`"],["type","=",null],["party.active","=",true]]` {
					t.Errorf("asked for %s", text)
				}
			}
		})
	}
}

func TestFlows(t *testing.T) {
	line := func(fields string) flow {
		rows, ok := rowsOf(json.RawMessage(`[{"id":1,"type":"line","unit":1,"quantity":10.0,`+fields+`}]`), lineModel, (&Driver{}).drift("op"))
		if !ok {
			t.Fatal("not read")
		}
		return flowOf(rows[0])
	}
	const goods = `"product.":{"id":6,"type":"goods"},`
	to := func(place, state string, unit int, quantity string) string {
		return fmt.Sprintf(`{"state":%q,"quantity":%s,"uom":%d,"to_location.":{"type":%q}}`, state, quantity, unit, place)
	}
	for name, tt := range map[string]struct {
		got  flow
		want flow
	}{
		"a service": {line(`"product.":{"id":6,"type":"service"},"moves.":[]`), flow{quantity: "10"}},
		"a text":    {line(`"product.":null,"moves.":[]`), flow{quantity: "10"}},
		"what has left, and nothing else": {
			line(goods + `"moves.":[` + strings.Join([]string{
				to("customer", "done", 1, "3.5"), to("customer", "done", 1, "0.1"), to("customer", "draft", 1, "6.4"), to("storage", "done", 1, "1"), to("customer", "done", 2, "9"),
			}, ",") + `]`), flow{goods: true, quantity: "10", shipped: "3.6"},
		},
		"what is made, and not a by-product": {
			line(goods + `"moves.":[],"productions.":[` +
				`{"state":"done","quantity":4.0,"uom":1,"outputs.":[{"state":"done","quantity":3.0,"uom":1,"product":6},{"state":"done","quantity":9.0,"uom":1,"product":7}]},` +
				`{"state":"running","quantity":2.0,"uom":1,"outputs.":[{"state":"draft","quantity":2.0,"uom":1,"product":6}]},` +
				`{"state":"waiting","quantity":3.0,"uom":1,"outputs.":[]},{"state":"cancelled","quantity":5.0,"uom":1,"outputs.":[]}]`),
			flow{goods: true, made: true, quantity: "10", shipped: "0", planned: "9", reserved: "6", begun: "6", producing: "2", produced: "3"},
		},
		"nothing is made": {line(goods + `"moves.":[],"productions.":[]`), flow{goods: true, quantity: "10", shipped: "0", planned: "0"}},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, tt.got, tt.want)
		}
	}
	shipped, produced := rates([]flow{
		{goods: true, quantity: "10", shipped: "10"}, {goods: true, made: true, quantity: "4", shipped: "1", produced: "2"}, {quantity: "1"},
	})
	if shipped != "0.625" || produced != "0.5" {
		t.Errorf("got %s and %s", shipped, produced)
	}
	if shipped, produced = rates(nil); shipped != "" || produced != "" {
		t.Errorf("of nothing: %q and %q", shipped, produced)
	}
}

func TestLineStates(t *testing.T) {
	processing, draft := saleStateOf("processing"), saleStateOf("draft")
	for name, tt := range map[string]struct {
		order saleState
		f     flow
		want  erpclient.State
	}{
		"a draft's":         {draft, flow{goods: true, quantity: "1"}, erpclient.StateNotStarted},
		"a service":         {processing, flow{quantity: "1"}, erpclient.StateInProgress},
		"nothing has begun": {processing, flow{goods: true, quantity: "2", shipped: "0"}, erpclient.StateNotStarted},
		"being made":        {processing, flow{goods: true, quantity: "2", shipped: "0", begun: "2"}, erpclient.StateInProgress},
		"a part has left":   {processing, flow{goods: true, quantity: "2", shipped: "1"}, erpclient.StateInProgress},
		"all has left":      {processing, flow{goods: true, quantity: "2", shipped: "2"}, erpclient.StateDone},
		"another version's": {saleStateOf("sent"), flow{goods: true, quantity: "2", shipped: "2"}, erpclient.StateUnknown},
		"cancelled":         {saleStateOf("cancelled"), flow{goods: true, quantity: "2", shipped: "2"}, erpclient.StateCancelled},
	} {
		if got := lineState(tt.order, tt.f); got != tt.want {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
	if raw := rawStates(erpclient.StateInProgress); !slices.Equal(raw, []string{"confirmed", "processing"}) {
		t.Errorf("got %v", raw)
	}
}
