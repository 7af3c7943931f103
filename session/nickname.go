package session

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// KEYS: nickname. ARGV: name, ttl ms. Answers the name in force.
var nickname = redis.NewScript(`
local name = redis.call('GET', KEYS[1])
if name and name ~= ARGV[1] then return name end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
`)

// Nickname gives what is asked for a name for ttl (at least a millisecond), and answers the name that it has: that of
// whoever asked first, on any replica. Whoever gives the name in force again makes it last for ttl from now. The name must
// not be personal: Redis sees it. Returns ErrUnavailable.
func (s *Store) Nickname(ctx context.Context, asked, name string, ttl time.Duration) (inForce string, err error) {
	if name == "" || ttl < time.Millisecond {
		return "", errors.New("nickname: it needs a name and a lifetime")
	}
	err = s.write(ctx, "nickname", func(ctx context.Context) (err error) {
		inForce, err = nickname.Run(ctx, s.rdb, []string{s.nicknameKey(asked)}, name, ttl.Milliseconds()).Text()
		return err
	})
	return inForce, err
}
