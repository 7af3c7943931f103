// Package erphttp is the HTTP client that the ERP drivers share: one attempt, one origin, a bounded body, no redirects,
// and transport failures told by kind. It knows nothing of any ERP's protocol, and it never retries: that is the
// erpclient.Client's decision.
package erphttp

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"

	"snowgate/erpclient"
)

// MaxBodyBytes is the default bound on an answer's body: a page of 100 records is far below it.
const MaxBodyBytes = 8 << 20

// Config describes one origin.
type Config struct {
	// Origin is scheme://host[:port] without a path.
	Origin string
	// System and Channel name the origin in metrics; default of the System is erpclient.MainSystem.
	System, Channel string
	// Metrics counts connections, new and reused; nil: nobody counts.
	Metrics prometheus.Registerer
	// MaxInFlight is how many connections are kept for reuse; default 64.
	MaxInFlight int
	// MaxBodyBytes bounds an answer, after decompression; default 8 MiB.
	MaxBodyBytes int
	// Propagator writes the recorded span that a call belongs to into its headers; nil: nothing is written.
	Propagator propagation.TextMapPropagator
	// Transport replaces the tuned transport, for tests.
	Transport http.RoundTripper
	// Logger receives resty's own complaints at debug level; default slog.Default().
	Logger *slog.Logger
}

// Client talks to one origin. It is safe for concurrent use.
type Client struct {
	origin  *url.URL
	base    string // the origin as text
	resty   *resty.Client
	maxBody int
	count   func(httptrace.GotConnInfo)
	traces  propagation.TextMapPropagator
}

// New makes a Client. The origin must be absolute and bare.
func New(cfg Config) (*Client, error) {
	origin, err := parseOrigin(cfg.Origin)
	if err != nil {
		return nil, err
	}
	if cfg.MaxInFlight <= 0 {
		cfg.MaxInFlight = 64
	}
	if cfg.MaxBodyBytes <= 0 {
		cfg.MaxBodyBytes = MaxBodyBytes
	}
	if cfg.Transport == nil {
		cfg.Transport = newTransport(cfg.MaxInFlight)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	// net/http's own cookie jar would mix the customers' cookies: each request carries its own.
	r := resty.NewWithClient(&http.Client{Transport: cfg.Transport}).
		SetRedirectPolicy(resty.RedirectPolicyFunc(lastResponse)).
		SetPreRequestHook(handOver).
		SetLogger(quiet{cfg.Logger})
	c := &Client{
		origin: origin, base: origin.String(), resty: r, maxBody: cfg.MaxBodyBytes,
		count: func(httptrace.GotConnInfo) {}, traces: cfg.Propagator,
	}
	if cfg.Metrics != nil {
		c.count = countConnections(cfg.Metrics, cmp.Or(cfg.System, erpclient.MainSystem), cfg.Channel)
	}
	return c, nil
}

// countConnections counts how calls got their connection: the share of reused ones tells whether the pool fits.
func countConnections(r prometheus.Registerer, system, channel string) func(httptrace.GotConnInfo) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "snowgate_erp_connections_total", Help: "Calls by how they got their connection: a new one or a reused one.",
		ConstLabels: prometheus.Labels{"system": system, "channel": channel},
	}, []string{"reused"})
	r.MustRegister(total)
	fresh, reused := total.WithLabelValues("false"), total.WithLabelValues("true")
	return func(info httptrace.GotConnInfo) {
		if info.Reused {
			reused.Inc()
		} else {
			fresh.Inc()
		}
	}
}

// parseOrigin accepts nothing beside scheme and host; the error quotes nothing, as a password may have been written into it.
func parseOrigin(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("erphttp: the origin is not scheme://host")
	}
	bare := url.URL{Scheme: u.Scheme, Host: u.Host}
	if u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.TrimSuffix(u.String(), "/") != bare.String() {
		return nil, errors.New("erphttp: the origin is not scheme://host")
	}
	return &bare, nil
}

// lastResponse hands the redirect itself to the caller: only a driver knows which redirects belong to its protocol.
func lastResponse(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// newTransport keeps as many idle connections as calls may be in flight, so that a steady load never dials.
func newTransport(maxInFlight int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(64)},
		TLSHandshakeTimeout:    2 * time.Second,
		MaxIdleConns:           maxInFlight + 8,
		MaxIdleConnsPerHost:    maxInFlight + 8,
		IdleConnTimeout:        90 * time.Second,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Origin is the scheme and host that the client asks.
func (c *Client) Origin() *url.URL { u := *c.origin; return &u }

// Request is one HTTP request below the origin. Nothing of the caller's own request is in it but the request id.
type Request struct {
	Method string
	// Path is "/business/{op}", its braces filled from PathParams, escaped; or an absolute URL that the driver has
	// checked, for a step of a protocol that the ERP sends elsewhere on its host.
	Path string
	// PathParams fill the braces.
	PathParams map[string]string
	Query      url.Values
	Header     map[string]string
	Cookies    []*http.Cookie
	// Body is sent as JSON when it is not nil: a value or ready bytes, never a reader (a reader can be read once only).
	Body any
}

// Answer is a whole answer, read to its end.
type Answer struct {
	Status  int
	Header  http.Header
	Cookies []*http.Cookie
	Body    []byte
}

// Do makes one attempt: a method that may change something leaves at most once, whatever its headers say. The error is an
// *erpclient.Error of kind Timeout, Unavailable or BadAnswer, Unsent where it is certain that the ERP has not seen the
// request; any HTTP status is an Answer.
func (c *Client) Do(ctx context.Context, op string, r Request) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, &erpclient.Error{Op: op, Kind: erpclient.KindTimeout, Unsent: true, Err: err}
	}
	out, err := c.outgoing(ctx, r)
	if err != nil {
		return nil, &erpclient.Error{Op: op, Kind: erpclient.KindInvalid, Unsent: true, Err: err}
	}
	var way sent
	traced := way.follow(context.WithValue(ctx, outgoingKey{}, out), r.Method, c.count)
	res, err := c.resty.R().SetContext(traced).SetDoNotParseResponse(true).Execute(http.MethodGet, c.base)
	var body []byte
	if err == nil {
		body, err = readBody(res.RawResponse, c.maxBody)
	}
	if err != nil {
		e := transportError(ctx, op, err)
		e.Unsent = way.nothing()
		return nil, e
	}
	return &Answer{Status: res.StatusCode(), Header: res.Header(), Cookies: res.Cookies(), Body: body}, nil
}

var errTooLarge = errors.New("the answer is larger than it may be")

// usualBody is room for an answer that does not tell its length.
const usualBody = 4 << 10

// readBody reads an answer to its end, or refuses it. Resty, which knows no length, would make a page of orders out of five
// ever larger pieces.
func readBody(res *http.Response, limit int) ([]byte, error) {
	defer func() { _ = res.Body.Close() }() // all that mattered was read
	var body bytes.Buffer
	size := res.ContentLength
	if size < 0 {
		size = usualBody
	}
	body.Grow(int(min(size, int64(limit))) + bytes.MinRead)
	_, err := body.ReadFrom(io.LimitReader(res.Body, int64(limit)+1))
	if body.Len() > limit {
		return nil, errTooLarge
	}
	return body.Bytes(), err
}

// transportError tells the kind of a failure below HTTP. The URL that net/http puts into its errors is dropped:
// other drivers may have secrets in it.
func transportError(ctx context.Context, op string, err error) *erpclient.Error {
	var netErr net.Error
	cause := err
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		cause = urlErr.Err
	}
	e := &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable, Err: cause}
	switch {
	case errors.Is(err, errTooLarge):
		e.Kind = erpclient.KindBadAnswer
	case errors.Is(err, context.Canceled) && errors.Is(ctx.Err(), context.Canceled):
		e.Kind, e.Err = erpclient.KindTimeout, context.Canceled
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		e.Kind = erpclient.KindTimeout
	}
	return e
}

// quiet routes resty's logger into slog at debug level, without its texts: they quote whole URLs.
type quiet struct{ log *slog.Logger }

func (q quiet) Errorf(string, ...any) { q.log.Debug("resty complained", "level", "error") }
func (q quiet) Warnf(string, ...any)  { q.log.Debug("resty complained", "level", "warn") }
func (q quiet) Debugf(string, ...any) {}
