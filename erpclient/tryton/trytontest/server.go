// Package trytontest starts a private Tryton ERP for tests: a real trytond on a free port of 127.0.0.1, with a database of
// its own that a script has filled with a small company. It dies with the test. The package installs nothing (install.sh
// beside it does) and never touches a Tryton that it did not start.
package trytontest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// EnvTryton says what tests against a real Tryton do: "start" has each start its own, an origin such as
// "http://127.0.0.1:8000" has them write to a Tryton with this package's seed that runs there. Without it they are skipped.
const EnvTryton = "SNOWGATE_TEST_TRYTON"

// Database is the name of the seeded database.
const Database = "erp"

// Passwords are the seeded logins: two customers, people of one department each, one with no rights, one who has left,
// one of another company, and one who may do everything that the driver can.
var Passwords = map[string]string{
	"merchant_north": "north-Pass1!", "merchant_south": "south-Pass2!", "sales_zhang": "zhang-Pass3!", "stock_li": "stock-lI-Pa4!",
	"buyer_wang": "buyer-waNg5!", "nobody_wu": "nobdy-Wu6*x!", "retired_qi": "retird-Qx7*!", "other_zhao": "zhao-0ther8!",
	"boss_lin": "boss-liN-Pa9!", "admin": "admin-Root9!",
}

// launches is how often a first start is tried: another process may take the free port before trytond does.
const launches = 3

// Server is a Tryton that belongs to a test: whatever goes wrong ends the test. Its methods must be called from the test's
// own goroutine.
type Server struct {
	t       testing.TB
	origin  string
	process *process // nil: it is not ours
}

// Start starts a Tryton and ends it with the test. Where nobody asked for one the test is skipped, and says so.
func Start(t testing.TB) *Server {
	t.Helper()
	switch given := os.Getenv(EnvTryton); given {
	case "":
		t.Skip("needs a real Tryton: make test-tryton starts one")
		return nil
	case "start":
		return launch(t)
	default:
		return &Server{t: t, origin: strings.TrimSuffix(given, "/")}
	}
}

// StartOwn is Start for tests that kill or freeze the server, or look behind its back: with one that somebody else runs they
// are skipped.
func StartOwn(t testing.TB) *Server {
	t.Helper()
	s := Start(t)
	if !s.Ours() {
		t.Skipf("needs a Tryton of its own: %s=start", EnvTryton)
	}
	return s
}

func launch(t testing.TB) *Server {
	t.Helper()
	from, err := template()
	if err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			err = fmt.Errorf("%w (erpclient/tryton/trytontest/install.sh installs it)", err)
		}
		t.Fatal(err)
	}
	for range launches {
		var s *Server
		if s, err = launchOnce(t, from); err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

func launchOnce(t testing.TB, from string) (*Server, error) {
	t.Helper()
	dir, err := os.MkdirTemp(inMemory(), "snowgate-tryton-")
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir}
	t.Cleanup(func() {
		if err := errors.Join(p.kill(), os.RemoveAll(dir)); err != nil {
			t.Errorf("closing tryton: %v", err)
		}
	})
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	if err := copyFile(from, filepath.Join(dir, Database+".sqlite")); err != nil {
		return nil, err
	}
	config, err := writeConfig(dir, port)
	if err != nil {
		return nil, err
	}
	s := &Server{t: t, origin: fmt.Sprintf("http://127.0.0.1:%d", port), process: p}
	p.argv, p.ping = []string{python, trytond, "-c", config, "-d", Database}, s.ping
	return s, p.start()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }() // it was only opened to learn the number
	return l.Addr().(*net.TCPAddr).Port, nil
}

// ping asks what needs no login.
func (s *Server) ping(ctx context.Context) error {
	body := bytes.NewReader([]byte(`{"id":1,"method":"common.server.version","params":[]}`))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.origin+"/", body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // nothing is owed to a ping
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("trytontest: status %d", res.StatusCode)
	}
	return nil
}

// Origin is scheme://host:port; it stays the same across Kill and Start.
func (s *Server) Origin() string { return s.origin }

// Ours reports whether the server may be killed and frozen. One that somebody else runs may not.
func (s *Server) Ours() bool { return s.process != nil }

// Kill ends the server as a crash does (KILL) and waits until it is gone.
func (s *Server) Kill() { s.t.Helper(); s.must(func(p *process) error { return p.kill() }) }

// Start starts a killed server again, on the same port and the same data, and waits until it answers.
func (s *Server) Start() { s.t.Helper(); s.must((*process).start) }

// Freeze makes the server hang (STOP): connections are still accepted by the kernel, nothing is answered.
func (s *Server) Freeze() {
	s.t.Helper()
	s.must(func(p *process) error { return p.signal(syscall.SIGSTOP) })
}

// Thaw ends a Freeze (CONT).
func (s *Server) Thaw() {
	s.t.Helper()
	s.must(func(p *process) error { return p.signal(syscall.SIGCONT) })
}

// Exec runs a statement in the server's database, behind its back.
func (s *Server) Exec(statement string, args ...any) {
	s.t.Helper()
	s.must(func(p *process) (err error) {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(p.dir, Database+".sqlite")+"?_pragma=busy_timeout(10000)")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		_, err = db.Exec(statement, args...)
		return err
	})
}

func (s *Server) must(verb func(*process) error) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatal("trytontest: it is somebody else's server; StartOwn has one of the test's own")
	}
	if err := verb(s.process); err != nil {
		s.t.Fatal(err)
	}
}
