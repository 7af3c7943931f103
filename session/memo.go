package session

import (
	"sync"
	"time"
)

// memo remembers what its owners' sealed texts opened to, so that the same session or binding is not decrypted and read
// anew with every request. Redis is asked all the same, each time: what is remembered only ever stands for the very text
// that Redis has just answered, so nothing here can outlive a change, a revocation or a key that was taken away from this
// process. What was last is good for one thing more: to guess what else to ask Redis in the same flight.
//
// Safe for concurrent use.
type memo[V any] struct {
	mu    sync.RWMutex
	known map[string]*opened[V] // by owner
	until time.Time             // then everything is forgotten
}

// opened is a text and what it opened to. It never changes.
type opened[V any] struct {
	sealed string
	value  V
}

const (
	// maxRemembered bounds a memo: what is thrown away is opened again.
	maxRemembered = 4096
	// rememberFor bounds how long a person who is gone stays in memory.
	rememberFor = 5 * time.Minute
)

// open returns what the owner's text opens to, by way of unseal where it is not known. Failures are not remembered.
func (m *memo[V]) open(owner, sealed string, unseal func() (V, error)) (V, error) {
	if v, ok := m.recall(owner, sealed); ok {
		return v, nil
	}
	v, err := unseal()
	if err != nil {
		return v, err
	}
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if !now.Before(m.until) || len(m.known) >= maxRemembered {
		m.known, m.until = map[string]*opened[V]{}, now.Add(rememberFor)
	}
	m.known[owner] = &opened[V]{sealed, v}
	return v, nil
}

// recall returns what the owner's text opened to, if it was the last. Moved to another owner, a text does not open.
func (m *memo[V]) recall(owner, sealed string) (v V, ok bool) {
	if last := m.last(owner); last != nil && last.sealed == sealed {
		return last.value, true
	}
	return v, false
}

// last returns the owner's last text and what it opened to, or nil. It proves nothing: the owner may be gone.
func (m *memo[V]) last(owner string) *opened[V] {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if last := m.known[owner]; last != nil && time.Now().Before(m.until) {
		return last
	}
	return nil
}

// forget is for an owner that is gone.
func (m *memo[V]) forget(owner string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, owner)
}
