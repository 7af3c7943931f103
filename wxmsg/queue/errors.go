package queue

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

var (
	// ErrNotFound says that there is no such message: never accepted, withdrawn, or past its retention.
	ErrNotFound = errors.New("message not found")

	// ErrKeyReused says that the message id was accepted before, with another request.
	ErrKeyReused = errors.New("message id used for another request")

	// ErrNoConsent says that the user has no credit left for this template. WeChat was not asked.
	ErrNoConsent = errors.New("no consent")

	// ErrState says that the message is in a state that does not allow what was asked.
	ErrState = errors.New("not in this state")

	// ErrUnavailable says that Redis could not be asked, or refused: unreachable, frozen, full, read-only. It wraps the
	// cause and says nothing about whether a message exists.
	ErrUnavailable = errors.New("message queue unavailable")
)

// errOddAnswer is a script's answer in a shape no script of ours gives.
var errOddAnswer = errors.New("unexpected answer")

// storeError names the operation. A caller that went away is no outage, so its cancellation stays what it is.
func storeError(parent context.Context, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(parent.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", op, context.Canceled)
	default:
		return fmt.Errorf("%s: %w: %w", op, ErrUnavailable, err)
	}
}

// isConnectionError tells a question that got no answer from one that was answered, be it by a refusal.
func isConnectionError(err error) bool {
	if err == nil || errors.Is(err, errOddAnswer) {
		return false
	}
	var refused redis.Error
	return !errors.As(err, &refused) // redis.Nil is such an answer too
}
