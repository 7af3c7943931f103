package health

import (
	"context"
	"time"
)

// When real calls overrule the probe.
const (
	trafficWindow = 30 * time.Second // so that a fault shows within it
	// freshWindow is the least that is looked at beside a failing probe: calls from before the fault say nothing.
	freshWindow = 5 * time.Second
	minVolume   = 10   // calls; of fewer, one bad one says too much
	sickShare   = 0.30 // of the calls fail: degraded
	wellShare   = 0.15 // at most so many fail: no longer degraded. The gap keeps a share near the limit from flapping
)

// Verdict joins what the probe found and how real calls went.
type Verdict struct {
	Name  string
	State State // Up, Degraded, Down, or Unknown while there is nothing to go by
	Since time.Time
	// Reason is why it is not simply up, with figures but without addresses or error texts; empty when it is.
	Reason Words
	// Calls and Failures are the real calls of the last 30 s, of all replicas.
	Calls, Failures int
	Local           bool // it speaks of this replica only, see Probe.Local
}

// OnVerdict adds a function to call after every change of a part's verdict, from one goroutine, in order. It is called while
// Run runs, within a second of the change, and for the first verdict as well (from Unknown). It must be quick; a panic is
// logged and dropped. Both verdicts are those of the same part.
func (m *Monitor) OnVerdict(fn func(from, to Verdict)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hooks = append(m.hooks[:len(m.hooks):len(m.hooks)], fn)
}

// Verdicts returns the verdict on every part, in the order of the probes given to NewMonitor. It is at most a second old
// while Run runs; before, it is made from what is there.
func (m *Monitor) Verdicts() []Verdict {
	all := make([]Verdict, len(m.watches))
	for i, w := range m.watches {
		all[i] = m.verdict(w)
	}
	return all
}

// Verdict returns the verdict on one part; false for an unknown name.
func (m *Monitor) Verdict(name string) (Verdict, bool) {
	w := m.byName[name]
	if w == nil {
		return Verdict{Name: name, State: Unknown}, false
	}
	return m.verdict(w), true
}

func (m *Monitor) verdict(w *watch) Verdict {
	if v := w.verdict.Load(); v != nil {
		return *v
	}
	return m.weigh(w, Unknown)
}

// judgeEvery is how often verdicts are made anew without a look.
const judgeEvery = time.Second

// keepJudging makes the verdicts, each second and after each look, and enters them into the availability.
func (m *Monitor) keepJudging(ctx context.Context) {
	tick := time.NewTicker(judgeEvery)
	defer tick.Stop()
	for last := m.now(); ; {
		select {
		case <-tick.C:
		case <-m.looked:
		case <-ctx.Done():
			return
		}
		now := m.now()
		for _, w := range m.watches {
			m.judge(w, now, now.Sub(last))
		}
		last = now
	}
}

// judge makes one part's verdict anew, and enters the time since the last one as it was then.
func (m *Monitor) judge(w *watch, now time.Time, passed time.Duration) {
	from := Verdict{Name: w.probe.Name, State: Unknown, Since: now}
	if before := w.verdict.Load(); before != nil {
		from = *before
		w.enter(from, now, passed)
	}
	to := m.weigh(w, from.State)
	switch {
	case to.State == from.State:
		to.Since = from.Since
	case from.State != Unknown:
		to.Since = now
	}
	w.verdict.Store(&to)
	if to.State != from.State {
		m.logVerdict(from, to)
		m.announceVerdict(from, to)
	}
}

func (w *watch) enter(v Verdict, now time.Time, passed time.Duration) {
	switch v.State {
	case Up:
		w.presence.add(now, passed, 1)
	case Down:
		w.presence.add(now, passed, 0)
	case Degraded:
		w.presence.add(now, passed, 1-failing(v.Calls, v.Failures))
	}
}

func failing(calls, failures int) float64 {
	if calls == 0 {
		return 0
	}
	return float64(failures) / float64(calls)
}

// weigh holds the last look and real calls against each other; before is the state of the last verdict.
func (m *Monitor) weigh(w *watch, before State) Verdict {
	r := m.result(w)
	v := Verdict{Name: r.Name, State: r.State, Since: r.Since, Local: w.probe.Local}
	v.Calls, v.Failures = m.calls(w, trafficWindow)
	limit := sickShare
	if before == Degraded {
		limit = wellShare
	}
	enough := v.Calls >= minVolume
	sick := enough && failing(v.Calls, v.Failures) >= limit
	switch {
	case r.State == Down:
		m.weighFailure(w, &v, r)
	case sick:
		v.State, v.Reason = Degraded, saySick(v, r.State)
	case r.State == Unknown && enough:
		v.State = Up
	case r.State == Unknown:
		v.Reason = sayUnknown(r)
	}
	if v.State != r.State {
		v.Since = m.now()
	}
	return v
}

// calls are the real calls that tell of a part: for one that is looked at locally, those of this replica.
func (m *Monitor) calls(w *watch, window time.Duration) (calls, failures int) {
	if w.probe.Local {
		return m.pulse.here(w.probe.Name, window)
	}
	return m.pulse.Rates(w.probe.Name, window)
}

// weighFailure is the verdict on a part whose probe fails: down, unless real calls since then go well all the same.
func (m *Monitor) weighFailure(w *watch, v *Verdict, r Result) {
	kind := m.wordsOf(r.LastError)
	window := min(max(m.now().Sub(r.Since), freshWindow), trafficWindow).Truncate(time.Second)
	calls, failures := m.calls(w, window)
	if calls >= minVolume && failing(calls, failures) < sickShare {
		v.State, v.Reason = Degraded, sayOnlyProbe(kind, calls, failures, window)
		return
	}
	v.Reason = sayDown(kind, r, *v)
}

func (m *Monitor) announceVerdict(from, to Verdict) {
	m.mu.Lock()
	hooks := m.hooks
	m.mu.Unlock()
	for _, fn := range hooks {
		m.tellVerdict(fn, from, to)
	}
}

func (m *Monitor) tellVerdict(fn func(from, to Verdict), from, to Verdict) {
	defer func() {
		if value := recover(); value != nil {
			m.log.Error("verdict listener panicked", "part", to.Name, "panic", value)
		}
	}()
	fn(from, to)
}

func (m *Monitor) logVerdict(from, to Verdict) {
	say := m.log.Warn
	if to.State == Up {
		say = m.log.Info
	}
	say("verdict changed", "part", to.Name, "from", string(from.State), "to", string(to.State), "reason", to.Reason.EN)
}
