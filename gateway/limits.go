package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"snowgate/session"
)

// Limiter counts requests for all replicas; while the store is away, each for itself.
type Limiter interface {
	Limit(ctx context.Context, checks ...session.Rate) (session.Verdict, error)
}

// Limits are how often somebody may come. A Count of 0 is no limit.
type Limits struct {
	PerOpenID   session.Rate // per user, reading and writing apart
	PerIP       session.Rate // per address, over all routes
	LoginsPerIP session.Rate
}

// wanted is what the route asks of a user. What counts against the limits is counted with it.
func (s *Server) wanted(c *call, r route) session.Wanted {
	want := session.Wanted{Binding: r.who == bound}
	if s.deps.Limiter != nil && !r.unlimited() {
		want.Address, want.Caller = s.perIP(c), keyed(s.live().Limits.PerOpenID, r.class())
	}
	return want
}

// limit charges an admitted request; a user's was when it arrived. Admins and other servers are known by their keys and
// not counted; a push of WeChat's comes from few addresses, many at a time, and costs a signature.
func (s *Server) limit(c *call, r route) error {
	switch {
	case r.unlimited():
		return nil
	case r.path == loginPath:
		return s.charge(c, s.perIP(c), keyed(s.live().Limits.LoginsPerIP, "login "+network(c.RealIP())))
	case c.session.OpenID != "":
		return s.heed(c, c.arrival.Verdict, c.arrival.VerdictErr)
	default:
		return nil
	}
}

// limitRefused charges a request that was not let in: whoever guesses tokens is stopped by the address.
func (s *Server) limitRefused(c *call, r route, refusal error) error {
	var f *fault
	guess := errors.As(refusal, &f) && (f.Code == http.StatusUnauthorized || f.Code == http.StatusForbidden)
	if !guess || r.unlimited() {
		return refusal
	}
	if err := s.chargeAddress(c); err != nil {
		return err
	}
	return refusal
}

// chargeAddress counts a request against its address alone. One that arrived has been counted already, unless its user's own
// limit refused it, which then cost the address nothing.
func (s *Server) chargeAddress(c *call) error {
	const caller = 1 // of the rates in session.Wanted
	if c.arrival.Counted && c.arrival.Verdict.Refused != caller {
		return s.heed(c, c.arrival.Verdict, c.arrival.VerdictErr)
	}
	return s.charge(c, s.perIP(c))
}

const loginPath = "/api/auth/wx-login"

// unlimited are the routes that cost nothing, or are not ours to slow down.
func (r route) unlimited() bool {
	return r.path == "/api/health/check" || r.path == callbackPath || len(r.path) < 5 || r.path[:5] != "/api/"
}

// class keeps a user's reading and writing apart: a list that polls too fast does not keep anybody from logging out.
func (r route) class() string {
	if r.method == http.MethodGet {
		return "read"
	}
	return "write"
}

func (s *Server) perIP(c *call) session.Rate {
	return keyed(s.live().Limits.PerIP, "ip "+network(c.RealIP()))
}

func keyed(r session.Rate, key string) session.Rate {
	r.Key = key
	return r
}

// network is the address itself, for IPv6 the /64 that one customer of a provider has at least.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		if prefix, err := ip.Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return ip.String()
}

// charge counts the request.
func (s *Server) charge(c *call, rates ...session.Rate) error {
	if s.deps.Limiter == nil {
		return nil
	}
	v, err := s.deps.Limiter.Limit(c.Request().Context(), rates...)
	return s.heed(c, v, err)
}

// heed tells the caller how it stands, and stops who comes too often. What could not be counted at all is let through: a
// limit is no lock.
func (s *Server) heed(c *call, v session.Verdict, err error) error {
	if err != nil {
		s.cfg.Logger.Warn("request not counted", "request_id", c.id, "error", err)
		return nil
	}
	if v.Limit > 0 {
		// As Header.Set writes them, in one object instead of six.
		h, values := c.Response().Header(), &[3]string{strconv.Itoa(v.Limit), strconv.Itoa(v.Remaining), strconv.Itoa(seconds(v.ResetAfter))}
		h["Ratelimit-Limit"], h["Ratelimit-Remaining"], h["Ratelimit-Reset"] = values[0:1:1], values[1:2:2], values[2:3:3]
	}
	if !v.Allowed {
		return rateLimited.after(max(v.RetryAfter, time.Second), nil)
	}
	return nil
}
