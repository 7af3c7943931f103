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
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"snowgate/internal/servertest"
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

// readyWithin is generous: trytond loads its modules in two seconds, on a machine busy with a race build in many.
const readyWithin = 2 * time.Minute

// Server is a Tryton that belongs to a test: whatever goes wrong ends the test. Its methods must be called from the test's
// own goroutine.
type Server struct {
	t       testing.TB
	origin  string
	process *servertest.Process // nil: it is not ours
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
	p, err := servertest.Other{
		Name: "tryton", Folder: inMemory(), ReadyWithin: readyWithin,
		Prepare: func(dir string, port int) (servertest.Line, error) { return prepare(dir, port, from) },
	}.Launch()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("closing tryton: %v", err)
		}
	})
	return &Server{t: t, origin: p.URL(), process: p}
}

// prepare puts a copy of the seeded database into the server's folder.
func prepare(dir string, port int, from string) (line servertest.Line, err error) {
	if err := copyFile(from, filepath.Join(dir, Database+".sqlite")); err != nil {
		return line, err
	}
	config, err := writeConfig(dir, port)
	if err != nil {
		return line, err
	}
	return servertest.Line{
		Argv: []string{python, trytond, "-c", config, "-d", Database}, Environ: environment(dir),
		Ping: func(ctx context.Context) error { return ping(ctx, fmt.Sprintf("http://127.0.0.1:%d", port)) },
	}, nil
}

// ping asks what needs no login.
func ping(ctx context.Context, origin string) error {
	body := bytes.NewReader([]byte(`{"id":1,"method":"common.server.version","params":[]}`))
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/", body)
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
func (s *Server) Kill() { s.t.Helper(); s.must((*servertest.Process).Kill) }

// Start starts a killed server again, on the same port and the same data, and waits until it answers.
func (s *Server) Start() { s.t.Helper(); s.must((*servertest.Process).Start) }

// Freeze makes the server hang (STOP): connections are still accepted by the kernel, nothing is answered.
func (s *Server) Freeze() { s.t.Helper(); s.must((*servertest.Process).Freeze) }

// Thaw ends a Freeze (CONT).
func (s *Server) Thaw() { s.t.Helper(); s.must((*servertest.Process).Thaw) }

// Exec runs a statement in the server's database, behind its back.
func (s *Server) Exec(statement string, args ...any) {
	s.t.Helper()
	s.must(func(p *servertest.Process) (err error) {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(p.Dir(), Database+".sqlite")+"?_pragma=busy_timeout(10000)")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		_, err = db.Exec(statement, args...)
		return err
	})
}

func (s *Server) must(verb func(*servertest.Process) error) {
	s.t.Helper()
	if s.process == nil {
		s.t.Fatal("trytontest: it is somebody else's server; StartOwn has one of the test's own")
	}
	if err := verb(s.process); err != nil {
		s.t.Fatal(err)
	}
}
