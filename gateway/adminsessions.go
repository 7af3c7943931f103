package gateway

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"snowgate/session"
)

// Directory finds sessions and bindings on behalf of admins. Errors: session.ErrNotFound, session.ErrUnreadable,
// session.ErrUnavailable.
type Directory interface {
	ByID(ctx context.Context, id string) (session.Session, error)
	BoundToCompany(ctx context.Context, companyID string) ([]session.Binding, error)
	// Count looks at every key there is.
	Count(ctx context.Context) (sessions, bindings int, err error)
}

// heldSession is one session as an admin sees it.
type heldSession struct {
	ID        string `json:"id"`
	CreatedAt string `json:"createdAt"`
	ExpiresAt string `json:"expiresAt"`
}

// heldBinding is what a person is bound to, as an admin sees it.
type heldBinding struct {
	Way         string   `json:"way"`
	ERPUsername string   `json:"erpUsername"`
	CompanyID   string   `json:"companyId"`
	CompanyName string   `json:"companyName"`
	CustomerID  string   `json:"customerId"`
	Permissions []string `json:"permissions"`
	BoundAt     string   `json:"boundAt"`
}

// heldSessions is one person, or nobody in particular.
type heldSessions struct {
	User     string         `json:"user"` // pseudonym
	Sessions []heldSession  `json:"sessions"`
	Binding  *heldBinding   `json:"binding"`
	Counts   map[string]int `json:"counts"` // of everybody; empty while they are not known
}

// showSessions is GET /api/admin/sessions?user | sessionId: how many there are, and the sessions of a person and what they
// are bound to.
func (s *Server) showSessions(c *call) error {
	answer := heldSessions{Sessions: []heldSession{}, Counts: s.counts.report(c.Request().Context(), s.deps.Directory)}
	openid, err := s.personOf(c)
	if err == nil && openid != "" {
		err = s.fillPerson(c, openid, &answer)
	}
	if err != nil {
		return err
	}
	return c.okUnkept(answer)
}

func (s *Server) fillPerson(c *call, openid string, answer *heldSessions) error {
	ctx := c.Request().Context()
	answer.User = s.deps.Masker.Pseudonym("openid", openid)
	sessions, err := s.deps.Sessions.List(ctx, openid)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		answer.Sessions = append(answer.Sessions, heldSession{x.ID, s.timestamp(x.CreatedAt), s.timestamp(x.ExpiresAt)})
	}
	b, err := s.deps.Bindings.Binding(ctx, openid)
	if errors.Is(err, session.ErrNotBound) || errors.Is(err, session.ErrUnreadable) {
		return nil
	}
	answer.Binding = &heldBinding{
		b.Way, b.ERPUsername, b.CompanyID, b.CompanyName, b.CustomerID, permissionsOf(b), s.timestamp(b.BoundAt),
	}
	return err
}

// personOf is the openid of whom an admin's query names, by the openid itself, by the pseudonym the log has for it, or by one
// of their sessions; "" where it names nobody. The call's own row does not have it.
func (s *Server) personOf(c *call) (openid string, err error) {
	c.record.secrets = []string{"user"}
	values, err := c.query()
	if err != nil {
		return "", err
	}
	user, err := searchText(values, "user", maxUserRunes)
	if err != nil {
		return "", err
	}
	switch id := values.Get("sessionId"); {
	case user != "" && user == s.deps.Masker.Pseudonym("openid", user):
		return s.unmask(c, user)
	case user != "" || id == "":
		return user, nil
	default:
		found, err := s.sessionByID(c, id)
		return found.OpenID, err
	}
}

// namedPerson is personOf where somebody has to be named.
func (s *Server) namedPerson(c *call) (openid string, err error) {
	if openid, err = s.personOf(c); err == nil && openid == "" {
		return "", badField.in("user")
	}
	return openid, err
}

// maxUnmasked is how many of a person's last calls are looked through for a session that lives.
const maxUnmasked = 100

// unmask finds the person behind a pseudonym by way of the log: it has the sessions, and a session that lives knows its
// person. Of somebody who is not logged in nothing leads back.
func (s *Server) unmask(c *call, pseudonym string) (openid string, err error) {
	now := s.cfg.Now()
	rows, _, err := s.deps.Archive.FindCalls(c.Request().Context(), CallQuery{
		From: now.Add(-callMemory), To: now.Add(time.Minute), User: pseudonym, Page: 1, PageSize: maxUnmasked,
	})
	if err != nil {
		return "", auditUnavailable.after(storeRetry, err)
	}
	tried := map[string]bool{"": true}
	for _, row := range rows {
		if tried[row.SessionID] {
			continue
		}
		tried[row.SessionID] = true
		found, err := s.deps.Directory.ByID(c.Request().Context(), row.SessionID)
		if err == nil && s.deps.Masker.Pseudonym("openid", found.OpenID) == pseudonym {
			return found.OpenID, nil
		}
		if errors.Is(err, session.ErrUnavailable) {
			return "", err
		}
	}
	return "", notFound.because(nil)
}

func (s *Server) sessionByID(c *call, id string) (session.Session, error) {
	found, err := s.deps.Directory.ByID(c.Request().Context(), id)
	if errors.Is(err, session.ErrNotFound) || errors.Is(err, session.ErrUnreadable) {
		return found, notFound.because(err)
	}
	return found, err
}

// endOneSession is DELETE /api/admin/sessions/{id}: somebody's phone was lost.
func (s *Server) endOneSession(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	c.record.secrets = []string{"user"}
	id, err := c.pathID()
	if err != nil {
		return err
	}
	values, err := c.query()
	if err != nil {
		return err
	}
	found, err := s.sessionByID(c, id)
	if err != nil {
		return err
	}
	if user := values.Get("user"); user != "" && user != found.OpenID && user != s.deps.Masker.Pseudonym("openid", found.OpenID) {
		return notFound.because(nil)
	}
	if err := s.deps.Sessions.Revoke(c.Request().Context(), id); err != nil {
		return err
	}
	s.deps.Log.Session(s.sessionChange(found, false))
	return c.ok(map[string]int{"ended": 1})
}

// endPersonsSessions is DELETE /api/admin/sessions?user | sessionId: all of a person's.
func (s *Server) endPersonsSessions(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	openid, err := s.namedPerson(c)
	if err != nil {
		return err
	}
	ended, err := s.endSessionsOf(c.Request().Context(), openid)
	if err != nil {
		return err
	}
	return c.ok(map[string]int{"ended": ended})
}

// endSessionsOf ends a person's sessions and writes each down.
func (s *Server) endSessionsOf(ctx context.Context, openid string) (ended int, err error) {
	sessions, err := s.deps.Sessions.List(ctx, openid)
	if err != nil {
		return 0, err
	}
	ids, err := s.deps.Sessions.RevokeAll(ctx, openid)
	if err != nil {
		return 0, err
	}
	for _, x := range sessions {
		s.deps.Log.Session(s.sessionChange(x, false))
	}
	return len(ids), nil
}

// endBindings is DELETE /api/admin/bindings?companyId | customerId: everybody bound to a company or a customer is unbound and
// logged out. After an error it is to be repeated.
func (s *Server) endBindings(c *call) error {
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	bindings, err := s.boundPeople(c)
	if err != nil {
		return err
	}
	ctx, ended, sessions := c.Request().Context(), 0, 0
	for _, b := range bindings {
		old, was, err := s.endBinding(ctx, b.OpenID)
		if err != nil {
			return err
		}
		if was {
			ended++
			s.deps.Log.Binding(bindingChange("", old, false))
		}
		n, err := s.endSessionsOf(ctx, b.OpenID)
		if err != nil {
			return err
		}
		sessions += n
	}
	return c.ok(map[string]int{"ended": ended, "sessions": sessions})
}

// boundPeople are the bindings that an admin's query names: of a company, of a customer, or of a customer of a company.
func (s *Server) boundPeople(c *call) ([]session.Binding, error) {
	values, err := c.query()
	if err != nil {
		return nil, err
	}
	company, customer := values.Get("companyId"), values.Get("customerId")
	for name, id := range map[string]string{"companyId": company, "customerId": customer} {
		if id != "" && !validID(id) {
			return nil, badField.in(name)
		}
	}
	switch ctx := c.Request().Context(); {
	case customer != "":
		bindings, err := s.deps.Customers.BoundTo(ctx, customer)
		return slices.DeleteFunc(bindings, func(b session.Binding) bool { return company != "" && b.CompanyID != company }), err
	case company != "":
		return s.deps.Directory.BoundToCompany(ctx, company)
	default:
		return nil, badField.in("companyId")
	}
}

const (
	countsFor    = time.Minute     // a count is shown again for so long
	countsWithin = 3 * time.Second // what takes longer is not known
)

// headCount is how many sessions and bindings there were lately.
type headCount struct {
	mu    sync.Mutex
	taken time.Time
	last  map[string]int
}

// report counts at most once a minute, and is empty where that failed.
func (h *headCount) report(ctx context.Context, d Directory) map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.taken.IsZero() && time.Since(h.taken) < countsFor {
		return h.last
	}
	ctx, cancel := context.WithTimeout(ctx, countsWithin)
	defer cancel()
	sessions, bindings, err := d.Count(ctx)
	h.taken, h.last = time.Now(), map[string]int{}
	if err == nil {
		h.last = map[string]int{"sessions": sessions, "bindings": bindings}
	}
	return h.last
}
