package health

import "time"

// windows are the periods the figures are given for. A window is so many full slots and the current, unfinished one, so it
// reaches back for its whole length and up to one slot more (4 to 8 %).
//
// The memory of one series is bounded by the slots of all windows: 13 + 21 + 21 + 25 = 80, each a sketch with at most 14
// pages of 256 bytes and 144 bytes around it, in all at most 292 KiB. That takes durations from 10 µs to 10 min in every
// slot; a route whose answers lie within a factor of a thousand uses six pages, 130 KiB.
var windows = [...]struct {
	name  string
	width time.Duration // of one slot
	slots int           // full slots; one more is being filled
}{
	{"1m", 5 * time.Second, 12},
	{"5m", 15 * time.Second, 20},
	{"1h", 3 * time.Minute, 20},
	{"24h", time.Hour, hoursKept},
}

const hoursKept = 24

// slot is what happened in one stretch of time.
type slot struct {
	number int64 // which stretch: seconds since 1970 / width
	errors uint64
	sketch Sketch
}

func (s *slot) add(bucket int, d time.Duration, ok bool) {
	s.sketch.add(bucket, d)
	if !ok {
		s.errors++
	}
}

func (s *slot) merge(other *slot) {
	s.sketch.Merge(&other.sketch)
	s.errors += other.errors
}

func (s *slot) restart(number int64) {
	s.sketch.Reset()
	s.number, s.errors = number, 0
}

// ring is the slots of one window. A slot belongs to the stretch its number says, and is emptied when another stretch needs
// its place; nothing has to happen while time passes. When the clock goes back, the slots ahead of it are not counted and
// are used again as it comes by.
type ring struct {
	width   int64 // seconds
	slots   []slot
	current *slot // the slot last written, to spare the divisions
}

func newRing(width time.Duration, full int) ring {
	return ring{width: int64(width / time.Second), slots: make([]slot, full+1)}
}

// at gives the slot to write to at a second since 1970.
func (r *ring) at(second int64) *slot {
	number := second / r.width
	if r.current == nil || r.current.number != number {
		r.current = r.place(number)
		if r.current.number != number {
			r.current.restart(number)
		}
	}
	return r.current
}

// place is where the slot of that number is or would be; unsigned, so that years before 1970 have a place as well.
func (r *ring) place(number int64) *slot {
	return &r.slots[uint64(number)%uint64(len(r.slots))] //nolint:gosec // wrapping is what is wanted
}

// sum adds the slots of the whole window into total, as seen at a second since 1970.
func (r *ring) sum(second int64, total *slot) {
	newest := second / r.width
	oldest := r.oldest(second)
	for i := range r.slots {
		if s := &r.slots[i]; s.number >= oldest && s.number <= newest {
			total.merge(s)
		}
	}
}

func (r *ring) oldest(second int64) int64 { return second/r.width - int64(len(r.slots)) + 1 }

// begin is the beginning of the window as seen at a second since 1970.
func (r *ring) begin(second int64) time.Time { return time.Unix(r.oldest(second)*r.width, 0) }
