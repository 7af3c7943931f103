package sql

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlitecode "modernc.org/sqlite/lib"
)

// The ways a call into this package fails.
var (
	// ErrDSN means Open was given a DSN it cannot use.
	ErrDSN = errors.New("unusable DSN")
	// ErrRefused means the database is there and will not take these rows, today or tomorrow: a repetition is
	// pointless, a smaller batch may show which row it is.
	ErrRefused = errors.New("rows refused")
	// ErrUnavailable means everything else: no connection, a time-out, a lock, a full disk, a missing table, an
	// ended context. The same rows may be taken later. The statement may or may not have had its effect.
	ErrUnavailable = errors.New("database unavailable")
	// ErrTooDeep means FindCalls or FindMessages was asked for a page more than 100,000 rows down. The way on is a
	// narrower filter, or its Before.
	ErrTooDeep = errors.New("page too deep")
	// ErrNotFound means the database is there and has no such row.
	ErrNotFound = errors.New("row not found")
)

// explain names the operation and tells refused from unavailable.
func explain(op string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrRefused):
		return fmt.Errorf("sql: %s: %w", op, err)
	case refused(err):
		return fmt.Errorf("sql: %s: %w: %w", op, ErrRefused, err)
	default:
		return fmt.Errorf("sql: %s: %w: %w", op, ErrUnavailable, err)
	}
}

func refused(err error) bool {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return refusedByMySQL(my)
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return refusedBySQLite(lite.Code())
	}
	return errors.Is(err, mysql.ErrPktTooLarge)
}

// refusedByMySQL goes by SQLSTATE class: 22 is bad data, 23 a broken constraint. A few data errors carry the general
// state HY000 and are listed by number. Unlisted numbers count as unavailable: keeping a row too long can be mended,
// setting it aside too early cannot.
func refusedByMySQL(err *mysql.MySQLError) bool {
	switch string(err.SQLState[:2]) {
	case "22", "23":
		return true
	}
	switch err.Number {
	case 1153, // ER_NET_PACKET_TOO_LARGE: half the batch may pass
		1364, // ER_NO_DEFAULT_FOR_FIELD
		1366, // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
		1390, // ER_PS_MANY_PARAM
		3819, // ER_CHECK_CONSTRAINT_VIOLATED
		3988: // ER_CANNOT_CONVERT_STRING
		return true
	}
	return false
}

// isThereAlready reports whether the database has what a migration would add. In MySQL that is a column or an index: an
// ALTER is done wholly or not at all (MySQL 8, MariaDB 10.6), so the rest of it is there too, and a table is made IF NOT
// EXISTS. SQLite has one general code and its texts.
func isThereAlready(err error) bool {
	var my *mysql.MySQLError
	if errors.As(err, &my) {
		return my.Number == 1060 || my.Number == 1061 // ER_DUP_FIELDNAME, ER_DUP_KEYNAME
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code() == sqlitecode.SQLITE_ERROR &&
		(strings.Contains(lite.Error(), "already exists") || strings.Contains(lite.Error(), "duplicate column name"))
}

// isBusy reports whether SQLite found its file locked by somebody else.
func isBusy(err error) bool {
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == sqlitecode.SQLITE_BUSY
}

// refusedBySQLite looks at the primary code, the low byte of an extended one.
func refusedBySQLite(code int) bool {
	switch code & 0xff {
	case sqlitecode.SQLITE_CONSTRAINT, sqlitecode.SQLITE_MISMATCH, sqlitecode.SQLITE_TOOBIG, sqlitecode.SQLITE_RANGE:
		return true
	}
	return false
}
