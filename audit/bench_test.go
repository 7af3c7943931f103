package audit

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkCall is what a request pays for its record of about 1.5 KB. The figure to reach: 20 µs at the median.
func BenchmarkCall(b *testing.B) {
	l := openLog(b, Config{Dir: b.TempDir(), MaxBytes: 64 << 30, Replica: "gateway-1"}, &table{})
	c := fullCall()
	c.Response = `{"code":200,"data":{"orders":[` + strings.Repeat(`{"orderNo":"SO-20260504-001","name":"雪兽夹克"},`, 22) + `]}}`
	took := make([]time.Duration, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		c.CalledAt = time.Now()
		start := time.Now()
		l.Call(c)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2]), "median-ns")
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
	if dropped := l.Stats().Dropped; dropped > 0 {
		b.Errorf("%d records dropped", dropped)
	}
}
