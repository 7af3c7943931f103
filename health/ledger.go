package health

import (
	"cmp"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"time"
)

// shortWindows are the windows that travel as sums; the day is the sum of its hours.
const shortWindows = len(windows) - 1

// maxLedger bounds a replica's blob. The busiest series come first; those that do not fit go into OtherSeries.
const maxLedger = 1 << 20

// ledgerVersion is the first byte of a blob; another release may have another.
const ledgerVersion = 1

// ledger is what a Performance holds, in a form that can be sent and added up: quantiles cannot be, sketches can.
type ledger map[string]*account

// account is one series of a ledger.
type account struct {
	short [shortWindows]slot
	rates [len(windows)]float64 // calls per second
	hours map[int64]*slot       // by hours since 1970
}

func (l ledger) account(name string) *account {
	a := l[name]
	if a == nil {
		a = &account{hours: map[int64]*slot{}}
		l[name] = a
	}
	return a
}

func (a *account) hour(number int64) *slot {
	s := a.hours[number]
	if s == nil {
		s = &slot{number: number}
		a.hours[number] = s
	}
	return s
}

// merge adds all of other.
func (a *account) merge(other *account) {
	for i := range a.short {
		a.short[i].merge(&other.short[i])
	}
	for i, rate := range other.rates {
		a.rates[i] += rate
	}
	for number, s := range other.hours {
		a.hour(number).merge(s)
	}
}

func (l ledger) merge(other ledger) {
	for name, a := range other {
		if _, known := l[name]; !known && len(l) > maxSeries {
			name = OtherSeries
		}
		l.account(name).merge(a)
	}
}

// day sums up the hours of the window that ends at an hour.
func (a *account) day(running int64) (total slot) {
	for number, s := range a.hours {
		if number >= running-hoursKept && number <= running {
			total.merge(s)
		}
	}
	return total
}

// ledger copies what is there. The lock of a series is held for some ten microseconds.
func (p *Performance) ledger(now time.Time) ledger {
	l := ledger{}
	for name, s := range *p.known.Load() {
		l[name] = p.account(s, now)
	}
	if other := p.account(p.other, now); len(other.hours) > 0 {
		l[OtherSeries] = other
	}
	return l
}

func (p *Performance) account(s *series, now time.Time) *account {
	a := &account{hours: map[int64]*slot{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range a.short {
		s.rings[i].sum(now.Unix(), &a.short[i])
	}
	hours := &s.rings[shortWindows]
	running := now.Unix() / hours.width
	for i := range hours.slots {
		at := &hours.slots[i]
		if at.sketch.Count() > 0 && at.number >= running-hoursKept && at.number <= running {
			a.hour(at.number).merge(at)
		}
	}
	for i := range a.short {
		a.rates[i] = rate(a.short[i].sketch.Count(), p.covered(&s.rings[i], now))
	}
	day := a.day(running)
	a.rates[shortWindows] = rate(day.sketch.Count(), p.covered(hours, now))
	return a
}

func rate(count uint64, covered time.Duration) float64 { return float64(count) / covered.Seconds() }

// report turns a ledger into figures.
func (l ledger) report(now time.Time) Report {
	r := Report{Series: make(map[string]map[string]Figures, len(l)), Hours: make(map[string][]HourPoint, len(l))}
	running := now.Unix() / int64(time.Hour/time.Second)
	for name, a := range l {
		r.Series[name] = a.figures(running)
		r.Hours[name] = a.points(running, now.Location())
	}
	return r
}

func (a *account) figures(running int64) map[string]Figures {
	all := make(map[string]Figures, len(windows))
	for i := range a.short {
		all[windows[i].name] = a.short[i].figures(a.rates[i])
	}
	day := a.day(running)
	all[windows[shortWindows].name] = day.figures(a.rates[shortWindows])
	return all
}

func (a *account) points(running int64, zone *time.Location) []HourPoint {
	points := make([]HourPoint, hoursKept)
	for i := range points {
		number := running - int64(hoursKept-1-i)
		points[i].Start = time.Unix(number*int64(time.Hour/time.Second), 0).In(zone)
		if s := a.hours[number]; s != nil {
			points[i].fill(s)
		}
	}
	return points
}

// part is what goes into a blob: the short windows with the running hour, every few seconds, or all hours, once a minute.
type part struct {
	short   bool
	running int64 // the only hour, if short
}

// encode writes the ledger, the busiest series first.
func (l ledger) encode(what part) []byte {
	names := slices.SortedFunc(maps.Keys(l), func(x, y string) int {
		return cmp.Or(cmp.Compare(l[y].calls(), l[x].calls()), cmp.Compare(x, y))
	})
	b := []byte{ledgerVersion}
	rest := &account{hours: map[int64]*slot{}}
	for _, name := range names {
		entry := l[name].encode(nil, name, what)
		if name == OtherSeries || len(b)+len(entry) > maxLedger {
			rest.merge(l[name])
			continue
		}
		b = append(b, entry...)
	}
	if len(rest.hours) > 0 {
		b = rest.encode(b, OtherSeries, what)
	}
	return b
}

func (a *account) calls() (n uint64) {
	for _, s := range a.hours {
		n += s.sketch.Count()
	}
	return n
}

func (a *account) encode(b []byte, name string, what part) []byte {
	b = binary.AppendUvarint(b, uint64(len(name)))
	b = append(b, name...)
	if !what.short {
		b = append(b, 0)
		return a.encodeHours(b, slices.Sorted(maps.Keys(a.hours)))
	}
	b = append(b, 1)
	for i := range a.short {
		b = a.short[i].appendTo(b)
	}
	for _, rate := range a.rates {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(rate))
	}
	if a.hours[what.running] == nil {
		return a.encodeHours(b, nil)
	}
	return a.encodeHours(b, []int64{what.running})
}

func (a *account) encodeHours(b []byte, numbers []int64) []byte {
	b = binary.AppendUvarint(b, uint64(len(numbers)))
	for _, number := range numbers {
		b = binary.AppendVarint(b, number)
		b = a.hours[number].appendTo(b)
	}
	return b
}

func (s *slot) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, s.errors)
	return s.sketch.appendTo(b)
}

// decode reads a blob. It trusts nothing in it: what is not a ledger of this release gives errLedger.
func decode(blob []byte) (ledger, error) {
	if len(blob) == 0 || blob[0] != ledgerVersion || len(blob) > 2*maxLedger {
		return nil, errLedger
	}
	l, r := ledger{}, &reader{rest: blob[1:]}
	for len(r.rest) > 0 && len(l) <= maxSeries {
		name := r.text()
		r.account(l.account(name))
	}
	if r.err != nil || len(r.rest) > 0 {
		return nil, errLedger
	}
	return l, nil
}

func (r *reader) account(a *account) {
	if r.upTo(1) == 1 {
		for i := range a.short {
			r.slot(&a.short[i])
		}
		for i := range a.rates {
			a.rates[i] = r.float()
		}
	}
	for range r.upTo(hoursKept + 1) {
		r.slot(a.hour(r.int()))
	}
}

func (r *reader) slot(s *slot) {
	s.errors += r.uint()
	r.sketch(&s.sketch)
	if s.errors > s.sketch.Count() {
		r.fail()
	}
}

func (r *reader) int() int64 {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[size:]
	return n
}
