package servertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"time"
)

// launches is how often a first start is tried: another process may take the free port before the server does.
const launches = 3

// Other is a server that this package does not know by itself.
type Other struct {
	Name        string
	Folder      string        // in which the server's own is made; default that of temporary files
	ReadyWithin time.Duration // default a minute
	// Prepare fills the server's folder, and tells how it is started on a port of 127.0.0.1.
	Prepare func(dir string, port int) (Line, error)
}

// Line is a start line.
type Line struct {
	Argv    []string
	Environ []string                        // nil: ours
	Ping    func(ctx context.Context) error // nil as soon as the server answers
}

// Launch starts a server outside a test; the caller must Close it.
func (o Other) Launch() (*Process, error) {
	return launch(o.Folder, func(dir string, port int) (*Process, error) {
		line, err := o.Prepare(dir, port)
		if err != nil {
			return nil, err
		}
		return &Process{
			name: o.Name, dir: dir, port: port, argv: line.Argv, environ: line.Environ, ping: line.Ping, readyWithin: o.ReadyWithin,
			url: fmt.Sprintf("http://127.0.0.1:%d", port),
		}, nil
	})
}

// launch makes a folder, lets prepare fill in a Process for a free port, and starts it.
func launch(folder string, prepare func(dir string, port int) (*Process, error)) (*Process, error) {
	var last error
	for range launches {
		dir, err := os.MkdirTemp(folder, "snowgate-servertest-")
		if err != nil {
			return nil, err
		}
		p, err := launchIn(dir, prepare)
		if err == nil {
			return p, nil
		}
		last = errors.Join(err, os.RemoveAll(dir))
		if !errors.Is(err, errEarlyExit) {
			break
		}
	}
	return nil, last
}

func launchIn(dir string, prepare func(dir string, port int) (*Process, error)) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p, err := prepare(dir, port)
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, errors.Join(err, p.Kill())
	}
	return p, nil
}

// Ports below those that the kernel gives to outgoing connections: a server that is stopped and started again finds its
// port free.
const (
	firstPort = 12_000
	lastPort  = 30_000
)

func freePort() (int, error) {
	var failed error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // a port, no secret
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close() // it was only opened to see that it can be
		}
		failed = err
	}
	return 0, failed
}
