package erpclient

import (
	"testing"
	"time"
)

func TestPaceFollowsTheERP(t *testing.T) {
	tests := []struct {
		name     string
		answers  int
		took     func(n int) (took time.Duration, timedOut bool)
		min, max time.Duration
	}{
		{"starts from a usual ERP", 0, nil, paceStart, paceStart},
		{"a fast one", 30, func(int) (time.Duration, bool) { return 5 * time.Millisecond, false }, 4 * time.Millisecond, 7 * time.Millisecond},
		{"a slow one", 30, func(int) (time.Duration, bool) { return 800 * time.Millisecond, false }, 600 * time.Millisecond, time.Second},
		{"one that always times out is slower than the time it was given", 30,
			func(int) (time.Duration, bool) { return 500 * time.Millisecond, true }, 5 * time.Second, paceMax},
		{"a third of timeouts does not move it far", 60,
			func(n int) (time.Duration, bool) { return 100 * time.Millisecond, n%3 == 0 }, 50 * time.Millisecond, 200 * time.Millisecond},
		{"never below its floor", 200, func(int) (time.Duration, bool) { return 0, false }, paceMin, paceMin},
		{"never above its ceiling", 200, func(int) (time.Duration, bool) { return time.Hour, false }, paceMax, paceMax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPace()
			for n := range tt.answers {
				p.observe(tt.took(n))
			}
			if got := p.usual(); got < tt.min || got > tt.max {
				t.Errorf("got %s, want %s to %s", got, tt.min, tt.max)
			}
		})
	}
}

func TestPaceLeavesItsFloorAgain(t *testing.T) {
	p := newPace()
	for range 200 {
		p.observe(0, false)
	}
	for range 40 {
		p.observe(time.Second, false)
	}
	if got := p.usual(); got < 700*time.Millisecond {
		t.Errorf("got %s after 40 answers of 1 s", got)
	}
}
