package audit

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// counters count since the process started, beside what the spool counts. With the spool's own they make up the sum:
// they hold at any moment, for a record is entered here when the spool has let it go, and pending until then.
type counters struct {
	mu sync.Mutex
	books
}

type books struct {
	refused  int64 // records that the spool did not take
	settled  int64 // records that the spool has let go
	lost     int64 // of them, those that never came to the database: set aside, or destroyed on disk
	retries  int64
	batches  int64
	breaks   int64
	orphaned Stats // what came of the records of processes that did not come back
}

func (c *counters) refuse() { c.enter(func(b *books) { b.refused++ }) }
func (c *counters) broke()  { c.enter(func(b *books) { b.breaks++ }) }
func (c *counters) retry()  { c.enter(func(b *books) { b.retries++ }) }

// ship enters a batch: how many records the spool has let go so far, and how many the batch brought to the database.
func (c *counters) ship(committed, written int64) {
	c.enter(func(b *books) {
		b.batches++
		b.lost += committed - b.settled - written
		b.settled = committed
	})
}

func (c *counters) adopt(s Stats) {
	c.enter(func(b *books) {
		b.orphaned.Written += s.Written
		b.orphaned.Dropped += s.Dropped
		b.orphaned.Batches += s.Batches
		if s.Pending == 0 { // else its place will be opened again, and the same damage found
			b.orphaned.Torn += s.Torn
		}
		b.orphaned.Breaks += s.Breaks
	})
}

func (c *counters) enter(change func(*books)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.books)
}

// Stats are a Log's counters since its process started, and the state of its spool. What the spool held at the start
// and what was taken over from processes that did not come back (Inherited) was accepted by others:
// Accepted + Inherited = Written + Pending + Dropped.
type Stats struct {
	Accepted  int64
	Inherited int64
	Written   int64
	Pending   int64
	Dropped   int64 // the spool could not take it, or the database never will
	Retries   int64 // writes repeated because the database failed
	Batches   int64
	Breaks    int64 // places where the chain in the spool does not go on
	Torn      int64 // damaged records that were found in the spool
	Bytes     int64 // of the spool on disk
	OldestAge time.Duration
	Fill      float64 // 0..1 of the spool's bound
}

// Stats reads the counters.
func (l *Log) Stats() Stats {
	var b books
	l.count.enter(func(now *books) { b = *now })
	s := l.spool.Stats() // after the books, so that it has let go at least what they say
	return Stats{
		Accepted:  s.Appended + b.refused,
		Inherited: s.Pending + s.Committed - s.Appended + b.orphaned.Written + b.orphaned.Dropped,
		Written:   b.settled - b.lost + b.orphaned.Written,
		Pending:   s.Pending + s.Committed - b.settled,
		Dropped:   b.refused + b.lost + b.orphaned.Dropped,
		Retries:   b.retries,
		Breaks:    b.breaks + b.orphaned.Breaks,
		Batches:   b.batches + b.orphaned.Batches,
		Torn:      s.Torn + b.orphaned.Torn,
		Bytes:     s.Bytes, OldestAge: s.OldestAge, Fill: s.Fill,
	}
}

var (
	recordsDesc = prometheus.NewDesc("snowgate_audit_records_total",
		"Records of calls, sessions, bindings, messages and writes, by what became of them.", []string{"state"}, nil)
	batchesDesc = prometheus.NewDesc("snowgate_audit_batches_total", "Batches written to the database.", nil, nil)
	retriesDesc = prometheus.NewDesc("snowgate_audit_retries_total", "Writes repeated because the database failed.", nil, nil)
	breaksDesc  = prometheus.NewDesc("snowgate_audit_chain_breaks_total", "Places where the chain in the spool does not go on.", nil, nil)
	pendingDesc = prometheus.NewDesc("snowgate_audit_pending_records", "Records in the spool, waiting for the database.", nil, nil)
	bytesDesc   = prometheus.NewDesc("snowgate_audit_spool_bytes", "Size of the spool on disk.", nil, nil)
	fillDesc    = prometheus.NewDesc("snowgate_audit_spool_fill_ratio", "Share of the spool's bound that is used.", nil, nil)
	ageDesc     = prometheus.NewDesc("snowgate_audit_oldest_seconds", "Age of the oldest record in the spool.", nil, nil)
)

// Collector shows the counters to Prometheus.
func (l *Log) Collector() prometheus.Collector { return collector{l} }

type collector struct{ log *Log }

func (collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{recordsDesc, batchesDesc, retriesDesc, breaksDesc, pendingDesc, bytesDesc, fillDesc, ageDesc} {
		out <- d
	}
}

func (c collector) Collect(out chan<- prometheus.Metric) {
	s := c.log.Stats()
	counter := func(desc *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(desc *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v)
	}
	counter(recordsDesc, s.Accepted, "accepted")
	counter(recordsDesc, s.Inherited, "inherited")
	counter(recordsDesc, s.Written, "written")
	counter(recordsDesc, s.Dropped, "dropped")
	counter(recordsDesc, s.Torn, "torn")
	counter(batchesDesc, s.Batches)
	counter(retriesDesc, s.Retries)
	counter(breaksDesc, s.Breaks)
	gauge(pendingDesc, float64(s.Pending))
	gauge(bytesDesc, float64(s.Bytes))
	gauge(fillDesc, s.Fill)
	gauge(ageDesc, s.OldestAge.Seconds())
}
