package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"snowgate/sandbox"
)

// erpStandIn is the sandbox's ERP on a port of its own. It writes down when it was called, and its port can be killed
// and brought back. Safe for concurrent use, but for kill, revive and close.
type erpStandIn struct {
	*sandbox.ERP
	addr   string
	server *http.Server

	mu    sync.Mutex
	calls []erpCall
	sick  func(n int) bool // decides by a question's number whether it is answered 500; nil: none is
	asked int              // questions since sick was set
}

// erpCall is one HTTP request that reached the ERP.
type erpCall struct {
	at    time.Time
	asked bool // a question on behalf of a caller; the others are probes and steps of logins
}

func startERP() (*erpStandIn, error) {
	s := &erpStandIn{ERP: sandbox.NewERP(sandbox.ERPOptions{}), addr: "127.0.0.1:0"}
	return s, s.revive()
}

func (s *erpStandIn) origin() string { return "http://" + s.addr }

// revive opens the port, the same one after a kill.
func (s *erpStandIn) revive() error {
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	s.addr = listener.Addr().String()
	s.server = newServer(s)
	server := s.server
	go func() { _ = server.Serve(listener) }() // ends with the server's Close
	return nil
}

// kill closes the port and every connection, as a crash does.
func (s *erpStandIn) kill() error { return s.server.Close() }

func (s *erpStandIn) close() error {
	_ = s.Close() // lets go of held requests; it never fails
	return s.kill()
}

func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0), // broken connections are on purpose here
	}
}

// ServeHTTP notes the call and lets the sandbox answer it, unless this one is to fail.
func (s *erpStandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.note(r) {
		http.Error(w, "internal server error", http.StatusInternalServerError)
		return
	}
	s.ERP.ServeHTTP(w, r)
}

func (s *erpStandIn) note(r *http.Request) (sick bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	question := strings.HasPrefix(r.URL.Path, "/business/get")
	s.calls = append(s.calls, erpCall{time.Now(), question && r.Header.Get("X-Request-Id") != ""})
	if !question || s.sick == nil {
		return false
	}
	s.asked++
	return s.sick(s.asked - 1)
}

// sicken lets questions fail by their number; nil heals.
func (s *erpStandIn) sicken(sick func(n int) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sick, s.asked = sick, 0
}

// between counts the calls in [from, to) that are of interest.
func (s *erpStandIn) between(from, to time.Time, is func(erpCall) bool) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if !c.at.Before(from) && c.at.Before(to) && is(c) {
			n++
		}
	}
	return n
}

// busiest is the largest number of interesting calls in any window of this length in [from, to).
func (s *erpStandIn) busiest(from, to time.Time, window time.Duration, is func(erpCall) bool) (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []time.Time
	for _, c := range s.calls {
		if c.at.Before(from) || !c.at.Before(to) || !is(c) {
			continue
		}
		open = append(open, c.at)
		for c.at.Sub(open[0]) >= window {
			open = open[1:]
		}
		most = max(most, len(open))
	}
	return most
}

func anyCall(erpCall) bool    { return true }
func askedFor(c erpCall) bool { return c.asked }
