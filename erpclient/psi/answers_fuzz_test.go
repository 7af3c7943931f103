package psi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// always is a transport that gives the same answer to everything.
type always struct {
	status     int
	retryAfter string
	body       []byte
}

func (a always) RoundTrip(req *http.Request) (*http.Response, error) {
	h := http.Header{"Content-Type": {"application/json"}, "Retry-After": {a.retryAfter}}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(bytes.NewReader(a.body)), Request: req}, nil
}

func onAnswer(t *testing.T, a always, change ...func(*Config)) *Driver {
	t.Helper()
	client, err := erphttp.New(erphttp.Config{Origin: "https://psi.example", Transport: a})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{HTTP: client, APIKey: testKey}
	for _, c := range change {
		c(&cfg)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// judged holds an error to be one of ours, and the key to be in none.
func judged(t *testing.T, op string, err error) {
	t.Helper()
	var e *erpclient.Error
	if !errors.As(err, &e) || e.Kind == "" || e.RetryAfter < 0 || strings.Contains(err.Error(), testKey) {
		t.Errorf("%s: %v", op, err)
	}
}

// Whatever a system answers, every question ends, with an error of ours or with something that can be sent on.
func FuzzAnswers(f *testing.F) {
	for _, data := range []string{
		`{"id":7001,"barcode":" 690 ","name":"帽","price":"1,200.50","quantity":-0}`, `[{"productId":"1","warehouseId":2,"quantity":1e400}]`, `[]`, `null`, `7`, `"x"`,
		`[null,7,{"id":{}}]`, `[{"id":1,"name":"主仓库"},{"id":"1.0"}]`, `{"recordId":9,"reference":"R1","type":"in","balance":"2"}`, `[{"reference":"R2"}]`,
		`{"token":"t","companyId":1,"companyName":[]}`,
	} {
		f.Add(0, "4", []byte(`{"code":0,"message":"ok","total":1,"data":`+data+`}`))
		f.Add(0, "", []byte(`{"code":"200","data":`+data+`,"total":"-1"}`))
	}
	f.Add(0, "Fri, 31 Dec 9999 23:59:59 GMT", []byte(`{"code":429,"message":"`+strings.Repeat("慢", 300)+`"}`))
	f.Add(201, "99999999999999999999", []byte(`{"code":401,"message":"token"}`))
	f.Add(303, "-1", []byte(`<html>`))
	f.Add(0, "", []byte("\ufeff{\"code\":0}"))
	f.Add(0, "", []byte(``))
	f.Fuzz(func(t *testing.T, status int, retryAfter string, body []byte) {
		a := always{200 + (status%400+400)%400, retryAfter, body}
		d, p := onAnswer(t, a, withLookup), onAnswer(t, a, withLogin)
		entry := erpclient.StockEntry{Reference: "R1", ProductID: "1", WarehouseID: "2", Quantity: "1", Direction: erpclient.StockIn}
		for op, ask := range map[string]func() (any, error){
			opProbe:       func() (any, error) { return nil, d.Probe(t.Context(), byKey().Session) },
			opProduct:     func() (any, error) { return d.ProductByBarcode(t.Context(), byKey(), "690") },
			opStock:       func() (any, error) { return d.Stock(t.Context(), byKey(), erpclient.StockQuery{WarehouseID: "2"}) },
			opWarehouses:  func() (any, error) { return d.Warehouses(t.Context(), byKey()) },
			opRecordStock: func() (any, error) { return d.RecordStock(t.Context(), byKey(), entry) },
			opStockRecord: func() (any, error) { return d.StockRecord(t.Context(), byKey(), "R1") },
			opLogin:       func() (any, error) { return p.Login(t.Context(), erpclient.Credentials{Account: "a", Secret: testKey}) },
		} {
			got, err := ask()
			if err != nil {
				judged(t, op, err)
				continue
			}
			if text, err := json.Marshal(got); err != nil || !json.Valid(text) {
				t.Errorf("%s: %+v cannot be written: %v", op, got, err)
			}
			kept(t, got)
		}
	})
}

// kept holds answers to what was asked for.
func kept(t *testing.T, got any) {
	t.Helper()
	switch got := got.(type) {
	case erpclient.Product:
		if got.Barcode != "690" || got.ID == "" {
			t.Errorf("another product: %+v", got)
		}
	case erpclient.StockPage:
		for _, item := range got.Items {
			if item.WarehouseID != "2" || item.ID == "" {
				t.Errorf("of another warehouse: %+v", item)
			}
		}
		if got.Total != nil && *got.Total < 0 {
			t.Errorf("a total of %d", *got.Total)
		}
	case erpclient.StockRecord:
		if got.ID == "" {
			t.Errorf("a record without an id: %+v", got)
		}
	case erpclient.Session:
		if !isToken(got.Token) {
			t.Errorf("the token %q does not fit into a header", got.Token)
		}
	}
}
