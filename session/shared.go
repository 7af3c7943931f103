package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A shared value is one that any replica may have obtained and all use until it ends: an ERP login, WeChat's
// access_token. It is a hash with the field v (sealed).
type shared struct{ key, purpose, owner string }

// loadShared returns ErrNotFound, ErrUnreadable or ErrUnavailable.
func (s *Store) loadShared(ctx context.Context, op string, at shared) (value []byte, err error) {
	err = s.read(ctx, op, func(ctx context.Context) error {
		sealed, err := s.rdb.HGet(ctx, at.key, "v").Result()
		if err != nil {
			return err
		}
		value, err = s.sealer.Open(at.purpose, at.owner, sealed)
		return err
	})
	return value, err
}

// KEYS: value. ARGV: sealed value, ttl ms.
var saveShared = redis.NewScript(`
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', ARGV[1])
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

// saveShared keeps a value for ttl, in place of an earlier one. Returns ErrUnavailable.
func (s *Store) saveShared(ctx context.Context, op string, at shared, value []byte, ttl time.Duration) error {
	if ttl < time.Millisecond {
		return fmt.Errorf("%s: its lifetime is not positive", op)
	}
	sealed := s.sealer.Seal(at.purpose, at.owner, value)
	return s.write(ctx, op, func(ctx context.Context) error {
		return saveShared.Run(ctx, s.rdb, []string{at.key}, sealed, ttl.Milliseconds()).Err()
	})
}

// dropTries is how often a drop looks: a value that was resealed between its two steps is still the same value.
const dropTries = 2

// KEYS: value. ARGV: sealed value.
var dropShared = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'v') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)

// dropShared forgets a value unless another has taken its place meanwhile. It opens what is there to compare it: sealing
// is random, and a fingerprint kept beside it would not outlive its key. What does not open stays, because another
// replica may have a newer key to it. Returns ErrUnavailable.
func (s *Store) dropShared(ctx context.Context, op string, at shared, value []byte) error {
	return s.write(ctx, op, func(ctx context.Context) error {
		for range dropTries {
			sealed, err := s.rdb.HGet(ctx, at.key, "v").Result()
			if errors.Is(err, redis.Nil) {
				return nil
			}
			if err != nil {
				return err
			}
			held, err := s.sealer.Open(at.purpose, at.owner, sealed)
			if err != nil || !bytes.Equal(held, value) {
				return nil
			}
			dropped, err := dropShared.Run(ctx, s.rdb, []string{at.key}, sealed).Bool()
			if err != nil || dropped {
				return err
			}
		}
		return nil
	})
}
