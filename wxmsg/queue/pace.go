package queue

import (
	"context"
	"errors"
	"time"

	"snowgate/wxmsg"
)

// interval is what lies between two sends. The pace is kept when a message is claimed (GCRA on one key): a claim that is
// granted has its place, and there is no stock of places that could be used up at once after an outage.
func (q *Queue) interval() time.Duration { return time.Second / time.Duration(q.cfg.Rate) }

// catchUp is how late a send may be without slowing the next ones down: without it, every delay of a timer would cost
// throughput for good.
func (q *Queue) catchUp() time.Duration { return max(q.interval(), 20*time.Millisecond) }

// troubleLua counts failures in a row over all messages. From a number on, the queue goes at a walk: one message tries
// it, the rest wait, so that an outage of WeChat neither uses up everyone's attempts nor makes many outcomes unknown.
const troubleLua = `
local function trouble(after, from, to)
  local n = redis.call('HINCRBY', P .. 'brake', 'n', 1)
  if n < tonumber(after) then return end
  local rest = math.min(from * 2 ^ math.min(n - after, 20), tonumber(to))
  redis.call('HSET', P .. 'brake', 'till', whole(now + rest))
end
local function stop(duration, why)
  local till = '0'
  if tonumber(duration) > 0 then till = whole(now + duration) end
  redis.call('HSET', P .. 'pause', 'till', till, 'why', why)
end
`

// holdScript holds everybody up before anything was claimed, and shows that the turn is still worked on.
// ARGV: person, turn, touch ms, pause or trouble, ms, why, brake after, from, to.
var holdScript = script(troubleLua + `
if redis.call('HGET', P .. 'turns', ARGV[1]) ~= ARGV[2] then return {'stale'} end
redis.call('ZADD', P .. 'open', whole(now + ARGV[3]), ARGV[1])
if ARGV[4] == 'pause' then
  stop(ARGV[5], ARGV[6])
  return {'paused'}
end
local n = tonumber(redis.call('HGET', P .. 'brake', 'n')) or 0
redis.call('HSET', P .. 'brake', 'n', math.max(n, ARGV[7] - 1))
trouble(ARGV[7], ARGV[8], ARGV[9])
return {'held'}
`)

// hold is called when the sender is not ready: no message could be sent, so nobody needs to try. It answers wordStale,
// wordPaused, or another word for trouble that will pass.
func (q *Queue) hold(ctx context.Context, person, turn string, cause error) (word string, err error) {
	what := "trouble"
	if q.tuning.fateOf(cause) == wxmsg.FatePause {
		what = "pause"
	}
	t := q.tuning
	said, err := q.ask(ctx, "hold queue", holdScript, person, turn, ms(q.touch()), what, ms(retryAfter(cause)), reason(cause),
		t.brakeAfter, ms(t.brakeFrom), ms(t.brakeTo))
	if err != nil {
		return "", err
	}
	if said.word() == wordPaused {
		q.pauseTasks(reason(cause), retryAfter(cause))
	}
	return said.word(), nil
}

// pauseTasks keeps asynq from handing out turns that could only be put back. It follows our own mark, and the sweeper
// puts right what goes wrong here.
func (q *Queue) pauseTasks(why string, rest time.Duration) {
	q.log.Error("message queue: paused", "reason", why, "for", rest)
	_ = q.inspect.PauseQueue(q.taskName())
}

// resumeScript ends a pause.
var resumeScript = script(`
redis.call('DEL', P .. 'pause', P .. 'brake')
return {'resumed'}
`)

// Resume ends a pause, whatever its reason. Returns ErrUnavailable.
func (q *Queue) Resume(ctx context.Context) error {
	if _, err := q.ask(ctx, "resume", resumeScript); err != nil {
		return err
	}
	_ = q.inspect.UnpauseQueue(q.taskName()) // the sweeper does it, if this does not
	return nil
}

func retryAfter(err error) time.Duration {
	var e *wxmsg.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.RetryAfter
}

func errCode(err error) int {
	var e *wxmsg.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.ErrCode
}

// reason is the part of an error that is the same for all of its kind, and safe to show.
func reason(err error) string {
	var e *wxmsg.Error
	if !errors.As(err, &e) {
		return "could not be asked"
	}
	return string(e.Kind)
}
