package sql

import (
	"context"
	stdsql "database/sql"
	"time"
	"unicode/utf8"
)

// maxSealed is the size of user_sessions.session_key.
const maxSealed = 128

// SessionRow is the state of one row of user_sessions after a change.
type SessionRow struct {
	SessionID  string            `db:"session_id"`  // hash of the token
	OpenID     string            `db:"openid"`      // pseudonym
	SessionKey stdsql.NullString `db:"session_key"` // sealed form or NULL, never WeChat's own
	UnionID    string            `db:"unionid"`     // pseudonym; optional
	CreatedAt  time.Time         `db:"created_at"`  // now if zero
	ExpiresAt  time.Time         `db:"expires_at"`  // now if zero, as for a session that ends
	IsActive   bool              `db:"is_active"`
}

var saveSessions = statement{
	op: "save sessions",
	insert: `INSERT INTO user_sessions
		(session_id, openid, session_key, unionid, created_at, expires_at, is_active)
		VALUES (:session_id, :openid, :session_key, NULLIF(:unionid, ''), :created_at, :expires_at, :is_active)`,
	conflict: map[Dialect]string{
		MySQL: `ON DUPLICATE KEY UPDATE expires_at = VALUES(expires_at), is_active = VALUES(is_active),
			session_key = COALESCE(VALUES(session_key), session_key), unionid = COALESCE(VALUES(unionid), unionid)`,
		SQLite: `ON CONFLICT (session_id) DO UPDATE SET expires_at = excluded.expires_at, is_active = excluded.is_active,
			session_key = COALESCE(excluded.session_key, session_key), unionid = COALESCE(excluded.unionid, unionid)`,
	},
}

// SaveSessions writes session states in the order given: the last state of a session wins in expires_at and
// is_active, also within one batch; openid and created_at stay as first written. A batch may be repeated. Errors wrap
// ErrRefused or ErrUnavailable.
func (db *DB) SaveSessions(ctx context.Context, rows []SessionRow) error {
	return write(ctx, db, saveSessions, rows, (*SessionRow).fit)
}

func (r *SessionRow) fit() error {
	r.OpenID = varchar(r.OpenID, 100)
	r.UnionID = varchar(r.UnionID, 100)
	r.CreatedAt = stamp(r.CreatedAt)
	r.ExpiresAt = stamp(r.ExpiresAt)
	if sealed := r.SessionKey.String; utf8.RuneCountInString(sealed) > maxSealed || repair(sealed) != sealed {
		r.SessionKey = stdsql.NullString{} // a cut seal opens no more: better none
	}
	return key("session_id", r.SessionID)
}
