package health

import "github.com/prometheus/client_golang/prometheus"

var (
	probeUp = prometheus.NewDesc("snowgate_probe_up",
		"Whether the last look at a dependency went well (1) or failed (0); absent while unknown.", []string{"probe"}, nil)
	probeDuration = prometheus.NewDesc("snowgate_probe_duration_seconds",
		"How long the last look at a dependency took.", []string{"probe"}, nil)
	probeTimestamp = prometheus.NewDesc("snowgate_probe_last_timestamp_seconds",
		"When the last look at a dependency ended, in seconds since 1970.", []string{"probe"}, nil)
)

// collector shows a Monitor's results to Prometheus at the moment of the scrape.
type collector struct{ monitor *Monitor }

// Collector returns the metrics snowgate_probe_up, snowgate_probe_duration_seconds and snowgate_probe_last_timestamp_seconds,
// labelled by probe name; there are as many label values as probes. A probe in state Unknown has no snowgate_probe_up, so
// that a fresh start is not mistaken for an outage; alert on the age of the timestamp for probes that stopped.
func (m *Monitor) Collector() prometheus.Collector { return collector{m} }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- probeUp
	ch <- probeDuration
	ch <- probeTimestamp
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, name string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, name)
	}
	for _, r := range c.monitor.Snapshot() {
		if r.CheckedAt.IsZero() {
			continue
		}
		gauge(probeDuration, r.Latency.Seconds(), r.Name)
		gauge(probeTimestamp, float64(r.CheckedAt.UnixMilli())/1000, r.Name)
		switch r.State {
		case Up:
			gauge(probeUp, 1, r.Name)
		case Down:
			gauge(probeUp, 0, r.Name)
		}
	}
}
