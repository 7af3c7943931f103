package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

// limiterPause is how long a Redis that failed is left alone. A frozen one costs whoever asks it up to 200 ms; this way
// it costs one request in half a second, and is back in use half a second after its return at the latest.
const limiterPause = 500 * time.Millisecond

// Limiter limits with Store.Limit, and goes on by itself while Redis is away: each replica then counts for itself, from
// nothing, so that with n replicas a subject may get n times its rate and one more burst. It is safe for concurrent use.
type Limiter struct {
	store *Store
	local localRates
	now   func() time.Time

	mu    sync.Mutex
	askAt time.Time // when Redis is asked again; zero while it answers
}

// NewLimiter makes a Limiter on a Store.
func NewLimiter(store *Store) *Limiter {
	return &Limiter{store: store, now: time.Now}
}

// Limit is Store.Limit that an outage of Redis cannot fail: the Verdict is Local then. It returns the caller's own error
// when its context has ended, or an error for a rate without a period.
func (l *Limiter) Limit(ctx context.Context, checks ...Rate) (Verdict, error) {
	if !l.mayAsk() {
		return l.countHere(checks)
	}
	verdict, err := l.store.Limit(ctx, checks...)
	switch {
	case err == nil:
		l.askFrom(time.Time{})
		return verdict, nil
	case !errors.Is(err, ErrUnavailable) || ended(ctx) != nil: // a caller whose time is up proves no outage
		return Verdict{Refused: -1}, err
	}
	l.askFrom(l.now().Add(limiterPause))
	return l.countHere(checks)
}

// Arrive is Store.Arrive that an outage of Redis keeps from counting no more than it keeps Limit: the Verdict is Local
// then. A VerdictErr is the caller's own, or for a rate without a period.
func (l *Limiter) Arrive(ctx context.Context, token string, want Wanted) (Arrival, error) {
	if !want.limits() {
		return l.store.Arrive(ctx, token, want)
	}
	asked := want
	alone := !l.mayAsk()
	if alone {
		asked.Address, asked.Caller = Rate{}, Rate{}
	}
	a, err := l.store.Arrive(ctx, token, asked)
	switch {
	case err != nil && (alone || a.VerdictErr != nil): // whoever refuses the caller counts, for what is known of them
		a.Counted = false
	case alone:
		l.countArrival(&a, want)
	case a.Counted && a.VerdictErr == nil:
		l.askFrom(time.Time{})
	case err == nil && errors.Is(a.VerdictErr, ErrUnavailable) && ended(ctx) == nil:
		l.askFrom(l.now().Add(limiterPause))
		l.countArrival(&a, want)
	}
	return a, err
}

func (l *Limiter) countArrival(a *Arrival, want Wanted) {
	checks := want.rates(a.Session.OpenID)
	a.Verdict, a.VerdictErr = l.countHere(checks[:])
}

// mayAsk lets everybody ask while Redis answers, and one of them in each pause while it does not.
func (l *Limiter) mayAsk() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.askAt.IsZero() {
		return true
	}
	now := l.now()
	if now.Before(l.askAt) {
		return false
	}
	l.askAt = now.Add(limiterPause)
	return true
}

func (l *Limiter) askFrom(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.askAt = t
}

func (l *Limiter) countHere(checks []Rate) (Verdict, error) {
	rates, err := limited(make([]rate, 0, len(checks)), checks)
	if err != nil || len(rates) == 0 {
		return Verdict{Allowed: err == nil, Refused: -1}, err
	}
	return l.local.take(l.store.limitKeys(rates), rates, l.now()), nil
}
