package erpclient

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// landing is how much longer than its deadline a write's outcome is waited for: a driver's "no answer in time" arrives
// at the deadline, not before it.
const landing = 100 * time.Millisecond

// errTimeUp marks a write that did not leave because no time was left for it: ours, or its caller's.
var errTimeUp = errors.New("no time left to send it")

// write asks a question that changes something at the ERP. It leaves once, on the primary channel, and is never shared
// with another caller's. It is asked again only where the ERP has not seen it: there was no connection, or the session
// was refused before the question was looked at.
//
// An error of kind OutcomeUnknown leaves open whether the ERP has written. Every other error means that it has not.
func write[T any](ctx context.Context, c *Client, q question[T]) (T, error) {
	if err := admit(c, &q); err != nil {
		var none T
		return none, err
	}
	return carryOut(ctx, c, q.op, c.cfg.WriteTimeout, func(ctx context.Context, s *sending) (o outcome[T]) {
		o.value, o.err = persistWrite(ctx, c, q, s, &o.trail)
		return o
	})
}

// carryOut runs a write, for at most limit, beside its caller. Until the write leaves, the caller's end is its end.
// Afterwards it runs to its own, whatever becomes of the caller: one who gives up still gets the outcome, because
// somebody has to note what the ERP did, and one whose deadline comes first is told that the outcome is unknown.
func carryOut[T any](ctx context.Context, c *Client, op string, limit time.Duration, work func(context.Context, *sending) outcome[T]) (T, error) {
	start, s := time.Now(), &sending{}
	ctx, span := c.beginQuestion(ctx, op)
	until, ends := context.WithDeadline(context.WithoutCancel(ctx), patience(ctx, limit))
	defer ends()
	before, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	landed := make(chan outcome[T], 1)
	go func() { landed <- work(before, s) }()
	select {
	case o := <-landed:
		endQuestion(span, &o.trail, nil, o.err)
		traceFrom(ctx).Add(o.trail)
		return o.value, o.err
	case <-until.Done():
	}
	var none T
	if s.giveUp() {
		err := unsent(until, op)
		endQuestion(span, &Trail{}, nil, err)
		return none, err
	}
	trail := Trail{Attempts: []Attempt{
		{Op: op, Channel: c.primary.name, Kind: KindOutcomeUnknown, Started: start, Took: time.Since(start)},
	}}
	err := outcomeUnknown(op, contextError(until, op))
	endQuestion(span, &trail, nil, err)
	traceFrom(ctx).Add(trail)
	return none, err
}

// patience is until when a caller waits for an outcome: to their own deadline, but not to their cancellation.
func patience(ctx context.Context, limit time.Duration) time.Time {
	last := time.Now().Add(limit + landing)
	if own, ok := ctx.Deadline(); ok && own.Before(last) {
		return own
	}
	return last
}

// sending settles between a write and its caller whether it leaves: before the caller's time is up, or never. The zero
// value is a write that has not left. Safe for concurrent use.
type sending struct{ state atomic.Int32 }

const (
	sendingWaits int32 = iota
	sendingLeft
	sendingGivenUp
)

// leave reports whether the write may go out; what has gone out may go out again.
func (s *sending) leave() bool {
	return s.state.CompareAndSwap(sendingWaits, sendingLeft) || s.state.Load() == sendingLeft
}

// giveUp reports whether the write has not left, and from now on it never will.
func (s *sending) giveUp() bool { return s.state.CompareAndSwap(sendingWaits, sendingGivenUp) }

// persistWrite tries until the ERP has seen the write, or may have.
func persistWrite[T any](ctx context.Context, c *Client, q question[T], s *sending, trail *Trail) (v T, err error) {
	until := time.Now().Add(c.cfg.WriteTimeout)
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	c.budget.ask()
	for n := 0; ; n++ {
		v, err = attemptWrite(ctx, c, q, departure{s, until}, trail)
		if err == nil {
			trail.Source = c.primary.source
			return v, nil
		}
		if !retryable(ClassWrite, err) {
			return v, err
		}
		if _, granted := c.turn(ctx, n, retryAfter(err)); !granted {
			return v, err
		}
	}
}

// departure is what a write needs to leave: that its caller still waits, and time of its own.
type departure struct {
	sending *sending
	until   time.Time
}

// attemptWrite is one try, told in trace and figures.
func attemptWrite[T any](ctx context.Context, c *Client, q question[T], d departure, trail *Trail) (T, error) {
	start := time.Now()
	ctx, span := c.beginAttempt(ctx, q.op, c.primary, len(trail.Attempts)+1)
	v, err := tryWrite(ctx, c.primary, q, d)
	made := attemptOf(q.op, c.primary, start, err)
	endAttempt(span, made)
	trail.Attempts = append(trail.Attempts, made)
	c.told(c.primary, made, err)
	return v, err
}

// tryWrite is a session, the write, and once more with a new session where it is certain that the first was lost: then
// the ERP has not looked at the write.
func tryWrite[T any](ctx context.Context, ch *channel, q question[T], d departure) (T, error) {
	var none T
	session, err := ch.logins.session(ctx, q.id, nil)
	if err != nil {
		return none, err
	}
	v, err := send(ctx, ch, q, session, d, false)
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindSessionExpired {
		return v, err
	}
	if e.Otherwise != "" && !ch.forgot(ctx, session) {
		return none, outcomeUnless(q.op, e.settled())
	}
	renewed, err := ch.logins.session(ctx, q.id, &session)
	if err != nil {
		return none, err
	}
	return send(ctx, ch, q, renewed, d, true)
}

// forgot asks, with something that changes nothing, whether the ERP has really lost a session.
func (ch *channel) forgot(ctx context.Context, s Session) bool {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return KindOf(ch.look(ctx, s)) == KindSessionExpired
}

// send has the driver write, through breaker and bulkhead. The breaker learns what happened at the ERP; the caller, what
// may have been written there.
func send[T any](ctx context.Context, ch *channel, q question[T], s Session, d departure, renewed bool) (T, error) {
	v, err := through(ctx, ch.breakers[ClassWrite], ch.bulkhead, q.op, func() (v T, err error) {
		if ctx.Err() != nil || !fits(0, time.Until(d.until)) || !d.sending.leave() {
			return v, unsent(ctx, q.op)
		}
		own, cancel := context.WithDeadline(context.WithoutCancel(ctx), d.until)
		defer cancel()
		v, err = q.ask(own, ch.driver, Auth{Session: s, Scope: q.id.Scope()})
		return v, ch.judge(err, q.id.Account, renewed)
	})
	return v, outcomeUnless(q.op, err)
}

// unsent says that the time was up before anything was sent.
func unsent(ctx context.Context, op string) error {
	return &Error{Op: op, Kind: KindTimeout, Unsent: true, Err: errors.Join(errTimeUp, context.Cause(ctx))}
}

// outcomeUnless is OutcomeUnknown unless the failure itself says that nothing was written.
func outcomeUnless(op string, err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) && (e.Unsent || e.Kind.refuses() || e.Kind == KindOutcomeUnknown) {
		return err
	}
	return outcomeUnknown(op, err)
}

func outcomeUnknown(op string, err error) error {
	return &Error{Op: op, Kind: KindOutcomeUnknown, Err: err}
}

// refuses reports whether an ERP that answers with this kind has not done what it was asked to. Kinds of no answer, or of
// none that can be understood, leave it open.
func (k Kind) refuses() bool {
	switch k {
	case KindBadCredentials, KindTooManyAttempts, KindSessionExpired, KindForbidden, KindNotFound, KindInvalid, KindConflict,
		KindBusy, KindNotSupported:
		return true
	default:
		return false
	}
}
