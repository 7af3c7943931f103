package erpclient

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// deadline puts the request's one deadline on the context; an earlier one of the caller's stays.
func (c *Client) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if remaining(ctx) <= c.cfg.Timeout {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, c.cfg.Timeout)
}

// read asks a question whose answer changes nothing: it may be shared with equal questions in flight, be retried within
// the deadline and the budget, be asked of the standby, and in the end be answered with the last good answer.
func read[T any](ctx context.Context, c *Client, q question[T]) (T, error) {
	o := answer(ctx, c, q)
	traceFrom(ctx).Add(o.trail)
	return o.value, o.err
}

// answer is read's outcome with how it came about.
func answer[T any](ctx context.Context, c *Client, q question[T]) (o outcome[T]) {
	if o.err = admit(c, &q); o.err != nil {
		return o
	}
	ctx, span := c.beginQuestion(ctx, q.op)
	if span != nil {
		defer func() { endQuestion(span, &o.trail, o.led, o.err) }()
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	if q.settles { // an answer on its way to somebody else may be older than the write
		q.params += "\x00" + strconv.FormatUint(c.settling.Add(1), 10)
	}
	o = coalesce(ctx, c, q, func(ctx context.Context) (o outcome[T]) {
		o.led = span
		o.value, o.err = persist(ctx, c, q, &o.trail)
		return o
	})
	switch {
	case q.settles:
	case o.err == nil:
		c.lastGood.keep(q.id, q.key(), o.value)
	case KindOf(o.err).Unhealthy():
		fallBack(ctx, c, q, &o)
	}
	return o
}

// fallBack replaces a failure by the last good answer, if there is one.
func fallBack[T any](ctx context.Context, c *Client, q question[T], o *outcome[T]) {
	if answer, asOf, ok := find[T](ctx, c.lastGood, q.id, q.key()); ok {
		o.value, o.err = answer, nil
		o.trail.Source, o.trail.AsOf = SourceStale, asOf
		c.metrics.stale.WithLabelValues(q.op).Inc()
	}
}

// persist asks until there is an answer, a final failure, or no time left for another attempt. The standby is asked at
// once; a channel that failed is asked again only after a wait, and only where asking again may help.
func persist[T any](ctx context.Context, c *Client, q question[T], trail *Trail) (v T, err error) {
	if !fits(0, remaining(ctx)) {
		return v, contextError(ctx, q.op)
	}
	c.budget.ask()
	var failed []failure
	channels := c.ways(q.settles)
	for n := 0; len(channels) > 0; n++ {
		ch, last := channels[0], len(channels) == 1
		v, err = attempt(ctx, c, ch, q, allowance{c.cfg.MaxRetries + 1 - n, last}, trail)
		if err == nil {
			trail.Source = ch.source
			return v, nil
		}
		if retryable(q.class, err) {
			failed = append(failed, failure{ch, retryAfter(err)})
		}
		switch {
		case !failsOver(q.class, err):
			return v, err
		case !last && fits(0, remaining(ctx)):
			channels = channels[1:]
		default:
			channels, failed = c.again(ctx, n, failed), nil
		}
	}
	return v, err
}

// failure is a channel that failed and may be asked again, once it has had the rest it asked for.
type failure struct {
	channel    *channel
	retryAfter time.Duration
}

func retryAfter(err error) time.Duration {
	var e *Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.RetryAfter
}

// allowance is what an attempt has to leave time for.
type allowance struct {
	attempts int  // that may be made, this one included
	last     bool // no other channel comes after this one
}

// attempt is one try whose calls get a fair share of the time that is left. A login on the way may take all of it,
// because it is not repeated; but half is left for the other channel where there is one.
func attempt[T any](ctx context.Context, c *Client, ch *channel, q question[T], a allowance, trail *Trail) (T, error) {
	start := time.Now()
	left := remaining(ctx)
	if !a.last {
		half, cancel := context.WithTimeout(ctx, left/2)
		defer cancel()
		ctx = half
	}
	ctx, span := c.beginAttempt(ctx, q.op, ch, len(trail.Attempts)+1)
	v, err := try(ctx, ch, q, attemptTime(left, a.attempts, ch.pace.usual()))
	made := attemptOf(q.op, ch, start, err)
	endAttempt(span, made)
	trail.Attempts = append(trail.Attempts, made)
	c.told(ch, made, err)
	return v, err
}

// again decides about retry n after every channel has failed, waits for its turn, and returns the channels to ask: none
// when there is no retry.
func (c *Client) again(ctx context.Context, n int, failed []failure) []*channel {
	if len(failed) == 0 {
		return nil
	}
	rest := slices.MinFunc(failed, func(a, b failure) int { return cmp.Compare(a.retryAfter, b.retryAfter) }).retryAfter
	wait, granted := c.turn(ctx, n, rest)
	if !granted {
		return nil
	}
	return c.rested(failed, wait)
}

// turn waits for the turn of retry n, at least for rest, and reports how long that was; there is none when the time or the
// budget does not allow it.
func (c *Client) turn(ctx context.Context, n int, rest time.Duration) (wait time.Duration, granted bool) {
	wait = backoff(n, rest, rand.Float64()) //nolint:gosec // spreads retries; nothing secret depends on it
	if n >= c.cfg.MaxRetries || !fits(wait, remaining(ctx)) {
		return wait, false
	}
	if !c.budget.retry() {
		c.metrics.retriesRefused.Inc()
		return wait, false
	}
	c.metrics.retries.Inc()
	return wait, sleep(ctx, wait)
}

// sleep waits, and reports whether it was for the whole time: it is not when ctx ends.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// rested are the channels that asked for no longer rest than they had.
func (c *Client) rested(failed []failure, rest time.Duration) []*channel {
	return slices.DeleteFunc(c.channels(), func(ch *channel) bool {
		return !slices.ContainsFunc(failed, func(f failure) bool { return f.channel == ch && f.retryAfter <= rest })
	})
}

func remaining(ctx context.Context) time.Duration {
	until, ok := ctx.Deadline()
	if !ok {
		return time.Hour
	}
	return time.Until(until)
}
