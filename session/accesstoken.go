package session

import (
	"context"
	"errors"
	"time"
)

// LoadToken returns WeChat's access_token as some replica obtained it. ok is false when there is none, or none that
// opens: a token sealed by a key that was dropped is fetched anew. Returns ErrUnavailable.
func (s *Store) LoadToken(ctx context.Context) (token []byte, ok bool, err error) {
	token, err = s.loadShared(ctx, "load access token", s.accessToken())
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnreadable) {
		return nil, false, nil
	}
	return token, err == nil, err
}

// SaveToken shares the access_token with all replicas for ttl (at least a millisecond), in place of an earlier one.
// Returns ErrUnavailable.
func (s *Store) SaveToken(ctx context.Context, token []byte, ttl time.Duration) error {
	return s.saveShared(ctx, "save access token", s.accessToken(), token, ttl)
}

// DropToken forgets an access_token that WeChat no longer takes, unless another replica has replaced it meanwhile: the
// newer one stays. Returns ErrUnavailable.
func (s *Store) DropToken(ctx context.Context, token []byte) error {
	return s.dropShared(ctx, "drop access token", s.accessToken(), token)
}

// accessToken has no owner besides the installation: a gateway speaks for one mini-program.
func (s *Store) accessToken() shared {
	return shared{key: s.accessTokenKey(), purpose: purposeToken}
}
