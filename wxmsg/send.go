package wxmsg

import (
	"context"
	"encoding/json"

	"github.com/go-resty/resty/v2"
)

const opSend = "send"

// Sender sends subscribe messages. It is safe for concurrent use; that two messages to one openid do not travel at the
// same time, which WeChat refuses, is for the caller to see to.
type Sender struct {
	client *Client
	tokens *Tokens
}

// NewSender makes a Sender that pays with the access_token of tokens.
func NewSender(c *Client, tokens *Tokens) *Sender { return &Sender{client: c, tokens: tokens} }

// Ready makes sure that an access_token is at hand, so that one is fetched before a message is taken in hand and not
// afterwards. Errors are those of Tokens.Token.
func (s *Sender) Ready(ctx context.Context) error {
	_, err := s.tokens.Token(ctx)
	return err
}

// Send sends one message and returns WeChat's id for it, which the event EventSubscribeSent repeats; it is empty where
// WeChat gives none. Success says that WeChat has accepted the message, not that it was delivered.
//
// The message reaches WeChat once. If WeChat refuses the access_token, the message was not taken, and is sent once more
// with another token. FateOf tells what any error means for the message; when ctx ends after the message was written,
// that is FateUnknown, so whoever stops should let sends finish (at most Config.SendTimeout each, twice).
//
// WeChat: sendSubscribeMessage, POST /cgi-bin/message/subscribe/send.
func (s *Sender) Send(ctx context.Context, m Message) (msgID string, err error) {
	body, _ := json.Marshal(requestOf(m)) // strings always marshal
	err = s.paid(ctx, func(token string) *Error {
		var failure *Error
		msgID, failure = s.client.send(ctx, token, body)
		s.client.note(opSend, failure)
		return failure
	})
	return msgID, err
}

// paid does a call with the access_token. When WeChat refuses the token, the call is repeated once with another one.
func (s *Sender) paid(ctx context.Context, call func(token string) *Error) error {
	token, err := s.tokens.Token(ctx)
	if err != nil {
		return err
	}
	failure := call(token)
	if failure == nil || failure.Kind != KindToken {
		return orNil(failure)
	}
	if err := s.tokens.Drop(ctx, token); err != nil {
		return err
	}
	if token, err = s.tokens.Token(ctx); err != nil {
		return err
	}
	return orNil(call(token))
}

// orNil keeps a nil *Error from becoming an error that is not nil.
func orNil(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

type sendRequest struct {
	ToUser     string                  `json:"touser"`
	TemplateID string                  `json:"template_id"`
	Page       string                  `json:"page,omitempty"`
	Data       map[string]keywordValue `json:"data"`
	State      string                  `json:"miniprogram_state"` // newer pages require it and lang, older ones do not
	Lang       string                  `json:"lang"`
}

type keywordValue struct {
	Value string `json:"value"`
}

func requestOf(m Message) sendRequest {
	r := sendRequest{
		ToUser: m.OpenID, TemplateID: m.TemplateID, Page: m.Page, State: m.State, Lang: m.Lang,
		Data: make(map[string]keywordValue, len(m.Data)),
	}
	if r.State == "" {
		r.State = "formal"
	}
	if r.Lang == "" {
		r.Lang = "zh_CN"
	}
	for keyword, value := range m.Data {
		r.Data[keyword] = keywordValue{value}
	}
	return r
}

func (c *Client) send(ctx context.Context, token string, body []byte) (msgID string, failure *Error) {
	ctx, cancel := context.WithTimeout(ctx, c.sendTimeout)
	defer cancel()
	answer, err := c.post(ctx, body).SetQueryParam("access_token", token).Post("/cgi-bin/message/subscribe/send")
	raw, failure := answered(opSend, answer, err)
	if failure != nil {
		return "", failure
	}
	return c.readSent(raw)
}

// post is a request with a JSON body that leaves at most once.
func (c *Client) post(ctx context.Context, body []byte) *resty.Request {
	return c.once.R().SetContext(ctx).SetHeader("Content-Type", "application/json").SetBody(body)
}

// readSent takes errcode 0, or in its absence a msgid, for success. An odd msgid does not undo an errcode of 0: the
// message is on its way.
func (c *Client) readSent(raw []byte) (msgID string, failure *Error) {
	var answer struct {
		ErrCode *int            `json:"errcode"`
		ErrMsg  string          `json:"errmsg"`
		MsgID   json.RawMessage `json:"msgid"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return "", badAnswer(opSend, notTheJSON)
	}
	msgID = msgIDOf(answer.MsgID)
	switch {
	case answer.ErrCode != nil && *answer.ErrCode != 0:
		return "", refused(opSend, *answer.ErrCode, answer.ErrMsg, c.now())
	case answer.ErrCode == nil && msgID == "":
		return "", badAnswer(opSend, "errcode and msgid are missing")
	}
	return msgID, nil
}

// maxMsgID is far above the 19 digits WeChat gives.
const maxMsgID = 64

// msgIDOf keeps the digits as they are: read as a float64 they would change. Anything else is no id.
func msgIDOf(raw json.RawMessage) string {
	var id text
	if raw == nil || id.UnmarshalJSON(raw) != nil || len(id) > maxMsgID || !isDigits(string(id)) {
		return ""
	}
	return string(id)
}

func isDigits(s string) bool {
	for _, c := range s {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}
