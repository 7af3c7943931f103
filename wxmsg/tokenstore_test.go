package wxmsg

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// clock stands still until it is wound.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: atNoon} }

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

var errStore = errors.New("the store is gone")

// fakeStore is a TokenStore in memory, with a plug to pull.
type fakeStore struct {
	clock *clock
	lock  chan struct{} // full while somebody has the lock

	mu     sync.Mutex
	token  []byte
	until  time.Time
	gone   bool
	loads  int
	saved  []time.Duration
	locked []string
}

func newStore(c *clock) *fakeStore { return &fakeStore{clock: c, lock: make(chan struct{}, 1)} }

func (s *fakeStore) set(change func(*fakeStore)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *fakeStore) LoadToken(context.Context) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	if s.gone {
		return nil, false, errStore
	}
	if s.token == nil || !s.clock.now().Before(s.until) {
		return nil, false, nil
	}
	return bytes.Clone(s.token), true, nil
}

func (s *fakeStore) SaveToken(_ context.Context, token []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return errStore
	}
	s.token, s.until, s.saved = bytes.Clone(token), s.clock.now().Add(ttl), append(s.saved, ttl)
	return nil
}

func (s *fakeStore) DropToken(_ context.Context, token []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return errStore
	}
	if bytes.Equal(s.token, token) {
		s.token = nil
	}
	return nil
}

func (s *fakeStore) Lock(ctx context.Context, name string, _ time.Duration) (func(), error) {
	s.mu.Lock()
	gone := s.gone
	s.locked = append(s.locked, name)
	s.mu.Unlock()
	if gone {
		return nil, errStore
	}
	select {
	case s.lock <- struct{}{}:
		return sync.OnceFunc(func() { <-s.lock }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *fakeStore) held() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.token)
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("never: %s", what)
		}
	}
}
