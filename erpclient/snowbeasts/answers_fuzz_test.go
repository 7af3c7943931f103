package snowbeasts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// given is one answer of an ERP.
type given struct {
	status         int
	kind, location string
	cookie         string
	body           []byte
}

// replay is a transport that gives the answers in turn, the last one again and again, and watches where it is led.
type replay struct {
	t       *testing.T
	answers []given
	asked   atomic.Int64 // a driver may ask side by side
}

func (r *replay) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "https" || req.URL.Hostname() != "erp.example" {
		r.t.Errorf("led to %s", req.URL)
	}
	asked := int(r.asked.Add(1))
	if asked > 2000 {
		r.t.Errorf("asked %d times", asked)
		return nil, io.EOF
	}
	a := r.answers[min(asked, len(r.answers))-1]
	h := http.Header{"Content-Type": {a.kind}}
	if a.location != "" {
		h["Location"] = []string{a.location}
	}
	if a.cookie != "" {
		h["Set-Cookie"] = []string{a.cookie}
	}
	return &http.Response{StatusCode: a.status, Header: h, Body: io.NopCloser(bytes.NewReader(a.body)), Request: req}, nil
}

// onReplay is a driver that knows all forms and is given these answers.
func onReplay(t *testing.T, answers ...given) *Driver {
	t.Helper()
	client, err := erphttp.New(erphttp.Config{Origin: "https://erp.example", Transport: &replay{t: t, answers: answers}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{HTTP: client, AppID: "10001"}
	companyForms(&cfg)
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// realStatus keeps to what HTTP knows.
func realStatus(n int) int { return 200 + (n%400+400)%400 }

// judged holds an error to be one of ours.
func judged(t *testing.T, op string, err error) {
	t.Helper()
	var e *erpclient.Error
	if !errors.As(err, &e) || !isKind(e.Kind) || e.Otherwise != "" && !isKind(e.Otherwise) || e.RetryAfter < 0 {
		t.Errorf("%s: %v (%+v)", op, err, e)
	}
}

func isKind(k erpclient.Kind) bool {
	switch k {
	case erpclient.KindBadCredentials, erpclient.KindTooManyAttempts, erpclient.KindSessionExpired, erpclient.KindForbidden, erpclient.KindNotFound,
		erpclient.KindInvalid, erpclient.KindConflict, erpclient.KindBusy, erpclient.KindUnavailable, erpclient.KindTimeout, erpclient.KindBadAnswer,
		erpclient.KindOutcomeUnknown, erpclient.KindNotSupported:
		return true
	default:
		return false
	}
}

// shown holds an answer to be something that can be sent on.
func shown(t *testing.T, op string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil || !json.Valid(text) {
		t.Errorf("%s: %+v cannot be written: %v", op, v, err)
	}
}

// everyQuestion asks all that a customer's or a company's session may, with one answer to all of it.
func everyQuestion(ctx context.Context, t *testing.T, d *Driver, a erpclient.Auth) map[string]func() (any, error) {
	t.Helper()
	order := erpclient.Order{ID: "1", OrderNo: "SO1", CustomerID: "501"}
	entry := erpclient.StockEntry{Reference: "R1", ProductID: "1", WarehouseID: "2", Quantity: "1", Direction: erpclient.StockIn}
	return map[string]func() (any, error){
		opProbe:       func() (any, error) { return nil, d.Probe(ctx, a.Session) },
		opOrders:      func() (any, error) { return d.SearchOrders(ctx, a, erpclient.OrderQuery{Page: 1, PageSize: 20}) },
		opOrder:       func() (any, error) { return d.Order(ctx, a, "1") },
		opMaterials:   func() (any, error) { return d.Materials(ctx, a, "1") },
		opMaterial:    func() (any, error) { return d.Material(ctx, a, "1") },
		opDeliveries:  func() (any, error) { return d.Deliveries(ctx, a, order) },
		opInvite:      func() (any, error) { return d.CustomerByInvite(ctx, a, "CODE") },
		opProduct:     func() (any, error) { return d.ProductByBarcode(ctx, a, "690") },
		opStock:       func() (any, error) { return d.Stock(ctx, a, erpclient.StockQuery{WarehouseID: "2"}) },
		opWarehouses:  func() (any, error) { return d.Warehouses(ctx, a) },
		opRecordStock: func() (any, error) { return d.RecordStock(ctx, a, entry) },
		opStockRecord: func() (any, error) { return d.StockRecord(ctx, a, "R1") },
		opCreateOrder: func() (any, error) {
			return d.CreateOrder(ctx, a, erpclient.NewOrder{Reference: "R1", CustomerID: "501"})
		},
		opOrderByRef: func() (any, error) { return d.OrderByReference(ctx, a, "R1") },
		opSales:      func() (any, error) { return d.Sales(ctx, a, "2026-01-01", "2026-01-31") },
		opApprovals: func() (any, error) {
			return d.Approvals(ctx, a, erpclient.ApprovalQuery{State: erpclient.ApprovalPending})
		},
		opApproval: func() (any, error) { return d.Approval(ctx, a, "1") },
		opDecide:   func() (any, error) { return nil, d.Decide(ctx, a, "1", true) },
	}
}

// Whatever an ERP answers, every question ends, with an error of ours or with something that can be sent on, and a
// customer's session is shown no other customer's record.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		page1(fullOrder), page1(fullLine), `{"success":true,"data":7}`, `{"success":true,"data":{"id":"1"}}`, `{"success":true,"data":null}`, `{"success":1}`,
		`{"success":false,"message":"未登录"}`, `{"success":false,"msg":"没有权限"}`, `{"success":"false","message":"库存不足"}`, `{"success":false,"message":"系统超时"}`,
		"\ufeff {\"data\":{\"_count\":\"2\",\"_dataList\":null}}", `{"data":{"_count":0,"_dataList":null}}`, `<html><input type=password></html>`, `[]`, ``,
		page1(`{"id":1,"code":"A","barcode":"690","name":"x","quantity":"1,200.50","price":1e400,"warehouseId":2,"productId":"1","reference":"R1","type":"入库","balance":"-0"}`),
		page1(`{"id":"1","code":"SO1","customerId":501,"customerOrderId":1,"date":1769817600000,"status":"2.0","amount":"0x10","systemReference":"R1","remark":"\u0000"}`),
		page1(`{"id":1,"微信邀请码":"CODE","disable":"maybe","name":"客户"},{"id":2,"微信邀请码":"CODE","disable":false}`),
	} {
		f.Add(0, "application/json", "", []byte(body), true)
		f.Add(0, "application/json", "", []byte(body), false)
	}
	f.Add(102, "text/html", "/apps/login.html", []byte(""), true)
	f.Add(102, "", "https://elsewhere.example/", []byte("{}"), false)
	f.Add(229, "", "", []byte(`{"success":true}`), false)
	f.Add(303, "", "", []byte(`busy`), true)
	f.Fuzz(func(t *testing.T, status int, kind, location string, body []byte, narrowed bool) {
		a := everybody()
		if narrowed {
			a = only("501")
		}
		answer := given{status: realStatus(status), kind: kind, location: location, body: body}
		for op, ask := range everyQuestion(t.Context(), t, onReplay(t, answer), a) {
			got, err := ask()
			if err != nil {
				judged(t, op, err)
				continue
			}
			shown(t, op, got)
			if narrowed {
				ofCustomer(t, op, got, "501")
			}
		}
	})
}

// ofCustomer wants nobody else's records in an answer.
func ofCustomer(t *testing.T, op string, got any, customer string) {
	t.Helper()
	switch got := got.(type) {
	case erpclient.OrderPage:
		for _, o := range got.Orders {
			ofCustomer(t, op, o, customer)
		}
	case erpclient.Order:
		if got.CustomerID != customer && op != opOrderByRef && op != opCreateOrder {
			t.Errorf("%s shows %+v", op, got)
		}
	case []erpclient.Material:
		for _, m := range got {
			ofCustomer(t, op, m, customer)
		}
	case erpclient.Material:
		if got.CustomerID != customer && got.CustomerID != "" {
			t.Errorf("%s shows %+v", op, got)
		}
	case erpclient.Approval, erpclient.ApprovalPage:
		t.Errorf("%s shows a customer %+v", op, got)
	}
}

// Whatever a portal answers to a login, it leads nowhere else, and what comes of it is a session that later calls can
// carry, or an error of ours.
func FuzzLogin(f *testing.F) {
	f.Add(0, "sid=S; Path=/", []byte(`{"success":true,"data":{"companyId":7,"permissions":["a",1,null]}}`), 102, "/app/?ticket=1", "JSESSIONID=J")
	f.Add(0, "sid=S", []byte(`{"success":false,"message":"密码错误，还剩 3 次"}`), 0, "", "")
	f.Add(201, "", []byte(`{"msg":"账号已锁定"}`), 0, "", "")
	f.Add(0, "sid=", []byte(`[]`), 102, "http://erp.example:80/x", "JSESSIONID=J; Max-Age=0")
	f.Add(0, "sid=a b\"c; Secure", []byte(``), 102, "//elsewhere.example/%2e", "JSESSIONID=\x7f")
	f.Add(0, "sid=S", []byte("{\"success\":true}"), 107, "https://u:p@erp.example:444/../sign-in;x=1?y#z", "JSESSIONID=J; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
	f.Fuzz(func(t *testing.T, status int, sid string, body []byte, openStatus int, location, app string) {
		d := onReplay(t,
			given{status: realStatus(status), kind: "application/json", cookie: sid, body: body},
			given{status: realStatus(openStatus), kind: "text/html", cookie: app, location: location, body: body},
			given{status: http.StatusOK, kind: "text/html", cookie: app, body: []byte("<html>")},
		)
		s, err := d.Login(t.Context(), erpclient.Credentials{Account: "alice.chen", Secret: "the-password-of-alice"})
		if err != nil {
			judged(t, opLogin, err)
			if strings.Contains(err.Error(), "the-password-of-alice") && !bytes.Contains(body, []byte("the-password-of-alice")) {
				t.Errorf("the error tells the password: %v", err)
			}
			return
		}
		if _, ok := decodeToken(s.Token); !ok || !s.ExpiresAt.After(d.now()) || s.Profile.CustomerID != "" || len(s.Profile.Permissions) == 0 {
			t.Errorf("a session %+v", s)
		}
		shown(t, opLogin, s)
	})
}

// A redirect stays on the ERP's host, and on https once it is there.
func FuzzNextHop(f *testing.F) {
	for _, location := range []string{
		"/app", "app/../..", "//elsewhere/", "http://erp.example/", "http://erp.example:80/x", "http://erp.example:8080/", "https://ERP.example:8443/a?ticket=1#x",
		"https://erp.example@elsewhere/", "https://erp.example.elsewhere/", `\\elsewhere\x`, "javascript:x", "https://erp.example/LOGIN.html;jsessionid=1", "http://127.0.0.1/",
	} {
		f.Add(location, true)
		f.Add(location, false)
	}
	f.Fuzz(func(t *testing.T, location string, secure bool) {
		from := &url.URL{Scheme: "http", Host: "erp.example", Path: "/apps/user/open-app/1"}
		if secure {
			from.Scheme = "https"
		}
		to, err := nextHop(from, location)
		if err != nil {
			if len(location) > 3 && strings.Contains(err.Error(), location) {
				t.Errorf("the error quotes %q", location)
			}
			return
		}
		again, err := url.Parse(to.String())
		if err != nil || !strings.EqualFold(again.Hostname(), "erp.example") || again.User != nil || secure && again.Scheme != "https" {
			t.Errorf("%q leads to %s (%v)", location, to, err)
		}
	})
}

// What is attached leads to the app's own files, whatever the ERP writes into the column.
func FuzzAttachments(f *testing.F) {
	for _, text := range []string{"a/b.pdf#size=12&name=%E8%A3%85.pdf", "../x", "a/./b,/c/../d,//e", "a%2f..%2fb", `a\..\b`, "a?b=c#name=%zz&size=-1", ",#,", "a\x00b", "\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := onReplay(t, given{})
		for _, a := range d.attachments(text) {
			u, err := url.Parse(a.URL)
			if err != nil || u.Host != "erp.example" || u.RawQuery != "" || u.Fragment != "" || a.Size < 0 ||
				!strings.HasPrefix(u.JoinPath().EscapedPath(), "/business/file/SnowInventory-10001/") {
				t.Errorf("%q leads to %s", text, a.URL)
			}
			shown(t, "attachment", a)
		}
	})
}
