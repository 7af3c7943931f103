package snowbeasts

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
)

// orderServer has so many orders, one a day back from 2026-01-31, and answers lists as the real ERP does.
func orderServer(orders int, change func(n int, row map[string]any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Page     int `json:"page"`
			PageSize int `json:"pageSize"`
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		rows := []map[string]any{}
		for n := in.Page * in.PageSize; n < min(orders, (in.Page+1)*in.PageSize); n++ {
			day := time.Date(2026, 1, 31-n, 9, 0, 0, 0, time.UTC)
			row := map[string]any{"id": n + 1, "code": fmt.Sprint("SO", n), "date": day.Format(time.DateTime), "customerId": 501, "status": 1}
			if change != nil {
				change(n, row)
			}
			rows = append(rows, row)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"success": true, "data": map[string]any{"_count": orders, "_dataList": rows}})
	}
}

// replayed lets the scripted ERP read a body it has already noted.
func replayed(h http.HandlerFunc, s **scripted) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		all := (*s).requests()
		body, _ := json.Marshal(all[len(all)-1].body)
		again := r.Clone(r.Context())
		again.Body = http.MaxBytesReader(w, readCloser{strings.NewReader(string(body))}, 1<<20)
		h(w, again)
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func newOrderServer(t *testing.T, orders int, row func(int, map[string]any), change ...func(*Config)) *scripted {
	t.Helper()
	var s *scripted
	s = newScripted(t, replayed(orderServer(orders, row), &s), append([]func(*Config){companyForms}, change...)...)
	return s
}

func TestOrdersBetweenDaysAreExact(t *testing.T) {
	for name, tt := range map[string]struct {
		query erpclient.OrderQuery
		total int
		first string
		rows  int
	}{
		"a day":           {erpclient.OrderQuery{From: "2026-01-31", To: "2026-01-31"}, 1, "1", 1},
		"both included":   {erpclient.OrderQuery{From: "2026-01-10", To: "2026-01-20"}, 11, "12", 11},
		"open to the end": {erpclient.OrderQuery{From: "2026-01-01"}, 31, "1", 20},
		"open before":     {erpclient.OrderQuery{To: "2025-12-31", PageSize: 3}, 1169, "32", 3},
		"second page":     {erpclient.OrderQuery{From: "2026-01-01", Page: 2, PageSize: 25}, 31, "26", 6},
		"past the end":    {erpclient.OrderQuery{From: "2026-01-01", Page: 1 << 60, PageSize: 25}, 31, "", 0},
		"nothing then":    {erpclient.OrderQuery{From: "2026-02-01"}, 0, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			erp := newOrderServer(t, 1200, nil)
			got, err := erp.SearchOrders(t.Context(), only("501"), tt.query)
			if err != nil || got.Total == nil || *got.Total != tt.total || len(got.Orders) != tt.rows || tt.rows > 0 && got.Orders[0].ID != tt.first {
				t.Fatalf("got %+v, %v", got, err)
			}
			if n := len(erp.requests()); n != 3 {
				t.Errorf("asked %d times for 1200 orders, want 3", n)
			}
		})
	}
}

func TestTooManyOrdersToLookThrough(t *testing.T) {
	erp := newOrderServer(t, 5001, nil)
	_, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{From: "2026-01-31"})
	if wantKind(t, err, erpclient.KindNotSupported, ""); len(erp.requests()) != 1 {
		t.Errorf("asked %d times: the count says it at once", len(erp.requests()))
	}
}

func TestNewestFirstEndsEarly(t *testing.T) {
	sorted := func(c *Config) { c.Forms.NewestFirst = "date desc" }
	today := erpclient.OrderQuery{From: "2026-01-31"}
	erp := newOrderServer(t, 100_000, nil, sorted)
	got, err := erp.SearchOrders(t.Context(), everybody(), today)
	if err != nil || *got.Total != 1 || len(erp.requests()) != 1 || erp.last(t)["orderby"] != "date desc" {
		t.Errorf("got %+v, %v in %d calls", got, err, len(erp.requests()))
	}
	unsorted := newOrderServer(t, 1200, func(n int, row map[string]any) {
		if n == 1100 {
			row["date"] = "2026-01-31"
		}
	}, sorted)
	// Pages one and two are sorted: what comes after nobody can know.
	if got, err := unsorted.SearchOrders(t.Context(), everybody(), today); err != nil || *got.Total != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
	for n, day := range map[int]any{300: "2026-01-31", 0: nil} {
		unsorted := newOrderServer(t, 1200, func(i int, row map[string]any) {
			if i == n || i == 1100 {
				row["date"] = day
			}
		}, sorted)
		if _, err := unsorted.SearchOrders(t.Context(), everybody(), today); err != nil || len(unsorted.requests()) != 3 {
			t.Errorf("an order out of place: %v in %d calls, want all 3", err, len(unsorted.requests()))
		}
	}
	endless := newOrderServer(t, 100_000, func(_ int, row map[string]any) { row["date"] = "2026-01-31" }, sorted)
	_, err = endless.SearchOrders(t.Context(), everybody(), today)
	if wantKind(t, err, erpclient.KindNotSupported, ""); len(endless.requests()) != maxScanPages {
		t.Errorf("asked %d times", len(endless.requests()))
	}
}

func TestAnERPThatRepeatsItsFirstPageIsNoAnswer(t *testing.T) {
	rows := `{"id":1,"code":"A","date":"2026-01-01"},{"id":2,"code":"B","date":"2026-01-02"}`
	erp := newScripted(t, answering(`{"success":true,"data":{"_count":900,"_dataList":[`+rows+`]}}`))
	_, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{From: "2026-01-01"})
	wantKind(t, err, erpclient.KindBadAnswer, "")
}

func TestOrdersWithoutADateCannotBeNarrowedByIt(t *testing.T) {
	erp := newScripted(t, emptyList, func(c *Config) { c.Forms.Orders.Fields = map[string]string{"orderDate": ""} })
	_, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{To: "2026-01-01"})
	wantKind(t, err, erpclient.KindNotSupported, "")
	if !erp.Lacks(erpclient.CapabilitySales) {
		t.Error("sales without days")
	}
}

func TestSalesAreTheLinesOfTheOrders(t *testing.T) {
	orders := page1(`{"id":11,"code":"A","date":"2026-01-20","status":1,"customerId":501},{"id":10,"code":"B","date":"2026-01-19","status":4,"customerId":501},
		{"id":9,"code":"C","date":"2026-01-18","status":5,"customerId":501},{"id":8,"code":"D","date":"2026-01-01","status":4,"customerId":501}`)
	lines := page1(`{"id":1,"salesOrderId":11,"productId":8001,"productName":"雪地帐篷","quantity":2,"amount":"2001.00","customerId":501},
		{"id":2,"salesOrderId":10,"productId":8005,"quantity":"12.5","amount":null},{"id":2,"salesOrderId":10,"productId":8005,"quantity":"12.5"},
		{"id":3,"salesOrderId":77,"productId":8005,"quantity":1},{"id":4,"salesOrderId":10,"productId":8005,"quantity":1,"customerId":502}`)
	var erp *scripted
	erp = newScripted(t, func(w http.ResponseWriter, r *http.Request) {
		if erp.last(t)["formId"] == 100001.0 {
			answering(orders)(w, r)
			return
		}
		answering(lines)(w, r)
	})
	got, err := erp.Sales(t.Context(), only("501"), "2026-01-18", "2026-01-31")
	want := []erpclient.Sale{
		{Day: "2026-01-19", OrderID: "10", ProductID: "8005", Quantity: "12.5"},
		{Day: "2026-01-20", OrderID: "11", ProductID: "8001", ProductName: "雪地帐篷", Quantity: "2", Amount: "2001.00"},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	filters, _ := erp.last(t)["filters"].(map[string]any)
	if !reflect.DeepEqual(filters, map[string]any{"salesOrderId": []any{"10", "11"}}) {
		t.Errorf("lines narrowed by %v: the cancelled order and the old one are out", filters)
	}
}

func TestSalesOfAnERPThatNarrowsLinesByTheirOrderOnly(t *testing.T) {
	orders := page1(`{"id":11,"code":"A","date":"2026-01-20","status":1},{"id":10,"code":"B","date":"2026-01-19","status":4}`)
	var erp *scripted
	erp = newScripted(t, func(w http.ResponseWriter, r *http.Request) {
		condition, _ := erp.last(t)["condition"].(map[string]any)
		switch order := condition["form.id"]; {
		case erp.last(t)["formId"] == 100001.0:
			answering(orders)(w, r)
		case order == nil:
			emptyList(w, r)
		default:
			answering(page1(fmt.Sprintf(`{"id":"1%v","productId":8001,"quantity":3}`, order)))(w, r)
		}
	})
	got, err := erp.Sales(t.Context(), everybody(), "2026-01-01", "2026-01-31")
	if err != nil || len(got) != 2 || got[0].OrderID != "10" || got[1].OrderID != "11" || got[1].Day != "2026-01-20" {
		t.Errorf("got %+v, %v", got, err)
	}
}
