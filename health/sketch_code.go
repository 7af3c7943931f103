package health

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// errLedger says that a blob is not a ledger of this release, or is damaged.
var errLedger = errors.New("health: not a ledger of this release")

// appendTo writes the sketch in as few bytes as it has something to say: count, max, and for each bucket that was hit the
// distance from the one before and its count. A route's hour takes 100 to 300 bytes.
func (s *Sketch) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, s.count)
	b = binary.AppendUvarint(b, uint64(max(s.max, 0)))
	b = binary.AppendUvarint(b, uint64(s.hit())) //nolint:gosec // at most bucketCount
	last := 0
	for i, p := range s.pages {
		if p == nil {
			continue
		}
		for j, n := range p {
			if bucket := i*pageSize + j; n > 0 {
				b = binary.AppendUvarint(b, uint64(bucket-last)) //nolint:gosec // buckets ascend
				b = binary.AppendUvarint(b, uint64(n))
				last = bucket
			}
		}
	}
	return b
}

// hit is the number of buckets with something in them.
func (s *Sketch) hit() (n int) {
	for _, p := range s.pages {
		if p == nil {
			continue
		}
		for _, c := range p {
			if c > 0 {
				n++
			}
		}
	}
	return n
}

// reader takes apart what others have written. After the first thing that is wrong it gives zeros, and err says so.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail() uint64 {
	r.rest, r.err = nil, errLedger
	return 0
}

func (r *reader) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		return r.fail()
	}
	r.rest = r.rest[size:]
	return n
}

// upTo is a number that must not exceed most.
func (r *reader) upTo(most uint64) uint64 {
	n := r.uint()
	if n > most {
		return r.fail()
	}
	return n
}

func (r *reader) float() float64 {
	if len(r.rest) < 8 {
		r.fail()
		return 0
	}
	f := math.Float64frombits(binary.LittleEndian.Uint64(r.rest))
	r.rest = r.rest[8:]
	if math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
		r.fail()
		return 0
	}
	return f
}

func (r *reader) text() string {
	size := r.upTo(uint64(len(r.rest)))
	if r.err != nil || size > uint64(len(r.rest)) {
		r.fail()
		return ""
	}
	s := string(r.rest[:size])
	r.rest = r.rest[size:]
	return s
}

// sketch reads one sketch and adds it to s.
func (r *reader) sketch(s *Sketch) {
	read := Sketch{count: r.uint(), max: time.Duration(r.upTo(math.MaxInt64))} //nolint:gosec // bounded
	bucket := uint64(0)
	for range r.upTo(bucketCount) {
		bucket += r.upTo(bucketCount)
		n := r.upTo(bucketFull)
		if bucket >= bucketCount || r.err != nil {
			r.fail()
			return
		}
		read.page(int(bucket) / pageSize)[bucket%pageSize] = uint32(n) //nolint:gosec // bounded
	}
	if r.err == nil {
		s.Merge(&read)
	}
}
