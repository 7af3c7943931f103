package erpclient

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// outcome is what a flight brings home for everybody who waits for it.
type outcome[T any] struct {
	value T
	trail Trail
	err   error
	led   trace.Span // of the caller who led; nil without a Tracer
}

// coalesce lets equal questions of one identity that are in flight at the same time share one call. The flight keeps the
// first caller's deadline but not its cancellation: a caller who gives up does not take the others' answer away. A caller
// who joined a flight late, and still has time when its deadline ends it, asks again.
// The answer is shared: treat it as read-only.
func coalesce[T any](ctx context.Context, c *Client, q question[T], fly func(context.Context) outcome[T]) outcome[T] {
	for {
		o, led := join(ctx, c, q, fly)
		if led {
			return o
		}
		if KindOf(o.err) == KindTimeout && fits(2*landingTime, remaining(ctx)) {
			continue
		}
		o.trail.Coalesced = true
		o.trail.Attempts = nil // they are told once, by the caller who led
		c.metrics.coalesced.Inc()
		return o
	}
}

// landingTime is kept back from a flight's deadline, so that its outcome, and a last good answer instead of it, arrive
// before the callers' own deadlines do.
const landingTime = 100 * time.Millisecond

// join waits for the flight that answers the question, and starts it when there is none. The key holds identity,
// operation and parameters, so that one customer's answer never reaches another.
func join[T any](ctx context.Context, c *Client, q question[T], fly func(context.Context) outcome[T]) (outcome[T], bool) {
	led := false // read only after the flight has landed
	landed := c.flights.DoChan(q.id.Key()+"\x00"+q.key(), func() (any, error) {
		led = true
		left := remaining(ctx)
		shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), left-min(landingTime, left/10))
		defer cancel()
		return fly(shared), nil
	})
	left := remaining(ctx)
	patience, cancel := context.WithTimeout(ctx, left-min(landingTime, left/10)/2)
	defer cancel()
	select {
	case r := <-landed:
		o, _ := r.Val.(outcome[T])
		return o, led
	case <-patience.Done(): // a flight joined late may outlive this caller, who still has to look for a last good answer
		return outcome[T]{err: contextError(patience, q.op)}, true
	}
}
