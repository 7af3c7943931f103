// Package board lets replicas meet in Redis: a lease that one of them holds, claims that only the first gets, and topics on
// which each leaves blobs for the others. It is the health.Board and the alert.Board of a gateway with Redis.
//
// It knows nothing of what the blobs say, and it is no place for secrets: they lie there as they were given. Redis' clock
// alone decides when something ends. Whoever asks here can do without an answer, so nothing is repeated.
package board

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// timeout bounds one question. It is none that a caller of the gateway waits for.
const timeout = 500 * time.Millisecond

// ErrUnavailable says that Redis could not be asked, or did not answer. What was to be changed may have been.
var ErrUnavailable = errors.New("board: redis is unavailable")

// Board is one replica's place among the others. It is safe for concurrent use.
type Board struct {
	rdb    redis.UniversalClient
	prefix string
	owner  string // this process, in leases
	within time.Duration
}

// New returns a Board on a client that stays the caller's to close. All replicas of one gateway have the same prefix
// ("snowgate:"); it must not contain braces.
func New(rdb redis.UniversalClient, prefix string) *Board {
	return &Board{rdb: rdb, prefix: prefix, owner: rand.Text(), within: timeout}
}

// KEYS: lease. ARGV: owner, lease ms.
var lead = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
	redis.call('PEXPIRE', KEYS[1], ARGV[2])
	return 1
end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
`)

// Lead reports whether this process holds the named lease now. It takes one that is free, prolongs its own to end lease (at
// least a millisecond) from now, and leaves another's alone. Returns ErrUnavailable.
func (b *Board) Lead(ctx context.Context, name string, lease time.Duration) (holds bool, err error) {
	err = b.ask(ctx, "lead", func(ctx context.Context) error {
		holds, err = lead.Run(ctx, b.rdb, []string{b.prefix + "lease:" + name}, b.owner, milliseconds(lease)).Bool()
		return err
	})
	return holds, err
}

// Claim reports whether nobody had claimed key before, or not for ttl. Nobody gives a claim back. Returns ErrUnavailable.
func (b *Board) Claim(ctx context.Context, key string, ttl time.Duration) (first bool, err error) {
	err = b.ask(ctx, "claim", func(ctx context.Context) error {
		set, err := b.rdb.SetArgs(ctx, b.prefix+"claim:"+key, 1, redis.SetArgs{Mode: "NX", TTL: max(ttl, time.Millisecond)}).Result()
		first = set == "OK"
		if errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	return first, err
}

// publish keeps a topic's blobs in one hash and, beside it, when each of them ends: Redis 7.0 has no fields that end. Members
// that are over are cleared away by whoever publishes next.
//
// KEYS: blobs, ends. ARGV: member, blob, ttl ms.
var publish = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, over in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100)) do
	redis.call('HDEL', KEYS[1], over)
	redis.call('ZREM', KEYS[2], over)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
for _, key in ipairs(KEYS) do
	if redis.call('PTTL', key) < tonumber(ARGV[3]) then redis.call('PEXPIRE', key, ARGV[3]) end
end
return 1
`)

// KEYS: blobs, ends. Answers member, blob, member, blob ...
var read = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local found = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now, '+inf')) do
	local blob = redis.call('HGET', KEYS[1], member)
	if blob then
		found[#found + 1] = member
		found[#found + 1] = blob
	end
end
return found
`)

// Publish puts a member's blob on a topic for ttl (at least a millisecond), in place of the member's last one. Returns
// ErrUnavailable.
func (b *Board) Publish(ctx context.Context, topic, member string, blob []byte, ttl time.Duration) error {
	return b.ask(ctx, "publish", func(ctx context.Context) error {
		return publish.Run(ctx, b.rdb, b.keys(topic), member, blob, milliseconds(ttl)).Err()
	})
}

// Read returns the blobs of a topic that have not ended, by member; they are the caller's. Returns ErrUnavailable.
func (b *Board) Read(ctx context.Context, topic string) (blobs map[string][]byte, err error) {
	err = b.ask(ctx, "read", func(ctx context.Context) error {
		found, err := read.Run(ctx, b.rdb, b.keys(topic)).StringSlice()
		blobs = make(map[string][]byte, len(found)/2)
		for i := 0; i+1 < len(found); i += 2 {
			blobs[found[i]] = []byte(found[i+1])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return blobs, nil
}

// keys are the two of a topic; the {hash tag} keeps them on one node of a Redis Cluster.
func (b *Board) keys(topic string) []string {
	blobs := b.prefix + "board:{" + topic + "}"
	return []string{blobs, blobs + ":ends"}
}

func (b *Board) ask(ctx context.Context, op string, question func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, b.within)
	defer cancel()
	if err := question(ctx); err != nil {
		return fmt.Errorf("%s: %w: %w", op, ErrUnavailable, err)
	}
	return nil
}

func milliseconds(d time.Duration) int64 { return max(d.Milliseconds(), 1) }
