package health

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

const exposition = `
# HELP snowgate_probe_duration_seconds How long the last look at a dependency took.
# TYPE snowgate_probe_duration_seconds gauge
snowgate_probe_duration_seconds{probe="erp"} 0.25
snowgate_probe_duration_seconds{probe="redis"} 0.25
# HELP snowgate_probe_last_timestamp_seconds When the last look at a dependency ended, in seconds since 1970.
# TYPE snowgate_probe_last_timestamp_seconds gauge
snowgate_probe_last_timestamp_seconds{probe="erp"} 1.00000000025e+09
snowgate_probe_last_timestamp_seconds{probe="redis"} 1.0000000005e+09
# HELP snowgate_probe_up Whether the last look at a dependency went well (1) or failed (0); absent while unknown.
# TYPE snowgate_probe_up gauge
snowgate_probe_up{probe="erp"} 1
snowgate_probe_up{probe="redis"} 0
`

func TestMetricsShowTheLastLooksAndNothingOfProbesNeverSeen(t *testing.T) {
	clock := &fakeClock{t: time.Unix(1e9, 0)}
	cfg := quiet()
	cfg.Now = clock.Now
	after := func(err error) func(context.Context) error {
		return func(context.Context) error { clock.Add(250 * time.Millisecond); return err }
	}
	m := NewMonitor(cfg, Probe{Name: "erp", Check: after(nil)}, Probe{Name: "redis", Check: after(errSick)},
		Probe{Name: "wechat", Check: after(nil)})
	look(t, m, "erp")
	look(t, m, "redis")

	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(m.Collector())
	if err := testutil.GatherAndCompare(registry, strings.NewReader(exposition)); err != nil {
		t.Error(err)
	}
	clock.Add(time.Hour)
	if n := testutil.CollectAndCount(m.Collector(), "snowgate_probe_up"); n != 0 {
		t.Errorf("%d snowgate_probe_up an hour after the last look, want 0", n)
	}
}
