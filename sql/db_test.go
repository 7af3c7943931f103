package sql

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

const (
	password = "p@ss/w:rd%?#" //nolint:gosec // nobody's password
	encoded  = "p%40ss%2Fw%3Ard%25%3F%23"
)

func TestMySQLDSN(t *testing.T) {
	cfg, err := mysqlConfig("mysql://us%40er:" + encoded + "@[::1]:3307/snow%25gate?tls=skip-verify&readTimeout=9s&parseTime=true")
	if err != nil {
		t.Fatal(err)
	}
	got := []any{cfg.User, cfg.Passwd, cfg.Net, cfg.Addr, cfg.DBName, cfg.TLSConfig, cfg.ParseTime, cfg.Loc,
		cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout, cfg.MultiStatements, cfg.Collation}
	want := []any{"us@er", password, "tcp", "[::1]:3307", "snow%gate", "skip-verify", true, time.UTC,
		time.Second, 9 * time.Second, 5 * time.Second, false, "utf8mb4_general_ci"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("field %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

func TestSQLiteDSN(t *testing.T) {
	tests := map[string]string{
		"sqlite:///var/lib/log.db":    "file:/var/lib/log.db?",
		"sqlite://sub/log.db":         "file:sub/log.db?",
		"sqlite:log.db":               "file:log.db?",
		"sqlite:///var/a%20b%23c.db":  "file:/var/a%20b%23c.db?",
		"sqlite:///数据/log.db":         "file:/%E6%95%B0%E6%8D%AE/log.db?",
		"sqlite:":                     "",
		"sqlite::memory:":             "",
		"sqlite:///var/":              "",
		"sqlite:///log.db?mode=rwc":   "",
		"sqlite:///log.db%3Fmode=rwc": "",
	}
	for dsn, want := range tests {
		got, err := sqliteName(strings.TrimPrefix(dsn, "sqlite:"))
		if want == "" && !errors.Is(err, ErrDSN) {
			t.Errorf("%s: got %q, %v", dsn, got, err)
		}
		if want != "" && (err != nil || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: got %q, %v", dsn, got, err)
		}
	}
}

func TestSQLiteIsDurable(t *testing.T) {
	db := mustOpen(t, "sqlite://"+t.TempDir()+"/a b#1.db")
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000"} {
		if got := db.texts(t, "PRAGMA "+pragma); len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, want %s", pragma, got, want)
		}
	}
}

func TestABadDSNIsRefusedWithoutQuotingIt(t *testing.T) {
	for _, dsn := range []string{
		"",
		"postgres://u:" + encoded + "@h/db",
		"u:hunter2@tcp(127.0.0.1:3306)/db",
		"mysql://u:hunter2/x@127.0.0.1/db",
		"mysql://u:%hunter2@127.0.0.1/db",
		"mysql://u:hunter2@127.0.0.1:port/db",
		"mysql://u:hunter2@127.0.0.1",
		"mysql://u:hunter2@127.0.0.1/",
		"mysql://u:hunter2@127.0.0.1/a/b",
		"mysql://127.0.0.1/db?x=hunter2",
		"mysql:u:hunter2@127.0.0.1/db",
		"mysql://u:hunter2@127.0.0.1/db?multiStatements=true",
		"mysql://u:hunter2@127.0.0.1/db?allowAllFiles=1",
		"mysql://u:hunter2@127.0.0.1/db?loc=Local",
		"mysql://u:hunter2@127.0.0.1/db?timeout=hunter2",
		"mysql://u:hunter2@127.0.0.1/db?tls=hunter2",
		"mysql://u:hunter2@127.0.0.1/db?a=%zz",
	} {
		db, err := Open(dsn)
		if !errors.Is(err, ErrDSN) {
			t.Errorf("%s: got %v, %v", dsn, db, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), encoded) {
			t.Errorf("the error quotes the DSN: %v", err)
		}
	}
}

func TestAServerThatIsAwayIsReportedAtOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	db := mustOpen(t, "mysql://user:"+encoded+"@"+closed+"/snowgate")
	start := time.Now()
	_, migrate := db.Migrate(t.Context())
	_, pending := db.Pending(t.Context())
	for op, err := range map[string]error{
		"ping": db.Ping(t.Context()), "insert": db.InsertCalls(t.Context(), []CallRow{call("a")}),
		"migrate": migrate, "pending": pending,
	} {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", op, err)
		}
		if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), encoded)) {
			t.Errorf("%s tells the password: %v", op, err)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("four refused connections took %v", took)
	}
}

func TestAWrongPasswordIsNotRepeated(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		if !strings.HasPrefix(dsn, "mysql:") {
			t.Skip("MySQL only")
		}
		head, host, _ := strings.Cut(dsn, "@")
		db := mustOpen(t, head[:strings.LastIndex(head, ":")]+":hunter2@"+host)
		err := db.Ping(t.Context())
		if !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v", err)
		}
	})
}

func TestPingAnswers(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		if err := mustOpen(t, dsn).Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
