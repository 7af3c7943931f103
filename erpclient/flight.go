package erpclient

import "context"

// outcome is what a flight brings home for everybody who waits for it.
type outcome[T any] struct {
	value T
	trail Trail
	err   error
}

// coalesce lets equal questions of one identity that are in flight at the same time share one call. The key holds
// operation, identity and parameters, so that one customer's answer never reaches another. The flight keeps the first
// caller's deadline but not its cancellation: a caller who gives up does not take the others' answer away.
// The answer is shared: treat it as read-only.
func coalesce[T any](ctx context.Context, c *Client, q question[T], fly func(context.Context) outcome[T]) (T, error) {
	var led bool
	landed := c.flights.DoChan(q.op+"\x00"+q.id.Key()+"\x00"+q.params, func() (any, error) {
		led = true
		shared := context.WithoutCancel(ctx)
		if until, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			shared, cancel = context.WithDeadline(shared, until)
			defer cancel()
		}
		return fly(shared), nil
	})
	select {
	case r := <-landed:
		o, ok := r.Val.(outcome[T])
		if !ok {
			var none T
			return none, Errorf(q.op, KindBadAnswer, "driver failed: %v", r.Err)
		}
		if !led {
			o.trail.Coalesced = true
			o.trail.Attempts = nil // they are told once, by the caller who led
			c.metrics.coalesced.Inc()
		}
		traceFrom(ctx).add(o.trail)
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, contextError(ctx, q.op)
	}
}
