package health

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"testing"
	"time"
)

// fakeClock is a clock to wind by hand. Safe for concurrent use.
type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// newTestPerformance starts at a full hour, so that slots begin where the test begins.
func newTestPerformance(t *testing.T) (*Performance, *fakeClock) {
	t.Helper()
	clock := &fakeClock{t: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
	return NewPerformance(clock.Now), clock
}

const search = "GET /api/orders/search"

// counts gives the count in each window, shortest window first.
func counts(p *Performance, name string) [len(windows)]uint64 {
	var out [len(windows)]uint64
	figures := p.Snapshot()[name]
	for i, w := range windows {
		out[i] = figures[w.name].Count
	}
	return out
}

func TestACallLeavesEachWindowWhenItIsOlderThanTheWindow(t *testing.T) {
	tests := []struct {
		after time.Duration
		want  [len(windows)]uint64
	}{
		{0, [4]uint64{1, 1, 1, 1}},
		{60 * time.Second, [4]uint64{1, 1, 1, 1}},
		{65 * time.Second, [4]uint64{0, 1, 1, 1}},
		{300 * time.Second, [4]uint64{0, 1, 1, 1}},
		{315 * time.Second, [4]uint64{0, 0, 1, 1}},
		{60 * time.Minute, [4]uint64{0, 0, 1, 1}},
		{63 * time.Minute, [4]uint64{0, 0, 0, 1}},
		{24 * time.Hour, [4]uint64{0, 0, 0, 1}},
		{25 * time.Hour, [4]uint64{0, 0, 0, 0}},
		{10_000 * time.Hour, [4]uint64{0, 0, 0, 0}},
	}
	for _, test := range tests {
		p, clock := newTestPerformance(t)
		p.Record(search, time.Millisecond, true)
		clock.Add(test.after)
		if got := counts(p, search); got != test.want {
			t.Errorf("after %v: %v, want %v", test.after, got, test.want)
		}
	}
}

func TestNoCallLeavesAWindowTooEarlyWhereverInASlotItFell(t *testing.T) {
	for offset := time.Duration(0); offset < 15*time.Second; offset += 700 * time.Millisecond {
		p, clock := newTestPerformance(t)
		clock.Add(offset)
		p.Record(search, time.Millisecond, true)
		clock.Add(time.Minute)
		if got := counts(p, search)[0]; got != 1 {
			t.Errorf("offset %v: %d calls in 1m after a minute, want 1", offset, got)
		}
		clock.Add(5 * time.Second)
		if got := counts(p, search)[0]; got != 0 {
			t.Errorf("offset %v: %d calls in 1m after 65 s, want 0", offset, got)
		}
	}
}

func TestFiguresSayWhatWasRecorded(t *testing.T) {
	p, clock := newTestPerformance(t)
	for i := range 100 {
		p.Record(search, time.Duration(i+1)*time.Millisecond, i%4 != 0)
		clock.Add(100 * time.Millisecond)
	}
	for window, got := range p.Snapshot()[search] {
		for name, pair := range map[string][2]time.Duration{
			"p50": {got.P50, 50 * time.Millisecond},
			"p95": {got.P95, 95 * time.Millisecond},
			"p99": {got.P99, 99 * time.Millisecond},
		} {
			if off := math.Abs(float64(pair[0]-pair[1])) / float64(pair[1]); off > 0.02 {
				t.Errorf("%s %s: %v, want %v within 2 %%", window, name, pair[0], pair[1])
			}
		}
		got.P50, got.P95, got.P99 = 0, 0, 0
		want := Figures{Count: 100, Errors: 25, SuccessRate: 0.75, ErrorRate: 0.25, RatePerSecond: 10, Max: 100 * time.Millisecond}
		if got != want {
			t.Errorf("%s: %+v, want %+v", window, got, want)
		}
	}
}

func TestTheRateIsOverTheTimeTheWindowCovers(t *testing.T) {
	p, clock := newTestPerformance(t)
	for range 26 * 3600 {
		p.Record(search, time.Millisecond, true)
		clock.Add(time.Second)
	}
	for window, f := range p.Snapshot()[search] {
		if math.Abs(f.RatePerSecond-1) > 0.001 {
			t.Errorf("%s: %v per second, want 1", window, f.RatePerSecond)
		}
	}
}

func TestIdleSeriesStayWithZeros(t *testing.T) {
	p, clock := newTestPerformance(t)
	p.Record(search, time.Second, false)
	clock.Add(48 * time.Hour)
	want := map[string]map[string]Figures{search: {"1m": {}, "5m": {}, "1h": {}, "24h": {}}}
	if got := p.Snapshot(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestHourlyGivesTwentyFourPointsWithTheIdleOnesAtZero(t *testing.T) {
	p, clock := newTestPerformance(t)
	p.Record(search, time.Hour, false) // its slot's next turn is an idle hour, the one before the last
	clock.Add(4 * time.Hour)
	p.Record(search, 10*time.Millisecond, true)
	p.Record(search, 10*time.Millisecond, false)
	clock.Add(22*time.Hour + 30*time.Minute)
	p.Record(search, 20*time.Millisecond, true)

	points := p.Hourly(search)
	if len(points) != 24 {
		t.Fatalf("%d points, want 24", len(points))
	}
	first := time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)
	for i, got := range points {
		want := HourPoint{Start: first.Add(time.Duration(i) * time.Hour)}
		switch i {
		case 1:
			want.Count, want.Errors = 2, 1
		case 23:
			want.Count = 1
		}
		busy := got.P50 > 0 && got.P95 > 0 && got.P99 > 0
		got.P50, got.P95, got.P99 = 0, 0, 0
		if got != want || busy != (want.Count > 0) {
			t.Errorf("point %d: %+v (quantiles %v), want %+v", i, got, busy, want)
		}
	}
}

func TestHourlyOfAnUnknownSeriesIsNil(t *testing.T) {
	p, _ := newTestPerformance(t)
	if got := p.Hourly("never"); got != nil {
		t.Errorf("got %v, want nil", got)
	}
	if got := len(p.Hourly(OtherSeries)); got != 24 {
		t.Errorf("other: %d points, want 24", got)
	}
}

func TestAClockThatJumpsNeitherPanicsNorSpoilsTheWindows(t *testing.T) {
	p, clock := newTestPerformance(t)
	for _, jump := range []time.Duration{
		-time.Second, -7 * time.Minute, -30 * time.Hour, 3 * time.Hour, -80 * 365 * 24 * time.Hour,
		290 * 365 * 24 * time.Hour, -200 * 365 * 24 * time.Hour,
	} {
		p.Record(search, time.Millisecond, true)
		clock.Add(jump)
		p.Snapshot()
		p.Hourly(search)
	}
	clock.Add(-time.Hour)
	p.Record(search, time.Millisecond, true)
	if got, want := counts(p, search), [4]uint64{1, 1, 1, 1}; got != want {
		t.Errorf("after the jumps: %v, want %v", got, want)
	}
	clock.Add(65 * time.Second)
	p.Record(search, time.Millisecond, true)
	if got, want := counts(p, search), [4]uint64{1, 2, 2, 2}; got != want {
		t.Errorf("a minute later: %v, want %v", got, want)
	}
}

func TestAZeroClockWorks(t *testing.T) {
	p := NewPerformance(func() time.Time { return time.Time{} })
	p.Record(search, time.Millisecond, true)
	if got, want := counts(p, search), [4]uint64{1, 1, 1, 1}; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSeriesAreBoundedAndNothingIsLost(t *testing.T) {
	p, _ := newTestPerformance(t)
	const names = 1000
	for i := range names {
		p.Record(fmt.Sprintf("GET /%d", i), time.Millisecond, true)
	}
	p.Record("", time.Millisecond, true)
	p.Record(OtherSeries, time.Millisecond, false)
	p.Record("GET /0", time.Millisecond, true) // an early one still has its own

	snapshot := p.Snapshot()
	if got, want := len(snapshot), maxSeries+1; got != want {
		t.Errorf("%d series, want %d", got, want)
	}
	if got, want := snapshot[OtherSeries]["1m"].Count, uint64(names-maxSeries+2); got != want {
		t.Errorf("other has %d calls, want %d", got, want)
	}
	if got := snapshot["GET /0"]["1m"].Count; got != 2 {
		t.Errorf("GET /0 has %d calls, want 2", got)
	}
}

func TestOtherIsAbsentUntilItIsUsed(t *testing.T) {
	p, _ := newTestPerformance(t)
	p.Record(search, time.Millisecond, true)
	if _, there := p.Snapshot()[OtherSeries]; there {
		t.Error("other is in the snapshot of a process that never needed it")
	}
}

func TestConcurrentRecordsAreAllCounted(t *testing.T) {
	p, clock := newTestPerformance(t)
	const workers, each = 8, 500
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := range each {
				p.Record(fmt.Sprintf("GET /%d", i%300), time.Duration(i)*time.Microsecond, i%2 == 0)
				if i%100 == 0 {
					clock.Add(time.Second)
					p.Snapshot()
					p.Hourly(fmt.Sprintf("GET /%d", w))
				}
			}
		})
	}
	all.Wait()
	var count, errs uint64
	for _, series := range p.Snapshot() {
		count += series["24h"].Count
		errs += series["24h"].Errors
	}
	if count != workers*each || errs != workers*each/2 {
		t.Errorf("%d calls and %d errors, want %d and %d", count, errs, workers*each, workers*each/2)
	}
}

func TestASeriesTakesAtMost300KiB(t *testing.T) {
	size := reflect.TypeFor[series]().Size()
	s := newSeries()
	for i := range s.rings {
		slots := uintptr(len(s.rings[i].slots))
		size += slots * (reflect.TypeFor[slot]().Size() + pageCount*reflect.TypeFor[page]().Size())
	}
	if size > 300<<10 {
		t.Errorf("a full series takes %d bytes, want at most %d", size, 300<<10)
	}
}

func TestRecordDoesNotAllocateOnceTheSlotsAreThere(t *testing.T) {
	p, clock := newTestPerformance(t)
	call := func() {
		p.Record(search, 12*time.Millisecond, true)
		clock.Add(5 * time.Second)
	}
	for range 26 * 720 { // every slot of every ring once around
		call()
	}
	if got := testing.AllocsPerRun(1000, call); got != 0 {
		t.Errorf("%v allocations per record, want 0", got)
	}
}

func BenchmarkRecord(b *testing.B) {
	p := NewPerformance(nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Record(search, time.Duration(i%1000)*time.Millisecond, true)
	}
}

func BenchmarkRecordParallel(b *testing.B) {
	p := NewPerformance(nil)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			p.Record(search, time.Duration(i%1000)*time.Millisecond, true)
		}
	})
}

func BenchmarkSnapshotOf40Series(b *testing.B) {
	p := NewPerformance(nil)
	for i := range 40_000 {
		p.Record(fmt.Sprintf("GET /%d", i%40), time.Duration(i%2000)*time.Millisecond, true)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.Snapshot()
	}
}
