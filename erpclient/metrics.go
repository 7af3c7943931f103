package erpclient

import "github.com/prometheus/client_golang/prometheus"

// metrics are the client's figures. Labels are bounded: channels, operations and kinds, never an id.
type metrics struct {
	registerer prometheus.Registerer
	attempts   *prometheus.CounterVec
	retries    prometheus.Counter
	coalesced  prometheus.Counter
	breakers   *prometheus.GaugeVec
}

// breakerValue is the gauge's value for each of gobreaker's state names.
var breakerValue = map[string]float64{"closed": 0, "half-open": 1, "open": 2}

func newMetrics(r prometheus.Registerer) *metrics {
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
	r.MustRegister(m.attempts, m.retries, m.coalesced, m.breakers)
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

func (m *metrics) watchInFlight(channel string, inFlight func() int) {
	m.registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "snowgate_erp_in_flight", Help: "Calls at the ERP at this moment.",
		ConstLabels: prometheus.Labels{"channel": channel},
	}, func() float64 { return float64(inFlight()) }))
}
