package servertest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"
)

// LaunchRedis starts a redis-server outside a test; the caller must Close it. The error matches exec.ErrNotFound where
// redis-server is not installed.
func LaunchRedis() (*Process, error) {
	server, err := program("redis-server")
	if err != nil {
		return nil, err
	}
	return launch("", func(dir string, port int) (*Process, error) {
		p := &Process{
			name: "redis", dir: dir, port: port,
			argv: []string{server, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--dir", dir, "--save", "", "--appendonly", "yes"},
			url:  fmt.Sprintf("redis://127.0.0.1:%d/0", port),
		}
		p.ping = func(ctx context.Context) error { return pingRedis(ctx, p.Addr()) }
		return p, nil
	})
}

// pingRedis speaks the inline form of the protocol, so that the helper needs no client of the library under test.
// A server that is still loading its file answers -LOADING.
func pingRedis(ctx context.Context, addr string) error {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing is owed to a ping
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if line != "+PONG\r\n" {
		return fmt.Errorf("answered %q", line)
	}
	return nil
}
