package sql

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"time"
)

// MessageRow is the state of one row of message_logs after a change. Empty optional texts become NULL and come back
// empty.
type MessageRow struct {
	MsgID       string    `db:"msg_id"`
	SessionID   string    `db:"session_id"`   // hash of the token of the session that asked; empty if none did
	OpenID      string    `db:"openid"`       // pseudonym of who gets it; optional, taken away when its person is forgotten
	Sender      string    `db:"sender"`       // session, service or event; optional
	TemplateID  string    `db:"template_id"`  //
	MsgContent  string    `db:"msg_content"`  // masked; optional
	MsgStatus   string    `db:"msg_status"`   // "sent" if empty
	Attempts    int       `db:"attempts"`     // times it was given to WeChat
	ErrCode     int       `db:"err_code"`     // WeChat's errcode; 0: none
	WXMsgID     string    `db:"wx_msg_id"`    // WeChat's own id; optional
	Reason      string    `db:"reason"`       // why it is in this state; optional
	ErrorDetail string    `db:"error_detail"` // optional
	RequestID   string    `db:"request_id"`   // of the request that was answered "queued"; optional
	AcceptedAt  time.Time `db:"-"`            // when that was; SentAt, else UpdatedAt, else now if zero
	SentAt      time.Time `db:"sent_at"`      // when WeChat took it; zero, it has not: AcceptedAt
	UpdatedAt   time.Time `db:"-"`            // when the state changed; zero: unknown, taken as newest
}

var saveMessages = statement[MessageRow]{
	op: "save messages", table: "message_logs",
	columns: []string{
		"msg_id", "session_id", "openid", "sender", "template_id", "msg_content", "msg_status", "attempts", "err_code",
		"wx_msg_id", "reason", "error_detail", "request_id", "accepted_at", "sent_at", "updated_at",
	},
	values: func(r *MessageRow) []any {
		return []any{
			r.MsgID, r.SessionID, textOrNull(r.OpenID), textOrNull(r.Sender), r.TemplateID, textOrNull(r.MsgContent), r.MsgStatus,
			r.Attempts, r.ErrCode, textOrNull(r.WXMsgID), textOrNull(r.Reason), textOrNull(r.ErrorDetail), textOrNull(r.RequestID),
			r.AcceptedAt, r.SentAt, timeOrNull(r.UpdatedAt),
		}
	},
	// Of the rest nothing is ever filled in later: a late state must not bring back what was forgotten.
	merge: []string{
		when(later, "msg_status", "@msg_status"),
		when(later, "attempts", "@attempts"),
		when(later, "err_code", "@err_code"),
		when(later, "wx_msg_id", "@wx_msg_id"),
		when(later, "reason", "@reason"),
		when(later, "error_detail", "@error_detail"),
		when(later, "sent_at", "@sent_at"),
		touch(later),
	},
}

// messageColumns reads a foundMessage, with what an older version left out as zero values.
const messageColumns = `msg_id, session_id, COALESCE(openid, '') AS openid, COALESCE(sender, '') AS sender, template_id,
	COALESCE(msg_content, '') AS msg_content, msg_status, COALESCE(attempts, 0) AS attempts,
	COALESCE(err_code, 0) AS err_code, COALESCE(wx_msg_id, '') AS wx_msg_id, COALESCE(reason, '') AS reason,
	COALESCE(error_detail, '') AS error_detail, COALESCE(request_id, '') AS request_id, accepted_at, sent_at, updated_at`

// foundMessage takes the times that may be NULL.
type foundMessage struct {
	MessageRow
	Accepted stdsql.NullTime `db:"accepted_at"`
	Updated  stdsql.NullTime `db:"updated_at"`
}

func (f foundMessage) row() MessageRow {
	f.AcceptedAt, f.UpdatedAt = f.Accepted.Time, f.Updated.Time
	return f.MessageRow
}

// SaveMessages merges message states. A state is the whole of what is known after a change: msg_status, attempts,
// err_code, wx_msg_id, reason, error_detail and sent_at are taken when it is not older (UpdatedAt, to the millisecond)
// than the one that is there; the rest stays as first written. Within one batch the order given counts. A batch may be
// repeated. Errors wrap ErrRefused or ErrUnavailable.
func (db *DB) SaveMessages(ctx context.Context, rows []MessageRow) error {
	return write(ctx, db, saveMessages, rows, (*MessageRow).fit)
}

func (r *MessageRow) fit() error {
	r.SessionID = varchar(r.SessionID, 64)
	r.OpenID = varchar(r.OpenID, 64)
	r.Sender = varchar(r.Sender, 64)
	r.TemplateID = varchar(r.TemplateID, 100)
	r.MsgContent = text(r.MsgContent)
	r.MsgStatus = cmp.Or(varchar(r.MsgStatus, 20), "sent")
	r.Attempts = integer(r.Attempts)
	r.ErrCode = integer(r.ErrCode)
	r.WXMsgID = varchar(r.WXMsgID, 32)
	r.Reason = varchar(r.Reason, 200)
	r.ErrorDetail = text(r.ErrorDetail)
	r.RequestID = varchar(r.RequestID, 64)
	r.AcceptedAt = stamp(cmp.Or(r.AcceptedAt, r.SentAt, r.UpdatedAt))
	r.SentAt = stamp(cmp.Or(r.SentAt, r.AcceptedAt))
	return key("msg_id", r.MsgID)
}
