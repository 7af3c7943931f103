package sql

import (
	"context"
	stdsql "database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// lockWait bounds how long a replica waits for another one's migrations; a longer wait is a stuck database, which
// the person starting the gateway should hear about.
const lockWait = time.Minute

// busyRetry is how often a locked SQLite file is tried again.
const busyRetry = 20 * time.Millisecond

// versions holds per dialect whether goose's table is there yet.
var versions = map[Dialect]string{
	MySQL:  `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'goose_db_version'`,
	SQLite: `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'goose_db_version'`,
}

// Migrate brings the schema up to date and returns the names of the migrations it applied, none when there was
// nothing to do. Replicas may call it at the same moment: one works, the others wait for it. The error wraps
// ErrUnavailable; what was applied before it stays applied and is returned with it.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	pool, err := db.patient()
	if err != nil {
		return nil, fmt.Errorf("sql: migrate: %w", err)
	}
	defer func() { _ = pool.Close() }() // nothing of it is left to be saved
	provider, err := db.provider(pool)
	if err != nil {
		return nil, fmt.Errorf("sql: migrate: %w", err)
	}
	results, err := db.up(ctx, provider)
	return names(results), explain("migrate", err)
}

// up applies what is pending. Two failures are mended on the way: the very first connections to a new SQLite file meet
// its one lock that does not wait, the change of its journal to WAL, and try again; and a migration whose replica died
// between the work and the note of it gets its note.
func (db *DB) up(ctx context.Context, provider *goose.Provider) (applied []*goose.MigrationResult, err error) {
	again := time.NewTicker(busyRetry)
	defer again.Stop()
	for until := time.Now().Add(lockWait); ; {
		results, err := provider.Up(ctx)
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			results = partial.Applied
		}
		applied = append(applied, results...)
		switch {
		case time.Now().After(until):
			return applied, err
		case partial != nil && isThereAlready(err):
			if err := db.note(ctx, partial.Failed.Source.Version); err != nil {
				return applied, err
			}
			continue
		case !isBusy(err):
			return applied, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return applied, ctx.Err()
		}
	}
}

// note tells goose that a migration was applied.
func (db *DB) note(ctx context.Context, version int64) error {
	_, err := db.pool.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)`, version, true)
	return err
}

// Pending counts the migrations that Migrate would apply. It changes nothing in the database.
func (db *DB) Pending(ctx context.Context) (int, error) {
	provider, err := db.provider(db.pool.DB)
	if err != nil {
		return 0, fmt.Errorf("sql: pending: %w", err)
	}
	applied, err := db.applied(ctx)
	if err != nil {
		return 0, explain("pending", err)
	}
	pending := 0
	for _, source := range provider.ListSources() {
		if !applied[source.Version] {
			pending++
		}
	}
	return pending, nil
}

func (db *DB) provider(pool *stdsql.DB) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+string(db.dialect))
	if err != nil {
		return nil, fmt.Errorf("find migrations: %w", err)
	}
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithSessionLocker(db.locker()),
		// SQLite's lock is itself a transaction, inside which goose must not open others; MySQL ends a transaction
		// at each DDL statement anyway.
		goose.WithIsolateDDL(true),
	}
	if db.dialect == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, pool, dir, options...)
	}
	return goose.NewProvider(goose.DialectMySQL, pool, dir, options...)
}

func (db *DB) locker() lock.SessionLocker {
	if db.dialect == SQLite {
		return sqliteLock{}
	}
	return mysqlLock{}
}

// applied asks goose's own table, without letting goose create it.
func (db *DB) applied(ctx context.Context) (map[int64]bool, error) {
	var tables int
	if err := db.pool.GetContext(ctx, &tables, versions[db.dialect]); err != nil || tables == 0 {
		return nil, err
	}
	var ids []int64
	if err := db.pool.SelectContext(ctx, &ids, `SELECT version_id FROM goose_db_version WHERE is_applied`); err != nil {
		return nil, err
	}
	applied := make(map[int64]bool, len(ids))
	for _, id := range ids {
		applied[id] = true
	}
	return applied, nil
}

func names(results []*goose.MigrationResult) []string {
	out := make([]string, 0, len(results))
	for _, result := range results {
		out = append(out, path.Base(result.Source.Path))
	}
	return out
}
