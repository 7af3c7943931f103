package erpclient

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
)

// MainSystem is how figures call the ERP whose Client has no Name.
const MainSystem = "erp"

// Config sets a Client up. The zero value of a field means its default.
type Config struct {
	// Name tells the Clients of one process apart, such as "stock"; "" for the main ERP. What they share (stores, locks,
	// figures) is kept under it, so two Clients must not have the same.
	Name string

	Timeout      time.Duration // over all attempts of one request; default 2.5 s: a page must be up in 3 s
	WriteTimeout time.Duration // of a write, from its beginning to its outcome; default is the Timeout
	MaxRetries   int           // per question; default 3, negative is none
	MaxInFlight  int           // per channel; default 64
	MaxWait      time.Duration // for a slot in flight; default 100 ms
	LoginTimeout time.Duration // over the steps of a login, shared by all who wait for it; default 5 s

	Sessions SessionStore
	Keyring  Keyring
	// Answers keeps last good answers; nil: none are kept.
	Answers AnswerStore
	// Contract is what the drivers report drift to; nil: nothing is shown.
	Contract *Contract
	// Service is the account that asks on behalf of customers bound by invite code. An empty Account: no such way.
	Service Credentials
	// ServiceOnly has Service ask every question: the persons have no accounts in this system, only in the main one, and
	// no Keyring is needed. A question about a customer's records still needs an identity narrowed to that customer.
	ServiceOnly bool

	// OnAttempt hears of every attempt that the ERP was asked with, logins included, and of how it ended; of those that an open
	// breaker refused as well (Refused), because somebody was not served, but of none that ended at our own bulkhead or store, and of no
	// probe. It must be quick. Default: nobody hears.
	OnAttempt func(Attempt)

	// Tracer makes a span of each question, and below it of each attempt and login. Default: no spans.
	Tracer trace.Tracer

	Logger  *slog.Logger          // default slog.Default()
	Metrics prometheus.Registerer // default: none
	Now     func() time.Time      // default time.Now
	Zone    *time.Location        // of the ERP's calendar days; default China Standard Time
}

func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = 2500 * time.Millisecond
	}
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = c.Timeout
	}
	if c.MaxRetries == 0 {
		c.MaxRetries = 3
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = 64
	}
	if c.MaxWait <= 0 {
		c.MaxWait = 100 * time.Millisecond
	}
	if c.LoginTimeout <= 0 {
		c.LoginTimeout = 5 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Name != "" {
		c.Logger = c.Logger.With("system", c.Name)
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Zone == nil {
		c.Zone = time.FixedZone("CST", 8*60*60)
	}
	return c
}

// Client asks an ERP on customers' behalf and answers in time whatever the ERP does. Every error it returns is an
// *Error, or the SessionStore's or Keyring's own. Safe for concurrent use; Run does its work beside the requests.
type Client struct {
	cfg      Config
	primary  *channel
	standby  *channel // nil: there is none
	failover *failover
	budget   *budget
	lastGood *lastGood
	base     *baseData
	flights  flights
	hands    hands
	settling atomic.Uint64 // numbers the questions that settle writes
	metrics  *metrics
}

// New makes a Client that asks through primary. Reads go to standby where primary cannot be used; a nil standby means
// that there is none.
func New(cfg Config, primary, standby Driver) *Client {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, budget: newBudget(cfg.Now), metrics: newMetrics(cfg.Metrics, cfg.Name), lastGood: newLastGood(cfg), hands: newHands()}
	c.base = newBaseData(cfg.Now)
	c.metrics.watchBudget(c.budget.left)
	c.failover = &failover{onChange: c.switched}
	c.primary = c.newChannel("primary", primary, SourceLive)
	c.metrics.inUse("primary", true)
	if standby != nil {
		c.standby = c.newChannel("standby", standby, SourceStandby)
		c.metrics.inUse("standby", false)
	}
	return c
}

// switched tells that reads go another way from now on. Without a standby there is no other way.
func (c *Client) switched(out bool) {
	if c.standby == nil {
		return
	}
	c.metrics.inUse("primary", !out)
	c.metrics.inUse("standby", out)
	c.cfg.Logger.Warn("reads change their channel", "standby", out)
}

func (c *Client) newChannel(name string, d Driver, source Source) *channel {
	ch := &channel{
		name:     name,
		driver:   d,
		source:   source,
		breakers: map[Class]*breaker{},
		bulkhead: newBulkhead(c.cfg.MaxInFlight, c.cfg.MaxWait, c.metrics.waited(name)),
		pace:     newPace(),

		capabilities: Capabilities(d),
	}
	for _, class := range []Class{ClassRead, ClassWrite, ClassLogin} {
		ch.breakers[class] = newBreaker(name, class, c.cfg.Logger, c.breakerChanged(ch, class))
	}
	ch.logins = &logins{
		system: c.cfg.Name, channel: name, driver: d, breaker: ch.breakers[ClassLogin], store: c.cfg.Sessions, keys: keyring{c.cfg.Service, c.cfg.Keyring},
		bulkhead: newBulkhead(maxLogins, c.cfg.LoginTimeout, func(time.Duration) {}),
		timeout:  c.cfg.LoginTimeout, now: c.cfg.Now, log: c.cfg.Logger, tracer: c.cfg.Tracer,
		told: func(start time.Time, err error) {
			c.told(ch, attemptOf(opLogin, ch, start, err), err)
		},
		local: map[string]Session{}, refused: map[Credentials]time.Time{}, useless: map[renewal]time.Time{},
	}
	c.metrics.watchInFlight(name, ch.bulkhead.inFlight)
	return ch
}

// breakerChanged keeps the gauge, and takes a primary whose reads fail out of use.
func (c *Client) breakerChanged(ch *channel, class Class) func(state string) {
	gauge := c.metrics.breakerGauge(ch.name, class)
	return func(state string) {
		gauge(state)
		if state == stateOpen && class == ClassRead && ch == c.primary {
			c.failover.fail()
		}
	}
}

// keyring answers for the service account, which has no owner, and asks the configured one for everybody else.
type keyring struct {
	service Credentials
	Keyring
}

func (k keyring) Credentials(ctx context.Context, id Identity) (Credentials, error) {
	if id.Owner == "" {
		return k.service, nil
	}
	return k.Keyring.Credentials(ctx, id)
}

// admit settles, before anybody is asked, whether the question may be asked at all, and through which account.
func admit[T any](c *Client, q *question[T]) error {
	if q.needs != "" && !c.Can(q.needs) {
		return notSupported(q.op)
	}
	return c.fillServiceAccount(&q.id, q.reach)
}

// fillServiceAccount puts the service account where an identity has none of its own in this system. That account sees
// every customer's records, so for a person it asks only when narrowed to one customer, or about what is the company's.
func (c *Client) fillServiceAccount(id *Identity, r reach) error {
	if id.Account != "" && !c.cfg.ServiceOnly {
		return nil
	}
	companys := r == reachCompany && c.cfg.ServiceOnly
	if id.CustomerID == "" && !companys {
		return Errorf("identity", KindForbidden, "neither an account nor a customer")
	}
	if r == reachPerson {
		return Errorf("identity", KindForbidden, "a person's own question, and no account of theirs")
	}
	if c.cfg.Service.Account == "" {
		return Errorf("identity", KindNotSupported, "no service account")
	}
	service := c.serviceIdentity()
	id.Owner, id.Account, id.Proof = "", service.Account, service.Proof
	return nil
}

// serviceIdentity sees every customer's records.
func (c *Client) serviceIdentity() Identity {
	return Identity{Account: c.cfg.Service.Account, Proof: c.cfg.Service.Proof()}
}
