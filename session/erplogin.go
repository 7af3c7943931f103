package session

import (
	"context"
	"time"
)

// LoadERPLogin returns the login (cookies, a token) that some replica holds with the ERP for this account. The account
// names driver, origin and user, so that two ERPs never share one. Returns ErrNotFound, ErrUnreadable or ErrUnavailable.
func (s *Store) LoadERPLogin(ctx context.Context, account string) (login []byte, err error) {
	return s.loadShared(ctx, "load erp login", s.erpLogin(account))
}

// SaveERPLogin shares a login with all replicas for ttl, in place of an earlier one. ttl must be at least a millisecond.
// Returns ErrUnavailable.
func (s *Store) SaveERPLogin(ctx context.Context, account string, login []byte, ttl time.Duration) error {
	return s.saveShared(ctx, "save erp login", s.erpLogin(account), login, ttl)
}

// DropERPLogin forgets a login the ERP no longer honours, unless another replica has replaced it meanwhile: the newer
// one stays. Returns ErrUnavailable.
func (s *Store) DropERPLogin(ctx context.Context, account string, login []byte) error {
	return s.dropShared(ctx, "drop erp login", s.erpLogin(account), login)
}

func (s *Store) erpLogin(account string) shared {
	return shared{key: s.erpLoginKey(account), purpose: purposeERPLogin, owner: account}
}
