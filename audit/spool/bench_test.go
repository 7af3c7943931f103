package spool

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkAppend is the cost on a request's path: a chained record of 1 KiB. The median stands beside the mean, which
// has the new segments in it.
func BenchmarkAppend(b *testing.B) {
	for _, workers := range []int{1, 32} {
		b.Run(fmt.Sprintf("goroutines=%d", workers), func(b *testing.B) {
			s := open(b, Config{Dir: b.TempDir(), MaxBytes: 64 << 30, SyncEvery: time.Second})
			took := make([][]time.Duration, workers)
			for i := range took {
				took[i] = make([]time.Duration, 0, b.N)
			}
			b.ReportAllocs()
			b.ResetTimer()
			var all sync.WaitGroup
			for i := range workers {
				all.Go(func() { took[i] = timeAppends(b, s, took[i], b.N/workers) })
			}
			all.Wait()
			b.StopTimer()
			sorted := slices.Sorted(slices.Values(slices.Concat(took...)))
			if n := len(sorted); n > 0 {
				b.ReportMetric(float64(sorted[n/2]), "median-ns")
				b.ReportMetric(float64(sorted[n*99/100]), "p99-ns")
			}
		})
	}
}

func timeAppends(b *testing.B, s *Spool, took []time.Duration, n int) []time.Duration {
	payload, digest := make([]byte, 1<<10), Hash{1}
	for range n {
		start := time.Now()
		if err := s.Append(1, payload, &digest); err != nil {
			b.Error(err)
			return took
		}
		took = append(took, time.Since(start))
	}
	return took
}

// BenchmarkOpen is what a restart waits for with a backlog of 256 Ki records of 1 KiB.
func BenchmarkOpen(b *testing.B) {
	cfg := Config{Dir: b.TempDir()}
	s := open(b, cfg)
	fill(b, s, 256<<10)
	b.SetBytes(s.Stats().Bytes)
	shut(b, s)
	for b.Loop() {
		shut(b, open(b, cfg))
	}
}

// BenchmarkDrain is how fast a consumer gets records of 1 KiB, 500 at a time.
func BenchmarkDrain(b *testing.B) {
	s := open(b, Config{Dir: b.TempDir(), MaxBytes: 64 << 30})
	fill(b, s, b.N)
	b.ResetTimer()
	for s.Stats().Pending > 0 {
		commit(b, s, next(b, s, 500))
	}
}

func fill(b *testing.B, s *Spool, records int) {
	b.Helper()
	payload := make([]byte, 1<<10)
	for range records {
		if err := s.Append(1, payload, nil); err != nil {
			b.Fatal(err)
		}
	}
}
