package session

import (
	"context"
	"fmt"
	"time"
)

// A console session is an admin's login at the console: a token that only the browser has, kept under its hash. Its value
// is the caller's, who may make it from the token, so that Redis holds nothing by which it could be understood. It does not
// slide: an admin logs in once a day.

func (s *Store) consoleKey(id string) string { return s.cfg.Prefix + "console:" + id }

// CreateConsole starts a console session that lasts for life and remembers what value makes of its token, and returns the
// token, which is stored nowhere. Returns ErrUnavailable; then there is no token.
func (s *Store) CreateConsole(ctx context.Context, life time.Duration, value func(token string) string) (token string, err error) {
	token = newToken()
	err = s.write(ctx, "create console session", func(ctx context.Context) error {
		return s.rdb.Set(ctx, s.consoleKey(hash(token)), value(token), max(life, time.Millisecond)).Err()
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Console returns the value of a console session. Returns ErrNotFound (also for what cannot be a token, without asking
// Redis) or ErrUnavailable.
func (s *Store) Console(ctx context.Context, token string) (value string, err error) {
	id := idOf(token)
	if id == "" {
		return "", fmt.Errorf("console session: malformed token: %w", ErrNotFound)
	}
	err = s.read(ctx, "console session", func(ctx context.Context) error {
		value, err = s.rdb.Get(ctx, s.consoleKey(id)).Result()
		return err
	})
	return value, err
}

// EndConsole ends a console session. Ending one that is not there is no error. Returns ErrUnavailable.
func (s *Store) EndConsole(ctx context.Context, token string) error {
	id := idOf(token)
	if id == "" {
		return nil
	}
	return s.write(ctx, "end console session", func(ctx context.Context) error {
		return s.rdb.Del(ctx, s.consoleKey(id)).Err()
	})
}
