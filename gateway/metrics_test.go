package gateway

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// exemplarOf is the request that a route's buckets name.
func exemplarOf(t *testing.T, r *prometheus.Registry) (id string, count uint64) {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "snowgate_http_request_duration_seconds" {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		for _, b := range h.GetBucket() {
			id += idOf(b)
		}
		return id, h.GetSampleCount()
	}
	return "", 0
}

func idOf(b *dto.Bucket) string {
	if b.GetExemplar() == nil {
		return ""
	}
	return b.GetExemplar().GetLabel()[0].GetValue()
}

// A bucket names its first request at once, and another one when a second has passed; every request is counted.
func TestABucketNamesARequestOfItsLastSecond(t *testing.T) {
	r := prometheus.NewRegistry()
	m := newMetrics(r)
	at := time.Unix(1_800_000_000, 0)
	f := m.of(outcome{"GET", "/api/orders/search", 200})
	for i, step := range []struct {
		after time.Duration
		want  string
	}{{0, "a"}, {exemplarEvery - 1, "a"}, {exemplarEvery, "c"}, {exemplarEvery + 1, "c"}} {
		f.observe(at.Add(step.after), 3*time.Millisecond, string(rune('a'+i)), "")
		if id, n := exemplarOf(t, r); id != step.want || n != uint64(i+1) {
			t.Errorf("after %v: named %s of %d", step.after, id, n)
		}
	}
	f.observe(at.Add(exemplarEvery+2), time.Hour, "z", "") // the bucket beyond the last
	if id, n := exemplarOf(t, r); id != "cz" || n != 5 {
		t.Errorf("named %s of %d", id, n)
	}
	if m.of(outcome{"GET", "/api/orders/search", 200}) != f || m.of(outcome{"GET", "/api/orders/search", 404}) == f {
		t.Error("meters are not those of the outcome")
	}
}

func BenchmarkObserve(b *testing.B) {
	m := newMetrics(prometheus.NewRegistry())
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		m.of(outcome{"GET", "/api/orders/search", 200}).observe(now, 3*time.Millisecond, "0198c0de-1234-7abc-8def-13812345678a", "")
	}
}
