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
	"snowgate/health/board"
	"snowgate/internal/logline"
	"snowgate/session"
	"snowgate/sql"
	"snowgate/tracing"
	"snowgate/wxmsg"
)

// house is the wired program: the gateway, the roles that work beside it, and what has to be closed.
type house struct {
	gateway *gateway.Server
	audit   *audit.Log
	watch   watch
	// certificate is nil where a proxy in front ends TLS.
	certificate *certificate
	tracing     *tracing.Provider // nil: off
	roles       []func(context.Context) error
	closers     []io.Closer
	log         *slog.Logger
}

// build wires every room. Nothing is asked of the outside yet: what is away at start is no reason not to start.
func build(cfg *config.Config, sealer *session.Sealer, masker *mask.Masker, level *slog.LevelVar, log *slog.Logger) (_ *house, err error) {
	h := &house{log: log}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if h.certificate, err = openCertificate(cfg.Server.TLS, log); err != nil {
		return nil, err
	}
	if h.certificate != nil {
		registry.MustRegister(certificateGauge(h.certificate))
	}

	if h.tracing, err = h.openTracing(cfg); err != nil {
		return nil, err
	}
	store, rdb, err := h.openStore(cfg, sealer)
	if err != nil {
		return nil, err
	}
	h.watch = watch{health.NewPulse(nil), health.NewPerformance(nil), board.New(rdb, boardPrefix)}
	db, err := h.openLog(cfg)
	if err != nil {
		return nil, err
	}
	registry.MustRegister(h.audit.Collector())
	h.roles = append(h.roles, retention{db, store, cfg.Audit.Retention, cfg.ERP.Timezone, h.log}.run)
	wechat, err := wxmsg.New(wxmsg.Config{
		BaseURL: cfg.WeChat.BaseURL, AppID: cfg.WeChat.AppID, AppSecret: string(cfg.WeChat.AppSecret),
		Timeout: cfg.WeChat.Timeout, Logger: log, Tracer: h.tracing.Inside(),
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
	listed := &templates{}
	listed.list(cfg.WeChat.Templates)
	h.roles = append(h.roles, h.learnTemplates(listed, sender))
	parts := watched{store, db, erp, stock, wechat, messages}
	monitor, replica := h.newMonitor(cfg, parts), replicaName()
	alerts, err := h.newAlerts(cfg, replica, parts)
	if err != nil {
		return nil, err
	}
	monitor.OnVerdict(alerts.verdict)
	registry.MustRegister(monitor.Collector(), alerts)
	standby := &standbySwitch{client: erp, board: h.watch.board, log: log}
	if cfg.ERP.StandbyOrigin != "" {
		h.roles = append(h.roles, standby.run)
	}
	again := &reloader{started: cfg, level: level, log: log, templates: listed, alerts: alerts, monitor: monitor, certificate: h.certificate}
	again.current.Store(cfg)
	limiter := session.NewLimiter(store)
	settings := gatewayConfig(cfg, log)
	settings.LoginFailed, settings.Tracer = alerts.loginFailed, h.tracing.Door()
	h.gateway = gateway.New(settings, gateway.Deps{
		Sessions: store, Arrivals: limiter, Bindings: store, Attempts: store, Limiter: limiter, Once: store, Intents: store, Customers: store,
		WeChat: weChatCalls{wechat, h.watch.weChat}, Push: push, Messages: messages, Templates: listed,
		ERP: erp, Stock: stock, Sales: erp, Approvals: erp, Log: h.audit, Archive: archive{db}, Masker: masker,
		Monitor: monitor, Performance: h.watch.figures, Fleet: h.newFleet(replica), Alerts: alerts, Systems: parts.systems(), Standby: standby,
		Directory: store, Configuration: again.entries, Console: consoleFor(cfg), ConsoleSessions: store, Registry: registry,
	})
	again.gateway = h.gateway
	h.roles = append(h.roles, onHangup(again.reload))
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

// openTracing comes first of what is opened, so that it is closed last: the last spans are of the others' end.
func (h *house) openTracing(cfg *config.Config) (*tracing.Provider, error) {
	p, err := tracing.Open(context.Background(), tracing.Config{
		Endpoint: cfg.Tracing.Endpoint, SampleRatio: cfg.Tracing.SampleRatio, Instance: replicaName(), Version: buildVersion(), Logger: h.log,
	})
	if err != nil {
		return nil, err
	}
	h.closers = append(h.closers, p)
	return p, nil
}

func newSealer(cfg *config.Config) (*session.Sealer, error) {
	keys, err := session.ParseKeys(texts(cfg.Seal.Keys))
	if err != nil {
		return nil, fmt.Errorf("seal.keys: %w", err)
	}
	return session.NewSealer(keys)
}

func (h *house) openStore(cfg *config.Config, sealer *session.Sealer) (*session.Store, redis.UniversalClient, error) {
	rdb, err := session.DialWithin(string(cfg.Redis.URL), cfg.Redis.Timeout*3/4)
	if err != nil {
		return nil, nil, err
	}
	h.closers = append(h.closers, rdb)
	h.tracing.Redis(rdb)
	return session.NewStore(rdb, sealer, session.Config{
		TTL: cfg.Session.TTL, MaxAge: cfg.Session.MaxAge, MaxPerOpenID: cfg.Session.MaxPerOpenID, Timeout: cfg.Redis.Timeout,
		Wait: h.tracing.RedisWait(),
	}), rdb, nil
}

// openLog prepares the log's database and the writer in front of it. The schema is brought up to date beside the
// requests: the database may be away at start.
func (h *house) openLog(cfg *config.Config) (*sql.DB, error) {
	db, err := sql.OpenThrough(string(cfg.SQL.DSN), h.tracing.SQL())
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
	settings := audit.Config{Dir: cfg.Audit.SpoolDir, MaxBytes: cfg.Audit.SpoolMaxBytes, MaxAge: cfg.Audit.SpoolMaxAge, Replica: replicaName(), Logger: log}
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

// boardPrefix is that of the session store's keys.
const boardPrefix = "snowgate:"

// replicaName is this machine's, for people who look for the one that said something.
func replicaName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
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

func gatewayConfig(cfg *config.Config, log *slog.Logger) gateway.Config {
	binds := cfg.Limits.Binds
	limit := binds.Count
	if binds.None() {
		limit = -1
	}
	return gateway.Config{
		HTTPStatus: cfg.Server.HTTPStatus, QueryTimeout: cfg.Server.RequestTimeout, WriteTimeout: cfg.ERP.WriteTimeout, AdminTokens: texts(cfg.Admin.Tokens),
		TrustedProxies: networks(cfg.Server.TrustedProxies), MetricsNetworks: networks(cfg.Admin.MetricsNetworks), Zone: cfg.ERP.Timezone, Logger: log,
		ServiceKeys: texts(cfg.Service.Keys), EventMessages: eventMessages(cfg.WeChat.Events),
		BindWindow: binds.Per, BindLimit: limit, Limits: gateway.Limits{
			PerOpenID: rateOf(cfg.Limits.RequestsPerOpenID), PerIP: rateOf(cfg.Limits.RequestsPerIP), LoginsPerIP: rateOf(cfg.Limits.LoginsPerIP),
		},
		MaxInFlight: cfg.Server.MaxInFlight, HSTS: cfg.Server.BehindProxy || cfg.Server.TLS.Cert != "", Origins: cfg.Server.CORSOrigins,
		Version: buildVersion(),
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

// newLogger writes structured lines to stderr, masked by the one table of rules. Its level may be changed. What is not yet
// written when the program ends is lost without flush.
func newLogger(cfg *config.Config, level *slog.LevelVar, masker *mask.Masker, stderr io.Writer) (log *slog.Logger, flush func()) {
	level.Set(cfg.Log.Level)
	if cfg.Log.Format == "text" || cfg.Sandbox() && !cfg.Given("log.format") { // for eyes, which see each line as it comes
		return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: masker.Attr})), func() {}
	}
	lines := logline.Gather(stderr)
	return slog.New(logline.New(lines, level, masker.Attr)), lines.Flush
}
