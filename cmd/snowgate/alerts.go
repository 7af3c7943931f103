package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"snowgate/audit"
	"snowgate/cmd/snowgate/config"
	"snowgate/health"
	"snowgate/health/alert"
	"snowgate/wxmsg/queue"
)

// alertDesk tells people what is wrong. Its webhooks may be replaced while it runs: then a new manager takes over, which
// learns from the board what has been told. It is a gateway.Alerts.
type alertDesk struct {
	settings alert.Config // without webhooks
	sources  alert.Sources
	log      *slog.Logger
	shift    atomic.Pointer[alertShift]
	relieved chan struct{}
}

// alertShift is a manager with its rules.
type alertShift struct {
	*alert.Manager
	rules *alert.Rules
}

func newAlertDesk(settings alert.Config, sources alert.Sources, webhooks []config.Secret) (*alertDesk, error) {
	d := &alertDesk{settings: settings, sources: sources, log: settings.Logger, relieved: make(chan struct{}, 1)}
	s, err := d.newShift(webhooks)
	if err != nil {
		return nil, err
	}
	d.shift.Store(s)
	return d, nil
}

func (d *alertDesk) newShift(webhooks []config.Secret) (*alertShift, error) {
	hooks, err := alert.Parse(texts(webhooks))
	if err != nil {
		return nil, fmt.Errorf("alerts.webhooks: %w", err)
	}
	settings := d.settings
	settings.Webhooks = hooks
	manager := alert.New(settings)
	return &alertShift{manager, alert.NewRules(manager, d.sources, alert.Limits{})}, nil
}

// relieve replaces the webhooks. verdicts are how everything stands: the new rules have not seen it come.
func (d *alertDesk) relieve(webhooks []config.Secret, verdicts []health.Verdict) error {
	s, err := d.newShift(webhooks)
	if err != nil {
		return err
	}
	for _, v := range verdicts {
		s.rules.Verdict(health.Verdict{Name: v.Name, State: health.Unknown}, v)
	}
	d.shift.Store(s)
	select {
	case d.relieved <- struct{}{}:
	default: // who is at it will find the newest
	}
	return nil
}

// run works until ctx ends.
func (d *alertDesk) run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := d.work(ctx, d.shift.Load()); err != nil {
			return err
		}
	}
	return nil
}

// work runs one shift until it is relieved or ctx ends.
func (d *alertDesk) work(ctx context.Context, s *alertShift) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var work errgroup.Group
	work.Go(func() error { return s.Run(ctx) })
	work.Go(func() error { return s.rules.Run(ctx) })
	select {
	case <-ctx.Done():
	case <-d.relieved:
	}
	end()
	return work.Wait()
}

func (d *alertDesk) verdict(from, to health.Verdict) { d.shift.Load().rules.Verdict(from, to) }
func (d *alertDesk) loginFailed()                    { d.shift.Load().rules.LoginFailed() }

// Active and the others are the manager's.
func (d *alertDesk) Active() []alert.Active { return d.shift.Load().Active() }

// History is the manager's.
func (d *alertDesk) History(ctx context.Context) ([]alert.Entry, error) {
	return d.shift.Load().History(ctx)
}

// Status is the manager's.
func (d *alertDesk) Status() []alert.Status { return d.shift.Load().Status() }

// Test is the manager's.
func (d *alertDesk) Test(ctx context.Context) map[string]error { return d.shift.Load().Test(ctx) }

// Silence is the manager's.
func (d *alertDesk) Silence(ctx context.Context, w alert.Window) (alert.Window, error) {
	return d.shift.Load().Silence(ctx, w)
}

// Unsilence is the manager's.
func (d *alertDesk) Unsilence(ctx context.Context, id string) error {
	return d.shift.Load().Unsilence(ctx, id)
}

// Windows are the manager's.
func (d *alertDesk) Windows() []alert.Window { return d.shift.Load().Windows() }

// Describe implements prometheus.Collector.
func (d *alertDesk) Describe(out chan<- *prometheus.Desc) { d.shift.Load().Collector().Describe(out) }

// Collect implements prometheus.Collector.
func (d *alertDesk) Collect(out chan<- prometheus.Metric) { d.shift.Load().Collector().Collect(out) }

// alertSources are what the rules ask now and then.
func (h *house) alertSources(w watched) alert.Sources {
	sources := alert.Sources{
		Queue: func(ctx context.Context) (alert.Queue, error) {
			stats, err := w.messages.Stats(ctx)
			return queueFor(stats), err
		},
		Spool: func() alert.Spool { return spoolFor(h.audit.Stats()) },
	}
	if len(w.erp.Status().Channels) > 1 {
		sources.Standby = w.erp.OnStandby
	}
	if h.certificate != nil {
		sources.Certificates = func() []alert.Certificate {
			return []alert.Certificate{{Name: "server.tls", Ends: h.certificate.ends()}}
		}
	}
	return sources
}

func queueFor(s queue.Stats) alert.Queue {
	return alert.Queue{Waiting: s.Queued, Oldest: s.Oldest, Dead: s.Failed + s.Unknown}
}

func spoolFor(s audit.Stats) alert.Spool {
	return alert.Spool{Pending: s.Pending, Oldest: s.OldestAge, Fill: s.Fill}
}

// newAlerts makes the desk and has the verdicts go there.
func (h *house) newAlerts(cfg *config.Config, replica string, w watched) (*alertDesk, error) {
	desk, err := newAlertDesk(alert.Config{
		Board: h.watch.board, Replica: replica, Zone: cfg.ERP.Timezone, Logger: h.log,
	}, h.alertSources(w), cfg.Alerts.Webhooks)
	if err != nil {
		return nil, err
	}
	h.roles = append(h.roles, desk.run)
	return desk, nil
}

// testAlerts is "alert test": one message to every webhook, and what came of each.
func testAlerts(ctx context.Context, cfg *config.Config, stdout, _ io.Writer) error {
	hooks, err := alert.Parse(texts(cfg.Alerts.Webhooks))
	if err != nil {
		return fmt.Errorf("alerts.webhooks: %w", err)
	}
	if len(hooks) == 0 {
		return errors.New("alert test: alerts.webhooks is empty")
	}
	results := alert.New(alert.Config{Webhooks: hooks, Replica: replicaName(), Zone: cfg.ERP.Timezone}).Test(ctx)
	failed := 0
	for _, name := range slices.Sorted(maps.Keys(results)) {
		outcome := "ok"
		if err := results[name]; err != nil {
			outcome, failed = err.Error(), failed+1
		}
		_, _ = fmt.Fprintf(stdout, "%s: %s\n", name, outcome)
	}
	if failed > 0 {
		return fmt.Errorf("alert test: %d of %d webhooks did not take the message", failed, len(results))
	}
	return nil
}
