package sandbox

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// keptCalls bounds the memory of a stand-in that runs for days.
const keptCalls = 2000

// ERPCall is one recorded request to an ERP or a PSI, also when a fault spoiled its answer.
type ERPCall struct {
	// Op is, at the ERP, login, open-app, sso and app (the redirects behind open-app), file, the
	// name of a business operation, or unknown.
	Op      string `json:"op"`
	Path    string `json:"path"`
	Account string `json:"account"` // whose session, or who logs in; "" without a session
	Body    string `json:"body"`    // as received, but a login's password is masked
	// RequestID is the X-Request-Id header.
	RequestID string    `json:"requestId"`
	At        time.Time `json:"at"`
}

// callLog keeps the latest calls and counts all of them.
type callLog struct {
	mu     sync.Mutex
	calls  []ERPCall
	counts map[string]int
}

func (l *callLog) add(call ERPCall) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.counts == nil {
		l.counts = map[string]int{}
	}
	l.counts[call.Op]++
	if len(l.calls) == keptCalls {
		copy(l.calls, l.calls[1:])
		l.calls = l.calls[:keptCalls-1]
	}
	l.calls = append(l.calls, call)
}

func (l *callLog) all() []ERPCall {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]ERPCall{}, l.calls...)
}

func (l *callLog) count(op string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[op]
}

func (l *callLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls, l.counts = nil, nil
}

// routes is the log's part of a control API.
func (l *callLog) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+controlPrefix+"calls", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, l.all())
	})
	mux.HandleFunc("DELETE "+controlPrefix+"calls", func(w http.ResponseWriter, _ *http.Request) {
		l.reset()
		writeJSON(w, http.StatusOK, l.all())
	})
}

// Calls returns the latest 2000 requests, oldest first.
func (e *ERP) Calls() []ERPCall { return e.calls.all() }

// Count returns how many requests asked for op since the start or the last ResetCalls.
func (e *ERP) Count(op string) int { return e.calls.count(op) }

// ResetCalls forgets the recorded requests and sets all counts to 0.
func (e *ERP) ResetCalls() { e.calls.reset() }

func (e *ERP) record(r *http.Request, op string, body []byte) {
	call := ERPCall{
		Op: op, Path: r.URL.Path, Body: string(body),
		RequestID: r.Header.Get("X-Request-Id"), At: e.opts.Now(),
	}
	if op == "login" {
		call.Account, call.Body = maskLogin(body)
	} else if s := e.logins.find(cookie(r, sidCookie), call.At); s != nil {
		call.Account = s.account.User
	}
	e.calls.add(call)
}

// maskLogin returns who logs in and the body without the password.
func maskLogin(body []byte) (account, masked string) {
	var in map[string]any
	if json.Unmarshal(body, &in) != nil {
		return "", "(not JSON)"
	}
	if _, given := in["password"]; given {
		in["password"] = "***"
	}
	out, err := json.Marshal(in)
	if err != nil { // cannot happen to a decoded value
		return "", "(not JSON)"
	}
	account, _ = in["account"].(string)
	return account, string(out)
}

// formOf is the form a business call names, for faults that hit one form only.
func formOf(body []byte) string {
	var in struct {
		FormID any `json:"formId"`
	}
	if json.Unmarshal(body, &in) != nil {
		return ""
	}
	return text(in.FormID)
}
