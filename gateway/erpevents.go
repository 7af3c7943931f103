package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"snowgate/session"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

// Customers finds the people behind a customer of the ERP. Errors: session.ErrUnavailable.
type Customers interface {
	BoundTo(ctx context.Context, customerID string) ([]session.Binding, error)
}

// The types of ERP events.
const (
	EventOrderStatusChanged = "order_status_changed"
	EventMaterialProgress   = "material_progress"
	EventShipped            = "shipped"
)

// EventMessage is the message that an ERP event becomes. {name} in a text stands for a field of the event.
type EventMessage struct {
	TemplateID string
	Page       string
	Fields     map[string]string // text by keyword
}

// The headers by which a server signs an event: hex HMAC-SHA256, with its service key, over timestamp, a line feed, and
// the body as sent.
const (
	headerTimestamp = "X-Snowgate-Timestamp" // Unix time in seconds
	headerSignature = "X-Snowgate-Signature"
	// eventWindow is how far the timestamp may be off.
	eventWindow = 5 * time.Minute
)

// erpEvent is something that happened to a customer's order.
type erpEvent struct {
	id, kind, customerID, companyID string
	fields                          map[string]string
}

// takeERPEvent is POST /api/erp/events: everybody bound to the customer gets the message configured for the event. Each
// message's id is made of the event's, so that a repeated event finds its messages and sends nothing twice.
func (s *Server) takeERPEvent(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	e, err := s.erpEvent(c)
	if err != nil {
		return err
	}
	configured, ok := s.live().EventMessages[e.kind]
	if !ok {
		return notSupported.because(errors.New("no template is configured for this type of event"))
	}
	m := configured.fill(e.fields)
	if err := s.checkMessage(m); err != nil {
		return err
	}
	queued, skipped, err := s.tellCustomer(c.Request().Context(), e, m)
	if err != nil {
		return err
	}
	return c.ok(map[string]any{"eventId": e.id, "queued": queued, "noConsent": skipped})
}

// erpEvent reads and checks the event. Its signature covers the body as it was sent.
func (s *Server) erpEvent(c *call) (e erpEvent, err error) {
	raw, err := c.jsonBody()
	if err != nil {
		return e, err
	}
	if !s.isSigned(c, raw) {
		return e, forbidden.because(errors.New("signature or timestamp of the event"))
	}
	body, err := c.parse(raw)
	if err != nil {
		return e, err
	}
	e = erpEvent{
		id: body.text("eventId", maxIDRunes), kind: body.text("type", maxIDRunes),
		customerID: body.text("customerId", maxIDRunes), companyID: body.optional("companyId", maxIDRunes),
		fields: map[string]string{},
	}
	switch e.kind {
	case EventOrderStatusChanged, EventMaterialProgress, EventShipped:
	default:
		body.complain("type")
	}
	for name, v := range body.object("data") {
		text, ok := keywordText(v)
		if !ok {
			body.complain("data")
		}
		e.fields[name] = text
	}
	return e, body.err()
}

// isSigned checks the signature with the very key that the caller identified itself with.
func (s *Server) isSigned(c *call, body []byte) bool {
	header := c.Request().Header
	stamp := header.Get(headerTimestamp)
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || s.cfg.Now().Sub(time.Unix(at, 0)).Abs() > eventWindow {
		return false
	}
	key, _ := bearer(c)
	given, err := hex.DecodeString(header.Get(headerSignature))
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(stamp + "\n"))
	mac.Write(body)
	return err == nil && hmac.Equal(given, mac.Sum(nil))
}

// tellCustomer queues the message for everybody bound to the event's customer.
func (s *Server) tellCustomer(ctx context.Context, e erpEvent, m wxmsg.Message) (queued, noConsent int, err error) {
	people, err := s.deps.Customers.BoundTo(ctx, e.customerID)
	if err != nil {
		return 0, 0, err
	}
	for _, b := range people {
		if e.companyID != "" && e.companyID != b.CompanyID {
			continue
		}
		m.OpenID = b.OpenID
		_, err := s.deps.Messages.Accept(ctx, queue.Request{
			MsgID: madeOf("event", e.id, b.OpenID), Fingerprint: e.kind, Message: m, Sender: senderEvent,
		})
		switch {
		case errors.Is(err, queue.ErrNoConsent):
			noConsent++
		case err != nil:
			return queued, noConsent, err
		default:
			queued++
		}
	}
	return queued, noConsent, nil
}

var placeholder = regexp.MustCompile(`\{[A-Za-z0-9_]+\}`)

// fill puts the event's fields in the places of their names. What is too long for its keyword is cut: a card that says
// "Down jacket with ho…" is better than none.
func (m EventMessage) fill(fields map[string]string) wxmsg.Message {
	put := func(text string, escape func(string) string) string {
		return placeholder.ReplaceAllStringFunc(text, func(name string) string { return escape(fields[name[1:len(name)-1]]) })
	}
	filled := wxmsg.Message{TemplateID: m.TemplateID, Page: put(m.Page, pageValue), Data: map[string]string{}}
	for keyword, text := range m.Fields {
		filled.Data[keyword] = shorten(keyword, put(text, func(s string) string { return s }))
	}
	return filled
}

// pageValue is a field as it may stand in a page's query.
func pageValue(s string) string {
	if !validID(s) {
		return ""
	}
	return s
}

// roomFor is how many runes a keyword of a type has room for (WeChat: subscribe messages, keyword types).
var roomFor = map[string]int{"thing": 20, "character_string": 32, "name": 10, "phrase": 5}

// shorten cuts a text that is too long for its keyword.
func shorten(keyword, text string) string {
	runes := []rune(text)
	room, known := roomFor[strings.TrimRight(keyword, "0123456789")]
	switch {
	case !known || len(runes) <= room:
		return text
	case strings.HasPrefix(keyword, "thing"):
		return string(runes[:room-1]) + "…"
	default: // an ellipsis is no character of theirs
		return string(runes[:room])
	}
}
