package gateway

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the HTTP surface's figures. The route label is the template, the method one of a known few: both bounded.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter
	shed     prometheus.Counter

	mu    sync.RWMutex
	known map[outcome]*meters
}

const buckets = 15

// durationBuckets are fitted to the 2.5 s deadline of a query: fine below it, one beyond.
var durationBuckets = [buckets]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 2.5, 3, 5, 10}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		known: map[outcome]*meters{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "snowgate_http_requests_total", Help: "Requests answered, by the envelope's code.",
		}, []string{"method", "route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "snowgate_http_request_duration_seconds", Help: "Time from the door to the answer.", Buckets: durationBuckets[:],
		}, []string{"method", "route"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "snowgate_http_in_flight", Help: "Requests in hand at this moment.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "snowgate_http_panics_total", Help: "Requests that ended in a panic: each is a defect.",
		}),
		shed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "snowgate_http_shed_total", Help: "Requests turned away because too many were in hand.",
		}),
	}
	r.MustRegister(m.requests, m.duration, m.inFlight, m.panics, m.shed)
	return m
}

// outcome is what requests are counted by.
type outcome struct {
	method, route string
	code          int
}

// meters are those of one outcome: finding them by their labels costs more than counting.
type meters struct {
	series   string // method and route, as health.Performance knows them
	requests prometheus.Counter
	duration prometheus.Observer
	// named is when each bucket last got an exemplar, in Unix nanoseconds.
	named [buckets + 1]atomic.Int64
}

// of finds an outcome's meters. There are as many as routes times codes.
func (m *metrics) of(o outcome) *meters {
	m.mu.RLock()
	f := m.known[o]
	m.mu.RUnlock()
	if f != nil {
		return f
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known[o] == nil {
		m.known[o] = &meters{
			series: o.method + " " + o.route, requests: m.requests.WithLabelValues(o.method, o.route, strconv.Itoa(o.code)),
			duration: m.duration.WithLabelValues(o.method, o.route),
		}
	}
	return m.known[o]
}

// exemplarEvery is how old a bucket's exemplar may get while requests fall into it. Each costs as much as all other counting.
const exemplarEvery = time.Second

// observe counts a request that ended now. Its id is no label but an exemplar: where a scraper asks for OpenMetrics, each bucket
// names a request that fell into it in the second up to its last, and the trace of one that was recorded.
func (f *meters) observe(now time.Time, took time.Duration, id, traceID string) {
	f.requests.Inc()
	seconds := took.Seconds()
	bucket, _ := slices.BinarySearch(durationBuckets[:], seconds)
	named := &f.named[bucket]
	with, ok := f.duration.(prometheus.ExemplarObserver)
	if at := named.Load(); ok && now.UnixNano()-at >= int64(exemplarEvery) && named.CompareAndSwap(at, now.UnixNano()) {
		with.ObserveWithExemplar(seconds, exemplar(id, traceID))
		return
	}
	f.duration.Observe(seconds)
}

func exemplar(id, traceID string) prometheus.Labels {
	if traceID == "" {
		return prometheus.Labels{"request_id": id}
	}
	return prometheus.Labels{"request_id": id, "trace_id": traceID}
}
