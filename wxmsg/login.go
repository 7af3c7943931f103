package wxmsg

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Login is what a login code was exchanged for. It prints without its contents.
type Login struct {
	OpenID  string // unique per user and mini-program
	UnionID string // only when the mini-program is tied to a WeChat Open Platform account
	// SessionKey is base64 of 16 bytes. WeChat forbids handing it to anyone, the mini-program included.
	SessionKey string `json:"-"`
}

// String says what this is, not whose.
func (l Login) String() string { return "wechat login" }

// Format keeps the session_key out of every fmt verb.
func (l Login) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// LogValue keeps the session_key out of slog.
func (l Login) LogValue() slog.Value { return slog.StringValue(l.String()) }

const opCode2Session = "code2session"

// Code2Session exchanges the code of wx.login (5 minutes, one use) for the user's openid and session_key. It makes
// exactly one attempt: if the answer is lost, the code is spent, and the client has to call wx.login again.
// An empty code is refused without asking. Every error is an *Error; its Kind names the reaction.
//
// WeChat: code2Session, GET /sns/jscode2session.
func (c *Client) Code2Session(ctx context.Context, code string) (Login, error) {
	if code == "" {
		return Login{}, &Error{Op: opCode2Session, Kind: KindCodeInvalid, ErrCode: errCodeMissing}
	}
	login, failure := c.exchange(ctx, code)
	c.note(opCode2Session, failure)
	if failure != nil {
		return Login{}, failure
	}
	return login, nil
}

func (c *Client) exchange(ctx context.Context, code string) (Login, *Error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := c.once.R().SetContext(ctx).
		SetQueryParam("appid", c.appID).
		SetQueryParam("secret", c.appSecret).
		SetQueryParam("js_code", code).
		SetQueryParam("grant_type", "authorization_code").
		Get("/sns/jscode2session")
	body, failure := answered(opCode2Session, answer, err)
	if failure != nil {
		return Login{}, failure
	}
	return c.readLogin(body)
}

// readLogin decodes by hand: WeChat sends text/plain, for which resty would leave its result empty without an error.
func (c *Client) readLogin(body []byte) (Login, *Error) {
	var answer struct {
		OpenID     string `json:"openid"`
		UnionID    string `json:"unionid"`
		SessionKey string `json:"session_key"`
		ErrCode    int    `json:"errcode"`
		ErrMsg     string `json:"errmsg"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return Login{}, badAnswer(opCode2Session, notTheJSON)
	}
	if answer.ErrCode != 0 {
		return Login{}, refused(opCode2Session, answer.ErrCode, answer.ErrMsg, c.now())
	}
	if answer.OpenID == "" || answer.SessionKey == "" {
		return Login{}, badAnswer(opCode2Session, "openid or session_key is missing")
	}
	return Login{OpenID: answer.OpenID, UnionID: answer.UnionID, SessionKey: answer.SessionKey}, nil
}
