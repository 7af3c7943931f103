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
	Writes   []WriteRow   // oldest first
}

// ExportUser gathers the rows of one person: the sessions of the openid (its pseudonym) and those named by their ids
// besides, what hangs on these sessions, messages to the openid and its writes to the ERP, and the newest 1000 calls. Not
// in one transaction: a row written meanwhile may be in or not. The error wraps ErrUnavailable.
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
		db.gatherSessions, db.gatherBindings, db.gatherOldMessages, db.gatherOldWrites, db.gatherOldCalls,
	} {
		for part := range slices.Chunk(ids, maxRows) {
			if err := gather(ctx, part, &rows); err != nil {
				return UserRows{}, explain("export user", err)
			}
		}
	}
	if err := db.gatherOwn(ctx, openid, &rows); err != nil {
		return UserRows{}, err
	}
	rows.sort()
	return rows, nil
}

// gatherOwn finds what names the person itself, whatever session it hangs on.
func (db *DB) gatherOwn(ctx context.Context, openid string, rows *UserRows) error {
	messages, err := db.selectMessages(ctx, `SELECT `+messageColumns+` FROM message_logs WHERE openid = ?`, openid)
	if err != nil {
		return explain("export user", err)
	}
	writes, err := db.selectWrites(ctx, `SELECT `+writeColumns+` FROM erp_writes WHERE openid = ?`, openid)
	if err != nil {
		return explain("export user", err)
	}
	calls, _, err := db.FindCalls(ctx, CallFilter{OpenID: openid, PageSize: exportedCalls})
	rows.Messages = append(rows.Messages, messages...)
	rows.Writes = append(rows.Writes, writes...)
	rows.Calls = append(rows.Calls, calls...)
	return err
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

// gatherOldMessages finds the messages that know their session but no openid: those of an older version, and those
// whose person was forgotten. Whatever names another person is not for this one's eyes.
func (db *DB) gatherOldMessages(ctx context.Context, ids []string, rows *UserRows) error {
	query, args, err := sqlx.In(`SELECT `+messageColumns+` FROM message_logs WHERE session_id IN (?) AND openid IS NULL`, ids)
	if err != nil {
		return err
	}
	found, err := db.selectMessages(ctx, query, args...)
	rows.Messages = append(rows.Messages, found...)
	return err
}

// gatherOldWrites is as gatherOldMessages.
func (db *DB) gatherOldWrites(ctx context.Context, ids []string, rows *UserRows) error {
	query, args, err := sqlx.In(`SELECT `+writeColumns+` FROM erp_writes WHERE session_id IN (?) AND openid IS NULL`, ids)
	if err != nil {
		return err
	}
	found, err := db.selectWrites(ctx, query, args...)
	rows.Writes = append(rows.Writes, found...)
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

// sort puts the parts in order and cuts the calls to their number.
func (u *UserRows) sort() {
	slices.SortStableFunc(u.Sessions, func(a, b SessionRow) int { return a.CreatedAt.Compare(b.CreatedAt) })
	slices.SortStableFunc(u.Bindings, func(a, b BindingRow) int { return a.BoundAt.Compare(b.BoundAt) })
	slices.SortStableFunc(u.Messages, func(a, b MessageRow) int { return a.SentAt.Compare(b.SentAt) })
	slices.SortStableFunc(u.Writes, func(a, b WriteRow) int { return a.IntendedAt.Compare(b.IntendedAt) })
	slices.SortFunc(u.Calls, func(a, b CallRow) int {
		return cmp.Or(b.CalledAt.Compare(a.CalledAt), strings.Compare(b.LogID, a.LogID))
	})
	u.Calls = u.Calls[:min(len(u.Calls), exportedCalls)]
}
