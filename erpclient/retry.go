package erpclient

import (
	"errors"
	"time"
)

// Class groups operations that share a fate: a slow login says nothing about reads.
type Class string

// The operation classes. Each has its own circuit breaker.
const (
	ClassRead  Class = "read"
	ClassWrite Class = "write"
	ClassLogin Class = "login"
)

// Back-off between attempts: full jitter below a ceiling that doubles. The ceiling starts near an ERP's usual answer
// time and stays small because everything has to fit into one page load.
const (
	backoffBase = 50 * time.Millisecond
	backoffMax  = 400 * time.Millisecond
)

// retryable reports whether the same question may be asked again, which only helps when the ERP, not the question, was at
// fault. Reads may; writes only where the ERP has not seen them. A login on the way is never repeated (ERPs lock
// accounts), and a refusal by our own breaker or bulkhead is final on its channel: asking again would beat the ERP.
func retryable(class Class, err error) bool {
	var e *Error
	if class == ClassLogin || !errors.As(err, &e) || e.Op == opLogin {
		return false
	}
	if class == ClassWrite && (!e.Unsent || e.Kind == KindBadAnswer) {
		return false // an answer that is bad though nothing was sent: the ERP refuses its own new sessions
	}
	return e.Kind.Unhealthy() && !errors.Is(err, errBreakerOpen) && !errors.Is(err, errBulkheadFull) && !errors.Is(err, errTimeUp)
}

// backoff is how long to wait before retry n (from 0): a random share of a doubling ceiling ("full jitter", so that
// callers who failed together do not return together), but never less than the ERP asked for.
// random is uniform in [0,1).
func backoff(n int, retryAfter time.Duration, random float64) time.Duration {
	ceiling := min(backoffBase<<min(n, 10), backoffMax)
	return max(time.Duration(random*float64(ceiling)), retryAfter)
}

// minAttempt is the shortest time in which a try makes sense; with less left the caller gets the last error instead.
const minAttempt = 50 * time.Millisecond

// fits reports whether waiting and a try worth its name still fit into what is left of the deadline.
func fits(wait, left time.Duration) bool { return wait+minAttempt <= left }

// attemptTime is one attempt's fair share of what is left: an even split over the attempts that may follow, but three
// times the usual answer time where that is more, so that a slow ERP is given time instead of being asked again.
func attemptTime(left time.Duration, attemptsLeft int, usual time.Duration) time.Duration {
	share := left / time.Duration(max(attemptsLeft, 1))
	return min(max(share, 3*usual), left)
}
