// Package session remembers who is calling: gateway sessions, ERP bindings, the ERP logins and WeChat token all replicas
// share, what was meant to be written once, and the counters, limits and locks around it. Everything lives in Redis, so
// that a replica holds nothing of its own (but its share of the limits while Redis is away).
//
// Redis never sees a token, an openid, a WeChat session_key, a cookie or an ERP credential in the clear: keys carry
// hashes, values are sealed. Redis' clock alone decides when something ends; the gateway's clock may be hours off.
//
// The package never answers HTTP, never speaks to WeChat or the ERP, and never takes an outage for an absence: what is
// not there is ErrNotFound or ErrNotBound, what cannot be asked is ErrUnavailable, what cannot be opened is ErrUnreadable.
package session

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config tunes a Store. The zero value is usable: every field has the default its comment ends with.
type Config struct {
	// TTL is how long an unused session lives. A session used after half of it gets the whole again. Default 7 days.
	TTL time.Duration
	// MaxAge is the most a session can reach however often it is used, counted from its login. Default 30 days.
	MaxAge time.Duration
	// MaxPerOpenID bounds the sessions of one openid; a further login ends the oldest. Default 20.
	MaxPerOpenID int
	// Prefix starts every Redis key. It must not contain braces: Redis Cluster would read them as a hash tag.
	// Default "snowgate:".
	Prefix string
	// Timeout bounds one operation, its repetition included. Default 200 ms.
	Timeout time.Duration
	// Wait hears of a command that travels in a pipeline gathered for many callers, with the context of its own, which the
	// client below never sees; what it returns hears how the command ended. Default: nobody hears.
	Wait func(ctx context.Context, command string) (over func(error))
	// Now dates new bindings, and nothing else: lifetimes are Redis' business. Default time.Now.
	Now func() time.Time
}

func (c Config) withDefaults() Config {
	if c.TTL <= 0 {
		c.TTL = 7 * 24 * time.Hour
	}
	if c.MaxAge <= 0 {
		c.MaxAge = 30 * 24 * time.Hour
	}
	if c.MaxPerOpenID <= 0 {
		c.MaxPerOpenID = 20
	}
	if c.Prefix == "" {
		c.Prefix = "snowgate:"
	}
	if c.Timeout <= 0 {
		c.Timeout = 200 * time.Millisecond
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Store keeps sessions, bindings, shared logins and tokens, intents, locks, limits and attempt counters in Redis. It is
// safe for concurrent use, also by many processes on one Redis. Every step towards Redis is bounded by Config.Timeout and
// by its context, whichever is first; most methods are one step.
//
// Writes are sent once and are built so that a repetition changes nothing (go-redis repeats by itself on a Cluster); only
// Limit would count a repetition as one more request.
type Store struct {
	rdb    redis.UniversalClient
	often  *gatherer // rdb, for what every request asks
	sealer *Sealer
	cfg    Config
	ttlMS  int64 // cfg.TTL

	identities memo[identity]
	bindings   memo[Binding]
	sealing    sync.Pool // of *[]byte
}

// NewStore makes a Store on a client from Dial, which stays the caller's to close.
func NewStore(rdb redis.UniversalClient, s *Sealer, cfg Config) *Store {
	cfg = cfg.withDefaults()
	return &Store{rdb: rdb, often: &gatherer{rdb: rdb, timeout: cfg.Timeout, wait: cfg.Wait}, sealer: s, cfg: cfg, ttlMS: cfg.TTL.Milliseconds()}
}

// Ping asks Redis to take a small write. A mere PING would call a Redis healthy that is full, or a read-only replica.
// Returns ErrUnavailable.
func (s *Store) Ping(ctx context.Context) error {
	return s.write(ctx, "ping", func(ctx context.Context) error {
		return s.rdb.Set(ctx, s.probeKey(), 1, time.Minute).Err()
	})
}

// repeatWithin is how fast a read must have failed to be asked again: a dropped connection shows at once, while a read
// that hung has used up the time the caller was willing to wait.
const repeatWithin = 50 * time.Millisecond

// read runs a question that changes nothing, and runs it once more when the connection broke under it.
func (s *Store) read(parent context.Context, op string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(parent, s.cfg.Timeout)
	defer cancel()
	start := time.Now()
	err := ask(ctx)
	if isConnectionError(err) && ctx.Err() == nil && time.Since(start) < repeatWithin {
		err = ask(ctx)
	}
	return storeError(parent, op, err)
}

// write runs a change exactly once.
func (s *Store) write(parent context.Context, op string, change func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(parent, s.cfg.Timeout)
	defer cancel()
	return storeError(parent, op, change(ctx))
}
