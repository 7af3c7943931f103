package sql

import (
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mysqlDSN names the variable with the DSN of a MySQL or MariaDB server whose user may create databases named after
// the DSN's own (GRANT ALL ON `snowgate%`.*).
const mysqlDSN = "SNOWGATE_TEST_MYSQL"

// onEach runs one promise against every dialect, each time on a database of its own without tables.
func onEach(t *testing.T, promise func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		promise(t, "sqlite://"+filepath.Join(t.TempDir(), "log.db"))
	})
	t.Run("mysql", func(t *testing.T) {
		base := os.Getenv(mysqlDSN)
		if base == "" {
			t.Skipf("%s is not set: MySQL is not tested here", mysqlDSN)
		}
		promise(t, ownDatabase(t, base))
	})
}

// onEachMigrated is onEach with the schema in place.
func onEachMigrated(t *testing.T, promise func(t *testing.T, db *DB)) {
	t.Helper()
	onEach(t, func(t *testing.T, dsn string) {
		db := mustOpen(t, dsn)
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		promise(t, db)
	})
}

// ownDatabase creates a database beside the one the DSN names and drops it at the end.
func ownDatabase(t testing.TB, base string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatalf("%s is no URL", mysqlDSN)
	}
	name := strings.TrimPrefix(u.Path, "/") + "_" + strings.ToLower(rand.Text()[:10])
	server := mustOpen(t, base)
	if _, err := server.pool.Exec("CREATE DATABASE `" + name + "`"); err != nil { //nolint:gosec // the name is made here
		t.Fatalf("the user of %s may not create %s: %v", mysqlDSN, name, err)
	}
	t.Cleanup(func() {
		if _, err := server.pool.Exec("DROP DATABASE `" + name + "`"); err != nil { //nolint:gosec // the name is made here
			t.Errorf("drop %s: %v", name, err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

func mustOpen(t testing.TB, dsn string) *DB {
	t.Helper()
	db, err := Open(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func count(t *testing.T, db *DB, table string) int {
	t.Helper()
	var n int
	if err := db.pool.Get(&n, "SELECT COUNT(*) FROM "+table); err != nil {
		t.Fatal(err)
	}
	return n
}
