package gateway

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"snowgate/audit"
)

// Config sets a Server up. The zero value of a field means its default.
type Config struct {
	HTTPStatus     string                  // "auto" (default), "real" or "always-200"
	QueryTimeout   time.Duration           // for a page of the ERP's data; default 2.5 s
	WriteTimeout   time.Duration           // of a write at the ERP; default QueryTimeout
	AdminTokens    []string                // several at once, for rotation; none: admin routes refuse everybody
	ServiceKeys    []string                // of other servers, several at once; none: routes for them refuse everybody
	EventMessages  map[string]EventMessage // what an ERP event becomes, by its type; one that is missing becomes nothing
	TrustedProxies []*net.IPNet            // whose X-Forwarded-For is believed; default nobody's
	// MetricsNetworks may read /metrics without a token; default none.
	MetricsNetworks []*net.IPNet
	Zone            *time.Location
	Now             func() time.Time
	Logger          *slog.Logger
	BindWindow      time.Duration // in which BindLimit tries are allowed; default 15 min
	BindLimit       int           // default 5; negative is no limit
	MaxInFlight     int           // requests in hand, beyond which new ones are turned away; default 1024
	Limits          Limits
	slack           time.Duration // beyond every route's deadline: a busy machine's tests are no outage
	HSTS            bool          // whoever reaches us does so through TLS, and shall in future
	Origins         []string      // of web pages that may call the API from a browser; default none
	Version         string        // of the program, for admins
	// Tracer makes a span of each call of the API, and says which are recorded. Default: no spans.
	Tracer trace.Tracer
	// LoginFailed hears of every wrong password, invite code and admin token. It must be quick. Default: nobody hears.
	LoginFailed func()
}

// Log takes what happened. It never blocks and never fails the call.
type Log interface {
	Call(audit.Call)
	Session(audit.SessionChange)
	Binding(audit.BindingChange)
	// Write puts a step of a write at the ERP on disk, or fails: then it must not be done.
	Write(audit.WriteChange) error
	// Forget has a person's rows lose what links them to the person (a pseudonym).
	Forget(pseudonym string) error
	// Ready is an error when records cannot be taken: what must not happen without one is refused then.
	Ready() error
	// Stats are of the spool.
	Stats() audit.Stats
}

// Masker makes text fit to be kept: no secrets, no personal data.
type Masker interface {
	// Params and JSON treat the fields named in secrets as secrets, beyond those that always are.
	Params(params map[string]any, secrets ...string) string
	JSON(body []byte, limit int, secrets ...string) string
	// Pseudonym of "" is "", and a pseudonym's is itself.
	Pseudonym(kind, value string) string
}

// Deps is everything the gateway asks of the rest of the house.
type Deps struct {
	Sessions    Sessions
	Arrivals    Arrivals
	Bindings    Bindings
	Attempts    Attempts
	Limiter     Limiter // as Arrivals counts; nil: nobody is limited
	WeChat      WeChat
	Push        Push // nil: no callback is configured, and its routes are not there
	Once        Once
	ERP         ERP
	Stock       Stock // the ERP's own, or a second system's
	Sales       Sales
	Approvals   Approvals
	Intents     Intents
	Messages    Messages
	Templates   Templates
	Customers   Customers
	Log         Log
	Archive     Archive
	Masker      Masker
	Monitor     Monitor
	Performance Performance
	Fleet       Fleet
	Alerts      Alerts
	Systems     []System // the main one first; default: ERP alone
	Standby     Standby
	Directory   Directory
	// Configuration is what is in force, secrets masked; nil: nothing is shown.
	Configuration func() []ConfigEntry
	// Console answers below /console/; nil: there is no console, and no way to log in at it.
	Console         http.Handler
	ConsoleSessions ConsoleSessions
	Registry        *prometheus.Registry
}

// Server is the HTTP surface. Make it with New; it is an http.Handler and safe for concurrent use.
type Server struct {
	cfg      Config
	deps     Deps
	echo     *echo.Echo
	settings atomic.Pointer[settings]
	started  time.Time
	metrics  *metrics
	traffic  traffic
	stories  stories
	fleet    fleetView
	counts   headCount
	watching watching
	inHand   atomic.Int64
	draining atomic.Bool
}

// New builds the server from its parts.
func New(cfg Config, deps Deps) *Server {
	s := &Server{cfg: cfg.withDefaults(), deps: deps, echo: echo.New(), metrics: newMetrics(deps.Registry)}
	s.started = s.cfg.Now()
	s.settings.Store(newSettings(s.cfg))
	if s.deps.Systems == nil {
		s.deps.Systems = mainSystem(deps.ERP)
	}
	e := s.echo
	e.HideBanner, e.HidePort, e.Debug = true, true, false
	e.Logger.SetOutput(io.Discard) // ours is slog; echo's would print raw paths
	e.IPExtractor = s.addressOf
	e.HTTPErrorHandler = func(error, echo.Context) {} // door answers; nothing gets past it
	e.Use(s.door)
	s.allowOrigins()
	e.Use(s.recovered, s.shed)
	for _, r := range s.routes() {
		e.Add(r.method, r.path, s.through(r))
	}
	return s
}

func (c Config) withDefaults() Config {
	if c.QueryTimeout <= 0 {
		c.QueryTimeout = 2500 * time.Millisecond
	}
	if c.Zone == nil {
		c.Zone = time.FixedZone("CST", 8*60*60)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.BindWindow <= 0 {
		c.BindWindow = 15 * time.Minute
	}
	if c.BindLimit == 0 {
		c.BindLimit = 5
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = 1024
	}
	return c
}

// ipExtractor believes X-Forwarded-For only from the listed networks: echo's default believes anyone.
func ipExtractor(trusted []*net.IPNet) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, network := range trusted {
		options = append(options, echo.TrustIPRange(network))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Drain makes /readyz refuse, so that a load balancer sends nothing new while what is in hand is finished.
func (s *Server) Drain() { s.draining.Store(true) }

// through wraps a route's handler into its deadline and its access check.
func (s *Server) through(r route) echo.HandlerFunc {
	return func(ec echo.Context) error {
		c, ok := ec.(*call)
		if !ok {
			return internal.because(nil)
		}
		if r.path != consolePath && slices.Contains(c.ParamValues(), "") { // the router lets /api/orders//status and /api/orders/ through
			return notFound.because(nil)
		}
		ctx, cancel := context.WithTimeout(c.Request().Context(), r.within+s.cfg.slack)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		c.record.route, c.record.operation = r.path, r.who == admin
		if err := s.admit(c, r); err != nil {
			return s.limitRefused(c, r, err)
		}
		if err := s.limit(c, r); err != nil {
			return err
		}
		return r.handle(s, c)
	}
}
