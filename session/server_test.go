package session

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// server is a redis-server of our own, to be frozen, killed and starved.
type server struct {
	t    *testing.T
	dir  string
	addr string
	cmd  *exec.Cmd
	raw  *redis.Client // for the test's own commands, with patience
}

func startServer(t *testing.T) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed: faults of a real Redis were not tried")
	}
	s := &server{t: t, dir: t.TempDir(), addr: closedPort(t)}
	s.raw = redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { _ = s.raw.Close() })
	s.start()
	t.Cleanup(s.kill)
	return s
}

func (s *server) start() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	s.cmd = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", s.dir, //nolint:gosec // a test's own server
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--enable-protected-configs", "yes")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.eventually("redis-server answers", func() bool { return s.raw.Ping(ctx).Err() == nil })
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

func (s *server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) set(name, value string) {
	s.t.Helper()
	if err := s.raw.ConfigSet(ctx, name, value).Err(); err != nil {
		s.t.Fatal(err)
	}
}

// eventually polls until it is so, for at most 10 s.
func (s *server) eventually(what string, so func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !so() {
		if time.Now().After(deadline) {
			s.t.Fatalf("not within 10 s: %s", what)
		}
		_ = pause(ctx, 5*time.Millisecond)
	}
}

func TestFrozenRedisAnswersUnavailableAndComesBack(t *testing.T) {
	srv := startServer(t)
	s := dialed(t, srv.addr)
	token := srv.login(s)
	srv.signal(syscall.SIGSTOP)
	t.Cleanup(func() { srv.signal(syscall.SIGCONT) })
	for range 5 { // with a warm connection, then with new ones
		start := time.Now()
		_, _, err := s.Get(ctx, token)
		wantErr(t, err, ErrUnavailable)
		if took := time.Since(start); took > 250*time.Millisecond {
			t.Errorf("took %v", took)
		}
	}
	srv.signal(syscall.SIGCONT)
	start := time.Now()
	srv.eventually("the session opens again", func() bool { _, _, err := s.Get(ctx, token); return err == nil })
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("back after %v", took)
	}
}

func TestSessionsSurviveKilledRedis(t *testing.T) {
	srv := startServer(t)
	s := dialed(t, srv.addr)
	token := srv.login(s)
	srv.kill()
	_, _, err := s.Get(ctx, token)
	wantErr(t, err, ErrUnavailable)
	srv.start()
	srv.eventually("the session opens again", func() bool {
		_, _, err := s.Get(ctx, token)
		if errors.Is(err, ErrNotFound) {
			t.Fatal("the session is lost")
		}
		return err == nil
	})
}

func TestSickRedisGivesNoTokens(t *testing.T) {
	for _, row := range []struct {
		name  string
		sick  func(*server)
		reads bool // whether an existing session still opens, as Redis goes on reading
	}{
		{"out of memory", func(srv *server) { srv.set("maxmemory-policy", "noeviction"); srv.set("maxmemory", "1") }, true},
		{"read-only replica", func(srv *server) { srv.must(srv.raw.ReplicaOf(ctx, "127.0.0.1", "1")) }, true},
		{"disk full", func(srv *server) { srv.failToSave() }, true},
		{"password set", func(srv *server) { srv.set("requirepass", "x"); srv.dropClients() }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			srv := startServer(t)
			s := dialed(t, srv.addr)
			token := srv.login(s)
			row.sick(srv)
			_, _, err := s.Create(ctx, anna)
			wantErr(t, err, ErrUnavailable)
			wantErr(t, s.Ping(ctx), ErrUnavailable)
			_, _, err = s.Get(ctx, token)
			if row.reads {
				noErr(t, err)
			} else {
				wantErr(t, err, ErrUnavailable)
			}
		})
	}
}

func TestSessionDueForRenewalOpensOnReadOnlyRedis(t *testing.T) {
	srv := startServer(t)
	s := dialed(t, srv.addr)
	token := srv.login(s)
	w := &world{rdb: srv.raw, prefix: "snowgate:"}
	w.age(t, 5*24*time.Hour)
	srv.must(srv.raw.ReplicaOf(ctx, "127.0.0.1", "1"))
	if _, renewed := get(t, s, token); renewed {
		t.Error("renewed, though nothing can be written")
	}
	srv.must(srv.raw.ReplicaOf(ctx, "NO", "ONE"))
	if _, renewed := get(t, s, token); !renewed {
		t.Error("not renewed, though it can be written again")
	}
}

// TestStoreContractOnCluster runs the contract on a real Cluster (of one node), which refuses what crosses slots.
func TestStoreContractOnCluster(t *testing.T) {
	srv := startServer(t)
	srv.kill()
	_, port, _ := net.SplitHostPort(srv.addr)
	srv.cmd = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", t.TempDir(), "--save", "", //nolint:gosec // a test's own server
		"--cluster-enabled", "yes", "--cluster-port", strings.Split(closedPort(t), ":")[1])
	srv.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	noErr(t, srv.cmd.Start())
	srv.eventually("the cluster answers", func() bool { return srv.raw.Ping(ctx).Err() == nil })
	noErr(t, srv.raw.ClusterAddSlotsRange(ctx, 0, 16383).Err())
	srv.eventually("the cluster is whole", func() bool {
		return strings.Contains(srv.raw.ClusterInfo(ctx).Val(), "cluster_state:ok")
	})
	t.Setenv("SNOWGATE_TEST_REDIS", "redis://"+srv.addr+"?cluster=true")
	keepAll(t, openRedis)
}

// login creates a session, with as many tries as a busy machine needs.
func (s *server) login(store *Store) (token string) {
	s.t.Helper()
	s.eventually("a login", func() bool {
		var err error
		token, _, err = store.Create(ctx, anna)
		return err == nil
	})
	return token
}

func (s *server) must(cmd *redis.StatusCmd) {
	s.t.Helper()
	if err := cmd.Err(); err != nil {
		s.t.Fatal(err)
	}
}

// dropClients makes everyone connect anew.
func (s *server) dropClients() {
	s.t.Helper()
	if err := s.raw.Do(ctx, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no").Err(); err != nil {
		s.t.Logf("client kill: %v", err)
	}
}

// failToSave brings Redis into the state of a full disk: its folder is gone, so a snapshot fails and writes stop.
func (s *server) failToSave() {
	s.t.Helper()
	s.set("appendonly", "no")
	gone := filepath.Join(s.dir, "gone")
	noErr(s.t, os.Mkdir(gone, 0o700))
	s.set("dir", gone)
	noErr(s.t, os.Remove(gone))
	s.set("save", "1 1")
	_ = s.raw.BgSave(ctx).Err()
	s.eventually("a snapshot fails", func() bool {
		return strings.Contains(s.raw.Info(ctx, "persistence").Val(), "rdb_last_bgsave_status:err")
	})
}
