package session

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// hourly rates do not move while a test runs, on a slow machine either.
func hourly(key string, count int) Rate { return Rate{Key: key, Count: count, Per: time.Hour} }

func limit(t *testing.T, s *Store, checks ...Rate) Verdict {
	t.Helper()
	v, err := s.Limit(ctx, checks...)
	noErr(t, err)
	return v
}

// about compares with what a slow machine may add.
func about(got, want time.Duration) bool { return got <= want && got > want-time.Minute }

func rateAllowsBurstThenPace(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	rate := Rate{Key: "openid of anna", Count: 6, Per: time.Hour, Burst: 3} // one in 10 minutes
	for i := range 3 {
		v := limit(t, []*Store{s, replica}[i%2], rate)
		want := Verdict{Allowed: true, Refused: -1, Limit: 3, Remaining: 2 - i, ResetAfter: v.ResetAfter}
		if v != want || !about(v.ResetAfter, time.Duration(i+1)*10*time.Minute) {
			t.Errorf("request %d: %+v", i+1, v)
		}
	}
	for range 3 { // refused ones do not make it worse
		v := limit(t, s, rate)
		if v.Allowed || v.Refused != 0 || v.Limit != 3 || v.Remaining != 0 || !about(v.RetryAfter, 10*time.Minute) || !about(v.ResetAfter, 30*time.Minute) {
			t.Errorf("above the burst: %+v", v)
		}
	}
	w.forward(t, 10*time.Minute)
	if v := limit(t, s, rate); !v.Allowed || v.Remaining != 0 {
		t.Errorf("an interval later: %+v", v)
	}
	if limit(t, s, rate).Allowed {
		t.Error("an interval gave two requests")
	}
	w.forward(t, 20*time.Minute)
	if v := limit(t, s, rate); !v.Allowed || v.Remaining != 1 {
		t.Errorf("two intervals later: %+v", v)
	}
	w.forward(t, 2*time.Hour)
	if keys := w.keys(t); len(keys) != 0 {
		t.Errorf("the subject has been quiet, and Redis still holds %v", keys)
	}
	if v := limit(t, s, rate); !v.Allowed || v.Remaining != 2 {
		t.Errorf("after a quiet time: %+v", v)
	}
}

func refusedCostsNothing(t *testing.T, w *world) {
	s := w.store(t, Config{})
	limit(t, s, hourly("ip", 1))
	for range 5 {
		if v := limit(t, s, hourly("anna", 2), hourly("ip", 1)); v.Allowed || v.Refused != 1 || v.Limit != 1 {
			t.Fatalf("a full rate let it through: %+v", v)
		}
	}
	for i := range 2 {
		if v := limit(t, s, hourly("anna", 2)); !v.Allowed || v.Remaining != 1-i {
			t.Errorf("request %d of anna, who was not counted: %+v", i+1, v)
		}
	}
	if limit(t, s, hourly("anna", 2)).Allowed {
		t.Error("anna's third request came through")
	}
}

func rateWithoutRace(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	var through atomic.Int32
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			v, err := []*Store{s, replica}[i%2].Limit(ctx, hourly("openid", 9), hourly("ip", 5))
			if err != nil {
				t.Error(err)
			}
			if v.Allowed {
				through.Add(1)
			}
		})
	}
	all.Wait()
	if through.Load() != 5 {
		t.Errorf("%d of 50 came through, want 5", through.Load())
	}
}

func verdictOfTightest(t *testing.T, w *world) {
	s := w.store(t, Config{})
	none, wide, tight := Rate{Key: "x"}, hourly("x", 100), hourly("x", 4)
	if v := limit(t, s, none, wide, tight); v.Limit != 4 || v.Remaining != 3 || !about(v.ResetAfter, 15*time.Minute) {
		t.Errorf("allowed: %+v, want the rate of 4", v)
	}
	limit(t, s, hourly("y", 1))
	limit(t, s, Rate{Key: "z", Count: 1, Per: 24 * time.Hour})
	hour, day := hourly("y", 1), Rate{Key: "z", Count: 1, Per: 24 * time.Hour}
	for i, checks := range [][]Rate{{day, none, hour}, {hour, day}, {none, none, day, wide, hour}} {
		if v := limit(t, s, checks...); v.Refused != i || !about(v.RetryAfter, 24*time.Hour) {
			t.Errorf("two of %v refuse: %+v, want the one to wait longest for, at its own place", checks, v)
		}
	}
	if v := limit(t, s, wide, wide); v.Remaining != 98 {
		t.Errorf("a rate named twice was counted twice: %+v", v)
	}
	if v := limit(t, s, none); v != (Verdict{Allowed: true, Refused: -1}) {
		t.Errorf("no limit: %+v", v)
	}
	for _, bad := range []Rate{{Key: "x", Count: 1}, {Key: "x", Count: 1, Per: -time.Hour}, {Key: "x", Count: 1, Per: 24 * time.Hour, Burst: 1e9}} {
		if v, err := s.Limit(ctx, wide, bad); err == nil || v.Allowed {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestLimitIsOneRoundTrip(t *testing.T) {
	m := miniredis.RunT(t)
	w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
	s := w.store(t, Config{})
	limit(t, s, hourly("x", 5)) // the server learns the script
	count := &breaking{}
	w.rdb.AddHook(count)
	limit(t, s, hourly("x", 5), hourly("y", 5), hourly("z", 5))
	if n := count.calls.Load(); n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
	limit(t, s, Rate{Key: "x"})
	if n := count.calls.Load(); n != 1 {
		t.Error("Redis was asked about no limit")
	}
}
