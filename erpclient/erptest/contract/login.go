package contract

import (
	"testing"
	"time"

	"snowgate/erpclient"
)

func (s *suite) login(t *testing.T) {
	session := s.logIn(t)
	if session.Token == "" || !session.ExpiresAt.After(time.Now()) {
		t.Errorf("a session without a token, or that has ended at %s", session.ExpiresAt)
	}
	if err := s.Driver.Probe(limited(t), session); err != nil {
		t.Errorf("probe with a session: %v", err)
	}
	if err := s.Driver.Probe(limited(t), erpclient.Session{}); err != nil {
		t.Errorf("probe without a session: %v", err)
	}
	s.session = session
}

// wrongPassword is tried once: ERPs lock accounts.
func (s *suite) wrongPassword(t *testing.T) {
	known(t, "wrong password", s.WrongPassword)
	_, err := s.Driver.Login(limited(t), s.credentials(s.WrongPassword))
	wantKind(t, "login", err, erpclient.KindBadCredentials)
}
