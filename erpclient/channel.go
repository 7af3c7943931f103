package erpclient

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"
)

// channel is one way to the ERP: a driver at one origin with its own session, breakers and bulkhead.
type channel struct {
	name     string
	driver   Driver
	source   Source // what its answers are called
	breakers map[Class]*breaker
	bulkhead *bulkhead
	logins   *logins
	pace     *pace
	fault    atomic.Pointer[lastFault] // nil: none yet

	capabilities []string
}

// question is one thing to ask a driver. It is generic over the answer.
type question[T any] struct {
	op    string
	class Class
	needs string // the capability without which nobody is asked
	reach reach
	id    Identity
	// settles: the answer decides what became of a write. It is the live one of the channel that writes go to, asked
	// after this moment, or none.
	settles bool
	// params make the question's identity for coalescing, together with op and id.
	params string
	ask    func(ctx context.Context, d Driver, a Auth) (T, error)
}

// reach is whose records a question is about.
type reach int

const (
	reachCustomer reach = iota // one customer's: the scope narrows them
	reachCompany               // the company's: no scope narrows them, permissions do
	reachPerson                // what one account may see and do: nothing to ask through the service account
)

// key tells questions of one identity apart.
func (q question[T]) key() string { return q.op + "\x00" + q.params }

// params joins a question's parameters unambiguously.
func params(parts ...string) string {
	var room [128]byte
	b := room[:0]
	for _, p := range parts {
		b = strconv.AppendQuote(b, p)
	}
	return string(b)
}

// try is one attempt on one channel: a session, the call, and once more with a new session when the ERP forgot the
// first. The repeat is no retry: the ERP refused the session before it looked at the question.
func try[T any](ctx context.Context, ch *channel, q question[T], share time.Duration) (T, error) {
	var none T
	session, err := ch.logins.session(ctx, q.id, nil)
	if err != nil {
		return none, err
	}
	v, err := call(ctx, ch, q, session, share, false)
	if KindOf(err) != KindSessionExpired {
		return v, err
	}
	renewed, err := ch.logins.session(ctx, q.id, &session)
	if err != nil {
		return none, err
	}
	return call(ctx, ch, q, renewed, share, true)
}

// call asks the driver through breaker and bulkhead, for at most share. With a session just renewed for this call, a
// session said to be lost is something else, and the breaker has to learn what.
func call[T any](ctx context.Context, ch *channel, q question[T], s Session, share time.Duration, renewed bool) (v T, err error) {
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	return through(ctx, ch.breakers[q.class], ch.bulkhead, q.op, func() (T, error) {
		start := time.Now()
		v, err := q.ask(ctx, ch.driver, Auth{Session: s, Scope: q.id.Scope()})
		if err == nil || KindOf(err) == KindTimeout && !errors.Is(err, context.Canceled) {
			ch.pace.observe(time.Since(start), err != nil)
		}
		return v, ch.judge(err, q.id.Account, renewed)
	})
}

// judge lets a lost session pass where a renewal may help, and settles what else it is where it did not.
func (ch *channel) judge(err error, account string, renewed bool) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindSessionExpired {
		return err
	}
	r := renewal{account, e.Otherwise}
	if renewed {
		ch.logins.wasUseless(r)
	} else if ch.logins.helps(r) {
		return err
	}
	return e.settled()
}

// settled is the error once a new session has not helped: what else it was, or else an ERP that contradicts itself, and
// that has not looked at the question.
func (e *Error) settled() error {
	kind := e.Otherwise
	if kind == "" {
		kind = KindBadAnswer
	}
	return &Error{Op: e.Op, Kind: kind, Unsent: e.Otherwise == "", Err: e.Err}
}
