package erphttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

func unsent(err error) bool {
	var e *erpclient.Error
	return errors.As(err, &e) && e.Unsent
}

// closesTheSecond serves a connection's first request, reads the second whole, and closes without a word: what an ERP
// does that dies in the midst of a write. It counts the requests that reached it.
func closesTheSecond(t *testing.T) (origin string, seen *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen = new(atomic.Int32)
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serveOne(conn, seen)
		}
	}()
	return "http://" + l.Addr().String(), seen
}

func serveOne(conn net.Conn, seen *atomic.Int32) {
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second)) // a second try by net/http would leave its connection open
	r := bufio.NewReader(conn)
	for n := range 2 {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		seen.Add(1)
		if n == 0 {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
	}
}

func TestAWriteLeavesOnceThoughItsConnectionBreaks(t *testing.T) {
	body := map[string]int{"quantity": 1}
	tests := map[string]erphttp.Request{
		"plain":                      {Method: http.MethodPost, Path: "/", Body: body},
		"with a key":                 {Method: http.MethodPost, Path: "/", Body: body, Header: map[string]string{"Idempotency-Key": "k1"}},
		"with a key of another name": {Method: http.MethodPut, Path: "/", Body: body, Header: map[string]string{"x-idempotency-key": "k1"}},
		"with a key, without a body": {Method: http.MethodPost, Path: "/", Header: map[string]string{"Idempotency-Key": "k1"}},
		"a removal with a key":       {Method: http.MethodDelete, Path: "/", Header: map[string]string{"Idempotency-Key": "k1"}},
	}
	for name, request := range tests {
		t.Run(name, func(t *testing.T) {
			origin, seen := closesTheSecond(t)
			c := clientAt(t, origin, nil)
			if _, err := c.Do(t.Context(), "warm_up", get("/")); err != nil {
				t.Fatal(err)
			}
			_, err := c.Do(t.Context(), "record_stock", request)
			wantKind(t, err, erpclient.KindUnavailable)
			if n := seen.Load(); n != 2 {
				t.Errorf("the ERP saw %d requests, want the warm-up and one write", n)
			}
			if unsent(err) {
				t.Error("it says that nothing was sent")
			}
		})
	}
}

// The key itself has to arrive, under the name that servers look for.
func TestAKeyArrives(t *testing.T) {
	var got string
	c := newClient(t, func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("Idempotency-Key") }, nil)
	_, err := c.Do(t.Context(), "record_stock", erphttp.Request{
		Method: http.MethodPost, Path: "/", Header: map[string]string{"Idempotency-Key": "k1"}, Body: map[string]int{"n": 1},
	})
	if err != nil || got != "k1" {
		t.Errorf("got %q, %v, want k1", got, err)
	}
}

// silent accepts connections and never speaks.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func TestAFailureTellsWhetherTheERPMayHaveSeenTheRequest(t *testing.T) {
	refused := func(t *testing.T) string {
		t.Helper()
		s := httptest.NewServer(nil)
		s.Close()
		return s.URL
	}
	raw := func(speak func(net.Conn)) func(*testing.T) string {
		return func(t *testing.T) string { t.Helper(); return rawServer(t, speak) }
	}
	tests := []struct {
		name   string
		origin func(*testing.T) string
		unsent bool
	}{
		{"refused", refused, true},
		{"no TLS", func(t *testing.T) string {
			t.Helper()
			return strings.Replace(rawServer(t, say("HTTP/1.1 400 Bad Request\r\n\r\n")), "http:", "https:", 1)
		}, true},
		{"TLS that hangs", func(t *testing.T) string { t.Helper(); return "https://" + silent(t) }, true},
		{"hanging", func(t *testing.T) string { t.Helper(); return "http://" + silent(t) }, false},
		{"reset", raw(reset), false},
		{"closed without a word", raw(say("")), false},
		{"cut in the head", raw(say("HTTP/1.1 200 OK\r\nContent-Le")), false},
		{"cut in the body", raw(say("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":")), false},
		{"not HTTP", raw(say("SSH-2.0-OpenSSH_9.7\r\n")), false},
	}
	for _, tt := range tests {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(tt.name+"/"+method, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				_, err := clientAt(t, tt.origin(t), nil).Do(ctx, "record_stock", erphttp.Request{Method: method, Path: "/"})
				if err == nil || unsent(err) != tt.unsent {
					t.Errorf("got %v, unsent %v, want %v", err, unsent(err), tt.unsent)
				}
			})
		}
	}
}

func TestATimeThatIsUpSendsNothing(t *testing.T) {
	var calls atomic.Int32
	c := newClient(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) }, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Do(ctx, "record_stock", get("/"))
	if wantKind(t, err, erpclient.KindTimeout); !unsent(err) || !errors.Is(err, context.Canceled) || calls.Load() != 0 {
		t.Errorf("got %v after %d calls", err, calls.Load())
	}
}

func TestANameThatNobodyKnowsSendsNothing(t *testing.T) {
	c := clientAt(t, "http://erp.invalid", func(cfg *erphttp.Config) {
		cfg.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "erp.invalid", IsNotFound: true}
		}}
	})
	_, err := c.Do(t.Context(), "record_stock", erphttp.Request{Method: http.MethodPost, Path: "/"})
	if wantKind(t, err, erpclient.KindUnavailable); !unsent(err) {
		t.Errorf("got %v, which may have been sent", err)
	}
}

// A transport that does not tell where it is proves nothing.
func TestAnUnknownTransportMayHaveSent(t *testing.T) {
	c := clientAt(t, "http://127.0.0.1:1", func(cfg *erphttp.Config) {
		cfg.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	})
	if _, err := c.Do(t.Context(), "record_stock", get("/")); err == nil || unsent(err) {
		t.Errorf("got %v, unsent %v", err, unsent(err))
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
