package health

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pulseSeconds = 30 // how far back a Pulse remembers
	maxPulses    = 64 // parts; there are about ten
)

// Pulse counts how real calls went over the last 30 s, by part (the name of the probe that looks at the same thing). It is
// what a Verdict holds against the probe. Safe for concurrent use; a nil Pulse is one without calls.
type Pulse struct {
	now    func() time.Time
	mu     sync.Mutex // held to add a part
	known  atomic.Pointer[map[string]*beats]
	others atomic.Pointer[foreignPulses]
}

// beat is one second of one part.
type beat struct {
	second          int64 // since 1970
	calls, failures int
}

// beats is a ring of seconds. As in ring, a place is emptied when another second needs it.
type beats struct {
	mu   sync.Mutex
	ring [pulseSeconds]beat
}

// NewPulse returns a Pulse without calls that reads the time from now (nil for time.Now).
func NewPulse(now func() time.Time) *Pulse {
	if now == nil {
		now = time.Now
	}
	p := &Pulse{now: now}
	p.known.Store(&map[string]*beats{})
	p.others.Store(&foreignPulses{})
	return p
}

// Record counts one real call of a part; ok is false when the part was at fault (it was unreachable, too slow, or answered
// nonsense), and true also for an answer the caller did not like (not found, wrong password). Takes well under a microsecond.
// Parts after the 64th are not counted.
func (p *Pulse) Record(part string, ok bool) {
	if p == nil {
		return
	}
	if b := p.beats(part); b != nil {
		b.add(p.now().Unix(), ok)
	}
}

func (p *Pulse) beats(part string) *beats {
	if b := (*p.known.Load())[part]; b != nil {
		return b
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := *p.known.Load()
	if b := known[part]; b != nil || len(known) >= maxPulses {
		return b
	}
	grown, b := maps.Clone(known), &beats{}
	grown[strings.Clone(part)] = b
	p.known.Store(&grown)
	return b
}

func (b *beats) add(second int64, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := &b.ring[uint64(second)%pulseSeconds] //nolint:gosec // before 1970 it wraps, and still finds a place
	if at.second != second {
		*at = beat{second: second}
	}
	at.calls++
	if !ok {
		at.failures++
	}
}

// Rates returns how many calls of a part there were in the window that ends now (whole seconds, at most 30), and how many of
// them failed, on this replica and on those it hears of.
func (p *Pulse) Rates(part string, window time.Duration) (calls, failures int) {
	if p == nil {
		return 0, 0
	}
	calls, failures = p.here(part, window)
	c, f := p.others.Load().sum(part, p.now(), wholeSeconds(window))
	return calls + c, failures + f
}

// here is Rates of this replica alone.
func (p *Pulse) here(part string, window time.Duration) (calls, failures int) {
	if p == nil {
		return 0, 0
	}
	for _, c := range p.own(part, wholeSeconds(window)) {
		calls, failures = calls+c[0], failures+c[1]
	}
	return calls, failures
}

func wholeSeconds(window time.Duration) int {
	return int(min(max(window/time.Second, 0), pulseSeconds))
}

// own returns calls and failures of this replica by second, the running one first.
func (p *Pulse) own(part string, seconds int) [][2]int {
	b := (*p.known.Load())[part]
	if b == nil {
		return nil
	}
	now := p.now().Unix()
	list := make([][2]int, seconds)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, at := range b.ring {
		if age := now - at.second; age >= 0 && age < int64(seconds) {
			list[age] = [2]int{at.calls, at.failures}
		}
	}
	return list
}
