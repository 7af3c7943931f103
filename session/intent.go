package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// intentKept is how long the outcome of a write is known, counted from the last change.
const intentKept = 24 * time.Hour

// IntentState tells who asks to write something what has become of it.
type IntentState string

const (
	// IntentFresh says that nobody has tried. It is yours: write, then finish, lose or free it.
	IntentFresh IntentState = "fresh"
	// IntentRunning says that somebody else is writing it now. Ask again, or AwaitIntent.
	IntentRunning IntentState = "running"
	// IntentDone says that it has been written; Outcome is what came of it.
	IntentDone IntentState = "done"
	// IntentLost says that somebody began, and whether it was written is unknown: the owner died, outlived its lease or
	// gave up. It is yours now: look it up where that is possible, and never write it.
	IntentLost IntentState = "lost"
	// IntentMismatch says that the key belongs to something else (another fingerprint).
	IntentMismatch IntentState = "mismatch"
)

// Intent is what BeginIntent found. It prints as its state.
type Intent struct {
	State   IntentState
	Owner   string // names the caller to FinishIntent, LoseIntent and FreeIntent; with IntentFresh and IntentLost
	Outcome []byte // with IntentDone
}

// String names the state only: an outcome is personal.
func (i Intent) String() string { return "intent " + string(i.State) }

// Format keeps the outcome out of every fmt verb.
func (i Intent) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.String()) }

// LogValue keeps the outcome out of slog.
func (i Intent) LogValue() slog.Value { return slog.StringValue(i.String()) }

// An intent's hash has the fields f (hash of key and fingerprint), s (how its owner has it: fresh or lost; or given up,
// or done), w (owner), u (its lease, Unix ms) and o (outcome, sealed).

// beginIntent takes what is free, and answers a repeated question of the owner as the first time.
// KEYS: intent. ARGV: owner, fingerprint, lease ms, kept ms. Answers state and outcome.
var beginIntent = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local v = redis.call('HMGET', KEYS[1], 'f', 's', 'w', 'u', 'o')
local state = 'fresh'
if v[1] then
  if v[1] ~= ARGV[2] then return {'mismatch', ''} end
  if v[2] == 'done' then return {'done', v[5]} end
  if v[3] == ARGV[1] then return {v[2], ''} end
  if v[2] ~= 'given up' and tonumber(v[4]) > now then return {'running', ''} end
  state = 'lost'
end
redis.call('HSET', KEYS[1], 'f', ARGV[2], 's', state, 'w', ARGV[1], 'u', string.format('%.0f', now + ARGV[3]))
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {state, ''}
`)

// BeginIntent writes down that something is about to be written, before it is: of all who ask with one key, on all
// replicas, one gets IntentFresh. key names the write (and its user), fingerprint the request; lease (at least a
// millisecond) must outlast the write, because whoever asks after it gets IntentLost. Kept for 24 hours.
//
// Returns ErrUnavailable: then nothing may be written, although the intent may be there (the answer was lost), running
// until its lease ends. Returns ErrUnreadable with IntentDone for an outcome whose sealing key was dropped.
func (s *Store) BeginIntent(ctx context.Context, key, fingerprint string, lease time.Duration) (Intent, error) {
	if key == "" || lease < time.Millisecond {
		return Intent{}, errors.New("begin intent: it needs a key and a lease")
	}
	owner := newOwner()
	var row []string
	err := s.write(ctx, "begin intent", func(ctx context.Context) (err error) {
		row, err = beginIntent.Run(ctx, s.rdb, []string{s.intentKey(key)}, owner,
			hash(fmt.Sprintf("%d:%s%s", len(key), key, fingerprint)), lease.Milliseconds(), intentKept.Milliseconds()).StringSlice()
		if err == nil && len(row) != 2 {
			return errOddAnswer
		}
		return err
	})
	if err != nil {
		return Intent{}, err
	}
	return s.intentFrom(key, owner, IntentState(row[0]), row[1])
}

func (s *Store) intentFrom(key, owner string, state IntentState, sealed string) (in Intent, err error) {
	in.State = state
	switch state {
	case IntentFresh, IntentLost:
		in.Owner = owner
	case IntentDone:
		if in.Outcome, err = s.sealer.Open(purposeOutcome, hash(key), sealed); err != nil {
			return in, fmt.Errorf("begin intent: %w", err)
		}
	}
	return in, nil
}

// AwaitIntent is BeginIntent that waits, within ctx, while somebody else is writing: it never returns IntentRunning.
// It may therefore return IntentFresh (the other one freed it) or IntentLost. Returns ctx's error when the other one
// was still writing, ErrUnavailable, or ErrUnreadable as BeginIntent does.
func (s *Store) AwaitIntent(ctx context.Context, key, fingerprint string, lease time.Duration) (Intent, error) {
	for waited := false; ; waited = true {
		in, err := s.BeginIntent(ctx, key, fingerprint, lease)
		switch {
		case errors.Is(err, ErrUnavailable) && waited && ended(ctx) != nil:
			return Intent{}, fmt.Errorf("await intent: %w", ended(ctx)) // Redis was fine; the time is up
		case err != nil || in.State != IntentRunning:
			return in, err
		}
		if err := untilNextLook(ctx); err != nil {
			return Intent{}, fmt.Errorf("await intent: %w", err)
		}
	}
}

// finishIntent answers 1 when the outcome is there, and keeps the first one.
// KEYS: intent. ARGV: owner, outcome, kept ms.
var finishIntent = redis.NewScript(`
local v = redis.call('HMGET', KEYS[1], 'w', 's')
if v[1] ~= ARGV[1] then return 0 end
if v[2] ~= 'done' then
  redis.call('HSET', KEYS[1], 's', 'done', 'o', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 1
`)

// FinishIntent writes down what came of it, sealed: everybody who asks gets IntentDone from now on. A late owner may
// finish too, as long as nobody has taken its place. Returns ErrNotOwner or ErrUnavailable.
func (s *Store) FinishIntent(ctx context.Context, key, owner string, outcome []byte) error {
	sealed := s.sealer.Seal(purposeOutcome, hash(key), outcome)
	return s.endIntent(ctx, "finish intent", finishIntent, key, owner, sealed, intentKept.Milliseconds())
}

// KEYS: intent. ARGV: owner, kept ms.
var loseIntent = redis.NewScript(`
local v = redis.call('HMGET', KEYS[1], 'w', 's')
if v[1] ~= ARGV[1] or v[2] == 'done' then return 0 end
redis.call('HSET', KEYS[1], 's', 'given up')
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`)

// LoseIntent writes down that it may or may not have been written: the next who asks gets IntentLost at once. The owner
// may still finish it, as long as nobody has. Returns ErrNotOwner or ErrUnavailable.
func (s *Store) LoseIntent(ctx context.Context, key, owner string) error {
	return s.endIntent(ctx, "lose intent", loseIntent, key, owner, intentKept.Milliseconds())
}

// KEYS: intent. ARGV: owner.
var freeIntent = redis.NewScript(`
local v = redis.call('HMGET', KEYS[1], 'w', 's')
if not v[1] then return 1 end
if v[1] ~= ARGV[1] or v[2] == 'done' then return 0 end
return redis.call('DEL', KEYS[1])
`)

// FreeIntent takes the intent back: it is certain that nothing was written, and the next who asks gets IntentFresh.
// Freeing what is not there is no error. Returns ErrNotOwner or ErrUnavailable.
func (s *Store) FreeIntent(ctx context.Context, key, owner string) error {
	return s.endIntent(ctx, "free intent", freeIntent, key, owner)
}

// endIntent runs a script that answers 0 to whoever is not the owner.
func (s *Store) endIntent(ctx context.Context, op string, end *redis.Script, key, owner string, args ...any) error {
	return s.write(ctx, op, func(ctx context.Context) error {
		ours, err := end.Run(ctx, s.rdb, []string{s.intentKey(key)}, append([]any{owner}, args...)...).Bool()
		if err == nil && !ours {
			return ErrNotOwner
		}
		return err
	})
}
