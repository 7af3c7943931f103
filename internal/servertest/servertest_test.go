package servertest_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"snowgate/internal/servertest"
)

const patience = 30 * time.Second

func redisClient(t *testing.T, s *servertest.Server) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	opts.ContextTimeoutEnabled, opts.MaxRetries = true, -1
	client := redis.NewClient(opts)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestRedisKeepsItsDataAcrossStopAndKill(t *testing.T) {
	s := servertest.Redis(t)
	client := redisClient(t, s)
	if err := client.Set(within(t, patience), "k", "kept", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(){"stop": s.Stop, "kill": s.Kill} {
		end()
		if err := client.Ping(within(t, patience)).Err(); err == nil {
			t.Errorf("%s: it still answers", name)
		}
		s.Start()
		if got, err := client.Get(within(t, patience), "k").Result(); got != "kept" || err != nil {
			t.Errorf("%s: got %q, %v, want the value written before", name, got, err)
		}
	}
}

func TestFrozenRedisAcceptsAndDoesNotAnswer(t *testing.T) {
	s := servertest.Redis(t)
	client := redisClient(t, s)
	s.Freeze()
	if err := client.Ping(within(t, 200*time.Millisecond)).Err(); !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Errorf("frozen: got %v, want a time-out", err)
	}
	s.Thaw()
	if err := client.Ping(within(t, patience)).Err(); err != nil {
		t.Errorf("thawed: %v", err)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func openDB(t *testing.T, s *servertest.Server) *sql.DB {
	t.Helper()
	userinfo, rest, _ := strings.Cut(strings.TrimPrefix(s.DSN(), "mysql://"), "@")
	addr, database, _ := strings.Cut(rest, "/")
	db, err := sql.Open("mysql", userinfo+"@tcp("+addr+")/"+database)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxIdleConns(0)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec1(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(within(t, patience), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestMariaDBKeepsItsRowsAcrossStopAndKill(t *testing.T) {
	s := servertest.MariaDB(t)
	db := openDB(t, s)
	exec1(t, db, "CREATE TABLE snowgate.kept (word VARCHAR(20)) ENGINE=InnoDB")
	exec1(t, db, "INSERT INTO snowgate.kept VALUES ('雪怪')")
	exec1(t, db, "CREATE DATABASE of_another_package")
	for name, end := range map[string]func(){"stop": s.Stop, "kill": s.Kill} {
		end()
		if err := db.PingContext(within(t, patience)); err == nil {
			t.Errorf("%s: it still answers", name)
		}
		s.Start()
		var got string
		if err := db.QueryRowContext(within(t, patience), "SELECT word FROM snowgate.kept").Scan(&got); got != "雪怪" || err != nil {
			t.Errorf("%s: got %q, %v, want the row written before", name, got, err)
		}
	}
}

func TestFrozenMariaDBDoesNotAnswer(t *testing.T) {
	s := servertest.MariaDB(t)
	db := openDB(t, s)
	s.Freeze()
	if err := db.PingContext(within(t, 200*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("frozen: got %v, want %v", err, context.DeadlineExceeded)
	}
	s.Thaw()
	if err := db.PingContext(within(t, patience)); err != nil {
		t.Errorf("thawed: %v", err)
	}
}

func TestServersAreStrangersToEachOther(t *testing.T) {
	one, two := servertest.Redis(t), servertest.Redis(t)
	if one.Addr() == two.Addr() {
		t.Fatalf("both at %s", one.Addr())
	}
	if err := redisClient(t, one).Set(within(t, patience), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := redisClient(t, two).Get(within(t, patience), "k").Err(); !errors.Is(err, redis.Nil) {
		t.Errorf("got %v, want no such key", err)
	}
}

// The test binary starts itself as the child that holds a server, is killed, and must not leave the server behind.
func TestServerDiesWithAKilledParent(t *testing.T) {
	if addr := os.Getenv("SERVERTEST_CHILD"); addr != "" {
		s := servertest.Redis(t)
		conn, err := net.Dial("tcp", addr) //nolint:gosec // the address is the parent test's own listener
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.Write([]byte(s.Addr() + "\n")); err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Read(make([]byte, 1)) // until killed, or until the parent closes
		return
	}
	servertest.Redis(t) // skips where there is no redis-server
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	child := exec.Command(os.Args[0], "-test.run=^TestServerDiesWithAKilledParent$")
	// A killed child leaves its folder behind; ours takes it along.
	child.Env = append(os.Environ(), "SERVERTEST_CHILD="+listener.Addr().String(), "TMPDIR="+t.TempDir())
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	server := told(t, listener)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed, as asked
	for ctx := within(t, patience); ; {
		conn, err := net.Dial("tcp", server)
		if err != nil {
			return // nobody listens any more
		}
		_ = conn.Close()
		if ctx.Err() != nil {
			t.Fatalf("the server at %s outlived the process that started it", server)
		}
	}
}

func told(t *testing.T, listener net.Listener) string {
	t.Helper()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	line := make([]byte, 64)
	n, err := conn.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(line[:n]))
}
