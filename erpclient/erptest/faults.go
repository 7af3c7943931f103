package erptest

import (
	"context"
	"errors"
	"sync"
	"time"

	"snowgate/erpclient"
)

// Hang waits for the context's end, as a driver does whose ERP never answers.
func Hang(ctx context.Context, op string) error {
	<-ctx.Done()
	return &erpclient.Error{Op: op, Kind: erpclient.KindTimeout, Err: ctx.Err()}
}

// Slow returns after d, or hangs when the context ends first.
func Slow(ctx context.Context, op string, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return Hang(ctx, op)
	}
}

// Lose is an After by which the answer to a write is lost at once: the connection breaks.
func Lose(_ context.Context, op string) error {
	return erpclient.Errorf(op, erpclient.KindUnavailable, "the connection broke")
}

// Refuse is a script by which nothing can be sent: nobody listens.
func Refuse(_ context.Context, op string) error {
	return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable, Unsent: true, Err: errors.New("connection refused")}
}

// Fail is a script that fails every operation but the login.
func Fail(kind erpclient.Kind) func(context.Context, string) error {
	return func(_ context.Context, op string) error {
		if op == OpLogin {
			return nil
		}
		return &erpclient.Error{Op: op, Kind: kind}
	}
}

// Barrier lets nobody through until n have come. Later comers pass.
type Barrier struct {
	mu   sync.Mutex
	left int
	open chan struct{}
}

// NewBarrier makes a barrier for n.
func NewBarrier(n int) *Barrier { return &Barrier{left: n, open: make(chan struct{})} }

// Wait returns nil once all have come, or hangs when the context ends first.
func (b *Barrier) Wait(ctx context.Context, op string) error {
	b.mu.Lock()
	if b.left--; b.left == 0 {
		close(b.open)
	}
	b.mu.Unlock()
	select {
	case <-b.open:
		return nil
	case <-ctx.Done():
		return Hang(ctx, op)
	}
}
