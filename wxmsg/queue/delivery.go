package queue

import (
	"context"
	"errors"
	"time"
)

// Delivery is what WeChat's subscribe_msg_sent_event says of a message.
type Delivery struct {
	OpenID      string
	TemplateID  string
	WeChatMsgID string // may be empty: then a repeat of the event cannot be told from another one
	ErrorCode   int    // 0: delivered
	ErrorStatus string
	At          time.Time // by WeChat's clock, whole seconds; zero: unknown
}

// reportSlack is how far WeChat's clock, which counts seconds, may be behind ours.
const reportSlack = 3 * time.Second

// deliveryScript. ARGV: WeChat's msgid, its hash, person, template, errcode, status, ms by which its send had begun or 0.
// The event does not name our message. Sends to one user come one after the other and events within moments, so that it
// is the newest one that had begun by then; an older one that is unknown has most likely never arrived.
var deliveryScript = script(`
local wx, p, t, code, status = ARGV[1], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local index = P .. 'wx:' .. ARGV[2]
local mid = wx ~= '' and redis.call('GET', index)
if mid then
  local m = get(mid, 'st', 'd')
  if m[1] ~= 'sent' or m[2] then return {'known'} end
  set(mid, 'd', code == '0' and '1' or '0')
  arrived(mid, code, status)
  return {'settled', all(mid)}
end
local id, began, state
for _, one in ipairs(redis.call('ZRANGE', P .. 'of:' .. p, 0, -1)) do
  local m = get(one, 'st', 't', 'ev', 'b')
  local at = tonumber(m[4]) or 0
  local fits = m[2] == t and not m[3] and (m[1] == 'unknown' or m[1] == 'sending')
  if fits and (ARGV[7] == '0' or at <= tonumber(ARGV[7])) and (not id or at >= began) then id, began, state = one, at, m[1] end
end
if not id then return {'nothing'} end
set(id, 'ev', '1', 'ec', code, 'es', status, 'w', wx)
if wx ~= '' then redis.call('SET', index, id, 'PX', ` + keepDone + `) end
-- One that is on its way is settled by its own worker: until then it holds its mailbox.
if state == 'sending' then return {'remembered'} end
arrived(id, code, status)
return {'settled', all(id)}
`)

// Settle takes WeChat's word for what became of a message (subscribe_msg_sent_event). A message that was sent is noted
// as delivered, or becomes failed. When no message has that WeChat msgid, it is the newest one of this user and template
// whose send had begun by then and whose outcome is not known yet. An event that fits nothing is ignored; a repeated one
// changes nothing.
// Returns ErrUnavailable.
func (q *Queue) Settle(ctx context.Context, d Delivery) error {
	if d.OpenID == "" || d.TemplateID == "" {
		return errors.New("settle: openid or template is missing")
	}
	status := []rune(d.ErrorStatus)
	status = status[:min(len(status), maxDeliveryRunes)]
	begun := int64(0)
	if !d.At.IsZero() {
		begun = d.At.Add(reportSlack).UnixMilli()
	}
	said, err := q.ask(ctx, "settle by event", deliveryScript, d.WeChatMsgID, hash(d.WeChatMsgID), q.person(d.OpenID), d.TemplateID,
		d.ErrorCode, string(status), begun)
	if err == nil && said.word() == "settled" {
		q.noteNow(ctx, recordFrom(said.list(1)))
	}
	return err
}
