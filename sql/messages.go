package sql

import (
	"context"
	"time"
)

// MessageRow is the state of one row of message_logs after a change.
type MessageRow struct {
	MsgID       string    `db:"msg_id"`
	SessionID   string    `db:"session_id"`  // hash of the token of the session that asked
	TemplateID  string    `db:"template_id"` //
	MsgContent  string    `db:"msg_content"` // masked; optional
	MsgStatus   string    `db:"msg_status"`  // "sent" if empty
	SentAt      time.Time `db:"sent_at"`     // now if zero
	ErrorDetail string    `db:"error_detail"`
}

var saveMessages = statement{
	op: "save messages",
	insert: `INSERT INTO message_logs
		(msg_id, session_id, template_id, msg_content, msg_status, sent_at, error_detail)
		VALUES (:msg_id, :session_id, :template_id, NULLIF(:msg_content, ''), :msg_status, :sent_at,
		 NULLIF(:error_detail, ''))`,
	conflict: map[Dialect]string{
		MySQL: `ON DUPLICATE KEY UPDATE msg_status = VALUES(msg_status), sent_at = VALUES(sent_at),
			error_detail = VALUES(error_detail)`,
		SQLite: `ON CONFLICT (msg_id) DO UPDATE SET msg_status = excluded.msg_status, sent_at = excluded.sent_at,
			error_detail = excluded.error_detail`,
	},
}

// SaveMessages writes message states in the order given: the last state of a message wins in msg_status, sent_at and
// error_detail, also within one batch; the rest stays as first written. A batch may be repeated. Errors wrap
// ErrRefused or ErrUnavailable.
func (db *DB) SaveMessages(ctx context.Context, rows []MessageRow) error {
	return write(ctx, db, saveMessages, rows, (*MessageRow).fit)
}

func (r *MessageRow) fit() error {
	r.SessionID = varchar(r.SessionID, 64)
	r.TemplateID = varchar(r.TemplateID, 100)
	r.MsgContent = text(r.MsgContent)
	r.MsgStatus = varchar(r.MsgStatus, 20)
	if r.MsgStatus == "" {
		r.MsgStatus = "sent"
	}
	r.SentAt = stamp(r.SentAt)
	r.ErrorDetail = text(r.ErrorDetail)
	return key("msg_id", r.MsgID)
}
