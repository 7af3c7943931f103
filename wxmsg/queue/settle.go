package queue

import (
	"context"
	"math/rand/v2"
	"time"

	"snowgate/wxmsg"
)

// How a claim ends.
const (
	endSent    = "sent"
	endRefused = "refused"
	endFailed  = "failed"
	endUnknown = "unknown"
	endRetry   = "retry"
	endPause   = "pause" // not this message's fault: its attempt does not count, and everybody waits
	endBack    = "back"  // it was not sent: its attempt does not count
)

// settleScript ends a claim. It answers to the claim's token alone, also when the message was found lost meanwhile: who
// made the call knows better. A repetition finds nothing to do.
// ARGV: mid, token, end, why, errcode, WeChat's msgid, its hash, ms (delay or pause), attempts allowed, touch slack ms,
// trouble (1 counts, 0 clears, - says nothing), brake after, from, to.
var settleScript = script(troubleLua + `
local mid, token, how, why, code = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local m = get(mid, 'st', 'k', 'p', 't', 'n', 'x')
local st, p, t = m[1], m[3], m[4]
if m[2] ~= token or (st ~= 'sending' and st ~= 'unknown') then return {'gone'} end
local box = P .. 'box:' .. p
local change_of = ''

local function finish() redis.call('LREM', box, 1, mid) end
local function requeue()
  if st == 'unknown' then
    redis.call('LREM', box, 0, mid)
    redis.call('LPUSH', box, mid)
    open(p, 0)
  end
end
-- Two messages of one template may be on their way or unknown when WeChat's event arrives, and it goes to the older one.
-- The answer to the send knows better: what the event did to the other is undone.
local function identify(wx, key)
  local index = P .. 'wx:' .. key
  local other = redis.call('GET', index)
  if other and other ~= mid and get(other, 'w')[1] == wx then
    redis.call('HDEL', P .. 'm:' .. other, 'w', 'ev', 'd')
    local was = get(other, 'st')[1]
    if was == 'sent' or was == 'failed' then change(other, 'unknown', 'its report belonged to another message', 0) end
  end
  redis.call('SET', index, mid, 'PX', ` + keepDone + `)
  set(mid, 'w', wx)
end

if how == 'sent' then
  finish()
  if ARGV[6] ~= '' then identify(ARGV[6], ARGV[7]) end
  local ev = get(mid, 'ev', 'ec', 'es')
  if ev[1] then arrived(mid, ev[2], ev[3]) else change(mid, 'sent', '', 0) end
elseif how == 'refused' then
  finish()
  if redis.call('HDEL', P .. 'cr:' .. p, t) == 1 then change_of = 'emptied' end
  change(mid, 'refused', why, code)
elseif how == 'unknown' then
  if st == 'sending' then
    finish()
    lost(mid, why, code)
  end
elseif how ~= 'failed' and m[6] then
  finish()
  change(mid, 'cancelled', 'its user was forgotten', 0)
elseif how == 'failed' or (how == 'retry' and tonumber(m[5]) >= tonumber(ARGV[9])) then
  finish()
  if refund(mid) == 1 then change_of = 'refunded' end
  if how == 'retry' then
    why = 'gave up after ' .. m[5] .. ' attempts: ' .. why
    how = 'gave up'
  end
  change(mid, 'failed', why, code)
elseif how == 'retry' then
  requeue()
  change(mid, 'queued', why, code)
  redis.call('HSET', P .. 'later', p, whole(now + ARGV[8]))
  redis.call('ZADD', P .. 'open', whole(now + ARGV[8] + ARGV[10]), p)
else
  requeue()
  redis.call('HINCRBY', P .. 'm:' .. mid, 'n', -1)
  place(mid, 'queued')
  if how == 'pause' then stop(ARGV[8], why) end
end
if ARGV[11] == '1' then trouble(ARGV[12], ARGV[13], ARGV[14]) end
if ARGV[11] == '0' then redis.call('DEL', P .. 'brake') end
return {how, all(mid), change_of}
`)

// An outcome is what a send came to.
type outcome struct {
	end     string
	why     string
	code    int
	wx      string // WeChat's msgid
	delay   time.Duration
	trouble string
}

// codeBusy is WeChat's "system error": the one answer that says that WeChat itself is in trouble.
const codeBusy = -1

// outcomeOf reads what Sender returned for the given attempt, counted from 1.
func (q *Queue) outcomeOf(wx string, err error, attempt int) outcome {
	if err == nil {
		return outcome{end: endSent, wx: wx, trouble: "0"}
	}
	o := outcome{why: reason(err), code: errCode(err), trouble: "0"}
	if o.code == 0 || o.code == codeBusy {
		o.trouble = "1"
	}
	switch q.tuning.fateOf(err) {
	case wxmsg.FatePause:
		o.end, o.delay, o.trouble = endPause, retryAfter(err), "-"
	case wxmsg.FateRefused:
		o.end, o.trouble = endRefused, "0"
	case wxmsg.FateFailed:
		o.end, o.trouble = endFailed, "-"
	case wxmsg.FateUnknown:
		o.end = endUnknown
	default:
		o.end, o.delay = endRetry, max(q.backOff(attempt), retryAfter(err))
	}
	return o
}

// backOff is how long a mailbox rests after the given attempt, give or take a fifth.
func (q *Queue) backOff(attempt int) time.Duration {
	d := q.tuning.retryFrom
	for range attempt - 1 {
		if d = 3 * d; d >= q.tuning.retryTo {
			d = q.tuning.retryTo
			break
		}
	}
	return d - d/5 + rand.N(2*d/5+1) //nolint:gosec // jitter, not a secret
}

// settle ends a claim, and goes on trying through an outage of Redis: what this process knows of the send, nobody else
// can find out. It gives up when the process must end; the claim's lease then makes the message unknown.
func (q *Queue) settle(c claim, o outcome, content string) {
	t := q.tuning
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		said, err := q.ask(context.Background(), "settle message", settleScript, c.mid, c.token, o.end, o.why, o.code, o.wx, hash(o.wx),
			ms(o.delay), q.cfg.MaxAttempts, ms(t.touchSlack), o.trouble, t.brakeAfter, ms(t.brakeFrom), ms(t.brakeTo))
		if err == nil {
			q.settled(said, content)
			return
		}
		select {
		case <-q.dead:
			q.log.Error("message queue: ended with a message whose outcome could not be kept", "msgid", c.msgID, "outcome", o.end)
			return
		case <-time.After(wait):
		}
	}
}

func (q *Queue) settled(said answer, content string) {
	if said.word() == "gone" {
		return
	}
	q.metrics.sends.WithLabelValues(said.word()).Inc()
	if change := said.text(2); change != "" {
		q.metrics.credits.WithLabelValues(change).Inc()
	}
	if said.word() != endPause && said.word() != endBack {
		q.note(context.Background(), recordFrom(said.list(1)), content)
	}
}
