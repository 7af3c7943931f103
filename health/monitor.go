package health

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// State is what is known about a dependency.
type State string

// The states of a probe, and of a Verdict.
const (
	Up       State = "up"       // the last look went well
	Degraded State = "degraded" // of verdicts only: probe and real calls tell different stories
	Down     State = "down"     // the last look failed
	Unknown  State = "unknown"  // never looked, or not for staleAfter intervals
)

// staleAfter is the age, in intervals, at which a look no longer says anything: two looks in a row did not happen.
const staleAfter = 3

// Config sets up a Monitor; the zero value is usable.
type Config struct {
	Interval time.Duration    // from one look to the next; default 30 s
	Again    time.Duration    // from a failed look to the next, so that a recovery is seen within seconds; default 5 s, at most the interval
	Jitter   float64          // the part of Interval by which a pause may be shorter, at random, so that replicas do not march in step; default 0.2, negative for none
	History  int              // looks kept per probe; default 20. The last 10 failures older than those are kept too
	Logger   *slog.Logger     // default slog.Default()
	Now      func() time.Time // the clock of the results; default time.Now. Waiting is done with real timers
	Pulse    *Pulse           // how real calls go, for the verdicts; default none
	Board    Board            // where replicas meet so that one looks for all; default none, this replica looks by itself
	Replica  string           // this process' name on the Board, unlike any other's; default a random one
	Words    map[string]Words // the kinds that checks name themselves (see Failure), for the verdicts' reasons; default none
}

func (c Config) withDefaults() Config {
	if c.Interval <= 0 {
		c.Interval = 30 * time.Second
	}
	if c.Jitter == 0 {
		c.Jitter = 0.2
	}
	c.Jitter = min(max(c.Jitter, 0), 1)
	if c.Again <= 0 {
		c.Again = 5 * time.Second
	}
	if c.History <= 0 {
		c.History = 20
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Replica == "" {
		c.Replica = rand.Text()
	}
	return c
}

// Result is what is known about one probe.
type Result struct {
	Name      string
	State     State
	CheckedAt time.Time     // when the last look ended; zero before the first
	Age       time.Duration // time since then; 0 before the first look
	Latency   time.Duration // how long the last check took
	Since     time.Time     // in this State since
	LastError string        // the kind of failure of the last look (see Failure), "" if it went well; fit for the public
	Failures  int           // failed looks in a row
}

// Monitor looks at a fixed set of probes again and again and remembers what it saw. Safe for concurrent use.
type Monitor struct {
	interval time.Duration
	jitter   float64
	log      *slog.Logger
	now      func() time.Time
	watches  []*watch
	byName   map[string]*watch
	running  atomic.Bool
	pulse    *Pulse
	words    map[string]Words
	looked   chan struct{} // tells keepJudging that a look was recorded
	crew     *crew         // nil without a Board

	mu        sync.Mutex
	listeners []func(name string, from, to State, err error) // replaced, never changed in place
	hooks     []func(from, to Verdict)                       // likewise
}

// NewMonitor returns a Monitor that has not looked yet. Of several probes with one name the first is kept and the others are
// reported to the log.
func NewMonitor(cfg Config, probes ...Probe) *Monitor {
	cfg = cfg.withDefaults()
	m := &Monitor{
		interval: cfg.Interval,
		jitter:   cfg.Jitter,
		log:      cfg.Logger,
		now:      cfg.Now,
		byName:   make(map[string]*watch, len(probes)),
		pulse:    cfg.Pulse,
		words:    cfg.Words,
		looked:   make(chan struct{}, 1),
		crew:     newCrew(cfg),
	}
	for _, p := range probes {
		if m.byName[p.Name] != nil {
			m.log.Error("two probes have one name, the second is left out", "probe", p.Name)
			continue
		}
		w := newWatch(p, cfg, m.now())
		m.byName[p.Name] = w
		m.watches = append(m.watches, w)
	}
	return m
}

// Run looks at every probe at once, then about every Interval, each in a goroutine of its own, and makes the verdicts, until
// ctx ends; then it waits for the checks that respect their context and returns nil. With a Board, only the replica that
// has the lease looks, and the others take over what it saw, except at Local probes. A look cut short by the end of ctx is not
// recorded. A second Run beside the first returns ErrRunning.
func (m *Monitor) Run(ctx context.Context) error {
	if !m.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer m.running.Store(false)
	m.meet(ctx) // before the first look: who finds another at work does not look
	var all sync.WaitGroup
	for _, w := range m.watches {
		all.Go(func() { m.keepLooking(ctx, w) })
	}
	all.Go(func() { m.keepJudging(ctx) })
	all.Go(func() { m.keepMeeting(ctx) })
	all.Wait()
	m.resign(ctx)
	<-ctx.Done() // with no probes at all Run still lasts as long as its caller expects
	return nil
}

// keepLooking counts the interval from the beginning of a look, so that slow checks do not stretch it.
func (m *Monitor) keepLooking(ctx context.Context, w *watch) {
	for ctx.Err() == nil {
		began := time.Now()
		if w.probe.Local || m.crew.leads() {
			_ = m.look(ctx, w) // fails only when ctx has ended, which ends the loop
		}
		w.rest(ctx, m.pause(w.due())-time.Since(began))
	}
}

// pause is the interval with its jitter. It is never longer than the interval: what a fault's being seen in time hangs on.
func (m *Monitor) pause(interval time.Duration) time.Duration {
	shorter := m.jitter * mathrand.Float64() //nolint:gosec // spreads load, protects nothing
	return time.Duration(float64(interval) * (1 - shorter))
}

// Look looks at one probe now and returns what it saw. If a look is under way, its result is returned instead of asking the
// dependency twice. Errors: ErrUnknownProbe, or that of ctx if it ended first; then nothing is recorded.
func (m *Monitor) Look(ctx context.Context, name string) (Result, error) {
	w := m.byName[name]
	if w == nil {
		return Result{Name: name, State: Unknown}, fmt.Errorf("look at %q: %w", name, ErrUnknownProbe)
	}
	if err := m.look(ctx, w); err != nil {
		return m.result(w), fmt.Errorf("look at %q: %w", name, err)
	}
	return m.result(w), nil
}

// look waits for its turn, asks, records and announces.
func (m *Monitor) look(ctx context.Context, w *watch) error {
	mine, err := w.take(ctx)
	if !mine {
		return err
	}
	began := m.now()
	failure := w.ask(ctx)
	cut := failure != nil && ctx.Err() != nil // the caller went away; that says nothing about the dependency
	if !cut {
		m.record(w, began, failure)
	}
	w.giveBack()
	m.announce(w)
	if cut {
		return ctx.Err()
	}
	m.post(ctx, w)
	return nil
}

// record stores the outcome of a look. The caller has the turn.
func (m *Monitor) record(w *watch, began time.Time, err error) {
	ended := m.now()
	before, from := w.current.Load(), m.result(w)
	after := &status{state: Up, since: from.Since, checkedAt: ended, latency: max(ended.Sub(began), 0)}
	if err != nil {
		after.state, after.kind, after.failures = Down, kindOf(err), before.failures+1
	}
	if after.state != from.State {
		after.since = ended
	}
	m.settle(w, after, began, err)
}

// settle makes after the last look, whoever looked. The caller has the turn.
func (m *Monitor) settle(w *watch, after *status, began time.Time, err error) {
	if from := m.result(w).State; after.state != from {
		w.queue(change{from, after.state, err})
	}
	w.current.Store(after)
	w.looks.Add(1)
	w.past.add(Outcome{At: began, State: after.state, Latency: after.latency, Error: after.kind})
	select {
	case m.looked <- struct{}{}:
	default: // it is told already
	}
}

// Snapshot returns what is known about every probe, in the order given to NewMonitor. It takes no lock and asks nobody.
func (m *Monitor) Snapshot() []Result {
	all := make([]Result, len(m.watches))
	for i, w := range m.watches {
		all[i] = m.result(w)
	}
	return all
}

// State returns what is known about one probe; for an unknown name, a Result with State Unknown.
func (m *Monitor) State(name string) Result {
	w := m.byName[name]
	if w == nil {
		return Result{Name: name, State: Unknown}
	}
	return m.result(w)
}

// History returns the looks remembered for a probe, oldest first: the last Config.History, and before them up to ten older
// failures. The slice is the caller's; nil for an unknown name.
func (m *Monitor) History(name string) []Outcome {
	w := m.byName[name]
	if w == nil {
		return nil
	}
	return w.past.list()
}

// result is the public view of the last look at this moment: too old a look says nothing.
func (m *Monitor) result(w *watch) Result {
	s := w.current.Load()
	r := Result{
		Name: w.probe.Name, State: s.state, CheckedAt: s.checkedAt, Latency: s.latency,
		Since: s.since, LastError: s.kind, Failures: s.failures,
	}
	if s.checkedAt.IsZero() {
		return r
	}
	r.Age = max(m.now().Sub(s.checkedAt), 0)
	if stale := m.stale(w); r.Age > stale {
		r.State, r.Since = Unknown, s.checkedAt.Add(stale)
	}
	return r
}

// stale is the age at which a look at a probe no longer says anything. A probe that is looked at more often than the others
// is not given up sooner: a replica may be busy for some seconds.
func (m *Monitor) stale(w *watch) time.Duration { return staleAfter * max(m.interval, w.probe.Every) }
