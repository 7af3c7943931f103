package sql

import (
	"context"
	"slices"
)

// maxRows bounds a statement: at 10 columns it has 5,000 placeholders of the 65,535 MySQL and the 32,766 SQLite take,
// and it runs for some ten milliseconds.
const maxRows = 500

// statement is one multi-row insert and, per dialect, what to do with a key that is there already.
type statement struct {
	op       string
	insert   string // ends in one VALUES (...), which sqlx repeats per row
	conflict map[Dialect]string
}

func (s statement) text(d Dialect) string { return s.insert + " " + s.conflict[d] }

// write sends rows in order, in chunks that are each one statement and so each wholly there or wholly not. It stops
// at the first failing chunk. All statements change nothing when repeated, so the caller repeats the whole batch.
func write[R any](ctx context.Context, db *DB, s statement, rows []R, fit func(*R) error) error {
	for chunk := range slices.Chunk(slices.Clone(rows), maxRows) {
		for i := range chunk {
			if err := fit(&chunk[i]); err != nil {
				return explain(s.op, err)
			}
		}
		if _, err := db.pool.NamedExecContext(ctx, s.text(db.dialect), chunk); err != nil {
			return explain(s.op, err)
		}
	}
	return nil
}
