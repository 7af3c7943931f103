package sql

import (
	stdsql "database/sql"
	"database/sql/driver"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
)

// The texts say what is wrong without quoting any part of the DSN: url.Parse repeats pieces of a password that was
// not percent-encoded.
const (
	wantMySQL = "want mysql://user:password@host:3306/database, with special characters in user and password percent-encoded" //nolint:gosec // a form, no credentials
	wantAny   = "want mysql://... or sqlite:..."
)

// fixed are the driver parameters that must hold whatever the DSN says. Any may be repeated, none changed.
var fixed = map[string]string{
	"parseTime":       "true",
	"loc":             "UTC",
	"charset":         "utf8mb4",
	"multiStatements": "false", // a second statement behind a first one is how injections work
	"allowAllFiles":   "false", // LOAD DATA LOCAL would let the server read the gateway's files
}

// opener makes a pool of connections.
type opener func(dialect string, c driver.Connector) *stdsql.DB

func open(dsn string, pool opener) (*DB, error) {
	switch scheme, rest, _ := strings.Cut(dsn, ":"); scheme {
	case "mysql":
		return openMySQL(dsn, pool)
	case "sqlite":
		return openSQLite(rest, pool)
	default:
		return nil, fmt.Errorf("%w: %s", ErrDSN, wantAny)
	}
}

func openMySQL(dsn string, through opener) (*DB, error) {
	cfg, err := mysqlConfig(dsn)
	if err != nil {
		return nil, err
	}
	pool, err := mysqlPool(cfg, through)
	if err != nil {
		return nil, err
	}
	slow := cfg.Clone()
	slow.ReadTimeout, slow.WriteTimeout = 0, 0
	patient := func() (*stdsql.DB, error) { return mysqlPool(slow, through) }
	return &DB{pool: sqlx.NewDb(pool, "mysql"), dialect: MySQL, patient: patient}, nil
}

func mysqlPool(cfg *mysql.Config, through opener) (*stdsql.DB, error) {
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: the driver refuses the parameters", ErrDSN)
	}
	return through(string(MySQL), connector), nil
}

// mysqlConfig turns the URL into the driver's settings. The driver parses the parameters itself; user and password
// never pass through a text it could quote.
func mysqlConfig(dsn string) (*mysql.Config, error) {
	u, err := url.Parse(dsn)
	if err != nil || u.Hostname() == "" || u.User == nil || u.Opaque != "" {
		return nil, fmt.Errorf("%w: %s", ErrDSN, wantMySQL)
	}
	name := strings.TrimPrefix(u.Path, "/")
	if name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("%w: %s", ErrDSN, wantMySQL)
	}
	params, err := mysqlParams(u.RawQuery)
	if err != nil {
		return nil, err
	}
	cfg, err := mysql.ParseDSN("tcp(" + address(u) + ")/" + url.PathEscape(name) + "?" + params)
	if err != nil {
		return nil, fmt.Errorf("%w: a parameter has a value the driver does not take", ErrDSN)
	}
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.Logger = &mysql.NopLogger{} // it writes to stderr past slog what the error says as well
	return cfg, nil
}

func address(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// mysqlParams checks what was given against what is fixed and adds the defaults.
func mysqlParams(raw string) (string, error) {
	given, err := url.ParseQuery(raw)
	if err != nil {
		return "", fmt.Errorf("%w: the parameters behind ? are not percent-encoded", ErrDSN)
	}
	for key, want := range fixed {
		if given.Has(key) && !strings.EqualFold(given.Get(key), want) {
			return "", fmt.Errorf("%w: parameter %s must be %s", ErrDSN, key, want)
		}
	}
	out := url.Values{
		"timeout":      {(1 * time.Second).String()},
		"readTimeout":  {(5 * time.Second).String()},
		"writeTimeout": {(5 * time.Second).String()},
		"collation":    {"utf8mb4_general_ci"}, // the one collation old and new MySQL and MariaDB share
		"time_zone":    {"'+00:00'"},           // the columns' CURRENT_TIMESTAMP defaults are UTC too
		// The driver writes the values into the text, safe with utf8mb4: one journey per statement, and the planner sees
		// the values.
		"interpolateParams": {"true"},
	}
	for key, values := range given {
		out[key] = values[:1]
	}
	for key, want := range fixed {
		out.Set(key, want)
	}
	return out.Encode(), nil
}

func openSQLite(rest string, through opener) (*DB, error) {
	name, err := sqliteName(rest)
	if err != nil {
		return nil, err
	}
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, fmt.Errorf("%w: the driver refuses the path", ErrDSN)
	}
	patient := func() (*stdsql.DB, error) { return through(string(SQLite), connector), nil }
	return &DB{pool: sqlx.NewDb(through(string(SQLite), connector), "sqlite"), dialect: SQLite, patient: patient}, nil
}

// sqliteName makes the driver's file: URI. WAL lets the health probe read while the writer writes; synchronous=FULL
// puts every commit on disk; immediate transactions wait for the lock instead of failing in the middle.
func sqliteName(rest string) (string, error) {
	path, err := url.PathUnescape(strings.TrimPrefix(rest, "//"))
	if err != nil || path == "" || strings.HasSuffix(path, "/") {
		return "", fmt.Errorf("%w: want sqlite:///absolute/path.db or sqlite:relative.db", ErrDSN)
	}
	if strings.ContainsAny(path, "?\x00") {
		return "", fmt.Errorf("%w: a sqlite path takes no parameters", ErrDSN)
	}
	if strings.Contains(path, ":memory:") {
		return "", fmt.Errorf("%w: sqlite in memory gives every connection a database of its own; name a file", ErrDSN)
	}
	params := url.Values{
		"_busy_timeout": {"5000"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_txlock":       {"immediate"},
		"_time_format":  {"sqlite"},
		"_timezone":     {"UTC"},
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + params.Encode(), nil
}
