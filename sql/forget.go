package sql

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/jmoiron/sqlx"
)

// erased begins what stands in place of a forgotten person's openid. ofErased finds such sessions by idx_openid: '.'
// is the character behind '-'.
const (
	erased   = "erased-"
	ofErased = `s.openid >= 'erased-' AND s.openid < 'erased.'`
)

// ForgetUser takes a person (the pseudonym of an openid) out of the tables and says how many rows it changed. Calls
// lose their openid; sessions end and get an openid and unionid of pure chance, different in each; bindings end and
// lose the ERP user name; messages lose their openid and content; writes to the ERP lose their openid, both names of who
// wrote, and the parameters. Rows stay, and with them every hash chain, which does not cover the openid.
//
// It goes in short transactions and may be repeated after an error. It should be repeated once records that were under
// way have been written: late rows are found then, also those that hang on sessions erased before. The error wraps
// ErrUnavailable; what was forgotten before it stays forgotten.
func (db *DB) ForgetUser(ctx context.Context, openid string) (affected int, err error) {
	if openid == "" { // the rows of nobody in particular
		return 0, nil
	}
	for _, part := range []struct {
		find   string
		args   []any
		forget func(ctx context.Context, tx *sqlx.Tx, keys []string) (int, error)
	}{
		{`SELECT log_id FROM api_call_logs ` + db.by("api_call_logs", "idx_openid_called") + ` WHERE openid = ? LIMIT ?`, []any{openid}, forgetCalls},
		{`SELECT session_id FROM user_sessions WHERE openid = ? LIMIT ?`, []any{openid}, forgetSessions},
		{`SELECT b.binding_id FROM user_sessions s JOIN erp_bindings b ON b.session_id = s.session_id
			WHERE ` + ofErased + ` AND (b.erp_username <> '' OR b.is_valid = 1) LIMIT ?`, nil, forgetBindings},
		{`SELECT m.msg_id FROM user_sessions s JOIN message_logs m ON m.session_id = s.session_id
			WHERE ` + ofErased + ` AND (m.openid IS NOT NULL OR m.msg_content IS NOT NULL) LIMIT ?`, nil, forgetMessages},
		{`SELECT msg_id FROM message_logs WHERE openid = ? LIMIT ?`, []any{openid}, forgetMessages},
		{`SELECT w.key_hash FROM user_sessions s JOIN erp_writes w ON w.session_id = s.session_id WHERE ` + ofErased + `
			AND (w.openid IS NOT NULL OR w.operator IS NOT NULL OR w.erp_username IS NOT NULL OR w.params IS NOT NULL)
			LIMIT ?`, nil, forgetWrites},
		{`SELECT key_hash FROM erp_writes WHERE openid = ? LIMIT ?`, []any{openid}, forgetWrites},
	} {
		n, err := db.forget(ctx, part.forget, part.find, append(part.args, maxRows)...)
		affected += n
		if err != nil {
			return affected, explain("forget user", err)
		}
	}
	return affected, nil
}

// forget changes the rows whose keys the query finds, until it finds none.
func (db *DB) forget(ctx context.Context, change func(context.Context, *sqlx.Tx, []string) (int, error),
	find string, args ...any) (affected int, err error) {
	for {
		var keys []string
		if err := db.pool.SelectContext(ctx, &keys, find, args...); err != nil || len(keys) == 0 {
			return affected, err
		}
		var n int
		err := db.within(ctx, func(tx *sqlx.Tx) (err error) {
			n, err = change(ctx, tx, keys)
			return err
		})
		if err != nil {
			return affected, err
		}
		affected += n
	}
}

func forgetCalls(ctx context.Context, tx *sqlx.Tx, ids []string) (int, error) {
	return changeIn(ctx, tx, `UPDATE api_call_logs SET openid = NULL WHERE log_id IN (?)`, ids)
}

// forgetSessions goes row by row: one value for all would still say that they were one person's.
func forgetSessions(ctx context.Context, tx *sqlx.Tx, ids []string) (affected int, err error) {
	now := stamp(time.Time{})
	for _, id := range ids {
		nobody := erased + rand.Text()
		n, err := changed(tx.ExecContext(ctx, `UPDATE user_sessions SET openid = ?, unionid = ?, session_key = NULL,
			is_active = 0, updated_at = ? WHERE session_id = ?`, nobody, nobody, now, id))
		affected += n
		if err != nil {
			return affected, err
		}
	}
	return affected, nil
}

func forgetBindings(ctx context.Context, tx *sqlx.Tx, ids []string) (int, error) {
	return changeIn(ctx, tx, `UPDATE erp_bindings SET erp_username = '', is_valid = 0, updated_at = ? WHERE binding_id IN (?)`,
		stamp(time.Time{}), ids)
}

func forgetMessages(ctx context.Context, tx *sqlx.Tx, ids []string) (int, error) {
	return changeIn(ctx, tx, `UPDATE message_logs SET openid = NULL, msg_content = NULL WHERE msg_id IN (?)`, ids)
}

func forgetWrites(ctx context.Context, tx *sqlx.Tx, keys []string) (int, error) {
	return changeIn(ctx, tx, `UPDATE erp_writes SET openid = NULL, operator = NULL, erp_username = NULL, params = NULL
		WHERE key_hash IN (?)`, keys)
}
