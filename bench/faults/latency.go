package main

import (
	"math"
	"slices"
	"time"
)

// percentile is the exact nearest-rank percentile of the recorded times, p in (0, 1]; 0 when there are none.
func percentile(times []time.Duration, p float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(int(math.Ceil(p*float64(len(sorted))))-1, 0)]
}

func timesOf(answers []answer) []time.Duration {
	times := make([]time.Duration, len(answers))
	for i, a := range answers {
		times[i] = a.took
	}
	return times
}

func slowest(answers []answer) time.Duration { return percentile(timesOf(answers), 1) }
