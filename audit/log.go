package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// ErrLost is what Close's error wraps when records were still pending at its deadline. They are counted as dropped.
var ErrLost = errors.New("audit: records lost")

// Config says how a Log collects. The zero value is good for production.
type Config struct {
	Batch    int           // most records per write; 500
	Every    time.Duration // longest a record waits for company before it is written; 200 ms
	Buffer   int           // most pending records of each kind; 10,000
	RetryMin time.Duration // first wait after a failed write, doubled with each further one; 200 ms
	RetryMax time.Duration // longest wait between writes; 5 s
	Logger   *slog.Logger  // outages, refused records and drops are told here; slog.Default()
}

func (c Config) withDefaults() Config {
	c.Batch = orDefault(c.Batch, 500)
	c.Every = orDefault(c.Every, 200*time.Millisecond)
	c.Buffer = orDefault(c.Buffer, 10_000)
	c.RetryMin = orDefault(c.RetryMin, 200*time.Millisecond)
	c.RetryMax = max(orDefault(c.RetryMax, 5*time.Second), c.RetryMin)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

func orDefault[N int | time.Duration](n, fallback N) N {
	if n <= 0 {
		return fallback
	}
	return n
}

// Log takes records from requests and brings them to a Sink. It is safe for concurrent use. Each kind of record has
// a buffer of its own, so that a flood of calls cannot push out the end of a session.
type Log struct {
	calls    *lane[Call]
	sessions *lane[SessionChange]
	bindings *lane[BindingChange]

	turn    chan struct{} // held by whoever ships: Run or Close
	closing chan struct{} // closed by the first Close: no more records, Run hands over
	once    sync.Once
	hard    context.Context // ends when a Close has run out of time: writes under way are given up
	giveUp  context.CancelFunc
}

// shipper is a lane without the type of its records.
type shipper interface {
	ship(ctx context.Context, stop <-chan struct{})
	flush(ctx context.Context)
	seal()
	abandon() int64
	stats() Stats
}

// NewLog makes a Log in front of sink. Records are accepted at once; they are written while Run runs, and by Close.
func NewLog(cfg Config, sink Sink) *Log {
	cfg = cfg.withDefaults()
	hard, giveUp := context.WithCancel(context.Background()) //nolint:gosec // Close calls giveUp when its time is over
	return &Log{
		calls:    newLane(cfg, "call", sink.WriteCalls, func(c Call) string { return c.LogID }),
		sessions: newLane(cfg, "session", sink.WriteSessions, func(c SessionChange) string { return c.SessionID }),
		bindings: newLane(cfg, "binding", sink.WriteBindings, func(c BindingChange) string { return c.BindingID }),
		turn:     make(chan struct{}, 1),
		closing:  make(chan struct{}),
		hard:     hard,
		giveUp:   giveUp,
	}
}

// Call accepts a call record. It never blocks and never fails: with the buffer full, or after Close, the record is
// dropped and counted.
func (l *Log) Call(c Call) { l.calls.add(c) }

// Session accepts a session change, as Call does.
func (l *Log) Session(c SessionChange) { l.sessions.add(c) }

// Binding accepts a binding change, as Call does.
func (l *Log) Binding(c BindingChange) { l.bindings.add(c) }

// Run writes what comes in until ctx ends or Close is called, and leaves no goroutine behind. A write under way when
// ctx ends is cut off; its records stay pending and Close writes them again. A failing Sink is tried again and again,
// with a growing wait, while records pile up to the buffer's size. Run returns nil.
func (l *Log) Run(ctx context.Context) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-l.closing:
		return nil
	case <-ctx.Done():
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.hard, cancel)()
	l.each(func(s shipper) { s.ship(ctx, l.closing) })
	return nil
}

// Close accepts no more records and writes what is in hand, trying again on failure until ctx ends. What is left then
// is dropped, counted, and told by an error wrapping ErrLost. A second Close finds nothing to do.
func (l *Log) Close(ctx context.Context) error {
	l.once.Do(func() {
		for _, s := range l.lanes() {
			s.seal()
		}
		close(l.closing)
	})
	defer context.AfterFunc(ctx, l.giveUp)()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
		l.each(func(s shipper) { s.flush(ctx) })
	case <-ctx.Done():
	}
	return l.abandon(ctx)
}

func (l *Log) abandon(ctx context.Context) error {
	var lost int64
	for _, s := range l.lanes() {
		lost += s.abandon()
	}
	if lost == 0 {
		return nil
	}
	return fmt.Errorf("audit: close: %w: %d: %w", ErrLost, lost, context.Cause(ctx))
}

func (l *Log) lanes() []shipper { return []shipper{l.calls, l.sessions, l.bindings} }

// each works on all lanes side by side and waits for them.
func (l *Log) each(work func(shipper)) {
	var all sync.WaitGroup
	for _, s := range l.lanes() {
		all.Go(func() { work(s) })
	}
	all.Wait()
}
