// Package config is the one place that knows what can be configured: every key, its default, its form and the rules
// between keys. It reads a YAML file and the environment, complains about everything at once, and prints what is in
// force with the secrets masked. It never opens a connection, starts anything or logs; cmd/snowgate does.
package config

import (
	"log/slog"
	"net/netip"
	"time"

	"snowgate/erpclient/snowbeasts"
)

// The two modes. Production is the default as soon as any configuration is given.
const (
	ModeProduction = "production"
	ModeSandbox    = "sandbox"
)

// Config is everything snowgate can be told. Each field names its key, its meaning and its default. Load returns one
// that is complete and consistent; in sandbox mode the keys that name the outside world may be empty, and cmd fills them.
// It is read-only after Load and then safe for concurrent use.
type Config struct {
	Mode    string // mode: production or sandbox; sandbox without any configuration
	Server  Server
	Redis   Redis
	SQL     SQL
	Audit   Audit
	WeChat  WeChat
	ERP     ERP
	Stock   Stock
	Limits  Limits
	Seal    Seal
	Admin   Admin
	Service Service
	Alerts  Alerts
	Console Console
	Health  Health
	Session Session
	Log     Log
	Tracing Tracing

	sources map[string]source                 // key path -> where its value came from; absent means the default
	again   func() (*Config, []string, error) // a function, because what it holds (the environment) must not be printed
}

// Server is the HTTP side that faces the mini-program.
type Server struct {
	Listen         string         // server.listen: host:port; 127.0.0.1:8080. Port 0 takes a free one
	BehindProxy    bool           // server.behind_proxy: a proxy in front ends TLS; false
	HTTPStatus     string         // server.http_status: auto, real or always-200; auto (200 only for calls from inside WeChat)
	TrustedProxies []netip.Prefix // server.trusted_proxies: networks whose X-Forwarded-For is believed; none
	TLS            TLS
	RequestTimeout time.Duration // server.request_timeout: one deadline for a whole request; erp.timeout + 300ms
	DrainTimeout   time.Duration // server.drain_timeout: the whole shutdown, first signal to exit; 15s
	MaxInFlight    int           // server.max_in_flight: requests in hand, beyond which new ones are turned away; 1024
	CORSOrigins    []string      // server.cors_origins: of web pages that may call the API from a browser; none
}

// TLS names the certificate files; both are empty when a proxy ends TLS.
type TLS struct {
	Cert string // server.tls.cert: PEM file with the chain; reloaded when it changes
	Key  string // server.tls.key: PEM file with the private key
}

// Redis is where sessions and bindings live.
type Redis struct {
	URL     Secret        // redis.url: in the form session.Dial reads
	Timeout time.Duration // redis.timeout: for one question, beyond which Redis counts as away; 200ms
}

// SQL is the database of the logs.
type SQL struct {
	DSN         Secret // sql.dsn: in the form sql.Open reads: mysql://user:password@host:3306/database, sqlite:///file
	AutoMigrate bool   // sql.auto_migrate: bring the schema up to date at start; true
}

// Audit is the call log on its way to the database.
type Audit struct {
	SpoolDir      string        // audit.spool_dir: folder that holds rows until the database has them; /var/lib/snowgate/spool
	SpoolMaxBytes int64         // audit.spool_max_bytes: bound of that folder in bytes; 1GiB
	SpoolMaxAge   time.Duration // audit.spool_max_age: of a waiting row, beyond which nothing that needs a row is done; 7d
	Retention     time.Duration // audit.retention: age at which log rows are deleted; 90d
}

// WeChat is the server API of the mini-program's account.
type WeChat struct {
	BaseURL        string        // wechat.base_url: https://api.weixin.qq.com, without a slash at the end
	AppID          string        // wechat.app_id
	AppSecret      Secret        // wechat.app_secret
	Timeout        time.Duration // wechat.timeout: one call to WeChat; 2s
	Templates      []string      // wechat.templates: ids of subscribe messages that may be sent; none
	CallbackToken  Secret        // wechat.callback_token: of the push callback
	CallbackAESKey Secret        // wechat.callback_aes_key: EncodingAESKey of the push callback, 43 characters
	SendRate       int           // wechat.send_rate: subscribe messages per second, over all replicas; 50
	Workers        int           // wechat.workers: messages that this replica sends at the same time; 8, 0: it leaves them to others
	RequireConsent bool          // wechat.require_consent: a message needs a subscription that was told to us; true
	State          string        // wechat.miniprogram_state: which version of the mini-program a message opens; formal
	Events         Events
}

// Events says what becomes of the ERP's events.
type Events struct {
	OrderStatusChanged EventMessage // wechat.events.order_status_changed.*
	MaterialProgress   EventMessage // wechat.events.material_progress.*
	Shipped            EventMessage // wechat.events.shipped.*
}

// EventMessage is the message that an ERP event becomes; without a template it becomes none.
type EventMessage struct {
	Template string   // .template: one of wechat.templates
	Page     string   // .page: of the mini-program, with {name} for the event's fields; none
	Fields   []string // .fields: keyword=text, with {name} for the event's fields
}

// ERP is the system behind the gateway.
type ERP struct {
	Driver        string         // erp.driver: snowbeasts
	Origin        string         // erp.origin: scheme://host[:port], without a slash at the end
	StandbyOrigin string         // erp.standby_origin: second channel for reads; empty means none
	Timeout       time.Duration  // erp.timeout: the ERP's part of one request, all attempts together; 2.5s
	MaxRetries    int            // erp.max_retries: further attempts of a read; 3
	MaxInFlight   int            // erp.max_in_flight: calls at the same time per channel; 64
	Timezone      *time.Location // erp.timezone: zone of the ERP's dates without one; Asia/Shanghai
	Snowbeasts    Snowbeasts
	PSI           PSI
	Tryton        Tryton
	WriteTimeout  time.Duration // erp.write_timeout: of a write, from its beginning to its outcome; erp.timeout, with tryton 8s
}

// Tryton is what only the Tryton driver needs.
type Tryton struct {
	Database        string   // erp.tryton.database: its name, part of its URLs
	ServiceAccount  string   // erp.tryton.service_account: asks for those bound by invite code; empty: no invite codes
	ServicePassword Secret   // erp.tryton.service_password
	CustomerGroups  []string // erp.tryton.customer_groups: whose members are customers; Customer portal
	SalesWarehouse  string   // erp.tryton.sales_warehouse: code of the warehouse that new orders leave from; Tryton's own
	Without         []string // erp.tryton.without: capabilities whose modules are missing; none
}

// PSI is what only the PSI driver needs.
type PSI struct {
	APIKey Secret // erp.psi.api_key: what every call carries; without it persons log in by erp.psi.login_path
	Wire   PSIWire
}

// PSIWire is in what one PSI system differs from another.
type PSIWire struct {
	Header     string // .header: carries the key; Authorization (as a bearer token), or another, as it is
	LoginPath  string // .login_path: takes {username, password} and gives data.token; none
	LookupPath string // .lookup_path: finds a record by ?reference=; without it a lost answer is never settled
}

// Service is the account that asks for those bound by invite code; empty: there is none.
func (e *ERP) Service() (account string, password Secret) {
	if e.Driver == "tryton" {
		return e.Tryton.ServiceAccount, e.Tryton.ServicePassword
	}
	return e.Snowbeasts.ServiceAccount, e.Snowbeasts.ServicePassword
}

// Snowbeasts is what only the Snowbeasts driver needs.
type Snowbeasts struct {
	AppID           string           // erp.snowbeasts.app_id: number of the customer's app, part of its URLs
	PasswordDigest  string           // erp.snowbeasts.password_digest: sha1 or plain; sha1
	ServiceAccount  string           // erp.snowbeasts.service_account: looks customers up by invite code; empty: no invite codes
	ServicePassword Secret           // erp.snowbeasts.service_password
	SessionLife     time.Duration    // erp.snowbeasts.session_life: age at which an ERP session is no longer trusted; 5m
	Forms           snowbeasts.Forms // erp.snowbeasts.forms.*: form numbers and columns; the driver's own
}

// Stock is a second system that serves stock; without a driver the ERP serves it too.
type Stock struct {
	Driver string  // stock.driver: psi, or empty
	Origin string  // stock.origin
	APIKey Secret  // stock.api_key
	PSI    PSIWire // stock.header, stock.login_path, stock.lookup_path
}

// Limits are rates per caller; the zero Rate means no limit.
type Limits struct {
	RequestsPerOpenID Rate // limits.requests_per_openid: 20/s
	RequestsPerIP     Rate // limits.requests_per_ip: 100/s
	LoginsPerIP       Rate // limits.logins_per_ip: 30/m
	Binds             Rate // limits.binds: failed bindings per openid and per ERP user; 5/15m
}

// Seal holds the keys that seal secrets at rest.
type Seal struct {
	Keys []Secret // seal.keys: id:base64 of 32 bytes; the first seals, all open
}

// Admin opens the routes for operators.
type Admin struct {
	Tokens          []Secret       // admin.tokens: at least 24 characters each; none means nobody gets in
	MetricsNetworks []netip.Prefix // admin.metrics_networks: networks that read /metrics without a token; none
}

// Service opens the routes for other servers.
type Service struct {
	Keys []Secret // service.keys: at least 24 characters each
}

// Alerts names the people to wake.
type Alerts struct {
	Webhooks []Secret // alerts.webhooks: wecom:URL, dingtalk:URL#SECRET, feishu:URL#SECRET or json:URL
}

// Console is the admins' web page.
type Console struct {
	Enabled string // console.enabled: auto, on or off; auto (on where server.listen is a loopback address)
}

// Health is how often the outside is probed.
type Health struct {
	Interval time.Duration // health.interval: 30s
}

// Session is how long a login lasts.
type Session struct {
	TTL          time.Duration // session.ttl: sliding life; 7d
	MaxAge       time.Duration // session.max_age: end of a session however much it is used; 30d
	MaxPerOpenID int           // session.max_per_openid: over it the oldest goes; 20
}

// Log is what goes to stderr.
type Log struct {
	Level  slog.Level // log.level: debug, info, warn or error; info
	Format string     // log.format: json or text; json
}

// Tracing is where traces of requests go.
type Tracing struct {
	Endpoint    string  // tracing.endpoint: base URL of an OTLP/HTTP collector; empty: no traces
	SampleRatio float64 // tracing.sample_ratio: the share of requests that are traced, 0 to 1; 1
}

// Sandbox says whether everything outside is to be replaced by the embedded stand-ins.
func (c *Config) Sandbox() bool { return c.Mode == ModeSandbox }

// ConsoleOn says whether the admins' web page is served. Whoever opens the gateway to other machines decides that for the
// page as well.
func (c *Config) ConsoleOn() bool {
	return c.Console.Enabled == "on" || c.Console.Enabled == "auto" && listensOnLoopback(c.Server.Listen)
}

// Given says whether a key such as "log.format" was set by the file or the environment, so that a caller may choose
// its own default where nobody chose.
func (c *Config) Given(path string) bool { return c.sources[path].isSet() }
