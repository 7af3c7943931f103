package psi

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

const testKey = "key-of-the-tests"

// scripted is a system that answers as the test says and remembers what it was asked.
type scripted struct {
	*Driver

	mu     sync.Mutex
	asked  []asked
	drifts []erpclient.Drift
}

// asked is one request as it arrived.
type asked struct {
	line, body string
	header     http.Header
}

func newScripted(t *testing.T, answer http.HandlerFunc, change ...func(*Config)) *scripted {
	t.Helper()
	s := &scripted{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.asked = append(s.asked, asked{r.Method + " " + r.RequestURI, string(body), r.Header})
		s.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	s.Driver = newDriver(t, srv.URL, append([]func(*Config){func(c *Config) { c.OnDrift = s.note }}, change...)...)
	return s
}

// newDriver has the key of the tests, unless it is told of a login.
func newDriver(t *testing.T, origin string, change ...func(*Config)) *Driver {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := erphttp.New(erphttp.Config{Origin: origin, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{HTTP: client, APIKey: testKey}
	for _, c := range change {
		c(&cfg)
	}
	d, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// withLogin is for systems that know persons.
func withLogin(c *Config) { c.APIKey, c.LoginPath = "", "/api/auth/login" }

func withLookup(c *Config) { c.LookupPath = "/api/inventory/record" }

func saying(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "4")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func (s *scripted) note(d erpclient.Drift) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drifts = append(s.drifts, d)
}

func (s *scripted) requests() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// last is the latest request.
func (s *scripted) last(t *testing.T) asked {
	t.Helper()
	all := s.requests()
	if len(all) == 0 {
		t.Fatal("the system was not asked")
	}
	return all[len(all)-1]
}

// wantDrift wants exactly these reports, in any order.
func (s *scripted) wantDrift(t *testing.T, want ...erpclient.Drift) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := len(s.drifts) == len(want)
	for _, d := range want {
		ok = ok && slices.Contains(s.drifts, d)
	}
	if !ok {
		t.Errorf("reported %+v, want %+v", s.drifts, want)
	}
}

// byKey asks with the key's session, byToken with a person's.
func byKey() erpclient.Auth { return erpclient.Auth{Session: erpclient.Session{Token: keySession}} }

func byToken() erpclient.Auth { return erpclient.Auth{Session: erpclient.Session{Token: "token-1"}} }

func wantKind(t *testing.T, err error, kind erpclient.Kind) {
	t.Helper()
	_ = failure(t, err, kind)
}

// failure is an error of that kind, to look at more closely.
func failure(t *testing.T, err error, kind erpclient.Kind) *erpclient.Error {
	t.Helper()
	var e *erpclient.Error
	if !errors.As(err, &e) || e.Kind != kind {
		t.Fatalf("got %v, want an *erpclient.Error of kind %s", err, kind)
	}
	return e
}

func ok(data string) http.HandlerFunc { return saying(`{"code":0,"message":"ok","data":` + data + `}`) }
