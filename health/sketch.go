package health

import (
	"math"
	"time"
)

// The shape of a Sketch. The idea is that of DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch
// with relative-error guarantees", VLDB 2019), with a fixed range instead of collapsing buckets: 896 buckets are
// ceil(ln(10 min / 10 µs) / ln(gamma)), which happens to be a whole number of pages.
const (
	accuracy    = 0.01                            // relative error of a quantile inside the range
	gamma       = (1 + accuracy) / (1 - accuracy) // one bucket's upper bound over its lower
	lowest      = 10 * time.Microsecond           // shorter ones count as this: below it one measures the scheduler
	pageSize    = 64                              // buckets; a page spans a factor of 3.6, one route needs few of them
	pageCount   = 14
	bucketCount = pageSize * pageCount
	bucketFull  = math.MaxUint32 // a bucket stops here instead of starting again at 0
	roundedUp   = 1e-9           // q*n comes out a hair too big for some q, 0.07*100 for one
)

var perBucket = 1 / math.Log(gamma)

// page is a run of neighbouring buckets, made when the first of them is hit.
type page [pageSize]uint32

// Sketch is the distribution of many durations in at most 3.6 KiB. It counts them in buckets that grow by a constant factor,
// so that a quantile is within 1 % of the true one whatever the distribution, and so that two sketches add up to exactly
// the sketch of all their durations. The zero value is empty and ready. Not safe for concurrent use.
type Sketch struct {
	pages [pageCount]*page
	count uint64
	max   time.Duration
}

// bucketOf is the index of a duration's bucket: bucket i holds lowest*gamma^i up to lowest*gamma^(i+1).
func bucketOf(d time.Duration) int {
	if d <= lowest {
		return 0
	}
	i := int(math.Log(float64(d)/float64(lowest)) * perBucket)
	return min(i, bucketCount-1)
}

// valueOf is the duration that stands for a bucket: at most accuracy away from both its bounds.
func valueOf(bucket int) time.Duration {
	return time.Duration(float64(lowest) * math.Pow(gamma, float64(bucket)) * (1 + accuracy))
}

// Add counts one duration. Those outside 10 µs to 10 min count as the nearest bound; Max stays exact.
func (s *Sketch) Add(d time.Duration) { s.add(bucketOf(d), d) }

// add is Add for a caller that knows the bucket.
func (s *Sketch) add(bucket int, d time.Duration) {
	p := s.page(bucket / pageSize)
	if c := &p[bucket%pageSize]; *c < bucketFull {
		*c++
	}
	s.count++
	s.max = max(s.max, d)
}

func (s *Sketch) page(i int) *page {
	if s.pages[i] == nil {
		s.pages[i] = new(page)
	}
	return s.pages[i]
}

// Merge adds all of other's durations; other stays as it is.
func (s *Sketch) Merge(other *Sketch) {
	for i, from := range other.pages {
		if from != nil {
			s.page(i).merge(from)
		}
	}
	s.count += other.count
	s.max = max(s.max, other.max)
}

func (p *page) merge(from *page) {
	for i, n := range from {
		if n > bucketFull-p[i] {
			p[i] = bucketFull
			continue
		}
		p[i] += n
	}
}

// Reset empties the sketch and keeps its memory for the next filling.
func (s *Sketch) Reset() {
	for _, p := range s.pages {
		if p != nil {
			*p = page{}
		}
	}
	s.count, s.max = 0, 0
}

// Count is the number of durations.
func (s *Sketch) Count() uint64 { return s.count }

// Max is the longest duration, exact; 0 if there is none.
func (s *Sketch) Max() time.Duration { return s.max }

// Quantile is the duration that the part q (0 to 1) of all durations does not exceed, by nearest rank, within 1 %; 0 if there
// are none. It is never more than Max.
func (s *Sketch) Quantile(q float64) time.Duration {
	if s.count == 0 {
		return 0
	}
	rank := uint64(max(math.Ceil(min(q, 1)*float64(s.count)-roundedUp), 1))
	for i, p := range s.pages {
		if p == nil {
			continue
		}
		for j, n := range p {
			if uint64(n) >= rank {
				return min(valueOf(i*pageSize+j), s.max)
			}
			rank -= uint64(n)
		}
	}
	return s.max // only after a full bucket
}
