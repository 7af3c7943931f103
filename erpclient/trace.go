package erpclient

import (
	"context"
	"sync"
	"time"
)

// Source tells where an answer came from.
type Source string

// The sources, from best to worst.
const (
	SourceLive    Source = "live"    // the primary channel, just now
	SourceStandby Source = "standby" // the standby channel, just now
	SourceStale   Source = "stale"   // the last good answer to the same question
)

var sourceRank = map[Source]int{SourceLive: 0, SourceStandby: 1, SourceStale: 2}

// Attempt is one call that was tried, or refused before it left.
type Attempt struct {
	Op      string
	Channel string
	Kind    Kind // "" is success
	Started time.Time
	Took    time.Duration
	// Refused: the circuit breaker was open, and the ERP was not asked.
	Refused bool
}

// Trail is what happened on the way to one answer.
type Trail struct {
	Source    Source
	AsOf      time.Time // when the oldest stale part was good; zero when nothing is stale
	Coalesced bool      // another caller's identical question was answered
	Attempts  []Attempt
}

// Trace collects the trails of every question that one request led to. It is safe for concurrent use.
type Trace struct {
	mu    sync.Mutex
	total Trail
}

type traceKey struct{}

// WithTrace starts collecting; the questions asked below the returned context report to the Trace.
func WithTrace(ctx context.Context) (context.Context, *Trace) {
	t := &Trace{total: Trail{Source: SourceLive}}
	return context.WithValue(ctx, traceKey{}, t), t
}

func traceFrom(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}

// Add merges one trail: the answer as a whole is only as fresh as its worst part.
func (t *Trace) Add(trail Trail) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total.Attempts = append(t.total.Attempts, trail.Attempts...)
	t.total.Coalesced = t.total.Coalesced || trail.Coalesced
	if sourceRank[trail.Source] > sourceRank[t.total.Source] {
		t.total.Source = trail.Source
	}
	if !trail.AsOf.IsZero() && (t.total.AsOf.IsZero() || trail.AsOf.Before(t.total.AsOf)) {
		t.total.AsOf = trail.AsOf
	}
}

// Trail is what has been collected so far.
func (t *Trace) Trail() Trail {
	t.mu.Lock()
	defer t.mu.Unlock()
	total := t.total
	total.Attempts = append([]Attempt(nil), t.total.Attempts...)
	return total
}

// Took is the time spent waiting for the ERP, attempts side by side counted each.
func (t Trail) Took() time.Duration {
	var sum time.Duration
	for _, a := range t.Attempts {
		sum += a.Took
	}
	return sum
}
