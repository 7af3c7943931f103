package session

import (
	"errors"
	"sync"
	"testing"
	"time"
)

func parallelLoginsKeepLimit(t *testing.T, w *world) {
	s, replica := w.store(t, Config{MaxPerOpenID: 3}), w.store(t, Config{MaxPerOpenID: 3})
	tokens := make([]string, 30)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			token, _, err := []*Store{s, replica}[i%2].Create(ctx, anna)
			if err != nil {
				t.Error(err)
			}
			tokens[i] = token
		})
	}
	all.Wait()
	alive, different := 0, map[string]bool{}
	for _, token := range tokens {
		different[token] = true
		if _, _, err := s.Get(ctx, token); err == nil {
			alive++
		}
	}
	list, err := s.List(ctx, anna.OpenID)
	if err != nil || alive != 3 || len(list) != 3 || len(different) != len(tokens) {
		t.Errorf("%d sessions open, %d are listed (%v), %d tokens differ; want 3, 3, 30", alive, len(list), err, len(different))
	}
}

func renewalRevivesNothing(t *testing.T, w *world) {
	s := w.store(t, Config{TTL: time.Hour})
	token, _ := create(t, s, anna)
	w.forward(t, 31*time.Minute)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			if i == 50 {
				if _, err := s.RevokeAll(ctx, anna.OpenID); err != nil {
					t.Error(err)
				}
				return
			}
			if _, _, err := s.Get(ctx, token); err != nil && !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	_, _, err := s.Get(ctx, token)
	wantErr(t, err, ErrNotFound)
	if keys := w.keys(t); len(keys) != 0 {
		t.Errorf("Redis still holds %v", keys)
	}
}

func revocationCountsEverywhere(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	here, sess := create(t, s, anna)
	everywhere, _ := create(t, s, anna)
	get(t, replica, here)
	get(t, replica, everywhere)
	noErr(t, s.Revoke(ctx, sess.ID))
	_, _, err := replica.Get(ctx, here)
	wantErr(t, err, ErrNotFound)
	get(t, replica, everywhere) // logging out here leaves the others
	if _, err := s.RevokeAll(ctx, anna.OpenID); err != nil {
		t.Fatal(err)
	}
	_, _, err = replica.Get(ctx, everywhere)
	wantErr(t, err, ErrNotFound)
}
