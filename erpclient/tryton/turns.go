package tryton

import (
	"context"
	"sync"

	"snowgate/erpclient"
)

// turns has writes with one reference follow each other, so that the second finds what the first has made: Tryton has no
// unique references. It reaches as far as this process; between replicas the gateway's lock on the idempotency key does
// the same. Safe for concurrent use.
type turns struct {
	mu   sync.Mutex
	held map[string]*turn
}

// turn is one reference's: a slot for who has it, and how many have it or wait.
type turn struct {
	slot chan struct{}
	want int
}

func newTurns() *turns { return &turns{held: map[string]*turn{}} }

// take waits until the reference is nobody's, at most until ctx ends. done gives it back.
func (t *turns) take(ctx context.Context, op, reference string) (done func(), err error) {
	mine := t.join(reference)
	select {
	case mine.slot <- struct{}{}:
		return func() { <-mine.slot; t.leave(reference) }, nil
	case <-ctx.Done():
		t.leave(reference)
		return nil, &erpclient.Error{Op: op, Kind: erpclient.KindTimeout, Unsent: true, Err: ctx.Err()}
	}
}

func (t *turns) join(reference string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine, ok := t.held[reference]
	if !ok {
		mine = &turn{slot: make(chan struct{}, 1)}
		t.held[reference] = mine
	}
	mine.want++
	return mine
}

// leave forgets a reference that nobody wants any more.
func (t *turns) leave(reference string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine := t.held[reference]; mine.want > 1 {
		mine.want--
	} else {
		delete(t.held, reference)
	}
}
