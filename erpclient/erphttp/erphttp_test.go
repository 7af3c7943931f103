package erphttp_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// newClient is a client of a server that answers with h.
func newClient(t *testing.T, h http.HandlerFunc, change func(*erphttp.Config)) *erphttp.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return clientAt(t, s.URL, change)
}

func clientAt(t *testing.T, origin string, change func(*erphttp.Config)) *erphttp.Client {
	t.Helper()
	cfg := erphttp.Config{Origin: origin, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	c, err := erphttp.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(path string) erphttp.Request { return erphttp.Request{Method: http.MethodGet, Path: path} }

// cookie is one as ERPs set them, without any care.
func cookie(name, value string) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/"} //nolint:gosec // it travels on loopback only
}

func wantKind(t *testing.T, err error, want erpclient.Kind) {
	t.Helper()
	if got := erpclient.KindOf(err); err == nil || got != want {
		t.Fatalf("got error %v of kind %q, want kind %q", err, got, want)
	}
}

func TestNewWantsAnOrigin(t *testing.T) {
	for origin, ok := range map[string]bool{
		"https://erp.example": true, "http://127.0.0.1:8080": true, "http://[::1]:80": true, "https://erp.example/": true,
		"": false, "erp.example": false, "//erp.example": false, "/orders": false, "ftp://erp.example": false,
		"https://": false, "https://erp example": false, "http://127.0.0.1:port": false,
	} {
		c, err := erphttp.New(erphttp.Config{Origin: origin})
		if (err == nil) != ok {
			t.Errorf("%q: got error %v, want ok %v", origin, err, ok)
		}
		if ok && err == nil && c.Origin().Host == "" {
			t.Errorf("%q: no host in %v", origin, c.Origin())
		}
	}
}

func TestTheOriginIsACopy(t *testing.T) {
	c := clientAt(t, "https://erp.example", nil)
	c.Origin().Host = "elsewhere"
	if got := c.Origin().String(); got != "https://erp.example" {
		t.Errorf("got %s", got)
	}
}

func TestARequestIsWhatTheDriverMadeAndNothingElse(t *testing.T) {
	var got *http.Request
	var body string
	c := newClient(t, func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
	}, nil)
	ctx := erpclient.WithRequestID(t.Context(), "01J-request")
	answer, err := c.Do(ctx, "order", erphttp.Request{
		Method: http.MethodPost, Path: "/business/{op}", PathParams: map[string]string{"op": "list"},
		Query: url.Values{"q": {"a&b=c", "d"}}, Header: map[string]string{"X-App": "10001"},
		Cookies: []*http.Cookie{cookie("sid", "s-1")}, Body: map[string]any{"n": 1},
	})
	if err != nil || answer.Status != http.StatusOK {
		t.Fatalf("got %+v, %v", answer, err)
	}
	for what, pair := range map[string][2]string{
		"request line": {got.Method + " " + got.RequestURI, "POST /business/list?q=a%26b%3Dc&q=d"},
		"request id":   {got.Header.Get("X-Request-Id"), "01J-request"},
		"own header":   {got.Header.Get("X-App"), "10001"},
		"cookies":      {got.Header.Get("Cookie"), "sid=s-1"},
		"content type": {got.Header.Get("Content-Type"), "application/json"},
		"body":         {body, `{"n":1}`},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
}

func TestWithoutARequestIDNoneIsSent(t *testing.T) {
	var sent []string
	c := newClient(t, func(_ http.ResponseWriter, r *http.Request) { sent = r.Header.Values("X-Request-Id") }, nil)
	if _, err := c.Do(t.Context(), "order", get("/")); err != nil || len(sent) != 0 {
		t.Errorf("got %v, %v, want no header", sent, err)
	}
}

func TestPathParamsCannotLeaveTheirPlace(t *testing.T) {
	for param, want := range map[string]string{
		"a/b": "/orders/a%2Fb/lines", "a?b=c": "/orders/a%3Fb=c/lines", "a#b": "/orders/a%23b/lines", "a%2Fb": "/orders/a%252Fb/lines",
		"../../admin": "/orders/..%2F..%2Fadmin/lines", "订单 1": "/orders/%E8%AE%A2%E5%8D%95%201/lines", "{other}": "/orders/%7Bother%7D/lines",
		`a\b`: "/orders/a%5Cb/lines", "a;b": "/orders/a%3Bb/lines",
	} {
		t.Run(param, func(t *testing.T) {
			var got string
			c := newClient(t, func(_ http.ResponseWriter, r *http.Request) { got = r.RequestURI }, nil)
			r := get("/orders/{id}/lines")
			r.PathParams = map[string]string{"id": param, "other": "filled"}
			if _, err := c.Do(t.Context(), "order", r); err != nil || got != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestAnAnswerIsWholeWhateverItsStatus(t *testing.T) {
	for _, status := range []int{200, 204, 400, 401, 403, 404, 429, 500, 503} {
		c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, cookie("sid", "new"))
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(status)
			if status != http.StatusNoContent {
				_, _ = io.WriteString(w, "<html>")
			}
		}, nil)
		answer, err := c.Do(t.Context(), "order", get("/"))
		if err != nil {
			t.Fatalf("%d: %v", status, err)
		}
		if answer.Status != status || answer.Header.Get("Retry-After") != "3" || len(answer.Cookies) != 1 || answer.Cookies[0].Value != "new" {
			t.Errorf("got %+v, want status, header and cookie of a %d", answer, status)
		}
		if status != http.StatusNoContent && string(answer.Body) != "<html>" {
			t.Errorf("%d: got body %q", status, answer.Body)
		}
	}
}

func TestOneAttemptOnly(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a busy ERP":           func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"a failing ERP":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a dropped connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			c := newClient(t, func(w http.ResponseWriter, r *http.Request) { calls.Add(1); h(w, r) }, nil)
			_, _ = c.Do(t.Context(), "record", erphttp.Request{Method: http.MethodPost, Path: "/", Body: map[string]int{"n": 1}})
			if n := calls.Load(); n != 1 {
				t.Errorf("the ERP was asked %d times, want 1", n)
			}
		})
	}
}

func TestRedirectsAreHandedBackNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var followed atomic.Bool
		c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				followed.Store(true)
			}
			http.SetCookie(w, cookie("ticket", "t-1"))
			http.Redirect(w, r, "/next", status)
		}, nil)
		answer, err := c.Do(t.Context(), "login", get("/"))
		if err != nil || answer.Status != status || answer.Header.Get("Location") != "/next" || len(answer.Cookies) != 1 {
			t.Errorf("%d: got %+v, %v, want the redirect itself", status, answer, err)
		}
		if followed.Load() {
			t.Errorf("%d was followed", status)
		}
	}
}

func TestCookiesAreNotKeptBetweenCalls(t *testing.T) {
	var sent []string
	c := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Cookie"))
		http.SetCookie(w, cookie("sid", "alice"))
	}, nil)
	withCookie := get("/")
	withCookie.Cookies = []*http.Cookie{cookie("own", "1")}
	for _, r := range []erphttp.Request{get("/"), withCookie, get("/")} {
		if _, err := c.Do(t.Context(), "order", r); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(sent, "|"); got != "|own=1|" {
		t.Errorf("got cookies %q, want each request's own only", got)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	const limit = 64 << 10
	plain := func(size int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", size)) }
	}
	zipped := func(size int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range size / 1024 {
				_, _ = z.Write(make([]byte, 1024))
			}
			_ = z.Close()
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		size    int // 0 is refused
	}{
		{"just fits", plain(limit), limit},
		{"one byte more", plain(limit + 1), 0},
		{"without an end", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		}, 0},
		{"gzip that fits", zipped(limit), limit},
		{"gzip bomb", zipped(256 * limit), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(t, tt.handler, func(cfg *erphttp.Config) { cfg.MaxBodyBytes = limit })
			answer, err := c.Do(t.Context(), "order", get("/"))
			if tt.size == 0 {
				wantKind(t, err, erpclient.KindBadAnswer)
				return
			}
			if err != nil || len(answer.Body) != tt.size {
				t.Errorf("got %v, want %d bytes", err, tt.size)
			}
		})
	}
}

func TestTheDefaultBoundIsEightMiB(t *testing.T) {
	c := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, erphttp.MaxBodyBytes+1))
	}, nil)
	_, err := c.Do(t.Context(), "order", get("/"))
	wantKind(t, err, erpclient.KindBadAnswer)
}

// rawServer speaks to each connection as it likes, after the request's first bytes are in.
func rawServer(t *testing.T, speak func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			speak(conn)
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func say(text string) func(net.Conn) {
	return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

func TestTransportFailuresAreToldByKind(t *testing.T) {
	refused := func(t *testing.T) string {
		t.Helper()
		s := httptest.NewServer(nil)
		s.Close()
		return s.URL
	}
	raw := func(speak func(net.Conn)) func(*testing.T) string {
		return func(t *testing.T) string { t.Helper(); return rawServer(t, speak) }
	}
	plainHTTP := func(t *testing.T) string {
		t.Helper()
		return strings.Replace(rawServer(t, say("HTTP/1.1 400 Bad Request\r\n\r\n")), "http:", "https:", 1)
	}
	tests := []struct {
		name   string
		origin func(*testing.T) string
		want   erpclient.Kind
	}{
		{"refused", refused, erpclient.KindUnavailable},
		{"reset", raw(reset), erpclient.KindUnavailable},
		{"closed without a word", raw(say("")), erpclient.KindUnavailable},
		{"not HTTP", raw(say("SSH-2.0-OpenSSH_9.7\r\n")), erpclient.KindUnavailable},
		{"cut in the head", raw(say("HTTP/1.1 200 OK\r\nContent-Le")), erpclient.KindUnavailable},
		{"cut in the body", raw(say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")), erpclient.KindUnavailable},
		{"no TLS", plainHTTP, erpclient.KindUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			origin := tt.origin(t)
			_, err := clientAt(t, origin, nil).Do(t.Context(), "order", secretRequest())
			wantKind(t, err, tt.want)
			wantNoURL(t, err)
		})
	}
}

// secretRequest has secrets wherever a URL has room for them.
func secretRequest() erphttp.Request {
	return erphttp.Request{
		Method: http.MethodGet, Path: "/hush-path/{id}", PathParams: map[string]string{"id": "hush-id"},
		Query: url.Values{"access_token": {"hush-token"}}, Header: map[string]string{"Authorization": "hush-header"},
	}
}

func wantNoURL(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		if text := e.Error(); strings.Contains(text, "hush") || strings.Contains(text, "http://") || strings.Contains(text, "https://") {
			t.Errorf("the URL is in the error: %s", text)
		}
	}
}

func TestAnERPThatTakesTooLongIsATimeout(t *testing.T) {
	wait := func(r *http.Request) { <-r.Context().Done() }
	for name, h := range map[string]http.HandlerFunc{
		"hanging": func(_ http.ResponseWriter, r *http.Request) { wait(r) },
		"hanging in the body": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"half":`)
			_ = http.NewResponseController(w).Flush()
			wait(r)
		},
		"dripping": func(w http.ResponseWriter, r *http.Request) {
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "x")
				_ = http.NewResponseController(w).Flush()
				<-tick.C
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, h, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := c.Do(ctx, "order", secretRequest())
			wantKind(t, err, erpclient.KindTimeout)
			wantNoURL(t, err)
			if errors.Is(err, context.Canceled) {
				t.Errorf("%v counts as the caller's own cancellation", err)
			}
		})
	}
}

func TestACallerWhoGivesUpIsNoTimeoutOfTheERPs(t *testing.T) {
	arrived := make(chan struct{})
	c := newClient(t, func(_ http.ResponseWriter, r *http.Request) { close(arrived); <-r.Context().Done() }, nil)
	ctx, giveUp := context.WithCancel(t.Context())
	go func() { <-arrived; giveUp() }()
	_, err := c.Do(ctx, "order", secretRequest())
	wantKind(t, err, erpclient.KindTimeout)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want one that is context.Canceled", err)
	}
	wantNoURL(t, err)

	_, err = c.Do(ctx, "order", secretRequest()) // given up before it began
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want one that is context.Canceled", err)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var dials atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dials.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := clientAt(t, s.URL, nil)
	for range 50 {
		if _, err := c.Do(t.Context(), "order", get("/")); err != nil {
			t.Fatal(err)
		}
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections for 50 calls one after the other, want 1", n)
	}
}

func TestWhatRestyLogsHoldsNoURL(t *testing.T) {
	var log strings.Builder
	c := clientAt(t, rawServer(t, reset), func(cfg *erphttp.Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, _ = c.Do(t.Context(), "order", secretRequest())
	if strings.Contains(log.String(), "hush") || strings.Contains(log.String(), "http://") {
		t.Errorf("got log %s", log.String())
	}
}
