package sql

import (
	"context"
	stdsql "database/sql"

	"github.com/jmoiron/sqlx"
)

// within runs work in a transaction that locks no more than the rows it changes: MySQL's default level would lock the
// gaps between them too, and with them the writers' new rows.
func (db *DB) within(ctx context.Context, work func(*sqlx.Tx) error) error {
	var options stdsql.TxOptions
	if db.dialect == MySQL {
		options.Isolation = stdsql.LevelReadCommitted
	}
	tx, err := db.pool.BeginTxx(ctx, &options)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after the commit it does nothing
	if err := work(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// changed is how many rows a statement changed.
func changed(result stdsql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// changeIn runs a statement whose (?) takes a list of keys.
func changeIn(ctx context.Context, tx *sqlx.Tx, query string, args ...any) (int, error) {
	query, args, err := sqlx.In(query, args...)
	if err != nil {
		return 0, err
	}
	return changed(tx.ExecContext(ctx, query, args...)) //nolint:gosec // the (?) became more of them, the rest is written in this package
}
