package session

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// countAttempt keeps, for each subject, the moments of its tries within the window, and counts for all subjects or for
// none. A repeated question with the same try is counted once.
// KEYS: one per subject. ARGV: id of the try, window ms, limit. Answers the ms to wait.
var countAttempt = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local wait = 0
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - ARGV[2]))
  if not redis.call('ZSCORE', key, ARGV[1]) and redis.call('ZCARD', key) >= tonumber(ARGV[3]) then
    -- Free again when so many have left the window that one fits in.
    local at = -tonumber(ARGV[3])
    local blocking = redis.call('ZRANGE', key, at, at, 'WITHSCORES')
    wait = math.max(wait, blocking[2] + ARGV[2] - now, 1)
  end
end
if wait > 0 then return string.format('%.0f', wait) end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, string.format('%.0f', now), ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return '0'
`)

// Attempt counts one try for every subject (an openid, an ERP user name, an address) before it is made, in one step for
// all replicas, so that parallel tries cannot slip through. When one of the subjects has had limit tries within the
// window, nothing is counted, and retryAfter is the time after which a try can succeed again. A limit of 0 counts nothing.
// Returns ErrUnavailable: the caller then must not make the try.
func (s *Store) Attempt(ctx context.Context, window time.Duration, limit int, subjects ...string) (retryAfter time.Duration, err error) {
	keys := s.attemptKeys(subjects)
	if limit <= 0 || len(keys) == 0 {
		return 0, nil
	}
	if window < time.Millisecond {
		return 0, errors.New("count attempt: its window is not positive")
	}
	try := newOwner()
	err = s.write(ctx, "count attempt", func(ctx context.Context) error {
		ms, err := countAttempt.Run(ctx, s.rdb, keys, try, window.Milliseconds(), limit).Int64()
		retryAfter = time.Duration(ms) * time.Millisecond
		return err
	})
	return retryAfter, err
}

// refundAttempt takes the newest try of each subject back. KEYS: one per subject.
var refundAttempt = redis.NewScript(`
for _, key in ipairs(KEYS) do redis.call('ZREMRANGEBYRANK', key, -1, -1) end
return 0
`)

// Refund takes one try of each subject back: it turned out to be no wrong guess. Earlier tries stay counted, so that
// one success does not open the door to further guesses. Returns ErrUnavailable.
func (s *Store) Refund(ctx context.Context, subjects ...string) error {
	keys := s.attemptKeys(subjects)
	if len(keys) == 0 {
		return nil
	}
	return s.write(ctx, "refund attempt", func(ctx context.Context) error {
		return refundAttempt.Run(ctx, s.rdb, keys).Err()
	})
}

// attemptKeys leaves doubles out: they would count twice.
func (s *Store) attemptKeys(subjects []string) []string {
	keys := make([]string, 0, len(subjects))
	for _, subject := range subjects {
		if key := s.attemptKey(subject); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}
