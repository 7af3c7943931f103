package deploytest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"snowgate/internal/servertest"
)

// patience is for programs on a machine that is busy with other tests.
const patience = 60 * time.Second

// program finds an installed program, or skips the test. Debian puts servers into /usr/sbin, which is not on every PATH.
func program(t *testing.T, name string) string {
	t.Helper()
	path, found := installed(name)
	switch {
	case found:
		return path
	case os.Getenv(servertest.EnvServers) == "required":
		t.Fatalf("%s is not installed (internal/servertest/install.sh installs it)", name)
	default:
		t.Skipf("needs a real %s (make test installs it)", name)
	}
	return ""
}

func installed(name string) (string, bool) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, true
		}
	}
	return "", false
}

// surroundings are our variables without those that would configure the gateway.
func surroundings() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SNOWGATE_") })
}

// output runs a program to its end and returns all it said, with its error.
func output(t *testing.T, dir string, environ []string, argv ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // running the programs is what this package is for
	cmd.Dir, cmd.Env = dir, append(surroundings(), environ...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// process is a program that runs beside the test and ends with it.
type process struct {
	log    string // the file with all it said
	pid    int
	exited chan struct{}
}

// launch starts a program whose output goes to the file log in dir.
func launch(t *testing.T, dir string, environ []string, argv ...string) *process {
	t.Helper()
	p := &process{log: filepath.Join(dir, filepath.Base(argv[0])+".log"), exited: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec // running the programs is what this package is for
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = dir, append(surroundings(), environ...), out, out, tiedToUs()
	started := make(chan error)
	go func() { // on one thread: the kernel's signal of a parent's death is about the thread that forked
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is told by its log
		}
		_ = out.Close()
		close(p.exited)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	t.Cleanup(func() {
		p.end(t)
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(argv[0]), tail(p.said()))
		}
	})
	return p
}

func (p *process) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// end asks the program to end, and kills it when it does not.
func (p *process) end(t *testing.T) {
	t.Helper()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if p.gone() {
			return
		}
		_ = syscall.Kill(p.pid, signal) // it may have ended in the meantime
		select {
		case <-p.exited:
			return
		case <-time.After(patience / 2):
		}
	}
	t.Errorf("process %d cannot be ended", p.pid)
}

// eventually polls until ok, or fails the test.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited %s in vain: %s", patience, what)
		case <-look.C:
		}
	}
}

// launches is how often a start is tried: another process may take a free port before the program does.
const launches = 3

// up waits until the program does what is asked of it; false when it ended instead.
func (p *process) up(t *testing.T, what string, ready func() bool) bool {
	t.Helper()
	eventually(t, what, func() bool { return p.gone() || ready() })
	return !p.gone()
}

// freePorts are different ports of 127.0.0.1 that nobody listened on a moment ago.
func freePorts(t *testing.T, n int) (ports []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }() // it was only opened to learn the number; all at once, or it may be the same again
		ports = append(ports, fmt.Sprint(l.Addr().(*net.TCPAddr).Port))
	}
	return ports
}

// nobody is an address on which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	return "127.0.0.1:" + freePorts(t, 1)[0]
}

// answers reports whether somebody accepts connections there.
func answers(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// deployed reads a file of deploy/.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// replaced puts new texts into the place of old ones. An old text that is not there fails the test: it would go on
// testing something else.
func replaced(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the file does not hold %q any more", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}
