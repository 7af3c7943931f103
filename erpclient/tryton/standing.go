package tryton

import (
	"context"
	"sync"
	"time"

	"snowgate/erpclient"
)

// maxStanding bounds the memory; what is forgotten is looked at again.
const maxStanding = 10_000

// standing remembers when sessions' users were last looked at. Tryton keeps a session alive for 30 days from the login,
// also when the user has been set inactive or given another password, so that nobody else would notice. Safe for
// concurrent use.
type standing struct {
	every time.Duration
	now   func() time.Time

	mu   sync.Mutex
	seen map[string]time.Time // by session key
}

func newStanding(every time.Duration, now func() time.Time) *standing {
	return &standing{every: every, now: now, seen: map[string]time.Time{}}
}

// settled reports whether the session's user was looked at lately. Where they were not, the caller is the one to look;
// those who come meanwhile do not wait for that.
func (s *standing) settled(t token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if last, ok := s.seen[t.Key]; ok && now.Sub(last) < s.every {
		return true
	}
	s.mark(t, now)
	return false
}

func (s *standing) mark(t token, at time.Time) {
	if len(s.seen) >= maxStanding {
		clear(s.seen)
	}
	s.seen[t.Key] = at
}

// note remembers that the user was just looked at.
func (s *standing) note(t token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark(t, s.now())
}

// forget has the next question look again.
func (s *standing) forget(t token) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, t.Key)
}

// checkStanding looks at the session's user. One who is inactive, or whose record was written since the login, has to log
// in again: if the password is no longer theirs, Tryton will say so, and the binding ends.
func (c *caller) checkStanding(ctx context.Context) error {
	me, err := c.me(ctx, "write_date", "create_date")
	switch {
	case err != nil:
		c.driver.standing.forget(c.token)
		return err
	case me == nil:
		c.driver.standing.forget(c.token)
		return erpclient.Errorf(c.op, erpclient.KindSessionExpired, "the user is no longer active")
	case me.stamp() != c.token.Stamp:
		c.driver.standing.forget(c.token)
		return erpclient.Errorf(c.op, erpclient.KindSessionExpired, "the user's record has changed since the login")
	}
	c.driver.standing.note(c.token)
	return nil
}

// me is the session's user, nil where they are inactive. A search finds active users only.
func (c *caller) me(ctx context.Context, fields ...string) (*row, error) {
	rows, err := c.rows(ctx, query{model: "res.user", where: domain{is("id", c.token.ID), is("active", true)}, fields: fields, limit: 1})
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// stamp is when a record was last written.
func (r row) stamp() string {
	at := r.moment("write_date", time.UTC)
	if at.IsZero() {
		at = r.moment("create_date", time.UTC)
	}
	if at.IsZero() {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}
