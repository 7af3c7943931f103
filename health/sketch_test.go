package health

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

// sketchOf returns the sketch of some durations.
func sketchOf(ds []time.Duration) *Sketch {
	s := &Sketch{}
	for _, d := range ds {
		s.Add(d)
	}
	return s
}

// exact is the true quantile by nearest rank of durations that are sorted.
func exact(sorted []time.Duration, q float64) time.Duration {
	rank := int(math.Ceil(q*float64(len(sorted)) - 1e-9))
	return sorted[max(rank, 1)-1]
}

// draw makes n durations from a generator of seconds, the same ones every time.
func draw(n int, seconds func(*rand.Rand) float64) []time.Duration {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same numbers in every run are the point
	ds := make([]time.Duration, n)
	for i := range ds {
		ds[i] = time.Duration(seconds(r) * float64(time.Second))
	}
	return ds
}

func TestQuantilesAreWithinOnePercentOnAnyDistribution(t *testing.T) {
	distributions := map[string]func(*rand.Rand) float64{
		"uniform 1 ms to 2 s": func(r *rand.Rand) float64 { return 0.001 + 1.999*r.Float64() },
		"exponential 80 ms":   func(r *rand.Rand) float64 { return 20e-6 + 0.08*r.ExpFloat64() },
		"lognormal":           func(r *rand.Rand) float64 { return 20e-6 + 0.05*math.Exp(r.NormFloat64()) },
		"pareto, heavy tail":  func(r *rand.Rand) float64 { return min(0.01/math.Pow(1-r.Float64(), 1/1.1), 590) },
		"two humps": func(r *rand.Rand) float64 {
			if r.IntN(20) == 0 {
				return 2.5 + 0.01*r.Float64()
			}
			return 0.002 + 0.001*r.Float64()
		},
		"all the same": func(*rand.Rand) float64 { return 0.1234 },
	}
	for name, seconds := range distributions {
		for _, n := range []int{1, 7, 100, 20_000} {
			ds := draw(n, seconds)
			s := sketchOf(ds)
			slices.Sort(ds)
			for _, q := range []float64{0, 0.01, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1} {
				got, want := s.Quantile(q), exact(ds, q)
				if off := math.Abs(float64(got-want)) / float64(want); off > 0.0101 {
					t.Errorf("%s, n=%d: Quantile(%v) = %v, want %v: %.2f %% off", name, n, q, got, want, 100*off)
				}
			}
			if got, want := s.Max(), ds[n-1]; got != want {
				t.Errorf("%s, n=%d: Max = %v, want %v", name, n, got, want)
			}
		}
	}
}

func TestEveryDurationInTheRangeHasABucketNearIt(t *testing.T) {
	for d := lowest; d <= 10*time.Minute; d += d/500 + 1 {
		got := valueOf(bucketOf(d))
		if off := math.Abs(float64(got-d)) / float64(d); off > 0.0101 {
			t.Fatalf("%v is counted as %v: %.2f %% off", d, got, 100*off)
		}
	}
}

func TestDurationsOutsideTheRangeCountAsItsBounds(t *testing.T) {
	tests := map[string]struct {
		d        time.Duration
		min, max time.Duration // of the median
	}{
		"negative":    {-time.Second, 0, 0},
		"zero":        {0, 0, 0},
		"one ns":      {1, 1, 1},
		"one day":     {24 * time.Hour, 594 * time.Second, 606 * time.Second},
		"the longest": {math.MaxInt64, 594 * time.Second, 606 * time.Second},
	}
	for name, test := range tests {
		s := sketchOf([]time.Duration{test.d})
		if got := s.Quantile(0.5); got < test.min || got > test.max {
			t.Errorf("%s: median %v, want %v to %v", name, got, test.min, test.max)
		}
		if got, want := s.Max(), max(test.d, 0); got != want {
			t.Errorf("%s: max %v, want %v", name, got, want)
		}
	}
}

func TestAnEmptySketchAndOddQuantilesAreHarmless(t *testing.T) {
	if got := new(Sketch).Quantile(0.5); got != 0 {
		t.Errorf("empty: %v, want 0", got)
	}
	s := sketchOf([]time.Duration{time.Millisecond, time.Second})
	for _, q := range []float64{-1, math.Inf(-1), math.NaN(), 2, math.Inf(1)} {
		if got := s.Quantile(q); got <= 0 || got > time.Second {
			t.Errorf("Quantile(%v) = %v", q, got)
		}
	}
}

// durations turns quick's random numbers into durations over the whole range.
func durations(raw []uint32) []time.Duration {
	ds := make([]time.Duration, len(raw))
	for i, n := range raw {
		ds[i] = time.Duration(math.Exp(float64(n) / math.MaxUint32 * math.Log(1e12)))
	}
	return ds
}

// same compares what two sketches answer and every bucket.
func same(a, b *Sketch) bool {
	if a.Count() != b.Count() || a.Max() != b.Max() {
		return false
	}
	for i := range a.pages {
		var x, y page
		if a.pages[i] != nil {
			x = *a.pages[i]
		}
		if b.pages[i] != nil {
			y = *b.pages[i]
		}
		if x != y {
			return false
		}
	}
	return true
}

func TestMergeIsTheSketchOfTheUnion(t *testing.T) {
	property := func(x, y []uint32) bool {
		a, b := durations(x), durations(y)
		left, right := sketchOf(a), sketchOf(b)
		before := sketchOf(b)
		left.Merge(right)
		mirrored := sketchOf(b)
		mirrored.Merge(sketchOf(a))
		union := sketchOf(slices.Concat(a, b))
		return same(left, union) && same(mirrored, union) && same(right, before)
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 300}); err != nil {
		t.Error(err)
	}
}

func TestAFullBucketStaysFull(t *testing.T) {
	s := sketchOf([]time.Duration{time.Second})
	b := bucketOf(time.Second)
	s.pages[b/pageSize][b%pageSize] = bucketFull
	s.Add(time.Second)
	s.Merge(sketchOf([]time.Duration{time.Second, time.Second}))
	if got := s.pages[b/pageSize][b%pageSize]; got != bucketFull {
		t.Errorf("bucket holds %d, want %d", got, uint32(bucketFull))
	}
	if got := s.Count(); got != 4 {
		t.Errorf("count %d, want 4", got)
	}
}

func TestResetForgetsEverything(t *testing.T) {
	s := sketchOf([]time.Duration{time.Second, time.Millisecond})
	s.Reset()
	if !same(s, &Sketch{}) {
		t.Errorf("after Reset: count %d, max %v", s.Count(), s.Max())
	}
}
