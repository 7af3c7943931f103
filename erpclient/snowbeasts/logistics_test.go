package snowbeasts

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"
)

// clock is a hand-wound clock.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) wind(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestNamesAreKeptForFiveMinutesAndOldOnesServeAFailure(t *testing.T) {
	hand := &clock{at: time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)}
	names := newCompanyNames(nil, "", hand.now)
	var asked int
	answer, failure := map[string]string{"31": "old"}, error(nil)
	get := func() map[string]string {
		return names.ask(t.Context(), func(context.Context) (map[string]string, error) {
			asked++
			return answer, failure
		})(t.Context())
	}
	steps := []struct {
		name   string
		before func()
		want   string
		asked  int
	}{
		{"first", func() {}, "old", 1},
		{"kept", func() { hand.wind(namesLife - namesAhead - time.Second) }, "old", 1},
		{"stale while the ERP fails", func() { hand.wind(namesAhead + time.Second); failure = errors.New("down") }, "old", 2},
		{"asked again at once", func() { answer, failure = map[string]string{"31": "new"}, nil }, "new", 3},
	}
	for _, s := range steps {
		s.before()
		if got := get(); got["31"] != s.want || asked != s.asked {
			t.Errorf("%s: got %q after %d calls, want %q after %d", s.name, got["31"], asked, s.want, s.asked)
		}
	}
}

// TestNamesAreRefreshedAhead keeps: in their last minute the names serve on while new ones are fetched.
func TestNamesAreRefreshedAhead(t *testing.T) {
	hand := &clock{at: time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)}
	names := newCompanyNames(nil, "", hand.now)
	names.ask(t.Context(), func(context.Context) (map[string]string, error) {
		return map[string]string{"31": "old"}, nil
	})(t.Context())
	hand.wind(namesLife - time.Second)
	fetched := make(chan struct{})
	got := names.ask(t.Context(), func(context.Context) (map[string]string, error) {
		defer close(fetched)
		return map[string]string{"31": "new"}, nil
	})(t.Context())
	if got["31"] != "old" {
		t.Errorf("got %q while new names were fetched, want the old ones at once", got["31"])
	}
	<-fetched
	hand.wind(2 * time.Second) // past the old names' end
	for got["31"] == "old" {   // until the flight has landed
		got = names.ask(t.Context(), func(context.Context) (map[string]string, error) {
			return map[string]string{"31": "newer"}, nil
		})(t.Context())
	}
	if got["31"] != "new" {
		t.Errorf("got %q, want what was fetched ahead", got["31"])
	}
}

// mapCache is a SharedCache in memory.
type mapCache struct {
	mu     sync.Mutex
	values map[string][]byte
	err    error
}

func (m *mapCache) Load(_ context.Context, key string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.values[key]
	return value, ok, m.err
}

func (m *mapCache) Save(_ context.Context, key string, value []byte, _ time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[key] = value
	return m.err
}

// TestReplicasShareTheNames keeps: one replica's answer serves the others; a failing cache costs calls only.
func TestReplicasShareTheNames(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fail  error
		asked int
	}{{"shared", nil, 1}, {"cache away", errors.New("away"), 2}} {
		t.Run(tt.name, func(t *testing.T) {
			cache := &mapCache{values: map[string][]byte{}, err: tt.fail}
			asked := 0
			for range 2 {
				names := newCompanyNames(cache, "key", time.Now)
				got := names.ask(t.Context(), func(context.Context) (map[string]string, error) {
					asked++
					return map[string]string{"31": "顺丰"}, nil
				})(t.Context())
				if got["31"] != "顺丰" {
					t.Errorf("got %v", got)
				}
			}
			if asked != tt.asked {
				t.Errorf("the ERP was asked %d times, want %d", asked, tt.asked)
			}
		})
	}
}

func TestNamesAreAskedForOnceByMany(t *testing.T) {
	names := newCompanyNames(nil, "", time.Now)
	release, want := make(chan struct{}), map[string]string{"31": "顺丰"}
	asked := 0
	fetch := func(ctx context.Context) (map[string]string, error) {
		asked++ // the flight is single, so this is too
		<-release
		return want, ctx.Err()
	}
	gone, leave := context.WithCancel(t.Context())
	first := names.ask(gone, fetch)
	second := names.ask(t.Context(), fetch)
	leave() // whoever asked first leaves; the other still gets the names
	if got := first(gone); got != nil {
		t.Errorf("the one who left got %v", got)
	}
	close(release)
	if got := second(t.Context()); !reflect.DeepEqual(got, want) || asked != 1 {
		t.Errorf("got %v after %d calls, want %v after one", got, asked, want)
	}
}

func TestNamesNeverEatTheDeadline(t *testing.T) {
	names := newCompanyNames(nil, "", time.Now)
	release := make(chan struct{})
	ended := make(chan struct{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	wait := names.ask(ctx, func(context.Context) (map[string]string, error) {
		defer close(ended)
		<-release
		return nil, errors.New("too late")
	})
	wait(ctx)
	if ctx.Err() != nil {
		t.Error("the names took the whole deadline")
	}
	close(release)
	<-ended
}
