package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

var (
	// ErrNotFound says that what was asked for is gone, expired, revoked, or never existed. For a token it means
	// "log in again"; it is only ever said after Redis has answered.
	ErrNotFound = errors.New("not found")

	// ErrNotBound says that this openid has no ERP binding (or no longer the one that was named).
	ErrNotBound = errors.New("not bound")

	// ErrUnavailable says that Redis could not be asked, or refused: unreachable, frozen, out of memory or disk,
	// loading, read-only, wrong password. It wraps the cause. It says nothing about whether the thing exists.
	ErrUnavailable = errors.New("session store unavailable")

	// ErrUnreadable says that a sealed value does not open: its key is no longer configured, or the value was changed
	// or moved to another owner. It never quotes the value.
	ErrUnreadable = errors.New("sealed value unreadable")

	// ErrNotOwner says that an intent has been taken over, has already been finished by another, or is gone: what its
	// earlier owner wanted to write down was not written.
	ErrNotOwner = errors.New("not the owner of the intent")
)

// storeError turns what go-redis or a step of ours returned into an error of this package, named after the operation.
// A caller that went away is no outage, so its cancellation stays what it is.
func storeError(parent context.Context, op string, err error) error {
	switch {
	case err == nil:
		return nil
	case isOurs(err):
		return fmt.Errorf("%s: %w", op, err)
	case errors.Is(err, redis.Nil):
		return fmt.Errorf("%s: %w", op, ErrNotFound)
	case errors.Is(parent.Err(), context.Canceled):
		return fmt.Errorf("%s: %w", op, context.Canceled)
	default:
		return fmt.Errorf("%s: %w: %w", op, ErrUnavailable, err)
	}
}

func isOurs(err error) bool {
	return errors.Is(err, ErrNotFound) || errors.Is(err, ErrNotBound) || errors.Is(err, ErrUnreadable) || errors.Is(err, ErrNotOwner)
}

// isConnectionError tells a question that got no answer from one that was answered, be it by a refusal.
func isConnectionError(err error) bool {
	if err == nil || isOurs(err) || errors.Is(err, errOddAnswer) {
		return false
	}
	var refused redis.Error
	return !errors.As(err, &refused) // redis.Nil is such an answer too
}
