package sql

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// exportedCalls is how many calls an export holds at most.
const exportedCalls = 1000

// UserRows is everything the tables hold of one person.
type UserRows struct {
	Sessions []SessionRow // oldest first; the sealed session_key is left out
	Bindings []BindingRow // oldest first
	Calls    []CallRow    // the newest 1000, newest first
	Messages []MessageRow // oldest first
}

// ExportUser gathers the rows of one person: the sessions of the openid (its pseudonym) and those named by their ids
// besides, what hangs on these sessions, and the newest 1000 calls. Not in one transaction: a row written meanwhile may
// be in or not. The error wraps ErrUnavailable.
func (db *DB) ExportUser(ctx context.Context, openid string, sessionIDs []string) (rows UserRows, err error) {
	if openid == "" { // it would ask for everybody's calls
		return UserRows{}, nil
	}
	var ids []string
	err = db.pool.SelectContext(ctx, &ids, `SELECT session_id FROM user_sessions WHERE openid = ?`, openid)
	if err != nil {
		return UserRows{}, explain("export user", err)
	}
	ids = slices.Compact(slices.Sorted(slices.Values(slices.Concat(ids, sessionIDs))))
	for _, gather := range []func(context.Context, []string, *UserRows) error{
		db.gatherSessions, db.gatherBindings, db.gatherMessages, db.gatherOldCalls,
	} {
		for part := range slices.Chunk(ids, maxRows) {
			if err := gather(ctx, part, &rows); err != nil {
				return UserRows{}, explain("export user", err)
			}
		}
	}
	calls, _, err := db.FindCalls(ctx, CallFilter{OpenID: openid, PageSize: exportedCalls})
	if err != nil {
		return UserRows{}, err
	}
	rows.sort(calls)
	return rows, nil
}

func (db *DB) gatherSessions(ctx context.Context, ids []string, rows *UserRows) error {
	var found []struct {
		SessionRow
		Updated stdsql.NullTime `db:"updated_at"`
	}
	err := db.selectIn(ctx, &found, `SELECT session_id, openid, COALESCE(unionid, '') AS unionid, created_at, expires_at,
		is_active, updated_at FROM user_sessions WHERE session_id IN (?)`, ids)
	for _, row := range found {
		row.UpdatedAt = row.Updated.Time
		rows.Sessions = append(rows.Sessions, row.SessionRow)
	}
	return err
}

func (db *DB) gatherBindings(ctx context.Context, ids []string, rows *UserRows) error {
	var found []struct {
		BindingRow
		Updated stdsql.NullTime `db:"updated_at"`
	}
	err := db.selectIn(ctx, &found, `SELECT binding_id, session_id, erp_username, COALESCE(company_id, '') AS company_id,
		COALESCE(company_name, '') AS company_name, bound_at, is_valid, updated_at
		FROM erp_bindings WHERE session_id IN (?)`, ids)
	for _, row := range found {
		row.UpdatedAt = row.Updated.Time
		rows.Bindings = append(rows.Bindings, row.BindingRow)
	}
	return err
}

func (db *DB) gatherMessages(ctx context.Context, ids []string, rows *UserRows) error {
	var found []struct {
		MessageRow
		Updated stdsql.NullTime `db:"updated_at"`
	}
	err := db.selectIn(ctx, &found, `SELECT msg_id, session_id, template_id, COALESCE(msg_content, '') AS msg_content,
		msg_status, sent_at, COALESCE(error_detail, '') AS error_detail, updated_at
		FROM message_logs WHERE session_id IN (?)`, ids)
	for _, row := range found {
		row.UpdatedAt = row.Updated.Time
		rows.Messages = append(rows.Messages, row.MessageRow)
	}
	return err
}

// gatherOldCalls finds the calls of an older version, which know their session but no openid.
func (db *DB) gatherOldCalls(ctx context.Context, ids []string, rows *UserRows) error {
	var found []string
	err := db.selectIn(ctx, &found, `SELECT log_id FROM api_call_logs WHERE session_id IN (?) AND openid IS NULL
		ORDER BY called_at DESC, log_id DESC LIMIT ?`, ids, exportedCalls)
	if err != nil {
		return err
	}
	calls, err := db.callsByID(ctx, found)
	rows.Calls = append(rows.Calls, calls...)
	return err
}

func (db *DB) selectIn(ctx context.Context, into any, query string, ids []string, more ...any) error {
	query, args, err := sqlx.In(query, append([]any{ids}, more...)...)
	if err != nil {
		return err
	}
	return db.pool.SelectContext(ctx, into, query, args...)
}

// sort puts the parts in order and adds the calls found by openid.
func (u *UserRows) sort(calls []CallRow) {
	slices.SortStableFunc(u.Sessions, func(a, b SessionRow) int { return a.CreatedAt.Compare(b.CreatedAt) })
	slices.SortStableFunc(u.Bindings, func(a, b BindingRow) int { return a.BoundAt.Compare(b.BoundAt) })
	slices.SortStableFunc(u.Messages, func(a, b MessageRow) int { return a.SentAt.Compare(b.SentAt) })
	u.Calls = append(u.Calls, calls...)
	slices.SortFunc(u.Calls, func(a, b CallRow) int {
		return cmp.Or(b.CalledAt.Compare(a.CalledAt), strings.Compare(b.LogID, a.LogID))
	})
	u.Calls = u.Calls[:min(len(u.Calls), exportedCalls)]
}
