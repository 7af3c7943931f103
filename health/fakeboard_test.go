package health

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"
)

var errNoBoard = errors.New("board is out of reach")

// meeting is a place where the replicas of one test meet. Its clock is that of the bubble.
type meeting struct {
	mu     sync.Mutex
	away   bool
	leases map[string]held
	topics map[string]map[string]held
}

// held is a lease or a blob.
type held struct {
	by   string
	blob []byte
	ends time.Time
}

func newMeeting() *meeting {
	return &meeting{leases: map[string]held{}, topics: map[string]map[string]held{}}
}

// as is the place as one replica sees it.
func (m *meeting) as(replica string) *seat { return &seat{m, replica} }

func (m *meeting) goAway(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// enter locks the place, and says whether it can be reached.
func (m *meeting) enter() error {
	m.mu.Lock()
	if m.away {
		return errNoBoard
	}
	return nil
}

// put leaves a blob as another release, or a vandal, would.
func (m *meeting) put(t *testing.T, topic, member string, blob []byte) {
	t.Helper()
	if err := m.as("vandal").Publish(t.Context(), topic, member, blob, time.Hour); err != nil {
		t.Fatal(err)
	}
}

type seat struct {
	m       *meeting
	replica string
}

func (s *seat) Lead(_ context.Context, name string, lease time.Duration) (bool, error) {
	err := s.m.enter()
	defer s.m.mu.Unlock()
	if err != nil {
		return false, err
	}
	if l := s.m.leases[name]; l.by != s.replica && time.Now().Before(l.ends) {
		return false, nil
	}
	s.m.leases[name] = held{by: s.replica, ends: time.Now().Add(lease)}
	return true, nil
}

func (s *seat) Publish(_ context.Context, topic, member string, blob []byte, ttl time.Duration) error {
	err := s.m.enter()
	defer s.m.mu.Unlock()
	if err != nil {
		return err
	}
	if s.m.topics[topic] == nil {
		s.m.topics[topic] = map[string]held{}
	}
	s.m.topics[topic][member] = held{blob: blob, ends: time.Now().Add(ttl)}
	return nil
}

func (s *seat) Read(_ context.Context, topic string) (map[string][]byte, error) {
	err := s.m.enter()
	defer s.m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(s.m.topics[topic], func(_ string, h held) bool { return !time.Now().Before(h.ends) })
	blobs := map[string][]byte{}
	for member, h := range s.m.topics[topic] {
		blobs[member] = h.blob
	}
	return blobs, nil
}
