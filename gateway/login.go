package gateway

import (
	"context"
	"errors"

	"snowgate/session"
	"snowgate/wxmsg"
)

// WeChat exchanges a login code. Errors: *wxmsg.Error.
type WeChat interface {
	Code2Session(ctx context.Context, code string) (wxmsg.Login, error)
}

// loginAnswer is the answer to a login. Token repeats SessionKey: clients in the field read either.
type loginAnswer struct {
	SessionKey string `json:"sessionKey"`
	Token      string `json:"token"`
	OpenID     string `json:"openid"`
	UnionID    string `json:"unionid"`
	ExpiresAt  string `json:"expiresAt"`
	Bound      bool   `json:"bound"`
}

// login is POST /api/auth/wx-login {code, userInfo?}. The code is exchanged once. userInfo is accepted and not kept:
// WeChat has sent no real data in it since 2022.
func (s *Server) login(c *call) error {
	c.record.secrets = []string{"code"}
	body, err := c.body()
	if err != nil {
		return err
	}
	code := body.text("code", maxText)
	body.object("userInfo")
	if err := body.err(); err != nil {
		return err
	}
	ctx := c.Request().Context()
	who, err := s.deps.WeChat.Code2Session(ctx, code)
	if err != nil {
		return err
	}
	token, found, err := s.deps.Sessions.Create(ctx, session.Login{
		OpenID: who.OpenID, UnionID: who.UnionID, WeChatSessionKey: who.SessionKey,
	})
	if err != nil {
		return err
	}
	c.session = found
	s.deps.Log.Session(s.sessionChange(found, true))
	bound, err := s.loadBinding(c)
	if err != nil {
		return err
	}
	return c.ok(loginAnswer{
		SessionKey: token, Token: token, OpenID: found.OpenID, UnionID: found.UnionID,
		ExpiresAt: s.timestamp(found.ExpiresAt), Bound: bound,
	})
}

// loadBinding looks whether the session's openid is bound, and to what. A binding sealed under a key that was dropped
// has to be made anew.
func (s *Server) loadBinding(c *call) (bool, error) {
	return c.isBound(s.deps.Bindings.Binding(c.Request().Context(), c.session.OpenID))
}

func (c *call) isBound(b session.Binding, err error) (bool, error) {
	if errors.Is(err, session.ErrNotBound) || errors.Is(err, session.ErrUnreadable) {
		return false, nil
	}
	c.binding = b
	return err == nil, err
}

// logout is POST /api/auth/logout?everywhere: this session ends, or all of the user's, on every replica. The binding stays.
func (s *Server) logout(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	switch values.Get("everywhere") {
	case "", "false":
		err = s.endSession(c)
	case "true":
		err = s.endSessions(c)
	default:
		err = badField.in("everywhere")
	}
	if err != nil {
		return err
	}
	return c.ok(struct{}{})
}

func (s *Server) endSession(c *call) error {
	if err := s.deps.Sessions.Revoke(c.Request().Context(), c.session.ID); err != nil {
		return err
	}
	s.deps.Log.Session(s.sessionChange(c.session, false))
	return nil
}

func (s *Server) endSessions(c *call) error {
	sessions, err := s.deps.Sessions.List(c.Request().Context(), c.session.OpenID)
	if err != nil {
		return err
	}
	if _, err := s.deps.Sessions.RevokeAll(c.Request().Context(), c.session.OpenID); err != nil {
		return err
	}
	for _, x := range sessions {
		s.deps.Log.Session(s.sessionChange(x, false))
	}
	return nil
}
