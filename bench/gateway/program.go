package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"snowgate/bench/host"
)

const (
	startWithin = 30 * time.Second
	endWithin   = 20 * time.Second
)

// program is a process under measurement, and its children.
type program struct {
	cmd *exec.Cmd
	url string
	out *os.File // what it says, for the message of a failed start
}

// launch starts a command and waits until somebody accepts connections at addr.
func launch(dir, addr string, environ []string, argv ...string) (*program, error) {
	out, err := os.CreateTemp(dir, filepath.Base(argv[0])+"-*.log")
	if err != nil {
		return nil, err
	}
	p := &program{cmd: exec.Command(argv[0], argv[1:]...), url: "http://" + addr, out: out} //nolint:gosec // the programs to be compared
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = dir, environ, out, out
	p.cmd.SysProcAttr = tiedToUs()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if err := accepts(addr, startWithin); err != nil {
		said, _ := os.ReadFile(out.Name())
		return nil, errors.Join(fmt.Errorf("%s: %w: %s", argv[0], err, last(string(said), 2000)), p.stop())
	}
	return p, nil
}

func last(s string, n int) string { return s[max(0, len(s)-n):] }

// accepts waits until somebody does.
func accepts(addr string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil {
			return err
		}
		host.Wait(ctx, 2*time.Millisecond)
	}
}

// freeAddr is an address on 127.0.0.1 that nobody listens at.
func freeAddr() (addr, port string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	addr = l.Addr().String()
	_, port, _ = strings.Cut(addr, ":")
	return addr, port, l.Close()
}

// stop ends the program in good order, and hard when that takes too long.
func (p *program) stop() error {
	if p == nil || p.cmd.Process == nil {
		return nil
	}
	ended := make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // how it ends is of no interest
		close(ended)
	}()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(endWithin):
		_ = p.cmd.Process.Kill()
		<-ended
	}
	return p.out.Close()
}

// usage is what a process tree has used.
type usage struct {
	cpu time.Duration
	rss int64 // bytes, now
}

// usage sums up the program and its children, as Linux tells it.
func (p *program) usage() (u usage, err error) {
	if p.cmd == nil { // no process of its own: the ERP
		return u, nil
	}
	for _, pid := range family(p.cmd.Process.Pid) {
		one, err := usageOf(pid)
		if err != nil {
			return u, err
		}
		u.cpu, u.rss = u.cpu+one.cpu, u.rss+one.rss
	}
	return u, nil
}

// family is a process and its direct children: nginx' workers.
func family(pid int) []int {
	pids := []int{pid}
	told, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return pids
	}
	for _, field := range strings.Fields(string(told)) {
		if child, err := strconv.Atoi(field); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}

// usageOf reads what the kernel counts, to a hundredth of a second.
func usageOf(pid int) (u usage, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return u, fmt.Errorf("/proc/%d/stat: odd", pid)
	}
	const ticks = 100 // USER_HZ of every Linux there is
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	pages, _ := strconv.ParseInt(fields[21], 10, 64)
	return usage{time.Duration(user+system) * time.Second / ticks, pages * int64(os.Getpagesize())}, nil
}
