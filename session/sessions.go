package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Login is what WeChat's code2Session told about a user. It prints without its session_key.
type Login struct {
	OpenID, UnionID  string
	WeChatSessionKey string `json:"-"`
}

// String names the kind of value only: openids and keys do not belong into logs.
func (l Login) String() string { return "login" }

// Format keeps the session_key out of every fmt verb.
func (l Login) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, l.String()) }

// LogValue keeps the session_key out of slog.
func (l Login) LogValue() slog.Value { return slog.StringValue(l.String()) }

// Session is a logged-in client.
type Session struct {
	ID              string // hex SHA-256 of the token: the only form of it that is stored or logged
	OpenID, UnionID string
	CreatedAt       time.Time // by Redis' clock
	ExpiresAt       time.Time // by Redis' clock, if it is not used again
}

// identity is the part of a session that names a person, and is therefore sealed.
type identity struct {
	OpenID  string `json:"o"`
	UnionID string `json:"u,omitempty"`
}

// The fields of a session's hash: i identity (sealed), k WeChat session_key (sealed), c created, u until at the latest
// (both Unix ms). The openid's list is a sorted set of session ids by age; it may name sessions that have ended.

// createSession stores a session and ends the openid's oldest ones above the limit.
// KEYS: session, list. ARGV: id, identity, session_key, ttl ms, max age ms, limit, prefix of session keys.
var createSession = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local life = math.min(tonumber(ARGV[4]), tonumber(ARGV[5]))
redis.call('HSET', KEYS[1], 'i', ARGV[2], 'k', ARGV[3],
  'c', string.format('%.0f', now), 'u', string.format('%.0f', now + ARGV[5]))
redis.call('PEXPIRE', KEYS[1], life)
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if redis.call('EXISTS', ARGV[7] .. id) == 0 then redis.call('ZREM', KEYS[2], id) end
end
-- Two logins of one millisecond still have an order.
local score = now
local newest = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
if newest[2] and tonumber(newest[2]) >= score then score = tonumber(newest[2]) + 1 end
redis.call('ZADD', KEYS[2], string.format('%.0f', score), ARGV[1])
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1 - ARGV[6])) do
  redis.call('DEL', ARGV[7] .. id)
  redis.call('ZREM', KEYS[2], id)
end
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return string.format('%.0f %.0f', now, now + life)
`)

// Create starts a session for a WeChat login and returns its token, which is stored nowhere: whoever loses it logs in
// again. Above Config.MaxPerOpenID the openid's oldest session ends. Returns ErrUnavailable; then there is no token.
func (s *Store) Create(ctx context.Context, login Login) (string, Session, error) {
	token := newToken()
	id := hash(token)
	who, err := json.Marshal(identity{login.OpenID, login.UnionID})
	if err != nil {
		return "", Session{}, fmt.Errorf("create session: %w", err)
	}
	sess := Session{ID: id, OpenID: login.OpenID, UnionID: login.UnionID}
	err = s.write(ctx, "create session", func(ctx context.Context) error {
		times, err := createSession.Run(ctx, s.rdb,
			[]string{s.sessionKey(id), s.sessionsOf(login.OpenID)},
			id, s.sealer.Seal(purposeIdentity, id, who),
			s.sealer.Seal(purposeSessionKey, login.OpenID, []byte(login.WeChatSessionKey)),
			s.cfg.TTL.Milliseconds(), s.cfg.MaxAge.Milliseconds(), s.cfg.MaxPerOpenID, s.sessionKeys()).Text()
		if err != nil {
			return err
		}
		return sess.dated(times)
	})
	if err != nil {
		return "", Session{}, err
	}
	return token, sess, nil
}

// getSession reads a session and renews it where it is due. The renewal may fail (a Redis whose disk is full refuses
// writes and still reads): then the session goes on with what it has. Less than a second gained is not worth a write.
// KEYS: session. ARGV: ttl ms. Answers created, expires, whether it was renewed, identity: as one text, because each
// element of an array is two objects here.
var getSession = redis.NewScript(`
local v = redis.call('HMGET', KEYS[1], 'i', 'c', 'u')
if not v[1] then return false end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local left = redis.call('PTTL', KEYS[1])
local most = v[3] - now
if most <= 0 then return false end
local renewed = 0
local want = math.min(tonumber(ARGV[1]), most)
if left <= ARGV[1] / 2 and want - left >= 1000 then
  local done = redis.pcall('PEXPIRE', KEYS[1], string.format('%.0f', want))
  if done == 1 then
    left = want
    renewed = 1
  end
end
return string.format('%s %.0f %d %s', v[2], now + left, renewed, v[1])
`)

// renewedMark is what stands in a row for a session that was renewed.
const renewedMark = "1"

// errOddAnswer means that Redis answered something no script of ours returns; callers see ErrUnavailable.
var errOddAnswer = errors.New("odd answer")

// sessionFrom reads a row "created expires mark identity" of a script's answer, and what the mark is. With
// ErrUnreadable, all but the identity is filled in.
func (s *Store) sessionFrom(id, row string) (sess Session, mark string, err error) {
	times, rest, _ := cutTimes(row)
	mark, sealed, ok := strings.Cut(rest, " ")
	if !ok {
		return Session{}, "", errOddAnswer
	}
	sess = Session{ID: id}
	if err := sess.dated(times); err != nil {
		return Session{}, "", err
	}
	who, err := s.openIdentity(id, sealed)
	sess.OpenID, sess.UnionID = who.OpenID, who.UnionID
	return sess, mark, err
}

// cutTimes cuts a row after its second word.
func cutTimes(row string) (times, rest string, ok bool) {
	created := strings.IndexByte(row, ' ') + 1
	n := strings.IndexByte(row[created:], ' ')
	if n < 0 {
		return row, "", false
	}
	return row[:created+n], row[created+n+1:], true
}

func (s *Store) openIdentity(id, sealed string) (identity, error) {
	return s.identities.open(id, sealed, func() (identity, error) { return s.unsealIdentity(id, sealed) })
}

func (s *Store) unsealIdentity(id, sealed string) (who identity, err error) {
	plain, err := s.sealer.Open(purposeIdentity, id, sealed)
	if err != nil {
		return identity{}, err
	}
	if json.Unmarshal(plain, &who) != nil {
		return identity{}, ErrUnreadable
	}
	return who, nil
}

// dated reads "created expires". They are Unix milliseconds as text: not every server passes a Lua number on with all
// its digits.
func (sess *Session) dated(times string) error {
	created, expires, _ := strings.Cut(times, " ")
	from, err := strconv.ParseInt(created, 10, 64)
	if err != nil {
		return errOddAnswer
	}
	until, err := strconv.ParseInt(expires, 10, 64)
	if err != nil {
		return errOddAnswer
	}
	sess.CreatedAt, sess.ExpiresAt = time.UnixMilli(from), time.UnixMilli(until)
	return nil
}

// Revoke ends the session with this id, on every replica at once: none of them keeps a copy. Ending one that is not
// there is no error. Returns ErrUnavailable.
func (s *Store) Revoke(ctx context.Context, id string) error {
	return s.write(ctx, "revoke session", func(ctx context.Context) error {
		return s.rdb.Del(ctx, s.sessionKey(id)).Err() // the openid's list forgets it with the next login
	})
}

// KEYS: list. ARGV: prefix of session keys.
var revokeAll = redis.NewScript(`
local ended = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if redis.call('DEL', ARGV[1] .. id) == 1 then ended[#ended + 1] = id end
end
redis.call('DEL', KEYS[1])
return ended
`)

// RevokeAll ends every session of an openid in one step and returns the ids of those that lived. A login that runs at
// the same time is either ended too or starts afterwards, never half. Returns ErrUnavailable.
func (s *Store) RevokeAll(ctx context.Context, openid string) (ids []string, err error) {
	err = s.write(ctx, "revoke all sessions", func(ctx context.Context) error {
		ids, err = revokeAll.Run(ctx, s.rdb, []string{s.sessionsOf(openid)}, s.sessionKeys()).StringSlice()
		return err
	})
	return ids, err
}

// KEYS: list. ARGV: prefix of session keys. Answers rows of created, expires, id, identity.
var listSessions = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local rows = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local v = redis.call('HMGET', ARGV[1] .. id, 'i', 'c', 'u')
  if v[1] and v[3] - now > 0 then
    local left = redis.call('PTTL', ARGV[1] .. id)
    rows[#rows + 1] = string.format('%s %.0f %s %s', v[2], now + left, id, v[1])
  end
end
return rows
`)

// List returns the living sessions of an openid, the oldest first; none is no error. A session whose identity no longer
// opens is listed without unionid, so that it can still be revoked. Returns ErrUnavailable.
func (s *Store) List(ctx context.Context, openid string) ([]Session, error) {
	var list []Session
	err := s.read(ctx, "list sessions", func(ctx context.Context) error {
		rows, err := listSessions.Run(ctx, s.rdb, []string{s.sessionsOf(openid)}, s.sessionKeys()).StringSlice()
		if err != nil {
			return err
		}
		list = make([]Session, 0, len(rows))
		for _, row := range rows {
			sess, err := s.listed(openid, row)
			if err != nil {
				return err
			}
			list = append(list, sess)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (s *Store) listed(openid, row string) (Session, error) {
	_, rest, _ := cutTimes(row)
	id, _, _ := strings.Cut(rest, " ")
	sess, _, err := s.sessionFrom(id, row)
	if errors.Is(err, ErrUnreadable) {
		err = nil
	}
	sess.OpenID = openid
	return sess, err
}

// WeChatSessionKey opens the session_key WeChat gave at the login of this session (by id). It must not leave the server.
// Returns ErrNotFound, ErrUnreadable or ErrUnavailable.
func (s *Store) WeChatSessionKey(ctx context.Context, id string) (string, error) {
	var key string
	err := s.read(ctx, "wechat session key", func(ctx context.Context) error {
		fields, err := s.rdb.HMGet(ctx, s.sessionKey(id), "i", "k").Result()
		if err != nil {
			return err
		}
		sealedWho, hasWho := fields[0].(string)
		sealedKey, hasKey := fields[1].(string)
		if !hasWho || !hasKey {
			return ErrNotFound
		}
		who, err := s.openIdentity(id, sealedWho)
		if err != nil {
			return err
		}
		plain, err := s.sealer.Open(purposeSessionKey, who.OpenID, sealedKey)
		key = string(plain)
		return err
	})
	return key, err
}
