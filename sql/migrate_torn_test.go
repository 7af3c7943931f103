package sql

import "testing"

// A server may stop between any two statements of a first start: also before goose has noted, in the table it has just
// made, that there is nothing yet. The next start goes on from there. SQLite migrates in one transaction.
func TestAFirstStartThatWasCutOffGoesOn(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := mustOpen(t, dsn)
		if db.Dialect() == MySQL {
			db.pool.MustExec(`CREATE TABLE goose_db_version (id serial NOT NULL, version_id bigint NOT NULL,
				is_applied boolean NOT NULL, tstamp timestamp NULL default now(), PRIMARY KEY(id))`)
		}
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
