package queue

import (
	"context"
	"fmt"
	"time"

	"snowgate/wxmsg"
)

// What a message does with a credit.
const (
	creditRequire = "require" // no credit, no message
	creditTake    = "take"    // if there is one
	creditFree    = "free"
)

// acceptScript. ARGV: mid, msgid, fingerprint, person, template, sender, content, credit, this call, grace ms.
var acceptScript = script(`
local mid, p, t = ARGV[1], ARGV[4], ARGV[5]
if redis.call('EXISTS', P .. 'no:' .. ARGV[9]) == 1 then return {'withdrawn'} end
local have = get(mid, 'st', 'fp')
if have[1] then
  if have[2] ~= ARGV[3] then return {'reused'} end
  return {'repeated', all(mid)}
end
local paid = ''
if ARGV[8] ~= 'free' then
  if debit(p, t) then paid = '1' elseif ARGV[8] == 'require' then return {'no consent'} end
end
set(mid, 'id', ARGV[2], 'fp', ARGV[3], 'p', p, 't', t, 's', ARGV[6], 'c', ARGV[7], 'by', ARGV[9],
  'paid', paid, 'n', 0, 'a', whole(now), 'q', whole(now))
change(mid, 'queued', '', 0)
redis.call('RPUSH', P .. 'box:' .. p, mid)
return {'accepted', all(mid), open(p, ARGV[10]), paid}
`)

// withdrawScript undoes what one call of Accept did, unless a worker was faster. It also forbids the call, for a minute:
// a frozen Redis works off later, in any order, what it was sent. ARGV: mid, the call.
var withdrawScript = script(`
local mid = ARGV[1]
local m = get(mid, 'by', 'st', 'p')
redis.call('SET', P .. 'no:' .. ARGV[2], 1, 'PX', 60000)
if m[1] ~= ARGV[2] or m[2] ~= 'queued' then return {'kept'} end
refund(mid)
redis.call('LREM', P .. 'box:' .. m[3], 0, mid)
redis.call('ZREM', P .. 'st:queued', mid)
redis.call('ZREM', P .. 'unnoted', mid)
redis.call('DEL', P .. 'm:' .. mid)
return {'withdrawn'}
`)

// Accept takes a message durably and returns once Redis has it; sending is the workers' business. A repeat with the same
// MsgID and Fingerprint changes nothing and returns the message as it is now, with Repeated set.
//
// Returns ErrKeyReused, ErrNoConsent, or ErrUnavailable: then nothing was accepted, as far as could be arranged. (When
// Redis took the message, lost the answer and is still away, the message stays; a repeat finds it.) The caller's
// cancellation does not cut the write short; it takes twice Timeout at most, and what Note takes.
func (q *Queue) Accept(ctx context.Context, r Request) (Status, error) {
	if err := r.check(); err != nil {
		return Status{}, err
	}
	if err := ctx.Err(); err != nil {
		return Status{}, fmt.Errorf("accept message: %w", err)
	}
	sealed, err := q.sealMessage(r)
	if err != nil {
		return Status{}, err
	}
	ctx = context.WithoutCancel(ctx) // an accepted message with nobody to hear of it helps no one
	call, person := newToken(), q.person(r.Message.OpenID)
	said, err := q.ask(ctx, "accept message", acceptScript, hash(r.MsgID), r.MsgID, r.Fingerprint, person,
		r.Message.TemplateID, r.Sender, sealed, q.credit(r), call, ms(q.tuning.enqueueGrace))
	if err != nil {
		_, _ = q.ask(ctx, "withdraw message", withdrawScript, hash(r.MsgID), call) // the caller hears of the first failure
		return Status{}, err
	}
	return q.accepted(ctx, r.Message, person, said)
}

func (q *Queue) credit(r Request) string {
	switch {
	case r.FreeOfConsent:
		return creditFree
	case q.cfg.RequireConsent:
		return creditRequire
	default:
		return creditTake
	}
}

func (q *Queue) accepted(ctx context.Context, m wxmsg.Message, person string, said answer) (Status, error) {
	switch said.word() {
	case "reused":
		return Status{}, fmt.Errorf("accept message: %w", ErrKeyReused)
	case "no consent":
		return Status{}, fmt.Errorf("accept message: %w", ErrNoConsent)
	case "repeated":
		status := recordFrom(said.list(1)).status()
		status.Repeated = true
		return status, nil
	}
	q.schedule(ctx, person, said.text(2), 0)
	if said.text(3) != "" {
		q.metrics.credits.WithLabelValues("debited").Inc()
	}
	rec := recordFrom(said.list(1))
	q.note(ctx, rec, q.mask(m))
	return rec.status(), nil
}

// Status tells what became of a message. Returns ErrNotFound or ErrUnavailable.
func (q *Queue) Status(ctx context.Context, msgID string) (Status, error) {
	rec, err := q.load(ctx, "message status", hash(msgID))
	if err != nil {
		return Status{}, err
	}
	return rec.status(), nil
}

// repeatWithin is how fast a read must have failed to be asked again: a dropped connection shows at once, while a read
// that hung has used up the time the caller was willing to wait.
const repeatWithin = 50 * time.Millisecond

func (q *Queue) load(parent context.Context, op, mid string) (record, error) {
	ctx, cancel := context.WithTimeout(parent, q.cfg.Timeout)
	defer cancel()
	start := time.Now()
	fields, err := q.rdb.HGetAll(ctx, q.base()+"m:"+mid).Result()
	if isConnectionError(err) && time.Since(start) < repeatWithin {
		fields, err = q.rdb.HGetAll(ctx, q.base()+"m:"+mid).Result()
	}
	q.observe(err)
	if err != nil {
		return nil, storeError(parent, op, err)
	}
	if fields["st"] == "" {
		return nil, fmt.Errorf("%s: %w", op, ErrNotFound)
	}
	return fields, nil
}
