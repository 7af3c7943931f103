package snowbeasts

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// scripted is an ERP that answers as the test says and remembers what it was asked.
type scripted struct {
	*Driver
	url string

	mu     sync.Mutex
	asked  []asked
	drifts []erpclient.Drift
}

// asked is one request as it arrived.
type asked struct {
	method, path, cookie, accept string
	body                         map[string]any
}

// newScripted serves answer for everything; change may adjust the configuration.
func newScripted(t *testing.T, answer http.HandlerFunc, change ...func(*Config)) *scripted {
	t.Helper()
	s := &scripted{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(r)
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	s.url = srv.URL
	s.Driver = newDriver(t, srv.URL, append([]func(*Config){func(c *Config) { c.OnDrift = s.drift }}, change...)...)
	return s
}

func newDriver(t *testing.T, origin string, change ...func(*Config)) *Driver {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := erphttp.New(erphttp.Config{Origin: origin, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{HTTP: client, AppID: "10001", Zone: time.FixedZone("CST", 8*3600)}
	for _, c := range change {
		c(&cfg)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// answering serves the same JSON for every business call.
func answering(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	}
}

// byOp serves one handler per operation or path; an operation without one is answered with 500.
func byOp(ops map[string]http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h := ops[r.URL.Path]; h != nil {
			h(w, r)
			return
		}
		http.Error(w, "nobody expected this", http.StatusInternalServerError)
	}
}

func (s *scripted) note(r *http.Request) {
	a := asked{method: r.Method, path: r.URL.RequestURI(), cookie: r.Header.Get("Cookie"), accept: r.Header.Get("Accept")}
	if raw, err := io.ReadAll(r.Body); err == nil && len(raw) > 0 {
		if json.Unmarshal(raw, &a.body) != nil {
			a.body = map[string]any{"raw": string(raw)}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, a)
}

func (s *scripted) drift(d erpclient.Drift) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drifts = append(s.drifts, d)
}

func (s *scripted) requests() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// last is the latest request's body.
func (s *scripted) last(t *testing.T) map[string]any {
	t.Helper()
	all := s.requests()
	if len(all) == 0 {
		t.Fatal("the ERP was not asked")
	}
	return all[len(all)-1].body
}

func (s *scripted) wantDrift(t *testing.T, want erpclient.Drift) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, d := range s.drifts {
		if d == want {
			n++
		}
	}
	if n != 1 {
		t.Errorf("drift %+v was reported %d times, want once; all: %+v", want, n, s.drifts)
	}
}

// session is one that the scripted ERP does not check.
func session() erpclient.Session {
	return erpclient.Session{Token: cookies{cookieApp: "APP", cookieSID: "SID"}.encode()}
}

// everybody sees what the ERP shows; only narrows to one customer.
func everybody() erpclient.Auth { return erpclient.Auth{Session: session()} }

func only(customer string) erpclient.Auth {
	return erpclient.Auth{Session: session(), Scope: erpclient.Scope{CustomerID: customer}}
}

// wantKind checks what a caller acts on.
func wantKind(t *testing.T, err error, kind, otherwise erpclient.Kind) {
	t.Helper()
	var e *erpclient.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *erpclient.Error of kind %s", err, kind)
	}
	if e.Kind != kind || e.Otherwise != otherwise {
		t.Errorf("got kind %q otherwise %q, want %q otherwise %q (%v)", e.Kind, e.Otherwise, kind, otherwise, err)
	}
}

func wantRetryAfter(t *testing.T, err error, want time.Duration) {
	t.Helper()
	var e *erpclient.Error
	if !errors.As(err, &e) || e.RetryAfter != want {
		t.Errorf("got %+v, want RetryAfter %v", err, want)
	}
}

func page1(rows string) string {
	return `{"success":true,"data":{"_count":1,"_sum":{},"_dataList":[` + rows + `]}}`
}

// offline is a client for drivers that ask nothing.
func offline(t testing.TB) *erphttp.Client {
	t.Helper()
	client, err := erphttp.New(erphttp.Config{Origin: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	return client
}
