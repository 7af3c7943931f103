package config

import (
	"slices"
	"strings"
	"time"
)

// key ties a path of the file to the place in a Config it fills. The functions below are the whole list of what can be
// configured: file, environment, printing and the search for a nearest name all walk it.
type key struct {
	path  string
	value value
}

// variable is the key's name in the environment.
func (k key) variable() string { return variableOf(k.path) }

func variableOf(path string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "__"))
}

// keys returns every key, in the order in which they are printed.
func (c *Config) keys() []key {
	return slices.Concat(
		[]key{{"mode", oneOf(&c.Mode, ModeProduction, ModeSandbox)}},
		c.Server.keys(), c.storeKeys(), c.WeChat.keys(), c.ERP.keys(), c.Stock.keys(), c.Limits.keys(), c.accessKeys(),
		[]key{
			{"health.interval", duration(&c.Health.Interval, time.Second, time.Hour)},
			{"session.ttl", duration(&c.Session.TTL, time.Minute, 365*day)},
			{"session.max_age", duration(&c.Session.MaxAge, time.Minute, 365*day)},
			{"session.max_per_openid", number(&c.Session.MaxPerOpenID, 1, 1000)},
			{"log.level", level(&c.Log.Level)},
			{"log.format", oneOf(&c.Log.Format, "json", "text")},
			{"tracing.endpoint", collectorURL(&c.Tracing.Endpoint)},
			{"tracing.sample_ratio", share(&c.Tracing.SampleRatio)},
		},
	)
}

func (s *Server) keys() []key {
	return []key{
		{"server.listen", address(&s.Listen)},
		{"server.behind_proxy", boolean(&s.BehindProxy)},
		{"server.http_status", oneOf(&s.HTTPStatus, "auto", "real", "always-200")},
		{"server.trusted_proxies", networks(&s.TrustedProxies)},
		{"server.tls.cert", text(&s.TLS.Cert)},
		{"server.tls.key", text(&s.TLS.Key)},
		{"server.request_timeout", duration(&s.RequestTimeout, 100*time.Millisecond, time.Minute)},
		{"server.drain_timeout", duration(&s.DrainTimeout, 100*time.Millisecond, 10*time.Minute)},
		{"server.max_in_flight", number(&s.MaxInFlight, 1, 1_000_000)},
		{"server.cors_origins", origins(&s.CORSOrigins)},
	}
}

func (c *Config) storeKeys() []key {
	return []key{
		{"redis.url", redisURL(&c.Redis.URL)},
		{"redis.timeout", duration(&c.Redis.Timeout, 50*time.Millisecond, time.Minute)},
		{"sql.dsn", dsn(&c.SQL.DSN)},
		{"sql.auto_migrate", boolean(&c.SQL.AutoMigrate)},
		{"audit.spool_dir", text(&c.Audit.SpoolDir)},
		{"audit.spool_max_bytes", size(&c.Audit.SpoolMaxBytes)},
		{"audit.spool_max_age", duration(&c.Audit.SpoolMaxAge, time.Minute, 365*day)},
		{"audit.retention", duration(&c.Audit.Retention, day, 3650*day)},
	}
}

func (w *WeChat) keys() []key {
	return slices.Concat([]key{
		{"wechat.base_url", baseURL(&w.BaseURL)},
		{"wechat.app_id", word(&w.AppID)},
		{"wechat.app_secret", secret(&w.AppSecret)},
		{"wechat.timeout", duration(&w.Timeout, 100*time.Millisecond, time.Minute)},
		{"wechat.templates", words(&w.Templates)},
		{"wechat.callback_token", secret(&w.CallbackToken)},
		{"wechat.callback_aes_key", aesKey(&w.CallbackAESKey)},
		{"wechat.send_rate", number(&w.SendRate, 1, 10000)},
		{"wechat.workers", number(&w.Workers, 0, 1000)},
		{"wechat.require_consent", boolean(&w.RequireConsent)},
		{"wechat.miniprogram_state", oneOf(&w.State, "formal", "trial", "developer")},
	}, w.Events.OrderStatusChanged.keys("order_status_changed"), w.Events.MaterialProgress.keys("material_progress"),
		w.Events.Shipped.keys("shipped"))
}

func (m *EventMessage) keys(name string) []key {
	path := "wechat.events." + name
	return []key{
		{path + ".template", word(&m.Template)},
		{path + ".page", text(&m.Page)},
		{path + ".fields", keywordTexts(&m.Fields)},
	}
}

func (e *ERP) keys() []key {
	s := &e.Snowbeasts
	return slices.Concat([]key{
		{"erp.driver", oneOf(&e.Driver, drivers...)},
		{"erp.origin", origin(&e.Origin)},
		{"erp.standby_origin", origin(&e.StandbyOrigin)},
		{"erp.timeout", duration(&e.Timeout, 100*time.Millisecond, time.Minute)},
		{"erp.max_retries", number(&e.MaxRetries, 0, 10)},
		{"erp.max_in_flight", number(&e.MaxInFlight, 1, 10000)},
		{"erp.timezone", zone(&e.Timezone)},
		{"erp.snowbeasts.app_id", word(&s.AppID)},
		{"erp.snowbeasts.password_digest", oneOf(&s.PasswordDigest, "sha1", "plain")},
		{"erp.snowbeasts.service_account", text(&s.ServiceAccount)},
		{"erp.snowbeasts.service_password", secret(&s.ServicePassword)},
		{"erp.snowbeasts.session_life", duration(&s.SessionLife, time.Second, day)},
		{"erp.write_timeout", duration(&e.WriteTimeout, 100*time.Millisecond, time.Minute)},
		{"erp.psi.api_key", secret(&e.PSI.APIKey)},
	}, e.PSI.Wire.keys("erp.psi"), e.Tryton.keys(), formsKeys(&s.Forms))
}

func (t *Tryton) keys() []key {
	return []key{
		{"erp.tryton.database", word(&t.Database)},
		{"erp.tryton.service_account", text(&t.ServiceAccount)},
		{"erp.tryton.service_password", secret(&t.ServicePassword)},
		{"erp.tryton.customer_groups", names(&t.CustomerGroups)},
		{"erp.tryton.sales_warehouse", text(&t.SalesWarehouse)},
		{"erp.tryton.without", words(&t.Without)},
	}
}

func (w *PSIWire) keys(path string) []key {
	return []key{
		{path + ".header", word(&w.Header)},
		{path + ".login_path", text(&w.LoginPath)},
		{path + ".lookup_path", text(&w.LookupPath)},
	}
}

func (s *Stock) keys() []key {
	return append([]key{
		{"stock.driver", oneOf(&s.Driver, "", "psi")},
		{"stock.origin", origin(&s.Origin)},
		{"stock.api_key", secret(&s.APIKey)},
	}, s.PSI.keys("stock")...)
}

func (l *Limits) keys() []key {
	return []key{
		{"limits.requests_per_openid", rate(&l.RequestsPerOpenID)},
		{"limits.requests_per_ip", rate(&l.RequestsPerIP)},
		{"limits.logins_per_ip", rate(&l.LoginsPerIP)},
		{"limits.binds", rate(&l.Binds)},
	}
}

func (c *Config) accessKeys() []key {
	return []key{
		{"seal.keys", sealKeys(&c.Seal.Keys)},
		{"admin.tokens", tokens(&c.Admin.Tokens)},
		{"admin.metrics_networks", networks(&c.Admin.MetricsNetworks)},
		{"service.keys", tokens(&c.Service.Keys)},
		{"alerts.webhooks", webhooks(&c.Alerts.Webhooks)},
		{"console.enabled", oneOf(&c.Console.Enabled, "auto", "on", "off")},
	}
}
