package main

import (
	"testing"
	"time"
)

// TestPercentileIsTheNearestRank keeps: no interpolation, a recorded time is told, whatever their order.
func TestPercentileIsTheNearestRank(t *testing.T) {
	times := []time.Duration{40, 10, 30, 20}
	for _, tt := range []struct {
		name  string
		times []time.Duration
		p     float64
		want  time.Duration
	}{
		{"median of an even number", times, 0.5, 20},
		{"99th of few is the largest", times, 0.99, 40},
		{"largest", times, 1, 40},
		{"smallest", times, 0.01, 10},
		{"one", []time.Duration{7}, 0.99, 7},
		{"none", nil, 0.99, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := percentile(tt.times, tt.p); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
	if times[0] != 40 {
		t.Error("the caller's times were sorted")
	}
}
