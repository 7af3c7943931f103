package servertest

import (
	"errors"
	"net"
	"os"
)

// launches is how often a first start is tried: another process may take the free port before the server does.
const launches = 3

// launch makes a folder, lets prepare fill in a Process for a free port, and starts it.
func launch(prepare func(dir string, port int) (*Process, error)) (*Process, error) {
	var last error
	for range launches {
		dir, err := os.MkdirTemp("", "snowgate-servertest-")
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

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }() // it was only opened to learn the number
	return l.Addr().(*net.TCPAddr).Port, nil
}
