package snowbeasts

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
)

// reads are all the questions there are, with the kind that a plain {"success": false} leaves in doubt.
var reads = map[string]struct {
	ask       func(context.Context, *Driver) error
	otherwise erpclient.Kind
}{
	"orders": {func(ctx context.Context, d *Driver) error {
		_, err := d.SearchOrders(ctx, everybody(), erpclient.OrderQuery{})
		return err
	}, erpclient.KindBadAnswer},
	"order": {func(ctx context.Context, d *Driver) error {
		_, err := d.Order(ctx, everybody(), "1")
		return err
	}, erpclient.KindNotFound},
	"materials": {func(ctx context.Context, d *Driver) error {
		_, err := d.Materials(ctx, everybody(), "1")
		return err
	}, erpclient.KindBadAnswer},
	"material": {func(ctx context.Context, d *Driver) error {
		_, err := d.Material(ctx, everybody(), "1")
		return err
	}, erpclient.KindNotFound},
	"deliveries": {func(ctx context.Context, d *Driver) error {
		_, err := d.Deliveries(ctx, everybody(), erpclient.Order{OrderNo: "SO1"})
		return err
	}, erpclient.KindBadAnswer},
	"invite": {func(ctx context.Context, d *Driver) error {
		_, err := d.CustomerByInvite(ctx, everybody(), "C")
		return err
	}, erpclient.KindBadAnswer},
}

func TestEveryFormOfALostSession(t *testing.T) {
	forms := map[string]http.HandlerFunc{
		"401":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) },
		"403":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) },
		"redirect":             hop("/apps/login"),
		"permanent redirect":   func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(308) },
		"page":                 hop(""),
		"unlabelled page":      answering("\ufeff \n<!DOCTYPE html><html>"),
		"body, 登录":             answering(`{"success":false,"message":"登录已失效，请重新登录"}`),
		"body, session, msg":   answering(`{"success":false,"msg":"Session Expired"}`),
		"body, no data, token": answering(`{"success":0,"message":"invalid TOKEN","data":[]}`),
	}
	for how, answer := range forms {
		for what, read := range reads {
			t.Run(how+"/"+what, func(t *testing.T) {
				err := read.ask(t.Context(), newScripted(t, answer).Driver)
				wantKind(t, err, erpclient.KindSessionExpired, "")
			})
		}
	}
}

func TestRefusalWithoutAReasonIsDoubtful(t *testing.T) {
	for _, body := range []string{`{"success":false}`, `{"success":false,"message":"参数错误"}`, `{"success":"0","data":null,"message":{"a":1}}`} {
		for what, read := range reads {
			err := read.ask(t.Context(), newScripted(t, answering(body)).Driver)
			t.Run(what+body, func(t *testing.T) {
				wantKind(t, err, erpclient.KindSessionExpired, read.otherwise)
			})
		}
	}
}

func TestRefusalsThatNameTheirReason(t *testing.T) {
	for _, tc := range []struct {
		text                string
		list, listOtherwise erpclient.Kind
		byID, byIDOtherwise erpclient.Kind
	}{
		{"单据不存在", erpclient.KindNotFound, "", erpclient.KindNotFound, ""},
		{"Record Not Found", erpclient.KindNotFound, "", erpclient.KindNotFound, ""},
		{"没有权限", erpclient.KindSessionExpired, erpclient.KindForbidden, erpclient.KindSessionExpired, erpclient.KindNotFound},
		{"Permission denied", erpclient.KindSessionExpired, erpclient.KindForbidden, erpclient.KindSessionExpired, erpclient.KindNotFound},
		{"系统繁忙，请稍后再试", erpclient.KindBusy, "", erpclient.KindBusy, ""},
		{"会话不存在", erpclient.KindSessionExpired, "", erpclient.KindSessionExpired, ""},
		{"当前登录用户无权限", erpclient.KindSessionExpired, erpclient.KindForbidden, erpclient.KindSessionExpired, erpclient.KindNotFound},
	} {
		t.Run(tc.text, func(t *testing.T) {
			erp := newScripted(t, answering(`{"success":false,"message":"`+tc.text+`"}`))
			wantKind(t, reads["orders"].ask(t.Context(), erp.Driver), tc.list, tc.listOtherwise)
			wantKind(t, reads["order"].ask(t.Context(), erp.Driver), tc.byID, tc.byIDOtherwise)
		})
	}
}

func TestStatusesOfBusinessCalls(t *testing.T) {
	for status, want := range map[int]erpclient.Kind{
		400: erpclient.KindInvalid, 404: erpclient.KindBadAnswer, 408: erpclient.KindTimeout, 429: erpclient.KindBusy,
		500: erpclient.KindUnavailable, 502: erpclient.KindUnavailable, 504: erpclient.KindTimeout,
	} {
		erp := newScripted(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "4")
			w.WriteHeader(status)
		})
		err := reads["order"].ask(t.Context(), erp.Driver)
		wantKind(t, err, want, "")
		wantRetryAfter(t, err, 4*time.Second)
		if n := len(erp.requests()); n != 1 {
			t.Errorf("%d: asked %d times, want once: repeating is not the driver's business", status, n)
		}
	}
}

func TestNoSessionAsksNothing(t *testing.T) {
	erp := newScripted(t, answering(page1("")))
	for _, token := range []string{"", "x", "null", `{"sid":"1"}`, `{"JSESSIONID":"1"}`, `["a"]`} {
		_, err := erp.Order(t.Context(), erpclient.Auth{Session: erpclient.Session{Token: token}}, "1")
		wantKind(t, err, erpclient.KindSessionExpired, "")
	}
	if n := len(erp.requests()); n != 0 {
		t.Errorf("the ERP was asked %d times", n)
	}
}

func TestBusinessCallOnTheWire(t *testing.T) {
	erp := newScripted(t, answering(page1("")))
	if err := reads["orders"].ask(t.Context(), erp.Driver); err != nil {
		t.Fatal(err)
	}
	got := erp.requests()[0]
	if got.method != "POST" || got.path != "/business/getBusinessPageList" || got.cookie != "JSESSIONID=APP; sid=SID" || got.accept != "application/json" {
		t.Errorf("got %+v", got)
	}
	columns := got.body["columns"]
	delete(got.body, "columns")
	want := map[string]any{"appName": "SnowInventory-10001", "formId": 100001.0, "condition": map[string]any{},
		"page": 0.0, "pageSize": 20.0, "filters": map[string]any{}, "orderby": ""}
	if !reflect.DeepEqual(got.body, want) {
		t.Errorf("got %v\nwant %v", got.body, want)
	}
	wantColumns := []any{"amount", "code", "currency", "customerId", "customerName", "customerOrderCode", "date",
		"deliveryDate", "id", "producedRate", "remark", "rmbAmount", "shippedRate", "status"}
	if !reflect.DeepEqual(columns, wantColumns) {
		t.Errorf("got columns %v\nwant %v", columns, wantColumns)
	}
}

func TestAnswersOfAnotherShape(t *testing.T) {
	good := `{"id":1,"code":"SO1"}`
	for _, tc := range []struct {
		name, body string
		drift      erpclient.Drift // zero: none is expected
	}{
		{"empty", ``, erpclient.Drift{}},
		{"half", `{"success":true,"data":{"_count":1,"_dataList":[{"id":1,`, erpclient.Drift{}},
		{"trailing", page1(good) + `{}`, erpclient.Drift{}},
		{"plain text", `ok`, erpclient.Drift{}},
		{"NaN", `{"success":true,"data":{"_count":NaN,"_dataList":[]}}`, erpclient.Drift{}},
		{"a list", `[]`, erpclient.Drift{Path: "orders", Want: "object", Got: "array"}},
		{"a number", `7`, erpclient.Drift{Path: "orders", Want: "object", Got: "number"}},
		{"null", `null`, erpclient.Drift{Path: "orders._dataList", Want: "array", Got: "missing"}},
		{"no data", `{"success":true}`, erpclient.Drift{Path: "orders._dataList", Want: "array", Got: "missing"}},
		{"data null", `{"success":true,"data":null}`, erpclient.Drift{Path: "orders._dataList", Want: "array", Got: "missing"}},
		{"data a list", `{"success":true,"data":[]}`, erpclient.Drift{Path: "orders.data", Want: "object", Got: "array"}},
		{"list an object", `{"success":true,"data":{"_dataList":{"0":{}}}}`, erpclient.Drift{Path: "orders.data._dataList", Want: "array", Got: "object"}},
		{"list a text", `{"success":true,"data":{"_count":1,"_dataList":"x"}}`, erpclient.Drift{Path: "orders.data._dataList", Want: "array", Got: "string"}},
		{"list null", `{"success":true,"data":{"_count":3,"_dataList":null}}`, erpclient.Drift{Path: "orders._dataList", Want: "array", Got: "missing"}},
		{"rows no objects", page1(`1,"x",null,[]`), erpclient.Drift{Path: "orders", Want: "object", Got: "number"}},
		{"rows without id", page1(`{"code":"A"},{"id":null,"code":"B"},{"id":{},"code":"C"}`), erpclient.Drift{Path: "orders.id", Want: "id", Got: "null"}},
		{"rows without code", page1(`{"id":1},{"id":2,"code":""}`), erpclient.Drift{Path: "orders.code", Want: "id", Got: "string"}},
		{"id no whole number", page1(`{"id":1.5,"code":"A"}`), erpclient.Drift{Path: "orders.id", Want: "id", Got: "number"}},
		{"too deep", strings.Repeat(`{"a":`, 20000) + `1` + strings.Repeat(`}`, 20000), erpclient.Drift{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := newScripted(t, answering(tc.body))
			wantKind(t, reads["orders"].ask(t.Context(), erp.Driver), erpclient.KindBadAnswer, "")
			if tc.drift != (erpclient.Drift{}) {
				tc.drift.Op = opOrders
				erp.wantDrift(t, tc.drift)
			}
		})
	}
}

func TestAnswersThatAreTidyEnough(t *testing.T) {
	row := `{"id":1,"code":"SO1"}`
	for name, body := range map[string]string{
		"success left out":   `{"data":{"_count":1,"_dataList":[` + row + `]}}`,
		"success null":       `{"success":null,"data":{"_dataList":[` + row + `]}}`,
		"success a text":     `{"success":"true","data":{"_dataList":[` + row + `]}}`,
		"success an object":  `{"success":{},"data":{"_dataList":[` + row + `]}}`,
		"byte order mark":    "\ufeff" + page1(row),
		"odd rows beside it": page1(`7,{"id":2},` + row + `,null`),
	} {
		erp := newScripted(t, answering(body))
		got, err := erp.SearchOrders(t.Context(), everybody(), erpclient.OrderQuery{})
		if err != nil || len(got.Orders) != 1 || got.Orders[0].OrderNo != "SO1" {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestJSONLabelledAsAPageIsJSON(t *testing.T) {
	erp := newScripted(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html;charset=UTF-8")
		_, _ = w.Write([]byte(page1(`{"id":1,"code":"SO1"}`)))
	})
	if err := reads["order"].ask(t.Context(), erp.Driver); err != nil {
		t.Error(err)
	}
}

func TestDeadlineIsTimeout(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	erp := newScripted(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantKind(t, reads["orders"].ask(ctx, erp.Driver), erpclient.KindTimeout, "")
}
