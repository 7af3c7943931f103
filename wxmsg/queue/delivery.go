package queue

import (
	"context"
	"errors"
)

// Delivery is what WeChat's subscribe_msg_sent_event says of a message.
type Delivery struct {
	OpenID      string
	TemplateID  string
	WeChatMsgID string // may be empty: then a repeat of the event cannot be told from another one
	ErrorCode   int    // 0: delivered
	ErrorStatus string
}

// deliveryScript. ARGV: WeChat's msgid, its hash, person, template, errcode, status.
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
local found, held
for _, id in ipairs(redis.call('ZRANGE', P .. 'of:' .. p, 0, -1)) do
  local m = get(id, 'st', 't', 'ev')
  if m[2] == t and not m[3] then
    if m[1] == 'unknown' then found = found or id elseif m[1] == 'sending' then held = id end
  end
end
local id = found or held
if not id then return {'nothing'} end
set(id, 'ev', '1', 'ec', code, 'es', status, 'w', wx)
if wx ~= '' then redis.call('SET', index, id, 'PX', ` + keepDone + `) end
-- One that is on its way is settled by its own worker: until then it holds its mailbox.
if not found then return {'remembered'} end
arrived(id, code, status)
return {'settled', all(id)}
`)

// Settle takes WeChat's word for what became of a message (subscribe_msg_sent_event). A message that was sent is noted
// as delivered, or becomes failed. When no message has that WeChat msgid, the oldest one of this user and template whose
// outcome is unknown becomes sent or failed. An event that fits nothing is ignored; a repeated one changes nothing.
// Returns ErrUnavailable.
func (q *Queue) Settle(ctx context.Context, d Delivery) error {
	if d.OpenID == "" || d.TemplateID == "" {
		return errors.New("settle: openid or template is missing")
	}
	status := []rune(d.ErrorStatus)
	status = status[:min(len(status), maxDeliveryRunes)]
	said, err := q.ask(ctx, "settle by event", deliveryScript, d.WeChatMsgID, hash(d.WeChatMsgID), q.person(d.OpenID), d.TemplateID,
		d.ErrorCode, string(status))
	if err == nil && said.word() == "settled" {
		q.noteNow(ctx, recordFrom(said.list(1)))
	}
	return err
}
