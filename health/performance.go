package health

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxSeries bounds the memory (256 series of at most 292 KiB, 73 MiB). snowgate has some 40 routes and ERP operations; more
// names than this come from a label that should not be one.
const maxSeries = 256

// OtherSeries takes the records of all series after the 256th, and those without a name.
const OtherSeries = "other"

// Figures sum up one window of one series. With Count 0 everything is 0.
type Figures struct {
	Count, Errors          uint64
	SuccessRate, ErrorRate float64 // parts of Count, 0 to 1
	RatePerSecond          float64 // Count over the time the window really covers; a young process has young windows
	// P50, P95 and P99 are within 1 % of the true quantile of all calls, failed ones included; Max is exact.
	P50, P95, P99, Max time.Duration
}

// HourPoint is one hour of a series, for plots.
type HourPoint struct {
	Start         time.Time // the full hour
	Count, Errors uint64
	P50, P95, P99 time.Duration
}

// Performance keeps rolling figures for a bounded number of series over the last 1 m, 5 m, 1 h and 24 h. Safe for concurrent
// use.
type Performance struct {
	now     func() time.Time
	started time.Time
	mu      sync.Mutex // held to add a series
	known   atomic.Pointer[map[string]*series]
	other   *series
}

// series is the windows of one name.
type series struct {
	mu    sync.Mutex
	rings [len(windows)]ring
}

// NewPerformance returns an empty Performance that reads the time from now (nil for time.Now). The clock may jump: going
// back loses at most what was recorded ahead of it.
func NewPerformance(now func() time.Time) *Performance {
	if now == nil {
		now = time.Now
	}
	p := &Performance{now: now, started: now(), other: newSeries()}
	p.known.Store(&map[string]*series{})
	return p
}

func newSeries() *series {
	s := &series{}
	for i, w := range windows {
		s.rings[i] = newRing(w.width, w.slots)
	}
	return s
}

// Record counts one call of a series, a route template ("GET /api/orders/search") or an ERP operation ("erp search_orders"),
// never a raw path. ok is false when the call failed. Takes well under a microsecond.
func (p *Performance) Record(name string, d time.Duration, ok bool) {
	p.series(name).record(p.now().Unix(), max(d, 0), ok)
}

func (s *series) record(second int64, d time.Duration, ok bool) {
	bucket := bucketOf(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.rings {
		s.rings[i].at(second).add(bucket, d, ok)
	}
}

// series finds or makes the series of a name. Readers never lock: the map is replaced, not changed, at most 256 times.
func (p *Performance) series(name string) *series {
	known := *p.known.Load()
	if s := known[name]; s != nil {
		return s
	}
	if len(known) >= maxSeries || name == "" || name == OtherSeries {
		return p.other
	}
	return p.addSeries(name)
}

func (p *Performance) addSeries(name string) *series {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := *p.known.Load()
	if s := known[name]; s != nil {
		return s
	}
	if len(known) >= maxSeries {
		return p.other
	}
	grown, s := maps.Clone(known), newSeries()
	grown[strings.Clone(name)] = s // the caller's string may be a piece of something large
	p.known.Store(&grown)
	return s
}

// Snapshot returns the figures of every series seen so far, by series and window ("1m", "5m", "1h", "24h"). The series
// "other" is there once it has been used. A series is blocked for some ten microseconds while it is summed up.
func (p *Performance) Snapshot() map[string]map[string]Figures {
	now := p.now()
	known := *p.known.Load()
	all := make(map[string]map[string]Figures, len(known)+1)
	var totals [len(windows)]slot
	for name, s := range known {
		all[name] = p.figures(s, now, &totals)
	}
	if other := p.figures(p.other, now, &totals); other["24h"].Count > 0 {
		all[OtherSeries] = other
	}
	return all
}

// figures sums up one series; totals is scratch space.
func (p *Performance) figures(s *series, now time.Time, totals *[len(windows)]slot) map[string]Figures {
	s.sum(now.Unix(), totals)
	out := make(map[string]Figures, len(windows))
	for i, w := range windows {
		out[w.name] = totals[i].figures(rate(totals[i].sketch.Count(), p.covered(&s.rings[i], now)))
	}
	return out
}

// sum takes all windows at one moment, so that a shorter one never counts more than a longer one.
func (s *series) sum(second int64, totals *[len(windows)]slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.rings {
		totals[i].restart(0)
		s.rings[i].sum(second, &totals[i])
	}
}

// covered is how much time a window holds: up to its length and a slot, less in a young process, at least a second.
func (p *Performance) covered(r *ring, now time.Time) time.Duration {
	begin := r.begin(now.Unix())
	if begin.Before(p.started) {
		begin = p.started
	}
	return max(now.Sub(begin), time.Second)
}

// figures sums up a slot whose calls came at a rate per second.
func (s *slot) figures(perSecond float64) Figures {
	count := s.sketch.Count()
	if count == 0 {
		return Figures{}
	}
	failed := float64(s.errors) / float64(count)
	return Figures{
		Count: count, Errors: s.errors,
		SuccessRate: 1 - failed, ErrorRate: failed,
		RatePerSecond: perSecond,
		P50:           s.sketch.Quantile(0.50), P95: s.sketch.Quantile(0.95), P99: s.sketch.Quantile(0.99),
		Max: s.sketch.Max(),
	}
}

// Hourly returns the last 24 hours of a series, oldest first; the last point is the hour now running. Hours without calls are
// there with zeros. A series never recorded gives nil.
func (p *Performance) Hourly(name string) []HourPoint {
	s := (*p.known.Load())[name]
	if name == OtherSeries {
		s = p.other
	}
	if s == nil {
		return nil
	}
	return s.hourly(p.now())
}

func (s *series) hourly(now time.Time) []HourPoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	hours := &s.rings[len(s.rings)-1]
	running := now.Unix() / hours.width
	points := make([]HourPoint, hoursKept)
	for i := range points {
		number := running - int64(hoursKept-1-i)
		points[i].Start = time.Unix(number*hours.width, 0).In(now.Location())
		if at := hours.place(number); at.number == number {
			points[i].fill(at)
		}
	}
	return points
}

func (h *HourPoint) fill(s *slot) {
	h.Count, h.Errors = s.sketch.Count(), s.errors
	h.P50, h.P95, h.P99 = s.sketch.Quantile(0.50), s.sketch.Quantile(0.95), s.sketch.Quantile(0.99)
}
