package wxmsg

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// atMostOnce is a transport that lets a request's body out at most once, and marks an error when the body has not left
// at all: nobody has read it, and from then on nobody can. That holds whatever the transport below does, and covers
// every failure before the request is written: name resolution, dialling, TLS, a context that had ended already.
//
// Once somebody has read from the body, it may have been sent.
type atMostOnce struct{ below http.RoundTripper }

// RoundTrip implements http.RoundTripper. Without GetBody net/http cannot send the body again by itself.
func (t atMostOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		return t.below.RoundTrip(r)
	}
	body := &latched{body: r.Body}
	r = r.WithContext(r.Context()) // a copy: the caller's request is not ours to change
	r.Body, r.GetBody = body, nil
	answer, err := t.below.RoundTrip(r)
	if err != nil && body.withhold() {
		return nil, unsentError{err}
	}
	return answer, err
}

// CloseIdleConnections is what http.Client looks for.
func (t atMostOnce) CloseIdleConnections() {
	if below, ok := t.below.(interface{ CloseIdleConnections() }); ok {
		below.CloseIdleConnections()
	}
}

// latched is a body that is either read or withheld, whichever comes first.
type latched struct {
	body  io.ReadCloser
	state atomic.Int32
}

const (
	latchUntouched = iota
	latchRead
	latchWithheld
)

var errWithheld = errors.New("the request was given up")

func (l *latched) Read(p []byte) (int, error) {
	if !l.state.CompareAndSwap(latchUntouched, latchRead) && l.state.Load() == latchWithheld {
		return 0, errWithheld
	}
	return l.body.Read(p)
}

func (l *latched) Close() error { return l.body.Close() }

// withhold keeps the body from being read; false when that is too late.
func (l *latched) withhold() bool { return l.state.CompareAndSwap(latchUntouched, latchWithheld) }

// unsentError marks the failure of a request whose body has not left.
type unsentError struct{ error }

func (e unsentError) Unwrap() error { return e.error }

func isUnsent(err error) bool {
	var unsent unsentError
	return errors.As(err, &unsent)
}
