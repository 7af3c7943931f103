package session

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Waiting asks again after 10 to 50 ms. The jitter keeps replicas that wait for one thing from asking in step.
const (
	lookAgainFrom = 10 * time.Millisecond
	lookAgainTo   = 50 * time.Millisecond
)

// takeLock answers 1 to who has the lock, also when a repeated question finds the lock it took itself.
// KEYS: lock. ARGV: owner, lease ms.
var takeLock = redis.NewScript(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
`)

// KEYS: lock. ARGV: owner.
var releaseLock = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)

// Lock takes the named lock for at most lease (at least a millisecond), across all replicas, and waits for it until ctx
// ends. It is a lease: an owner that outlives it has lost it without being told, so it guards against doing work twice,
// not against doing harm. unlock gives it back early, only if it is still ours; calling it again, or after ctx has
// ended, is fine.
//
// Returns ctx's error when the lock was not free in time, or ErrUnavailable. After ErrUnavailable the lock may be taken
// until its lease ends (the answer was lost).
func (s *Store) Lock(ctx context.Context, name string, lease time.Duration) (unlock func(), err error) {
	if lease < time.Millisecond {
		return nil, errors.New("lock: its lease is not positive")
	}
	owner := newOwner()
	for waited := false; ; waited = true {
		taken, err := s.tryLock(ctx, name, owner, lease)
		switch {
		case err != nil && waited && ended(ctx) != nil:
			return nil, fmt.Errorf("lock: %w", ended(ctx)) // Redis was fine; the time is up
		case err != nil:
			return nil, err
		case taken:
			return s.unlocker(ctx, name, owner), nil
		}
		if err := untilNextLook(ctx); err != nil {
			return nil, fmt.Errorf("lock: %w", err)
		}
	}
}

func (s *Store) tryLock(ctx context.Context, name, owner string, lease time.Duration) (taken bool, err error) {
	err = s.write(ctx, "lock", func(ctx context.Context) error {
		taken, err = takeLock.Run(ctx, s.rdb, []string{s.lockKey(name)}, owner, lease.Milliseconds()).Bool()
		return err
	})
	return taken, err
}

func (s *Store) unlocker(ctx context.Context, name, owner string) func() {
	var once sync.Once
	return func() {
		once.Do(func() {
			// Unlocking is wanted most when ctx has ended. If it fails, the lease ends the lock.
			_ = s.write(context.WithoutCancel(ctx), "unlock", func(ctx context.Context) error {
				return releaseLock.Run(ctx, s.rdb, []string{s.lockKey(name)}, owner).Err()
			})
		})
	}
}

// ended is ctx.Err() without its delay: the connection has the same deadline and may notice it first.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

func untilNextLook(ctx context.Context) error {
	return pause(ctx, lookAgainFrom+mathrand.N(lookAgainTo-lookAgainFrom)) //nolint:gosec // jitter, not a secret
}

func newOwner() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // fills or ends the process; it returns no error
	return hex.EncodeToString(raw[:])
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
