package sandbox

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// redisTick is how far a key may outlive its TTL.
const redisTick = 20 * time.Millisecond

// ErrNotLoopback is returned for an address that other machines could reach: the
// stand-in has no password.
var ErrNotLoopback = errors.New("sandbox: only loopback addresses are allowed")

// Redis is an in-process Redis. Keys expire by true time, which the library below
// does not do by itself. Nothing is kept on disk. Safe for concurrent use.
type Redis struct {
	server *miniredis.Miniredis
	addr   string

	stopOnce sync.Once
	stop     chan struct{}
	stopped  chan struct{}
}

// StartRedis starts a Redis on addr, which must be a loopback address; "" means a
// free port of 127.0.0.1. Errors: [ErrNotLoopback], or why the port is not to be had.
func StartRedis(addr string) (*Redis, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox: redis address: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("redis on %s: %w", addr, ErrNotLoopback)
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(addr); err != nil {
		return nil, fmt.Errorf("sandbox: start redis: %w", err)
	}
	r := &Redis{server: server, addr: server.Addr(), stop: make(chan struct{}), stopped: make(chan struct{})}
	go r.passTime()
	return r, nil
}

// passTime ages all keys by the time that has truly passed.
func (r *Redis) passTime() {
	defer close(r.stopped)
	tick := time.NewTicker(redisTick)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-r.stop:
			return
		case <-tick.C:
			now := time.Now()
			r.server.FastForward(now.Sub(last))
			last = now
		}
	}
}

// Addr is host:port; it stays the same after Stop and Restart.
func (r *Redis) Addr() string { return r.addr }

// URL is the address as redis://host:port/0.
func (r *Redis) URL() string { return "redis://" + r.addr + "/0" }

// FastForward ages all keys by d at once, so that tests need not wait for a TTL.
func (r *Redis) FastForward(d time.Duration) { r.server.FastForward(d) }

// Stop closes the port and all connections, and keeps the keys: Redis is down.
func (r *Redis) Stop() { r.server.Close() }

// Restart opens the same port again after Stop, with the keys there were.
func (r *Redis) Restart() error {
	if err := r.server.Restart(); err != nil {
		return fmt.Errorf("sandbox: restart redis: %w", err)
	}
	return nil
}

// Close ends everything. Calling it again does nothing.
func (r *Redis) Close() {
	r.stopOnce.Do(func() {
		close(r.stop)
		<-r.stopped
		r.server.Close()
	})
}
