package tryton

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"snowgate/erpclient"
)

const (
	saleCreate = "model.sale.sale.create"
	saleQuote  = "model.sale.sale.quote"
	lineChange = "model.sale.line.on_change"
)

// saleReplies are what Tryton said while an order was made.
func saleReplies() map[string][]reply {
	quotation := `[{"id":51,"number":"39","reference":"ref","party.":{"id":2,"name":"N"},"state":"quotation","sale_date":null,"shipping_date":null,` +
		`"total_amount":{"__class__":"Decimal","decimal":"179.80"},"currency.":{"id":1,"code":"CNY"},"comment":"hello","lines.":[]}]`
	return map[string][]reply{
		salesRead:                           {nothing, result(quotation)},
		"model.sale.sale.default_get":       {result(`{"company":1,"company.":{"rec_name":"W"},"currency":1,"warehouse":null}`)},
		"model.sale.sale.on_change":         {result(`[{"shipment_address":3,"shipment_address.":{"rec_name":"A"},"invoice_address":2,"invoice_party":null,"payment_term":1,"party_lang":"en"}]`)},
		"model.stock.location.search_read":  {result(`[{"id":5,"name":"Main","code":"WH","storage_location":3,"lost_found_location":4},{"id":16,"name":"South","code":"WH2","storage_location":13,"lost_found_location":4}]`)},
		"model.product.product.search_read": {result(`[{"id":8,"sale_uom.":{"id":1,"digits":0}}]`)},
		lineChange:                          {result(`[{"unit":1,"unit.":{"rec_name":"Unit"},"unit_price":{"__class__":"Decimal","decimal":"89.9000"},"unit_digits":0,"taxes":[4,5],"amount":{"__class__":"Decimal","decimal":"179.80"}}]`)},
		saleCreate:                          {result("[51]")},
		saleQuote:                           {null},
	}
}

var twoHats = erpclient.NewOrder{Reference: "ref", CustomerID: "2", Remark: "hello", Lines: []erpclient.NewOrderLine{{ProductID: "8", Quantity: "2"}}}

func TestNewOrdersAreWhatTrytonProposes(t *testing.T) {
	d, s, a := newScripted(t, saleReplies(), wantNoDrift(t), func(c *Config) { c.SalesWarehouse = "WH2" })
	a.Scope.CustomerID = "2"
	order := twoHats
	order.CustomerID = "3" // a scope is stronger
	got, err := d.CreateOrder(t.Context(), a, order)
	if err != nil || got.ID != "51" || got.OrderNo != "39" || got.CustomerID != "2" {
		t.Errorf("got %+v, %v", got, err)
	}
	var sent []map[string]any
	if err := json.Unmarshal(s.last(t, saleCreate).Params[0], &sent); err != nil || len(sent) != 1 {
		t.Fatalf("sent %v, %v", sent, err)
	}
	day, _ := sentDay(d.today())
	text, _ := json.Marshal(sent[0])
	wantDay, _ := json.Marshal(map[string]any{"__class__": "date", "year": day.Year, "month": day.Month, "day": day.Day})
	want := `{"comment":"hello","company":1,"currency":1,"invoice_address":2,"lines":[["create",[{"product":8,"quantity":2,"taxes":[["add",[4,5]]],"type":"line","unit":1,` +
		`"unit_price":{"__class__":"Decimal","decimal":"89.9000"}}]]],"party":2,"payment_term":1,"reference":"ref","sale_date":` + string(wantDay) + `,"shipment_address":3,"warehouse":16}`
	if string(text) != want {
		t.Errorf("sent\n%s, want\n%s", text, want)
	}
	if given := string(s.last(t, lineChange).Params[0]); !strings.Contains(given, `"_parent_sale.party":2`) || !strings.Contains(given, `"_parent_sale.warehouse":16`) {
		t.Errorf("the price was asked for with %s", given)
	}
}

func TestNewOrdersThatFail(t *testing.T) {
	broken := reply{status: 503}
	for name, tt := range map[string]struct {
		method string
		reply  reply
		want   erpclient.Kind
		unsent bool
	}{
		"looking it up":        {salesRead, broken, erpclient.KindUnavailable, true},
		"proposals":            {"model.sale.sale.default_get", result("[]"), erpclient.KindBadAnswer, true},
		"proposals for them":   {"model.sale.sale.on_change", null, erpclient.KindBadAnswer, true},
		"a customer unknown":   {"model.sale.sale.on_change", userErrorOf("You are trying to read records that don't exist anymore."), erpclient.KindNotFound, true},
		"no warehouse":         {"model.stock.location.search_read", nothing, erpclient.KindConflict, true},
		"a product unknown":    {"model.product.product.search_read", nothing, erpclient.KindNotFound, true},
		"no price":             {lineChange, result(`[{"unit":1}]`), erpclient.KindConflict, true},
		"refused":              {saleCreate, userErrorOf("The value is not valid."), erpclient.KindInvalid, false},
		"without the right":    {saleCreate, userErrorOf("You are not allowed to access it."), erpclient.KindForbidden, false},
		"nobody knows":         {saleCreate, broken, erpclient.KindUnavailable, false},
		"made, but which":      {saleCreate, null, erpclient.KindOutcomeUnknown, false},
		"made, but not quoted": {saleQuote, broken, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			replies := saleReplies()
			replies[tt.method] = []reply{tt.reply}
			d, s, a := newScripted(t, replies)
			got, err := d.CreateOrder(t.Context(), a, twoHats)
			wantKind(t, err, tt.want)
			var e *erpclient.Error
			if errors.As(err, &e) && e.Unsent != tt.unsent {
				t.Errorf("unsent is %v", e.Unsent)
			}
			if made := slices.Contains(s.methods(), "sale.sale.create"); made == tt.unsent {
				t.Errorf("made is %v", made)
			}
			if want := (erpclient.Order{
				ID: "51", OrderNo: "(51)", CustomerOrderNo: "ref", CustomerID: "2", Status: erpclient.StateNotStarted, StatusText: "草稿", RawStatus: "draft", Remark: "hello",
			}); tt.want == "" && got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	d, _, a := newScripted(t, saleReplies())
	fractions := twoHats
	fractions.Lines = []erpclient.NewOrderLine{{ProductID: "8", Quantity: "1.5"}}
	_, err := d.CreateOrder(t.Context(), a, fractions)
	wantKind(t, err, erpclient.KindInvalid)
}

func TestAnOrderIsNotMadeTwice(t *testing.T) {
	replies := saleReplies()
	replies[salesRead] = replies[salesRead][1:]
	d, s, a := newScripted(t, replies)
	got, err := d.CreateOrder(t.Context(), a, twoHats)
	if err != nil || got.ID != "51" || slices.Contains(s.methods(), "sale.sale.create") || slices.Contains(s.methods(), "sale.sale.quote") {
		t.Errorf("got %+v, %v after %v", got, err, s.methods())
	}
}
