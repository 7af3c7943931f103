package queue

import (
	"context"
	"time"
)

// Stats is the state of the whole queue, over all replicas.
type Stats struct {
	Queued      int           // accepted and not at an end, those in hand included
	Sending     int           // in hand
	Unknown     int           // of the last 30 days
	Failed      int           // of the last 30 days
	Mailboxes   int           // users with messages queued
	Unnoted     int           // messages with a change that Note was not told of yet
	Oldest      time.Duration // age of the oldest queued message
	Backlog     time.Duration // how long Queued takes at the configured rate
	Paused      bool
	PausedUntil time.Time // zero: until an admin resumes
	PauseReason string
	Braked      bool // WeChat is in trouble: one message at a time tries it
}

// statsScript. ARGV: brake after.
var statsScript = script(`
local function count(state) return redis.call('ZCARD', P .. 'st:' .. state) end
local oldest = now
for _, state in ipairs({'queued', 'sending'}) do
  local first = redis.call('ZRANGE', P .. 'st:' .. state, 0, 0, 'WITHSCORES')
  if first[2] then oldest = math.min(oldest, tonumber(first[2])) end
end
local pause = redis.call('HMGET', P .. 'pause', 'till', 'why')
local paused = pause[1] and (pause[1] == '0' or tonumber(pause[1]) > now)
local brake = tonumber(redis.call('HGET', P .. 'brake', 'n')) or 0
return {'stats', count('queued'), count('sending'), count('unknown'), count('failed'), redis.call('ZCARD', P .. 'open'),
  redis.call('ZCARD', P .. 'unnoted'), whole(now - oldest), paused and pause[1] or '', paused and pause[2] or '',
  brake >= tonumber(ARGV[1]) and '1' or ''}
`)

// Stats asks Redis. Returns ErrUnavailable.
func (q *Queue) Stats(ctx context.Context) (Stats, error) {
	said, err := q.ask(ctx, "queue stats", statsScript, q.tuning.brakeAfter)
	if err != nil {
		return Stats{}, err
	}
	s := Stats{
		Queued: int(said.number(1) + said.number(2)), Sending: int(said.number(2)), Unknown: int(said.number(3)), Failed: int(said.number(4)),
		Mailboxes: int(said.number(5)), Unnoted: int(said.number(6)), Oldest: said.duration(7),
		Paused: said.text(8) != "", PauseReason: said.text(9), Braked: said.text(10) != "",
	}
	s.Backlog = time.Duration(s.Queued) * q.interval()
	if till := said.number(8); till > 0 {
		s.PausedUntil = time.UnixMilli(till)
	}
	return s, nil
}
