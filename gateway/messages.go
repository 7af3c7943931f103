package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"snowgate/session"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

// Messages is the queue of subscribe messages and the ledger of who wants them. Errors: queue.ErrNotFound, ErrKeyReused,
// ErrNoConsent, ErrState, ErrUnavailable.
type Messages interface {
	// Accept takes a message durably, or not at all. One whose MsgID it has is answered with what it has.
	Accept(ctx context.Context, r queue.Request) (queue.Status, error)
	Status(ctx context.Context, msgID string) (queue.Status, error)

	Credit(ctx context.Context, openid, templateID string, source queue.Source) error
	Revoke(ctx context.Context, openid, templateID string) error
	Credits(ctx context.Context, openid string) (map[string]int, error)
	// Settle takes WeChat's word on what became of a message.
	Settle(ctx context.Context, d queue.Delivery) error

	Retry(ctx context.Context, msgID string) error
	Drop(ctx context.Context, msgID string) error
	Resume(ctx context.Context) error
	Stats(ctx context.Context) (queue.Stats, error)
	// Forget cancels what waits for a person and erases their credits.
	Forget(ctx context.Context, openid string) (cancelled int, err error)
}

// Templates knows which messages may be sent.
type Templates interface {
	// Template reports whether the id is on our list. What the template looks like is nil as long as WeChat has not told.
	Template(id string) (t *wxmsg.Template, listed bool)
}

// Who asked for a message, as its row says.
const (
	senderSession = "session"
	senderService = "service"
	senderEvent   = "event"
)

const (
	// maxPagePath is far above the pages of a mini-program, in runes.
	maxPagePath = 128
	// dailyMessages is how many messages a session may have sent to itself within a day: enough for any use, and an end
	// to a loop in a mini-program.
	dailyMessages = 1000
	// maxKeywords is far above the five keywords a template has at most.
	maxKeywords = 20
)

// pagePath keeps a message from opening anything but a page of the mini-program.
var pagePath = regexp.MustCompile(`^pages/[A-Za-z0-9_/-]{1,100}(\?[A-Za-z0-9_=&%.-]{0,100})?$`)

// sendMessage is POST /api/wechat/template-msg. "queued" is a promise: the message is sent, or ends in a state that
// names the reason.
func (s *Server) sendMessage(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	key, err := c.idempotencyKey()
	if err != nil {
		return err
	}
	m, err := c.message()
	if err != nil {
		return err
	}
	if err := s.checkRecipient(c, m.OpenID); err != nil {
		return err
	}
	if err := s.checkMessage(m); err != nil {
		return err
	}
	if err := s.checkDaily(c); err != nil {
		return err
	}
	accepted, err := s.deps.Messages.Accept(c.Request().Context(), s.newMessage(c, key, m))
	if err != nil {
		return err
	}
	return c.ok(map[string]any{"msgid": accepted.MsgID, "status": "queued", "sendTime": s.timestamp(accepted.AcceptedAt)})
}

// message reads the body. A keyword's value may stand by itself or, as WeChat wants it, under "value".
func (c *call) message() (m wxmsg.Message, err error) {
	body, err := c.body()
	if err != nil {
		return m, err
	}
	m = wxmsg.Message{
		OpenID: body.optional("openid", maxText), TemplateID: body.text("templateId", maxText),
		Page: body.optional("page", maxPagePath), Data: body.keywords("data"),
	}
	if m.Page != "" && !pagePath.MatchString(m.Page) {
		body.complain("page")
	}
	return m, body.err()
}

// keywords is a required object of texts. They may hold line breaks and tabs: whether the keyword's type allows them is
// decided later, and named.
func (f *fields) keywords(name string) map[string]string {
	given := f.object(name)
	if len(given) == 0 || len(given) > maxKeywords {
		f.complain(name)
		return nil
	}
	data := make(map[string]string, len(given))
	for keyword, v := range given {
		text, ok := keywordText(v)
		if !ok || !printable(keyword, maxIDRunes) {
			f.complain(name)
		}
		data[keyword] = text
	}
	return data
}

func keywordText(v any) (string, bool) {
	if nested, ok := v.(map[string]any); ok {
		v = nested["value"]
	}
	switch v := v.(type) {
	case json.Number:
		return v.String(), true
	case string:
		return v, utf8.RuneCountInString(v) <= maxText && !strings.ContainsFunc(v, unreadable)
	default:
		return "", false
	}
}

func unreadable(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' }

// checkRecipient lets a session send to itself, and a service to everybody who is bound.
func (s *Server) checkRecipient(c *call, openid string) error {
	if !c.service {
		return c.checkOpenID(openid)
	}
	if openid == "" {
		return badField.in("openid")
	}
	_, err := s.deps.Bindings.Binding(c.Request().Context(), openid)
	if errors.Is(err, session.ErrNotBound) {
		return notFound.because(err)
	}
	return err
}

// checkMessage holds a message to our list of templates and, as far as it is known, to the template itself.
func (s *Server) checkMessage(m wxmsg.Message) error {
	template, listed := s.deps.Templates.Template(m.TemplateID)
	if !listed {
		return badField.in("templateId")
	}
	return wxmsg.Check(template, m.Data)
}

func (s *Server) checkDaily(c *call) error {
	if c.service {
		return nil
	}
	wait, err := s.deps.Attempts.Attempt(c.Request().Context(), 24*time.Hour, dailyMessages, "message-openid:"+c.session.OpenID)
	if err != nil {
		return err
	}
	if wait > 0 {
		return rateLimited.after(wait, nil)
	}
	return nil
}

// newMessage gives the message its id: made of the caller's key where there is one, so that a repetition finds it.
func (s *Server) newMessage(c *call, key string, m wxmsg.Message) queue.Request {
	r := queue.Request{MsgID: newID(), Message: m, Sender: senderService}
	owner := senderService
	if !c.service {
		r.Message.OpenID, r.Sender, owner = c.session.OpenID, senderSession, c.session.OpenID
	}
	if key != "" {
		r.MsgID = madeOf("message", owner, key)
	}
	r.Fingerprint = fingerprint(r.Message)
	return r
}

// namespace keeps ids that are made of something apart from everybody else's.
var namespace = uuid.MustParse("5a1e0f5e-90c4-4b7e-9d3a-3e6d1f2b7c80")

// madeOf is the one id that stands for these parts.
func madeOf(parts ...string) string {
	return uuid.NewHash(sha256.New(), namespace, []byte(strings.Join(parts, "\x00")), 8).String()
}

// fingerprint tells whether two requests ask for the same. The JSON of a map has its keys sorted.
func fingerprint(v any) string {
	text, _ := json.Marshal(v) // structs of texts and maps of texts always marshal
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// followedMessage is what its sender may know of a message.
type followedMessage struct {
	MsgID      string `json:"msgid"`
	Status     string `json:"status"` // queued, sent, failed, unknown, refused, cancelled
	TemplateID string `json:"templateId"`
	SendTime   string `json:"sendTime"` // when it was accepted
	UpdatedAt  string `json:"updatedAt"`
	Attempts   int    `json:"attempts"`
	Reason     string `json:"reason"`
	WXMsgID    string `json:"wxMsgid"` // WeChat's own: 19 digits, more than a JavaScript number can hold
}

// followMessage is GET /api/wechat/template-msg/{msgid}. Somebody else's message is not there.
func (s *Server) followMessage(c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	m, err := s.deps.Messages.Status(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if !c.service && m.Person != s.deps.Masker.Pseudonym("openid", c.session.OpenID) {
		return notFound.because(nil)
	}
	return c.ok(followedMessage{
		MsgID: m.MsgID, Status: string(m.State), TemplateID: m.TemplateID, SendTime: s.timestamp(m.AcceptedAt),
		UpdatedAt: s.timestamp(m.UpdatedAt), Attempts: m.Attempts, Reason: m.Reason, WXMsgID: m.WeChatMsgID,
	})
}
