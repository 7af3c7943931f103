package queue

import (
	"context"
	"errors"
	"time"

	"github.com/hibiken/asynq"
)

// sweepScript tells one replica at a time what was left lying, and ends a pause that is over.
// ARGV: owner, lease ms, how long a change may be unnoted ms.
var sweepScript = script(`
local is = redis.call('HMGET', P .. 'sweeper', 'owner', 'till')
if is[1] and is[1] ~= ARGV[1] and tonumber(is[2]) > now then return {'other'} end
redis.call('HSET', P .. 'sweeper', 'owner', ARGV[1], 'till', whole(now + ARGV[2]))
local pause = redis.call('HGET', P .. 'pause', 'till')
if pause and pause ~= '0' and tonumber(pause) <= now then
  redis.call('DEL', P .. 'pause')
  pause = false
end
for _, state in ipairs({'failed', 'unknown'}) do
  redis.call('ZREMRANGEBYSCORE', P .. 'st:' .. state, '-inf', whole(now - ` + keepDead + `))
end
local overdue = {}
if not pause then
  for _, p in ipairs(redis.call('ZRANGEBYSCORE', P .. 'open', '-inf', whole(now), 'LIMIT', 0, 200)) do
    local turn = redis.call('HGET', P .. 'turns', p)
    if turn then
      table.insert(overdue, p)
      table.insert(overdue, turn)
    else
      redis.call('ZREM', P .. 'open', p)
    end
  end
end
local unnoted = redis.call('ZRANGEBYSCORE', P .. 'unnoted', '-inf', whole(now - ARGV[3]), 'LIMIT', 0, 200)
return {'mine', pause and 'paused' or '', overdue, unnoted}
`)

// sweep does one round, if it is this replica's.
func (q *Queue) sweep(ctx context.Context) {
	said, err := q.ask(ctx, "sweep", sweepScript, q.owner, ms(q.tuning.sweepLease), ms(q.tuning.noteAfter))
	if err != nil || said.word() != "mine" {
		return
	}
	q.followPause(said.text(1) != "")
	for i, overdue := 0, said.list(2); i+1 < len(overdue) && ctx.Err() == nil; i += 2 {
		q.lookAfter(ctx, turn{Person: overdue.text(i), Number: overdue.text(i + 1)})
	}
	for i, unnoted := 0, said.list(3); i < len(unnoted) && ctx.Err() == nil; i++ {
		q.noteLeft(ctx, unnoted.text(i))
	}
}

// followPause brings asynq's own switch into line with ours. It complains when there is nothing to do.
func (q *Queue) followPause(paused bool) {
	if paused {
		_ = q.inspect.PauseQueue(q.taskName())
		return
	}
	_ = q.inspect.UnpauseQueue(q.taskName())
}

// lookAfter sees to a turn that has not shown itself when it should have. A task that waits in line is fine, however
// long the line. Any other has been lost, sits with a process that died or froze, or was timed by a wrong clock: a new
// turn takes over, and the old number means nothing any more.
func (q *Queue) lookAfter(ctx context.Context, t turn) {
	info, err := q.inspect.GetTaskInfo(q.taskName(), t.id())
	switch {
	case err == nil && info.State == asynq.TaskStatePending:
		_, _ = q.ask(ctx, "look after turn", touchScript, t.Person, t.Number, ms(q.tuning.waiting))
	case err == nil || errors.Is(err, asynq.ErrTaskNotFound) || errors.Is(err, asynq.ErrQueueNotFound):
		_ = q.yield(ctx, t.Person, t.Number) // else the next round finds it
	}
}

// forgetMarkScript drops the mark of a message that is no longer there. ARGV: mid.
var forgetMarkScript = script(`
if redis.call('EXISTS', P .. 'm:' .. ARGV[1]) == 0 then redis.call('ZREM', P .. 'unnoted', ARGV[1]) end
return {'done'}
`)

func (q *Queue) noteLeft(ctx context.Context, mid string) {
	rec, err := q.load(ctx, "note message", mid)
	if errors.Is(err, ErrNotFound) {
		_, _ = q.ask(ctx, "drop mark", forgetMarkScript, mid)
	}
	if err == nil {
		q.noteNow(ctx, rec)
	}
}

// observation is what a look at Redis has shown, for who may not ask Redis itself.
type observation struct {
	Stats
	at time.Time
}

func (q *Queue) look(ctx context.Context) {
	if s, err := q.Stats(ctx); err == nil {
		q.seen.Store(&observation{s, time.Now()})
	}
}
