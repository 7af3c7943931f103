package gateway

import (
	"strconv"
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
}

// durationBuckets are fitted to the 2.5 s deadline of a query: fine below it, one beyond.
var durationBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2, 2.5, 3, 5, 10}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "snowgate_http_requests_total", Help: "Requests answered, by the envelope's code.",
		}, []string{"method", "route", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "snowgate_http_request_duration_seconds", Help: "Time from the door to the answer.", Buckets: durationBuckets,
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

// observe counts a request. Its id is no label but an exemplar: where a scraper asks for OpenMetrics, each bucket names the
// last request that fell into it, and the trace of one that was recorded.
func (m *metrics) observe(method, route string, code int, took time.Duration, id, traceID string) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(code)).Inc()
	duration := m.duration.WithLabelValues(method, route)
	if with, ok := duration.(prometheus.ExemplarObserver); ok {
		example := prometheus.Labels{"request_id": id}
		if traceID != "" {
			example["trace_id"] = traceID
		}
		with.ObserveWithExemplar(took.Seconds(), example)
		return
	}
	duration.Observe(took.Seconds())
}
