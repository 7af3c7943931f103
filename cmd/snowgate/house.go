package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/redis/go-redis/v9"

	"snowgate/audit"
	"snowgate/audit/mask"
	"snowgate/cmd/snowgate/config"
	"snowgate/erpclient"
	"snowgate/gateway"
	"snowgate/health"
	"snowgate/session"
	"snowgate/sql"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

// house is the wired program: the gateway, the roles that work beside it, and what has to be closed.
type house struct {
	gateway *gateway.Server
	audit   *audit.Log
	roles   []func(context.Context) error
	closers []io.Closer
	log     *slog.Logger
}

// build wires every room. Nothing is asked of the outside yet: what is away at start is no reason not to start.
func build(cfg *config.Config, sealer *session.Sealer, masker *mask.Masker, log *slog.Logger) (_ *house, err error) {
	h := &house{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	store, rdb, err := h.openStore(cfg, sealer)
	if err != nil {
		return nil, err
	}
	db, err := h.openLog(cfg)
	if err != nil {
		return nil, err
	}
	registry.MustRegister(h.audit.Collector())
	h.roles = append(h.roles, retention{db, store, cfg.Audit.Retention, cfg.ERP.Timezone, h.log}.run)
	wechat, err := wxmsg.New(wxmsg.Config{
		BaseURL: cfg.WeChat.BaseURL, AppID: cfg.WeChat.AppID, AppSecret: string(cfg.WeChat.AppSecret),
		Timeout: cfg.WeChat.Timeout, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	contract := erpclient.NewContract(h.log, registry, nil)
	erp, err := h.newERPClient(cfg, store, contract, registry)
	if err != nil {
		return nil, err
	}
	stock, err := h.newStockClient(cfg, erp, store, contract, registry)
	if err != nil {
		return nil, err
	}
	push, err := newPush(cfg)
	if err != nil {
		return nil, err
	}
	sender := wxmsg.NewSender(wechat, wxmsg.NewTokens(wechat, store, wxmsg.CountTokens(registry)))
	messages, err := h.openQueue(cfg, rdb, sealer, sender, registry)
	if err != nil {
		return nil, err
	}
	listed := &templates{listed: cfg.WeChat.Templates}
	h.roles = append(h.roles, h.learnTemplates(listed, sender))
	monitor := h.newMonitor(cfg, store, db, erp, wechat, messages)
	registry.MustRegister(monitor.Collector())
	h.gateway = gateway.New(gatewayConfig(cfg, log), gateway.Deps{
		Sessions: store, Bindings: store, Attempts: store, Limiter: session.NewLimiter(store), Once: store, Intents: store, Customers: store,
		WeChat: wechat, Push: push, Messages: messages, Templates: listed,
		ERP: erp, Stock: stock, Sales: erp, Approvals: erp, Log: h.audit, Archive: archive{db},
		Masker: masker, Monitor: monitor, Performance: health.NewPerformance(nil), Registry: registry,
	})
	return h, nil
}

// close closes what was opened, last first.
func (h *house) close() error {
	var errs []error
	for i := len(h.closers) - 1; i >= 0; i-- {
		errs = append(errs, h.closers[i].Close())
	}
	return errors.Join(errs...)
}

func newSealer(cfg *config.Config) (*session.Sealer, error) {
	keys, err := session.ParseKeys(texts(cfg.Seal.Keys))
	if err != nil {
		return nil, fmt.Errorf("seal.keys: %w", err)
	}
	return session.NewSealer(keys)
}

func (h *house) openStore(cfg *config.Config, sealer *session.Sealer) (*session.Store, redis.UniversalClient, error) {
	rdb, err := session.Dial(string(cfg.Redis.URL))
	if err != nil {
		return nil, nil, err
	}
	h.closers = append(h.closers, rdb)
	return session.NewStore(rdb, sealer, session.Config{
		TTL: cfg.Session.TTL, MaxAge: cfg.Session.MaxAge, MaxPerOpenID: cfg.Session.MaxPerOpenID,
	}), rdb, nil
}

// openLog prepares the log's database and the writer in front of it. The schema is brought up to date beside the
// requests: the database may be away at start.
func (h *house) openLog(cfg *config.Config) (*sql.DB, error) {
	db, err := sql.Open(string(cfg.SQL.DSN))
	if err != nil {
		return nil, err
	}
	h.closers = append(h.closers, db)
	h.audit, err = openAudit(cfg, h.log, auditSink{db})
	if err != nil {
		return nil, err
	}
	h.roles = append(h.roles, func(ctx context.Context) error {
		if cfg.SQL.AutoMigrate {
			h.migrateUntilDone(ctx, db)
		}
		return h.audit.Run(ctx)
	})
	return db, nil
}

// openAudit opens the spool. Where nobody named its folder and the usual one is not ours to write, it stands in the
// system's folder for temporary files: kill -9 loses nothing there, a restart of the machine may.
func openAudit(cfg *config.Config, log *slog.Logger, sink audit.Sink) (*audit.Log, error) {
	replica, err := os.Hostname()
	if err != nil {
		replica = "unknown"
	}
	settings := audit.Config{Dir: cfg.Audit.SpoolDir, MaxBytes: cfg.Audit.SpoolMaxBytes, MaxAge: cfg.Audit.SpoolMaxAge, Replica: replica, Logger: log}
	opened, err := audit.Open(settings, sink)
	if errors.Is(err, fs.ErrPermission) && !cfg.Given("audit.spool_dir") {
		settings.Dir = filepath.Join(os.TempDir(), "snowgate-spool")
		log.Warn("audit.spool_dir is not set and the usual folder cannot be written", "instead", settings.Dir)
		opened, err = audit.Open(settings, sink)
	}
	if err != nil {
		return nil, fmt.Errorf("audit.spool_dir: %w", err)
	}
	return opened, nil
}

// migrateRetry is how long to wait before the database is asked again.
const migrateRetry = 5 * time.Second

func (h *house) migrateUntilDone(ctx context.Context, db *sql.DB) {
	for ctx.Err() == nil {
		applied, err := db.Migrate(ctx)
		if err == nil {
			if len(applied) > 0 {
				h.log.Info("schema brought up to date", "migrations", len(applied))
			}
			return
		}
		h.log.Warn("schema not brought up to date", "error", err, "retry_in", migrateRetry.String())
		pause(ctx, migrateRetry)
	}
}

// newPush reads WeChat's pushes, or is nil where no token is configured.
func newPush(cfg *config.Config) (gateway.Push, error) {
	if cfg.WeChat.CallbackToken == "" {
		return nil, nil
	}
	return wxmsg.NewPush(string(cfg.WeChat.CallbackToken), string(cfg.WeChat.CallbackAESKey), cfg.WeChat.AppID)
}

// redisEvery is how often Redis is probed: readiness hangs on it, and one small write costs nothing.
const redisEvery = 2 * time.Second

func (h *house) newMonitor(cfg *config.Config, store *session.Store, db *sql.DB, erp *erpclient.Client, wechat *wxmsg.Client, messages *queue.Queue) *health.Monitor {
	probes := []health.Probe{
		{Name: gateway.ProbeRedis, Check: store.Ping, Every: min(redisEvery, cfg.Health.Interval)},
		{Name: gateway.ProbeSQL, Check: db.Ping},
		{Name: gateway.ProbeAudit, Check: h.audit.Health},
		{Name: gateway.ProbeMessages, Check: messages.Health},
		{Name: gateway.ProbeERP, Check: erp.Probe},
		{Name: gateway.ProbeWeChat, Check: func(ctx context.Context) error {
			return errors.Join(wechat.Misconfigured(), wechat.Probe(ctx))
		}},
	}
	if cfg.ERP.StandbyOrigin != "" {
		probes = append(probes, health.Probe{Name: gateway.ProbeStandby, Check: erp.ProbeStandby})
	}
	monitor := health.NewMonitor(health.Config{Interval: cfg.Health.Interval, Logger: h.log}, probes...)
	h.roles = append(h.roles, monitor.Run)
	return monitor
}

func gatewayConfig(cfg *config.Config, log *slog.Logger) gateway.Config {
	binds := cfg.Limits.Binds
	limit := binds.Count
	if binds.None() {
		limit = -1
	}
	return gateway.Config{
		HTTPStatus: cfg.Server.HTTPStatus, QueryTimeout: cfg.Server.RequestTimeout, AdminTokens: texts(cfg.Admin.Tokens),
		TrustedProxies: networks(cfg.Server.TrustedProxies), MetricsNetworks: networks(cfg.Admin.MetricsNetworks), Zone: cfg.ERP.Timezone, Logger: log,
		ServiceKeys: texts(cfg.Service.Keys), EventMessages: eventMessages(cfg.WeChat.Events),
		BindWindow: binds.Per, BindLimit: limit, Limits: gateway.Limits{
			PerOpenID: rateOf(cfg.Limits.RequestsPerOpenID), PerIP: rateOf(cfg.Limits.RequestsPerIP), LoginsPerIP: rateOf(cfg.Limits.LoginsPerIP),
		},
		MaxInFlight: cfg.Server.MaxInFlight, HSTS: cfg.Server.BehindProxy || cfg.Server.TLS.Cert != "", Origins: cfg.Server.CORSOrigins,
	}
}

func rateOf(r config.Rate) session.Rate { return session.Rate{Count: r.Count, Per: r.Per} }

func texts(secrets []config.Secret) []string {
	return convert(secrets, func(s config.Secret) string { return string(s) })
}

func networks(prefixes []netip.Prefix) []*net.IPNet {
	return convert(prefixes, func(p netip.Prefix) *net.IPNet {
		return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
	})
}

// newLogger writes structured lines to stderr, masked by the one table of rules.
func newLogger(cfg *config.Config, masker *mask.Masker, stderr io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.Log.Level, ReplaceAttr: masker.Attr}
	if cfg.Log.Format == "text" || cfg.Sandbox() && !cfg.Given("log.format") {
		return slog.New(slog.NewTextHandler(stderr, options))
	}
	return slog.New(slog.NewJSONHandler(stderr, options))
}
