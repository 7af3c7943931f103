package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// MessageFilter says which messages to find. Every zero field asks for nothing; those given must all hold.
type MessageFilter struct {
	From, To   time.Time // From <= accepted_at < To
	States     []string  // one of them
	OpenID     string    // pseudonym
	TemplateID string
	Sender     string
	MsgID      string
	WXMsgID    string // WeChat's own id
	Before     MessagePoint
	Page       int // from 1, counted from Before; 1
	PageSize   int // at most 1000; 50
}

// MessagePoint is a message's place in the order of acceptance.
type MessagePoint struct {
	AcceptedAt time.Time
	MsgID      string
}

// Point is where the row stands. As the next search's Before it gives what follows, however deep, at the cost of a
// first page.
func (r MessageRow) Point() MessagePoint {
	return MessagePoint{AcceptedAt: r.AcceptedAt, MsgID: r.MsgID}
}

// FindMessages returns one page of the messages that pass the filter, newest first (accepted_at, then msg_id), and
// whether there are more behind it. Errors wrap ErrTooDeep or ErrUnavailable.
func (db *DB) FindMessages(ctx context.Context, f MessageFilter) (rows []MessageRow, more bool, err error) {
	size, skip, err := window("find messages", f.Page, f.PageSize)
	if err != nil {
		return nil, false, err
	}
	var ids []string
	query, args := f.query(db, size+1, skip)
	if err := db.pool.SelectContext(ctx, &ids, query, args...); err != nil {
		return nil, false, explain("find messages", err)
	}
	if more = len(ids) > size; more {
		ids = ids[:size]
	}
	rows, err = db.messagesByID(ctx, ids)
	return rows, more, explain("find messages", err)
}

// Message returns one message. The error wraps ErrNotFound or ErrUnavailable.
func (db *DB) Message(ctx context.Context, msgID string) (MessageRow, error) {
	rows, err := db.messagesByID(ctx, []string{msgID})
	if err != nil {
		return MessageRow{}, explain("message", err)
	}
	if len(rows) == 0 {
		return MessageRow{}, fmt.Errorf("sql: message: %w", ErrNotFound)
	}
	return rows[0], nil
}

const newestMessages = ` ORDER BY accepted_at DESC, msg_id DESC LIMIT ?`

// query finds the ids of a page. With several states the newest of each are found in the index and merged: one IN would
// have the server read and sort all there ever were.
func (f MessageFilter) query(db *DB, limit, skip int) (query string, args []any) {
	var parts []string
	for i, part := range f.parts() {
		text, values := part.newest(db)
		parts = append(parts, fmt.Sprintf("SELECT * FROM (%s) p%d", text, i))
		args = append(append(args, values...), skip+limit)
	}
	return `SELECT msg_id FROM (` + strings.Join(parts, " UNION ALL ") + `) found` + newestMessages + ` OFFSET ?`,
		append(args, limit, skip)
}

// parts splits the filter where the index begins with the state.
func (f MessageFilter) parts() []MessageFilter {
	switch f.index() {
	case "idx_status_accepted", "idx_template_status_accepted":
	default:
		return []MessageFilter{f}
	}
	parts := make([]MessageFilter, 0, len(f.States))
	for _, state := range slices.Compact(slices.Sorted(slices.Values(f.States))) {
		part := f
		part.States = []string{state}
		parts = append(parts, part)
	}
	return parts
}

// newest finds the first messages that pass the filter. The index is named, as for calls.
func (f MessageFilter) newest(db *DB) (query string, args []any) {
	hint := ""
	if index := f.index(); index != "" {
		hint = db.by("message_logs", index)
	}
	c := f.conditions()
	return `SELECT msg_id, accepted_at FROM message_logs ` + hint + c.where() + newestMessages, c.args
}

func (f MessageFilter) conditions() (c conditions) {
	c.equal("msg_id", f.MsgID)
	c.equal("wx_msg_id", f.WXMsgID)
	c.equal("openid", f.OpenID)
	c.equal("template_id", f.TemplateID)
	c.oneOf("msg_status", f.States)
	c.equal("sender", f.Sender)
	c.between("accepted_at", f.From, f.To)
	if before := f.Before; before.MsgID != "" {
		at := stamp(before.AcceptedAt)
		c.add("accepted_at <= ? AND (accepted_at < ? OR msg_id < ?)", at, at, before.MsgID)
	}
	return c
}

// index is the one that leaves the fewest entries to look at; none: the primary key.
func (f MessageFilter) index() string {
	switch {
	case f.MsgID != "":
		return ""
	case f.WXMsgID != "":
		return "idx_wx_msg_accepted"
	case f.OpenID != "":
		return "idx_openid_accepted"
	case f.TemplateID != "" && len(f.States) > 0:
		return "idx_template_status_accepted"
	case f.TemplateID != "":
		return "idx_template_accepted"
	case len(f.States) > 0:
		return "idx_status_accepted"
	case f.Sender != "":
		return "idx_sender_accepted"
	default:
		return "idx_accepted"
	}
}

// messagesByID reads rows in the order of the ids; those gone in the meantime are left out.
func (db *DB) messagesByID(ctx context.Context, ids []string) ([]MessageRow, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	query, args, err := sqlx.In(`SELECT `+messageColumns+` FROM message_logs WHERE msg_id IN (?)`, ids)
	if err != nil {
		return nil, err
	}
	rows, err := db.selectMessages(ctx, query, args...)
	return inOrder(ids, rows, func(r MessageRow) string { return r.MsgID }), err
}

func (db *DB) selectMessages(ctx context.Context, query string, args ...any) ([]MessageRow, error) {
	var found []foundMessage
	if err := db.pool.SelectContext(ctx, &found, query, args...); err != nil {
		return nil, err
	}
	rows := make([]MessageRow, len(found))
	for i, f := range found {
		rows[i] = f.row()
	}
	return rows, nil
}
