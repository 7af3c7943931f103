package audit

import "github.com/prometheus/client_golang/prometheus"

// Stats are a Log's counters since it was made. Accepted = Written + Pending + Dropped, always.
type Stats struct {
	Accepted int64 // records handed to the Log
	Written  int64 // records the Sink has taken
	Pending  int64 // records in hand
	Dropped  int64 // records given up: buffer full, refused by the Sink, or left over at Close
	Retries  int64 // writes repeated because the Sink failed
}

// Stats reads the counters.
func (l *Log) Stats() Stats {
	var sum Stats
	for _, s := range l.lanes() {
		sum = sum.plus(s.stats())
	}
	return sum
}

func (s Stats) plus(other Stats) Stats {
	return Stats{
		Accepted: s.Accepted + other.Accepted,
		Written:  s.Written + other.Written,
		Pending:  s.Pending + other.Pending,
		Dropped:  s.Dropped + other.Dropped,
		Retries:  s.Retries + other.Retries,
	}
}

var (
	recordsDesc = prometheus.NewDesc("snowgate_audit_records_total",
		"Records of calls, sessions and bindings: accepted = written + pending + dropped.", []string{"state"}, nil)
	pendingDesc = prometheus.NewDesc("snowgate_audit_pending_records",
		"Records in hand, waiting for the database.", nil, nil)
	retriesDesc = prometheus.NewDesc("snowgate_audit_retries_total",
		"Writes repeated because the database failed.", nil, nil)
)

// Collector shows the counters to Prometheus: snowgate_audit_records_total{state="accepted"|"written"|"dropped"},
// snowgate_audit_pending_records and snowgate_audit_retries_total.
func (l *Log) Collector() prometheus.Collector { return collector{l} }

type collector struct{ log *Log }

func (collector) Describe(out chan<- *prometheus.Desc) {
	out <- recordsDesc
	out <- pendingDesc
	out <- retriesDesc
}

func (c collector) Collect(out chan<- prometheus.Metric) {
	s := c.log.Stats()
	counter := func(desc *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
	}
	counter(recordsDesc, s.Accepted, "accepted")
	counter(recordsDesc, s.Written, "written")
	counter(recordsDesc, s.Dropped, "dropped")
	counter(retriesDesc, s.Retries)
	out <- prometheus.MustNewConstMetric(pendingDesc, prometheus.GaugeValue, float64(s.Pending))
}
