package sandbox

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

func startRedis(t *testing.T) (*Redis, *redis.Client) {
	t.Helper()
	r, err := StartRedis("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	opts, err := redis.ParseURL(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	opts.MaxRetries = -1
	c := redis.NewClient(opts)
	t.Cleanup(func() { _ = c.Close() })
	return r, c
}

func TestRedisKeysExpireByTrueTime(t *testing.T) {
	_, c := startRedis(t)
	ctx := t.Context()
	start := time.Now()
	if err := c.Set(ctx, "short", "1", 150*time.Millisecond).Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Set(ctx, "long", "1", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the short key expires", func() bool { return c.Exists(ctx, "short").Val() == 0 })
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("expired after %v", took)
	}
	if c.Exists(ctx, "long").Val() != 1 {
		t.Error("the long key expired too")
	}
}

func TestRedisCanBeFastForwarded(t *testing.T) {
	r, c := startRedis(t)
	if err := c.Set(t.Context(), "key", "1", time.Hour).Err(); err != nil {
		t.Fatal(err)
	}
	r.FastForward(time.Hour)
	if c.Exists(t.Context(), "key").Val() != 0 {
		t.Error("the key is still there")
	}
}

func TestRedisKeepsKeysAcrossStopAndRestart(t *testing.T) {
	r, c := startRedis(t)
	ctx := t.Context()
	if err := c.Set(ctx, "key", "1", 0).Err(); err != nil {
		t.Fatal(err)
	}
	addr := r.Addr()
	r.Stop()
	if c.Ping(ctx).Err() == nil {
		t.Error("a stopped Redis answers")
	}
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Redis is back", func() bool { return c.Ping(ctx).Err() == nil })
	if r.Addr() != addr || c.Get(ctx, "key").Val() != "1" {
		t.Errorf("addr %s then %s, key %q", addr, r.Addr(), c.Get(ctx, "key").Val())
	}
}

func TestRedisListensOnLoopbackOnly(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "localhost.example:0"} {
		if r, err := StartRedis(addr); !errors.Is(err, ErrNotLoopback) {
			t.Errorf("%s: %v", addr, err)
			if r != nil {
				r.Close()
			}
		}
	}
	if _, err := StartRedis("no port"); err == nil {
		t.Error("an address without a port was taken")
	}
	first, _ := startRedis(t)
	if _, err := StartRedis(first.Addr()); err == nil {
		t.Error("a port in use was taken")
	}
}
