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
	UpdatedAt  time.Time         `db:"-"` // when the state changed; zero: unknown, taken as newest
}

var saveSessions = statement[SessionRow]{
	op: "save sessions", table: "user_sessions",
	columns: []string{"session_id", "openid", "session_key", "unionid", "created_at", "expires_at", "is_active", "updated_at"},
	values: func(r *SessionRow) []any {
		return []any{r.SessionID, r.OpenID, r.SessionKey, textOrNull(r.UnionID), r.CreatedAt, r.ExpiresAt, r.IsActive,
			timeOrNull(r.UpdatedAt)}
	},
	merge: []string{
		when(supersedes("is_active"), "expires_at", "@expires_at"),
		// An ended session needs no key; and so no late row brings one back to a person who was forgotten.
		when(supersedes("is_active")+" AND @is_active", "session_key", "COALESCE(@session_key, session_key)"),
		"unionid = COALESCE(unionid, @unionid)",
		fill("openid"),
		touch(supersedes("is_active")),
		end("is_active"),
	},
}

// SaveSessions merges session states. A state is taken when it is not older (UpdatedAt) than the one that is there;
// an ended session stays ended, whatever comes and in whatever order. Openid, unionid and created_at stay as first
// known. Within one batch the order given counts. A batch may be repeated. Errors wrap ErrRefused or ErrUnavailable.
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
