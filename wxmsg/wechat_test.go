package wxmsg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What must never be printed. The secret needs escaping in a URL, so both spellings are looked for.
const (
	testSecret     = "app/secret+of=ours" //nolint:gosec // a made-up one
	testCode       = "code-0a3B"
	testSessionKey = `tiihtNczf5v6AKRyjwEUhQ==`
	testToken      = "98_access-Token"
)

var ctx = context.Background()

// wechat is a WeChat that answers by script and remembers what it was asked.
type wechat struct {
	*httptest.Server
	calls  atomic.Int32
	mu     sync.Mutex
	last   *http.Request
	body   string
	log    *syncBuffer
	client *Client
}

func startWeChat(t *testing.T, answer http.HandlerFunc) *wechat {
	t.Helper()
	w := &wechat{log: &syncBuffer{}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.calls.Add(1)
		body, _ := io.ReadAll(r.Body) // only then does the server notice that the caller has gone
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		w.last, w.body = r.Clone(context.Background()), string(body)
		w.mu.Unlock()
		answer(rw, r)
	}))
	t.Cleanup(w.Close)
	w.client = newClient(t, w.URL, w.log)
	return w
}

func newClient(t *testing.T, baseURL string, log *syncBuffer) *Client {
	t.Helper()
	c, err := New(Config{BaseURL: baseURL, AppID: "wx1", AppSecret: testSecret,
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// asked is the last request.
func (w *wechat) asked(t *testing.T) *http.Request {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.last == nil {
		t.Fatal("WeChat was not asked")
	}
	return w.last
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// says answers as code2Session does: 200, text/plain.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(body))
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// hangs answers nothing until the caller has gone.
func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func resets(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// echoes sends the request back in place of an answer, as a misconfigured proxy might: net/http quotes it in its error.
func echoes(w http.ResponseWriter, r *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = fmt.Fprintf(conn, "%s secret=%s %s\r\n\r\n", r.URL.Query().Get("js_code"), r.URL.Query().Get("secret"), r.URL)
	_ = conn.Close()
}

// noSecrets fails when the error (in any verb) or the log shows what must stay hidden.
func noSecrets(t *testing.T, err error, log *syncBuffer) {
	t.Helper()
	shown := fmt.Sprintf("%v %+v %#v %s", err, err, err, log.String())
	for e := err; e != nil; e = errors.Unwrap(e) {
		shown += fmt.Sprintf(" %v %#v", e, e)
	}
	for _, secret := range []string{testSecret, "app%2Fsecret", "app/secret", testCode, "http://", "js_code", testSessionKey, testToken} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown in %s", secret, shown)
		}
	}
}

func wantError(t *testing.T, err error, want Kind) {
	t.Helper()
	_ = errorOf(t, err, want)
}

func errorOf(t *testing.T, err error, want Kind) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != want {
		t.Fatalf("got %v, want kind %q", err, want)
	}
	return e
}

// atNoon is 15 s before 12:00 of a day in China.
var atNoon = time.Date(2026, 1, 31, 11, 59, 45, 0, china)
