// Package queue takes subscribe messages durably, hands each to WeChat at most once, and tells what became of it. It also
// keeps the ledger of what every user has consented to.
//
// A message is a record in Redis, and waits in the mailbox of its user. Only the head of a mailbox can be claimed, so
// never are two messages on their way to one user, whatever the number of replicas; WeChat would refuse the second.
// Tasks of asynq merely say "see to this mailbox": a task that is lost, late or doubled costs time, never a message.
//
// Every change is one Lua script on Redis' clock, sent once and written so that a repetition changes nothing. Redis sees
// pseudonyms and sealed content only. A send whose outcome nobody knows is not sent again: it ends as StateUnknown until
// WeChat's own event settles it.
//
// The package never speaks HTTP, never decides who may send what to whom, and never takes an outage for an absence: what
// Redis could not be asked is ErrUnavailable.
package queue

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"snowgate/wxmsg"
)

// Sender hands messages to WeChat.
type Sender interface {
	// Ready returns when a message could be sent now, and otherwise says why not, in wxmsg's errors. It is asked before
	// a message is taken, so that a missing access token costs no message an attempt.
	Ready(ctx context.Context) error
	// Send sends one message, once. The error's fate is told by wxmsg.FateOf. It must return when ctx ends.
	Send(ctx context.Context, m wxmsg.Message) (weChatMsgID string, err error)
}

// Sealer encrypts for a purpose and an owner; session.Sealer is one.
type Sealer interface {
	Seal(purpose, owner string, plain []byte) string
	Open(purpose, owner, sealed string) ([]byte, error)
}

// Config says what a Queue works with. Redis, Sealer, Pseudonym and, with Workers, Sender are required.
type Config struct {
	Redis  redis.UniversalClient // with ContextTimeoutEnabled and without retries of its own; stays the caller's to close
	Sealer Sealer
	// Pseudonym makes the name under which a person is kept, of the kind "openid". It must not be reversible without a
	// secret, and safe in a key: session.Sealer's is both.
	Pseudonym func(kind, value string) string
	Sender    Sender
	// Note writes a change down. It is called at least once for every change that lasts, also after a crash, and may be
	// called out of order: ChangedAt tells which is newer. An error brings the call again after seconds. Default: none.
	Note func(Change) error
	// Mask makes what Note may know of a message's content. Default: nothing.
	Mask func(wxmsg.Message) string

	Workers        int                   // messages on their way at once from this process; 0: it accepts, others send
	Rate           int                   // sends per second of all replicas together, without bursts. Default 50
	MaxAttempts    int                   // after which a message that WeChat could not take has failed. Default 8
	RequireConsent bool                  // whether a message needs a credit; otherwise it uses one up if there is one
	Prefix         string                // of every key, without braces. asynq's keys start with "asynq:{<Prefix>msg}". Default "snowgate:"
	Timeout        time.Duration         // for one question to Redis. Default 200 ms
	SendTimeout    time.Duration         // for one call of Sender; below 8 s, a stop lets every send finish. Default 7 s
	Tolerate       []Risk                // what Health shall not complain of. Default: nothing
	Logger         *slog.Logger          // Default: silent
	Metrics        prometheus.Registerer // Default: none
}

const (
	defaultPrefix      = "snowgate:"
	defaultRate        = 50
	defaultMaxAttempts = 8
	defaultTimeout     = 200 * time.Millisecond
	defaultSendTimeout = 7 * time.Second
)

func (c Config) withDefaults() Config {
	if c.Note == nil {
		c.Note = func(Change) error { return nil }
	}
	if c.Rate <= 0 {
		c.Rate = defaultRate
	}
	if c.MaxAttempts <= 0 {
		c.MaxAttempts = defaultMaxAttempts
	}
	if c.Prefix == "" {
		c.Prefix = defaultPrefix
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.SendTimeout <= 0 {
		c.SendTimeout = defaultSendTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) check() error {
	var complaints []error
	if c.Redis == nil {
		complaints = append(complaints, errors.New("redis client is missing"))
	}
	if c.Sealer == nil || c.Pseudonym == nil {
		complaints = append(complaints, errors.New("sealer or pseudonym is missing"))
	}
	if c.Workers > 0 && c.Sender == nil {
		complaints = append(complaints, errors.New("workers have no sender"))
	}
	if strings.ContainsAny(c.Prefix, "{}") {
		complaints = append(complaints, errors.New("prefix contains braces"))
	}
	return errors.Join(complaints...)
}

// Queue accepts, sends and settles messages and keeps the consent ledger. It is safe for concurrent use, also by many
// processes on one Redis.
type Queue struct {
	cfg     Config
	tuning  tuning
	rdb     redis.UniversalClient
	log     *slog.Logger
	owner   string // of this process' leases
	client  *asynq.Client
	inspect *asynq.Inspector
	metrics *metrics
	gate    chan struct{} // held by the one worker of this process that waits for the pace
	running atomic.Bool
	away    atomic.Bool   // whether Redis was away when last asked
	unnoted atomic.Bool   // whether Note failed when last called
	stop    chan struct{} // closed: begin nothing more
	dead    chan struct{} // closed: let go of what is in hand
	seen    atomic.Pointer[observation]
}

// New makes a Queue and contacts nobody. It reports all that is wrong with cfg at once.
func New(cfg Config) (*Queue, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("message queue: %w", err)
	}
	q := &Queue{
		cfg: cfg, tuning: defaultTuning, rdb: cfg.Redis, log: cfg.Logger, owner: newToken(),
		client:  asynq.NewClientFromRedisClient(cfg.Redis),
		inspect: asynq.NewInspectorFromRedisClient(cfg.Redis),
		gate:    make(chan struct{}, 1), stop: make(chan struct{}), dead: make(chan struct{}),
	}
	var err error
	if q.metrics, err = newMetrics(cfg.Metrics, q); err != nil {
		return nil, fmt.Errorf("message queue: %w", err)
	}
	return q, nil
}

// newToken names a claim or an owner: nobody else can hold it.
func newToken() string {
	var raw [12]byte
	_, _ = rand.Read(raw[:]) // fills or ends the process; it returns no error
	return hex.EncodeToString(raw[:])
}
