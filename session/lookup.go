package session

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// ByID returns the living session with this id (the hash of its token), and leaves its life as it is. It is for admins, who
// know the id from the log. Returns ErrNotFound, ErrUnreadable (all but the identity is filled in) or ErrUnavailable.
func (s *Store) ByID(ctx context.Context, id string) (sess Session, err error) {
	if raw, err := hex.DecodeString(id); err != nil || len(raw) != sha256.Size {
		return Session{}, fmt.Errorf("session by id: malformed id: %w", ErrNotFound)
	}
	err = s.read(ctx, "session by id", func(ctx context.Context) error {
		row, err := sessionByID.Run(ctx, s.rdb, []string{s.sessionKey(id)}).Text()
		if err != nil {
			return err
		}
		sess, _, err = s.sessionFrom(id, row)
		return err
	})
	return sess, err
}

// KEYS: session. Answers created, expires, 0, identity.
var sessionByID = redis.NewScript(`
local v = redis.call('HMGET', KEYS[1], 'i', 'c', 'u')
if not v[1] then return false end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if v[3] - now <= 0 then return false end
return string.format('%s %.0f 0 %s', v[2], now + redis.call('PTTL', KEYS[1]), v[1])
`)

// BoundToCompany returns the living bindings to a company, without their Secrets, in no order. It walks all bindings: it is
// for an admin who ends those of a company, never for a user's request. Those that do not open, and those made by a
// release that did not note their owner, are left out. Returns ErrUnavailable.
func (s *Store) BoundToCompany(ctx context.Context, companyID string) (list []Binding, err error) {
	if companyID == "" {
		return nil, nil
	}
	seen := map[string]bool{} // a walk may meet a key twice
	r := &resealing{Store: s} // it knows how to walk
	err = r.walk(ctx, s.bindingKeys(), func(ctx context.Context, key, openidHash string) error {
		b, err := s.owned(ctx, key, openidHash)
		if errors.Is(err, ErrUnreadable) || errors.Is(err, ErrNotBound) {
			return nil
		}
		if err == nil && b.CompanyID == companyID && !seen[b.OpenID] {
			seen[b.OpenID] = true
			list = append(list, b)
		}
		return err
	})
	return list, err
}

// owned reads a binding by its key, whose tail is the hash of the openid that it names sealed.
func (s *Store) owned(ctx context.Context, key, openidHash string) (b Binding, err error) {
	err = s.read(ctx, "binding", func(ctx context.Context) error {
		fields, err := s.rdb.HMGet(ctx, key, "id", "v", "o").Result()
		if err != nil {
			return err
		}
		sealed, _ := fields[2].(string)
		openid, err := s.sealer.Open(purposeOwner, openidHash, sealed)
		if err != nil {
			return err
		}
		b, err = s.bindingFrom(string(openid), fields)
		return err
	})
	return b, err
}

// Count returns how many sessions and bindings there are. It walks all keys, so it is for an admin who asks now and then; a
// session that ends meanwhile may be counted. Returns ErrUnavailable.
func (s *Store) Count(ctx context.Context) (sessions, bindings int, err error) {
	r := &resealing{Store: s}
	err = r.walk(ctx, s.sessionKeys(), func(_ context.Context, _, tail string) error {
		if !strings.HasPrefix(tail, "of:") { // an openid's list
			sessions++
		}
		return nil
	})
	if err == nil {
		err = r.walk(ctx, s.bindingKeys(), func(context.Context, string, string) error { bindings++; return nil })
	}
	return sessions, bindings, err
}
