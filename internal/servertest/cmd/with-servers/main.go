// Command with-servers runs a command beside a private Redis and a private MariaDB:
//
//	with-servers -- go test ./...
//
// The command finds them in SNOWGATE_TEST_REDIS and SNOWGATE_TEST_MYSQL. Its output passes through untouched, its exit
// code becomes ours, signals are passed on, and the servers are gone when it is. It is for tests only.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"snowgate/internal/servertest"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "with-servers:", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 2, errors.New("usage: with-servers -- command [arguments]")
	}
	env, stop, err := servers()
	defer func() { err = errors.Join(err, stop()) }()
	if err != nil {
		return 1, err
	}
	return command(args, env)
}

// servers starts both and returns what the command must know. stop is never nil.
func servers() (env []string, stop func() error, err error) {
	var running []*servertest.Process
	stop = func() error {
		var failed error
		for _, p := range running {
			failed = errors.Join(failed, p.Close())
		}
		return failed
	}
	for _, s := range []struct {
		variable string
		launch   func() (*servertest.Process, error)
	}{
		{servertest.EnvRedis, servertest.LaunchRedis},
		{servertest.EnvMySQL, servertest.LaunchMariaDB},
	} {
		p, err := s.launch()
		if err != nil {
			return nil, stop, err
		}
		running = append(running, p)
		env = append(env, s.variable+"="+p.URL())
	}
	return env, stop, nil
}

// command runs the command to its end. A signal to us is passed on and waited out: the command decides.
func command(args, env []string) (int, error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s) // it may have ended in the meantime
			case <-done:
				return
			}
		}
	}()
	return exitCode(cmd.Wait())
}

// exitCode gives the command's own code, and 128 + signal where a signal ended it, as shells do.
func exitCode(err error) (int, error) {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &ended):
		return 1, err
	}
	if status, ok := ended.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return ended.ExitCode(), nil
}
