package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// screen is a console page that somebody leaves open, with a clock to wind.
type screen struct {
	*world
	clock         atomic.Int64
	cookie, proof string
}

func openScreen(t *testing.T) *screen {
	t.Helper()
	s := &screen{}
	s.clock.Store(time.Now().UnixNano())
	s.world = newWorld(t, func(c *Config, _ *Deps) {
		c.Now = func() time.Time { return time.Unix(0, s.clock.Load()) }
	})
	s.log.parallel = true // rows are counted here
	s.signIn()
	return s
}

func (s *screen) signIn() {
	s.t.Helper()
	cookie, proof := s.consoleLogin(adminToken)
	s.cookie, s.proof = cookie.String(), proof
}

func (s *screen) wind(d time.Duration) { s.clock.Add(int64(d)) }

// ask is what the page's script does.
func (s *screen) ask(method, target, body string) answer {
	s.t.Helper()
	return s.do(request(method, target, body, "Cookie", s.cookie, headerConsole, s.proof))
}

// rows are what the call log has of a route.
func (s *screen) rows(route string) (n int) {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	for _, row := range s.log.calls {
		if row.Endpoint == route {
			n++
		}
	}
	return n
}

// Two admins have two tokens: each one's row says whose it was, by token and from the console, and never the token.
func TestAnAdminsRowSaysWhoseItWas(t *testing.T) {
	s := openScreen(t)
	d := digestOf(adminToken)
	whose := fmt.Sprintf(`"admin":"%x"`, d[:4])
	said := func(how string) {
		t.Helper()
		if row := s.log.last(); !strings.Contains(row.Params, whose) || strings.Contains(row.Params, adminToken) {
			t.Errorf("%s: %s, want %s", how, row.Params, whose)
		}
	}
	said("login at the console")
	s.get("/api/admin/overview", adminToken).ok(t)
	said("token")
	s.ask(http.MethodGet, "/api/admin/alerts", "").ok(t)
	said("console")
	s.get("/api/admin/overview", "guessed").is(t, 401, "session_expired")
	if row := s.log.last(); strings.Contains(row.Params, `"admin"`) {
		t.Errorf("whoever is refused is nobody: %s", row.Params)
	}
}

// An open page that looks every three seconds is a row a minute per question, in the call log and among the log lines.
func TestAnOpenConsoleIsARowAMinute(t *testing.T) {
	s := openScreen(t)
	polled := []string{"/api/admin/overview", "/api/erp/status", "/api/metrics/performance", "/api/admin/alerts", "/api/admin/messages"}
	for minute := 1; minute <= 3; minute++ {
		for range 20 {
			for _, route := range polled {
				s.ask(http.MethodGet, route, "").ok(t)
			}
			s.wind(3 * time.Second)
		}
		for _, route := range polled {
			if got := s.rows(route); got != minute {
				t.Errorf("%s after %d min of looking every 3 s: %d rows, want %d", route, minute, got, minute)
			}
		}
	}
	if lines := strings.Count(s.output.String(), `"route":"/api/admin/overview"`); lines != 3 {
		t.Errorf("%d log lines of the overview in 3 min, want 3", lines)
	}
}

// Nothing that an admin does or newly asks is lost in that: every action, refusal, failure and other question is a row, and
// so is everything asked with a token.
func TestWhatAnAdminDoesIsAlwaysWritten(t *testing.T) {
	s := openScreen(t)
	for name, row := range map[string]struct {
		route string
		again func() answer
		want  int // rows for three times
	}{
		"an action":                  {"/api/admin/alerts/test", func() answer { return s.ask("POST", "/api/admin/alerts/test", "") }, 3},
		"a refused question":         {"/api/admin/calls", func() answer { return s.ask("GET", "/api/admin/calls?pageSize=x", "") }, 3},
		"a record that is not there": {"/api/admin/calls/:id", func() answer { return s.ask("GET", "/api/admin/calls/no-such-call", "") }, 3},
		"with a token":               {"/api/erp/status", func() answer { return s.get("/api/erp/status", adminToken) }, 3},
		"without the page's proof": {"/api/metrics/performance", func() answer {
			return s.do(request("GET", "/api/metrics/performance", "", "Cookie", s.cookie))
		}, 3},
		"looking again":   {"/api/admin/config", func() answer { return s.ask("GET", "/api/admin/config", "") }, 1},
		"the same person": {"/api/admin/sessions", func() answer { return s.ask("GET", "/api/admin/sessions?user="+alice, "") }, 1},
		"another question": {"/api/admin/messages", func() answer {
			return s.ask("GET", fmt.Sprintf("/api/admin/messages?page=%d", s.rows("/api/admin/messages")+1), "")
		}, 3},
		"another login": {"/api/admin/alerts", func() answer { s.signIn(); return s.ask("GET", "/api/admin/alerts", "") }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.rows(row.route)
			for range 3 {
				row.again()
			}
			if got := s.rows(row.route) - before; got != row.want {
				t.Errorf("three times are %d rows, want %d", got, row.want)
			}
		})
	}
	before := s.rows("/api/admin/sessions")
	s.ask(http.MethodGet, "/api/admin/sessions?user="+bob, "")
	if s.rows("/api/admin/sessions") != before+1 {
		t.Error("another person was looked at, and there is no row")
	}
}

// However many questions there are, the memory for them is bounded, and what is not remembered is written.
func TestWatchingIsBounded(t *testing.T) {
	w, now := &watching{}, time.Now()
	for i := range 2 * maxWatched {
		if w.isRepeat(digestOf(fmt.Sprint(i)), now) {
			t.Fatalf("question %d was never asked before", i)
		}
	}
	if w.isRepeat(digestOf(fmt.Sprint(2*maxWatched-1)), now) || !w.isRepeat(digestOf("0"), now) || len(w.asked) != maxWatched {
		t.Errorf("%d questions are remembered", len(w.asked))
	}
	w.isRepeat(digestOf("later"), now.Add(watchedEvery))
	if len(w.asked) != 1 {
		t.Errorf("%d questions are remembered a minute later, want 1", len(w.asked))
	}
}
