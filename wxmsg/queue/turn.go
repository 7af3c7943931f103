package queue

import (
	"context"
	"fmt"
	"time"

	"snowgate/wxmsg"
)

// touchScript shows that a turn is being worked on. ARGV: person, turn, touch ms.
var touchScript = script(`
if redis.call('HGET', P .. 'turns', ARGV[1]) ~= ARGV[2] then return {'stale'} end
redis.call('ZADD', P .. 'open', whole(now + ARGV[3]), ARGV[1])
return {'touched'}
`)

// again asks for a turn's task to come back after a while. To asynq it is an error that is no failure.
type again struct{ after time.Duration }

func (a again) Error() string { return "again in " + a.after.String() }

// take works through a mailbox, one message after the other, until it is empty, has to wait, or others should have a
// turn. It returns again, nil, or what Redis said.
func (q *Queue) take(ctx context.Context, person, turn string) error {
	said, err := q.ask(ctx, "begin turn", touchScript, person, turn, ms(q.touch()))
	if err != nil || said.word() == wordStale {
		return err
	}
	begun := time.Now()
	for n := 0; n < q.tuning.turnMessages && time.Since(begun) < q.tuning.turnTime; n++ {
		c, err := q.next(ctx, person, turn)
		switch {
		case err != nil:
			return err
		case c.word == wordClaimed:
			if rest, over := q.deliver(c.claim); over {
				return again{rest}
			}
		case c.word == wordWait:
			return again{c.wait}
		default:
			return nil
		}
	}
	return q.yield(ctx, person, turn)
}

// next waits until a message of the mailbox may be sent, and claims it. Only one worker of a process waits for the pace
// at a time: many would ask Redis in turn for one place.
func (q *Queue) next(ctx context.Context, person, turn string) (claimed, error) {
	select {
	case q.gate <- struct{}{}:
		defer func() { <-q.gate }()
	case <-time.After(q.tuning.gateWait):
		return claimed{word: wordWait}, nil
	case <-q.stop:
		return claimed{word: wordWait}, nil
	}
	token := newToken()
	for begun := time.Now(); time.Since(begun) < q.tuning.turnTime && !q.stopping(); {
		c, err := q.try(ctx, person, turn, token)
		if err != nil || c.word != wordWait || (c.why != whyRate && c.why != whyBrake) {
			return c, err
		}
		q.rest(min(c.wait, q.tuning.brakeFrom)) // the brake may be let go any time
	}
	return claimed{word: wordWait}, nil
}

// try claims the head of the mailbox if the sender is ready.
func (q *Queue) try(ctx context.Context, person, turn, token string) (claimed, error) {
	if notReady := q.ready(ctx); notReady != nil {
		switch word, err := q.hold(ctx, person, turn, notReady); {
		case err != nil:
			return claimed{}, err
		case word == wordStale:
			return claimed{word: wordStale}, nil
		case word == wordPaused:
			return claimed{word: wordWait}, nil
		default:
			return claimed{word: wordWait, why: whyBrake, wait: q.tuning.brakeFrom}, nil
		}
	}
	c, err := q.claim(ctx, person, turn, token)
	if err != nil {
		go q.abandon(ctx, person, turn, token)
	}
	return c, err
}

func (q *Queue) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, q.cfg.SendTimeout)
	defer cancel()
	return q.cfg.Sender.Ready(ctx)
}

// rest waits, unless the queue is being stopped.
func (q *Queue) rest(d time.Duration) {
	select {
	case <-q.stop:
	case <-time.After(d):
	}
}

func (q *Queue) stopping() bool {
	select {
	case <-q.stop:
		return true
	default:
		return false
	}
}

// deliver sends the message in hand and settles it. over says that the mailbox has to rest.
//
// Between the claim and the moment the request leaves, this process may freeze for longer than its lease; the message
// is then settled as unknown, and must not go out any more. A claim that is not fresh when the send begins is therefore
// given back, and the send's deadline counts from the claim. What remains is a freeze inside the HTTP client after its
// last look at the deadline: nothing on this side can know of that, and the message is unknown, not sent twice.
func (q *Queue) deliver(c claim) (rest time.Duration, over bool) {
	m, err := q.openMessage(c.msgID, c.content)
	switch {
	case err != nil:
		q.settle(c, outcome{end: endFailed, why: "its content cannot be opened", trouble: "-"}, "")
		return 0, false
	case time.Since(c.asked) > q.tuning.fresh:
		q.settle(c, outcome{end: endBack, trouble: "-"}, "")
		return 0, true
	}
	o := q.send(c, m)
	q.settle(c, o, q.mask(m))
	switch o.end {
	case endPause:
		q.pauseTasks(o.why, o.delay)
		return 0, true
	case endRetry:
		return o.delay, true
	default:
		return 0, false
	}
}

// send is the one place where a message leaves. No cancellation cuts it off: that would make its outcome unknown.
func (q *Queue) send(c claim, m wxmsg.Message) (o outcome) {
	ctx, cancel := context.WithDeadline(context.Background(), c.asked.Add(q.cfg.SendTimeout))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			q.log.Error("message queue: the sender panicked", "msgid", c.msgID, "panic", fmt.Sprint(p))
			o = outcome{end: endUnknown, why: "the sender panicked", trouble: "1"}
		}
	}()
	wx, err := q.cfg.Sender.Send(ctx, m)
	return q.outcomeOf(wx, err, c.attempt)
}

// abandonScript finds what a claim with a lost answer has taken. When it has taken nothing it may still do so, as a
// frozen Redis works off later what it was sent: a new turn makes it stale. ARGV: person, turn, token, touch ms.
var abandonScript = script(`
local p = ARGV[1]
local mid = redis.call('LINDEX', P .. 'box:' .. p, 0)
local ids = redis.call('ZRANGE', P .. 'of:' .. p, 0, -1)
if mid then table.insert(ids, mid) end
for _, id in ipairs(ids) do
  local m = get(id, 'st', 'k', 'id')
  if m[2] == ARGV[3] and (m[1] == 'sending' or m[1] == 'unknown') then return {'held', id, m[3]} end
end
if redis.call('HGET', P .. 'turns', p) ~= ARGV[2] then return {'stale'} end
redis.call('HDEL', P .. 'turns', p)
return {'renewed', open(p, ARGV[4])}
`)

// abandon gives back what a claim may have taken whose answer was lost. It goes on through the outage: otherwise the
// lease would call a message unknown that never left.
func (q *Queue) abandon(ctx context.Context, person, turn, token string) {
	ctx = context.WithoutCancel(ctx)
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		said, err := q.ask(ctx, "abandon claim", abandonScript, person, turn, token, ms(q.tuning.enqueueGrace))
		if err == nil {
			q.abandoned(ctx, person, token, said)
			return
		}
		select {
		case <-q.dead:
			return
		case <-time.After(wait):
		}
	}
}

func (q *Queue) abandoned(ctx context.Context, person, token string, said answer) {
	switch said.word() {
	case "held":
		q.settle(claim{mid: said.text(1), msgID: said.text(2), token: token}, outcome{end: endBack, trouble: "-"}, "")
	case "renewed":
		q.schedule(ctx, person, said.text(1), 0)
	}
}
