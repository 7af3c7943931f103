package erptest

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"snowgate/erpclient"
)

// Sessions is an erpclient.SessionStore in memory. Clients that share one are replicas of each other.
type Sessions struct {
	mu    sync.Mutex
	fail  map[string]error
	kept  map[string]kept
	locks map[string]chan struct{}
}

type kept struct {
	blob  []byte
	until time.Time
}

// NewSessions makes an empty store.
func NewSessions() *Sessions {
	return &Sessions{fail: map[string]error{}, kept: map[string]kept{}, locks: map[string]chan struct{}{}}
}

// Fail makes an operation ("Load", "Save", "Drop", "Lock") fail from now on; nil heals it.
func (s *Sessions) Fail(operation string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail[operation] = err
}

// Len is how many live sessions are kept.
func (s *Sessions) Len() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		if time.Now().Before(k.until) {
			n++
		}
	}
	return n
}

// Load implements erpclient.SessionStore.
func (s *Sessions) Load(_ context.Context, key string) ([]byte, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[key]
	if err := s.fail["Load"]; err != nil || !ok || !time.Now().Before(k.until) {
		return nil, false, err
	}
	return bytes.Clone(k.blob), true, nil
}

// Save implements erpclient.SessionStore.
func (s *Sessions) Save(_ context.Context, key string, session []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail["Save"]; err != nil {
		return err
	}
	s.kept[key] = kept{bytes.Clone(session), time.Now().Add(ttl)}
	return nil
}

// Drop implements erpclient.SessionStore.
func (s *Sessions) Drop(_ context.Context, key string, session []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail["Drop"]; err != nil {
		return err
	}
	if bytes.Equal(s.kept[key].blob, session) {
		delete(s.kept, key)
	}
	return nil
}

// Lock implements erpclient.SessionStore. As with Redis, it is a lease: it ends by itself.
func (s *Sessions) Lock(ctx context.Context, name string, lease time.Duration) (func(), error) {
	lock, err := s.lock(name)
	if err != nil {
		return nil, err
	}
	select {
	case lock <- struct{}{}:
		var once sync.Once
		unlock := func() { once.Do(func() { <-lock }) }
		expiry := time.AfterFunc(lease, unlock)
		return func() { expiry.Stop(); unlock() }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Sessions) lock(name string) (chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail["Lock"]; err != nil {
		return nil, err
	}
	if s.locks[name] == nil {
		s.locks[name] = make(chan struct{}, 1)
	}
	return s.locks[name], nil
}

// ErrNoBinding is what Keyring says of an identity it does not know, or no longer.
var ErrNoBinding = errors.New("erptest: no such binding")

// Keyring is an erpclient.Keyring in memory: credentials by owner. A rejection ends the owner's binding.
type Keyring struct {
	mu       sync.Mutex
	creds    map[string]erpclient.Credentials
	rejected []erpclient.Identity
}

// Put binds an owner to credentials.
func (k *Keyring) Put(owner string, c erpclient.Credentials) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.creds == nil {
		k.creds = map[string]erpclient.Credentials{}
	}
	k.creds[owner] = c
}

// Rejected are the identities whose credentials were rejected, in order.
func (k *Keyring) Rejected() []erpclient.Identity {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]erpclient.Identity(nil), k.rejected...)
}

// Credentials implements erpclient.Keyring.
func (k *Keyring) Credentials(_ context.Context, id erpclient.Identity) (erpclient.Credentials, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	c, ok := k.creds[id.Owner]
	if !ok {
		return erpclient.Credentials{}, ErrNoBinding
	}
	return c, nil
}

// Reject implements erpclient.Keyring.
func (k *Keyring) Reject(_ context.Context, id erpclient.Identity) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rejected = append(k.rejected, id)
	delete(k.creds, id.Owner)
}
