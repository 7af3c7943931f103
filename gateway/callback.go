package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"snowgate/wxmsg"
)

// Push reads what WeChat pushes. Errors: wxmsg.ErrSignature, wxmsg.ErrMalformed.
type Push interface {
	VerifyURL(signature, timestamp, nonce string) bool
	Open(query url.Values, body []byte) ([]wxmsg.Event, error)
}

// Once remembers, for all replicas, what was done. Errors: session.ErrUnavailable.
type Once interface {
	// Lock keeps others from doing the same at the same time, for at most lease. It waits until ctx ends.
	Lock(ctx context.Context, name string, lease time.Duration) (unlock func(), err error)
	Seen(ctx context.Context, key string) (bool, error)
	// Once marks key for ttl and reports whether it was not marked before.
	Once(ctx context.Context, key string, ttl time.Duration) (first bool, err error)
}

const (
	// callbackPath is the address that is entered in WeChat's console.
	callbackPath = "/api/wechat/callback"
	// pushWithin is below the 5 s after which WeChat takes a push for undelivered.
	pushWithin = 4 * time.Second
	// pushWindow is how far a push's timestamp may be off: WeChat's clock and ours, and its three tries.
	pushWindow = 10 * time.Minute
	// pushMemory outlives the window on both sides: what is forgotten is too old to be taken.
	pushMemory = time.Hour
	// maxEcho is far above the 19 digits WeChat sends, in bytes.
	maxEcho = 256
)

// pushQuery is the query of a call from WeChat, on a gateway that expects any. The call log keeps none of it: it is
// made of signatures, and of an openid.
func (s *Server) pushQuery(c *call) (url.Values, error) {
	delete(c.record.params, "query")
	if s.deps.Push == nil {
		return nil, notFound.because(nil)
	}
	return c.query()
}

// checkCallback is GET /api/wechat/callback: WeChat asks whether the address is ours, and wants its echostr back.
func (s *Server) checkCallback(c *call) error {
	query, err := s.pushQuery(c)
	if err != nil {
		return err
	}
	if !s.deps.Push.VerifyURL(query.Get("signature"), query.Get("timestamp"), query.Get("nonce")) {
		return forbidden.because(wxmsg.ErrSignature)
	}
	echo := query.Get("echostr")
	if echo == "" || len(echo) > maxEcho || strings.ContainsFunc(echo, func(r rune) bool { return r < ' ' || r > '~' }) {
		return badField.in("echostr")
	}
	return c.bare(echo)
}

// takePush is POST /api/wechat/callback. Whatever is not answered with success WeChat delivers again, up to twice.
func (s *Server) takePush(c *call) error {
	query, err := s.pushQuery(c)
	if err != nil {
		return err
	}
	body, err := c.rawBody()
	if err != nil {
		return err
	}
	events, err := s.deps.Push.Open(query, body)
	if errors.Is(err, wxmsg.ErrSignature) || err == nil && !s.isRecent(query.Get("timestamp")) {
		return forbidden.because(err)
	}
	if err != nil {
		return &fault{problem: badField, field: "body", cause: err}
	}
	for _, e := range events {
		if err := s.takeEvent(c, e); err != nil {
			return err
		}
	}
	return c.bare("success")
}

// bare answers WeChat, which reads no envelope.
func (c *call) bare(text string) error {
	c.record.code = http.StatusOK
	return c.Blob(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
}

func (s *Server) isRecent(timestamp string) bool {
	at, err := strconv.ParseInt(timestamp, 10, 64)
	return err == nil && s.cfg.Now().Sub(time.Unix(at, 0)).Abs() <= pushWindow
}

// takeEvent does what an event asks for. One that means nothing to us is taken and left at that.
func (s *Server) takeEvent(c *call, e wxmsg.Event) error {
	switch e.Name {
	case wxmsg.EventCancellation:
		if e.OpenID == "" {
			return badField.in("OpenID")
		}
		c.record.params["event"] = e.Name
		return s.once(c, e, func(ctx context.Context) error {
			_, err := s.erase(ctx, e.OpenID)
			return err
		})
	case wxmsg.EventSubscribePopup, wxmsg.EventSubscribeChange, wxmsg.EventSubscribeSent:
		c.record.params["event"] = e.Name
		if e.FromUser == "" { // nobody's: a trial from WeChat's console
			return nil
		}
		return s.once(c, e, func(ctx context.Context) error { return s.takeSubscribeEvent(ctx, e) })
	case wxmsg.EventRevoke: // of phone, nickname, address: nothing of what it can name is held
		c.record.params["event"] = e.Name
		s.cfg.Logger.Info("consent revoked; nothing of it is held", "request_id", c.id, "revoked", e.Revoke)
	}
	return nil
}

// once does what an event asks for unless it was done. It is marked afterwards: a replica that dies in between leaves
// no mark, and WeChat's next delivery does it.
func (s *Server) once(c *call, e wxmsg.Event, do func(context.Context) error) error {
	ctx, key := c.Request().Context(), eventKey(e)
	if key == "" {
		return do(ctx)
	}
	unlock, err := s.deps.Once.Lock(ctx, key, pushWithin)
	if err != nil {
		return err
	}
	defer unlock()
	if seen, err := s.deps.Once.Seen(ctx, key); err != nil || seen {
		return err
	}
	if err := do(ctx); err != nil {
		return err
	}
	_, err = s.deps.Once.Once(ctx, key, pushMemory)
	return err
}

// eventKey is what a repeated delivery has in common with the first: the message's id, or else sender and time. News
// about persons come from one sender of the platform's, so that the person belongs to it as well: two may leave in the
// same second. Without either nothing tells a repetition, and the key is empty.
func eventKey(e wxmsg.Event) string {
	if e.MsgID == "" && e.CreateTime == 0 {
		return ""
	}
	id := e.MsgID
	if id == "" {
		id = e.FromUser + " " + strconv.FormatInt(e.CreateTime, 10)
	}
	parts := []string{"wechat push", e.Name, e.OpenID, id}
	for _, item := range e.Items { // two messages to one user may be reported in the same second
		parts = append(parts, item.TemplateID, item.MsgID)
	}
	return strings.Join(parts, "\n")
}
