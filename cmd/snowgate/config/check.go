package config

import (
	"os"
	"slices"
)

// check holds the rules between keys. Those of production come last, so that a mistake in a key is read before the
// keys that are missing.
func (c *Config) check(complaints *Complaints) {
	c.checkTLS(complaints)
	c.checkPairs(complaints)
	c.checkForms(complaints)
	c.checkEvents(complaints)
	if c.Stock.Driver != "" && c.Stock.APIKey == "" && !complaints.about("stock.api_key") {
		complaints.add("stock.api_key", source{}, "is needed beside stock.driver")
	}
	if c.Session.MaxAge < c.Session.TTL {
		complaints.add("session.max_age", c.sources["session.max_age"], "must not be shorter than session.ttl (%s)", formatDuration(c.Session.TTL))
	}
	if c.Mode == ModeProduction && !complaints.about("mode") {
		c.checkRequired(complaints)
		c.checkTransport(complaints)
		c.refuseSandboxSecrets(complaints)
	}
}

func (c *Config) checkTLS(complaints *Complaints) {
	files := map[string]string{"server.tls.cert": c.Server.TLS.Cert, "server.tls.key": c.Server.TLS.Key}
	for _, key := range []string{"server.tls.cert", "server.tls.key"} {
		if files[key] == "" {
			continue
		}
		if f, err := os.Open(files[key]); err != nil {
			complaints.add(key, c.sources[key], "cannot read the file: %s", reason(err))
		} else {
			_ = f.Close() // only opened to see that it can be
		}
	}
}

// checkPairs wants both of two keys or neither.
func (c *Config) checkPairs(complaints *Complaints) {
	s := c.ERP.Snowbeasts
	pairs := []struct {
		first, second       string
		hasFirst, hasSecond bool
	}{
		{"server.tls.cert", "server.tls.key", c.Server.TLS.Cert != "", c.Server.TLS.Key != ""},
		{"erp.snowbeasts.service_account", "erp.snowbeasts.service_password", s.ServiceAccount != "", s.ServicePassword != ""},
		{"erp.tryton.service_account", "erp.tryton.service_password", c.ERP.Tryton.ServiceAccount != "", c.ERP.Tryton.ServicePassword != ""},
		{"stock.driver", "stock.origin", c.Stock.Driver != "", c.Stock.Origin != ""},
	}
	for _, p := range pairs {
		switch {
		case p.hasFirst && !p.hasSecond && !complaints.about(p.second):
			complaints.add(p.second, source{}, "is needed beside %s", p.first)
		case p.hasSecond && !p.hasFirst && !complaints.about(p.first):
			complaints.add(p.first, source{}, "is needed beside %s", p.second)
		}
	}
}

// checkEvents wants every event's template among those that may be sent, and something to put into it.
func (c *Config) checkEvents(complaints *Complaints) {
	events := []struct {
		name string
		EventMessage
	}{
		{"order_status_changed", c.WeChat.Events.OrderStatusChanged},
		{"material_progress", c.WeChat.Events.MaterialProgress},
		{"shipped", c.WeChat.Events.Shipped},
	}
	for _, m := range events {
		path := "wechat.events." + m.name
		switch {
		case m.Template == "" && (m.Page != "" || len(m.Fields) > 0):
			complaints.add(path+".template", source{}, "is needed beside %s.page and .fields", path)
		case m.Template != "" && !slices.Contains(c.WeChat.Templates, m.Template):
			complaints.add(path+".template", c.sources[path+".template"], "is not one of wechat.templates")
		case m.Template != "" && len(m.Fields) == 0:
			complaints.add(path+".fields", source{}, "is needed beside %s.template", path)
		}
	}
}

func (c *Config) checkRequired(complaints *Complaints) {
	required := []struct {
		key   string
		given bool
	}{
		{"redis.url", c.Redis.URL != ""},
		{"sql.dsn", c.SQL.DSN != ""},
		{"wechat.app_id", c.WeChat.AppID != ""},
		{"wechat.app_secret", c.WeChat.AppSecret != ""},
		{"erp.origin", c.ERP.Origin != ""},
		{"erp.tryton.database", c.ERP.Tryton.Database != "" || c.ERP.Driver != "tryton"},
		{"erp.snowbeasts.app_id", c.ERP.Snowbeasts.AppID != "" || c.ERP.Driver != "snowbeasts"},
		{"seal.keys", len(c.Seal.Keys) > 0},
	}
	for _, r := range required {
		if !r.given && !complaints.about(r.key) {
			complaints.add(r.key, source{}, "is missing; production needs it (also as %s)", variableOf(r.key))
		}
	}
}

func (c *Config) checkTransport(complaints *Complaints) {
	if c.Server.BehindProxy || c.Server.TLS.Cert != "" || complaints.about("server.tls.cert") || complaints.about("server.behind_proxy") {
		return
	}
	complaints.add("server.tls.cert", source{},
		"is missing; production needs TLS: give server.tls.cert and server.tls.key, or server.behind_proxy: true when a proxy in front ends it")
}

// refuseSandboxSecrets keeps values that everybody can read out of production.
func (c *Config) refuseSandboxSecrets(complaints *Complaints) {
	s := c.ERP.Snowbeasts
	known := []struct {
		key  string
		used bool
	}{
		{"wechat.app_id", c.WeChat.AppID == SandboxAppID},
		{"wechat.app_secret", c.WeChat.AppSecret == SandboxAppSecret},
		{"erp.snowbeasts.service_password", s.ServicePassword == SandboxServicePassword},
		{"seal.keys", slices.ContainsFunc(c.Seal.Keys, isSandboxSealKey)},
		{"admin.tokens", slices.Contains(c.Admin.Tokens, SandboxAdminToken)},
		{"service.keys", slices.Contains(c.Service.Keys, SandboxServiceKey)},
	}
	for _, k := range known {
		if k.used {
			complaints.add(k.key, c.sources[k.key], "is the sandbox's own, which everybody knows; production needs one of yours")
		}
	}
}
