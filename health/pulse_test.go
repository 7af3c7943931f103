package health

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestAPulseForgetsWhatIsOlderThanItsWindow(t *testing.T) {
	clock := &fakeClock{t: time.Unix(1e9, 0)}
	p := NewPulse(clock.Now)
	for second := range 100 {
		p.Record("erp", second%10 != 0)
		clock.Add(time.Second)
	}
	clock.Add(-time.Second)
	for window, want := range map[time.Duration][2]int{
		-time.Second: {0, 0}, 0: {0, 0}, time.Second: {1, 0}, 10 * time.Second: {10, 1}, 30 * time.Second: {30, 3}, time.Hour: {30, 3},
	} {
		if calls, failures := p.Rates("erp", window); calls != want[0] || failures != want[1] {
			t.Errorf("%v: %d of %d, want %d of %d", window, failures, calls, want[1], want[0])
		}
	}
	clock.Add(-time.Hour)
	if calls, _ := p.Rates("erp", time.Minute); calls != 0 {
		t.Errorf("%d calls from the future", calls)
	}
	if calls, _ := p.Rates("nobody", time.Minute); calls != 0 {
		t.Errorf("%d calls of nobody", calls)
	}
}

func TestANilPulseCountsNothing(t *testing.T) {
	var p *Pulse
	p.Record("erp", true)
	if calls, failures := p.Rates("erp", time.Minute); calls != 0 || failures != 0 {
		t.Errorf("%d of %d", failures, calls)
	}
}

func TestPartsOfAPulseAreBounded(t *testing.T) {
	p := NewPulse(nil)
	for i := range 3 * maxPulses {
		p.Record(fmt.Sprint(i), true)
	}
	if got := len(*p.known.Load()); got != maxPulses {
		t.Errorf("%d parts, want %d", got, maxPulses)
	}
}

func TestConcurrentPulsesAreAllCounted(t *testing.T) {
	clock := &fakeClock{t: time.Unix(1e9, 0)}
	p := NewPulse(clock.Now)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 1000 {
				p.Record(fmt.Sprint(i%5), i%2 == 0)
				p.Rates("1", time.Minute)
			}
		})
	}
	all.Wait()
	if calls, failures := p.Rates("3", 30*time.Second); calls != 1600 || failures != 800 {
		t.Errorf("%d of %d, want 800 of 1600", failures, calls)
	}
}

func BenchmarkPulse(b *testing.B) {
	p := NewPulse(nil)
	b.ReportAllocs()
	for b.Loop() {
		p.Record("erp", true)
	}
}
