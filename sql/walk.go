package sql

import (
	"context"
	"time"
)

// pageRows is how many rows a walk reads at a time: some megabytes at most, a few milliseconds.
const pageRows = 500

// EachCall hands every call with from <= called_at < to to visit, oldest first (called_at, then log_id); a zero time
// leaves its side open. No statement is open while visit works, so it may take its time; rows written meanwhile with a
// time already passed are not seen. An error of visit ends the walk and comes back as it is; others wrap
// ErrUnavailable.
func (db *DB) EachCall(ctx context.Context, from, to time.Time, visit func(CallRow) error) error {
	var after CallPoint
	return walk(visit, func() ([]CallRow, error) {
		rows, err := db.callsAfter(ctx, from, to, after)
		if len(rows) > 0 {
			after = rows[len(rows)-1].Point()
		}
		return rows, explain("each call", err)
	})
}

func (db *DB) callsAfter(ctx context.Context, from, to time.Time, after CallPoint) (rows []CallRow, err error) {
	query, args := db.walkQuery(from, to, after)
	return rows, db.pool.SelectContext(ctx, &rows, query, args...)
}

func (db *DB) walkQuery(from, to time.Time, after CallPoint) (string, []any) {
	var c conditions
	if after.LogID != "" {
		from = time.Time{} // it lies behind
		c.add("called_at >= ? AND (called_at > ? OR log_id > ?)", after.CalledAt, after.CalledAt, after.LogID)
	}
	c.between("called_at", from, to)
	return `SELECT ` + callColumns + ` FROM api_call_logs ` + db.by("api_call_logs", "idx_called_at") + c.where() +
		` ORDER BY called_at, log_id LIMIT ?`, append(c.args, pageRows)
}

// CountCalls counts the calls with from <= called_at < to, as EachCall takes them. It takes half a second per million;
// the context alone bounds it. The error wraps ErrUnavailable.
func (db *DB) CountCalls(ctx context.Context, from, to time.Time) (n int64, err error) {
	var c conditions
	c.between("called_at", from, to)
	query := `SELECT COUNT(*) FROM api_call_logs ` + db.by("api_call_logs", "idx_called_at") + c.where()
	return n, explain("count calls", db.getPatiently(ctx, &n, query, c.args...))
}

// walk visits page after page until one is empty.
func walk(visit func(CallRow) error, next func() ([]CallRow, error)) error {
	for {
		rows, err := next()
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := visit(row); err != nil {
				return err
			}
		}
		if len(rows) < pageRows {
			return nil
		}
	}
}
