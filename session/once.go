package session

import (
	"context"
	"errors"
	"time"
)

// Once marks key as done for ttl (at least a millisecond), across all replicas, and reports whether it was not marked
// before. A mark that is there keeps its end. Returns ErrUnavailable, after which the mark may be there (the answer was
// lost).
//
// Who must not lose the work marks after it, under a Lock, and asks with Seen before: a mark made first outlives a
// process that dies before the work is done.
func (s *Store) Once(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	if ttl < time.Millisecond {
		return false, errors.New("once: its lifetime is not positive")
	}
	mark := newOwner()
	err = s.write(ctx, "once", func(ctx context.Context) error {
		first, err = takeLock.Run(ctx, s.rdb, []string{s.onceKey(key)}, mark, ttl.Milliseconds()).Bool()
		return err
	})
	return first, err
}

// Seen reports whether key is marked. Returns ErrUnavailable.
func (s *Store) Seen(ctx context.Context, key string) (seen bool, err error) {
	err = s.read(ctx, "seen", func(ctx context.Context) error {
		n, err := s.rdb.Exists(ctx, s.onceKey(key)).Result()
		seen = n > 0
		return err
	})
	return seen, err
}
