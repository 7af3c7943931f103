package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"snowgate/internal/servertest"
	"snowgate/session"
)

func dialed(t *testing.T, addr string) *world {
	t.Helper()
	rdb, err := session.Dial("redis://" + addr)
	noErr(t, err)
	t.Cleanup(func() { _ = rdb.Close() })
	return &world{rdb: rdb, prefix: "test:"}
}

// frozenServer accepts connections and never answers.
func frozenServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noErr(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noErr(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func TestUnreachableIsUnavailableInTime(t *testing.T) {
	t.Parallel()
	for name, addr := range map[string]func(*testing.T) string{"frozen": frozenServer, "refused": closedPort} {
		t.Run(name, func(t *testing.T) {
			b := dialed(t, addr(t)).queue(t, func(c *Config) { c.Timeout = 200 * time.Millisecond })
			for op, ask := range map[string]func() error{
				"Accept":  func() error { _, err := b.Accept(ctx, request("m1", "anna")); return err },
				"Status":  func() error { _, err := b.Status(ctx, "m1"); return err },
				"Credit":  func() error { return b.Credit(ctx, "anna", "tpl-1", SourcePush) },
				"Credits": func() error { _, err := b.Credits(ctx, "anna"); return err },
				"Revoke":  func() error { return b.Revoke(ctx, "anna", "tpl-1") },
				"Settle":  func() error { return b.Settle(ctx, event("anna", "wx-1", 0)) },
				"Retry":   func() error { return b.Retry(ctx, "m1") },
				"Drop":    func() error { return b.Drop(ctx, "m1") },
				"Resume":  func() error { return b.Resume(ctx) },
				"Forget":  func() error { _, err := b.Forget(ctx, "anna"); return err },
				"Stats":   func() error { _, err := b.Stats(ctx); return err },
				"Health":  func() error { return b.Health(ctx) },
			} {
				start := time.Now()
				err := ask()
				if took := time.Since(start); took > 3*time.Second { // Accept may ask twice; the machine may be busy
					t.Errorf("%s took %v", op, took)
				}
				if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
					t.Errorf("%s: %v, want ErrUnavailable alone", op, err)
				}
			}
		})
	}
}

func TestOutageIsLoggedOnce(t *testing.T) {
	b := dialed(t, closedPort(t)).queue(t).run()
	for range 50 {
		if _, err := b.Status(ctx, "m1"); !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	}
	b.end()
	if n := strings.Count(b.log.String(), "Redis is away"); n != 1 {
		t.Errorf("logged %d times:\n%s", n, b.log)
	}
	if n := strings.Count(b.log.String(), "\n"); n > 15 {
		t.Errorf("%d lines about one outage:\n%s", n, b.log)
	}
}

// TestRedisUnderLoad kills, restarts and freezes Redis while messages are accepted and sent: what was accepted is sent,
// once, and the workers come back by themselves.
func TestRedisUnderLoad(t *testing.T) {
	t.Parallel()
	srv := servertest.Redis(t)
	w := dialed(t, srv.Addr())
	b := w.queue(t, func(c *Config) { c.Timeout = 200 * time.Millisecond }).run()
	var mu sync.Mutex
	accepted := map[string]bool{}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for part := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(2 * time.Millisecond):
				}
				id := fmt.Sprint(part, "-", i)
				_, err := b.Accept(ctx, request(id, fmt.Sprint("user", i%10)))
				if err != nil && !errors.Is(err, ErrUnavailable) {
					t.Error(err)
				}
				mu.Lock()
				accepted[id] = err == nil
				mu.Unlock()
			}
		})
	}
	more := func(n int) {
		t.Helper()
		before := b.sender.total()
		eventually(t, "messages are sent", func() bool { return b.sender.total() >= before+n })
	}
	more(30)
	srv.Kill()
	<-time.After(300 * time.Millisecond)
	srv.Start()
	more(30)
	srv.Freeze()
	<-time.After(2 * time.Second) // beyond the lease
	srv.Thaw()
	more(30)
	srv.Stop()
	srv.Start()
	more(30)
	close(stop)
	wg.Wait()
	sent := 0
	for id, yes := range accepted {
		if yes {
			sent++
			if s := b.becomes(id, StateSent); b.sender.times(id) != 1 {
				t.Errorf("sent %d times: %+v", b.sender.times(id), s)
			}
		} else if b.sender.times(id) > 1 {
			t.Errorf("%s, not accepted, was sent %d times", id, b.sender.times(id))
		}
	}
	t.Logf("%d accepted, %d not", sent, len(accepted)-sent)
}

// TestOnCluster uses a real Cluster (of one node), which refuses what crosses slots.
func TestOnCluster(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed: a Cluster was not tried")
	}
	addr, bus := closedPort(t), closedPort(t)
	_, port, _ := net.SplitHostPort(addr)
	_, busPort, _ := net.SplitHostPort(bus)
	cmd := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", //nolint:gosec // a test's own server
		"--appendonly", "yes", "--cluster-enabled", "yes", "--cluster-port", busPort)
	noErr(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	raw := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})
	t.Cleanup(func() { _ = raw.Close() })
	eventually(t, "the server answers", func() bool { return raw.Ping(ctx).Err() == nil })
	noErr(t, raw.ClusterAddSlotsRange(ctx, 0, 16383).Err())
	eventually(t, "the cluster is whole", func() bool { return strings.Contains(raw.ClusterInfo(ctx).Val(), "cluster_state:ok") })
	b := dialed(t, addr+"?cluster=true").queue(t).run()
	b.credit("anna", 2)
	for i := range 10 {
		b.accept(fmt.Sprint(i), "anna")
	}
	for i := range 10 {
		b.becomes(fmt.Sprint(i), StateSent)
	}
	noErr(t, b.Settle(ctx, event("anna", "wx-secret words for 1", 0)))
	noErr(t, b.Resume(ctx))
	if _, err := b.Forget(ctx, "anna"); err != nil {
		t.Error(err)
	}
	if err := b.Health(ctx); err != nil {
		t.Error(err)
	}
}

func TestRunEndsWithoutRedis(t *testing.T) {
	t.Parallel()
	for name, addr := range map[string]func(*testing.T) string{"frozen": frozenServer, "refused": closedPort} {
		t.Run(name, func(t *testing.T) {
			b := dialed(t, addr(t)).queue(t, func(c *Config) { c.Timeout = 200 * time.Millisecond }).run()
			start := time.Now()
			b.end()
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("ended after %v", took)
			}
			if err := b.Run(context.Background()); err == nil {
				t.Error("it ran twice")
			}
		})
	}
}
