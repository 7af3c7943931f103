package gateway

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"snowgate/audit"
	"snowgate/session"
)

// Sessions is what the gateway asks of the session store. Errors: session.ErrNotFound, session.ErrUnreadable,
// session.ErrUnavailable.
type Sessions interface {
	Create(ctx context.Context, l session.Login) (token string, s session.Session, err error)
	Revoke(ctx context.Context, id string) error
	RevokeAll(ctx context.Context, openid string) (ids []string, err error)
	List(ctx context.Context, openid string) ([]session.Session, error)
}

// Arrivals finds out in one step what every user's request asks of the store: whose session it is, what they are bound to,
// and whether they come too often. Errors are about the session, as of Sessions.
type Arrivals interface {
	Arrive(ctx context.Context, token string, want session.Wanted) (session.Arrival, error)
}

// admit checks that the caller may use the route and finds out who it is.
func (s *Server) admit(c *call, r route) error {
	switch r.who {
	case anyone:
		return nil
	case scraper:
		if s.mayScrape(c.RealIP()) {
			return nil
		}
		return s.admitAdmin(c, r)
	case admin:
		return s.admitAdmin(c, r)
	case service:
		return s.admitService(c, r)
	case sender:
		if c.service = s.isService(c); c.service {
			return nil
		}
		return s.admitMember(c, r)
	}
	if err := s.admitMember(c, r); err != nil || r.who == member {
		return err
	}
	isBound, err := c.isBound(c.arrival.Binding, c.arrival.BindingErr)
	if err == nil && !isBound {
		return erpNotBound.because(nil)
	}
	return err
}

// admitMember finds out who holds the bearer token, and in the same step what else is asked of them. Whatever is wrong
// with a token is the same answer.
func (s *Server) admitMember(c *call, r route) (err error) {
	token, ok := bearer(c)
	if !ok {
		return sessionExpired.because(nil)
	}
	c.arrival, err = s.deps.Arrivals.Arrive(c.Request().Context(), token, s.wanted(c, r))
	if errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrUnreadable) { // or its sealing key was dropped
		return sessionExpired.because(err)
	}
	if err != nil {
		return err
	}
	c.session = c.arrival.Session
	c.Response().Header().Set("X-Session-Expires", s.timestamp(c.session.ExpiresAt))
	if c.arrival.Renewed {
		s.deps.Log.Session(s.sessionChange(c.session, true))
	}
	return s.checkQueryOpenID(c)
}

// checkQueryOpenID refuses an openid that is not the session's; it is never used for anything else.
func (s *Server) checkQueryOpenID(c *call) error {
	values, err := c.query()
	if err != nil {
		return err
	}
	return c.checkOpenID(values.Get("openid"))
}

func (c *call) checkOpenID(given string) error {
	if given != "" && given != c.session.OpenID {
		return openidMismatch.because(nil)
	}
	return nil
}

// mayScrape reports whether the address may read the metrics without a token.
func (s *Server) mayScrape(address string) bool {
	ip := net.ParseIP(address)
	return ip != nil && slices.ContainsFunc(s.live().MetricsNetworks, func(n *net.IPNet) bool { return n.Contains(ip) })
}

// admitAdmin lets admin tokens in, and admins who are logged in at the console.
func (s *Server) admitAdmin(c *call, r route) error {
	if token, ok := bearer(c); ok {
		if d := digestOf(token); d.isIn(s.live().admins) {
			c.actsAs(d)
			return nil
		}
	}
	isConsole, err := s.admitConsole(c)
	if c.console = isConsole; isConsole || err != nil {
		return err
	}
	return s.refuse(c, r)
}

// actsAs has the call's row say which of the admin tokens it came with, also from the console, by the beginning of the
// token's SHA-256: enough to tell who did something, and nothing to come in with.
func (c *call) actsAs(admin digest) { c.record.params["admin"] = hex.EncodeToString(admin[:4]) }

// admitService lets service keys in: other servers of ours, such as the ERP.
func (s *Server) admitService(c *call, r route) error {
	if c.service = s.isService(c); c.service {
		return nil
	}
	return s.refuse(c, r)
}

func (s *Server) isService(c *call) bool { return isOneOf(c, s.live().services) }

// refuse tells a user's session that it may not do this, and everything else nothing.
func (s *Server) refuse(c *call, r route) error {
	if err := s.admitMember(c, r); err != nil {
		return err
	}
	return forbidden.because(nil)
}

// digest is the form in which the tokens of admins and services are kept and compared.
type digest [sha256.Size]byte

func digestsOf(tokens []string) []digest {
	digests := make([]digest, len(tokens))
	for i, token := range tokens {
		digests[i] = digestOf(token)
	}
	return digests
}

func digestOf(token string) digest { return sha256.Sum256([]byte(token)) }

// isIn compares with every one, in constant time.
func (d digest) isIn(wanted []digest) bool {
	match := 0
	for _, want := range wanted {
		match |= subtle.ConstantTimeCompare(d[:], want[:])
	}
	return match == 1
}

// isOneOf reports whether the bearer token is a configured one.
func isOneOf(c *call, wanted []digest) bool {
	token, ok := bearer(c)
	return ok && digestOf(token).isIn(wanted)
}

// maxTokenBytes is far above any token of ours; what is longer is not looked at.
const maxTokenBytes = 512

// bearer is the token of the one Authorization header.
func bearer(c *call) (string, bool) {
	headers := c.Request().Header.Values(echo.HeaderAuthorization)
	if len(headers) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxTokenBytes {
		return "", false
	}
	return token, true
}

// sessionChange is the row of a session's state. The openid is kept as a pseudonym: enough to join, not to know.
func (s *Server) sessionChange(x session.Session, active bool) audit.SessionChange {
	return audit.SessionChange{
		SessionID: x.ID, OpenID: s.deps.Masker.Pseudonym("openid", x.OpenID), UnionID: s.deps.Masker.Pseudonym("unionid", x.UnionID),
		CreatedAt: x.CreatedAt, ExpiresAt: x.ExpiresAt, Active: active,
	}
}
