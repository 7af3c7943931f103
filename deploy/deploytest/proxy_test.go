package deploytest

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const miniProgram = "https://servicewechat.com/wx0123456789abcdef/17/page-frame.html"

func TestTLSEndsAtNginxAndTheGatewayAnswers(t *testing.T) {
	g := startGateway(t)
	n := startNginx(t, g.addr)
	for name, tt := range map[string]struct {
		change func(*tls.Config)
		proto  int
	}{
		"HTTP/2 over TLS 1.3":   {func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, 2},
		"HTTP/2 over TLS 1.2":   {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, 2},
		"HTTP/1.1 over TLS 1.2": {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12; c.NextProtos = []string{"http/1.1"} }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			a := n.ask(n.from("127.0.0.1", tt.change), http.MethodGet, "/api/user/profile", "", "X-Request-Id", "from-outside-1")
			if a.status != http.StatusUnauthorized || a.Error != "session_expired" || a.proto != tt.proto {
				t.Fatalf("HTTP/%d %d: %s", a.proto, a.status, a.body)
			}
			if got := a.header.Values("Strict-Transport-Security"); len(got) != 1 || !strings.HasPrefix(got[0], "max-age=31536000") {
				t.Errorf("Strict-Transport-Security: %q", got)
			}
			if got := a.header.Values("X-Request-Id"); !slices.Equal(got, []string{"from-outside-1"}) || a.RequestID != "from-outside-1" {
				t.Errorf("the request id came back as %q and %s", got, a.RequestID)
			}
			if got := a.header.Values("Cache-Control"); !slices.Equal(got, []string{"no-store"}) {
				t.Errorf("Cache-Control: %q", got)
			}
		})
	}
	eventually(t, "somebody logs in through nginx", func() bool {
		code := fmt.Sprintf(`{"code":"test-alice-%d"}`, logins.Add(1))
		login := n.ask(n.from("127.0.0.1"), http.MethodPost, "/api/auth/wx-login", code, "Content-Type", "application/json")
		return login.Data["token"] != nil
	})
	if a := n.get("/no/such/page"); a.status != http.StatusNotFound || a.Error != "not_found" {
		t.Errorf("the gateway's own refusal came as %d %s", a.status, a.body)
	}
}

func TestOldTLSAndOtherNamesAreRefused(t *testing.T) {
	n := startNginx(t, nobody(t))
	for name, tt := range map[string]struct {
		config *tls.Config
		alert  string
	}{
		"TLS 1.1":        {&tls.Config{ServerName: serverName, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "protocol version"}, //nolint:gosec // what must be refused
		"another name":   {&tls.Config{ServerName: "erp.example.com", MinVersion: tls.VersionTLS12}, "unrecognized name"},
		"no name at all": {&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, "unrecognized name"}, //nolint:gosec // a client that asks for no name
	} {
		t.Run(name, func(t *testing.T) {
			tt.config.RootCAs = n.roots
			conn, err := tls.Dial("tcp", n.secure, tt.config)
			if err == nil {
				_ = conn.Close()
				t.Fatal("it was let in")
			}
			if !strings.Contains(err.Error(), tt.alert) {
				t.Errorf("got %v, want the alert %q", err, tt.alert)
			}
		})
	}
}

func TestPlainHTTPIsSentToTLSAndGivesNothingAway(t *testing.T) {
	n := startNginx(t, nobody(t))
	client := &http.Client{Transport: withHost{http.DefaultTransport}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	a := ask(t, client, http.MethodGet, "http://"+n.plain+"/api/orders/search?keyword=a", nil)
	if want := "https://" + serverName + "/api/orders/search?keyword=a"; a.status != http.StatusMovedPermanently || a.header.Get("Location") != want {
		t.Errorf("got %d to %s, want 301 to %s", a.status, a.header.Get("Location"), want)
	}
	write(t, n.dir, ".well-known/acme-challenge/token", "proof")
	if a := ask(t, client, http.MethodGet, "http://"+n.plain+"/.well-known/acme-challenge/token", nil); a.body != "proof" {
		t.Errorf("an ACME challenge is answered with %d %s", a.status, a.body)
	}
	if a := ask(t, http.DefaultClient, http.MethodGet, "http://"+n.plain+"/", nil); a.status != 0 {
		t.Errorf("a request for another name is answered with %d", a.status)
	}
}

// TestTheGatewaySeesTheRealClient keeps: the address that counts is the one nginx accepted the connection from. It is
// seen through /metrics, which one listed address reads without a token.
func TestTheGatewaySeesTheRealClient(t *testing.T) {
	g := startGateway(t, "SNOWGATE_ADMIN__METRICS_NETWORKS=127.0.0.9/32")
	n := startNginx(t, g.addr, "# 10.8.0.0/24 1;", "127.0.0.8/31 1;")
	if a := n.ask(n.from("127.0.0.9"), http.MethodGet, "/metrics", ""); a.status != http.StatusOK || !strings.Contains(a.body, "snowgate_http_in_flight") {
		t.Errorf("the listed address got %d: %.200s", a.status, a.body)
	}
	for _, forged := range [][]string{
		nil, {"X-Forwarded-For", "127.0.0.9"}, {"X-Forwarded-For", "127.0.0.9, 127.0.0.1"}, {"X-Real-IP", "127.0.0.9"},
		{"Forwarded", "for=127.0.0.9"}, {"X-Forwarded-For", "127.0.0.9", "X-Forwarded-For", "127.0.0.9"},
	} {
		if a := n.ask(n.from("127.0.0.8"), http.MethodGet, "/metrics", "", forged...); a.status != http.StatusUnauthorized {
			t.Errorf("another address with %q got %d", forged, a.status)
		}
	}
	if a := n.ask(n.from("127.0.0.8"), http.MethodGet, "/metrics", "", authorization(adminToken)...); a.status != http.StatusOK {
		t.Errorf("an admin on an admins' network got %d", a.status)
	}
}

// recorder is a gateway that tells what it was sent.
func recorder(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := map[string]any{"host": r.Host, "uri": r.RequestURI, "headers": r.Header, "close": r.Close, "proto": r.Proto}
		w.Header().Set("X-Request-Id", r.Header.Get("X-Request-Id"))
		_ = json.NewEncoder(w).Encode(map[string]any{"data": got})
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func TestNothingAClientClaimsAboutItselfIsPassedOn(t *testing.T) {
	n := startNginx(t, recorder(t))
	a := n.ask(n.from("127.0.0.7"), http.MethodGet, "/api/orders/a%2Fb/status?keyword=a+b%20c", "",
		"X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "http", "X-Forwarded-Host", "evil.example", "X-Real-IP", "1.2.3.4",
		"Forwarded", "for=1.2.3.4", "X-Request-Id", "bad id\twith spaces", "Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"Authorization", "Bearer token")
	headers, _ := a.Data["headers"].(map[string]any)
	want := map[string]any{
		"X-Forwarded-For": []any{"127.0.0.7"}, "X-Forwarded-Proto": []any{"https"}, "X-Forwarded-Host": nil, "X-Real-Ip": nil,
		"Forwarded": nil, "Connection": nil, "Authorization": []any{"Bearer token"},
		"Traceparent": []any{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
	}
	for name, value := range want {
		if fmt.Sprint(headers[name]) != fmt.Sprint(value) {
			t.Errorf("%s: the gateway got %v, want %v", name, headers[name], value)
		}
	}
	if id := fmt.Sprint(headers["X-Request-Id"]); !regexp.MustCompile(`^\[[0-9a-f]{32}\]$`).MatchString(id) {
		t.Errorf("an insane request id became %s", id)
	}
	if a.Data["uri"] != "/api/orders/a%2Fb/status?keyword=a+b%20c" || a.Data["host"] != serverName || a.Data["proto"] != "HTTP/1.1" || a.Data["close"] != false {
		t.Errorf("the gateway got %v", a.Data)
	}
}

// TestTheAccessLogKeepsNoSecrets keeps: what people search for and their tokens are not written down by nginx.
func TestTheAccessLogKeepsNoSecrets(t *testing.T) {
	n := startNginx(t, recorder(t))
	n.get("/api/orders/search?keyword=secret-words", "Authorization", "Bearer secret-token", "X-Request-Id", "id-in-the-log")
	var said string
	eventually(t, "the request is in the access log", func() bool {
		text, err := os.ReadFile(n.accessLog)
		said = string(text)
		return err == nil && strings.Contains(said, "id-in-the-log")
	})
	var line map[string]any
	if err := json.Unmarshal([]byte(strings.TrimSpace(said)), &line); err != nil || line["path"] != "/api/orders/search" || line["status"] != 200.0 {
		t.Errorf("%v: %s", err, said)
	}
	if strings.Contains(said, "secret") {
		t.Errorf("the access log holds %s", said)
	}
}

func TestClosedPagesAreNotThere(t *testing.T) {
	g := startGateway(t)
	n := startNginx(t, g.addr)
	for _, path := range []string{
		"/metrics", "/metrics/", "//metrics", "/./metrics", "/api/../metrics", "/%6Detrics", "/debug", "/debug/pprof", "/debug/pprof/heap",
		"/console", "/console/", "/api/admin", "/api/admin/calls", "/api//admin/calls", "/api/%61dmin/calls", "/api/x/../admin/calls",
	} {
		a := n.get(path, authorization(adminToken)...)
		if a.status != http.StatusNotFound || a.Error != "not_found" || a.RequestID == "" || a.header.Get("X-Request-Id") != a.RequestID {
			t.Errorf("%s: got %d %.100s", path, a.status, a.body)
		}
		if len(a.header.Values("Strict-Transport-Security")) != 1 || a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, a.header)
		}
	}
	if a := n.get("/api/erp/status", authorization(adminToken)...); a.status != http.StatusOK {
		t.Errorf("what a monitor polls with its token is closed too: %d", a.status)
	}
}

// endless is a body without a length.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = ' '
	}
	e.left -= n
	return n, nil
}

// TestABodyAboveTheLimitEndsHere has an upstream that takes any body: the refusals are nginx' own. At the limit it is the
// gateway that judges.
func TestABodyAboveTheLimitEndsHere(t *testing.T) {
	const limit = 256 << 10
	send := func(n *nginx, body io.Reader, headers ...string) answer {
		t.Helper()
		client := n.from("127.0.0.1")
		client.Transport = withHost{client.Transport}
		headers = append(headers, "Content-Type", "application/json")
		return ask(t, client, http.MethodPost, "https://"+n.secure+"/api/auth/wx-login", body, headers...)
	}
	n := startNginx(t, recorder(t))
	for name, body := range map[string]io.Reader{"with its length": strings.NewReader(strings.Repeat(" ", limit+1)), "chunked": &endless{limit + 1}} {
		if a := send(n, body); a.status != http.StatusRequestEntityTooLarge || a.Error != "too_large" || a.Code != 413 {
			t.Errorf("%s: got %d %.200s", name, a.status, a.body)
		}
	}
	if a := send(n, &endless{limit + 1}, "Referer", miniProgram); a.status != http.StatusOK || a.Error != "too_large" || a.Code != 413 {
		t.Errorf("from a mini-program: got %d %.200s", a.status, a.body)
	}
	if a := send(startNginx(t, startGateway(t).addr), &endless{limit}); a.status != http.StatusBadRequest || a.Error != "bad_json" {
		t.Errorf("a body at the limit is not the gateway's to judge: %d %.200s", a.status, a.body)
	}
}

func TestAHeaderAboveTheLimitEndsHere(t *testing.T) {
	n := startNginx(t, recorder(t))
	fits := strings.Repeat("a", 3000)
	if a := n.get("/", "X-One", fits, "X-Two", fits, "X-Three", fits); a.status != http.StatusOK {
		t.Errorf("9 KiB of header: got %d", a.status)
	}
	var many []string
	for i := range 8 {
		many = append(many, fmt.Sprintf("X-Part-%d", i), fits)
	}
	for name, client := range map[string]*http.Client{
		"HTTP/2": n.from("127.0.0.1"), "HTTP/1.1": n.from("127.0.0.1", func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }),
	} {
		if a := n.ask(client, http.MethodGet, "/", "", many...); a.status != http.StatusBadRequest && a.status != 0 {
			t.Errorf("24 KiB of header over %s: got %d", name, a.status)
		}
	}
}

// cutWithin lies well above the 5 s that a client is given, and well below the 60 s that it is given by default.
const cutWithin = 30 * time.Second

// TestASlowHeaderIsCut keeps: a client that does not finish its handshake or its header loses its connection.
func TestASlowHeaderIsCut(t *testing.T) {
	t.Parallel()
	n := startNginx(t, recorder(t))
	config := &tls.Config{RootCAs: n.roots, ServerName: serverName, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	for name, dial := range map[string]func() (net.Conn, error){
		"after the handshake": func() (net.Conn, error) { return tls.Dial("tcp", n.secure, config) },
		"before it":           func() (net.Conn, error) { return net.Dial("tcp", n.secure) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if name == "after the handshake" {
				_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+serverName+"\r\nX-Slow: ")
			}
			err = errors.Join(err, conn.SetReadDeadline(time.Now().Add(cutWithin)))
			if err != nil {
				t.Fatal(err)
			}
			_, err = bufio.NewReader(conn).ReadByte()
			var timeout net.Error
			if err == nil || errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("after %s the connection is still there: %v", cutWithin, err)
			}
		})
	}
}

// TestTheOuterGuardAnswersInTheEnvelope turns the rate down: at one a minute and one to spare, the third is one too many.
func TestTheOuterGuardAnswersInTheEnvelope(t *testing.T) {
	n := startNginx(t, recorder(t), "rate=200r/s", "rate=1r/m", "burst=400", "burst=1")
	client := n.from("127.0.0.1")
	for range 2 {
		if a := n.ask(client, http.MethodGet, "/api/orders/search", ""); a.status != http.StatusOK {
			t.Fatalf("the first two: got %d", a.status)
		}
	}
	a := n.ask(client, http.MethodGet, "/api/orders/search", "")
	if a.status != http.StatusTooManyRequests || a.Code != 429 || a.Error != "rate_limited" || a.RetryAfter != 1 || a.header.Get("Retry-After") != "1" {
		t.Errorf("got %d %s", a.status, a.body)
	}
	if a := n.ask(client, http.MethodGet, "/api/orders/search", "", "Referer", miniProgram); a.status != http.StatusOK || a.Code != 429 {
		t.Errorf("from a mini-program: got %d %s", a.status, a.body)
	}
	if a := n.ask(n.from("127.0.0.6"), http.MethodGet, "/api/orders/search", ""); a.status != http.StatusOK {
		t.Errorf("another address: got %d", a.status)
	}
}

// hangsUp reads a request to its end and closes the connection without an answer.
func hangsUp(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// TestAGatewayThatIsAway keeps: who asked may ask again; who wrote is told so only when nothing was sent.
func TestAGatewayThatIsAway(t *testing.T) {
	type verdict struct {
		status, code, retryAfter int
		name                     string
	}
	away, lost := verdict{503, 503, 2, "store_unavailable"}, verdict{504, 504, 0, "outcome_unknown"}
	for name, tt := range map[string]struct {
		upstream string
		method   string
		want     verdict
	}{
		"refused, a read":  {nobody(t), http.MethodGet, away},
		"refused, a write": {nobody(t), http.MethodPost, away},
		"cut, a read":      {hangsUp(t), http.MethodGet, away},
		"cut, a write":     {hangsUp(t), http.MethodPost, lost},
		"cut, an erasure":  {hangsUp(t), http.MethodDelete, lost},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNginx(t, tt.upstream)
			a := n.ask(n.from("127.0.0.1"), tt.method, "/api/inventory/record", "{}")
			if got := (verdict{a.status, a.Code, a.RetryAfter, a.Error}); got != tt.want {
				t.Errorf("got %+v, want %+v: %s", got, tt.want, a.body)
			}
			if wait := a.header.Get("Retry-After"); (wait != "") != (tt.want.retryAfter > 0) || a.header.Get("X-Request-Id") != a.RequestID {
				t.Errorf("Retry-After %q, X-Request-Id %q beside %s", wait, a.header.Get("X-Request-Id"), a.RequestID)
			}
			a = n.ask(n.from("127.0.0.1"), tt.method, "/api/inventory/record", "{}", "Referer", miniProgram)
			if a.status != http.StatusOK || a.Code != tt.want.code {
				t.Errorf("from a mini-program: got %d %s", a.status, a.body)
			}
		})
	}
}

// TestNginxSpeaksTheGatewaysWords compares the answers written in the file with the catalogue.
func TestNginxSpeaksTheGatewaysWords(t *testing.T) {
	codes, err := output(t, "", nil, build(t), "codes")
	if err != nil {
		t.Fatalf("%v: %s", err, codes)
	}
	bodies := regexp.MustCompile(`return (\d+) '(\{.*\})\\n'`).FindAllStringSubmatch(deployed(t, "nginx/snowgate.conf"), -1)
	if len(bodies) < 9 {
		t.Fatalf("found only %d answers in the file", len(bodies))
	}
	for _, body := range bodies {
		var a answer
		if err := json.Unmarshal([]byte(body[2]), &a); err != nil {
			t.Errorf("%v: %s", err, body[2])
			continue
		}
		if status := fmt.Sprint(a.Code); body[1] != status && body[1] != "200" {
			t.Errorf("the status is %s, the code %s", body[1], status)
		}
		line := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +%s +(\S.*?)  .*\n +→ (\S.*?)  `, a.Code, a.Error)).FindStringSubmatch(codes)
		if line == nil || line[1] != a.Message || line[2] != a.Hint {
			t.Errorf("the catalogue says %q, nginx says %q, %q", line, a.Message, a.Hint)
		}
	}
}
