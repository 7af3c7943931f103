package session

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// dialed is a store as the product makes it, with its real time-outs.
func dialed(t *testing.T, addr string) *Store {
	t.Helper()
	rdb, err := Dial("redis://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return NewStore(rdb, testSealer(t, testKey("k1", 1)), Config{})
}

// everyOperation asks a store everything it can be asked.
func everyOperation(s *Store) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Create":           func(ctx context.Context) error { _, _, err := s.Create(ctx, anna); return err },
		"Arrive":           func(ctx context.Context) error { _, err := s.Arrive(ctx, newToken(), everything); return err },
		"Get":              func(ctx context.Context) error { _, _, err := s.Get(ctx, newToken()); return err },
		"Revoke":           func(ctx context.Context) error { return s.Revoke(ctx, hash("x")) },
		"RevokeAll":        func(ctx context.Context) error { _, err := s.RevokeAll(ctx, "x"); return err },
		"List":             func(ctx context.Context) error { _, err := s.List(ctx, "x"); return err },
		"WeChatSessionKey": func(ctx context.Context) error { _, err := s.WeChatSessionKey(ctx, hash("x")); return err },
		"Bind":             func(ctx context.Context) error { return s.Bind(ctx, annasBinding()) },
		"Binding":          func(ctx context.Context) error { _, err := s.Binding(ctx, "x"); return err },
		"Secret":           func(ctx context.Context) error { _, err := s.Secret(ctx, "x", "b"); return err },
		"Unbind":           func(ctx context.Context) error { _, err := s.Unbind(ctx, "x"); return err },
		"LoadERPLogin":     func(ctx context.Context) error { _, err := s.LoadERPLogin(ctx, "x"); return err },
		"SaveERPLogin":     func(ctx context.Context) error { return s.SaveERPLogin(ctx, "x", nil, time.Hour) },
		"DropERPLogin":     func(ctx context.Context) error { return s.DropERPLogin(ctx, "x", nil) },
		"LoadAnswer":       func(ctx context.Context) error { _, err := s.LoadAnswer(ctx, "b", "x"); return err },
		"SaveAnswer":       func(ctx context.Context) error { return s.SaveAnswer(ctx, "b", "x", nil, time.Hour) },
		"Lock":             func(ctx context.Context) error { _, err := s.Lock(ctx, "x", time.Hour); return err },
		"Once":             func(ctx context.Context) error { _, err := s.Once(ctx, "x", time.Hour); return err },
		"Seen":             func(ctx context.Context) error { _, err := s.Seen(ctx, "x"); return err },
		"Attempt":          func(ctx context.Context) error { _, err := s.Attempt(ctx, time.Hour, 5, "x"); return err },
		"Refund":           func(ctx context.Context) error { return s.Refund(ctx, "x") },
		"BoundTo":          func(ctx context.Context) error { _, err := s.BoundTo(ctx, "x"); return err },
		"LoadToken":        func(ctx context.Context) error { _, _, err := s.LoadToken(ctx); return err },
		"SaveToken":        func(ctx context.Context) error { return s.SaveToken(ctx, nil, time.Hour) },
		"DropToken":        func(ctx context.Context) error { return s.DropToken(ctx, nil) },
		"Limit":            func(ctx context.Context) error { _, err := s.Limit(ctx, hourly("x", 5)); return err },
		"BeginIntent":      func(ctx context.Context) error { _, err := s.BeginIntent(ctx, "x", "f", time.Hour); return err },
		"AwaitIntent":      func(ctx context.Context) error { _, err := s.AwaitIntent(ctx, "x", "f", time.Hour); return err },
		"FinishIntent":     func(ctx context.Context) error { return s.FinishIntent(ctx, "x", "o", nil) },
		"LoseIntent":       func(ctx context.Context) error { return s.LoseIntent(ctx, "x", "o") },
		"FreeIntent":       func(ctx context.Context) error { return s.FreeIntent(ctx, "x", "o") },
		"Reseal":           func(ctx context.Context) error { _, err := s.Reseal(ctx, nil); return err },
		"Ping":             func(ctx context.Context) error { return s.Ping(ctx) },
	}
}

func TestUnreachableIsUnavailableInTime(t *testing.T) {
	for name, addr := range map[string]func(*testing.T) string{"frozen": frozenServer, "refused": closedPort} {
		t.Run(name, func(t *testing.T) {
			s := dialed(t, addr(t))
			for op, ask := range everyOperation(s) {
				start := time.Now()
				err := ask(ctx)
				if took := time.Since(start); took > 3*time.Second {
					t.Errorf("%s took %v", op, took)
				}
				if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrNotBound) {
					t.Errorf("%s: %v, want ErrUnavailable alone", op, err)
				}
			}
		})
	}
}

func TestMalformedTokenIsNotFoundWithoutAsking(t *testing.T) {
	s := dialed(t, closedPort(t)) // asking would be ErrUnavailable
	good := newToken()
	for _, token := range []string{"", "x", good[:42], good + "A", good[:42] + "=", good[:42] + "\n", strings.Repeat("é", 21) + "x",
		good[:42] + "_", strings.Repeat("\n", 43)} {
		if idOf(token) != "" {
			continue // a last character without loose bits: a token like any other
		}
		_, _, err := s.Get(ctx, token)
		wantErr(t, err, ErrNotFound)
	}
	_, _, err := s.Get(ctx, good)
	wantErr(t, err, ErrUnavailable)
}

func TestRefusalsOfRedisAreUnavailable(t *testing.T) {
	m := miniredis.RunT(t)
	w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
	s := w.store(t, Config{})
	token, _ := create(t, s, anna)
	for _, refusal := range []string{
		"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
		"OOM command not allowed when used memory > 'maxmemory'.",
		"READONLY You can't write against a read only replica.",
		"LOADING Redis is loading the dataset in memory",
		"NOAUTH Authentication required.",
		"WRONGPASS invalid username-password pair or user is disabled.",
		"NOPERM this user has no permissions to run the 'evalsha' command",
		"CLUSTERDOWN Hash slot not served",
		"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
		"ERR max number of clients reached",
		"BUSY Redis is busy running a script.",
	} {
		m.SetError(refusal)
		for op, ask := range everyOperation(s) {
			if err := ask(ctx); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrNotFound) {
				t.Errorf("%s, %s: %v", strings.Fields(refusal)[0], op, err)
			}
		}
	}
	m.SetError("")
	get(t, s, token)
}

func TestCancelledCallerIsNoOutage(t *testing.T) {
	s := dialed(t, frozenServer(t))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	for op, ask := range everyOperation(s) {
		if err := ask(gone); !errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v, want context.Canceled alone", op, err)
		}
	}
}

// breaking fails the first commands without sending them.
type breaking struct {
	left  atomic.Int32
	calls atomic.Int32
	with  error
	after time.Duration
}

func (b *breaking) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b *breaking) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		b.calls.Add(1)
		if b.left.Add(-1) < 0 {
			return next(ctx, cmds)
		}
		_ = pause(ctx, b.after)
		for _, cmd := range cmds {
			cmd.SetErr(b.with)
		}
		return b.with
	}
}

func (b *breaking) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		b.calls.Add(1)
		if b.left.Add(-1) >= 0 {
			_ = pause(ctx, b.after)
			cmd.SetErr(b.with)
			return b.with
		}
		return next(ctx, cmd)
	}
}

func TestReadsAreRepeatedOnceWritesNever(t *testing.T) {
	for _, row := range []struct {
		name   string
		op     string
		broken int32
		after  time.Duration
		with   error
		calls  int32
		want   error
	}{
		{"a read whose connection broke", "Binding", 1, 0, io.EOF, 2, ErrNotBound},
		{"a read that breaks twice", "Binding", 2, 0, io.EOF, 2, ErrUnavailable},
		{"a read that failed late", "Binding", 1, repeatWithin + 10*time.Millisecond, io.EOF, 1, ErrUnavailable},
		{"a read that was refused", "Binding", 1, 0, redis.ErrNoScript, 1, ErrUnavailable},
		{"a session whose connection broke", "Get", 1, 0, io.EOF, 2, ErrNotFound},
		{"a session whose connection breaks twice", "Get", 2, 0, io.EOF, 2, ErrUnavailable},
		{"a session that failed late", "Get", 1, repeatWithin + 10*time.Millisecond, io.EOF, 1, ErrUnavailable},
		{"a write whose connection broke", "Revoke", 1, 0, io.EOF, 1, ErrUnavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := miniredis.RunT(t)
			w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
			op := everyOperation(w.store(t, Config{}))[row.op]
			_ = op(ctx) // connected, and the script is known: the hook sees our commands only
			hook := &breaking{with: row.with, after: row.after}
			hook.left.Store(row.broken)
			w.rdb.AddHook(hook)
			err := op(ctx)
			wantErr(t, err, row.want)
			if got := hook.calls.Load(); got != row.calls {
				t.Errorf("%d commands, want %d", got, row.calls)
			}
		})
	}
}

func TestGetIsOneRoundTrip(t *testing.T) {
	m := miniredis.RunT(t)
	w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
	s := w.store(t, Config{})
	token, _ := create(t, s, anna)
	get(t, s, token) // the server learns the script
	count := &breaking{}
	w.rdb.AddHook(count)
	get(t, s, token)
	if n := count.calls.Load(); n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
}

func TestRepeatedWriteChangesNothing(t *testing.T) {
	m := miniredis.RunT(t)
	w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
	w.rdb.AddHook(twice{})
	s := w.store(t, Config{MaxPerOpenID: 2})
	first, _ := create(t, s, anna)
	create(t, s, anna)
	get(t, s, first)
	if list, err := s.List(ctx, anna.OpenID); err != nil || len(list) != 2 {
		t.Errorf("%d sessions, %v", len(list), err)
	}
	unlock, err := s.Lock(ctx, "x", time.Minute)
	noErr(t, err)
	unlock()
	if first, err := s.Once(ctx, "x", time.Minute); err != nil || !first {
		t.Errorf("its own repetition took the mark from it: first %v, %v", first, err)
	}
	noErr(t, s.Bind(ctx, annasBinding()))
	noErr(t, s.Bind(ctx, annasBinding()))
	wantBoundTo(t, s, "K7", "b1")
	in := begin(t, s, "x", IntentFresh)
	noErr(t, s.FreeIntent(ctx, "x", in.Owner))
	in = begin(t, s, "x", IntentFresh)
	noErr(t, s.FinishIntent(ctx, "x", in.Owner, []byte("booked")))
	begin(t, s, "x", IntentDone)
	for i := range 5 {
		if wait := attempt(t, s, 5, "x"); wait != 0 {
			t.Errorf("try %d waits %v", i+1, wait)
		}
	}
	if attempt(t, s, 5, "x") == 0 {
		t.Error("the sixth try came through")
	}
}

// twice sends every script a second time, as go-redis does on a Cluster when a reply was lost.
type twice struct{}

func (twice) DialHook(next redis.DialHook) redis.DialHook { return next }

func (twice) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (twice) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") && next(ctx, cmd) == nil {
			cmd.SetErr(nil)
		}
		return next(ctx, cmd)
	}
}
