package trytontest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const (
	// readyWithin is generous: trytond loads its modules in two seconds, on a machine busy with a race build in many.
	readyWithin = 2 * time.Minute
	goneWithin  = 30 * time.Second
	pollEvery   = 20 * time.Millisecond
)

var errNotRunning = errors.New("trytontest: it is not running")

// process is one trytond. It is not safe for concurrent use.
type process struct {
	dir    string
	argv   []string
	ping   func(context.Context) error
	pid    int
	exited chan struct{} // closed when the present incarnation is gone; nil before the first start
}

// start runs trytond and waits until it answers, which it does once its modules are loaded.
func (p *process) start() error {
	if p.running() {
		return errors.New("trytontest: it is running already")
	}
	if err := p.spawn(); err != nil {
		return fmt.Errorf("trytontest: start: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyWithin)
	defer cancel()
	if !poll(ctx, p.exited, func() bool { return p.ping(ctx) == nil }) {
		said, _ := os.ReadFile(p.logFile())
		return fmt.Errorf("trytontest: no answer within %s; it said:\n%s", readyWithin, said[max(0, len(said)-2000):])
	}
	return nil
}

// spawn keeps its goroutine on its thread until the program ends: the kernel sends the parent death signal when the
// thread that forked ends, not the process.
func (p *process) spawn() error {
	out, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(p.argv[0], p.argv[1:]...) //nolint:gosec // our own start line
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = p.dir, environment(p.dir), out, out, tiedToUs()
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ends is the business of the verb that ends it
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

// environment is all that Tryton gets to see: a Python of the user's own would not find Debian's modules.
func environment(home string) []string {
	return []string{"PATH=/usr/bin:/bin:/usr/sbin:/sbin", "HOME=" + home, "LANG=C.UTF-8", "PYTHONWARNINGS=ignore"}
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

// kill ends trytond as a crash does. Killing what is gone does nothing.
func (p *process) kill() error {
	if !p.running() {
		return nil
	}
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(goneWithin):
		return fmt.Errorf("trytontest: still there after %s", goneWithin)
	}
}

func (p *process) running() bool {
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

func (p *process) signal(s syscall.Signal) error {
	if !p.running() {
		return errNotRunning
	}
	return syscall.Kill(p.pid, s)
}

func (p *process) logFile() string { return filepath.Join(p.dir, "log") }
