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
// ErrUnavailable; what was applied before it stays applied and is returned with it, which in SQLite is nothing: a file
// is migrated wholly or not at all.
func (db *DB) Migrate(ctx context.Context) ([]string, error) {
	results, err := db.up(ctx)
	return names(results), explain("migrate", err)
}

// up tries again while another replica has a SQLite file to itself: migrating it, or, in the very first moment of a
// file, changing its journal to WAL, which is the one lock that does not wait.
func (db *DB) up(ctx context.Context) (applied []*goose.MigrationResult, err error) {
	again := time.NewTicker(busyRetry)
	defer again.Stop()
	for until := time.Now().Add(lockWait); ; {
		applied, err = db.try(ctx)
		if !isBusy(err) || time.Now().After(until) {
			return applied, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return applied, ctx.Err()
		}
	}
}

func (db *DB) try(ctx context.Context) (applied []*goose.MigrationResult, err error) {
	pool, err := db.patient()
	if err != nil {
		return nil, err
	}
	defer func() { _ = pool.Close() }() // nothing of it is left to be saved
	if db.dialect == SQLite {
		return db.wholly(ctx, pool)
	}
	return db.apply(ctx, pool)
}

// wholly applies what is pending in one write transaction of ours: goose's own begin too late, behind its first look at
// the version table, which makes that table. All of it goes through the one connection that has the transaction; if
// that is lost or closed, SQLite takes back what was done.
func (db *DB) wholly(ctx context.Context, pool *stdsql.DB) ([]*goose.MigrationResult, error) {
	pool.SetMaxOpenConns(1)
	if _, err := pool.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return nil, fmt.Errorf("take the migration lock: %w", err)
	}
	if err := noteBeginning(ctx, pool, SQLite); err != nil {
		return nil, err
	}
	applied, err := db.apply(ctx, pool)
	if err != nil {
		return nil, err
	}
	if _, err := pool.ExecContext(ctx, "COMMIT"); err != nil {
		return nil, fmt.Errorf("commit the migrations: %w", err)
	}
	return applied, nil
}

// apply lets goose do what is pending. A migration whose replica died between the work and the note of it gets its note
// on the way.
func (db *DB) apply(ctx context.Context, pool *stdsql.DB) (applied []*goose.MigrationResult, err error) {
	provider, err := db.provider(pool)
	if err != nil {
		return nil, err
	}
	for {
		results, err := provider.Up(ctx)
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			results = partial.Applied
		}
		applied = append(applied, results...)
		if partial == nil || !isThereAlready(err) {
			return applied, err
		}
		if err := note(ctx, pool, partial.Failed.Source.Version); err != nil {
			return applied, err
		}
	}
}

// note tells goose that a migration was applied.
func note(ctx context.Context, pool *stdsql.DB, version int64) error {
	_, err := pool.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, ?)`, version, true)
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
		// In SQLite everything is inside a transaction already, where goose must not open others; MySQL ends a
		// transaction at each DDL statement anyway.
		goose.WithIsolateDDL(true),
	}
	if db.dialect == SQLite {
		return goose.NewProvider(goose.DialectSQLite3, pool, dir, options...)
	}
	options = append(options, goose.WithSessionLocker(mysqlLock{}))
	return goose.NewProvider(goose.DialectMySQL, pool, dir, options...)
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
