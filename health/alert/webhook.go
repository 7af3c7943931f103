package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrWebhook says that a webhook cannot be read. The text around it never quotes the webhook.
var ErrWebhook = errors.New("alert: must be wecom:URL, dingtalk:URL#SECRET, feishu:URL#SECRET or json:URL; plain http is for loopback hosts only")

// Webhook is one place to tell. It is immutable, and prints without its URL and its secret.
type Webhook struct {
	name    string
	kind    string
	url     string // without the fragment
	host    string
	secret  string // "" if it is not signed
	dialect dialect
}

// dialect is how one kind of webhook is spoken to.
type dialect interface {
	// target is where to send at this moment.
	target(w *Webhook, now time.Time) string
	// payload is the body.
	payload(w *Webhook, m Message, now time.Time) any
	// verdict reads the answer to a request that came through.
	verdict(status int, body []byte) error
}

var dialects = map[string]dialect{"wecom": wecom{}, "dingtalk": dingtalk{}, "feishu": feishu{}, "json": plain{}}

// Parse reads webhooks as they stand in the configuration, wecom:URL, dingtalk:URL#SECRET, feishu:URL#SECRET or json:URL, and
// names each after its kind and its place ("wecom-1", "dingtalk-2"). The secret may be missing where the robot is protected
// otherwise. Returns ErrWebhook with the place.
func Parse(texts []string) ([]*Webhook, error) {
	hooks := make([]*Webhook, len(texts))
	for i, text := range texts {
		w, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("webhook %d: %w", i+1, err)
		}
		w.name = fmt.Sprintf("%s-%d", w.kind, i+1)
		hooks[i] = w
	}
	return hooks, nil
}

func parse(text string) (*Webhook, error) {
	kind, target, _ := strings.Cut(text, ":")
	address, secret, _ := strings.Cut(target, "#")
	u, err := url.Parse(address)
	if err != nil || dialects[kind] == nil || u.Host == "" || u.User != nil || !safe(u) {
		return nil, ErrWebhook // err quotes the address
	}
	if signed := kind == "dingtalk" || kind == "feishu"; secret != "" && !signed {
		return nil, ErrWebhook
	}
	return &Webhook{kind: kind, url: address, host: u.Host, secret: secret, dialect: dialects[kind]}, nil
}

func safe(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// Name is what the webhook is called in logs, metrics and answers.
func (w *Webhook) Name() string { return w.name }

// Kind is wecom, dingtalk, feishu or json.
func (w *Webhook) Kind() string { return w.kind }

// String is the webhook without what would let one send to it.
func (w *Webhook) String() string { return w.kind + ":" + w.host + "/***" }

// GoString is String: a debugging print must not show more.
func (w *Webhook) GoString() string { return w.String() }

// id tells the robot from others across replicas; the URL cannot be had back from it.
func (w *Webhook) id() string {
	sum := sha256.Sum256([]byte(w.url))
	return hex.EncodeToString(sum[:8])
}

// maxAnswer is what is read of an answer; those of the robots are 100 bytes.
const maxAnswer = 64 << 10

// post sends one message and waits for the answer, once. The error is fit for people and logs.
func (w *Webhook) post(ctx context.Context, client *http.Client, m Message) error {
	now := time.Now()
	body, err := encode(w.dialect.payload(w, m, now))
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.dialect.target(w, now), body)
	if err != nil {
		return w.hide(err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	response, err := client.Do(request)
	if err != nil {
		return w.hide(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return w.hide(err)
	}
	return w.dialect.verdict(response.StatusCode, answer)
}

// hidden is an error whose text has been cleaned.
type hidden struct {
	text  string
	cause error
}

func (h *hidden) Error() string { return h.text }
func (h *hidden) Unwrap() error { return h.cause }

// hide takes the address out of an error: net/http quotes the URL it called, query and all.
func (w *Webhook) hide(err error) error {
	var quoting *url.Error
	for errors.As(err, &quoting) {
		err = quoting.Err
	}
	text := err.Error()
	for _, secret := range w.secrets() {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return &hidden{text, err}
}

// secrets are the texts that must not be seen, the long ones first.
func (w *Webhook) secrets() []string {
	list := []string{w.url}
	if u, err := url.Parse(w.url); err == nil {
		list = append(list, u.RequestURI(), u.RawQuery, u.EscapedPath())
		for _, values := range u.Query() {
			list = append(list, values...)
		}
	}
	var long []string
	for _, s := range append(list, w.secret) {
		if len(s) > 3 { // "" and "/" are in every text, and guard nothing
			long = append(long, s)
		}
	}
	return long
}
