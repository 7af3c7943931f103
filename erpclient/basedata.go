package erpclient

import (
	"context"
	"sync"
	"time"
)

const (
	// baseFor is how long base data is taken for fresh: it changes once in months.
	baseFor = 5 * time.Minute
	// baseStaleFor is how old it may be where the ERP cannot be asked: yesterday's warehouses are still standing.
	baseStaleFor = 24 * time.Hour
)

// baseData keeps what an ERP hardly ever changes, per account, in the process. Safe for concurrent use.
type baseData struct {
	now func() time.Time

	mu   sync.Mutex
	kept map[string]based
}

// based is an answer with the moment at which it was given.
type based struct {
	asOf   time.Time
	answer any
}

func newBaseData(now func() time.Time) *baseData {
	return &baseData{now: now, kept: map[string]based{}}
}

func (b *baseData) keep(key string, answer any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	remember(b.kept, key, based{b.now(), answer})
}

// find returns what is kept under key and is not older than age.
func (b *baseData) find(key string, age time.Duration) (based, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found, ok := b.kept[key]
	return found, ok && b.now().Sub(found.asOf) <= age
}

// readBase is read for base data: the same for everybody with the same account, asked for every few minutes, and in use
// for longer where the ERP cannot be asked. The answer is shared: treat it as read-only.
func readBase[T any](ctx context.Context, c *Client, q question[T]) (T, error) {
	var none T
	if err := admit(c, &q); err != nil {
		return none, err
	}
	q.id.CustomerID = "" // customers of one account share a call in flight
	key := params(q.id.Account, q.id.Proof) + "\x00" + q.key()
	if fresh, ok := c.base.find(key, baseFor); ok {
		v, _ := fresh.answer.(T)
		return v, nil
	}
	o := answer(ctx, c, q)
	switch old, ok := c.base.find(key, baseStaleFor); {
	case o.err == nil && o.trail.Source != SourceStale:
		c.base.keep(key, o.value)
	case ok && KindOf(o.err).Unhealthy():
		o.value, _ = old.answer.(T)
		o.err, o.trail.Source, o.trail.AsOf = nil, SourceStale, old.asOf
		c.metrics.stale.WithLabelValues(q.op).Inc()
	}
	traceFrom(ctx).Add(o.trail)
	return o.value, o.err
}
