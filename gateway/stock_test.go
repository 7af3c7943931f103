package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"snowgate/audit"
	"snowgate/erpclient"
	"snowgate/session"
)

const aRecord = `{"productId":"7001","warehouseId":"1","quantity":2.5,"type":"in","operator":"王芳"}`

func (w *world) record(token, body string, headers ...string) answer {
	w.t.Helper()
	return w.post("/api/inventory/record", token, body, headers...)
}

// The pages of the warehouse's phone read these shapes and no others.
func TestThePSIContract(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	product := w.get("/api/product/barcode?barcode="+aBarcode, token).ok(t)
	if product.data["id"] != "7001" || product.data["barcode"] != aBarcode || !strings.Contains(product.raw, `"price":59.90`) {
		t.Errorf("product: %s", product.raw)
	}
	w.get("/api/product/barcode?barcode=0000", token).is(t, 404, "not_found")
	w.get("/api/product/barcode", token).is(t, 400, "bad_field")

	for target, want := range map[string]string{
		"/api/warehouse/list":                  `"data":[{"id":"1","name":"主仓库"},{"id":"2","name":"北仓"}],"requestId"`,
		"/api/inventory/list?page=2&keyword=a": `"data":[],"total":1,`,
	} {
		if a := w.get(target, token).ok(t); !strings.Contains(a.raw, want) {
			t.Errorf("%s: %s", target, a.raw)
		}
	}
	w.get("/api/inventory/list?keyword=red+hat&pageSize=5", token).ok(t)
	calls := w.erp.asked()
	if got := calls[len(calls)-1].about; got != (erpclient.StockQuery{Keyword: "red hat", Page: 1, PageSize: 5}) {
		t.Errorf("asked for %+v", got)
	}

	a := w.record(token, aRecord, headerIdempotency, "k1").ok(t)
	if a.data["recordId"] != "R1" || a.data["type"] != "in" || !strings.Contains(a.raw, `"quantity":2.5`) || !strings.Contains(a.raw, `"balance":14.5`) {
		t.Errorf("record: %s", a.raw)
	}
	inside := w.get("/api/product/barcode?barcode=0000", token, "Referer", "https://servicewechat.com/wx0123456789abcdef/7/page-frame.html")
	if inside.status != http.StatusOK || inside.Code != 404 {
		t.Errorf("inside WeChat answered %d, code %d", inside.status, inside.Code)
	}
}

// What is written names the ERP account, and beside it the name that the phone gave.
func TestTheOperatorIsTheBoundAccount(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.record(token, aRecord).ok(t)
	calls := w.erp.asked()
	entry, _ := calls[len(calls)-1].about.(erpclient.StockEntry)
	if entry.Operator != "user-oAlic (王芳)" || len(entry.Reference) != 32 {
		t.Errorf("entry %+v", entry)
	}
	if row := w.log.writes[0]; row.State != "intended" || row.ERPUsername != "user-oAlic" || row.Op != "record_stock" || row.Reference != entry.Reference {
		t.Errorf("row %+v", row)
	}
}

func TestARecordIsCheckedBeforeTheERPIsAsked(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	change := func(from, to string) string { return strings.Replace(aRecord, from, to, 1) }
	tests := map[string]struct{ body, field string }{
		"quantity 0":           {change("2.5", "0"), "quantity"},
		"negative":             {change("2.5", "-1"), "quantity"},
		"too much":             {change("2.5", "1000000001"), "quantity"},
		"seven places":         {change("2.5", "0.0000001"), "quantity"},
		"as text":              {change("2.5", `"2.5"`), "quantity"},
		"with an exponent":     {change("2.5", "1e3"), "quantity"},
		"another type":         {change(`"in"`, `"sideways"`), "type"},
		"no product":           {change("7001", ""), "productId"},
		"a path as product":    {change("7001", "../1"), "productId"},
		"an unknown warehouse": {change(`"warehouseId":"1"`, `"warehouseId":"9"`), "warehouseId"},
		"operator too long":    {change("王芳", strings.Repeat("王", 65)), "operator"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if a := w.record(token, test.body); a.Code != 400 || a.Error != "bad_field" || a.Field != test.field {
				t.Errorf("answered %s", a.raw)
			}
		})
	}
	if w.erp.writes() != 0 {
		t.Errorf("the ERP wrote %d times", w.erp.writes())
	}
	w.record(token, `{"productId":7001,"warehouseId":1,"quantity":0.000001,"type":"out"}`).ok(t) // ids as numbers
}

// Who is bound by invite code reads; writing takes a permission.
func TestWritingTakesAPermission(t *testing.T) {
	w := newWorld(t)
	token := w.login(bob)
	w.post("/api/auth/erp-bind", token, `{"inviteCode":"`+inviteCode+`"}`).ok(t)
	w.record(token, aRecord).is(t, 403, "forbidden")
	w.post("/api/orders", token, `{"lines":[{"productId":"1","quantity":1}]}`).is(t, 403, "forbidden")
	w.get("/api/approvals", token).is(t, 403, "forbidden")
	w.post("/api/approvals/12/approve", token, "").is(t, 403, "forbidden")
	w.get("/api/product/barcode?barcode="+aBarcode, token).ok(t)
	if w.erp.writes() != 0 {
		t.Error("the ERP wrote")
	}
}

func TestFiftyParallelPostsWithOneKeyAreOneRecord(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.log.inParallel()
	var all sync.WaitGroup
	answers := make([]answer, 50)
	for i := range answers {
		all.Go(func() { answers[i] = w.record(token, aRecord, headerIdempotency, "one") })
	}
	all.Wait()
	for _, a := range answers {
		if a.Code != 0 || !a.sameAs(answers[0]) {
			t.Fatalf("answered %s and %s", a.raw, answers[0].raw)
		}
	}
	if w.erp.writes() != 1 {
		t.Errorf("the ERP wrote %d times", w.erp.writes())
	}
}

// Without a key the same request of a session counts once within ten seconds, and the answer says so.
func TestADoubleTapCountsOnce(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	first := w.record(token, aRecord).ok(t)
	second := w.record(token, aRecord).ok(t)
	if !first.sameAs(second) || first.data["idempotencyKey"] == nil || second.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%s and %s", first.raw, second.raw)
	}
	w.record(token, strings.Replace(aRecord, "2.5", "3", 1)).ok(t) // another request
	w.record(w.loginBound(bob), aRecord).ok(t)                     // another person
	w.forward(doubleTap + time.Second)
	w.record(token, aRecord).ok(t) // another tap
	if w.erp.writes() != 4 {
		t.Errorf("the ERP wrote %d times", w.erp.writes())
	}
}

func TestAKeyBelongsToOneRequestAndOnePerson(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.record(token, aRecord, headerIdempotency, "k").ok(t)
	w.record(token, strings.Replace(aRecord, "2.5", "3", 1), headerIdempotency, "k").is(t, 422, "key_reused")
	w.record(w.loginBound(bob), aRecord, headerIdempotency, "k").ok(t)
	if w.erp.writes() != 2 {
		t.Errorf("the ERP wrote %d times", w.erp.writes())
	}
}

var lost = &erpclient.Error{Op: "record_stock", Kind: erpclient.KindOutcomeUnknown, Err: errors.New("no answer")}

// The ERP wrote and its answer was lost: where it can be asked, the caller gets the outcome; never is it written twice.
func TestALostAnswerIsLookedUp(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.erp.set(func(s *fakeStock) { s.canFind, s.beforeEnd = true, func(string) error { return lost } })
	first := w.record(token, aRecord, headerIdempotency, "k").ok(t)
	again := w.record(token, aRecord, headerIdempotency, "k").ok(t)
	if !first.sameAs(again) || first.data["recordId"] != "R1" || w.erp.writes() != 1 {
		t.Errorf("%s, %s, %d writes", first.raw, again.raw, w.erp.writes())
	}
	if got := w.log.steps(); got != "intended done" {
		t.Errorf("steps %s", got)
	}
}

func TestAnOutcomeNobodyKnowsIsNeverWrittenAgain(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.erp.set(func(s *fakeStock) { s.beforeEnd = func(string) error { return lost } })
	first := w.record(token, aRecord)
	first.is(t, 504, "outcome_unknown")
	key, _ := first.data["idempotencyKey"].(string)
	if key == "" {
		t.Fatalf("no key in %s", first.raw)
	}
	w.erp.set(func(s *fakeStock) { s.beforeEnd = nil })
	w.forward(time.Minute)
	w.record(token, aRecord).is(t, 504, "outcome_unknown") // the same tap, a minute later
	w.record(token, aRecord, headerIdempotency, key).is(t, 504, "outcome_unknown")
	if w.erp.writes() != 1 {
		t.Errorf("the ERP wrote %d times", w.erp.writes())
	}
	w.erp.set(func(s *fakeStock) { s.canFind = true }) // now it can be asked
	w.record(token, aRecord, headerIdempotency, key).ok(t)
	if got := w.log.steps(); w.erp.writes() != 1 || got != "intended unknown unknown unknown done" {
		t.Errorf("%d writes, steps %s", w.erp.writes(), got)
	}
}

// A replica dies between the ERP's write and its answer: whoever comes next with the key finds an intent that did not end.
func TestAKilledReplicasWriteIsLookedUp(t *testing.T) {
	for _, canFind := range []bool{true, false} {
		t.Run(fmt.Sprintf("lookup %v", canFind), func(t *testing.T) {
			w := newWorld(t, func(c *Config, _ *Deps) { c.slack = 0 }) // who waits for the dead one waits no longer than a request may
			token := w.loginBound(alice)
			w.erp.set(func(s *fakeStock) {
				s.canFind, s.beforeEnd = canFind, func(string) error { panic("killed") }
			})
			w.do(authorized(request(http.MethodPost, "/api/inventory/record", aRecord, headerIdempotency, "k"), token)).is(t, 500, "internal")
			w.record(token, aRecord, headerIdempotency, "k").is(t, 409, "in_progress") // its lease has not ended
			w.forward(intentLease + time.Second)
			w.erp.set(func(s *fakeStock) { s.beforeEnd = nil })
			a := w.record(token, aRecord, headerIdempotency, "k")
			if canFind {
				a.ok(t)
			} else {
				a.is(t, 504, "outcome_unknown")
			}
			if w.erp.writes() != 1 {
				t.Errorf("the ERP wrote %d times", w.erp.writes())
			}
		})
	}
}

// What the ERP said no to has not happened: the key may be used again.
func TestARefusedWriteFreesItsKey(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.erp.set(func(s *fakeStock) {
		s.beforeEnd = func(string) error {
			s.writes--
			return erpclient.Errorf("record_stock", erpclient.KindConflict, "short")
		}
	})
	w.record(token, aRecord, headerIdempotency, "k").is(t, 409, "conflict")
	w.erp.set(func(s *fakeStock) { s.beforeEnd = nil })
	w.record(token, aRecord, headerIdempotency, "k").ok(t)
	if got := w.log.steps(); w.erp.writes() != 1 || got != "intended failed intended done" {
		t.Errorf("%d writes, steps %s", w.erp.writes(), got)
	}
}

// Without a record on disk, and without Redis, nothing is written.
func TestNothingIsWrittenThatCannotBeRemembered(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.log.fill(audit.ErrUnavailable)
	w.record(token, aRecord, headerIdempotency, "k").is(t, 503, "audit_unavailable")
	w.log.fill(nil)
	broken := newWorld(t, func(_ *Config, d *Deps) { d.Intents = brokenIntents{d.Intents} })
	broken.record(broken.loginBound(alice), aRecord, headerIdempotency, "k").is(t, 503, "store_unavailable")
	if w.erp.writes()+broken.erp.writes() != 0 {
		t.Error("the ERP wrote")
	}
	w.record(token, aRecord, headerIdempotency, "k").ok(t) // the key was given back
}

func TestOrdersAreMadeOnce(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	const body = `{"customerId":"C1","remark":"加急","lines":[{"productId":"7001","quantity":10,"price":59.9}]}`
	first := w.post("/api/orders", token, body, headerIdempotency, "k").ok(t)
	again := w.post("/api/orders", token, body, headerIdempotency, "k").ok(t)
	if !first.sameAs(again) || w.erp.writes() != 1 || first.data["remark"] != "加急" {
		t.Errorf("%s, %s", first.raw, again.raw)
	}
	for name, bad := range map[string]struct{ body, field string }{
		"no lines":    {`{"customerId":"C1","lines":[]}`, "lines"},
		"a bad line":  {`{"customerId":"C1","lines":[{"productId":"1","quantity":0}]}`, "lines"},
		"no customer": {`{"lines":[{"productId":"1","quantity":1}]}`, "customerId"},
		"101 lines":   {`{"customerId":"C1","lines":[` + strings.TrimSuffix(strings.Repeat(`{"quantity":1},`, 101), ",") + `]}`, "lines"},
	} {
		if a := w.post("/api/orders", token, bad.body); a.Code != 400 || a.Field != bad.field {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
}

func TestApprovals(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	if a := w.get("/api/approvals?state=pending", token).ok(t); len(a.data["approvals"].([]any)) != 1 {
		t.Errorf("answered %s", a.raw)
	}
	w.get("/api/approvals?state=lost", token).is(t, 400, "bad_field")
	if a := w.post("/api/approvals/12/approve", token, "").ok(t); a.data["state"] != "approved" {
		t.Errorf("answered %s", a.raw)
	}
	if a := w.post("/api/approvals/12/reject", token, "").ok(t); a.data["state"] != "rejected" {
		t.Errorf("answered %s", a.raw)
	}
	w.post("/api/approvals/13/approve", token, "").is(t, 404, "not_found")
	if got := w.log.steps(); got != "intended done intended done intended failed" {
		t.Errorf("steps %s", got)
	}
	w.log.fill(audit.ErrUnavailable)
	w.post("/api/approvals/12/approve", token, "").is(t, 503, "audit_unavailable")
}

// A summary's missing part leaves the others.
func TestDashboardPartsFailByThemselves(t *testing.T) {
	w := newWorld(t, func(_ *Config, d *Deps) { d.Stock = brokenStock{d.Stock} })
	a := w.get("/api/dashboard/summary", w.loginBound(alice)).ok(t)
	var got struct {
		Data struct {
			Orders struct {
				Code int
				Data struct{ Count int }
			}
			Stock struct {
				Code  int
				Error string
			}
			Approvals struct{ Data struct{ Pending int } }
		}
	}
	if err := json.Unmarshal([]byte(a.raw), &got); err != nil {
		t.Fatal(err)
	}
	if d := got.Data; d.Orders.Code != 0 || d.Orders.Data.Count != 1 || d.Stock.Code != 503 || d.Stock.Error != "erp_unavailable" || d.Approvals.Data.Pending != 1 {
		t.Errorf("answered %s", a.raw)
	}
}

func TestInsights(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	sales := w.get("/api/insights/sales?by=month&from=2026-01-01&to=2026-03-31", token).ok(t)
	if points, _ := sales.data["points"].([]any); len(points) != 3 || sales.data["amount"] != 319.5 {
		t.Errorf("sales: %s", sales.raw)
	}
	abc := w.get("/api/insights/abc?days=30", token).ok(t)
	products, _ := abc.data["products"].([]any)
	if first, _ := products[0].(map[string]any); len(products) != 2 || first["productId"] != "7001" || first["class"] != "A" {
		t.Errorf("abc: %s", abc.raw)
	}
	list := w.get("/api/insights/replenishment?productId=7001&days=10&orderingCost=50&holdingCost=2", token).ok(t)
	if products, _ = list.data["products"].([]any); len(products) != 1 {
		t.Fatalf("replenishment: %s", list.raw)
	}
	// 5 units in 10 days are 182.5 a year: √(2 × 182.5 × 50 / 2) = 95.5249
	if r, _ := products[0].(map[string]any); r["economicOrderQuantity"] != 95.5249 {
		t.Errorf("replenishment: %s", list.raw)
	}
	for target, field := range map[string]string{
		"/api/insights/sales?by=year": "by", "/api/insights/sales?from=2026-02-30": "from", "/api/insights/sales?days=0": "days",
		"/api/insights/sales?from=2026-02-01&to=2026-01-01": "from", "/api/insights/abc?a=2": "a",
		"/api/insights/replenishment": "orderingCost", "/api/insights/replenishment?orderingCost=x": "orderingCost",
	} {
		if a := w.get(target, token); a.Code != 400 || a.Field != field {
			t.Errorf("%s: %s", target, a.raw)
		}
	}
}

// brokenIntents and brokenStock fail as their outages do.
type brokenIntents struct{ Intents }

func (brokenIntents) BeginIntent(context.Context, string, string, time.Duration) (session.Intent, error) {
	return session.Intent{}, session.ErrUnavailable
}

type otherwise = Stock

type brokenStock struct{ otherwise }

func (brokenStock) Stock(context.Context, erpclient.Identity, erpclient.StockQuery) (erpclient.StockPage, error) {
	return erpclient.StockPage{}, erpclient.Errorf("stock", erpclient.KindUnavailable, "refused")
}
