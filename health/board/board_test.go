package board

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// world is a Redis in which a test has a prefix of its own.
type world struct {
	rdb    redis.UniversalClient
	prefix string
	step   func() // lets some time pass where it does not by itself
}

// board is one more replica.
func (w *world) board() *Board {
	b := New(w.rdb, w.prefix)
	b.within = 10 * time.Second // a busy machine is no outage
	return b
}

// eventually polls until it is so, for at most 10 s.
func (w *world) eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for tick := time.NewTicker(5 * time.Millisecond); !so(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within 10 s: %s", what)
		}
		w.step()
	}
}

func openMiniredis(t *testing.T) *world {
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	return &world{rdb, "test:", func() { m.FastForward(5 * time.Millisecond) }}
}

// openRedis uses a real server that others may use too.
func openRedis(t *testing.T) *world {
	opts, err := redis.ParseURL(os.Getenv("SNOWGATE_TEST_REDIS"))
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewClient(opts)
	w := &world{rdb, "test:" + rand.Text() + ":", func() {}}
	t.Cleanup(func() {
		for _, key := range rdb.Keys(context.Background(), w.prefix+"*").Val() {
			rdb.Del(context.Background(), key)
		}
		_ = rdb.Close()
	})
	return w
}

var promises = []struct {
	name string
	keep func(*testing.T, *world)
}{
	{"one of many has a lease", oneHasTheLease},
	{"a lease that is not prolonged passes on", leasePassesOn},
	{"a lease is given back by its holder only", leaseGivenBack},
	{"a claim is the first one's until it ends", claimIsTheFirstOnes},
	{"a topic gives what was published last, by member", topicGivesTheLast},
	{"a blob ends by itself", blobEnds},
	{"members that are over are cleared away", overIsCleared},
}

func TestBoardOnMiniredis(t *testing.T) { keepAll(t, openMiniredis) }

func TestBoardOnRedis(t *testing.T) {
	needRedis(t)
	keepAll(t, openRedis)
}

func needRedis(t *testing.T) {
	t.Helper()
	if os.Getenv("SNOWGATE_TEST_REDIS") == "" {
		t.Skip("SNOWGATE_TEST_REDIS is not set: the in-process Redis stood in")
	}
}

func keepAll(t *testing.T, open func(*testing.T) *world) {
	for _, promise := range promises {
		t.Run(promise.name, func(t *testing.T) { promise.keep(t, open(t)) })
	}
}

func leads(t *testing.T, b *Board, lease time.Duration) bool {
	t.Helper()
	holds, err := b.Lead(t.Context(), "probes", lease)
	if err != nil {
		t.Fatal(err)
	}
	return holds
}

func oneHasTheLease(t *testing.T, w *world) {
	var holders atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		b := w.board()
		all.Go(func() {
			if holds, err := b.Lead(t.Context(), "probes", time.Minute); err != nil {
				t.Error(err)
			} else if holds {
				holders.Add(1)
			}
		})
	}
	all.Wait()
	if got := holders.Load(); got != 1 {
		t.Errorf("%d of 20 have the lease, want 1", got)
	}
}

func leasePassesOn(t *testing.T, w *world) {
	a, b := w.board(), w.board()
	if !leads(t, a, time.Millisecond) {
		t.Fatal("no lease in an empty place")
	}
	w.eventually(t, "b has the lease", func() bool { return leads(t, b, time.Minute) })
	if leads(t, a, time.Minute) {
		t.Error("a has it, too")
	}
	if !leads(t, b, time.Minute) {
		t.Error("b could not prolong it")
	}
	if left := w.rdb.PTTL(t.Context(), w.prefix+"lease:probes").Val(); left < 50*time.Second || left > time.Minute {
		t.Errorf("it ends in %v, want a minute", left)
	}
}

func leaseGivenBack(t *testing.T, w *world) {
	a, b := w.board(), w.board()
	leads(t, a, time.Hour)
	if leads(t, b, time.Millisecond) {
		t.Fatal("b has a's lease")
	}
	if !leads(t, a, time.Millisecond) {
		t.Fatal("a's lease was ended by b")
	}
	w.eventually(t, "b has the lease a gave back", func() bool { return leads(t, b, time.Hour) })
}

func claims(t *testing.T, b *Board, key string, ttl time.Duration) bool {
	t.Helper()
	first, err := b.Claim(t.Context(), key, ttl)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func claimIsTheFirstOnes(t *testing.T, w *world) {
	a, b := w.board(), w.board()
	if !claims(t, a, "x", time.Hour) || claims(t, b, "x", time.Hour) || claims(t, a, "x", time.Hour) {
		t.Error("x was not a's, once")
	}
	if !claims(t, b, "y", 20*time.Millisecond) {
		t.Error("y was not b's")
	}
	w.eventually(t, "y is free again", func() bool { return claims(t, a, "y", time.Hour) })
}

func put(t *testing.T, b *Board, topic, member, blob string, ttl time.Duration) {
	t.Helper()
	if err := b.Publish(t.Context(), topic, member, []byte(blob), ttl); err != nil {
		t.Fatal(err)
	}
}

func onTopic(t *testing.T, b *Board, topic string) map[string]string {
	t.Helper()
	blobs, err := b.Read(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for member, blob := range blobs {
		texts[member] = string(blob)
	}
	return texts
}

func topicGivesTheLast(t *testing.T, w *world) {
	a, b := w.board(), w.board()
	if got := onTopic(t, a, "probes"); len(got) != 0 {
		t.Errorf("an empty topic has %v", got)
	}
	large := string(bytes.Repeat([]byte{0, 255, '\r', '\n'}, 1<<16))
	put(t, a, "probes", "erp", "old", time.Hour)
	put(t, a, "probes", "雪兽 {x}", large, time.Hour)
	put(t, b, "probes", "erp", "new", time.Minute)
	put(t, b, "performance/hours", "erp", "elsewhere", time.Hour)
	put(t, b, "probes", "empty", "", time.Hour)
	want := map[string]string{"erp": "new", "雪兽 {x}": large, "empty": ""}
	if got := onTopic(t, b, "probes"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %d members, want %d as published", len(got), len(want))
	}
}

func blobEnds(t *testing.T, w *world) {
	b := w.board()
	put(t, b, "pulse", "long", "x", time.Hour)
	put(t, b, "pulse", "short", "x", 20*time.Millisecond)
	w.eventually(t, "the short one has ended", func() bool { return len(onTopic(t, b, "pulse")) == 1 })
	if got := onTopic(t, b, "pulse"); got["long"] != "x" {
		t.Errorf("left is %v, want the long one", got)
	}
	put(t, b, "brief", "only", "x", 20*time.Millisecond)
	w.eventually(t, "the whole topic has gone", func() bool { return w.rdb.Exists(t.Context(), b.keys("brief")...).Val() == 0 })
}

func overIsCleared(t *testing.T, w *world) {
	b := w.board()
	for i := range 30 {
		put(t, b, "performance", fmt.Sprint("dead", i), "x", time.Millisecond)
	}
	w.eventually(t, "only the living are in Redis", func() bool {
		put(t, b, "performance", "alive", "x", time.Hour)
		return w.rdb.HLen(t.Context(), b.keys("performance")[0]).Val() == 1
	})
}

func TestRedisAwayIsSaidSo(t *testing.T) {
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr(), MaxRetries: -1, DialerRetries: 1})
	t.Cleanup(func() { _ = rdb.Close() })
	m.Close()
	b := New(rdb, "test:")
	_, lead := b.Lead(t.Context(), "x", time.Second)
	_, claim := b.Claim(t.Context(), "x", time.Second)
	_, read := b.Read(t.Context(), "x")
	for name, err := range map[string]error{"lead": lead, "claim": claim, "read": read, "publish": b.Publish(t.Context(), "x", "y", nil, time.Second)} {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
}
