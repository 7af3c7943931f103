package snowbeasts

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"snowgate/erpclient"
)

const fullOrder = `{"id":9007199254740993,"code":"SO2026013101","customerOrderCode":"PO-7","customerId":501,"customerName":"上海雪原",
	"date":"2026-01-31 10:00:00","deliveryDate":1771603200000,"status":"2","amount":12345.60,"rmbAmount":"1","currency":"USD",
	"shippedRate":"45","producedRate":0.5,"remark":"加急"}`

var readFull = erpclient.Order{
	ID: "9007199254740993", OrderNo: "SO2026013101", CustomerOrderNo: "PO-7", CustomerID: "501", CustomerName: "上海雪原",
	OrderDate: "2026-01-31", DeliveryDate: "2026-02-21", Status: erpclient.StateInProgress, StatusText: "进行中", RawStatus: "2",
	Amount: "12345.60", Currency: "USD", ShippedRate: "0.45", ProducedRate: "0.5", Remark: "加急",
}

func TestSearchOrdersReadsAPage(t *testing.T) {
	erp := newScripted(t, answering(`{"success":true,"data":{"_count":"42","_dataList":[`+fullOrder+`]}}`))
	got, err := erp.SearchOrders(t.Context(), only("501"), erpclient.OrderQuery{Keyword: " 雪原 ", Status: erpclient.StateDone, Page: 3, PageSize: 50})
	if err != nil {
		t.Fatal(err)
	}
	total := 42
	if want := (erpclient.OrderPage{Orders: []erpclient.Order{readFull}, Total: &total}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	body := erp.last(t)
	want := map[string]any{"customerId": "501", "status": []any{4.0}, "systemFulltext": "雪原"}
	if !reflect.DeepEqual(body["filters"], want) || body["page"] != 2.0 || body["pageSize"] != 50.0 {
		t.Errorf("asked %v, page %v, size %v", body["filters"], body["page"], body["pageSize"])
	}
	if len(erp.drifts) != 0 {
		t.Errorf("drift reported for a good answer: %+v", erp.drifts)
	}
}

func TestSearchOrdersTotals(t *testing.T) {
	for count, want := range map[string]any{`7`: 7, `"7"`: 7, `7.0`: 7, `null`: nil, `-1`: nil, `"many"`: nil, `{}`: nil} {
		erp := newScripted(t, answering(`{"success":true,"data":{"_count":`+count+`,"_dataList":[]}}`))
		got, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{})
		if err != nil {
			t.Fatalf("%s: %v", count, err)
		}
		if got.Orders == nil || (got.Total == nil) != (want == nil) || (got.Total != nil && *got.Total != want) {
			t.Errorf("%s: got %+v, want total %v and an empty list", count, got, want)
		}
	}
}

func TestSearchOrdersDropsStrangers(t *testing.T) {
	rows := `{"id":1,"code":"A","customerId":"501"},{"id":2,"code":"B","customerId":"502"},{"id":3,"code":"C","customerId":null},{"id":4,"code":"D"}`
	erp := newScripted(t, answering(page1(rows)))
	got, err := erp.SearchOrders(t.Context(), only("501"), erpclient.OrderQuery{})
	if err != nil || len(got.Orders) != 1 || got.Orders[0].ID != "1" || got.Total != nil {
		t.Fatalf("got %+v, %v, want only order 1 and no total", got, err)
	}
	for _, what := range []string{"another", "null", "missing"} {
		erp.wantDrift(t, erpclient.Drift{Op: opOrders, Path: "orders.customerId", Want: "the scope's customer", Got: what})
	}
	all, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{})
	if err != nil || len(all.Orders) != 4 || all.Total == nil {
		t.Errorf("without a scope: got %+v, %v, want all four", all, err)
	}
}

func TestSearchOrdersByUnknownStatusIsInvalid(t *testing.T) {
	erp := newScripted(t, answering(page1("")))
	_, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{Status: erpclient.StateUnknown})
	wantKind(t, err, erpclient.KindInvalid, "")
	if len(erp.requests()) != 0 {
		t.Error("the ERP was asked for what it cannot narrow")
	}
}

func TestFieldOfAnotherTypeIsUnknownAndReportedOnce(t *testing.T) {
	rows := `{"id":1,"code":"A","amount":{"v":1},"remark":[]},{"id":2,"code":"B","amount":{"v":2}}`
	erp := newScripted(t, answering(page1(rows)))
	got, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{})
	if err != nil || len(got.Orders) != 2 || got.Orders[0].Amount != "" {
		t.Fatalf("got %+v, %v", got, err)
	}
	erp.wantDrift(t, erpclient.Drift{Op: opOrders, Path: "orders.amount", Want: "number", Got: "object"})
	erp.wantDrift(t, erpclient.Drift{Op: opOrders, Path: "orders.remark", Want: "string", Got: "array"})
}

func TestColumnThatNoRowHasIsDrift(t *testing.T) {
	bare := strings.Repeat(`{"id":1,"code":"A"},`, enoughRows-1)
	for _, tc := range []struct {
		name, rows string
		want       bool
	}{
		{"in none of many", bare + `{"id":1,"code":"A"}`, true},
		{"null in one of many", bare + `{"id":1,"code":"A","currency":null}`, false},
		{"in none of a few", `{"id":1,"code":"A"},{"id":2,"code":"B"}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := newScripted(t, answering(page1(tc.rows)))
			if _, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{}); err != nil {
				t.Fatal(err)
			}
			gone := erpclient.Drift{Op: opOrders, Path: "orders.currency", Want: "present", Got: "missing"}
			if got := slices.Contains(erp.drifts, gone); got != tc.want {
				t.Errorf("reported: %v, want %v", got, tc.want)
			}
		})
	}
}

func TestAmountFallsBackToYuan(t *testing.T) {
	for _, tc := range []struct {
		row, amount, currency string
	}{
		{`"amount":"12345.60","currency":"EUR","rmbAmount":9`, "12345.60", "EUR"},
		{`"amount":0,"rmbAmount":9`, "0", ""},
		{`"amount":null,"currency":"EUR","rmbAmount":"9.90"`, "9.90", "CNY"},
		{`"amount":"","rmbAmount":null,"currency":"EUR"`, "", "EUR"},
	} {
		erp := newScripted(t, answering(page1(`{"id":1,"code":"A",`+tc.row+`}`)))
		got, err := erp.Order(t.Context(), everybody(), "1")
		if err != nil || string(got.Amount) != tc.amount || got.Currency != tc.currency {
			t.Errorf("%s: got %q %q, %v", tc.row, got.Amount, got.Currency, err)
		}
	}
}

func TestOrderByID(t *testing.T) {
	stranger := `{"id":9,"code":"X","customerId":"502"}`
	for _, tc := range []struct {
		name, rows, id string
		auth           erpclient.Auth
		want           erpclient.Kind
	}{
		{"found", fullOrder, readFull.ID, only("501"), ""},
		{"found among others", stranger + "," + fullOrder, readFull.ID, everybody(), ""},
		{"neighbour that a float64 cannot tell apart", fullOrder, "9007199254740992", everybody(), erpclient.KindNotFound},
		{"none", "", "9", everybody(), erpclient.KindNotFound},
		{"only others", stranger, "8", everybody(), erpclient.KindNotFound},
		{"another customer's", stranger, "9", only("501"), erpclient.KindNotFound},
		{"nobody's", `{"id":9,"code":"X"}`, "9", only("501"), erpclient.KindNotFound},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := newScripted(t, answering(page1(tc.rows)))
			got, err := erp.Order(t.Context(), tc.auth, tc.id)
			if tc.want != "" {
				wantKind(t, err, tc.want, "")
				return
			}
			if err != nil || got != readFull {
				t.Fatalf("got %+v, %v, want %+v", got, err, readFull)
			}
			filters := map[string]any{"id": []any{tc.id}}
			if tc.auth.Scope.CustomerID != "" {
				filters["customerId"] = tc.auth.Scope.CustomerID
			}
			if asked := erp.last(t)["filters"]; !reflect.DeepEqual(asked, filters) {
				t.Errorf("asked %v, want %v", asked, filters)
			}
		})
	}
}

func TestOrderWithoutIDAsksNothing(t *testing.T) {
	erp := newScripted(t, answering(page1(`{"id":1,"code":"A"}`)))
	_, err := erp.Order(t.Context(), everybody(), "")
	wantKind(t, err, erpclient.KindNotFound, "")
	if len(erp.requests()) != 0 {
		t.Error("an empty filter would have found every order")
	}
}

func TestMoneyKeepsItsDigitsIntoTheAnswer(t *testing.T) {
	erp := newScripted(t, answering(page1(fullOrder)))
	got, err := erp.Order(t.Context(), everybody(), readFull.ID)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(got.Amount)
	if err != nil || string(out) != "12345.60" {
		t.Errorf("got %s, %v", out, err)
	}
}
