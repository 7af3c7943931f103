package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	pushTries          = 3
	defaultPushTimeout = 5 * time.Second
	defaultPushPause   = time.Second
)

// ErrPush is wrapped by every complaint about where to push to.
var ErrPush = errors.New("sandbox: bad push target")

// Push is one event that was, or is being, pushed.
type Push struct {
	Event      string `json:"event"`
	OpenID     string `json:"openid"`
	TemplateID string `json:"templateId"`
	MsgID      int64  `json:"msgid,string"` // of subscribe_msg_sent_event
	Body       string `json:"body"`         // before any encryption
	Tries      int    `json:"tries"`
	Taken      bool   `json:"taken"` // answered with success, or with nothing, in time
}

// wechatPushes pushes events as WeChat does: to one address, up to three times each.
type wechatPushes struct {
	client *http.Client
	ctx    context.Context // ends with the stand-in
	cancel context.CancelFunc
	under  sync.WaitGroup

	mu     sync.Mutex // guards all below
	closed bool
	target *pushTarget
	log    []*Push
	fails  deliveryFault
}

// pushTarget is the callback as it would be entered in WeChat's console.
type pushTarget struct {
	url    string
	token  string
	sealer *pushSealer // nil: plain mode
}

// deliveryFault is what sent events say in place of success; code 0 is success.
type deliveryFault struct {
	code   int
	status string
}

func (p *wechatPushes) open() {
	p.client = &http.Client{
		Transport:     &http.Transport{}, // no proxy: nothing leaves this machine
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
}

func (p *wechatPushes) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cancel()
	p.under.Wait()
	p.client.CloseIdleConnections()
}

// PushTo makes the stand-in push events to a callback on this machine, in plain mode, or in
// secure mode when there is an EncodingAESKey of 43 characters. An empty address ends it.
// Events from before are not pushed. Errors wrap [ErrPush].
func (w *WeChat) PushTo(address, token, aesKey string) error {
	var target *pushTarget
	if address != "" {
		if err := checkPushAddress(address); err != nil {
			return err
		}
		target = &pushTarget{url: address, token: token}
	}
	if target != nil && aesKey != "" {
		sealer, err := newPushSealer(aesKey, w.opts.AppID)
		if err != nil {
			return err
		}
		target.sealer = sealer
	}
	w.pushes.mu.Lock()
	defer w.pushes.mu.Unlock()
	w.pushes.target = target
	return nil
}

// checkPushAddress keeps the promise that nothing here contacts another machine.
func checkPushAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" {
		return errors.Join(ErrPush, errors.New("not an http address without a query"))
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errors.Join(ErrPush, errors.New("not an address of this machine"))
	}
	return nil
}

// FailDeliveries makes sent events from now on tell a failed delivery, such as
// FailDeliveries(101, "user refuse"); code 0 means success again.
func (w *WeChat) FailDeliveries(code int, status string) {
	w.pushes.mu.Lock()
	defer w.pushes.mu.Unlock()
	w.pushes.fails = deliveryFault{code, status}
}

// Pushes returns every event pushed so far, oldest first.
func (w *WeChat) Pushes() []Push {
	w.pushes.mu.Lock()
	defer w.pushes.mu.Unlock()
	out := make([]Push, 0, len(w.pushes.log))
	for _, p := range w.pushes.log {
		out = append(out, *p)
	}
	return out
}

// push starts pushing an event, unless nobody listens.
func (p *wechatPushes) push(event Push, body []byte, timing WeChatOptions) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.target == nil {
		return
	}
	event.Body = string(body)
	p.log = append(p.log, &event)
	target := p.target
	p.under.Go(func() { p.deliver(target, &event, body, timing) })
}

func (p *wechatPushes) deliver(to *pushTarget, event *Push, body []byte, timing WeChatOptions) {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for range pushTries {
		select {
		case <-pause.C:
		case <-p.ctx.Done():
			return
		}
		taken := p.post(to, event.OpenID, body, timing)
		p.mu.Lock()
		event.Tries++
		event.Taken = taken
		p.mu.Unlock()
		if taken {
			return
		}
		pause.Reset(timing.PushPause)
	}
}

// post is one delivery; an answer that comes too late, or says anything else than success,
// is none.
func (p *wechatPushes) post(to *pushTarget, openid string, body []byte, timing WeChatOptions) (taken bool) {
	ctx, cancel := context.WithTimeout(p.ctx, timing.PushTimeout)
	defer cancel()
	query, body := to.sign(openid, body, timing.Now())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url+"?"+query.Encode(), strings.NewReader(string(body)))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	text := strings.TrimSpace(string(said))
	return err == nil && resp.StatusCode == http.StatusOK && (text == "success" || text == "")
}

// sign makes the query of one delivery, and seals the body in secure mode.
func (t *pushTarget) sign(openid string, body []byte, now time.Time) (url.Values, []byte) {
	timestamp, nonce := strconv.FormatInt(now.Unix(), 10), newRID()[:8]
	query := url.Values{
		"signature": {pushSignature(t.token, timestamp, nonce)}, "timestamp": {timestamp}, "nonce": {nonce}, "openid": {openid},
	}
	if t.sealer == nil {
		return query, body
	}
	sealed := t.sealer.seal(body)
	query.Set("encrypt_type", "aes")
	query.Set("msg_signature", pushSignature(t.token, timestamp, nonce, sealed))
	outer, err := json.Marshal(map[string]string{"ToUserName": originalID, "Encrypt": sealed})
	if err != nil { // cannot happen to two strings
		return query, nil
	}
	return query, outer
}
