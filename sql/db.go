// Package sql is the gateway's way to its own tables: the schema as numbered migrations for MySQL (or MariaDB) and
// SQLite, and the statements on it: writing sessions, bindings, calls, messages and writes to the ERP, searching the
// calls and the messages, walking the calls and their hash chains, removing what is too old, gathering and forgetting
// what there is of one person.
//
// It knows rows, not their meaning: it never masks, hashes, queues or retries, and no answer to a user of the
// mini-program waits for it. What the gateway knows of business it asks of the ERP; nothing of that is kept here.
package sql

import (
	"context"
	stdsql "database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Dialect names a kind of database. Its text is the name of its migrations folder.
type Dialect string

// The databases this package speaks.
const (
	MySQL  Dialect = "mysql"
	SQLite Dialect = "sqlite"
)

const (
	// One writer, one health probe and an occasional reader need no more; the server may be shared.
	maxConns = 4
	// Below the idle cut of common load balancers and of wait_timeout, so that a dead connection is rarely picked up.
	maxConnAge = 3 * time.Minute
)

// DB is a database with the gateway's tables. It is safe for concurrent use.
type DB struct {
	pool    *sqlx.DB
	dialect Dialect
	// patient opens connections for what may take long, for the pool's own read timeout would cut an ALTER TABLE or a
	// COUNT of millions: there the caller's context alone sets the bound.
	patient func() (*stdsql.DB, error)
}

// Open prepares a database without connecting to it, so a gateway starts while its database is away. The DSN is
//
//	mysql://user:password@host:3306/database?tls=true    user, password and database percent-encoded
//	sqlite:///var/lib/snowgate/log.db                    an absolute path
//	sqlite:log.db, sqlite://log.db                       a path relative to the working directory
//
// A MySQL DSN may carry the parameters of github.com/go-sql-driver/mysql; times are always UTC, the character set is
// always utf8mb4, several statements in one text are never allowed, and timeouts default to 1 s for the dial and 5 s
// each for a read and a write. Errors wrap ErrDSN and never repeat the DSN.
func Open(dsn string) (*DB, error) { return OpenThrough(dsn, nil) }

// OpenThrough is Open with every pool of connections made by pool, which hears the dialect's name; nil is database/sql.
func OpenThrough(dsn string, pool func(dialect string, c driver.Connector) *stdsql.DB) (*DB, error) {
	if pool == nil {
		pool = func(_ string, c driver.Connector) *stdsql.DB { return stdsql.OpenDB(c) }
	}
	db, err := open(dsn, pool)
	if err != nil {
		return nil, fmt.Errorf("sql: open: %w", err)
	}
	db.pool.SetMaxOpenConns(maxConns)
	db.pool.SetMaxIdleConns(maxConns)
	db.pool.SetConnMaxLifetime(maxConnAge)
	return db, nil
}

// Dialect tells which kind of database this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// Ping asks the database for a sign of life. The error wraps ErrUnavailable.
func (db *DB) Ping(ctx context.Context) error {
	return explain("ping", db.pool.PingContext(ctx))
}

// getPatiently reads one row that takes long to find.
func (db *DB) getPatiently(ctx context.Context, into any, query string, args ...any) error {
	pool, err := db.patient()
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }() // nothing of it is left to be saved
	return sqlx.NewDb(pool, string(db.dialect)).GetContext(ctx, into, query, args...)
}

// Close ends all connections. Statements under way are waited for.
func (db *DB) Close() error {
	if err := db.pool.Close(); err != nil {
		return fmt.Errorf("sql: close: %w", err)
	}
	return nil
}
