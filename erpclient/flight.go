package erpclient

import (
	"context"
	"sync"
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

// flights are the questions on their way. The zero value is ready; safe for concurrent use.
type flights struct {
	mu       sync.Mutex
	underway map[string]any // *flight[T], by question
}

// flight is one question on its way.
type flight[T any] struct {
	landed  chan struct{}
	outcome outcome[T] // read only after it has landed
}

// board returns the flight that answers the question; first, when it is the caller who has to see that it flies.
func board[T any](fs *flights, key string) (f *flight[T], first bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f, ok := fs.underway[key].(*flight[T]); ok {
		return f, false
	}
	f = &flight[T]{landed: make(chan struct{})}
	if fs.underway == nil {
		fs.underway = map[string]any{}
	}
	fs.underway[key] = f
	return f, true
}

// land lets everybody have the outcome, and the next who asks fly again.
func (f *flight[T]) land(fs *flights, key string) {
	fs.mu.Lock()
	delete(fs.underway, key)
	fs.mu.Unlock()
	close(f.landed)
}

// join waits for the flight that answers the question, and starts it where there is none. The key holds identity, operation
// and parameters, so that one customer's answer never reaches another.
func join[T any](ctx context.Context, c *Client, q question[T], fly func(context.Context) outcome[T]) (o outcome[T], led bool) {
	key := q.id.Key() + "\x00" + q.key()
	f, first := board[T](&c.flights, key)
	if first {
		c.hands.do(func() {
			defer f.land(&c.flights, key)
			left := remaining(ctx)
			shared, cancel := context.WithTimeout(context.WithoutCancel(ctx), left-min(landingTime, left/10))
			defer cancel()
			f.outcome = fly(shared)
		})
	}
	o, landed := f.wait(ctx, q.op)
	return o, first || !landed
}

// wait returns the outcome, or gives up a little before the caller's deadline: a flight may outlive whoever joined it late,
// who still has to look for a last good answer.
func (f *flight[T]) wait(ctx context.Context, op string) (o outcome[T], landed bool) {
	left := remaining(ctx)
	patience := time.NewTimer(left - min(landingTime, left/10)/2)
	defer patience.Stop()
	select {
	case <-f.landed:
		return f.outcome, true
	case <-patience.C:
		return outcome[T]{err: &Error{Op: op, Kind: KindTimeout, Err: context.DeadlineExceeded}}, false
	case <-ctx.Done():
		return outcome[T]{err: contextError(ctx, op)}, false
	}
}
