package alert

import "github.com/prometheus/client_golang/prometheus"

var (
	sentDesc = prometheus.NewDesc("snowgate_alerts_sent_total",
		"Deliveries of alerts, by webhook: sent (messages), failed (attempts), dropped (messages never delivered).", []string{"channel", "outcome"}, nil)
	pendingDesc = prometheus.NewDesc("snowgate_alerts_pending",
		"Alerts waiting to be delivered, by webhook.", []string{"channel"}, nil)
	activeDesc = prometheus.NewDesc("snowgate_alert_active",
		"Alerts that last, as this replica sees it; absent when over.", []string{"alert", "severity"}, nil)
)

type collector struct{ manager *Manager }

// Collector returns snowgate_alerts_sent_total and snowgate_alerts_pending, labelled by the webhook's name, and
// snowgate_alert_active, labelled by the alert's key: there are as many as things that can be wrong.
func (m *Manager) Collector() prometheus.Collector { return collector{m} }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	ch <- sentDesc
	ch <- pendingDesc
	ch <- activeDesc
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	sent := func(n int, name, outcome string) {
		ch <- prometheus.MustNewConstMetric(sentDesc, prometheus.CounterValue, float64(n), name, outcome)
	}
	for _, s := range c.manager.Status() {
		sent(s.Sent, s.Name, "sent")
		sent(s.Failed, s.Name, "failed")
		sent(s.Dropped, s.Name, "dropped")
		ch <- prometheus.MustNewConstMetric(pendingDesc, prometheus.GaugeValue, float64(s.Pending), s.Name)
	}
	for _, a := range c.manager.Active() {
		ch <- prometheus.MustNewConstMetric(activeDesc, prometheus.GaugeValue, 1, a.Key, string(a.Severity))
	}
}
