// Package consoletest is what tests of the console need: a stand-in for the gateway that answers the admins' API with
// canned figures and does as it is told (Server), and a real browser to look at the page with (Open).
//
// It is imported by tests only. The stand-in agrees with the gateway in names and shapes, not in behaviour.
package consoletest

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"snowgate/console"
)

// Token is the admin token that the stand-in takes.
const Token = "a-token-for-the-console"

// Hostile is what people would like a browser to run; a hostile stand-in puts it into the texts that come from outside.
const Hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`

// The ids that tests look for.
const (
	SlowCall    = "019c0b5e-7a10-7c3e-8f11-2b6f5a9d0c23" // three attempts, the last on the standby
	DeadMessage = "019c0b5e-7a10-7c3e-8f11-2b6f5a9d0e01"
	HostileCall = "019c0b5e-7a10-7c3e-8f11-2b6f5a9d0c99"
	UserID      = "u~5a1c0f3e9b7d2468"
)

const (
	cookieName = "snowgate_console"
	cookie     = "a-cookie"
	csrf       = "a-word-against-forgery"
)

// obj is a JSON object.
type obj = map[string]any

// Server is the stand-in. Its zero value is not ready; use New. Safe for concurrent use.
type Server struct {
	mu       sync.Mutex
	started  time.Time
	down     time.Time // since when the primary is, zero while it is not
	forced   bool
	silent   bool
	hostile  string // at the end of what comes from outside
	paused   bool
	messages []obj
	windows  []obj
	sessions []obj
	routes   *http.ServeMux
}

// New makes a gateway with a day's traffic behind it, whose database is a little ill.
func New() *Server { return build("") }

// NewHostile is New in a world that means ill.
func NewHostile() *Server { return build(" " + Hostile) }

func build(hostile string) *Server {
	s := &Server{started: time.Now().Add(-53 * time.Hour), paused: true, hostile: hostile, routes: http.NewServeMux(), windows: []obj{}}
	s.messages, s.sessions = cannedMessages(hostile), cannedSessions()
	s.register()
	return s
}

// StopERP makes the primary channel fail, as a probe would find it. StartERP ends that.
func (s *Server) StopERP() { s.set(func() { s.down = time.Now() }) }

// StartERP makes the primary channel well again.
func (s *Server) StartERP() { s.set(func() { s.down = time.Time{} }) }

// BeSilent makes the gateway cut every connection to its API, or stops that.
func (s *Server) BeSilent(yes bool) { s.set(func() { s.silent = yes }) }

func (s *Server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// register lists what the stand-in answers. A handler runs under the Server's lock and returns an answer's data.
func (s *Server) register() {
	s.routes.Handle("GET /console/", console.Handler())
	s.routes.HandleFunc("POST /console/login", s.login)
	s.routes.HandleFunc("POST /console/logout", s.logout)
	s.routes.HandleFunc("GET /console/session", s.session)
	for pattern, handle := range map[string]func(*http.Request) any{
		"GET /api/admin/overview":             s.overview,
		"GET /api/erp/status":                 s.erpStatus,
		"GET /api/metrics/performance":        s.performance,
		"POST /api/admin/erp/probe":           s.probe,
		"POST /api/admin/erp/standby":         s.forceStandby,
		"GET /api/admin/maintenance":          s.listWindows,
		"POST /api/admin/maintenance":         s.openWindow,
		"DELETE /api/admin/maintenance":       s.endWindow,
		"GET /api/admin/calls":                s.searchCalls,
		"GET /api/admin/calls/{id}":           s.oneCall,
		"GET /api/admin/messages":             s.searchMessages,
		"POST /api/admin/messages/{id}/retry": s.changeMessage("queued"),
		"POST /api/admin/messages/{id}/drop":  s.changeMessage("cancelled"),
		"GET /api/admin/queue":                s.queue,
		"POST /api/admin/queue/resume":        s.resume,
		"GET /api/admin/sessions":             s.listSessions,
		"DELETE /api/admin/sessions/{id}":     s.endSession,
		"DELETE /api/admin/sessions":          s.endSession,
		"DELETE /api/admin/bindings":          s.endBindings,
		"GET /api/admin/alerts":               s.alerts,
		"POST /api/admin/alerts/test":         s.testAlerts,
		"GET /api/admin/config":               s.config,
	} {
		s.routes.HandleFunc(pattern, s.admin(handle))
	}
}

// ServeHTTP answers as the gateway would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// admin lets in who shows the cookie together with the word against forgery.
func (s *Server) admin(handle func(*http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case s.silent:
			panic(http.ErrAbortHandler)
		case !signedIn(r):
			refuse(w, http.StatusUnauthorized, "session_expired", "登录已过期，请重新登录")
		case r.Header.Get("X-Snowgate-Console") != csrf:
			refuse(w, http.StatusForbidden, "forbidden", "无权访问")
		default:
			if data := handle(r); data != nil {
				answer(w, data)
				return
			}
			refuse(w, http.StatusNotFound, "not_found", "没有找到")
		}
	}
}

func answer(w http.ResponseWriter, data any) {
	write(w, http.StatusOK, obj{"code": 0, "message": "ok", "data": data, "requestId": "019c0b5e-0000-7000-8000-000000000000"})
}

func refuse(w http.ResponseWriter, status int, name, message string) {
	write(w, status, obj{"code": status, "message": message, "error": name, "requestId": "019c0b5e-0000-7000-8000-000000000000"})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the browser has gone, if it fails
}

// stamp is a moment so long ago, as the API writes it.
func stamp(ago time.Duration) string { return time.Now().Add(-ago).Format(time.RFC3339) }
