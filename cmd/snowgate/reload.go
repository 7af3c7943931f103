package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"snowgate/cmd/snowgate/config"
	"snowgate/gateway"
	"snowgate/health"
)

// changeable are the keys, and sections of keys, that take effect without a restart.
var changeable = []string{
	"log.level", "limits.", "admin.", "service.keys", "wechat.templates", "wechat.events.", "server.trusted_proxies",
	"server.max_in_flight", "server.tls.", "alerts.webhooks",
}

func isChangeable(path string) bool {
	return slices.ContainsFunc(changeable, func(c string) bool { return path == c || strings.HasSuffix(c, ".") && strings.HasPrefix(path, c) })
}

// reloader puts a configuration that was read again in force, as far as that goes without a restart. Only its goroutine
// changes anything.
type reloader struct {
	started *config.Config
	current atomic.Pointer[config.Config] // of it the changeable keys are in force
	level   *slog.LevelVar
	log     *slog.Logger

	gateway     *gateway.Server
	templates   *templates
	alerts      *alertDesk
	monitor     *health.Monitor
	certificate *certificate // nil: TLS is ended elsewhere
}

// onHangup calls reload for every SIGHUP until ctx ends. Without a handler the signal would end the process, so it is
// caught from the beginning.
func onHangup(reload func()) func(context.Context) error {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	return func(ctx context.Context) error {
		defer signal.Stop(hangups)
		for {
			select {
			case <-hangups:
				reload()
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// reload reads the configuration again. What is wrong with it is told, and everything stays as it was.
func (r *reloader) reload() {
	if r.started.Sandbox() {
		r.log.Warn("the sandbox is not reloaded: its configuration was made for it")
		return
	}
	next, warnings, err := r.started.Again()
	if err == nil {
		err = r.check(next)
	}
	if err != nil {
		r.log.Error("configuration not reloaded, the last good one stays in force", "error", err)
		return
	}
	for _, w := range warnings {
		r.log.Warn("configuration", "warning", w)
	}
	r.apply(next)
}

// check tries what may fail in spite of a sound configuration, and changes nothing.
func (r *reloader) check(next *config.Config) error {
	if r.certificate == nil || next.Server.TLS.Cert == "" {
		return nil
	}
	return (&certificate{files: next.Server.TLS}).load()
}

// apply puts what is new in force.
func (r *reloader) apply(next *config.Config) {
	before := r.current.Load()
	changed := slices.DeleteFunc(config.Changed(before, next), func(path string) bool { return !isChangeable(path) })
	restart := slices.DeleteFunc(config.Changed(r.started, next), isChangeable)
	if r.certificate == nil != (next.Server.TLS.Cert == "") { // TLS itself is switched on or off
		tls := func(path string) bool { return strings.HasPrefix(path, "server.tls.") }
		changed, restart = slices.DeleteFunc(changed, tls), append(restart, "server.tls.cert")
	}
	r.level.Set(next.Log.Level)
	r.gateway.Reconfigure(gatewayConfig(next, r.log))
	r.templates.list(next.WeChat.Templates)
	if r.certificate != nil && next.Server.TLS.Cert != "" {
		r.certificate.use(next.Server.TLS)
	}
	if slices.Contains(changed, "alerts.webhooks") {
		if err := r.alerts.relieve(next.Alerts.Webhooks, r.monitor.Verdicts()); err != nil {
			r.log.Error("alerts.webhooks not reloaded", "error", err) // it was parsed before
		}
	}
	r.current.Store(next)
	r.log.Info("configuration reloaded", "changed", changed)
	if len(restart) > 0 {
		r.log.Warn("these keys need a restart, and stay as they were", "keys", restart)
	}
}

// entries are the configuration in force: of a key that needs a restart, as it was at the start.
func (r *reloader) entries() []gateway.ConfigEntry {
	now := r.current.Load().Entries()
	for i, old := range r.started.Entries() {
		if !isChangeable(old.Key) {
			now[i] = old
		}
	}
	return convert(now, func(e config.Entry) gateway.ConfigEntry {
		return gateway.ConfigEntry{Key: e.Key, Value: e.Value, Origin: e.Origin}
	})
}
