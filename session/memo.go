package session

import (
	"sync"
	"time"
)

// memo remembers what sealed texts opened to, so that the same session or binding is not decrypted and read anew with
// every request. Redis is asked all the same, each time: what is remembered only ever stands for the very text that Redis
// has just answered, so nothing here can outlive a change, a revocation or a key that was taken away from this process.
//
// Safe for concurrent use.
type memo[V any] struct {
	mu    sync.RWMutex
	known map[string]V
	until time.Time // then everything is forgotten
}

const (
	// maxRemembered bounds a memo: what is thrown away is opened again.
	maxRemembered = 4096
	// rememberFor bounds how long a person who is gone stays in memory.
	rememberFor = 5 * time.Minute
)

// open returns what the owner's text opens to, by way of unseal where it is not known. Failures are not remembered.
func (m *memo[V]) open(owner, sealed string, unseal func() (V, error)) (V, error) {
	key := owner + " " + sealed // moved to another owner, a text does not open
	now := time.Now()
	m.mu.RLock()
	v, ok := m.known[key]
	ok = ok && now.Before(m.until)
	m.mu.RUnlock()
	if ok {
		return v, nil
	}
	v, err := unseal()
	if err != nil {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !now.Before(m.until) || len(m.known) >= maxRemembered {
		m.known, m.until = map[string]V{}, now.Add(rememberFor)
	}
	m.known[key] = v
	return v, nil
}
