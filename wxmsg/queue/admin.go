package queue

import (
	"context"
	"fmt"
)

// retryScript. A failed message's credit was given back; it is taken again where it still is. ARGV: mid, grace ms.
var retryScript = script(`
local mid = ARGV[1]
local m = get(mid, 'st', 'c', 'p', 't', 'back')
if not m[1] then return {'not found'} end
if (m[1] ~= 'failed' and m[1] ~= 'unknown') or not m[2] then return {'state', m[1]} end
local paid = ''
if m[5] == '1' and debit(m[3], m[4]) then paid = 'debited' end
if paid ~= '' then set(mid, 'paid', '1') end
redis.call('HDEL', P .. 'm:' .. mid, 'k', 'l', 'ev', 'w', 'd', 'back')
set(mid, 'n', 0, 'q', whole(now))
change(mid, 'queued', '', 0)
redis.call('RPUSH', P .. 'box:' .. m[3], mid)
return {'queued', all(mid), m[3], open(m[3], ARGV[2]), paid}
`)

// Retry queues a failed or unknown message again, with all its attempts. It needs no consent anew. An unknown message may
// have arrived: retrying it may send it twice. Returns ErrNotFound, ErrState (also when its content is gone), or
// ErrUnavailable.
func (q *Queue) Retry(ctx context.Context, msgID string) error {
	said, err := q.ask(ctx, "retry message", retryScript, hash(msgID), ms(q.tuning.enqueueGrace))
	if err := orders("retry message", said, err); err != nil {
		return err
	}
	q.schedule(ctx, said.text(2), said.text(3), 0)
	if paid := said.text(4); paid != "" {
		q.metrics.credits.WithLabelValues(paid).Inc()
	}
	q.noteNow(ctx, recordFrom(said.list(1)))
	return nil
}

// dropScript. ARGV: mid.
var dropScript = script(`
local mid = ARGV[1]
local m = get(mid, 'st', 'p')
if not m[1] then return {'not found'} end
if m[1] ~= 'queued' and m[1] ~= 'failed' and m[1] ~= 'unknown' then return {'state', m[1]} end
local refunded = m[1] == 'queued' and refund(mid) == 1
redis.call('LREM', P .. 'box:' .. m[2], 0, mid)
change(mid, 'cancelled', 'dropped by an admin', 0)
return {'cancelled', all(mid), refunded and 'refunded' or ''}
`)

// Drop cancels a queued, failed or unknown message. A queued one gives its credit back. Returns ErrNotFound, ErrState
// (also when it is on its way just now), or ErrUnavailable.
func (q *Queue) Drop(ctx context.Context, msgID string) error {
	said, err := q.ask(ctx, "drop message", dropScript, hash(msgID))
	if err := orders("drop message", said, err); err != nil {
		return err
	}
	if change := said.text(2); change != "" {
		q.metrics.credits.WithLabelValues(change).Inc()
	}
	q.noteNow(ctx, recordFrom(said.list(1)))
	return nil
}

// orders reads the answer to an admin's order.
func orders(op string, said answer, err error) error {
	switch {
	case err != nil:
		return err
	case said.word() == "not found":
		return fmt.Errorf("%s: %w", op, ErrNotFound)
	case said.word() == "state":
		return fmt.Errorf("%s: %w: it is %s", op, ErrState, said.text(1))
	}
	return nil
}
