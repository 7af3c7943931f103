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
	UpdatedAt   time.Time `db:"-"` // when the state changed; zero: unknown, taken as newest
}

var saveMessages = statement[MessageRow]{
	op: "save messages", table: "message_logs",
	columns: []string{"msg_id", "session_id", "template_id", "msg_content", "msg_status", "sent_at", "error_detail", "updated_at"},
	values: func(r *MessageRow) []any {
		return []any{r.MsgID, r.SessionID, r.TemplateID, textOrNull(r.MsgContent), r.MsgStatus, r.SentAt,
			textOrNull(r.ErrorDetail), timeOrNull(r.UpdatedAt)}
	},
	merge: []string{
		when(later, "msg_status", "@msg_status"),
		when(later, "sent_at", "@sent_at"),
		when(later, "error_detail", "@error_detail"),
		touch(later),
	},
}

// SaveMessages merges message states: msg_status, sent_at and error_detail are taken when the state is not older
// (UpdatedAt) than the one that is there; the rest stays as first written. Within one batch the order given counts. A
// batch may be repeated. Errors wrap ErrRefused or ErrUnavailable.
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
