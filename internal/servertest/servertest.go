// Package servertest starts private Redis and MariaDB servers for tests, on free ports of 127.0.0.1 and in folders of
// their own, so that a test can stop, kill and freeze what production depends on. The servers die with the test process,
// however it ends. The package installs nothing and never touches a server it did not start.
package servertest

import (
	"errors"
	"os"
	"os/exec"
	"testing"
)

// The variables with which a test run is told about servers.
const (
	EnvServers = "SNOWGATE_TEST_SERVERS" // "required": a missing server program fails the test instead of skipping it
	EnvRedis   = "SNOWGATE_TEST_REDIS"   // URL of a Redis that contract tests may use
	EnvMySQL   = "SNOWGATE_TEST_MYSQL"   // DSN of a MariaDB in which they may create databases
)

// Server is a Process that belongs to a test: whatever goes wrong ends the test. Its methods must be called from the
// test's own goroutine.
type Server struct {
	t testing.TB
	p *Process
}

// Redis starts a redis-server with its append-only file on and ends it with the test. Where redis-server is not
// installed the test is skipped, or fails when SNOWGATE_TEST_SERVERS is "required".
func Redis(t testing.TB) *Server {
	t.Helper()
	return begin(t, LaunchRedis)
}

// MariaDB starts a mariadbd with the empty database snowgate and ends it with the test. The user may create further
// databases. Where mariadbd is not installed the test is skipped, or fails when SNOWGATE_TEST_SERVERS is "required".
func MariaDB(t testing.TB) *Server {
	t.Helper()
	return begin(t, LaunchMariaDB)
}

func begin(t testing.TB, launch func() (*Process, error)) *Server {
	t.Helper()
	p, err := launch()
	if errors.Is(err, exec.ErrNotFound) && os.Getenv(EnvServers) != "required" {
		t.Skipf("needs a real server: %v (make test installs it)", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("closing %s: %v", p.name, err)
		}
	})
	return &Server{t: t, p: p}
}

// URL is the address in the form of redis.url or sql.dsn; it stays the same across Stop and Start.
func (s *Server) URL() string { return s.p.URL() }

// DSN is URL under the name that fits a database.
func (s *Server) DSN() string { return s.p.URL() }

// Addr is host:port.
func (s *Server) Addr() string { return s.p.Addr() }

// Stop ends the server in good order (TERM) and waits until it is gone.
func (s *Server) Stop() { s.must(s.p.Stop) }

// Kill ends the server as a crash does (KILL) and waits until it is gone.
func (s *Server) Kill() { s.must(s.p.Kill) }

// Start starts a stopped or killed server again, on the same port and the same data, and waits until it answers.
func (s *Server) Start() { s.must(s.p.Start) }

// Freeze makes the server hang (STOP): connections are still accepted by the kernel, nothing is answered.
func (s *Server) Freeze() { s.must(s.p.Freeze) }

// Thaw ends a Freeze (CONT).
func (s *Server) Thaw() { s.must(s.p.Thaw) }

func (s *Server) must(verb func() error) {
	s.t.Helper()
	if err := verb(); err != nil {
		s.t.Fatal(err)
	}
}
