package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait in these tests; nothing is expected to take it up.
const patience = 20 * time.Second

type closer interface {
	http.Handler
	Close() error
}

// serve runs a stand-in on a real server until the test ends.
func serve(t *testing.T, h closer) (url string) {
	t.Helper()
	s, err := serveStandIn(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s.url
}

// plainClient does not follow redirects and keeps no cookies.
func plainClient(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reply is a whole answer.
type reply struct {
	status  int
	header  http.Header
	cookies map[string]string
	body    []byte
}

func (r reply) object(t *testing.T) map[string]any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		t.Fatalf("answer is no JSON object: %v\n%.300s", err, r.body)
	}
	return out
}

// ask sends a request; body nil means none, anything else is sent as JSON.
func ask(t *testing.T, c *http.Client, method, url string, body any, header ...string) reply {
	t.Helper()
	got, err := tryAsk(t.Context(), c, method, url, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func tryAsk(ctx context.Context, c *http.Client, method, url string, body any, header ...string) (reply, error) {
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		return reply{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	out := reply{status: resp.StatusCode, header: resp.Header, cookies: map[string]string{}}
	for _, c := range resp.Cookies() {
		out.cookies[c.Name] = c.Value
	}
	out.body, err = io.ReadAll(resp.Body)
	return out, err
}

// clock is a clock to wind by hand.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time { return c.now }

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("never came true: %s", what)
		case <-tick.C:
		}
	}
}
