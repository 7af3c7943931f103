package tryton

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"snowgate/erpclient"
)

// The tests on scripted answers ask for what a real Tryton does seldom, or never. The answers have the form in which
// Tryton 6.0.29 gave them.

// reply is one answer; status 0 is 200.
type reply struct {
	status int
	body   string
}

func result(body string) reply { return reply{body: `{"id":1,"result":` + body + `}`} }

func failed(body string) reply { return reply{body: `{"id":1,"error":` + body + `}`} }

// userErrorOf has the dump behind it that Tryton was seen to send.
func userErrorOf(text string) reply {
	return failed(`["UserError",["` + text + `","",[[["salable","=",true]],{"salable":{"states":"SCHEMA /srv/tryton"}}]]]`)
}

// script answers calls by their method: each reply once, the last one from then on.
type script struct {
	mu      sync.Mutex
	replies map[string][]reply
	calls   []asked
}

// asked is a call as it arrived.
type asked struct {
	Method string
	Params []json.RawMessage
	path   string
	auth   string
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := asked{path: r.URL.Path, auth: r.Header.Get("Authorization")}
	if json.NewDecoder(r.Body).Decode(&call) != nil || len(call.Params) == 0 && call.Method != "common.server.version" {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.calls = append(s.calls, call)
	list := s.replies[call.Method]
	if len(list) == 0 {
		w.WriteHeader(http.StatusForbidden) // a method that is not public
		return
	}
	if len(list) > 1 {
		s.replies[call.Method] = list[1:]
	}
	if list[0].status != 0 {
		w.WriteHeader(list[0].status)
	}
	_, _ = w.Write([]byte(list[0].body))
}

// methods are the calls so far, without what their names begin with.
func (s *script) methods() (list []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		list = append(list, strings.TrimPrefix(c.Method, "model."))
	}
	return list
}

// last is the latest call of a method.
func (s *script) last(t *testing.T, method string) asked {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range slices.Backward(s.calls) {
		if c.Method == method {
			return c
		}
	}
	t.Fatalf("nobody called %s", method)
	return asked{}
}

var someone = token{User: "some:one", ID: 7, Key: "0123abcd", Company: 1, Language: "zh_CN", Stamp: "2026-11-20T19:51:07.815151Z"}

// newScripted is a driver on a script, and a session that it has just looked at.
func newScripted(t *testing.T, replies map[string][]reply, change ...func(*Config)) (*Driver, *script, erpclient.Auth) {
	t.Helper()
	s := &script{replies: replies}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	d := newDriver(t, srv.URL, change...)
	d.standing.note(someone)
	text, err := someone.encode()
	if err != nil {
		t.Fatal(err)
	}
	return d, s, erpclient.Auth{Session: erpclient.Session{Token: text}}
}

func wantKind(t *testing.T, err error, want erpclient.Kind) {
	t.Helper()
	if erpclient.KindOf(err) != want || want != "" && err == nil {
		t.Errorf("got error %v of kind %q, want %q", err, erpclient.KindOf(err), want)
	}
}
