package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3/database"
)

var errLockBusy = errors.New("another replica has been migrating for too long")

// mysqlLock is a named lock of the server, held by the connection that migrates and freed by the server when that
// connection dies. The name carries the database's, since named locks are shared by all databases of a server.
type mysqlLock struct{}

const mysqlLockName = `CONCAT('snowgate_migrate_', MD5(DATABASE()))`

func (mysqlLock) SessionLock(ctx context.Context, conn *stdsql.Conn) error {
	var got stdsql.NullInt64
	row := conn.QueryRowContext(ctx, `SELECT GET_LOCK(`+mysqlLockName+`, ?)`, int(lockWait.Seconds()))
	if err := row.Scan(&got); err != nil {
		return fmt.Errorf("take the migration lock: %w", err)
	}
	if got.Int64 != 1 {
		return errLockBusy
	}
	return noteBeginning(ctx, conn, MySQL)
}

// noteBeginning writes what goose notes right behind creating its table: version 0. A first start that was cut off
// between the two leaves a table that goose itself refuses from then on.
func noteBeginning(ctx context.Context, db database.DBTxConn, d Dialect) error {
	var tables int
	err := db.QueryRowContext(ctx, versions[d]).Scan(&tables)
	if err == nil && tables > 0 {
		_, err = db.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied)
			SELECT 0, 1 FROM (SELECT COUNT(*) AS notes FROM goose_db_version) v WHERE notes = 0`)
	}
	if err != nil {
		return fmt.Errorf("note the first migration's beginning: %w", err)
	}
	return nil
}

func (mysqlLock) SessionUnlock(ctx context.Context, conn *stdsql.Conn) error {
	var freed stdsql.NullInt64
	if err := conn.QueryRowContext(ctx, `SELECT RELEASE_LOCK(`+mysqlLockName+`)`).Scan(&freed); err != nil {
		return fmt.Errorf("free the migration lock: %w", err)
	}
	return nil
}
