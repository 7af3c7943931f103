package queue

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	messagesDesc = prometheus.NewDesc("snowgate_messages", "Messages in the queue, by state; over all replicas.", []string{"state"}, nil)
	oldestDesc   = prometheus.NewDesc("snowgate_messages_oldest_seconds", "Age of the oldest queued message.", nil, nil)
)

// showFor is how long a look at Redis is shown: an old one would hide an outage.
const showFor = time.Minute

type metrics struct {
	sends   *prometheus.CounterVec
	credits *prometheus.CounterVec
}

// newMetrics registers what q counts, where there is a registry.
func newMetrics(registry prometheus.Registerer, q *Queue) (*metrics, error) {
	m := &metrics{
		sends: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "snowgate_message_sends_total",
			Help: "Sends by what they came to; unknown includes those a lost process left."}, []string{"outcome"}),
		credits: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "snowgate_message_credits_total",
			Help: "Changes to the consent ledger."}, []string{"change"}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.sends, m.credits, depth{q}} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// depth shows what Run has seen lately. A scrape never asks Redis: it would hang with it.
type depth struct{ q *Queue }

// Describe implements prometheus.Collector.
func (depth) Describe(out chan<- *prometheus.Desc) {
	out <- messagesDesc
	out <- oldestDesc
}

// Collect implements prometheus.Collector.
func (d depth) Collect(out chan<- prometheus.Metric) {
	seen := d.q.seen.Load()
	if seen == nil || time.Since(seen.at) > showFor {
		return
	}
	gauge := func(desc *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	gauge(messagesDesc, float64(seen.Queued-seen.Sending), "queued")
	gauge(messagesDesc, float64(seen.Sending), "sending")
	gauge(messagesDesc, float64(seen.Unknown), "unknown")
	gauge(messagesDesc, float64(seen.Failed), "failed")
	gauge(oldestDesc, seen.Oldest.Seconds())
}
