package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"snowgate/sandbox"
)

const psiKey = "psi-key-of-the-tests-0001"

// warehousing is production with a second system for stock, asked by whoever is bound to the ERP.
func warehousing(t *testing.T, psi *sandbox.PSI, more ...string) *world {
	t.Helper()
	w := outside(t, append([]string{
		"SNOWGATE_STOCK__DRIVER=psi", "SNOWGATE_STOCK__ORIGIN=" + standIn(t, psi), "SNOWGATE_STOCK__API_KEY=" + psiKey,
		"SNOWGATE_STOCK__LOOKUP_PATH=/api/inventory/record",
	}, more...)...)
	return w
}

func standInPSI(lookup bool) *sandbox.PSI {
	return sandbox.NewPSI(sandbox.PSIOptions{APIKey: psiKey, Lookup: lookup})
}

// keeper is a member of staff, who may write stock.
func (g *gate) keeper() string {
	g.t.Helper()
	token := g.login("carol")
	g.bind(token, `{"erpUsername":"staff.li","erpPassword":"snow-staff-1"}`)
	return token
}

func stockEntry(psi *sandbox.PSI, quantity string) string {
	return fmt.Sprintf(`{"productId":"%v","warehouseId":"%v","quantity":%s,"type":"in","operator":"王芳"}`,
		psi.Products()[0].ID, psi.Warehouses()[0].ID, quantity)
}

const recordPath = "/api/inventory/record"

// TestTheWarehousesPhone keeps: the phone's four calls answer in its shapes, from a second system, as inside WeChat.
func TestTheWarehousesPhone(t *testing.T) {
	psi := standInPSI(true)
	w := warehousing(t, psi)
	w.gate = start(t, w.environ...)
	token, product := w.keeper(), psi.Products()[0]
	const referer = "https://servicewechat.com/wx0123456789abcdef/7/page-frame.html"
	r := w.ask("GET", "/api/product/barcode?barcode="+product.Barcode, token, "", "Referer", referer)
	if r.status != http.StatusOK || r.Code != 0 || r.Data["barcode"] != product.Barcode || r.Data["id"] == "" {
		t.Errorf("product: %s", r.raw)
	}
	if r := w.ask("GET", "/api/product/barcode?barcode=1", token, "", "Referer", referer); r.status != http.StatusOK || r.Code != 404 {
		t.Errorf("unknown product: %d %s", r.status, r.raw)
	}
	if r := w.ask("GET", "/api/warehouse/list", "", "", "Referer", referer); r.status != http.StatusOK || r.Code != 401 {
		t.Errorf("without a token: %d %s", r.status, r.raw)
	}
	for path, begins := range map[string]string{
		"/api/warehouse/list": `"data":[{"id":"`, "/api/inventory/list?page=1&pageSize=2": `"data":[{"id":"`, "/api/inventory/list?page=99": `"data":[],"total":`,
	} {
		if _, raw := w.bare("GET", path, "", "Authorization", "Bearer "+token); !strings.Contains(raw, begins) {
			t.Errorf("%s: %s", path, raw)
		}
	}
	r = w.ask("POST", recordPath, token, stockEntry(psi, "2.5"), "Idempotency-Key", "k")
	if r.Code != 0 || r.Data["recordId"] == "" || r.Data["quantity"] != 2.5 {
		t.Errorf("record: %s", r.raw)
	}
	w.bind(w.login("alice"), `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`)
	eventually(t, "the write is in the log", func() bool {
		return w.rows(`SELECT count(*) FROM erp_writes WHERE op = 'record_stock' AND state = 'done' AND erp_username = 'staff.li'`) == 1
	})
}

// TestFiftyPostsWithOneKeyAreOneRecord keeps: 50 parallel posts with one key are one record and 50 equal answers.
func TestFiftyPostsWithOneKeyAreOneRecord(t *testing.T) {
	psi := standInPSI(true)
	w := warehousing(t, psi)
	w.gate = start(t, w.environ...)
	token := w.keeper()
	var all sync.WaitGroup
	answers := make([]string, 50)
	for i := range answers {
		all.Go(func() {
			r := w.ask("POST", recordPath, token, stockEntry(psi, "1"), "Idempotency-Key", "one")
			answers[i] = fmt.Sprint(r.Code, r.Data)
		})
	}
	all.Wait()
	for _, a := range answers {
		if a != answers[0] || !strings.HasPrefix(a, "0 ") {
			t.Fatalf("answered %s and %s", a, answers[0])
		}
	}
	if n := len(psi.Records()); n != 1 {
		t.Errorf("%d records", n)
	}
}

// TestALateAnswerIsOneRecord keeps: where the system writes after our time-out and the person taps again, there is one record.
func TestALateAnswerIsOneRecord(t *testing.T) {
	for _, lookup := range []bool{true, false} {
		t.Run(fmt.Sprintf("lookup %v", lookup), func(t *testing.T) {
			psi := standInPSI(lookup)
			path := ""
			if lookup {
				path = recordPath
			}
			w := warehousing(t, psi, "SNOWGATE_ERP__TIMEOUT=1s", "SNOWGATE_STOCK__LOOKUP_PATH="+path)
			w.gate = start(t, w.environ...)
			token := w.keeper()
			psi.SetFaults(sandbox.Fault{Kind: "late", Match: "POST", Delay: 2 * time.Second, Times: 1})
			first := w.ask("POST", recordPath, token, stockEntry(psi, "3"))
			eventually(t, "the system has written", func() bool { return len(psi.Records()) == 1 })
			second := w.ask("POST", recordPath, token, stockEntry(psi, "3"))
			if lookup && second.Code != 0 || !lookup && second.Error != "outcome_unknown" {
				t.Errorf("answered %s and then %s", first.raw, second.raw)
			}
			if n := len(psi.Records()); n != 1 {
				t.Errorf("%d records", n)
			}
		})
	}
}

// TestKillMinus9NeverDoublesARecord keeps: whoever is killed between the system's write and the answer, a repetition
// finds the one record.
func TestKillMinus9NeverDoublesARecord(t *testing.T) {
	psi := standInPSI(true)
	w, binary := warehousing(t, psi), built(t)
	p := w.spawn(binary)
	token := w.keeper()
	psi.SetFaults(sandbox.Fault{Kind: "lost", Match: "POST"})
	done := make(chan struct{})
	go func() {
		defer close(done)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+recordPath, strings.NewReader(stockEntry(psi, "4")))
		if err != nil {
			return
		}
		req.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Idempotency-Key": {"k"}}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
		}
	}()
	eventually(t, "the system has written", func() bool { return len(psi.Records()) == 1 })
	p.kill()
	<-done
	psi.ClearFaults()
	again := w.spawn(binary)
	defer again.kill()
	eventually(t, "the repetition has the outcome", func() bool {
		r := w.ask("POST", recordPath, token, stockEntry(psi, "4"), "Idempotency-Key", "k")
		return r.Code == 0 && r.Data["recordId"] != ""
	})
	if n := len(psi.Records()); n != 1 {
		t.Errorf("%d records", n)
	}
}

// TestAFailingStockSystemDoesNotSlowOrders keeps: the two systems have channels, slots and breakers of their own.
func TestAFailingStockSystemDoesNotSlowOrders(t *testing.T) {
	psi := standInPSI(true)
	w := warehousing(t, psi, "SNOWGATE_ERP__MAX_IN_FLIGHT=4")
	w.gate = start(t, w.environ...)
	token := w.keeper()
	psi.SetFaults(sandbox.Fault{Kind: "hang"})
	var hanging sync.WaitGroup
	for i := range 12 {
		hanging.Go(func() { w.ask("GET", fmt.Sprintf("/api/inventory/list?keyword=%d", i), token, "") })
	}
	for i := range 10 {
		r := w.ask("GET", fmt.Sprintf("/api/orders/search?page=%d", i+1), token, "")
		if r.Code != 0 || r.Data["source"] != "live" {
			t.Errorf("orders: %s", r.raw)
		}
	}
	hanging.Wait()
	status := w.ask("GET", "/api/erp/status", testAdminToken, "")
	if !strings.Contains(status.raw, `"stock_write"`) {
		t.Errorf("status does not name the stock system's capabilities: %s", status.raw)
	}
}

// TestTheERPServesStockToo keeps: without a second system the ERP's own forms serve the phone, orders are made and
// purchases approved; the sandbox has all of them.
func TestTheERPServesStockToo(t *testing.T) {
	g := start(t, "SNOWGATE_MODE=sandbox", "SNOWGATE_ERP__TIMEOUT=20s") // a busy machine is no slow ERP
	token := g.keeper()
	r := g.ask("GET", "/api/product/barcode?barcode="+sandbox.Barcode("8001"), token, "")
	product, _ := r.Data["id"].(string)
	if r.Code != 0 || product != "8001" {
		t.Fatalf("product: %s", r.raw)
	}
	r = g.ask("POST", recordPath, token, `{"productId":"8001","warehouseId":"61","quantity":2,"type":"out"}`)
	if r.Code != 0 || r.Data["recordId"] == "" || r.Data["idempotencyKey"] == nil {
		t.Errorf("record: %s", r.raw)
	}
	r = g.ask("POST", "/api/orders", token, `{"customerId":"501","remark":"加急","lines":[{"productId":"8001","quantity":3}]}`)
	if r.Code != 0 || r.Data["id"] == "" {
		t.Errorf("order: %s", r.raw)
	}
	r = g.ask("GET", "/api/approvals?state=pending", token, "")
	list, _ := r.Data["approvals"].([]any)
	if len(list) == 0 {
		t.Fatalf("approvals: %s", r.raw)
	}
	id, _ := list[0].(map[string]any)["id"].(string)
	if r = g.ask("POST", "/api/approvals/"+id+"/approve", token, ""); r.Code != 0 || r.Data["state"] != "approved" {
		t.Errorf("approve: %s", r.raw)
	}
	for _, path := range []string{
		"/api/dashboard/summary", "/api/insights/sales?by=week", "/api/insights/abc", "/api/insights/replenishment?orderingCost=50&holdingCost=2",
	} {
		if r := g.ask("GET", path, token, ""); r.Code != 0 {
			t.Errorf("%s: %s", path, r.raw)
		}
	}
}

// The second system is looked at like the ERP: when it is gone, admins see its channel down and why, in words, and the orders'
// channel up.
func TestAdminsSeeTheStockSystemGo(t *testing.T) {
	psi := standInPSI(true)
	system := httptest.NewServer(psi)
	t.Cleanup(func() {
		_ = psi.Close()
		system.Close()
	})
	w := outside(t, "SNOWGATE_STOCK__DRIVER=psi", "SNOWGATE_STOCK__ORIGIN="+system.URL, "SNOWGATE_STOCK__API_KEY="+psiKey, "SNOWGATE_HEALTH__INTERVAL=1s")
	w.gate = start(t, w.environ...)
	channel := func() map[string]any {
		list, _ := w.ask("GET", "/api/erp/status", testAdminToken, "").Data["channels"].([]any)
		for _, ch := range list {
			if c := ch.(map[string]any); c["system"] == stockAccount {
				return c
			}
		}
		return nil
	}
	eventually(t, "the stock system is up", func() bool { return channel()["state"] == "up" })
	system.CloseClientConnections()
	system.Close()
	eventually(t, "the stock system is down", func() bool { return channel()["state"] == "down" })
	c := channel()
	reason, _ := c["reasonZh"].(string)
	look, _ := c["lastProbe"].(map[string]any)
	if !strings.HasPrefix(reason, "探测失败："+kindWords["unavailable"].ZH) || look["ok"] != false || look["error"] != "unavailable" {
		t.Errorf("the channel of the stock system: %v", c)
	}
	if state := w.channelState("primary"); state != "up" {
		t.Errorf("the ERP is %s", state)
	}
	r := w.ask("POST", "/api/admin/erp/probe", testAdminToken, `{"channel":"primary","system":"stock"}`)
	if r.Code != 0 || r.Data["system"] != stockAccount || r.Data["state"] != "down" {
		t.Errorf("a look at once: %s", r.raw)
	}
	if r := w.ask("GET", "/api/admin/overview", testAdminToken, ""); !strings.Contains(r.raw, `"part":"stock","state":"down"`) {
		t.Errorf("overview: %s", r.raw)
	}
}
