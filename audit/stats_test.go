package audit

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

const goldenMetrics = `
# HELP snowgate_audit_batches_total Batches written to the database.
# TYPE snowgate_audit_batches_total counter
snowgate_audit_batches_total 1
# HELP snowgate_audit_chain_breaks_total Places where the chain in the spool does not go on.
# TYPE snowgate_audit_chain_breaks_total counter
snowgate_audit_chain_breaks_total 0
# HELP snowgate_audit_oldest_seconds Age of the oldest record in the spool.
# TYPE snowgate_audit_oldest_seconds gauge
snowgate_audit_oldest_seconds 7
# HELP snowgate_audit_pending_records Records in the spool, waiting for the database.
# TYPE snowgate_audit_pending_records gauge
snowgate_audit_pending_records 2
# HELP snowgate_audit_records_total Records of calls, sessions, bindings, messages and writes, by what became of them.
# TYPE snowgate_audit_records_total counter
snowgate_audit_records_total{state="accepted"} 3
snowgate_audit_records_total{state="dropped"} 1
snowgate_audit_records_total{state="inherited"} 2
snowgate_audit_records_total{state="torn"} 0
snowgate_audit_records_total{state="written"} 2
# HELP snowgate_audit_retries_total Writes repeated because the database failed.
# TYPE snowgate_audit_retries_total counter
snowgate_audit_retries_total 0
`

func TestCollectorShowsTheBooks(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1_800_000_000, 0)
	cfg := Config{Dir: dir, Now: func() time.Time { return now }, Batch: 3}
	first := openLog(t, cfg, &table{})
	feed(first, 0, 2)
	die(t, first)
	sink := &table{}
	sink.set(refuse("call-00001"))
	l := openLog(t, cfg, sink)
	feed(l, 2, 3)
	batch, err := l.spool.Next(t.Context(), cfg.Batch, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.write(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	now = now.Add(7 * time.Second)
	names := []string{
		"snowgate_audit_batches_total", "snowgate_audit_chain_breaks_total", "snowgate_audit_oldest_seconds",
		"snowgate_audit_pending_records", "snowgate_audit_records_total", "snowgate_audit_retries_total",
	}
	if err := testutil.CollectAndCompare(l.Collector(), strings.NewReader(goldenMetrics), names...); err != nil {
		t.Error(err)
	}
	// The two that follow the size on disk.
	for _, name := range []string{"snowgate_audit_spool_bytes", "snowgate_audit_spool_fill_ratio"} {
		if n := testutil.CollectAndCount(l.Collector(), name); n != 1 {
			t.Errorf("%s: %d times", name, n)
		}
	}
	if n := testutil.CollectAndCount(l.Collector()); n != 12 {
		t.Errorf("%d samples: a new metric belongs into the golden text", n)
	}
	if problems, err := testutil.CollectAndLint(l.Collector()); err != nil || len(problems) > 0 {
		t.Errorf("metric names: %v, %v", problems, err)
	}
}
