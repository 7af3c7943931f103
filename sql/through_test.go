package sql

import (
	stdsql "database/sql"
	"database/sql/driver"
	"testing"
)

// TestEveryPoolIsMadeByTheCaller keeps: also those for what takes long.
func TestEveryPoolIsMadeByTheCaller(t *testing.T) {
	for dsn, want := range map[string]string{"sqlite://" + t.TempDir() + "/log.db": "sqlite", "mysql://u:p@127.0.0.1:1/db": "mysql"} {
		var asked []string
		db, err := OpenThrough(dsn, func(dialect string, c driver.Connector) *stdsql.DB {
			asked = append(asked, dialect)
			return stdsql.OpenDB(c)
		})
		if err != nil {
			t.Fatal(err)
		}
		slow, err := db.patient()
		if err != nil {
			t.Fatal(err)
		}
		if len(asked) != 2 || asked[0] != want || asked[1] != want {
			t.Errorf("%s: got %v", want, asked)
		}
		if err := slow.Close(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
