package servertest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	// usuallyReady is generous: a server is up in a fifth of a second, on a machine busy with a race build in several.
	usuallyReady = 60 * time.Second
	goneWithin   = 30 * time.Second
	pollEvery    = 10 * time.Millisecond
)

var errEarlyExit = errors.New("exited before it answered")

// Process is one private server with its folder. It is not safe for concurrent use.
type Process struct {
	name string
	dir  string
	port int
	url  string
	argv []string // the start line, the same for every Start
	ping func(ctx context.Context) error

	environ     []string      // nil: ours
	readyWithin time.Duration // 0: usuallyReady

	pid    int
	exited chan struct{} // closed when the present incarnation is gone; nil before the first Start
}

// URL is the server's address in the form of redis.url or sql.dsn.
func (p *Process) URL() string { return p.url }

// Addr is host:port.
func (p *Process) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// Dir is the server's folder.
func (p *Process) Dir() string { return p.dir }

// Start runs the start line and waits until the server answers.
func (p *Process) Start() error {
	if p.running() {
		return p.failed("start", errors.New("it is running already"))
	}
	if err := p.spawn(); err != nil {
		return p.failed("start", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), cmp.Or(p.readyWithin, usuallyReady))
	defer cancel()
	if err := p.awaitAnswer(ctx); err != nil {
		return p.failed("start", fmt.Errorf("%w; its log ends:\n%s", err, p.logTail()))
	}
	return nil
}

// spawn starts the program. The goroutine stays on its thread until the program ends: the kernel sends the parent
// death signal when the thread that forked ends, not the process.
func (p *Process) spawn() error {
	out, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(p.argv[0], p.argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.environ, out, out
	cmd.SysProcAttr = tiedToUs()
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how a server ends is the business of the verb that ends it
		}
		_ = out.Close()
		close(exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	p.pid, p.exited = cmd.Process.Pid, exited
	return nil
}

// awaitAnswer polls until the server answers, exits or the context ends.
func (p *Process) awaitAnswer(ctx context.Context) error {
	var last error
	answered := func() bool {
		last = p.ping(ctx)
		return last == nil
	}
	if poll(ctx, p.exited, answered) {
		return nil
	}
	if !p.running() {
		return errEarlyExit
	}
	return fmt.Errorf("no answer within %s: %w", cmp.Or(p.readyWithin, usuallyReady), last)
}

// poll asks until the answer is yes; it gives up when the context ends or stop is closed.
func poll(ctx context.Context, stop <-chan struct{}, yes func() bool) bool {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for !yes() {
		select {
		case <-stop:
			return false
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
	return true
}

// Stop ends the server in good order and waits until it is gone. A frozen server is thawed, or it could not obey.
func (p *Process) Stop() error {
	if !p.running() {
		return p.failed("stop", errors.New("it is not running"))
	}
	err := errors.Join(p.signal(syscall.SIGTERM), p.signal(syscall.SIGCONT))
	return p.failed("stop", errors.Join(err, p.awaitExit()))
}

// Kill ends the server as a crash does and waits until it is gone. Killing what is gone does nothing.
func (p *Process) Kill() error {
	if !p.running() {
		return nil
	}
	return p.failed("kill", errors.Join(p.signal(syscall.SIGKILL), p.awaitExit()))
}

// Freeze makes the server hang and waits until it does.
func (p *Process) Freeze() error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return p.failed("freeze", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), goneWithin)
	defer cancel()
	if !poll(ctx, p.exited, func() bool { return isStopped(p.pid) }) {
		return p.failed("freeze", errors.New("it did not stop"))
	}
	return nil
}

// Thaw ends a Freeze.
func (p *Process) Thaw() error { return p.failed("thaw", p.signal(syscall.SIGCONT)) }

// Close kills the server and removes its folder.
func (p *Process) Close() error { return errors.Join(p.Kill(), os.RemoveAll(p.dir)) }

func (p *Process) running() bool {
	if p.exited == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *Process) signal(s syscall.Signal) error {
	if !p.running() {
		return errors.New("it is not running")
	}
	return syscall.Kill(p.pid, s)
}

func (p *Process) awaitExit() error {
	select {
	case <-p.exited:
		return nil
	case <-time.After(goneWithin):
		return fmt.Errorf("still there after %s", goneWithin)
	}
}

// failed names the server and the verb; nil stays nil.
func (p *Process) failed(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("servertest: %s %s: %w", verb, p.name, err)
}

func (p *Process) logFile() string { return filepath.Join(p.dir, "log") }

// logTail is the end of what the server said, for the message of a failed start.
func (p *Process) logTail() string {
	const enough = 2000
	f, err := os.Open(p.logFile())
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		if _, err := f.Seek(-enough, io.SeekEnd); err != nil {
			return err.Error()
		}
	}
	tail, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(tail)
}
