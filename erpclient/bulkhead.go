package erpclient

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var errBulkheadFull = errors.New("too many calls in flight")

// bulkhead bounds the calls in flight on one channel: some ERPs bear 64, some 2, and more only make them slower.
type bulkhead struct {
	slots  chan struct{}
	leave  func()
	wait   time.Duration
	waited func(time.Duration) // hears how long each caller that had to wait did
}

func newBulkhead(size int, wait time.Duration, waited func(time.Duration)) *bulkhead {
	b := &bulkhead{slots: make(chan struct{}, size), wait: wait, waited: waited}
	b.leave = func() { <-b.slots }
	return b
}

// enter takes a slot, waiting at most the bulkhead's patience; leave gives it back.
func (b *bulkhead) enter(ctx context.Context, op string) (leave func(), err error) {
	select {
	case b.slots <- struct{}{}:
		return b.leave, nil
	default:
	}
	start := time.Now()
	defer func() { b.waited(time.Since(start)) }()
	timer := time.NewTimer(b.wait)
	defer timer.Stop()
	select {
	case b.slots <- struct{}{}:
		return b.leave, nil
	case <-timer.C:
		return nil, &Error{Op: op, Kind: KindBusy, Unsent: true, RetryAfter: time.Second, Err: errBulkheadFull}
	case <-ctx.Done():
		// The ERP was never asked: errBulkheadFull keeps the breaker from taking it for the ERP's slowness.
		return nil, &Error{Op: op, Kind: KindTimeout, Unsent: true, Err: fmt.Errorf("%w: %w", errBulkheadFull, context.Cause(ctx))}
	}
}

func (b *bulkhead) inFlight() int { return len(b.slots) }

// contextError is the ended context as an Error: a deadline is a timeout, a cancellation says nothing about the ERP.
func contextError(ctx context.Context, op string) error {
	return &Error{Op: op, Kind: KindTimeout, Err: context.Cause(ctx)}
}
