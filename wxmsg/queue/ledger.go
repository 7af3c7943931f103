package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Source says who reported that a user accepted a subscription. The mini-program and WeChat's push may both report one
// and the same tap.
type Source string

// The sources of a credit.
const (
	SourceClient Source = "client" // the mini-program, after wx.requestSubscribeMessage
	SourcePush   Source = "push"   // WeChat's subscribe_msg_popup_event
)

func (s Source) other() Source {
	if s == SourceClient {
		return SourcePush
	}
	return SourceClient
}

// Bounds of what one person can make us keep.
const (
	maxTemplates = 50
	maxCredits   = 1000
	maxMarks     = 60
)

// creditScript counts one accepted subscription, unless the other source has reported one lately that this source has
// not: then it is taken for the same tap. ARGV: person, template, mark of this source, beginning of the other source's
// marks, doubt ms.
var creditScript = script(`
local p, t, mine, theirs = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local marks, ledger = P .. 'mk:' .. p, P .. 'cr:' .. p
redis.call('ZREMRANGEBYSCORE', marks, '-inf', whole(now - ARGV[5]))
for _, mark in ipairs(redis.call('ZRANGE', marks, 0, -1)) do
  if mark == mine then return {'repeated'} end
  if string.sub(mark, 1, #theirs) == theirs then
    redis.call('ZREM', marks, mark)
    return {'matched'}
  end
end
local n = tonumber(redis.call('HGET', ledger, t)) or 0
if n == 0 and redis.call('HLEN', ledger) >= ` + strconv.Itoa(maxTemplates) + ` then return {'full'} end
if n < ` + strconv.Itoa(maxCredits) + ` then redis.call('HINCRBY', ledger, t, 1) end
redis.call('ZADD', marks, whole(now), mine)
redis.call('ZREMRANGEBYRANK', marks, 0, -` + strconv.Itoa(maxMarks+1) + `)
redis.call('PEXPIRE', marks, ARGV[5])
return {'credited'}
`)

// Credit counts one accepted subscription, good for one message. What both sources report within 10 minutes counts once.
// A person has at most 50 templates and 1000 credits for each; more are not counted. WeChat offers no way to ask for the
// true count, so the ledger may err; WeChat's refusal then corrects it. Returns ErrUnavailable.
func (q *Queue) Credit(ctx context.Context, openid, template string, source Source) error {
	if openid == "" || template == "" || len(template) > maxIDBytes || (source != SourceClient && source != SourcePush) {
		return errors.New("credit: openid, template or source is not valid")
	}
	kind := hash(template)[:16]
	said, err := q.ask(ctx, "credit", creditScript, q.person(openid), template,
		fmt.Sprintf("%s:%s:%s", kind, source, newToken()), fmt.Sprintf("%s:%s:", kind, source.other()), ms(q.tuning.doubtFor))
	if err == nil {
		q.metrics.credits.WithLabelValues(said.word()).Inc()
	}
	return err
}

// revokeScript. ARGV: person, template.
var revokeScript = script(`
return {redis.call('HDEL', P .. 'cr:' .. ARGV[1], ARGV[2]) == 1 and 'revoked' or 'none'}
`)

// Revoke takes all credits for the template away: the user has said no. Returns ErrUnavailable.
func (q *Queue) Revoke(ctx context.Context, openid, template string) error {
	said, err := q.ask(ctx, "revoke", revokeScript, q.person(openid), template)
	if err == nil && said.word() == "revoked" {
		q.metrics.credits.WithLabelValues("revoked").Inc()
	}
	return err
}

// creditsScript. ARGV: person.
var creditsScript = script(`return {'credits', redis.call('HGETALL', P .. 'cr:' .. ARGV[1])}`)

// Credits tells how many messages of each template the user may still get; a template without any is left out.
// Returns ErrUnavailable.
func (q *Queue) Credits(ctx context.Context, openid string) (map[string]int, error) {
	start := time.Now()
	said, err := q.ask(ctx, "credits", creditsScript, q.person(openid))
	if isConnectionError(err) && ctx.Err() == nil && time.Since(start) < repeatWithin {
		said, err = q.ask(ctx, "credits", creditsScript, q.person(openid))
	}
	if err != nil {
		return nil, err
	}
	credits := map[string]int{}
	for i, flat := 0, said.list(1); i+1 < len(flat); i += 2 {
		credits[flat.text(i)] = int(flat.number(i + 1))
	}
	return credits, nil
}
