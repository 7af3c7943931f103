package queue

import (
	"context"
	"time"
)

// claimScript takes the head of a mailbox in hand, if everything allows a send now. A head whose claim has run out was
// in the hands of a process that died: nobody knows what became of it, so it is not sent again.
// ARGV: person, turn, token, lease ms, touch ms, slack ms, interval µs, catch-up µs, brake after.
// A pause lasts as long as it likes, but the task comes back soon, for asynq to hold: it must be at hand when the pause
// ends early. Answers a word, how many messages were found lost, and what belongs to the word.
var claimScript = script(`
local p, token, touch, slack = ARGV[1], ARGV[3], ARGV[5], ARGV[6]
local box = P .. 'box:' .. p
if redis.call('HGET', P .. 'turns', p) ~= ARGV[2] then return {'stale', 0} end
local found = 0
local function wait(duration, why)
  local look = duration + slack
  if why == 'busy' or why == 'rate' or why == 'brake' then look = math.max(look, touch) end
  redis.call('ZADD', P .. 'open', whole(now + look), p)
  return {'wait', found, whole(math.max(duration, 1)), why}
end

local mid
while true do
  mid = redis.call('LINDEX', box, 0)
  if not mid then
    redis.call('HDEL', P .. 'turns', p)
    redis.call('HDEL', P .. 'later', p)
    redis.call('ZREM', P .. 'open', p)
    return {'closed', found}
  end
  local m = get(mid, 'st', 'k', 'l')
  if m[1] == 'queued' then break end
  if m[1] == 'sending' and m[2] == token then break end
  if m[1] == 'sending' and tonumber(m[3]) > now then return wait(tonumber(m[3]) - now, 'busy') end
  if m[1] == 'sending' then
    lost(mid, 'the sending process was lost', 0)
    found = found + 1
  end
  redis.call('LPOP', box)
end

if get(mid, 'st')[1] == 'queued' then
  local pause = redis.call('HGET', P .. 'pause', 'till')
  if pause == '0' then return wait(1000, 'paused') end
  if pause and tonumber(pause) > now then return wait(math.min(tonumber(pause) - now, 1000), 'paused') end
  local later = tonumber(redis.call('HGET', P .. 'later', p)) or 0
  if later > now then return wait(later - now, 'later') end
  local brake = redis.call('HMGET', P .. 'brake', 'n', 'till')
  if brake[2] and tonumber(brake[2]) > now then return wait(tonumber(brake[2]) - now, 'brake') end
  local micros = T[1] * 1000000 + T[2]
  local free = tonumber(redis.call('GET', P .. 'pace')) or 0
  if free > micros then return wait(math.ceil((free - micros) / 1000), 'rate') end
  redis.call('SET', P .. 'pace', whole(math.max(free, micros - ARGV[8]) + ARGV[7]))
  if brake[1] and tonumber(brake[1]) >= tonumber(ARGV[9]) then redis.call('HSET', P .. 'brake', 'till', whole(now + ARGV[4])) end
  set(mid, 'k', token, 'l', whole(now + ARGV[4]), 'b', whole(now))
  redis.call('HINCRBY', P .. 'm:' .. mid, 'n', 1)
  place(mid, 'sending')
end
redis.call('HDEL', P .. 'later', p)
redis.call('ZADD', P .. 'open', whole(now + touch), p)
local m = get(mid, 'id', 'c', 'n')
return {'claimed', found, mid, m[1], m[2], m[3]}
`)

// A claim is a message in hand.
type claim struct {
	mid, msgID, content string
	token               string
	attempt             int
	asked               time.Time // when the claim was asked for: it is not younger
}

// What a mailbox has to say to a worker.
const (
	wordClaimed = "claimed"
	wordWait    = "wait"   // not yet
	wordClosed  = "closed" // it is empty
	wordStale   = "stale"  // its turn belongs to another task
	wordPaused  = "paused" // nobody sends; told by hold only
)

// Why a claim has to wait.
const (
	whyRate  = "rate"  // the pace of all
	whyBrake = "brake" // WeChat is in trouble; someone else is trying
)

// claimed is the answer to one try.
type claimed struct {
	word string
	wait time.Duration
	why  string
	claim
}

// claim asks for the head of a mailbox. Repeating it with the same token finds the same claim. After ErrUnavailable the
// message may be in hand without our knowing; see abandon.
func (q *Queue) claim(ctx context.Context, person, turn, token string) (claimed, error) {
	asked := time.Now()
	said, err := q.ask(ctx, "claim message", claimScript, person, turn, token, ms(q.lease()), ms(q.touch()),
		ms(q.tuning.touchSlack), q.interval().Microseconds(), q.catchUp().Microseconds(), q.tuning.brakeAfter)
	if err != nil {
		return claimed{}, err
	}
	if n := said.number(1); n > 0 {
		q.metrics.sends.WithLabelValues("unknown").Add(float64(n))
		q.log.Warn("message queue: a process was lost while it was sending", "messages", n)
	}
	c := claimed{word: said.word()}
	switch c.word {
	case wordWait:
		c.wait, c.why = said.duration(2), said.text(3)
	case wordClaimed:
		c.claim = claim{mid: said.text(2), msgID: said.text(3), content: said.text(4), attempt: int(said.number(5)), token: token, asked: asked}
	}
	return c, nil
}
