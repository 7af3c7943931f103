package queue

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Retention of messages that came to an end, in ms: in a good or intended one 7 days, otherwise 30.
const (
	keepDone = "604800000"
	keepDead = "2592000000"
)

// prelude is what all scripts share. A record's fields:
//
//	id msgid, p person, t template, s sender, fp fingerprint, by the Accept that made it, c sealed content,
//	st state, n attempts, r reason, e errcode, a accepted ms, q queued since ms, u last change ms,
//	k token of its claim, l end of the claim's lease ms, w WeChat's msgid, ev 1 when an event told its outcome while
//	it was in hand (ec errcode, es status), d 1 when delivery was reported, x 1 when its person was forgotten,
//	paid 1 when it holds a credit, back 1 when that credit was given back
const prelude = `
local P = KEYS[1]
local T = redis.call('TIME')
local now = T[1] * 1000 + math.floor(T[2] / 1000)
local function whole(n) return string.format('%.0f', n) end
local function get(mid, ...) return redis.call('HMGET', P .. 'm:' .. mid, ...) end
local function set(mid, ...) redis.call('HSET', P .. 'm:' .. mid, ...) end
local function all(mid) return redis.call('HGETALL', P .. 'm:' .. mid) end

-- place files a message under a state, keeping or erasing its content as the state wants.
local function place(mid, state)
  local m = get(mid, 'st', 'p', 'q')
  if m[1] then redis.call('ZREM', P .. 'st:' .. m[1], mid) end
  local waits = state == 'queued' or state == 'sending'
  local dead = state == 'failed' or state == 'unknown'
  if waits then redis.call('ZADD', P .. 'st:' .. state, m[3], mid) end
  if dead then redis.call('ZADD', P .. 'st:' .. state, whole(now), mid) end
  local mine = P .. 'of:' .. m[2]
  if dead or state == 'sending' then
    local newest = redis.call('ZRANGE', mine, -1, -1, 'WITHSCORES')
    redis.call('ZADD', mine, whole(math.max(now, (tonumber(newest[2]) or 0) + 1)), mid)
    redis.call('ZREMRANGEBYSCORE', mine, '-inf', whole(now - ` + keepDead + `))
    redis.call('PEXPIRE', mine, ` + keepDead + `)
  else
    redis.call('ZREM', mine, mid)
  end
  set(mid, 'st', state)
  if waits then
    redis.call('PERSIST', P .. 'm:' .. mid)
  else
    redis.call('PEXPIRE', P .. 'm:' .. mid, dead and ` + keepDead + ` or ` + keepDone + `)
    if not dead then redis.call('HDEL', P .. 'm:' .. mid, 'c') end
  end
end

-- change is place for what shall be noted, dated after the change before.
local function change(mid, state, why, code)
  place(mid, state)
  local u = whole(math.max(now, (tonumber(get(mid, 'u')[1]) or 0) + 1))
  set(mid, 'u', u, 'r', why, 'e', code)
  redis.call('ZADD', P .. 'unnoted', u, mid)
end

-- open gives a mailbox a turn and answers its number, or '' when one is open.
local function open(p, grace)
  if redis.call('HEXISTS', P .. 'turns', p) == 1 then return '' end
  local turn = whole(redis.call('INCR', P .. 'turn'))
  redis.call('HSET', P .. 'turns', p, turn)
  redis.call('ZADD', P .. 'open', whole(now + grace), p)
  return turn
end

local function debit(p, t)
  if (tonumber(redis.call('HGET', P .. 'cr:' .. p, t)) or 0) < 1 then return false end
  if redis.call('HINCRBY', P .. 'cr:' .. p, t, -1) == 0 then redis.call('HDEL', P .. 'cr:' .. p, t) end
  return true
end

local function refund(mid)
  local m = get(mid, 'paid', 'p', 't')
  if m[1] ~= '1' then return 0 end
  redis.call('HINCRBY', P .. 'cr:' .. m[2], m[3], 1)
  set(mid, 'paid', '', 'back', '1')
  return 1
end

-- arrived settles a message by what WeChat's event said of it.
local function arrived(mid, code, status)
  if code == '0' then
    set(mid, 'd', '1')
    change(mid, 'sent', '', 0)
  else
    change(mid, 'failed', 'not delivered: ' .. status, code)
  end
end

-- lost settles a message whose send has no answer: by the event that was faster, or as unknown.
local function lost(mid, why, code)
  local m = get(mid, 'ev', 'ec', 'es')
  if m[1] then arrived(mid, m[2], m[3]) else change(mid, 'unknown', why, code) end
end
`

func script(body string) *redis.Script { return redis.NewScript(prelude + body) }

// answer is what a script says: a word, then what belongs to it.
type answer []any

// ask runs a script once, bounded by Timeout.
func (q *Queue) ask(parent context.Context, op string, s *redis.Script, args ...any) (answer, error) {
	ctx, cancel := context.WithTimeout(parent, q.cfg.Timeout)
	defer cancel()
	said, err := s.Run(ctx, q.rdb, []string{q.base()}, args...).Slice()
	if err == nil && len(said) == 0 {
		err = errOddAnswer
	}
	if parent.Err() == nil {
		q.observe(err)
	}
	return said, storeError(parent, op, err)
}

// observe logs an outage of Redis once, and its end.
func (q *Queue) observe(err error) {
	switch {
	case err == nil:
		if q.away.CompareAndSwap(true, false) {
			q.log.Info("message queue: Redis is back")
		}
	case !q.away.Swap(true):
		q.log.Warn("message queue: Redis is away", "error", err)
	}
}

func (a answer) word() string { return a.text(0) }

func (a answer) text(i int) string {
	if i >= len(a) || a[i] == nil {
		return ""
	}
	return fmt.Sprint(a[i])
}

func (a answer) number(i int) int64 {
	n, _ := strconv.ParseInt(a.text(i), 10, 64)
	return n
}

func (a answer) duration(i int) time.Duration { return time.Duration(a.number(i)) * time.Millisecond }

func (a answer) list(i int) answer {
	if i >= len(a) {
		return nil
	}
	inner, _ := a[i].([]any)
	return inner
}

func ms(d time.Duration) int64 { return d.Milliseconds() }
