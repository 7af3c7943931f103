package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"snowgate/cmd/snowgate/config"
	"snowgate/gateway"
)

// hostileRequests is how many are made of the tables below, beside the shapes that are written out.
const hostileRequests = 3000

// besieged is the program without limits, so that every request gets as far as it can.
func besieged(t *testing.T) *gate {
	t.Helper()
	return start(t, "SNOWGATE_MODE=sandbox", "SNOWGATE_LIMITS__REQUESTS_PER_OPENID=0", "SNOWGATE_LIMITS__REQUESTS_PER_IP=0",
		"SNOWGATE_LIMITS__LOGINS_PER_IP=0", "SNOWGATE_LIMITS__BINDS=0")
}

// siege is what the answers are held against.
type siege struct {
	*gate
	address string
	errors  map[string]int // the catalogue: codes by name
	secrets []string       // what no answer may hold
	insides []string       // nor, beside what there is to be shown
	mu      sync.Mutex
	seen    map[int]int // answers by status
}

func newSiege(t *testing.T) *siege {
	t.Helper()
	s := &siege{gate: besieged(t), seen: map[int]int{}, errors: catalogue(t)}
	s.address = strings.TrimPrefix(s.url, "http://")
	s.secrets = []string{
		"snow-alice-1", "snow-service-1", config.SandboxAppSecret, config.SandboxAdminToken, config.SandboxServiceKey, config.SandboxSealKey[8:],
		"sandbox-callback-token", "JSESSIONID", "session_key",
	}
	s.insides = []string{
		"goroutine ", ".go:", "panic", "runtime error", "/usr/", "/tmp/", "/work", "dial tcp", "connection refused", "127.0.0.1", "::1", "localhost",
		"SELECT ", "INSERT ", "SQLITE", "sqlite", "redis:", "Redis", "invalid character", "strconv.", "unmarshal", "json:", "http:", "net/", "EOF",
		"context deadline", "getBusiness", "jscode2session", "SnowInventory",
	}
	return s
}

// catalogue is what `snowgate codes` lists.
func catalogue(t *testing.T) map[string]int {
	t.Helper()
	var list bytes.Buffer
	if err := gateway.PrintCatalogue(&list); err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{}
	for line := range strings.Lines(list.String()) {
		var code int
		var name string
		if n, _ := fmt.Sscan(line, &code, &name); n == 2 {
			codes[name] = code
		}
	}
	if len(codes) < 20 {
		t.Fatalf("the catalogue is\n%s", list.String())
	}
	return codes
}

// heard is one answer as it came over the wire.
type heard struct {
	status int
	header http.Header
	body   string
}

// tell writes bytes to the program and reads every answer until it hangs up. A request that leaves the connection open
// has to ask for its end.
func (s *siege) tell(raw string, within time.Duration) ([]heard, error) {
	conn, err := net.DialTimeout("tcp", s.address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(within)); err != nil {
		return nil, err
	}
	written := make(chan struct{})
	go func() { // it may answer, and hang up, before it has heard all
		defer close(written)
		_, _ = io.WriteString(conn, raw)
	}()
	answers, err := hear(conn, raw)
	_ = conn.Close()
	<-written
	return answers, err
}

// hear reads whole answers to what was said until the other side hangs up.
func hear(conn io.Reader, said string) (all []heard, err error) {
	r := bufio.NewReader(conn)
	for {
		if _, err := r.Peek(1); err != nil {
			return all, ended(err)
		}
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return all, err
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil && !strings.HasPrefix(said, "HEAD ") {
			return all, ended(err) // net/http resets a connection that ends with a body nobody has read
		}
		if res.StatusCode != http.StatusContinue {
			all = append(all, heard{res.StatusCode, res.Header, string(body)})
		}
	}
}

// ended takes every way to hang up for one; time that ran out is none.
func ended(err error) error {
	if netErr, ok := err.(net.Error); ok && netErr.Timeout() { //nolint:errorlint // as the connection gives it
		return err
	}
	return nil
}

// judge holds an answer to what is promised of all.
func (s *siege) judge(t *testing.T, what string, a heard) {
	t.Helper()
	text := fmt.Sprintf("%.300q is answered with %d %v %.600s", what, a.status, a.header, a.body)
	s.mu.Lock()
	s.seen[a.status]++
	s.mu.Unlock()
	if !a.ours() {
		if !netHTTPSOwn(a) {
			t.Errorf("neither ours nor net/http's: %s", text)
		}
		return
	}
	for _, secret := range s.secrets {
		if strings.Contains(a.body+fmt.Sprint(a.header), secret) && !isPage(a) {
			t.Errorf("tells %q: %s", secret, text)
		}
	}
	for _, inside := range s.insides {
		if strings.Contains(a.body, inside) && !isPage(a) && !isData(a) {
			t.Errorf("tells of %q: %s", inside, text)
		}
	}
	if a.status < 200 || a.status == http.StatusInternalServerError || a.status > 504 || a.status == http.StatusNotImplemented && a.envelope().Error != "not_supported" {
		t.Errorf("not among the answers there are: %s", text)
	}
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") || strings.HasPrefix(what, "HEAD ") {
		return // pages, probes, WeChat's own; or nothing to read
	}
	e := a.envelope()
	switch code, known := s.errors[e.Error]; {
	case e.RequestID == "" || e.RequestID != a.header.Get("X-Request-Id"):
		t.Errorf("without its request id: %s", text)
	case e.Code == 0 && (e.Error != "" || a.status != http.StatusOK):
		t.Errorf("a success that is none: %s", text)
	case e.Code != 0 && (!known || code != e.Code || e.Code != a.status && a.status != http.StatusOK || e.Message == "" || e.Hint == ""):
		t.Errorf("not of the catalogue: %s", text)
	}
}

type wireEnvelope struct {
	Code      int    `json:"code"`
	Error     string `json:"error"`
	Message   string `json:"message"`
	Hint      string `json:"hint"`
	RequestID string `json:"requestId"`
}

func (a heard) envelope() (e wireEnvelope) {
	_ = json.Unmarshal([]byte(a.body), &e) // one that is none has no request id
	return e
}

// ours reports whether our code has answered: it puts a request id on everything.
func (a heard) ours() bool { return a.header.Get("X-Request-Id") != "" }

// isPage is documentation, which may speak of anything.
func isPage(a heard) bool {
	kind := a.header.Get("Content-Type")
	return a.status == http.StatusOK && (strings.Contains(kind, "html") || strings.Contains(kind, "yaml"))
}

// isData is an answer that shows what there is: names there are not ours to choose.
func isData(a heard) bool { return a.status == http.StatusOK && a.envelope().Code == 0 }

// netHTTPSOwn are the answers that net/http gives before our code is asked: plain text, and the end of the connection.
func netHTTPSOwn(a heard) bool {
	switch a.status {
	case http.StatusBadRequest, http.StatusExpectationFailed, http.StatusRequestHeaderFieldsTooLarge, http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return len(a.body) < 200 && !strings.Contains(a.body, "goroutine")
	default:
		return false
	}
}

var (
	hostileMethods = []string{"GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "GE T", "\x00", "POST\t", strings.Repeat("A", 300)}
	// hostilePaths come with the method that they are for.
	hostilePaths = []string{
		"POST /api/auth/wx-login", "POST /api/auth/erp-bind", "POST /api/auth/logout", "DELETE /api/auth/erp-bind", "DELETE /api/user", "GET /api/user/profile",
		"GET /api/user/export", "GET /api/orders/search", "POST /api/orders", "GET /api/orders/{id}", "GET /api/orders/{id}/status", "GET /api/orders/{id}/materials",
		"GET /api/materials/{id}/progress", "GET /api/product/barcode", "GET /api/inventory/list", "GET /api/warehouse/list", "POST /api/inventory/record", "GET /api/approvals",
		"POST /api/approvals/{id}/approve", "POST /api/approvals/{id}/reject", "GET /api/dashboard/summary", "GET /api/insights/sales", "GET /api/insights/abc",
		"GET /api/insights/replenishment", "POST /api/wechat/template-msg", "GET /api/wechat/template-msg/{id}", "GET /api/wechat/callback", "POST /api/wechat/callback",
		"POST /api/wechat/subscriptions", "POST /api/erp/events", "GET /api/erp/status", "GET /api/admin/calls", "GET /api/admin/messages", "POST /api/admin/messages/{id}/retry",
		"GET /api/admin/queue", "GET /api/health/check", "GET /api/metrics/performance", "GET /api", "GET /api/", "GET /api/{id}", "GET /", "GET /livez", "GET /readyz", "GET /metrics",
		"GET /debug/pprof", "GET /debug/pprof/{id}", "GET /docs", "GET /docs/openapi.yaml", "GET /console/", "GET /console/{id}",
		"POST /console/login", "GET /console/session", "POST /console/logout", "GET /api/admin/overview", "POST /api/admin/maintenance", "DELETE /api/admin/sessions/{id}",
		"DELETE /api/admin/bindings", "GET /api/admin/config", "GET /api/admin/calls/{id}", "POST /api/admin/erp/standby", "GET //api/orders/search", "GET /api//orders/{id}",
		"GET /api/./user/profile", "GET /api/../api/user", "GET /API/USER", "GET /api/orders/{id}/", "GET /api/orders/{id}/status/../../..", "OPTIONS *",
		"GET http://elsewhere.example/api/user/profile", "GET api/user", "GET /api/orders/{id};x=y", "GET /.env", "GET /.git/config", "GET /wp-login.php",
		"GET /%2e%2e/%2e%2e/etc/passwd", "GET /\\api", "GET /api/orders\\search", "CONNECT gate.example:443",
	}
	hostileIDs = []string{
		"1", "10001", "0", "-1", "..", ".", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "a%00b", "%0d%0aX:%20y", "%ff", "%c0%ae", "%e2%80%ae", "%EF%BC%91", strings.Repeat("a", 65), strings.Repeat("9", 400),
		"1%20OR%201=1", "%27%3b--", "%24%7bjndi:ldap:%2f%2fx%7d", "%7b%7b7*7%7d%7d", "<script>", "%25%32%35", "a/b", "a%2Fb", "a%5cb", "null", "undefined", "[]", "{}", "1e9", "0x10", "订单", "%E8%AE%A2", "😀", "%", "%zz", "%2",
	}
	hostileQueries = []string{
		"", "", "?page=0", "?page=99999999999999999999", "?page=1&page=2", "?pageSize=-1", "?keyword=%00", "?keyword=" + strings.Repeat("a", 65), "?keyword=%ff", "?status=x", "?openid=someone", "?openid=a&openid=b",
		"?token={token}", "?%zz", "?a;b", "?from=x&to=y", "?from=2026-02-30", "?days=0", "?days=99999999999", "?orderingCost=1e999999999&holdingCost=1", "?a=NaN&b=Infinity", "?serviceLevel=1&leadTimeDays=-1", "?barcode=%27",
		"?barcode=" + strings.Repeat("9", 500), "?signature=x&timestamp=1&nonce=2&echostr=<x>", "?warehouseId=..", "?state=%0a", "?everywhere=maybe", "?" + strings.Repeat("a=b&", 300), "?user=%27%20OR%201=1", "??", "?#x",
	}
	hostileHeaders = []string{
		"Authorization: bearer  {token}", "Authorization: Basic YWRtaW46YWRtaW4=", "Authorization: Bearer " + strings.Repeat("A", 43),
		"Authorization: Bearer {token}\r\nAuthorization: Bearer x", "Authorization: Bearer {token}, Bearer x", "Authorization: Bearer\t{token}", "Authorization:", "Cookie: token={token}; sessionKey={token}",
		"X-WX-OPENID: oAlice", "X-User-Id: 1\r\nX-Admin: true", "X-Forwarded-For: 127.0.0.1\r\nX-Real-IP: 127.0.0.1\r\nForwarded: for=127.0.0.1", "X-Forwarded-For: " + strings.Repeat("1.1.1.1, ", 500), "X-Original-URL: /api/admin/calls\r\nX-Rewrite-URL: /metrics",
		"X-HTTP-Method-Override: DELETE\r\nX-Method-Override: DELETE", "X-Request-Id: a b", "X-Request-Id: " + strings.Repeat("x", 200), "X-Request-Id: \"}{", "Idempotency-Key: " + strings.Repeat("k", 200), "Idempotency-Key: 钥匙", "Idempotency-Key: a\r\nIdempotency-Key: b",
		"Accept-Language: en", "Accept-Language: " + strings.Repeat("x-", 90), "Accept-Language: *;q=0, zz", "Referer: https://servicewechat.com/wx1/1/page-frame.html", "Referer: %zz", "Origin: https://evil.example\r\nAccess-Control-Request-Method: GET",
		"Expect: 100-continue", "Expect: nonsense", "Upgrade: websocket\r\nConnection: Upgrade", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", "Range: bytes=0-1", "If-None-Match: *", "Accept-Encoding: gzip, br", "TE: trailers\r\nTrailer: X", "Content-Encoding: gzip",
		"X-Big: " + strings.Repeat("b", 12000), "X-Huge: " + strings.Repeat("h", 40000), "X-Null: a\x00b", "Bad Header: x", ": x", "X-Folded: a\r\n b", "X-Latin: \xff\xfe", "Host: evil.example", "X-Snowgate-Signature: zz\r\nX-Snowgate-Timestamp: 1",
		"Authorization: Bearer {admin}x", "Cookie: snowgate_console={token}\r\nX-Snowgate-Console: x", "Cookie: snowgate_console=a; snowgate_console=b", "Authorization: Bearer {service}\r\nX-Snowgate-Timestamp: 9999999999\r\nX-Snowgate-Signature: 00",
	}
	hostileTypes  = []string{"application/json; charset=utf-8", "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json, text/plain", ";", ""}
	hostileBodies = []string{
		"", "{}", "[]", "null", "7", `"x"`, "{", `{"a":1}{`, `{"a":1,"a":2}`, `{"a":NaN}`, "\xff\xfe", "\x00", `{"code":"\ud800"}`, strings.Repeat("[", 5000), strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), `{"` + strings.Repeat("k", 5000) + `":1}`,
		`{"code":""}`, `{"code":"x"}`, `{"code":7}`, `{"code":"test-alice-` + strings.Repeat("x", 300) + `"}`, `{"erpUsername":"' OR 1=1","erpPassword":"x"}`, `{"inviteCode":{"$ne":""}}`, `{"inviteCode":"NOPE"}`, `{"openid":"someone","inviteCode":"x"}`,
		`{"productId":"1","warehouseId":"1","quantity":1e999,"type":"in","operator":"x"}`, `{"productId":"../x","warehouseId":"1","quantity":-1,"type":"sideways"}`, `{"productId":"8001","warehouseId":"61","quantity":"1","type":"in"}`,
		`{"customerId":"1","lines":[]}`, `{"lines":[{"productId":"1","quantity":0}]}`, `{"lines":[null]}`, `{"templateId":"x","data":{}}`, `{"templateId":"x","data":{"thing1":{"value":"\u0000"}},"page":"https://evil.example"}`, `{"results":{"x":"accept"}}`,
		`{"eventId":"e","type":"shipped","customerId":"1","data":{}}`, `<xml><Event>x</Event></xml>`, `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml>&a;</xml>`, `a=b&c=d`, "--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--",
		`{"token":"x"}`, `{"token":["x"]}`, `{"pattern":"[","minutes":1e9}`, `{"force":"yes"}`,
		`{"pad":"` + strings.Repeat("x", 300<<10) + `"}`, "\x1f\x8b\x08\x00\x00\x00\x00\x00",
	}
)

// enter logs a user in and binds them: the requests before may have ended both. A busy machine may refuse either, as an
// outage would; what comes then is a stranger's.
func (s *siege) enter(t *testing.T, code string) (token string) {
	post := func(path, token, body string) (a heard) {
		raw := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
			"Content-Length: %d\r\n\r\n%s", path, token, len(body), body)
		answers, err := s.tell(raw, 15*time.Second)
		if err != nil || len(answers) != 1 {
			t.Errorf("%s: %v, %v", path, answers, err)
			return a
		}
		s.judge(t, raw, answers[0])
		return answers[0]
	}
	var login struct{ Data struct{ Token string } }
	_ = json.Unmarshal([]byte(post("/api/auth/wx-login", "", `{"code":"test-`+code+`"}`).body), &login) // else there is no token
	post("/api/auth/erp-bind", login.Data.Token, `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`)
	return login.Data.Token
}

// hostile makes a request of the tables; token is the user's own.
func (s *siege) hostile(r *rand.Rand, token string) string {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	often := func() bool { return r.IntN(4) > 0 }
	var b strings.Builder
	method, path, _ := strings.Cut(pick(hostilePaths), " ")
	if !often() {
		method = pick(hostileMethods)
	}
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: gate.example\r\nConnection: close\r\n", method, strings.ReplaceAll(path, "{id}", pick(hostileIDs))+pick(hostileQueries))
	if often() {
		b.WriteString("Authorization: Bearer {token}\r\n")
	}
	if !often() {
		b.WriteString(pick(hostileHeaders) + "\r\n")
	}
	kind := "application/json"
	if !often() {
		kind = pick(hostileTypes)
	}
	if kind != "" {
		b.WriteString("Content-Type: " + kind + "\r\n")
	}
	body := pick(hostileBodies)
	switch r.IntN(8) {
	case 0:
		fmt.Fprintf(&b, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	case 1:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", max(len(body)-1, 0), body) // the rest is another request's
	default:
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	return strings.NewReplacer("{token}", token, "{admin}", config.SandboxAdminToken, "{service}", config.SandboxServiceKey).Replace(b.String())
}

// TestThousandsOfHostileRequests keeps: whatever comes over the wire is answered by the contract or cut off, tells nothing
// of the inside, and leaves nothing behind. The seed is fixed: a failure can be had again.
func TestThousandsOfHostileRequests(t *testing.T) {
	s := newSiege(t)
	s.storm(t, 2025, 400) // after which every connection to the outside is there that will be
	before := settled()
	s.storm(t, 2026, hostileRequests)
	t.Logf("answered by status: %v", s.seen)
	if len(s.seen) < 10 || s.seen[http.StatusOK] < hostileRequests/50 || s.seen[http.StatusUnauthorized] == 0 {
		t.Error("the tables do not get far")
	}
	s.standsAsBefore(t, before)
}

// storm sends as many requests from four sides, each a user's.
func (s *siege) storm(t *testing.T, seed uint64, requests int) {
	t.Helper()
	var all sync.WaitGroup
	for side, user := range []string{"alice", "bob", "carol", "dave"} {
		all.Go(func() {
			r := rand.New(rand.NewPCG(seed, uint64(side))) //nolint:gosec // it shall be the same each time
			token := ""
			for n := range requests / 4 {
				if n%25 == 0 {
					token = s.enter(t, fmt.Sprintf("%s-%d-%d", user, seed, n))
				}
				raw := s.hostile(r, token)
				answers, err := s.tell(raw, 15*time.Second)
				if err != nil {
					t.Errorf("%.300q: %v", raw, err)
				}
				for _, a := range answers {
					s.judge(t, raw, a)
				}
			}
		})
	}
	all.Wait()
}

// footprint is what a running program takes.
type footprint struct {
	goroutines int
	heap       uint64
}

// settled is the footprint once the test's own connections are closed.
func settled() footprint {
	http.DefaultClient.CloseIdleConnections()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{runtime.NumGoroutine(), m.HeapAlloc}
}

// standsAsBefore wants goroutines and memory back at their level within ten seconds, and the program to serve as ever. A
// few goroutines come and go with the background work.
func (s *siege) standsAsBefore(t *testing.T, before footprint) {
	t.Helper()
	var now footprint
	deadline := time.Now().Add(10 * time.Second)
	for now = settled(); now.goroutines > before.goroutines+16 || now.heap > before.heap+32<<20; now = settled() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("was %+v, is %+v:\n%s", before, now, stacks[:runtime.Stack(stacks, true)])
		}
		runtime.Gosched()
	}
	eventually(t, "it serves as before", func() bool { return s.ask("GET", "/api/orders/search", "", "").status == http.StatusUnauthorized })
	token := ""
	eventually(t, "a user comes in", func() bool { token = s.enter(t, fmt.Sprintf("bob-%d", time.Now().UnixNano())); return token != "" })
	eventually(t, "and is served", func() bool { return s.ask("GET", "/api/orders/search", token, "").Code == 0 })
	if log := s.stderr.String(); strings.Contains(log, `"level":"ERROR"`) || strings.Contains(log, "panic") {
		t.Errorf("logged:\n%s", log)
	}
}
