package health

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// settle is how long a look that ran out of time waits for its check to notice. A check that respects its context needs
// microseconds; waiting for it means that Run leaves no goroutine behind and that the log has the check's own words.
const settle = 100 * time.Millisecond

// maxDefaultTimeout caps the default timeout: a dependency that needs more than this to answer a cheap question is down for
// a caller whose whole page must be up in three seconds.
const maxDefaultTimeout = 5 * time.Second

// Probe is one thing to look at.
type Probe struct {
	// Name is the probe's name in results, logs and metrics ("redis", "erp primary"); it must be unique in a Monitor.
	Name string
	// Check asks the dependency something cheap; nil means it is well. It must respect its context: one that does not is
	// reported as a timeout and is not started again before it has come back. Runs are never concurrent.
	Check func(ctx context.Context) error
	// Timeout is the time a check may take; default half the interval, at most 5 s.
	Timeout time.Duration
	// Every is from one look to the next, for what is cheap to ask and must be known soon; default Config.Interval.
	Every time.Duration
	// Again is from a failed look to the next, for what must not be asked often while it fails (a login: the account would
	// be locked); default Config.Again. At most Every.
	Again time.Duration
	// Local says that the answer is this replica's alone (its disk, its own connection to Redis): with a Board, each replica
	// looks by itself and tells nobody.
	Local bool
	// Heard is called on a replica that takes over a look from another, with nil or a *Failure: what Check would have learnt
	// besides its answer (a failover that counts good looks) is learnt here. It must be quick.
	Heard func(err error)
}

// status is what the last recorded look left behind; immutable once stored.
type status struct {
	state     State
	since     time.Time
	checkedAt time.Time // zero before the first look
	latency   time.Duration
	kind      string
	failures  int
}

// watch is a probe with everything remembered about it.
type watch struct {
	probe   Probe
	turn    chan struct{} // holds one token; who has it looks. Guards pending and looks, and is held to store current.
	pending <-chan error  // the answer of a check that outlived its look, nil if none
	looks   atomic.Uint64 // recorded looks
	current atomic.Pointer[status]
	past    history
	wake    chan struct{} // ends a rest early
	taken   string        // the last look taken over from another replica; guarded by turn

	verdict  atomic.Pointer[Verdict] // nil before the first
	presence presence

	mu      sync.Mutex
	changes []change // to be announced, oldest first
	telling bool     // somebody is announcing
}

func newWatch(p Probe, cfg Config, now time.Time) *watch {
	if p.Every <= 0 {
		p.Every = cfg.Interval
	}
	if p.Timeout <= 0 {
		p.Timeout = min(p.Every/2, maxDefaultTimeout)
	}
	if p.Again <= 0 {
		p.Again = cfg.Again
	}
	p.Again = min(p.Again, p.Every)
	w := &watch{probe: p, turn: make(chan struct{}, 1), wake: make(chan struct{}, 1), past: history{limit: cfg.History}}
	w.current.Store(&status{state: Unknown, since: now})
	w.turn <- struct{}{}
	return w
}

// due is how long after the last look the next one begins.
func (w *watch) due() time.Duration {
	if w.current.Load().state == Down {
		return w.probe.Again
	}
	return w.probe.Every
}

// rest waits until it is time for the next look, somebody wakes it, or ctx ends.
func (w *watch) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.wake:
	case <-ctx.Done():
	}
}

// take waits for the turn to look, and says false if a look was recorded meanwhile (its result is as good as a new one) or
// ctx ended. After true the caller gives the turn back.
func (w *watch) take(ctx context.Context) (bool, error) {
	before := w.looks.Load()
	select {
	case <-w.turn:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if w.looks.Load() != before {
		w.giveBack()
		return false, nil
	}
	return true, nil
}

func (w *watch) giveBack() { w.turn <- struct{}{} }

// ask runs the check, within its timeout and apart, so that neither a panic nor a hang gets out. The caller has the turn.
func (w *watch) ask(ctx context.Context) error {
	if w.stuck() {
		return &Failure{KindTimeout, errors.New("the previous check has still not come back")}
	}
	ctx, cancel := context.WithTimeout(ctx, w.probe.Timeout)
	defer cancel()
	answer := make(chan error, 1) // buffered: a late check must be able to end
	go run(ctx, w.probe.Check, answer)
	select {
	case err := <-answer:
		return inTime(ctx, err, w.probe.Timeout)
	case <-ctx.Done():
		return inTime(ctx, w.lateAnswer(answer), w.probe.Timeout)
	}
}

// lateAnswer gives the check a moment to notice that its time is over, and remembers it if it does not.
func (w *watch) lateAnswer(answer <-chan error) error {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case err := <-answer:
		return err
	case <-timer.C:
		w.pending = answer
		return nil
	}
}

// stuck says whether an earlier check is still running. Starting another beside it would pile up one goroutine, and mostly
// one connection, per interval.
func (w *watch) stuck() bool {
	if w.pending == nil {
		return false
	}
	select {
	case <-w.pending: //nolint:errcheck // its look has long been recorded as a timeout
		w.pending = nil
		return false
	default:
		return true
	}
}

// inTime turns whatever came back after the end of ctx into a timeout: an answer that late is of no use to a caller.
func inTime(ctx context.Context, err error, timeout time.Duration) error {
	if ctx.Err() == nil {
		return err
	}
	if err == nil {
		err = context.Cause(ctx)
	}
	return &Failure{KindTimeout, fmt.Errorf("no answer within %s: %w", timeout, err)}
}

// run calls the check and always sends exactly one answer, also after a panic or runtime.Goexit.
func run(ctx context.Context, check func(context.Context) error, answer chan<- error) {
	err := error(&Failure{KindPanic, errors.New("check ended without an answer")})
	defer func() {
		if value := recover(); value != nil {
			err = &Failure{KindPanic, &panicked{value, debug.Stack()}}
		}
		answer <- err
	}()
	err = check(ctx)
}
