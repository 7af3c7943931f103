package erphttp

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// sent follows one request to the wire, so that a failure can say whether the ERP may have seen it.
type sent struct {
	// seeking: a transport that tells where it is has begun to look for a connection. Without that nothing is known.
	seeking atomic.Bool
	// connected: a connection was handed over. From then on the request may leave at any moment, also while the caller
	// is being told that its time is up.
	connected atomic.Bool
}

// follow has the transport report on the request of the returned context; count hears of its connection. One trace for
// both: net/http puts two together by reflection.
func (s *sent) follow(ctx context.Context, method string, count func(httptrace.GotConnInfo)) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) {
			s.seeking.Store(true)
			if !replayable(method) { // it looks for another connection only when nothing has left on the first
				s.connected.Store(false)
			}
		},
		GotConn: func(info httptrace.GotConnInfo) {
			s.connected.Store(true)
			count(info)
		},
	})
}

// nothing reports that it is certain that the ERP has not seen the request: it never had a connection (no such name,
// refused, no TLS, no time left while waiting for one).
func (s *sent) nothing() bool { return s.seeking.Load() && !s.connected.Load() }

// replayable reports whether net/http repeats the method by itself when a reused connection breaks.
func replayable(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	default:
		return false
	}
}

// replayHeaders are those by which net/http takes any request for one that may be repeated (Request.isReplayable).
var replayHeaders = map[string]string{"Idempotency-Key": "idempotency-key", "X-Idempotency-Key": "x-idempotency-key"}

// hideReplay keeps net/http from sending a write twice. It looks for these names as they are usually written, and to the
// ERP the case of a header's name makes no difference. What is repeated then is only what never left.
func hideReplay(h http.Header) {
	for name, hidden := range replayHeaders {
		if values, ok := h[name]; ok {
			delete(h, name)
			h[hidden] = values
		}
	}
}
