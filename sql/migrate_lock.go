package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
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
	return noteBeginning(ctx, conn)
}

// noteBeginning writes what goose notes right behind creating its table: version 0. A first start that was cut off
// between the two leaves a table that goose itself refuses from then on. SQLite's lock is a transaction, which leaves
// nothing half done.
func noteBeginning(ctx context.Context, conn *stdsql.Conn) error {
	var tables int
	err := conn.QueryRowContext(ctx, versions[MySQL]).Scan(&tables)
	if err == nil && tables > 0 {
		_, err = conn.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied)
			SELECT 0, 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM goose_db_version)`)
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

// sqliteLock is one write transaction around the whole run: a second process waits for it, and a process that dies
// leaves the schema as it found it.
type sqliteLock struct{}

func (sqliteLock) SessionLock(ctx context.Context, conn *stdsql.Conn) error {
	wait := fmt.Sprintf("PRAGMA busy_timeout = %d", lockWait.Milliseconds())
	for _, statement := range []string{wait, "BEGIN IMMEDIATE"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("take the migration lock: %w", err)
		}
	}
	return nil
}

func (sqliteLock) SessionUnlock(ctx context.Context, conn *stdsql.Conn) error {
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("free the migration lock: %w", err)
	}
	return nil
}
