package erpclient

import (
	"context"
	"errors"
	"time"
)

// channel is one way to the ERP: a driver at one origin with its own session, breakers and bulkhead.
type channel struct {
	name     string
	driver   Driver
	breakers map[Class]*breaker
	bulkhead *bulkhead
	logins   *logins
	pace     *pace
}

// question is one thing to ask a driver. It is generic over the answer.
type question[T any] struct {
	op    string
	class Class
	id    Identity
	// params make the question's identity for coalescing, together with op and id.
	params string
	ask    func(ctx context.Context, d Driver, a Auth) (T, error)
}

// try is one attempt on one channel: a session, the call, and once more with a new session when the ERP forgot the
// first. The repeat is no retry: the ERP refused the session before it looked at the question.
func try[T any](ctx context.Context, ch *channel, q question[T], share time.Duration) (T, error) {
	var none T
	session, err := ch.logins.session(ctx, q.id, nil)
	if err != nil {
		return none, err
	}
	v, err := call(ctx, ch, q, session, share)
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindSessionExpired {
		return v, err
	}
	if !ch.logins.renewalHelps(q.id.Account, e.Otherwise) {
		return none, e.settled()
	}
	if session, err = ch.logins.session(ctx, q.id, &session); err != nil {
		return none, err
	}
	v, err = call(ctx, ch, q, session, share)
	if errors.As(err, &e) && e.Kind == KindSessionExpired {
		ch.logins.renewalWasUseless(q.id.Account, e.Otherwise)
		return none, e.settled()
	}
	return v, err
}

// settled is the error once a new session has not helped: what else it was, or else an ERP that contradicts itself.
func (e *Error) settled() error {
	kind := e.Otherwise
	if kind == "" {
		kind = KindBadAnswer
	}
	return &Error{Op: e.Op, Kind: kind, Err: e.Err}
}

// call asks the driver through bulkhead and breaker, for at most share.
func call[T any](ctx context.Context, ch *channel, q question[T], s Session, share time.Duration) (v T, err error) {
	ctx, cancel := context.WithTimeout(ctx, share)
	defer cancel()
	leave, err := ch.bulkhead.enter(ctx, q.op)
	if err != nil {
		return v, err
	}
	defer leave()
	return do(ch.breakers[q.class], q.op, func() (T, error) {
		start := time.Now()
		v, err := q.ask(ctx, ch.driver, Auth{Session: s, Scope: q.id.Scope()})
		if err == nil || KindOf(err) == KindTimeout && !errors.Is(err, context.Canceled) {
			ch.pace.observe(time.Since(start), err != nil)
		}
		return v, err
	})
}
