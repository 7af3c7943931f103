package queue

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/hibiken/asynq"
)

const taskType = "turn"

// taskTimeout is asynq's bound for a turn; a turn ends by itself long before.
const taskTimeout = 10 * time.Minute

// A turn is a task's content: see to this mailbox, unless a later turn was given.
type turn struct {
	Person string `json:"person"`
	Number string `json:"turn"`
}

func (t turn) id() string { return t.Person + ":" + t.Number }

// schedule hands a turn to asynq. When that fails, the sweeper finds the turn without a task and gives a new one.
func (q *Queue) schedule(parent context.Context, person, number string, after time.Duration) {
	if number == "" {
		return
	}
	ctx, cancel := context.WithTimeout(parent, q.cfg.Timeout)
	defer cancel()
	t := turn{Person: person, Number: number}
	payload, err := json.Marshal(t)
	if err == nil {
		_, err = q.client.EnqueueContext(ctx, asynq.NewTask(taskType, payload), asynq.Queue(q.taskName()), asynq.TaskID(t.id()),
			asynq.ProcessIn(after), asynq.Timeout(taskTimeout))
	}
	if err != nil && !errors.Is(err, asynq.ErrTaskIDConflict) {
		q.log.Debug("message queue: a turn is left to the sweeper", "error", err)
	}
}

// server is asynq's, bent to our needs: tasks only point at mailboxes, so none is ever a failure, counted, or archived.
func (q *Queue) server() *asynq.Server {
	return asynq.NewServerFromRedisClient(patient{q.rdb, q.stop}, asynq.Config{
		Concurrency:              q.cfg.Workers,
		Queues:                   map[string]int{q.taskName(): 1},
		TaskCheckInterval:        q.tuning.checkEvery,
		DelayedTaskCheckInterval: q.tuning.checkEvery,
		RetryDelayFunc:           func(_ int, err error, _ *asynq.Task) time.Duration { return delayOf(err, time.Now()) },
		IsFailure:                func(error) bool { return false },
		ShutdownTimeout:          q.tuning.stopWithin,
		Logger:                   newTaskLog(q.log),
		LogLevel:                 asynq.WarnLevel,
	})
}

// delayOf is when a task comes back. asynq cuts the moment down to its second, which would be too early: it is put off
// to the next one. Without an order of ours it was Redis that failed.
func delayOf(err error, now time.Time) time.Duration {
	var order again
	if !errors.As(err, &order) {
		return time.Second
	}
	if order.after <= 0 {
		return 0
	}
	return now.Add(order.after).Truncate(time.Second).Add(time.Second).Sub(now)
}

// handler is a Queue as asynq knows it.
type handler struct{ q *Queue }

// ProcessTask does a turn.
func (h handler) ProcessTask(ctx context.Context, task *asynq.Task) error {
	var t turn
	if err := json.Unmarshal(task.Payload(), &t); err != nil {
		return nil // not one of ours: it points at nothing
	}
	return h.q.take(ctx, t.Person, t.Number)
}

// yieldScript ends a turn and gives a new one, behind the others. ARGV: person, turn, grace ms.
var yieldScript = script(`
if redis.call('HGET', P .. 'turns', ARGV[1]) ~= ARGV[2] then return {'stale'} end
redis.call('HDEL', P .. 'turns', ARGV[1])
return {'renewed', open(ARGV[1], ARGV[3])}
`)

// yield sends a mailbox behind the others.
func (q *Queue) yield(ctx context.Context, person, number string) error {
	said, err := q.ask(ctx, "yield turn", yieldScript, person, number, ms(q.tuning.enqueueGrace))
	if err != nil {
		return err
	}
	q.schedule(ctx, person, said.text(1), 0)
	return nil
}
