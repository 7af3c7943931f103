package psi

import (
	"reflect"
	"strings"
	"testing"

	"snowgate/erpclient"
)

func TestARecordIsWrittenInOneCall(t *testing.T) {
	left := erpclient.Decimal("41.50")
	for name, tt := range map[string]struct {
		data    string
		id      string
		balance *erpclient.Decimal
		drifts  []erpclient.Drift
	}{
		"as agreed":      {`{"recordId":60001,"productId":8001,"warehouseId":61,"quantity":1.5,"type":"in","balance":"41.50"}`, "60001", &left, nil},
		"id by its name": {`{"id":"60001"}`, "60001", nil, nil},
		// The code says that it is written: what is beside it changes nothing of that.
		"no id":   {`{}`, "REF1", nil, []erpclient.Drift{drift(opRecordStock, "record.recordId", "id", "missing")}},
		"null":    {`null`, "REF1", nil, []erpclient.Drift{drift(opRecordStock, "record", "object", "null")}},
		"a list":  {`[]`, "REF1", nil, []erpclient.Drift{drift(opRecordStock, "record", "object", "array")}},
		"another": {`{"recordId":60001,"productId":8002,"warehouseId":61,"quantity":2,"type":"in"}`, "60001", nil, []erpclient.Drift{drift(opRecordStock, "record.productId", "as it was sent", "another"), drift(opRecordStock, "record.quantity", "as it was sent", "another")}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, ok(tt.data))
			got, err := s.RecordStock(t.Context(), byKey(), goodsIn)
			want := erpclient.StockRecord{ID: tt.id, ProductID: "8001", WarehouseID: "61", Quantity: "1.50", Direction: erpclient.StockIn, Balance: tt.balance}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			s.wantDrift(t, tt.drifts...)
			sent := s.last(t)
			const body = `{"productId":8001,"warehouseId":61,"quantity":1.50,"type":"in","operator":"吴仓管","reference":"REF1"}`
			if sent.line != "POST /api/inventory/record" || sent.body != body || sent.header.Get("Idempotency-Key") != "REF1" {
				t.Errorf("sent %+v", sent)
			}
		})
	}
	s := newScripted(t, ok(`{"recordId":1}`))
	odd := goodsIn
	odd.ProductID, odd.WarehouseID = "P-1", "061"
	if _, err := s.RecordStock(t.Context(), byKey(), odd); err != nil || !strings.HasPrefix(s.last(t).body, `{"productId":"P-1","warehouseId":"061",`) {
		t.Errorf("%v, sent %s", err, s.last(t).body)
	}
}

func TestARecordIsFoundByItsReference(t *testing.T) {
	const rec = `{"recordId":60001,"productId":8001,"warehouseId":61,"quantity":"1.50","type":"out","balance":0,"reference":"REF1"}`
	none := erpclient.Decimal("0")
	found := erpclient.StockRecord{ID: "60001", ProductID: "8001", WarehouseID: "61", Quantity: "1.50", Direction: erpclient.StockOut, Balance: &none}
	for name, tt := range map[string]struct {
		data string
		kind erpclient.Kind
	}{
		"one":            {rec, ""},
		"in a list":      {`[{"recordId":1,"reference":"REF10"},` + rec + `]`, ""},
		"null":           {"null", erpclient.KindNotFound},
		"an empty list":  {"[]", erpclient.KindNotFound},
		"another":        {`{"recordId":1,"reference":"REF10"}`, erpclient.KindBadAnswer},
		"the latest ten": {`[{"recordId":1,"reference":"REF10"}]`, erpclient.KindBadAnswer},
		"who knows":      {`{"recordId":1}`, erpclient.KindBadAnswer},
		"without an id":  {`{"reference":"REF1"}`, erpclient.KindBadAnswer},
		"a text":         {`"none"`, erpclient.KindBadAnswer},
		"list of texts":  {`["none"]`, erpclient.KindBadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScripted(t, ok(tt.data), withLookup)
			got, err := s.StockRecord(t.Context(), byKey(), "REF1")
			if tt.kind != "" {
				wantKind(t, err, tt.kind)
				return
			}
			if err != nil || !reflect.DeepEqual(got, found) || s.last(t).line != "GET /api/inventory/record?reference=REF1" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	absent := newScripted(t, saying(`{"code":0,"message":"no data at all"}`), withLookup)
	_, err := absent.StockRecord(t.Context(), byKey(), "REF1")
	wantKind(t, err, erpclient.KindBadAnswer)
	_, err = absent.StockRecord(t.Context(), byKey(), "")
	wantKind(t, err, erpclient.KindInvalid)
}
