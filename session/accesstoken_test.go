package session

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

func wantToken(t *testing.T, s *Store, want string) {
	t.Helper()
	token, ok, err := s.LoadToken(ctx)
	if err != nil || ok != (want != "") || string(token) != want {
		t.Errorf("token %q, %v, %v; want %q", token, ok, err, want)
	}
}

func accessTokenShared(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	wantToken(t, s, "")
	noErr(t, s.DropToken(ctx, []byte("none")))
	noErr(t, s.SaveToken(ctx, []byte("token-1"), time.Hour))
	wantToken(t, replica, "token-1")
	noErr(t, replica.SaveToken(ctx, []byte("token-2"), 2*time.Hour))
	noErr(t, s.DropToken(ctx, []byte("token-1"))) // late: it is no longer this one
	wantToken(t, s, "token-2")
	w.forward(t, 2*time.Hour-time.Minute)
	wantToken(t, s, "token-2")
	noErr(t, s.DropToken(ctx, []byte("token-2")))
	wantToken(t, replica, "")

	noErr(t, s.SaveToken(ctx, []byte("token-3"), time.Hour))
	w.forward(t, time.Hour+time.Second)
	wantToken(t, s, "")
	if s.SaveToken(ctx, []byte("x"), 0) == nil {
		t.Error("a token without a lifetime was stored")
	}
}

func accessTokenOfDroppedKey(t *testing.T, w *world) {
	before, after := w.store(t, Config{}, testKey("old", 1)), w.store(t, Config{}, testKey("new", 2))
	noErr(t, before.SaveToken(ctx, []byte("token-1"), time.Hour))
	wantToken(t, after, "")
	noErr(t, after.DropToken(ctx, []byte("token-1")))
	wantToken(t, before, "token-1")
	noErr(t, before.SaveERPLogin(ctx, "a", []byte("cookie"), time.Hour)) // nor is anything else a token
	noErr(t, w.rdb.HSet(ctx, before.accessTokenKey(), "v", w.rdb.HGet(ctx, before.erpLoginKey("a"), "v").Val()).Err())
	wantToken(t, before, "")
}

// between does something once, before the first script is sent.
type between struct {
	once atomic.Bool
	do   func()
}

func (b *between) DialHook(next redis.DialHook) redis.DialHook { return next }

func (b *between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (b *between) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if strings.HasPrefix(cmd.Name(), "eval") && b.once.CompareAndSwap(false, true) {
			b.do()
		}
		return next(ctx, cmd)
	}
}

func TestTokenChangedInTheMiddleOfADrop(t *testing.T) {
	oldKey, newKey := testKey("old", 1), testKey("new", 2)
	for _, row := range []struct {
		name   string
		change func(*Store) error
		want   string
	}{
		{"resealed: it is still the same", func(s *Store) error { _, err := s.Reseal(ctx, nil); return err }, ""},
		{"replaced: the newer one stays", func(s *Store) error { return s.SaveToken(ctx, []byte("token-2"), time.Hour) }, "token-2"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := miniredis.RunT(t)
			w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
			other := (&world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}).store(t, Config{}, newKey, oldKey)
			s := w.store(t, Config{}, "+"+newKey, oldKey)
			noErr(t, s.SaveToken(ctx, []byte("token-1"), time.Hour))
			w.rdb.AddHook(&between{do: func() { noErr(t, row.change(other)) }})
			noErr(t, s.DropToken(ctx, []byte("token-1")))
			wantToken(t, other, row.want)
		})
	}
}
