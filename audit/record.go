// Package audit is the gateway's memory of what happened: every answered API call and every change of a session or a
// binding is handed to a Log, which brings it to a Sink in batches, beside the request and never in its way.
//
// A Log keeps count: what was accepted is written, still pending, or dropped and counted, at any moment. It never
// blocks or fails the caller, never looks at what a record says, and never masks: the maker of a record has done that
// with the package mask, the one place that knows how. Pending records live in memory here.
package audit

import "time"

// Call is one answered API call. All texts are masked by the maker.
type Call struct {
	LogID     string // UUIDv7 made when the request came in, so that a repeated write changes nothing
	SessionID string // hash of the token; empty without a session
	Endpoint  string // route template, never the raw path
	Method    string
	Params    string
	Status    int // as the client saw it: the envelope's code
	Response  string
	Duration  time.Duration
	Error     string // name from the error catalogue; empty for a success
	CalledAt  time.Time
	RequestID string
}

// SessionChange is the state of a session after it was opened, renewed or ended.
type SessionChange struct {
	SessionID string // hash of the token
	OpenID    string // pseudonym, never the openid itself
	UnionID   string // pseudonym; empty if WeChat gave none
	CreatedAt time.Time
	ExpiresAt time.Time
	Active    bool
}

// BindingChange is the state of an ERP binding after it was made, renewed or ended.
type BindingChange struct {
	BindingID   string
	SessionID   string // hash of the token of the session that bound
	ERPUsername string
	CompanyID   string
	CompanyName string
	BoundAt     time.Time
	Valid       bool
}
