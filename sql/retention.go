package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
)

// Retention goes in small steps: each is one short transaction on rows found by an index, so it may run beside the
// writers and may be stopped between any two. Every function here is called again and again until it removes nothing.

// maxBatch bounds a step, and with it how long its rows are locked.
const maxBatch = 5000

// RemoveCallsBefore removes at most batch calls (500 if not positive, at most 5000) that were called before t, and
// says how many. Of a chain it takes links from its beginning only, up to the first that is not old enough, and notes
// the last one taken in audit_anchors in the same transaction. The error wraps ErrUnavailable; what was removed before
// it stays removed.
func (db *DB) RemoveCallsBefore(ctx context.Context, t time.Time, batch int) (removed int, err error) {
	batch = batchSize(batch)
	removed, err = db.removeUnchained(ctx, t, batch)
	if err != nil || removed == batch {
		return removed, explain("remove calls", err)
	}
	ids, err := db.chainIDs(ctx)
	if err != nil {
		return removed, explain("remove calls", err)
	}
	for _, id := range ids {
		n, err := db.removeLinks(ctx, id, t, batch-removed)
		removed += n
		if err != nil || removed >= batch {
			return removed, explain("remove calls", err)
		}
	}
	return removed, nil
}

// removeUnchained removes rows from before there were chains.
func (db *DB) removeUnchained(ctx context.Context, t time.Time, batch int) (int, error) {
	return db.remove(ctx, `api_call_logs`, `log_id`, `SELECT log_id FROM api_call_logs `+db.by("api_call_logs", "idx_chain")+
		` WHERE chain_id IS NULL AND chain_seq IS NULL AND called_at < ? ORDER BY called_at LIMIT ?`, ceiling(t), batch)
}

// removeLinks removes the old links at a chain's beginning. Of two replicas doing it at once the second waits at the
// anchor, and then finds nothing to delete.
func (db *DB) removeLinks(ctx context.Context, chain string, t time.Time, batch int) (removed int, err error) {
	ids, last, err := db.oldLinks(ctx, chain, t, batch)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = db.within(ctx, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, saveAnchor.text(db.dialect, 1), saveAnchor.values(last)...) //nolint:gosec // made of names in this package
		if err != nil {
			return err
		}
		removed, err = changeIn(ctx, tx, `DELETE FROM api_call_logs WHERE log_id IN (?)`, ids)
		return err
	})
	return removed, err
}

// anchor is a row of audit_anchors.
type anchor struct {
	ChainID   string
	Seq       int64
	Hash      string
	RemovedAt time.Time
}

var saveAnchor = statement[anchor]{
	op: "save anchor", table: "audit_anchors", columns: []string{"chain_id", "seq", "hash", "removed_at"},
	values: func(a *anchor) []any { return []any{a.ChainID, a.Seq, a.Hash, a.RemovedAt} },
	merge: []string{
		when("@seq > seq", "hash", "@hash"),
		when("@seq > seq", "removed_at", "@removed_at"),
		when("@seq > seq", "seq", "@seq"),
	},
}

// oldLinks finds the run of old links at a chain's beginning, and the anchor at its end.
func (db *DB) oldLinks(ctx context.Context, chain string, t time.Time, batch int) (ids []string, last *anchor, err error) {
	var links []struct {
		LogID    string    `db:"log_id"`
		Seq      int64     `db:"chain_seq"`
		CalledAt time.Time `db:"called_at"`
	}
	err = db.pool.SelectContext(ctx, &links, `SELECT log_id, chain_seq, called_at FROM api_call_logs `+db.by("api_call_logs", "idx_chain")+
		` WHERE chain_id = ? ORDER BY chain_seq, called_at, log_id LIMIT ?`, chain, batch)
	last = &anchor{ChainID: chain, RemovedAt: stamp(time.Time{})}
	for _, link := range links {
		if !link.CalledAt.Before(t) {
			break
		}
		ids, last.Seq = append(ids, link.LogID), link.Seq
	}
	if err != nil || len(ids) == 0 {
		return nil, nil, err
	}
	hash := `SELECT COALESCE(chain_hash, '') FROM api_call_logs WHERE log_id = ?`
	err = db.pool.GetContext(ctx, &last.Hash, hash, ids[len(ids)-1])
	if errors.Is(err, stdsql.ErrNoRows) { // another replica was faster
		return nil, nil, nil
	}
	return ids, last, err
}

// RemoveSessionsBefore removes at most batch sessions that expired or ended before t; otherwise it is as
// RemoveCallsBefore. A session stays while a row of erp_bindings names it: it is the way from a person to that row.
func (db *DB) RemoveSessionsBefore(ctx context.Context, t time.Time, batch int) (removed int, err error) {
	const unnamed = ` AND NOT EXISTS (SELECT 1 FROM erp_bindings b WHERE b.session_id = s.session_id) LIMIT ?`
	removed, err = db.removeEach(ctx, "user_sessions", "session_id", t, batch,
		`SELECT session_id FROM user_sessions s WHERE expires_at < ?`+unnamed,
		`SELECT session_id FROM user_sessions s WHERE is_active = 0 AND updated_at < ?`+unnamed)
	return removed, explain("remove sessions", err)
}

// RemoveBindingsBefore removes at most batch bindings that ended before t, or that ended at an unknown time and were
// made before t; otherwise it is as RemoveCallsBefore.
func (db *DB) RemoveBindingsBefore(ctx context.Context, t time.Time, batch int) (removed int, err error) {
	removed, err = db.removeEach(ctx, "erp_bindings", "binding_id", t, batch,
		`SELECT binding_id FROM erp_bindings WHERE is_valid = 0 AND updated_at < ? LIMIT ?`,
		`SELECT binding_id FROM erp_bindings WHERE is_valid = 0 AND updated_at IS NULL AND bound_at < ? LIMIT ?`)
	return removed, explain("remove bindings", err)
}

// RemoveMessagesBefore removes at most batch messages that were sent before t; otherwise it is as RemoveCallsBefore.
func (db *DB) RemoveMessagesBefore(ctx context.Context, t time.Time, batch int) (removed int, err error) {
	removed, err = db.removeEach(ctx, "message_logs", "msg_id", t, batch,
		`SELECT msg_id FROM message_logs WHERE sent_at < ? ORDER BY sent_at LIMIT ?`)
	return removed, explain("remove messages", err)
}

// RemoveWritesBefore removes at most batch writes to the ERP that were intended before t, whatever became of them;
// otherwise it is as RemoveCallsBefore.
func (db *DB) RemoveWritesBefore(ctx context.Context, t time.Time, batch int) (removed int, err error) {
	removed, err = db.removeEach(ctx, "erp_writes", "key_hash", t, batch,
		`SELECT key_hash FROM erp_writes WHERE intended_at < ? ORDER BY intended_at LIMIT ?`)
	return removed, explain("remove writes", err)
}

// removeEach removes what each of the queries finds, batch rows in all.
func (db *DB) removeEach(ctx context.Context, table, key string, t time.Time, batch int, finds ...string) (removed int, err error) {
	batch = batchSize(batch)
	for _, find := range finds {
		n, err := db.remove(ctx, table, key, find, ceiling(t), batch-removed)
		removed += n
		if err != nil || removed >= batch {
			return removed, err
		}
	}
	return removed, nil
}

// remove deletes the rows whose keys the query finds. Two statements, for neither database deletes with a limit in the
// way the other does.
func (db *DB) remove(ctx context.Context, table, key, find string, args ...any) (removed int, err error) {
	var keys []string
	if err := db.pool.SelectContext(ctx, &keys, find, args...); err != nil || len(keys) == 0 {
		return 0, err
	}
	err = db.within(ctx, func(tx *sqlx.Tx) error {
		removed, err = changeIn(ctx, tx, `DELETE FROM `+table+` WHERE `+key+` IN (?)`, keys)
		return err
	})
	return removed, err
}

func batchSize(n int) int {
	if n <= 0 {
		return maxRows
	}
	return min(n, maxBatch)
}
