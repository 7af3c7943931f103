package board

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/health"
	"snowgate/health/alert"
)

func TestReplicasMeetOnMiniredis(t *testing.T) { replicasMeet(t, openMiniredis(t)) }

func TestReplicasMeetOnRedis(t *testing.T) {
	needRedis(t)
	replicasMeet(t, openRedis(t))
}

// started runs something until the test ends.
func started(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

// listener is a webhook that counts what it is told.
type listener struct{ told atomic.Int32 }

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	l.told.Add(1)
	_ = r.Body.Close()
	return &http.Response{StatusCode: http.StatusNoContent, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}}, nil
}

// gateway is what one replica has of this room.
type gateway struct {
	monitor *health.Monitor
	alerts  *alert.Manager
	fleet   *health.Fleet
	looks   atomic.Int32
}

func newGateway(t *testing.T, w *world, l *listener, sick *atomic.Bool) *gateway {
	t.Helper()
	g, quiet, b := &gateway{}, slog.New(slog.DiscardHandler), w.board()
	hooks, err := alert.Parse([]string{"json:https://alerts.example.invalid/"})
	if err != nil {
		t.Fatal(err)
	}
	g.alerts = alert.New(alert.Config{Webhooks: hooks, Board: b, Transport: l, Logger: quiet})
	check := func(context.Context) error {
		g.looks.Add(1)
		if sick.Load() {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	g.monitor = health.NewMonitor(health.Config{Interval: 100 * time.Millisecond, Board: b, Logger: quiet}, health.Probe{Name: "erp", Check: check, Timeout: 10 * time.Second})
	g.monitor.OnVerdict(alert.NewRules(g.alerts, alert.Sources{}, alert.Limits{}).Verdict)
	p := health.NewPerformance(nil)
	p.Record("GET /api/orders/search", time.Millisecond, true)
	g.fleet = health.NewFleet(p, health.FleetConfig{Board: b, Every: 50 * time.Millisecond, Logger: quiet})
	started(t, g.alerts.Run)
	started(t, g.monitor.Run)
	started(t, g.fleet.Run)
	return g
}

// replicasMeet keeps the whole room together on a Redis: one replica looks, both know, one tells, and figures add up.
func replicasMeet(t *testing.T, w *world) {
	var sick atomic.Bool
	l := &listener{}
	a := newGateway(t, w, l, &sick)
	w.eventually(t, "a leads and has looked", func() bool { return a.monitor.State("erp").State == health.Up })
	b := newGateway(t, w, l, &sick)
	w.eventually(t, "b knows", func() bool { return b.monitor.State("erp").State == health.Up })
	w.eventually(t, "figures add up", func() bool {
		r, err := b.fleet.All(t.Context())
		return err == nil && len(r.Replicas) == 2 && r.Series["GET /api/orders/search"]["1h"].Count == 2
	})
	sick.Store(true)
	w.eventually(t, "both raise it", func() bool { return len(a.alerts.Active()) == 1 && len(b.alerts.Active()) == 1 })
	w.eventually(t, "both know that people were told", func() bool {
		return !a.alerts.Active()[0].Told.IsZero() && !b.alerts.Active()[0].Told.IsZero()
	})
	if got := l.told.Load(); got != 1 {
		t.Errorf("people were told %d times, want once", got)
	}
}
