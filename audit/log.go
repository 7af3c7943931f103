package audit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"snowgate/audit/spool"
)

// ErrUnavailable says that nothing more can be written down for now: what must not happen without a record is refused.
var ErrUnavailable = errors.New("audit: spool takes no records")

// Config sets a Log up. The zero value of a field means its default; Dir is required.
type Config struct {
	Dir      string        // of the spool
	MaxBytes int64         // the spool's bound; 1 GiB
	MaxAge   time.Duration // of a pending record, beyond which the log counts as unavailable; 0: no bound
	Replica  string        // this process's name in every row
	Batch    int           // most records per write; 500
	Every    time.Duration // longest a record waits for company before it is written; 200 ms
	RetryMin time.Duration // first wait after a failed write, doubled with each further one; 200 ms
	RetryMax time.Duration // longest wait between writes; 5 s
	Logger   *slog.Logger  // outages, refused records and drops are told here; slog.Default()
	Now      func() time.Time
}

func (c Config) withDefaults() Config {
	c.Batch = orDefault(c.Batch, 500)
	c.Every = orDefault(c.Every, 200*time.Millisecond)
	c.RetryMin = orDefault(c.RetryMin, 200*time.Millisecond)
	c.RetryMax = max(orDefault(c.RetryMax, 5*time.Second), c.RetryMin)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

func orDefault[N int | time.Duration](n, fallback N) N {
	if n <= 0 {
		return fallback
	}
	return n
}

// Log takes records from requests, keeps them on disk and ships them to a Sink. Safe for concurrent use.
type Log struct {
	cfg     Config
	spool   *spool.Spool
	sink    Sink
	count   counters
	refused atomic.Int64 // size of the record that the disk did not take; 0: it takes them
	last    spool.Record // the last link that was shipped; only whoever ships looks at it
}

// Open takes a free place in the spool's folder and goes on where the last process stopped.
func Open(cfg Config, sink Sink) (*Log, error) {
	cfg = cfg.withDefaults()
	s, err := openPlace(cfg)
	if err != nil {
		return nil, err
	}
	return &Log{cfg: cfg, spool: s, sink: sink}, nil
}

// Call writes a call down. It returns when the kernel has it; it never fails the caller: what the spool cannot take is
// dropped and counted.
func (l *Log) Call(c Call) {
	c.Replica = l.cfg.Replica
	if c.CalledAt.IsZero() { // as the chain covers it, it cannot be left to the database
		c.CalledAt = l.cfg.Now()
	}
	c = c.normal()
	if year := c.CalledAt.Year(); year < 0 || year > 9999 {
		_ = l.dropped(kindCall, errYear) // counted and told there
		return
	}
	lent := buffers.Get().(*[]byte) //nolint:forcetypeassert // its own New made it
	defer buffers.Put(lent)
	covered := c.appendCovered((*lent)[:0])
	digest := spool.Hash(sha256.Sum256(covered))
	*lent = append(covered, c.OpenID...)
	_ = l.put(kindCall, *lent, &digest) // counted and told there
}

// errYear is of a call that neither a table nor rejected.jsonl would take.
var errYear = errors.New("audit: a year that has not four digits")

// Session writes a session's new state down, as Call does.
func (l *Log) Session(c SessionChange) {
	c.ChangedAt = l.cfg.Now()
	_ = l.add(kindSession, c) // counted and told there
}

// Binding writes a binding's new state down, as Call does.
func (l *Log) Binding(c BindingChange) {
	c.ChangedAt = l.cfg.Now()
	_ = l.add(kindBinding, c) // counted and told there
}

// Message writes a message's new state down, as Call does. States of one message that may come from several processes
// bring their ChangedAt with them, each at least a millisecond later than the one before.
func (l *Log) Message(c MessageChange) {
	c.ChangedAt = cmp.Or(c.ChangedAt, l.cfg.Now())
	_ = l.add(kindMessage, c) // counted and told there
}

// Write writes an intended write to the ERP down, or what came of it. Unlike the others it tells the caller: after an
// error, which wraps ErrUnavailable, nothing is on disk, and an intended write must not be done.
//
// When it returns nil the kernel has the record, and kill -9 of this process takes nothing of it. A loss of power may
// take the last second, as it does of Redis, where the keys against repetition are: the disk is not waited for.
func (l *Log) Write(c WriteChange) error {
	if err := l.add(kindWrite, c.normal(l.cfg.Now())); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// Forget writes down that a person (a pseudonym) is to be forgotten: behind the rows that are still on their way.
// The error wraps ErrUnavailable: it was not written down.
func (l *Log) Forget(pseudonym string) error {
	if err := l.add(kindForget, Forgotten{OpenID: pseudonym}); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

func (l *Log) add(kind spool.Kind, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return l.dropped(kind, err)
	}
	return l.put(kind, payload, nil)
}

// put appends a record. Its error may be a matter of this one, and not of the spool.
func (l *Log) put(kind spool.Kind, payload []byte, digest *spool.Hash) error {
	err := l.append(kind, payload, digest)
	if errors.Is(err, spool.ErrTooLarge) {
		return l.dropped(kind, err)
	}
	if err != nil {
		l.count.refuse()
	}
	return err
}

func (l *Log) dropped(kind spool.Kind, err error) error {
	l.count.refuse()
	l.cfg.Logger.Error("audit: record dropped", "kind", kind, "error", err)
	return err
}

// append remembers how large a record was refused: that smaller ones find room proves nothing.
func (l *Log) append(kind spool.Kind, payload []byte, digest *spool.Hash) error {
	err := l.spool.Append(kind, payload, digest)
	size := max(int64(len(payload)), 1)
	switch lacking := l.refused.Load(); {
	case errors.Is(err, spool.ErrTooLarge):
	case err == nil && lacking > 0 && size >= lacking:
		l.refused.Store(0)
	case err != nil && lacking == 0: // once per outage: a full disk is no time to write a line per request
		l.refused.Store(size)
		l.cfg.Logger.Error("audit: records are dropped", "error", err)
	}
	return err
}

// Ready reports whether records are being taken: what must not happen without one asks first. The error wraps
// ErrUnavailable.
func (l *Log) Ready() error {
	s := l.spool.Stats()
	switch {
	case s.Fill >= fullFill:
		return fmt.Errorf("%w: it is full", ErrUnavailable)
	case l.refused.Load() > 0 && l.probe() != nil:
		return fmt.Errorf("%w: the last record was not taken", ErrUnavailable)
	case l.cfg.MaxAge > 0 && s.OldestAge > l.cfg.MaxAge:
		return fmt.Errorf("%w: its oldest record has waited for %s", ErrUnavailable, s.OldestAge.Truncate(time.Second))
	}
	return nil
}

// fullFill leaves room for the records of what was let in before: a spool is hardly ever full to its last byte.
const fullFill = 0.99

// probe tries the disk after a failed append with a record that means nothing, as large as the one that failed.
func (l *Log) probe() error { return l.append(kindProbe, make([]byte, l.refused.Load()), nil) }

// Health is an error when an admin should look: long before anything is refused.
func (l *Log) Health(context.Context) error {
	if err := l.Ready(); err != nil {
		return err
	}
	if s := l.spool.Stats(); s.Fill >= worryingFill || s.OldestAge >= worryingAge {
		return fmt.Errorf("audit: spool is %d%% full, its oldest record has waited for %s", int(s.Fill*100), s.OldestAge.Truncate(time.Second))
	}
	return nil
}

// When the spool is a matter for an admin: the database has been away for minutes, or half the room is gone.
const (
	worryingFill = 0.5
	worryingAge  = 5 * time.Minute
)

// lookFor is how long Close waits for what is pending: it may have been destroyed on disk, and then nothing comes.
const lookFor = time.Second

// Close ships what is left until ctx ends. What stays is on disk: the next process takes it from there. Run must have
// ended: the spool has one consumer.
func (l *Log) Close(ctx context.Context) error {
	for ctx.Err() == nil && l.spool.Stats().Pending > 0 {
		soon, cancel := context.WithTimeout(ctx, lookFor)
		batch, err := l.spool.Next(soon, l.cfg.Batch, 0)
		cancel()
		if err != nil {
			break
		}
		if err := l.write(ctx, batch); err != nil {
			l.cfg.Logger.Warn("audit: records stay in the spool", "records", l.spool.Stats().Pending, "error", err)
			break
		}
	}
	return l.spool.Close()
}
