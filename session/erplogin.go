package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// An ERP login's hash has the fields v (sealed) and f (a keyed fingerprint: sealing is random, so two sealed forms of
// one login cannot be compared).

// LoadERPLogin returns the login (cookies, a token) that some replica holds with the ERP for this account. The account
// names driver, origin and user, so that two ERPs never share one. Returns ErrNotFound, ErrUnreadable or ErrUnavailable.
func (s *Store) LoadERPLogin(ctx context.Context, account string) (login []byte, err error) {
	err = s.read(ctx, "load erp login", func(ctx context.Context) error {
		sealed, err := s.rdb.HGet(ctx, s.erpLoginKey(account), "v").Result()
		if err != nil {
			return err
		}
		login, err = s.sealer.Open(purposeERPLogin, account, sealed)
		return err
	})
	return login, err
}

// KEYS: login. ARGV: sealed login, fingerprint, ttl ms.
var saveERPLogin = redis.NewScript(`
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'f', ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`)

// SaveERPLogin shares a login with all replicas for ttl, in place of an earlier one. ttl must be at least a millisecond.
// Returns ErrUnavailable.
func (s *Store) SaveERPLogin(ctx context.Context, account string, login []byte, ttl time.Duration) error {
	if ttl < time.Millisecond {
		return errors.New("save erp login: its lifetime is not positive")
	}
	return s.write(ctx, "save erp login", func(ctx context.Context) error {
		return saveERPLogin.Run(ctx, s.rdb, []string{s.erpLoginKey(account)},
			s.sealer.Seal(purposeERPLogin, account, login), s.fingerprint(account, login), ttl.Milliseconds()).Err()
	})
}

// KEYS: login. ARGV: fingerprint.
var dropERPLogin = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'f') == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`)

// DropERPLogin forgets a login the ERP no longer honours, unless another replica has replaced it meanwhile: the newer
// one stays. Returns ErrUnavailable.
func (s *Store) DropERPLogin(ctx context.Context, account string, login []byte) error {
	return s.write(ctx, "drop erp login", func(ctx context.Context) error {
		return dropERPLogin.Run(ctx, s.rdb, []string{s.erpLoginKey(account)}, s.fingerprint(account, login)).Err()
	})
}

func (s *Store) fingerprint(account string, login []byte) string {
	return s.sealer.Pseudonym(purposeERPLogin, fmt.Sprintf("%d:%s%s", len(account), account, login))
}
