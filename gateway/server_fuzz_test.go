package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"

	"snowgate/audit"
	"snowgate/audit/mask"
	"snowgate/session"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

// silentLog takes everything and keeps nothing.
type silentLog struct{}

func (silentLog) Call(audit.Call)               {}
func (silentLog) Session(audit.SessionChange)   {}
func (silentLog) Binding(audit.BindingChange)   {}
func (silentLog) Write(audit.WriteChange) error { return nil }
func (silentLog) Forget(string) error           { return nil }
func (silentLog) Ready() error                  { return nil }
func (silentLog) Stats() audit.Stats            { return audit.Stats{} }

// anybody is WeChat that knows every code of the form code-of-OPENID.
type anybody struct{}

func (anybody) Code2Session(_ context.Context, code string) (wxmsg.Login, error) {
	openid, ok := strings.CutPrefix(code, "code-of-")
	if !ok || openid == "" {
		return wxmsg.Login{}, &wxmsg.Error{Op: "code2session", Kind: wxmsg.KindCodeInvalid, ErrCode: 40029}
	}
	return wxmsg.Login{OpenID: openid, SessionKey: "key of " + openid}, nil
}

// arena is a gateway that outlives one input: what the inputs leave behind is erased before each.
type arena struct {
	server *Server
	redis  *miniredis.Miniredis
	erp    *fakeERP
}

func newArena(f *testing.F) *arena {
	f.Helper()
	mini, err := miniredis.Run()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(mini.Close)
	rdb, err := session.Dial("redis://" + mini.Addr())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = rdb.Close() })
	keys, err := session.ParseKeys([]string{"t1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="})
	if err != nil {
		f.Fatal(err)
	}
	sealer, err := session.NewSealer(keys)
	if err != nil {
		f.Fatal(err)
	}
	store := session.NewStore(rdb, sealer, session.Config{Timeout: 5 * time.Second})
	messages, err := queue.New(queue.Config{Redis: rdb, Sealer: sealer, Pseudonym: sealer.Pseudonym, RequireConsent: true, Timeout: 5 * time.Second})
	if err != nil {
		f.Fatal(err)
	}
	push, err := wxmsg.NewPush(pushToken, "", pushAppID)
	if err != nil {
		f.Fatal(err)
	}
	a := &arena{redis: mini, erp: newFakeERP()}
	a.server = New(Config{
		AdminTokens: []string{adminToken}, ServiceKeys: []string{serviceKey}, slack: 20 * time.Second, Logger: slog.New(slog.DiscardHandler),
		BindLimit: -1,
	}, Deps{
		Sessions: store, Arrivals: store, Bindings: store, Attempts: store, WeChat: anybody{}, Push: push, Once: store, ERP: a.erp, Stock: a.erp,
		Sales: a.erp, Approvals: a.erp, Intents: store, Log: silentLog{}, Archive: &fakeArchive{}, Messages: messages,
		Templates: fakeTemplates{}, Customers: store, Masker: mask.New(sealer.Pseudonym), Monitor: &fakeMonitor{results: healthy()},
		Registry: prometheus.NewRegistry(),
	}.watched().at(store))
	return a
}

// enter starts over, with one bound user, and returns the user's token.
func (a *arena) enter(t *testing.T) string {
	t.Helper()
	a.redis.FlushAll()
	a.erp.calls = nil
	var login struct{ Data loginAnswer }
	a.answer(t, request(http.MethodPost, "/api/auth/wx-login", `{"code":"code-of-`+alice+`"}`), &login)
	a.answer(t, authorized(request(http.MethodPost, "/api/auth/erp-bind", `{"erpUsername":"alice.chen","erpPassword":"`+password+`"}`), login.Data.Token), &login)
	return login.Data.Token
}

func (a *arena) answer(t *testing.T, r *http.Request, into any) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	a.server.ServeHTTP(rec, r)
	if err := json.Unmarshal(rec.Body.Bytes(), into); err != nil {
		t.Fatalf("%s %s is answered with %q", r.Method, r.URL.Path, rec.Body)
	}
	return rec
}

// requests are whole ones as they come over the wire; TOKEN, ADMIN and SERVICE stand for tokens that are right.
func requests() []string {
	get := func(target string, headers ...string) string {
		return "GET " + target + " HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer TOKEN\r\n" + strings.Join(headers, "") + "\r\n"
	}
	post := func(target, token, body string, headers ...string) string {
		return "POST " + target + " HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer " + token + "\r\nContent-Type: application/json\r\n" +
			strings.Join(headers, "") + "Transfer-Encoding: chunked\r\n\r\n" + chunked(body)
	}
	return []string{
		get("/api/orders/search?keyword=%E8%AE%A2&page=2"), get("/api/orders/88001"), get("/api/orders/88002/status"), get("/api/materials/990011/progress"),
		get("/api/orders/a%2F..%2Fb"), get("//api/./orders//"), get("http://elsewhere/api/user/profile"), get("*"), get("/api/product/barcode?barcode=" + aBarcode),
		get("/api/inventory/list?warehouseId=1"), get("/api/insights/sales?by=week&from=2026-01-01&to=2026-02-01"), get("/api/insights/abc?a=0.5&b=0.4"),
		get("/api/insights/replenishment?orderingCost=1&holdingCost=2&days=3"), get("/api/dashboard/summary"), get("/api/approvals?state=pending"),
		get("/api/user/export", "Referer: https://servicewechat.com/wx1/1/page-frame.html\r\n"), get("/api/wechat/callback?signature=x&echostr=1"), get("/docs"), get("/livez"),
		strings.Replace(get("/api/admin/calls?from=x&status=200"), "TOKEN", "ADMIN", 1), strings.Replace(get("/metrics"), "TOKEN", "ADMIN", 1),
		post("/api/auth/wx-login", "TOKEN", `{"code":"code-of-x"}`), post("/api/auth/erp-bind", "TOKEN", `{"inviteCode":"`+inviteCode+`"}`),
		post("/api/inventory/record", "TOKEN", `{"productId":"7001","warehouseId":"1","quantity":2.5,"type":"in"}`, "Idempotency-Key: k\r\n"),
		post("/api/orders", "TOKEN", `{"customerId":"C1","lines":[{"productId":"7001","quantity":1}]}`), post("/api/approvals/12/approve", "TOKEN", ""),
		post("/api/wechat/subscriptions", "TOKEN", `{"results":{"`+aTemplate+`":"accept"}}`), post("/api/wechat/callback", "", `<xml><Event>x</Event></xml>`),
		post("/api/wechat/template-msg", "SERVICE", `{"openid":"`+alice+`","templateId":"`+aTemplate+`","data":`+goodData+`}`),
		post("/api/admin/maintenance", "ADMIN", `{"pattern":"part.erp*","to":"2099-01-01T00:00:00Z","note":"x"}`), post("/api/admin/erp/standby", "ADMIN", `{"force":true}`),
		strings.Replace(strings.Replace(get("/api/admin/sessions?user="+alice), "TOKEN", "ADMIN", 1), "GET", "DELETE", 1),
		strings.Replace(get("/api/admin/maintenance?id=x"), "TOKEN", "ADMIN", 1), strings.Replace(get("/api/admin/overview"), "TOKEN", "ADMIN", 1),
		strings.Replace(get("/api/admin/calls/1"), "TOKEN", "ADMIN", 1), strings.Replace(get("/api/admin/config"), "TOKEN", "ADMIN", 1),
		post("/console/login", "", `{"token":"x"}`), get("/console/../login"), get("/console/session", "Cookie: snowgate_console=x\r\n"),
		strings.Replace(get("/api/admin/queue", "Cookie: snowgate_console=x\r\nX-Snowgate-Console: y\r\n"), "Authorization: Bearer TOKEN\r\n", "", 1),
		post("/api/admin/queue/resume", "ADMIN", ""), post("/api/erp/events", "SERVICE", anEvent), strings.Replace(get("/api/user"), "GET", "DELETE", 1),
	}
}

func chunked(body string) string {
	var b bytes.Buffer
	w := smallChunks{&b}
	_, _ = io.WriteString(w, body)
	b.WriteString("0\r\n\r\n")
	return b.String()
}

type smallChunks struct{ to *bytes.Buffer }

func (w smallChunks) Write(p []byte) (int, error) {
	const hex = "0123456789abcdef"
	for rest := p; len(rest) > 0; {
		n := min(len(rest), 15)
		w.to.WriteString(string(hex[n]) + "\r\n" + string(rest[:n]) + "\r\n")
		rest = rest[n:]
	}
	return len(p), nil
}

// Whatever comes over the wire, if it is HTTP at all, is answered: under /api with an envelope, nowhere with a defect of
// ours, and with no word in it that is not from the catalogue.
func FuzzServer(f *testing.F) {
	for _, raw := range requests() {
		f.Add([]byte(raw))
	}
	a := newArena(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil {
			return
		}
		token := a.enter(t)
		r.RemoteAddr = "192.0.2.1:1234"
		words := strings.NewReplacer("TOKEN", token, "ADMIN", adminToken, "SERVICE", serviceKey)
		for i, v := range r.Header["Authorization"] {
			r.Header["Authorization"][i] = words.Replace(v)
		}
		rec := httptest.NewRecorder()
		a.server.ServeHTTP(rec, r)
		checkAnswer(t, r, rec)
	})
}

func checkAnswer(t *testing.T, r *http.Request, rec *httptest.ResponseRecorder) {
	t.Helper()
	path := r.URL.Path
	if rec.Code == http.StatusInternalServerError || rec.Code < 200 || rec.Code > 504 {
		t.Fatalf("%s %q is answered %d %s", r.Method, r.URL, rec.Code, rec.Body)
	}
	if !strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, callbackPath) && rec.Code == http.StatusOK {
		return
	}
	var e envelope
	if err := json.Unmarshal(rec.Body.Bytes(), &e); err != nil {
		t.Fatalf("%s %q is answered with %q", r.Method, r.URL, rec.Body)
	}
	if !saneRequestID(e.RequestID) || e.RequestID != rec.Header().Get("X-Request-Id") || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s %q: request id %q, headers %v", r.Method, r.URL, e.RequestID, rec.Header())
	}
	if e.Code != 0 && !isFromCatalogue(e) {
		t.Errorf("%s %q is answered %s", r.Method, r.URL, rec.Body)
	}
}

// isFromCatalogue reports whether an answer says nothing but what stands in the catalogue, and a name of ours.
func isFromCatalogue(e envelope) bool {
	field := ""
	if e.Field != "" {
		field = ": " + e.Field
	}
	for _, p := range catalogue {
		if p.Name == e.Error {
			isOurs := isOurName(e.Field) || strings.HasPrefix(e.Field, "data.")
			return isOurs && p.Code == e.Code && e.Code != http.StatusInternalServerError &&
				(e.Message == p.Chinese+field || e.Message == p.English+field) && (e.Hint == p.HintZH || e.Hint == p.HintEN)
		}
	}
	return false
}
