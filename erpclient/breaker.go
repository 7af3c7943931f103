package erpclient

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/sony/gobreaker/v2"
)

// Breaker settings. A breaker opens on half of at least 20 calls in 10 s. An ERP with little traffic never reaches 20:
// there 5 failures in a row do. With more traffic 5 in a row are chance (where 3 of 10 answers fail, they come every few
// hundred calls), but 15 are not, and they tell a sudden death long before half of ten busy seconds has failed. It stays
// open for 10 s and then lets 3 trial calls through.
const (
	breakerWindow    = 10 * time.Second
	breakerBucket    = time.Second
	breakerMinVolume = 20
	breakerQuietRun  = 5  // failures in a row, below the minimum volume
	breakerBusyRun   = 15 // failures in a row, above it
	breakerOpenFor   = 10 * time.Second
	breakerTrials    = 3
)

// stateOpen is gobreaker's name for an open breaker.
const stateOpen = "open"

var errBreakerOpen = errors.New("circuit breaker is open")

type breaker struct {
	two *gobreaker.TwoStepCircuitBreaker[struct{}]
}

// newBreaker makes the breaker of one channel and class. onChange runs under gobreaker's lock: it must not ask the
// breaker for its state (that hangs), so it only reports.
func newBreaker(channel string, class Class, log *slog.Logger, onChange func(to string)) *breaker {
	return &breaker{two: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         channel + "/" + string(class),
		MaxRequests:  breakerTrials,
		Interval:     breakerWindow,
		BucketPeriod: breakerBucket,
		Timeout:      breakerOpenFor,
		ReadyToTrip:  tripped,
		IsSuccessful: func(err error) bool { return !KindOf(err).Unhealthy() && KindOf(err) != KindOutcomeUnknown },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) || errors.Is(err, errTimeUp) },
		OnStateChange: func(name string, from, to gobreaker.State) {
			log.Warn("circuit breaker changed", "breaker", name, "from", from.String(), "to", to.String())
			onChange(to.String())
		},
	})}
}

func tripped(n gobreaker.Counts) bool {
	if n.Requests < breakerMinVolume {
		return n.ConsecutiveFailures >= breakerQuietRun
	}
	return n.ConsecutiveFailures >= breakerBusyRun || 2*n.TotalFailures >= n.Requests
}

// through runs ask past an open breaker's refusal, with a slot of the bulkhead. The breaker is asked again behind the
// wait for the slot: it may have opened meanwhile, and those who waited must not reach the ERP that opened it.
func through[T any](ctx context.Context, b *breaker, h *bulkhead, op string, ask func() (T, error)) (v T, err error) {
	if b.two.State() == gobreaker.StateOpen {
		return v, refusal(op)
	}
	leave, err := h.enter(ctx, op)
	if err != nil {
		return v, err
	}
	defer leave()
	return do(b, op, ask)
}

func refusal(op string) error {
	return &Error{Op: op, Kind: KindUnavailable, Unsent: true, RetryAfter: breakerOpenFor, Err: errBreakerOpen}
}

// do runs ask unless the breaker is open, and lets the breaker learn from the outcome.
func do[T any](b *breaker, op string, ask func() (T, error)) (v T, err error) {
	done, refused := b.two.Allow()
	if refused != nil {
		return v, refusal(op)
	}
	v, err = guarded(op, ask)
	done(err)
	return v, err
}

// guarded turns a panic into an error: a driver has met an answer it cannot bear, on a goroutine of its own where
// nobody else would catch it.
func guarded[T any](op string, ask func() (T, error)) (v T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = Errorf(op, KindBadAnswer, "driver panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return ask()
}

func (b *breaker) state() string { return b.two.State().String() }
