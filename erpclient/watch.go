package erpclient

import (
	"context"
	"errors"
	"time"
)

// lastFault is the last failure of a channel that says something about its health.
type lastFault struct {
	kind Kind
	at   time.Time
}

// told enters a finished attempt into the figures, and tells Config.OnAttempt of it where its outcome is the ERP's.
func (c *Client) told(ch *channel, a Attempt, err error) {
	c.metrics.attempt(a.Channel, a.Op, a.Kind)
	if !speaksOfERP(a.Op, err) {
		return
	}
	if !a.Refused && (a.Kind.Unhealthy() || a.Kind == KindOutcomeUnknown) {
		ch.fault.Store(&lastFault{a.Kind, c.cfg.Now()})
	}
	if c.cfg.OnAttempt != nil {
		c.cfg.OnAttempt(a)
	}
}

// attemptOf tells a finished attempt.
func attemptOf(op string, ch *channel, start time.Time, err error) Attempt {
	return Attempt{
		Op: op, Channel: ch.name, Kind: OutcomeOf(err), Started: start, Took: time.Since(start), Refused: errors.Is(err, errBreakerOpen),
	}
}

// speaksOfERP reports whether an attempt's outcome is the ERP's, or that of the breaker it opened: not that of a full
// bulkhead, of the session store or of a caller who gave up, and not that of a login on the way, which is an attempt of its
// own.
func speaksOfERP(op string, err error) bool {
	if err == nil {
		return true
	}
	var e *Error
	switch {
	case !errors.As(err, &e), e.Op == opLogin && op != opLogin:
		return false
	default:
		return !errors.Is(err, errBulkheadFull) && !errors.Is(err, context.Canceled) && !errors.Is(err, errTimeUp)
	}
}
