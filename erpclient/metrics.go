package erpclient

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the client's figures. Labels are bounded: channels, operations and kinds, never an id.
type metrics struct {
	registerer prometheus.Registerer
	attempts   *prometheus.CounterVec
	retries    prometheus.Counter
	coalesced  prometheus.Counter
	breakers   *prometheus.GaugeVec

	retriesRefused prometheus.Counter
	stale          *prometheus.CounterVec
	waits          *prometheus.HistogramVec
	channels       *prometheus.GaugeVec
}

// breakerValue is the gauge's value for each of gobreaker's state names.
var breakerValue = map[string]float64{"closed": 0, "half-open": 1, "open": 2}

// newMetrics registers a system's figures beside those of others.
func newMetrics(r prometheus.Registerer, system string) *metrics {
	r = prometheus.WrapRegistererWith(prometheus.Labels{"system": cmp.Or(system, MainSystem)}, r)
	m := &metrics{
		registerer: r,
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "snowgate_erp_attempts_total", Help: "Calls tried at the ERP, by outcome: ok or the kind of failure.",
		}, []string{"channel", "op", "outcome"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "snowgate_erp_retries_total", Help: "Attempts beyond the first.",
		}),
		coalesced: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "snowgate_erp_coalesced_total", Help: "Questions answered by another caller's identical call in flight.",
		}),
		breakers: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "snowgate_erp_breaker_state", Help: "Circuit breaker: 0 closed, 1 half-open, 2 open.",
		}, []string{"channel", "class"}),
	}
	m.retriesRefused = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "snowgate_erp_retries_refused_total", Help: "Retries that the retry budget did not grant.",
	})
	m.stale = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "snowgate_erp_stale_served_total", Help: "Questions answered with the last good answer.",
	}, []string{"op"})
	m.waits = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "snowgate_erp_slot_wait_seconds", Help: "Waits for a slot in flight, of those who had to wait.",
		Buckets: []float64{.001, .005, .01, .025, .05, .1, .25},
	}, []string{"channel"})
	m.channels = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "snowgate_erp_channel_in_use", Help: "1 for the channel that reads ask first.",
	}, []string{"channel"})
	r.MustRegister(m.attempts, m.retries, m.coalesced, m.breakers, m.retriesRefused, m.stale, m.waits, m.channels)
	return m
}

func (m *metrics) attempt(channel, op string, k Kind) {
	outcome := string(k)
	if k == "" {
		outcome = "ok"
	}
	m.attempts.WithLabelValues(channel, op, outcome).Inc()
}

// breakerGauge returns what keeps one breaker's gauge, which starts closed.
func (m *metrics) breakerGauge(channel string, class Class) func(state string) {
	gauge := m.breakers.WithLabelValues(channel, string(class))
	gauge.Set(breakerValue["closed"])
	return func(state string) { gauge.Set(breakerValue[state]) }
}

// waited returns what takes the waits for one channel's slots.
func (m *metrics) waited(channel string) func(time.Duration) {
	histogram := m.waits.WithLabelValues(channel)
	return func(d time.Duration) { histogram.Observe(d.Seconds()) }
}

func (m *metrics) inUse(channel string, used bool) {
	value := 0.0
	if used {
		value = 1
	}
	m.channels.WithLabelValues(channel).Set(value)
}

func (m *metrics) watchBudget(left func() int) {
	m.registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "snowgate_erp_retry_budget", Help: "Retries that would be granted at this moment.",
	}, func() float64 { return float64(left()) }))
}

func (m *metrics) watchInFlight(channel string, inFlight func() int) {
	m.registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "snowgate_erp_in_flight", Help: "Calls at the ERP at this moment.",
		ConstLabels: prometheus.Labels{"channel": channel},
	}, func() float64 { return float64(inFlight()) }))
}
