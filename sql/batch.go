package sql

import (
	"context"
	"strings"
	"time"
)

const (
	// maxRows bounds a statement: at 20 columns it has 10,000 placeholders of the 32,766 SQLite takes, and it runs for
	// some ten milliseconds.
	maxRows = 500
	// maxBytes bounds its texts: escaped they may double, and servers are known to take packets of no more than 16 MiB.
	maxBytes = 4 << 20
)

// statement is one multi-row insert, and what becomes of a row whose key is there already.
type statement[R any] struct {
	op      string
	table   string
	columns []string // the key first
	values  func(*R) []any
	// merge are assignments, none to leave the row as it is. They are made in this order and see those before them
	// (MySQL) or do not (SQLite). @column is the value offered.
	merge []string
}

// text is the statement for n rows.
func (s statement[R]) text(d Dialect, n int) string {
	row := "(?" + strings.Repeat(",?", len(s.columns)-1) + ")"
	return "INSERT INTO " + s.table + " (" + strings.Join(s.columns, ", ") + ") VALUES " +
		row + strings.Repeat(","+row, n-1) + " " + s.conflict(d)
}

// conflict avoids INSERT IGNORE, which would also hide bad data.
func (s statement[R]) conflict(d Dialect) string {
	key, merge := s.columns[0], strings.Join(s.merge, ", ")
	switch {
	case d == MySQL && merge == "":
		return "ON DUPLICATE KEY UPDATE " + key + " = " + key
	case d == MySQL:
		return "ON DUPLICATE KEY UPDATE " + offered.ReplaceAllString(merge, "VALUES($1)")
	case merge == "":
		return "ON CONFLICT (" + key + ") DO NOTHING"
	default:
		return "ON CONFLICT (" + key + ") DO UPDATE SET " + offered.ReplaceAllString(merge, "excluded.$1")
	}
}

// write sends rows in order, in chunks that are each one statement and so each wholly there or wholly not. It stops
// at the first failing chunk. All statements change nothing when repeated, so the caller repeats the whole batch.
func write[R any](ctx context.Context, db *DB, s statement[R], rows []R, fit func(*R) error) error {
	args := make([]any, 0, min(len(rows), maxRows)*len(s.columns))
	size := 0
	row := new(R) // one for all: the caller's stay as they are
	for i := range rows {
		*row = rows[i]
		if err := fit(row); err != nil {
			return explain(s.op, err)
		}
		values := s.values(row)
		more := texts(values)
		if len(args) == maxRows*len(s.columns) || len(args) > 0 && size+more > maxBytes {
			if err := send(ctx, db, s, args); err != nil {
				return err
			}
			args, size = args[:0], 0
		}
		args, size = append(args, values...), size+more
	}
	return send(ctx, db, s, args)
}

func send[R any](ctx context.Context, db *DB, s statement[R], args []any) error {
	if len(args) == 0 {
		return nil
	}
	_, err := db.pool.ExecContext(ctx, s.text(db.dialect, len(args)/len(s.columns)), args...) //nolint:gosec // made of names in this package
	return explain(s.op, err)
}

// texts is how many bytes of text the values have.
func texts(values []any) (n int) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			n += len(s)
		}
	}
	return n
}

// textOrNull keeps an absent text as NULL.
func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// timeOrNull keeps an unknown time as NULL.
func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return stamp(t)
}
