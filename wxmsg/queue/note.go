package queue

import (
	"context"
	"time"

	"snowgate/wxmsg"
)

// Change is a message after one of its changes, for the records.
type Change struct {
	MsgID       string
	Person      string // pseudonym of the openid
	TemplateID  string
	Sender      string
	State       State
	Attempts    int
	Reason      string
	ErrCode     int
	WeChatMsgID string
	Delivered   bool
	Content     string // what Config.Mask made of it; empty when the content is no longer there
	AcceptedAt  time.Time
	ChangedAt   time.Time // by Redis' clock; every further change of a message has a later one, by a millisecond at least
}

// notedScript takes the mark away that a change left, unless there was another one since. ARGV: mid, time of the change.
var notedScript = script(`
local marked = redis.call('ZSCORE', P .. 'unnoted', ARGV[1])
if marked and tonumber(marked) <= tonumber(ARGV[2]) then redis.call('ZREM', P .. 'unnoted', ARGV[1]) end
return {'noted'}
`)

// note tells Config.Note of a change. The change's script has marked the message; the mark goes only now, and so the
// sweeper of some replica notes what a crash, or an error here, left behind. A message that changed twice meanwhile is
// noted in its latest state.
func (q *Queue) note(ctx context.Context, rec record, content string) {
	s := rec.status()
	err := q.cfg.Note(Change{
		MsgID: s.MsgID, Person: s.Person, TemplateID: s.TemplateID, Sender: s.Sender, State: s.State, Attempts: s.Attempts,
		Reason: s.Reason, ErrCode: s.ErrCode, WeChatMsgID: s.WeChatMsgID, Delivered: s.Delivered, Content: content,
		AcceptedAt: s.AcceptedAt, ChangedAt: s.UpdatedAt,
	})
	if err != nil {
		if !q.unnoted.Swap(true) {
			q.log.Warn("message queue: changes cannot be noted now", "error", err)
		}
		return
	}
	q.unnoted.Store(false)
	_, _ = q.ask(ctx, "mark noted", notedScript, hash(s.MsgID), rec["u"]) // else it is noted once more
}

// noteNow notes a message as it was just read, with what is left of its content.
func (q *Queue) noteNow(ctx context.Context, rec record) {
	content := ""
	if m, err := q.openMessage(rec["id"], rec["c"]); err == nil {
		content = q.mask(m)
	}
	q.note(ctx, rec, content)
}

func (q *Queue) mask(m wxmsg.Message) string {
	if q.cfg.Mask == nil {
		return ""
	}
	return q.cfg.Mask(m)
}
