package erpclient

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"
)

// Config sets a Client up. The zero value of a field means its default.
type Config struct {
	Timeout      time.Duration // over all attempts of one request; default 2.5 s: a page must be up in 3 s
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

	Logger  *slog.Logger          // default slog.Default()
	Metrics prometheus.Registerer // default: none
	Now     func() time.Time      // default time.Now
	Zone    *time.Location        // of the ERP's calendar days; default China Standard Time
}

func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = 2500 * time.Millisecond
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
	flights  singleflight.Group
	metrics  *metrics
}

// New makes a Client that asks through primary. Reads go to standby where primary cannot be used; a nil standby means
// that there is none.
func New(cfg Config, primary, standby Driver) *Client {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, budget: newBudget(cfg.Now), metrics: newMetrics(cfg.Metrics), lastGood: newLastGood(cfg)}
	c.metrics.watchBudget(c.budget.left)
	c.failover = &failover{onChange: c.switched}
	c.primary = c.newChannel("primary", primary, SourceLive)
	if standby != nil {
		c.standby = c.newChannel("standby", standby, SourceStandby)
	}
	c.metrics.inUse("primary", true)
	return c
}

// switched tells that reads go another way from now on.
func (c *Client) switched(out bool) {
	c.metrics.inUse("primary", !out)
	if c.standby != nil {
		c.metrics.inUse("standby", out)
		c.cfg.Logger.Warn("reads change their channel", "standby", out)
	}
}

func (c *Client) newChannel(name string, d Driver, source Source) *channel {
	ch := &channel{
		name:     name,
		driver:   d,
		source:   source,
		breakers: map[Class]*breaker{},
		bulkhead: newBulkhead(c.cfg.MaxInFlight, c.cfg.MaxWait, c.metrics.waited(name)),
		pace:     newPace(),
	}
	for _, class := range []Class{ClassRead, ClassWrite, ClassLogin} {
		ch.breakers[class] = newBreaker(name, class, c.cfg.Logger, c.breakerChanged(ch, class))
	}
	ch.logins = &logins{
		channel: name, driver: d, breaker: ch.breakers[ClassLogin], store: c.cfg.Sessions, keys: keyring{c.cfg.Service, c.cfg.Keyring},
		bulkhead: newBulkhead(maxLogins, c.cfg.LoginTimeout, func(time.Duration) {}),
		timeout:  c.cfg.LoginTimeout, now: c.cfg.Now, log: c.cfg.Logger,
		count: func(k Kind) { c.metrics.attempt(name, opLogin, k) },
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

// deadline puts the request's one deadline on the context; an earlier one of the caller's stays.
func (c *Client) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.cfg.Timeout)
}

// read asks a question whose answer changes nothing: it may be shared with equal questions in flight, be retried within
// the deadline and the budget, be asked of the standby, and in the end be answered with the last good answer.
func read[T any](ctx context.Context, c *Client, q question[T]) (T, error) {
	var none T
	if err := c.fillServiceAccount(&q.id); err != nil {
		return none, err
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	o, err := coalesce(ctx, c, q, func(ctx context.Context) (o outcome[T]) {
		o.value, o.err = persist(ctx, c, q, &o.trail)
		return o
	})
	switch {
	case err == nil:
		c.lastGood.keep(q.id, q.key(), o.value)
	case KindOf(err).Unhealthy():
		fallBack(ctx, c, q, &o)
	}
	traceFrom(ctx).add(o.trail)
	return o.value, o.err
}

// fallBack replaces a failure by the last good answer, if there is one.
func fallBack[T any](ctx context.Context, c *Client, q question[T], o *outcome[T]) {
	if answer, asOf, ok := find[T](ctx, c.lastGood, q.id, q.key()); ok {
		o.value, o.err = answer, nil
		o.trail.Source, o.trail.AsOf = SourceStale, asOf
		c.metrics.stale.WithLabelValues(q.op).Inc()
	}
}

// fillServiceAccount puts the service account where an identity has none of its own. It sees every customer's records,
// so for a person it asks only when narrowed to one customer.
func (c *Client) fillServiceAccount(id *Identity) error {
	if id.Account != "" {
		return nil
	}
	if id.CustomerID == "" {
		return Errorf("identity", KindForbidden, "neither an account nor a customer")
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

// persist asks until there is an answer, a final failure, or no time left for another attempt. The standby is asked at
// once; a channel that failed is asked again only after a wait.
func persist[T any](ctx context.Context, c *Client, q question[T], trail *Trail) (v T, err error) {
	if !fits(0, remaining(ctx)) {
		return v, contextError(ctx, q.op)
	}
	c.budget.ask()
	channels := c.channels()
	for n, at := 0, 0; ; n++ {
		last := at+1 == len(channels)
		v, err = attempt(ctx, c, channels[at], q, allowance{c.cfg.MaxRetries + 1 - n, last}, trail)
		switch {
		case err == nil:
			trail.Source = channels[at].source
			return v, nil
		case !last && failsOver(q.class, err) && fits(0, remaining(ctx)):
			at++
		case c.again(ctx, q.class, n, err):
			channels, at = c.channels(), 0
		default:
			return v, err
		}
	}
}

// allowance is what an attempt has to leave time for.
type allowance struct {
	attempts int  // that may be made, this one included
	last     bool // no other channel comes after this one
}

// attempt is one try whose calls get a fair share of the time that is left. A login on the way may take all of it,
// because it is not repeated; but half is left for the other channel where there is one.
func attempt[T any](ctx context.Context, c *Client, ch *channel, q question[T], a allowance, trail *Trail) (T, error) {
	start := time.Now()
	left := remaining(ctx)
	if !a.last {
		half, cancel := context.WithTimeout(ctx, left/2)
		defer cancel()
		ctx = half
	}
	v, err := try(ctx, ch, q, attemptTime(left, a.attempts, ch.pace.usual()))
	trail.Attempts = append(trail.Attempts, Attempt{Op: q.op, Channel: ch.name, Kind: outcomeOf(err), Took: time.Since(start)})
	c.metrics.attempt(ch.name, q.op, outcomeOf(err))
	return v, err
}

// again decides about retry n after err and waits for its turn.
func (c *Client) again(ctx context.Context, class Class, n int, err error) bool {
	if n >= c.cfg.MaxRetries || !retryable(class, err) {
		return false
	}
	var e *Error
	errors.As(err, &e)
	wait := backoff(n, e.RetryAfter, rand.Float64()) //nolint:gosec // spreads retries; nothing secret depends on it
	if !fits(wait, remaining(ctx)) {
		return false
	}
	if !c.budget.retry() {
		c.metrics.retriesRefused.Inc()
		return false
	}
	c.metrics.retries.Inc()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func remaining(ctx context.Context) time.Duration {
	until, ok := ctx.Deadline()
	if !ok {
		return time.Hour
	}
	return time.Until(until)
}

// params joins a question's parameters unambiguously.
func params(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = strconv.AppendQuote(b, p)
	}
	return string(b)
}
