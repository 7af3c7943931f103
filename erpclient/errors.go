package erpclient

import (
	"errors"
	"fmt"
	"time"
)

// Kind tells what went wrong in the gateway's terms. A driver decides it from the body as much as from the status,
// because with most ERPs a 200 may be a failure.
type Kind string

// The kinds of failure. Only Busy, Unavailable, Timeout and BadAnswer say something about the ERP's health.
const (
	KindBadCredentials  Kind = "bad_credentials"   // the ERP refused user name and password
	KindTooManyAttempts Kind = "too_many_attempts" // the ERP (or we, to spare it) refuses further log-ins for a while
	KindSessionExpired  Kind = "session_expired"   // the ERP forgot its session: log in again once, repeat once
	KindForbidden       Kind = "forbidden"         // known caller, not allowed
	KindNotFound        Kind = "not_found"         // none such, or another customer's
	KindInvalid         Kind = "invalid"           // the ERP refuses the question itself
	KindConflict        Kind = "conflict"          // the record's state does not allow it
	KindBusy            Kind = "busy"              // too many calls, ours or others'
	KindUnavailable     Kind = "unavailable"       // refused, reset, 5xx, or the breaker is open
	KindTimeout         Kind = "timeout"           // no answer in time
	KindBadAnswer       Kind = "bad_answer"        // an answer that cannot be understood
	KindOutcomeUnknown  Kind = "outcome_unknown"   // a write may have been carried out, or not
	KindNotSupported    Kind = "not_supported"     // this ERP cannot do it
)

// Unhealthy reports whether the kind counts against the ERP's circuit breaker.
func (k Kind) Unhealthy() bool {
	switch k {
	case KindBusy, KindUnavailable, KindTimeout, KindBadAnswer:
		return true
	default:
		return false
	}
}

// Error is every failure that leaves this package or a driver.
type Error struct {
	Op   string // the operation, such as "search_orders"
	Kind Kind
	// Otherwise is the kind that remains when Kind is SessionExpired only by guess: Snowbeasts says
	// {"success": false} for a lost session and for other refusals alike. "" means there is no doubt.
	Otherwise Kind
	// Unsent says that the ERP has not seen the request (no connection, say): nothing can have happened there. A driver
	// whose operation takes several calls says so only where nothing of it has happened.
	Unsent bool
	// RetryAfter is how long the ERP, or the breaker, asked us to stay away; 0 when nobody said.
	RetryAfter time.Duration
	// Err is the cause with the ERP's own words in it: for logs, never for an answer.
	Err error
}

// Error names operation, kind and cause; it is meant for logs.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("erp %s: %s", e.Op, e.Kind)
	}
	return fmt.Sprintf("erp %s: %s: %v", e.Op, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf builds an Error of a kind with a formatted cause.
func Errorf(op string, kind Kind, format string, args ...any) *Error {
	return &Error{Op: op, Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindStore marks, in traces and figures, an attempt that ended at the session store before the ERP was asked.
const KindStore Kind = "store"

// OutcomeOf is how an attempt ended, for traces and figures; "" is success.
func OutcomeOf(err error) Kind {
	if k := KindOf(err); k != "" || err == nil {
		return k
	}
	return KindStore
}

// KindOf returns the kind of the first *Error in err's chain, or "" when there is none.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
