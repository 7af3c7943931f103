package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// shapes are requests that two HTTP implementations may read differently, or that are none. Of each it is said how many
// answers it may have at most: what hides behind a request must not be heard where it is not one of its own.
var shapes = map[string]struct {
	raw  string
	most int
}{
	"two lengths":                  {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}GET /api/admin/calls HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"two equal lengths":            {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 1},
	"a list of lengths":            {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Length: 2, 40\r\n\r\n{}GET /livez HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"a length with a sign":         {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Length: +2\r\n\r\n{}", 1},
	"a length of hex":              {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Length: 0x2\r\n\r\n{}", 1},
	"a length below nought":        {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Length: -1\r\n\r\n{}", 1},
	"a length beyond numbers":      {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Length: 99999999999999999999\r\n\r\n{}", 1},
	"length and chunks":            {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/admin/calls HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"chunks after all":             {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"chunks twice":                 {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"chunks misspelt":              {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"chunks behind a control":      {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"chunks before the colon":      {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"chunks in HTTP/1.0":           {"POST /api/auth/wx-login HTTP/1.0\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"a chunk of no number":         {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", 1},
	"a chunk longer than told":     {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}GET /livez HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"a chunk beyond numbers":       {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}", 1},
	"chunks with extensions":       {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"\r\n\"\r\n{}\r\n0\r\n\r\n", 1},
	"forbidden trailers":           {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: application/json\r\nTrailer: Authorization\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nAuthorization: Bearer x\r\nContent-Length: 9\r\n\r\n", 1},
	"a folded header":              {"GET /api/user/profile HTTP/1.1\r\nHost: g\r\nConnection: close\r\nAuthorization: Bearer\r\n x\r\n\r\n", 1},
	"bare line feeds":              {"GET /api/user/profile HTTP/1.1\nHost: g\nConnection: close\n\n", 1},
	"bare carriage returns":        {"GET /api/user/profile HTTP/1.1\rHost: g\r\r", 1},
	"a carriage return in a value": {"GET /api/user/profile HTTP/1.1\r\nHost: g\r\nX: a\rGET /livez HTTP/1.1\r\n\r\n", 1},
	"no host":                      {"GET /api/user/profile HTTP/1.1\r\n\r\n", 1},
	"two hosts":                    {"GET /api/user/profile HTTP/1.1\r\nHost: g\r\nHost: evil.example\r\n\r\n", 1},
	"a host that is none":          {"GET /api/user/profile HTTP/1.1\r\nHost: g/../x\r\n\r\n", 1},
	"a host with a user":           {"GET /api/user/profile HTTP/1.1\r\nHost: a@b\r\nConnection: close\r\n\r\n", 1},
	"another's absolute form":      {"GET http://evil.example/api/user/profile HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n", 1},
	"an absolute form of nothing":  {"GET http:///api HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n", 1},
	"a file":                       {"GET file:///etc/passwd HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n", 1},
	"a tunnel":                     {"CONNECT 10.0.0.1:3306 HTTP/1.1\r\nHost: 10.0.0.1:3306\r\nConnection: close\r\n\r\n", 1},
	"HTTP/1.0 without a host":      {"GET /api/user/profile HTTP/1.0\r\n\r\n", 1},
	"HTTP/0.9":                     {"GET /api/user/profile\r\n", 1},
	"HTTP/1.2":                     {"GET / HTTP/1.2\r\nHost: g\r\nConnection: close\r\n\r\n", 1},
	"HTTP/9.9":                     {"GET / HTTP/9.9\r\nHost: g\r\n\r\n", 1},
	"HTTP/2 without TLS":           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", 1},
	"TLS without TLS":              {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 200), 1},
	"SSH":                          {"SSH-2.0-OpenSSH_9.6\r\n", 1},
	"a mail":                       {"EHLO evil.example\r\nMAIL FROM:<a@b>\r\n", 1},
	"nothing":                      {"\r\n\r\n\r\n", 1},
	"NULs":                         {strings.Repeat("\x00", 4096), 1},
	"a long first line":            {"GET /" + strings.Repeat("a", 64<<10) + " HTTP/1.1\r\nHost: g\r\n\r\n", 1},
	"a long header":                {"GET /livez HTTP/1.1\r\nHost: g\r\nX: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", 1},
	"many headers":                 {"GET /livez HTTP/1.1\r\nHost: g\r\n" + strings.Repeat("X: y\r\n", 20000) + "\r\n", 1},
	"a header without an end":      {"GET /livez HTTP/1.1\r\nHost: g\r\nX: " + strings.Repeat("a", 1<<20), 1},
	"a body nobody asked for":      {"GET /api/health/check HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Length: 30\r\n\r\nGET /api/admin/calls HTTP/1.1\n", 1},
	"an upgrade":                   {"GET /api/user/profile HTTP/1.1\r\nHost: g\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n", 1},
	"an expectation":               {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}", 1},
	"a query with a fragment":      {"GET /api/user/profile?a#b HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n", 1},
	"blanks in the first line":     {"GET  /api/user/profile  HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n", 1},
	"a method in disguise":         {"GET /api/user HTTP/1.1\r\nHost: g\r\nConnection: close\r\nX-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE\r\n_method: DELETE\r\n\r\n", 1},
}

// TestOddShapesOnTheWire keeps: what is no plain HTTP is refused or answered once, by net/http in plain text or by us in the
// envelope; nothing smuggled inside it is answered.
func TestOddShapesOnTheWire(t *testing.T) {
	s := newSiege(t)
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			raw := shape.raw
			answers, err := s.halfClosed(raw)
			if err != nil || len(answers) > shape.most {
				t.Errorf("%.200q has %d answers, %v: %v", raw, len(answers), err, answers)
			}
			for _, a := range answers {
				s.judge(t, raw, a)
				if a.status == http.StatusOK && !strings.Contains(raw, "/livez") && !strings.Contains(raw, "/health") {
					t.Errorf("%.200q is a success: %v", raw, a)
				}
			}
		})
	}
}

// halfClosed says all it has to say, and only listens from then on.
func (s *siege) halfClosed(raw string) ([]heard, error) {
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return nil, err
	}
	_, _ = io.WriteString(conn, raw) // it may have been cut off before the end
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	return hear(conn, raw)
}

// TestPipelinedRequestsAreAnsweredInTurn keeps: each has its own answer under its own id, in the order asked.
func TestPipelinedRequestsAreAnsweredInTurn(t *testing.T) {
	s := newSiege(t)
	var raw strings.Builder
	const many = 50
	for n := range many {
		closing := ""
		if n == many-1 {
			closing = "Connection: close\r\n"
		}
		fmt.Fprintf(&raw, "GET /api/user/profile?n=%d HTTP/1.1\r\nHost: g\r\nX-Request-Id: turn-%d\r\n%s\r\n", n, n, closing)
	}
	answers, err := s.tell(raw.String(), 20*time.Second)
	if err != nil || len(answers) != many {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	for n, a := range answers {
		s.judge(t, "pipelined", a)
		if want := fmt.Sprintf("turn-%d", n); a.envelope().RequestID != want || a.status != http.StatusUnauthorized {
			t.Errorf("answer %d: %d %s", n, a.status, a.body)
		}
	}
}

// TestNoHeaderSaysWhoIsCalling keeps: nothing but the bearer token of a session decides who is calling; whatever else claims
// it changes nothing of the answer.
func TestNoHeaderSaysWhoIsCalling(t *testing.T) {
	s := newSiege(t)
	token := s.comesIn("alice")
	plain := s.ask("GET", "/api/user/profile", "", "")
	for _, header := range [][2]string{
		{"X-WX-OPENID", "oAlice"}, {"X-WX-SOURCE", "wx_client"}, {"X-User-Id", "1"}, {"X-Admin", "true"}, {"X-Forwarded-User", "admin"}, {"Cookie", "token=" + token + "; sessionKey=" + token},
		{"X-Original-URL", "/api/health/check"}, {"X-Rewrite-URL", "/api/health/check"}, {"X-HTTP-Method-Override", "DELETE"}, {"X-Forwarded-For", "127.0.0.1"}, {"X-Real-IP", "127.0.0.1"},
		{"Forwarded", "for=127.0.0.1;host=localhost"}, {"X-Forwarded-Host", "localhost"}, {"User-Agent", "kube-probe/1.30"}, {"X-Api-Key", token}, {"Proxy-Authorization", "Bearer " + token},
		{"Sec-WebSocket-Protocol", token}, {"Authorization", token}, {"Authorization", "Token " + token}, {"Authorization", "Basic OnRva2Vu"},
	} {
		t.Run(header[0], func(t *testing.T) {
			r := s.ask("GET", "/api/user/profile", "", "", header[0], header[1])
			if r.status != plain.status || r.Error != plain.Error || r.header.Get("X-Session-Expires") != "" {
				t.Errorf("answered %d %s, without it %d %s", r.status, r.raw, plain.status, plain.raw)
			}
		})
	}
	for _, query := range []string{"token=" + token, "sessionKey=" + token, "access_token=" + token, "openid=oAlice", "authorization=Bearer%20" + token} {
		if r := s.ask("GET", "/api/user/profile?"+query, "", ""); r.status != http.StatusUnauthorized {
			t.Errorf("?%.12s is answered %d", query, r.status)
		}
	}
}

// slowly are clients that keep a connection busy with next to nothing. Each is cut off within its bound; the patience of
// the test is well above, for a busy machine.
var slowly = map[string]struct {
	first string
	drip  string
	bound time.Duration // the program's own: five seconds for a header, ten for a request
}{
	"a slow first line":            {"GET /livez", "z", readHeaderTimeout},
	"a slow header":                {"GET /livez HTTP/1.1\r\nHost: g\r\n", "X-Drip: y\r\n", readHeaderTimeout},
	"a silent connection":          {"", "", readHeaderTimeout},
	"a slow body":                  {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", " ", readTimeout},
	"slow chunks":                  {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n", readTimeout},
	"a silent body":                {"POST /api/auth/wx-login HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{", "", readTimeout},
	"a body that never was needed": {"POST /api/nothing HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n", " ", readTimeout},
}

// TestSlowClientsAreCutOff keeps: ten of each kind at once are gone within their bound, everybody else is served meanwhile,
// and nothing is left of them.
func TestSlowClientsAreCutOff(t *testing.T) {
	s := newSiege(t)
	before := settled()
	var all sync.WaitGroup
	for name, client := range slowly {
		for range 10 {
			all.Go(func() {
				began := time.Now()
				for _, a := range s.drip(t, client.first, client.drip) {
					s.judge(t, name, a)
					if a.status < 400 {
						t.Errorf("%s is a success: %v", name, a)
					}
				}
				if took := time.Since(began); took > client.bound+15*time.Second {
					t.Errorf("%s held for %s", name, took)
				}
			})
		}
	}
	token := ""
	eventually(t, "a user comes in meanwhile", func() bool { token = s.enter(t, fmt.Sprintf("bob-%d", time.Now().UnixNano())); return token != "" })
	eventually(t, "and is served", func() bool { return s.ask("GET", "/api/orders/search", token, "").Code == 0 })
	all.Wait()
	s.standsAsBefore(t, before)
}

// drip writes a little every half second until the other side has had enough, and returns what it says.
func (s *siege) drip(t *testing.T, first, drop string) []heard {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err == nil {
		defer func() { _ = conn.Close() }()
		err = conn.SetDeadline(time.Now().Add(40 * time.Second))
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	heardAll := make(chan []heard, 1)
	go func() {
		answers, err := hear(conn, first)
		if err != nil {
			t.Errorf("not cut off: %v", err)
		}
		heardAll <- answers
	}()
	_, _ = io.WriteString(conn, first)
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case answers := <-heardAll:
			return answers
		case <-tick.C:
			_, _ = io.WriteString(conn, drop) // once it is cut off that fails
		}
	}
}

// OPTIONS * is answered by us, with our headers and our envelope: net/http would do it by itself.
func TestOptionsOfEverythingIsOurs(t *testing.T) {
	g := start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, g.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Opaque = "*"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusNotFound || res.Header.Get("X-Request-Id") == "" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
}
