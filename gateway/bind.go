package gateway

import (
	"context"
	"errors"
	"strings"
	"time"

	"snowgate/audit"
	"snowgate/erpclient"
	"snowgate/session"
)

// Bindings keeps who is bound to what. Errors: session.ErrNotBound, session.ErrUnavailable.
type Bindings interface {
	Bind(ctx context.Context, b session.Binding) error
	Binding(ctx context.Context, openid string) (session.Binding, error)
	Unbind(ctx context.Context, openid string) (session.Binding, error)
}

// Attempts counts tries before they are made, so that parallel guesses cannot slip through.
type Attempts interface {
	// Attempt counts one try for each subject, or tells how long to wait when one has had its limit.
	Attempt(ctx context.Context, window time.Duration, limit int, subjects ...string) (retryAfter time.Duration, err error)
	// Refund takes one try of each subject back: it was not a wrong guess.
	Refund(ctx context.Context, subjects ...string) error
}

// The ways to bind.
const (
	wayAccount = "account"
	wayInvite  = "invite"
)

type companyInfo struct {
	CompanyID   string `json:"companyId"`
	CompanyName string `json:"companyName"`
	CustomerID  string `json:"customerId"`
}

type bindAnswer struct {
	BindStatus  bool        `json:"bindStatus"`
	CompanyInfo companyInfo `json:"companyInfo"`
	Permissions []string    `json:"permissions"`
}

// bindRequest is either user name and password, or an invite code.
type bindRequest struct {
	username, password, inviteCode string
}

func (c *call) bindRequest() (r bindRequest, err error) {
	body, err := c.body()
	if err != nil {
		return r, err
	}
	openid := body.optional("openid", maxText)
	if r.inviteCode = body.optional("inviteCode", maxText); r.inviteCode == "" {
		r.username = body.text("erpUsername", maxText)
		r.password = body.text("erpPassword", maxText)
	}
	if err := body.err(); err != nil {
		return r, err
	}
	return r, c.checkOpenID(openid)
}

// bind is POST /api/auth/erp-bind. Tries are counted per openid and per ERP user before the ERP is asked, because ERPs
// lock accounts; what was no wrong guess is taken back.
func (s *Server) bind(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	r, err := c.bindRequest()
	if err != nil {
		return err
	}
	tries := s.triesOf(c, r)
	if err := s.attempt(c, tries); err != nil {
		return err
	}
	way, b, err := s.askERP(c, r)
	if !guessedWrong(err) {
		s.refund(c, tries)
	}
	if err != nil {
		return bindFault(err, way)
	}
	return s.keepBinding(c, way, b)
}

// tries are what one try counts against, with the limit for each of them.
type tries struct {
	limit    int
	subjects []string
}

// addressTries is how many times more wrong guesses an address has than a person: a company's office is one address.
const addressTries = 4

// triesOf counts a try for the person and the ERP account, so that nobody can lock an account out for long or guess on
// from another phone, and for the address.
func (s *Server) triesOf(c *call, r bindRequest) []tries {
	person := tries{s.live().BindLimit, []string{"bind-openid:" + c.session.OpenID}}
	if r.username != "" {
		person.subjects = append(person.subjects, "bind-user:"+strings.ToLower(r.username))
	}
	return []tries{person, {addressTries * s.live().BindLimit, []string{"bind-ip:" + network(c.RealIP())}}}
}

// attempt counts the try; where one of the limits is reached, it has counted for none.
func (s *Server) attempt(c *call, all []tries) error {
	if s.live().BindLimit < 0 {
		return nil
	}
	for i, t := range all {
		wait, err := s.deps.Attempts.Attempt(c.Request().Context(), s.live().BindWindow, t.limit, t.subjects...)
		if err == nil && wait > 0 {
			err = tooManyAttempts.after(wait, nil)
		}
		if err != nil {
			s.refund(c, all[:i])
			return err
		}
	}
	return nil
}

// refund runs apart from the request's deadline: the try was counted, so it has to be taken back.
func (s *Server) refund(c *call, all []tries) {
	if s.live().BindLimit < 0 {
		return
	}
	for _, t := range all {
		if err := s.deps.Attempts.Refund(context.WithoutCancel(c.Request().Context()), t.subjects...); err != nil {
			s.cfg.Logger.Warn("attempt not refunded", "request_id", c.id, "error", err)
		}
	}
}

func (s *Server) askERP(c *call, r bindRequest) (way string, b erpclient.Bound, err error) {
	if r.inviteCode != "" {
		b, err = s.deps.ERP.BindInvite(c.Request().Context(), r.inviteCode)
		return wayInvite, b, err
	}
	b, err = s.deps.ERP.BindAccount(c.Request().Context(), r.username, r.password)
	return wayAccount, b, err
}

// guessedWrong reports whether a try has to stay counted.
func guessedWrong(err error) bool {
	switch erpclient.KindOf(err) {
	case erpclient.KindBadCredentials, erpclient.KindTooManyAttempts, erpclient.KindNotFound:
		return true
	default:
		return false
	}
}

// bindFault tells a wrong password and a wrong code apart from what the same kinds mean in a query.
func bindFault(err error, way string) error {
	var e *erpclient.Error
	switch {
	case !errors.As(err, &e):
		return err
	case e.Kind == erpclient.KindBadCredentials:
		return erpBadCredentials.because(err)
	case e.Kind == erpclient.KindNotFound && way == wayInvite:
		return inviteCodeInvalid.because(err)
	default:
		return err
	}
}

// keepBinding replaces what the openid was bound to before.
func (s *Server) keepBinding(c *call, way string, b erpclient.Bound) error {
	ctx := c.Request().Context()
	replaces, err := s.loadBinding(c)
	if err != nil {
		return err
	}
	binding := session.Binding{
		ID: newID(), OpenID: c.session.OpenID, Way: way, ERPUsername: b.Account,
		CompanyID: b.Profile.CompanyID, CompanyName: b.Profile.CompanyName, CustomerID: b.CustomerID,
		Permissions: b.Profile.Permissions, BoundAt: s.cfg.Now(), Secret: b.Secret, Proof: b.Proof,
	}
	if err := s.deps.Bindings.Bind(ctx, binding); err != nil {
		return err
	}
	if replaces {
		s.deps.Log.Binding(bindingChange(c.session.ID, c.binding, false))
	}
	s.deps.Log.Binding(bindingChange(c.session.ID, binding, true))
	return c.ok(bindAnswer{BindStatus: true, CompanyInfo: companyOf(binding), Permissions: permissionsOf(binding)})
}

// unbind is DELETE /api/auth/erp-bind. It may be repeated.
func (s *Server) unbind(c *call) error {
	old, ended, err := s.endBinding(c.Request().Context(), c.session.OpenID)
	if err != nil {
		return err
	}
	if ended {
		s.deps.Log.Binding(bindingChange(c.session.ID, old, false))
	}
	return c.ok(map[string]bool{"bindStatus": false})
}

// endBinding drops the binding's ERP session and then the binding: the other way round, a failure between the two could
// not be repeated. ended is false where there was no binding.
func (s *Server) endBinding(ctx context.Context, openid string) (old session.Binding, ended bool, err error) {
	old, err = s.deps.Bindings.Binding(ctx, openid)
	if err == nil {
		err = s.deps.ERP.Forget(ctx, old.ERPUsername)
	}
	if err == nil || errors.Is(err, session.ErrUnreadable) {
		old, err = s.deps.Bindings.Unbind(ctx, openid)
	}
	if errors.Is(err, session.ErrNotBound) {
		return old, false, nil
	}
	return old, err == nil, err
}

func bindingChange(sessionID string, b session.Binding, valid bool) audit.BindingChange {
	return audit.BindingChange{
		BindingID: b.ID, SessionID: sessionID, ERPUsername: b.ERPUsername,
		CompanyID: b.CompanyID, CompanyName: b.CompanyName, BoundAt: b.BoundAt, Valid: valid,
	}
}

func companyOf(b session.Binding) companyInfo {
	return companyInfo{CompanyID: b.CompanyID, CompanyName: b.CompanyName, CustomerID: b.CustomerID}
}

// permissionsOf is never null in JSON.
func permissionsOf(b session.Binding) []string {
	if b.Permissions == nil {
		return []string{}
	}
	return b.Permissions
}
