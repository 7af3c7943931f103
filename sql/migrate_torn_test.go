package sql

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// A server may stop between any two statements of a first start: also before goose has noted, in the table it has just
// made, that there is nothing yet. The next start goes on from there.
func TestAFirstStartThatWasCutOffGoesOn(t *testing.T) {
	empty := map[Dialect]string{
		MySQL: `CREATE TABLE goose_db_version (id serial NOT NULL, version_id bigint NOT NULL,
			is_applied boolean NOT NULL, tstamp timestamp NULL default now(), PRIMARY KEY(id))`,
		SQLite: `CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL,
			is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))`,
	}
	onEach(t, func(t *testing.T, dsn string) {
		db := mustOpen(t, dsn)
		db.pool.MustExec(empty[db.dialect])
		for range 2 {
			if _, err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if pending := db.mustPending(t); pending != 0 {
			t.Errorf("%d migrations are pending", pending)
		}
	})
}

// cutting is a context that ends when it is looked at for the n-th time: statements look at it before, while and after
// they run, so every place where a run can be cut off has its number.
type cutting struct {
	context.Context
	looks *atomic.Int64
	at    int64
	cut   context.CancelFunc
}

func cutAt(t *testing.T, n int64) cutting {
	ctx, cut := context.WithCancel(t.Context())
	t.Cleanup(cut)
	return cutting{ctx, &atomic.Int64{}, n, cut}
}

func (c cutting) look() {
	if c.looks.Add(1) == c.at {
		c.cut()
	}
}

func (c cutting) Done() <-chan struct{} { c.look(); return c.Context.Done() }
func (c cutting) Err() error            { c.look(); return c.Context.Err() }

// SQLite migrates wholly or not at all, wherever it is cut off, and the next start does it.
func TestASQLiteFileIsMigratedWhollyOrNotAtAll(t *testing.T) {
	whole := cutAt(t, 0)
	db := mustOpen(t, "sqlite://"+filepath.Join(t.TempDir(), "log.db"))
	all := db.mustPending(t)
	if _, err := db.Migrate(whole); err != nil {
		t.Fatal(err)
	}
	looks := whole.looks.Load()
	cut := 0
	for n := range int64(50) {
		at := n + 1
		if n >= 20 { // the beginning is cut place by place, the many steps that are like each other at random
			at = 1 + rand.Int64N(looks) //nolint:gosec // any place will do
		}
		db := mustOpen(t, "sqlite://"+filepath.Join(t.TempDir(), "log.db"))
		applied, err := db.Migrate(cutAt(t, at))
		if err != nil {
			cut++
		}
		pending := db.mustPending(t)
		wholly := err == nil && len(applied) == all && pending == 0
		notAtAll := err != nil && len(applied) == 0 && (pending == all || pending == 0) // a COMMIT may do its work and fail
		if !wholly && !notAtAll {
			t.Errorf("cut at %d of %d: %d applied, %d of %d pending, %v", at, looks, len(applied), pending, all, err)
		}
		if _, err := db.Migrate(t.Context()); err != nil || db.mustPending(t) != 0 {
			t.Fatalf("cut at %d of %d: the next start: %v, %d pending", at, looks, err, db.mustPending(t))
		}
	}
	if cut < 25 {
		t.Errorf("only %d of 50 runs were cut off", cut)
	}
}
