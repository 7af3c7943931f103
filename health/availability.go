package health

import (
	"encoding/json"
	"sync"
	"time"
)

const (
	minutesKept = 60
	weekHours   = 7 * 24
	longestGap  = 5 * time.Second // between two entries; what is longer was not watched (a suspended machine, a clock that jumped)
)

// Share is how much of a stretch of time a part was there.
type Share struct {
	Known time.Duration // how much of the stretch was watched at all; 0 in a young process without a Board
	// Ratio is the available part of Known, 0 to 1: all of the time it was up, none of the time it was down, and of the
	// time it was degraded the part of real calls that went well. 0 when Known is 0.
	Ratio float64
}

// Availability is how much a part was there over the last hour, day and week.
type Availability struct {
	Hour, Day, Week Share
}

// stretch is one minute or one hour of watching.
type stretch struct {
	Number int64   `json:"n"` // seconds since 1970 / width
	Known  float64 `json:"k"` // seconds
	Good   float64 `json:"g"` // seconds
}

// presence is a part's availability. Safe for concurrent use.
type presence struct {
	mu      sync.Mutex
	minutes [minutesKept + 1]stretch
	hours   [weekHours + 1]stretch
}

// add enters d up to now, of which the part good (0 to 1) counts as available.
func (p *presence) add(now time.Time, d time.Duration, good float64) {
	d = min(d, longestGap)
	if d <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range []*stretch{place(p.minutes[:], now.Unix()/60), place(p.hours[:], now.Unix()/3600)} {
		s.Known += d.Seconds()
		s.Good += d.Seconds() * good
	}
}

// place finds the stretch of a number, empty if its place held another.
func place(ring []stretch, number int64) *stretch {
	s := &ring[uint64(number)%uint64(len(ring))] //nolint:gosec // before 1970 it wraps, and still finds a place
	if s.Number != number {
		*s = stretch{Number: number}
	}
	return s
}

func (p *presence) report(now time.Time) Availability {
	p.mu.Lock()
	defer p.mu.Unlock()
	minute, hour := now.Unix()/60, now.Unix()/3600
	return Availability{
		Hour: share(p.minutes[:], minute-minutesKept, minute),
		Day:  share(p.hours[:], hour-hoursKept, hour),
		Week: share(p.hours[:], hour-weekHours, hour),
	}
}

// share sums up the stretches from one number to another, both included: like the windows of Performance, a stretch of time
// reaches back for its whole length and up to one stretch more.
func share(ring []stretch, from, to int64) Share {
	var known, good float64
	for _, s := range ring {
		if s.Number >= from && s.Number <= to {
			known, good = known+s.Known, good+s.Good
		}
	}
	if known == 0 {
		return Share{}
	}
	return Share{Known: time.Duration(known * float64(time.Second)), Ratio: good / known}
}

// sharedPresence is a presence on the board.
type sharedPresence struct {
	Minutes []stretch `json:"m"`
	Hours   []stretch `json:"h"`
}

func (p *presence) encode() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return json.Marshal(sharedPresence{watched(p.minutes[:]), watched(p.hours[:])})
}

func watched(ring []stretch) (list []stretch) {
	for _, s := range ring {
		if s.Known > 0 {
			list = append(list, s)
		}
	}
	return list
}

// merge takes over what a replica before us, or beside us, has watched longer than we have. Doing it twice changes nothing.
func (p *presence) merge(blob []byte, now time.Time) error {
	var shared sharedPresence
	if err := json.Unmarshal(blob, &shared); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	takeLonger(p.minutes[:], shared.Minutes, now, time.Minute)
	takeLonger(p.hours[:], shared.Hours, now, time.Hour)
	return nil
}

func takeLonger(ring, shared []stretch, now time.Time, width time.Duration) {
	running, longest := now.Unix()/int64(width/time.Second), (width + longestGap).Seconds()
	for _, s := range shared {
		sane := s.Good >= 0 && s.Good <= s.Known && s.Known <= longest && s.Number <= running && s.Number > running-int64(len(ring))
		if !sane {
			continue
		}
		if at := place(ring, s.Number); s.Known > at.Known {
			*at = s
		}
	}
}

// Availability returns how much a part was there, by its verdicts; false for an unknown name. Where the Monitor has a Board,
// what earlier processes have watched counts as well.
func (m *Monitor) Availability(name string) (Availability, bool) {
	w := m.byName[name]
	if w == nil {
		return Availability{}, false
	}
	return w.presence.report(m.now()), true
}
