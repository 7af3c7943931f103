package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func askLimiter(t *testing.T, l *Limiter, checks ...Rate) Verdict {
	t.Helper()
	v, err := l.Limit(ctx, checks...)
	noErr(t, err)
	return v
}

func TestLimiterGoesOnWithoutRedis(t *testing.T) {
	l := NewLimiter(dialed(t, closedPort(t)))
	var through atomic.Int32
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			v, err := l.Limit(ctx, hourly("anna", 5), hourly("ip", 30))
			if err != nil || !v.Local {
				t.Errorf("%+v, %v; want a verdict of this replica's own", v, err)
			}
			if v.Allowed {
				through.Add(1)
			}
		})
	}
	all.Wait()
	if through.Load() != 5 {
		t.Errorf("%d came through, want 5", through.Load())
	}
	if v := askLimiter(t, l, hourly("bob", 9), hourly("ip", 30)); !v.Allowed || v.Remaining != 8 {
		t.Errorf("somebody else: %+v", v)
	}
	if v := askLimiter(t, l, Rate{Key: "x"}); !v.Allowed {
		t.Errorf("no limit: %+v", v)
	}
	if _, err := l.Limit(ctx, Rate{Key: "x", Count: 1}); err == nil || errors.Is(err, ErrUnavailable) {
		t.Errorf("a rate without a period: %v", err)
	}
}

func TestLimiterLeavesASickRedisAlone(t *testing.T) {
	m := miniredis.RunT(t)
	w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
	noErr(t, w.rdb.Ping(ctx).Err())
	hook := &breaking{with: io.EOF}
	w.rdb.AddHook(hook)
	l := NewLimiter(w.store(t, Config{}))
	now := time.Now()
	l.now = func() time.Time { return now }
	for _, step := range []struct {
		name  string
		pass  time.Duration
		sick  bool
		calls int32
		local bool
	}{
		{"well", 0, false, 20, false},
		{"failing", 0, true, 1, true},
		{"still failing", 499 * time.Millisecond, true, 0, true},
		{"tried again", time.Millisecond, true, 1, true},
		{"back, and nobody knows yet", 100 * time.Millisecond, false, 0, true},
		{"found well", 400 * time.Millisecond, false, 20, false},
	} {
		now = now.Add(step.pass)
		hook.left.Store(0)
		if step.sick {
			hook.left.Store(math.MaxInt32)
		}
		hook.calls.Store(0)
		for range 20 {
			if v := askLimiter(t, l, hourly("anna", 1000)); !v.Allowed || v.Local != step.local {
				t.Errorf("%s: %+v", step.name, v)
			}
		}
		if got := hook.calls.Load(); got < step.calls || got > step.calls+1 { // one more where the script was unknown
			t.Errorf("%s: Redis was asked %d times, want %d", step.name, got, step.calls)
		}
	}
}

func TestFrozenRedisIsNotAskedForEachRequest(t *testing.T) {
	l := NewLimiter(dialed(t, frozenServer(t)))
	start := time.Now()
	const requests = 200 // 30 s, if each of them waited for Redis
	for range requests {
		askLimiter(t, l, hourly("anna", 1000))
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%d requests took %v", requests, took)
	}
}

func TestCallerThatLeavesProvesNoOutage(t *testing.T) {
	m := miniredis.RunT(t)
	w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
	l := NewLimiter(w.store(t, Config{}))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if v, err := l.Limit(gone, hourly("anna", 5)); !errors.Is(err, context.Canceled) || v.Allowed {
		t.Errorf("%+v, %v; want context.Canceled", v, err)
	}
	late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	if v, err := l.Limit(late, hourly("anna", 5)); !errors.Is(err, context.DeadlineExceeded) || v.Allowed {
		t.Errorf("%+v, %v; want context.DeadlineExceeded", v, err)
	}
	if v := askLimiter(t, l, hourly("anna", 5)); v.Local {
		t.Errorf("the next one was not asked of Redis: %+v", v)
	}
}

// TestLocalRatesAgreeWithRedis: both count alike, whatever comes.
func TestLocalRatesAgreeWithRedis(t *testing.T) {
	m := miniredis.RunT(t)
	w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
	s := w.store(t, Config{})
	l := NewLimiter(s)
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	m.SetTime(now)
	l.now = func() time.Time { return now }
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	var refusals int
	for i := range 500 {
		step := time.Duration(random.Int64N(700_000)) * time.Microsecond
		now = now.Add(step)
		m.SetTime(now)
		m.FastForward(step)
		checks := []Rate{
			{Key: fmt.Sprint("openid ", random.IntN(3)), Count: 7, Per: 10 * time.Second, Burst: 3},
			{Key: fmt.Sprint("ip ", random.IntN(2)), Count: 1, Per: time.Second, Burst: 5},
		}[:1+random.IntN(2)]
		want := limit(t, s, checks...)
		got, err := l.countHere(checks)
		noErr(t, err)
		if got.Local = false; got != want {
			t.Fatalf("step %d: this replica says %+v, Redis %+v", i, got, want)
		}
		if !got.Allowed {
			refusals++
		}
	}
	if refusals < 50 || refusals > 450 {
		t.Errorf("%d of 500 were refused: the comparison proves little", refusals)
	}
}

func TestLocalRatesAreBounded(t *testing.T) {
	var l localRates
	now := time.Now()
	take := func(key string) Verdict {
		return l.take([]string{key}, []rate{{hourly(key, 5), 0}}, now)
	}
	for range 5 {
		take("guilty")
	}
	for i := range 2 * maxLocalRates {
		take(fmt.Sprint("stranger ", i))
	}
	if len(l.paid) > maxLocalRates {
		t.Errorf("%d subjects are kept, want %d at most", len(l.paid), maxLocalRates)
	}
	if take("guilty").Allowed {
		t.Error("a flood of strangers made it forget who owes most")
	}
	now = now.Add(2 * time.Hour)
	take("newcomer")
	if len(l.paid) > maxLocalRates-evictionLook+1 {
		t.Errorf("%d subjects are kept: nobody who owes nothing was forgotten", len(l.paid))
	}
}
