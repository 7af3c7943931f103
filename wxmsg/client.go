// Package wxmsg speaks to WeChat's server API on behalf of one mini-program, and reads what WeChat pushes to it: Client
// exchanges login codes (code2Session), Tokens looks after the access_token, Sender sends subscribe messages and lists
// their templates, Check holds a message's values against the rules before it is queued, Push reads the callback's events.
//
// It keeps no session, no user data and no message, and decides nothing about consent or about sending again: FateOf says
// what a failed send means for its message, and the queue acts on it. A login code and a message reach WeChat at most
// once per call; the one repetition is after an errcode by which WeChat refused the access_token, and so the call. The
// AppSecret, an access_token, a login code or a session_key is never in an error or a log line. What went wrong is told
// by Kind, decided from WeChat's errcode.
package wxmsg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-resty/resty/v2"
	"go.opentelemetry.io/otel/trace"
)

const (
	defaultBaseURL = "https://api.weixin.qq.com"
	defaultTimeout = 2 * time.Second
	// defaultSendTimeout is long because nobody waits for a send, and giving up early turns a slow success into a message
	// of which nobody knows what became.
	defaultSendTimeout = 10 * time.Second
	maxAnswerBytes     = 64 << 10 // WeChat's answers have a few hundred bytes
)

// Config says which mini-program we are and how to reach WeChat.
type Config struct {
	BaseURL     string            // scheme and host, without a query. Default https://api.weixin.qq.com
	AppID       string            // required
	AppSecret   string            // required; it is put into a request when it is sent and nowhere else
	Timeout     time.Duration     // for one call, within the caller's context. Default 2 s
	SendTimeout time.Duration     // for sending one message, likewise. Default 10 s
	Transport   http.RoundTripper // Default: a transport of our own. An *http.Transport is copied, not shared
	Logger      *slog.Logger      // for what the HTTP library wants to say, redacted. Default: silent
	Tracer      trace.Tracer      // makes a span of each call. Default: no spans
}

// Client calls WeChat. It is safe for concurrent use.
type Client struct {
	appID, appSecret string
	timeout          time.Duration
	sendTimeout      time.Duration
	now              func() time.Time
	once             *resty.Client // for calls that must reach WeChat at most once
	probe            *resty.Client

	mu            sync.Mutex
	misconfigured map[string]*Error // by call
}

// New makes a Client and contacts nobody. It reports all that is wrong with cfg at once, without quoting it.
func New(cfg Config) (*Client, error) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = defaultBaseURL
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.SendTimeout <= 0 {
		cfg.SendTimeout = defaultSendTimeout
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("wechat: %w", err)
	}
	return &Client{
		appID: cfg.AppID, appSecret: cfg.AppSecret, timeout: cfg.Timeout, sendTimeout: cfg.SendTimeout, now: time.Now,
		once:          newHTTP(cfg, atMostOnce{unpooled(cfg.Transport)}).SetCloseConnection(true),
		probe:         newHTTP(cfg, pooled(cfg.Transport)),
		misconfigured: map[string]*Error{},
	}, nil
}

func (cfg Config) check() error {
	var complaints []error
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		complaints = append(complaints, errors.New("base URL is not http(s)://host"))
	}
	if cfg.AppID == "" {
		complaints = append(complaints, errors.New("app id is missing"))
	}
	if cfg.AppSecret == "" {
		complaints = append(complaints, errors.New("app secret is missing"))
	}
	return errors.Join(complaints...)
}

// newHTTP is resty as we want it: one attempt, no redirects (they would carry the secret elsewhere), small answers.
func newHTTP(cfg Config, transport http.RoundTripper) *resty.Client {
	return resty.New().
		SetBaseURL(cfg.BaseURL).
		SetTransport(withSpans(transport, cfg.Tracer)).
		SetRetryCount(0).
		SetRedirectPolicy(resty.RedirectPolicyFunc(func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse })).
		SetResponseBodyLimit(maxAnswerBytes).
		SetHeader("User-Agent", "snowgate").
		SetLogger(redacted{cfg.Logger})
}

// pooled copies the caller's transport, or makes one.
func pooled(transport http.RoundTripper) http.RoundTripper {
	if transport == nil {
		transport = http.DefaultTransport
	}
	if t, ok := transport.(*http.Transport); ok {
		return t.Clone()
	}
	return transport
}

// unpooled gives every call a connection of its own. On a reused one, net/http silently sends a GET again when the
// server hangs up, and a login code must not be spent twice. A POST is not sent again, but a message written to a
// connection that the server was about to close is one of which nobody knows what became; a handshake is the lower price.
func unpooled(transport http.RoundTripper) http.RoundTripper {
	transport = pooled(transport)
	if t, ok := transport.(*http.Transport); ok {
		t.DisableKeepAlives = true
	}
	return transport
}

// Close lets go of idle connections. Calls in flight go on.
func (c *Client) Close() {
	c.once.GetClient().CloseIdleConnections()
	c.probe.GetClient().CloseIdleConnections()
}

// Misconfigured returns an answer by which WeChat refused us (wrong AppID or AppSecret, our address not on the list, an
// ability we do not have), or nil when that call has succeeded since. Readiness reports it; no user can do anything
// about it.
func (c *Client) Misconfigured() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range []string{opToken, opCode2Session, opSend, opTemplates} {
		if e := c.misconfigured[op]; e != nil {
			return e
		}
	}
	return nil
}

// note keeps what Misconfigured reports. Calls are told apart, so that logins that work do not hide messages that do not.
func (c *Client) note(op string, e *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e != nil && e.Kind == KindMisconfigured:
		c.misconfigured[op] = e
	case e == nil:
		delete(c.misconfigured, op)
	}
}

// answered returns the body of an answer that is WeChat's, which is always of status 200.
func answered(op string, answer *resty.Response, err error) ([]byte, *Error) {
	switch {
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		return nil, badAnswer(op, "the answer is too large")
	case err != nil:
		return nil, transportError(op, err)
	case answer.StatusCode() != http.StatusOK:
		return nil, statusError(op, answer.StatusCode())
	}
	return answer.Body(), nil
}

// Probe asks whether WeChat can be reached at all. It spends no quota and sends no secret; any HTTP answer below 500
// will do. Returns *Error of KindUnavailable or KindTimeout.
func (c *Client) Probe(ctx context.Context) error {
	const op = "probe"
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := c.probe.R().SetContext(ctx).SetDoNotParseResponse(true).Get("/")
	if err != nil {
		return transportError(op, err)
	}
	_ = answer.RawBody().Close()
	if answer.StatusCode() >= http.StatusInternalServerError {
		return statusError(op, answer.StatusCode())
	}
	return nil
}
