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
// *Error, or the SessionStore's or Keyring's own. Safe for concurrent use.
type Client struct {
	cfg     Config
	primary *channel
	budget  *budget
	flights singleflight.Group
	metrics *metrics
}

// New makes a Client for a driver.
func New(cfg Config, d Driver) *Client {
	cfg = cfg.withDefaults()
	c := &Client{cfg: cfg, budget: newBudget(cfg.Now), metrics: newMetrics(cfg.Metrics)}
	c.primary = c.newChannel("primary", d)
	return c
}

func (c *Client) newChannel(name string, d Driver) *channel {
	ch := &channel{
		name:     name,
		driver:   d,
		breakers: map[Class]*breaker{},
		bulkhead: newBulkhead(c.cfg.MaxInFlight, c.cfg.MaxWait),
		pace:     newPace(),
	}
	for _, class := range []Class{ClassRead, ClassWrite, ClassLogin} {
		ch.breakers[class] = newBreaker(name, class, c.cfg.Logger, c.metrics.breakerGauge(name, class))
	}
	ch.logins = &logins{
		channel: name, driver: d, breaker: ch.breakers[ClassLogin], store: c.cfg.Sessions, keys: keyring{c.cfg.Service, c.cfg.Keyring},
		timeout: c.cfg.LoginTimeout, now: c.cfg.Now, log: c.cfg.Logger,
		count: func(k Kind) { c.metrics.attempt(name, opLogin, k) },
		local: map[string]Session{}, refused: map[Credentials]time.Time{}, useless: map[string]time.Time{},
	}
	c.metrics.watchInFlight(name, ch.bulkhead.inFlight)
	return ch
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

// read asks a question whose answer changes nothing: it may be shared with equal questions in flight, and retried
// within the deadline and the budget.
func read[T any](ctx context.Context, c *Client, q question[T]) (T, error) {
	var none T
	if err := c.fillServiceAccount(&q.id); err != nil {
		return none, err
	}
	ctx, cancel := c.deadline(ctx)
	defer cancel()
	return coalesce(ctx, c, q, func(ctx context.Context) (o outcome[T]) {
		o.trail.Source = SourceLive
		o.value, o.err = persist(ctx, c, q, &o.trail)
		return o
	})
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
	id.Owner, id.Account = "", c.cfg.Service.Account
	return nil
}

// persist asks until there is an answer, a final failure, or no time left for another attempt.
func persist[T any](ctx context.Context, c *Client, q question[T], trail *Trail) (T, error) {
	c.budget.ask()
	for n := 0; ; n++ {
		start := time.Now()
		v, err := attempt(ctx, c.primary, q, c.cfg.MaxRetries+1-n)
		trail.Attempts = append(trail.Attempts, Attempt{Op: q.op, Channel: c.primary.name, Kind: KindOf(err), Took: time.Since(start)})
		c.metrics.attempt(c.primary.name, q.op, KindOf(err))
		if err == nil || !c.again(ctx, q.class, n, err) {
			return v, err
		}
	}
}

// attempt is one try whose calls get a fair share of the time that is left. A login on the way may take all of it,
// because it is not repeated.
func attempt[T any](ctx context.Context, ch *channel, q question[T], attemptsLeft int) (T, error) {
	return try(ctx, ch, q, attemptTime(remaining(ctx), attemptsLeft, ch.pace.usual()))
}

// again decides about retry n after err and waits for its turn.
func (c *Client) again(ctx context.Context, class Class, n int, err error) bool {
	if n >= c.cfg.MaxRetries || !retryable(class, err) {
		return false
	}
	var e *Error
	errors.As(err, &e)
	wait := backoff(n, e.RetryAfter, rand.Float64())
	if !fits(wait, remaining(ctx)) || !c.budget.retry() {
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
