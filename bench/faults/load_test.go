package main

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestACrowdStopsAtItsLimit(t *testing.T) {
	var asked atomic.Int64
	got := crowd{clients: 8, limit: 100}.load(t.Context(), func(int) answer {
		asked.Add(1)
		return answer{code: 200}
	})
	if len(got) != 100 || asked.Load() != 100 {
		t.Errorf("%d answers, %d questions, want 100", len(got), asked.Load())
	}
}

// TestAStreamKeepsItsRateHoweverSlowTheAnswersAre keeps: slow answers do not make the load lighter.
func TestAStreamKeepsItsRateHoweverSlowTheAnswersAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := during(t.Context(), 10*time.Second, func(ctx context.Context) []answer {
			return stream(ctx, 100, func(int) answer {
				a := answer{start: time.Now(), took: 2 * time.Second}
				<-time.After(a.took)
				return a
			})
		})
		if n := len(got); n < 900 || n > 1100 {
			t.Errorf("%d requests in 10 s, want about 1000", n)
		}
	})
}

// TestAStreamsTimesCountFromWhenARequestWasDue keeps: a load that falls behind does not hide it.
func TestAStreamsTimesCountFromWhenARequestWasDue(t *testing.T) {
	due := time.Now()
	a := dueAt(due, answer{start: due.Add(300 * time.Millisecond), took: 50 * time.Millisecond})
	if a.took != 350*time.Millisecond || !a.start.Equal(due) {
		t.Errorf("got %s from %s, want 350 ms from %s", a.took, a.start, due)
	}
}
