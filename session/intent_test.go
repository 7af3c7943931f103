package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const aRequest = "POST stock {sled, 3}"

func begin(t *testing.T, s *Store, key string, want IntentState) Intent {
	t.Helper()
	in, err := s.BeginIntent(ctx, key, aRequest, time.Minute)
	noErr(t, err)
	if in.State != want || (in.Owner != "") != (want == IntentFresh || want == IntentLost) {
		t.Fatalf("%q is %v with owner %q, want %s", key, in, in.Owner, want)
	}
	return in
}

func wantOutcome(t *testing.T, s *Store, key, want string) {
	t.Helper()
	if in := begin(t, s, key, IntentDone); string(in.Outcome) != want {
		t.Errorf("outcome %q, want %q", in.Outcome, want)
	}
}

func intentGoesItsWay(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	mismatch := func(key string) {
		t.Helper()
		if in, err := replica.BeginIntent(ctx, key, "another request", time.Minute); err != nil || in.State != IntentMismatch {
			t.Errorf("another request: %v, %v", in, err)
		}
	}
	in := begin(t, s, "k", IntentFresh)
	begin(t, replica, "k", IntentRunning)
	mismatch("k")
	begin(t, replica, "another key", IntentFresh)
	noErr(t, s.FinishIntent(ctx, "k", in.Owner, []byte("booked")))
	noErr(t, s.FinishIntent(ctx, "k", in.Owner, []byte("booked again"))) // the first stays
	wantOutcome(t, replica, "k", "booked")
	mismatch("k")
	wantErr(t, s.FreeIntent(ctx, "k", in.Owner), ErrNotOwner) // it is done
	wantErr(t, s.LoseIntent(ctx, "k", in.Owner), ErrNotOwner)
	wantOutcome(t, replica, "k", "booked")

	in = begin(t, s, "free", IntentFresh)
	wantErr(t, s.FreeIntent(ctx, "free", "somebody"), ErrNotOwner)
	begin(t, replica, "free", IntentRunning)
	noErr(t, s.FreeIntent(ctx, "free", in.Owner))
	noErr(t, s.FreeIntent(ctx, "free", in.Owner))
	in = begin(t, replica, "free", IntentFresh)
	noErr(t, replica.FinishIntent(ctx, "free", in.Owner, nil))
	wantOutcome(t, s, "free", "")

	in = begin(t, s, "lose", IntentFresh)
	noErr(t, s.LoseIntent(ctx, "lose", in.Owner))
	noErr(t, s.LoseIntent(ctx, "lose", in.Owner))
	mismatch("lose")
	heir := begin(t, replica, "lose", IntentLost)
	begin(t, s, "lose", IntentRunning) // somebody is looking it up
	noErr(t, replica.LoseIntent(ctx, "lose", heir.Owner))
	heir = begin(t, s, "lose", IntentLost)
	noErr(t, s.FinishIntent(ctx, "lose", heir.Owner, []byte("found")))
	wantOutcome(t, replica, "lose", "found")

	for _, err := range []error{s.FinishIntent(ctx, "none", "o", nil), s.LoseIntent(ctx, "none", "o")} {
		wantErr(t, err, ErrNotOwner)
	}
	_, noKey := s.BeginIntent(ctx, "", "f", time.Minute)
	_, noLease := s.BeginIntent(ctx, "k", "f", 0)
	if noKey == nil || noLease == nil {
		t.Error("an intent without a key or a lease was begun")
	}
}

func oneIsFresh(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	var fresh, running atomic.Int32
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			in, err := []*Store{s, replica}[i%2].BeginIntent(ctx, "k", aRequest, time.Minute)
			switch {
			case err != nil:
				t.Error(err)
			case in.State == IntentFresh:
				fresh.Add(1)
			case in.State == IntentRunning:
				running.Add(1)
			}
		})
	}
	all.Wait()
	if fresh.Load() != 1 || running.Load() != 49 {
		t.Errorf("%d are fresh and %d running, want 1 and 49", fresh.Load(), running.Load())
	}
}

func waitingGetsOutcome(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	var written, answered atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			s := []*Store{s, replica}[i%2]
			in, err := s.AwaitIntent(ctx, "k", aRequest, time.Minute)
			if err == nil && in.State == IntentFresh {
				err = s.FinishIntent(ctx, "k", in.Owner, fmt.Append(nil, "booking ", written.Add(1)))
				in, _ = s.AwaitIntent(ctx, "k", aRequest, time.Minute)
			}
			if err != nil || in.State != IntentDone || string(in.Outcome) != "booking 1" {
				t.Errorf("%v %q, %v", in, in.Outcome, err)
			}
			answered.Add(1)
		})
	}
	all.Wait()
	if written.Load() != 1 || answered.Load() != 20 {
		t.Errorf("%d writes, %d answers; want 1 and 20", written.Load(), answered.Load())
	}

	held := begin(t, s, "slow", IntentFresh)
	short, cancel := context.WithTimeout(ctx, 80*time.Millisecond)
	defer cancel()
	if _, err := replica.AwaitIntent(short, "slow", aRequest, time.Minute); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable) {
		t.Errorf("still running: %v, want the context's error alone", err)
	}
	got := make(chan IntentState)
	go func() {
		in, err := replica.AwaitIntent(ctx, "slow", aRequest, time.Minute)
		if err != nil {
			t.Error(err)
		}
		got <- in.State
	}()
	noErr(t, s.FreeIntent(ctx, "slow", held.Owner))
	if state := <-got; state != IntentFresh {
		t.Errorf("freed while somebody waited: %s, want fresh", state)
	}
}

func intentOutlivesOwner(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	begin(t, s, "k", IntentFresh) // its owner dies here
	w.forward(t, 50*time.Second)
	begin(t, replica, "k", IntentRunning)
	w.forward(t, 11*time.Second)
	begin(t, replica, "k", IntentLost) // and the heir, too
	begin(t, s, "k", IntentRunning)
	w.forward(t, 61*time.Second)
	in := begin(t, s, "k", IntentLost)
	noErr(t, s.FreeIntent(ctx, "k", in.Owner)) // it looked: nothing was written
	begin(t, replica, "k", IntentFresh)
}

func lateOwnerFenced(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	late := begin(t, s, "k", IntentFresh)
	w.forward(t, 61*time.Second)
	heir := begin(t, replica, "k", IntentLost)
	wantErr(t, s.FinishIntent(ctx, "k", late.Owner, []byte("late")), ErrNotOwner)
	wantErr(t, s.LoseIntent(ctx, "k", late.Owner), ErrNotOwner)
	wantErr(t, s.FreeIntent(ctx, "k", late.Owner), ErrNotOwner)
	begin(t, s, "k", IntentRunning)
	noErr(t, replica.FinishIntent(ctx, "k", heir.Owner, []byte("found")))
	wantErr(t, s.FinishIntent(ctx, "k", late.Owner, []byte("late")), ErrNotOwner)
	wantOutcome(t, s, "k", "found")

	late = begin(t, s, "nobody came", IntentFresh)
	w.forward(t, 61*time.Second)
	noErr(t, s.FinishIntent(ctx, "nobody came", late.Owner, []byte("late, and true")))
	wantOutcome(t, replica, "nobody came", "late, and true")

	late = begin(t, s, "gave up", IntentFresh)
	noErr(t, s.LoseIntent(ctx, "gave up", late.Owner))
	noErr(t, s.FinishIntent(ctx, "gave up", late.Owner, []byte("after all")))
	wantOutcome(t, replica, "gave up", "after all")
}

func intentKeptADay(t *testing.T, w *world) {
	s := w.store(t, Config{})
	in := begin(t, s, "done", IntentFresh)
	lost := begin(t, s, "lost", IntentFresh)
	w.forward(t, time.Hour)
	noErr(t, s.FinishIntent(ctx, "done", in.Owner, []byte("booked")))
	noErr(t, s.LoseIntent(ctx, "lost", lost.Owner))
	w.forward(t, 23*time.Hour+59*time.Minute)
	wantOutcome(t, s, "done", "booked")
	w.forward(t, 2*time.Minute)
	if keys := w.keys(t); len(keys) != 0 {
		t.Errorf("after a day Redis still holds %v", keys)
	}
	begin(t, s, "done", IntentFresh)
}

func outcomeSealed(t *testing.T, w *world) {
	s, after := w.store(t, Config{}), w.store(t, Config{}, testKey("new", 2))
	in := begin(t, s, "key-of-anna", IntentFresh)
	noErr(t, s.FinishIntent(ctx, "key-of-anna", in.Owner, []byte("booked for anna")))
	dump := w.dump(t)
	for _, secret := range []string{"key-of-anna", "booked", "sled", "stock"} {
		if strings.Contains(dump, secret) {
			t.Errorf("Redis holds %q in the clear", secret)
		}
	}
	if !strings.Contains(dump, s.intentKey("key-of-anna")) || !strings.Contains(dump, "k1.") {
		t.Error("the dump lacks the outcome: it proves nothing")
	}

	// Who cannot read what came of it knows that it was written.
	got, err := after.BeginIntent(ctx, "key-of-anna", aRequest, time.Minute)
	wantErr(t, err, ErrUnreadable)
	if got.State != IntentDone {
		t.Errorf("unreadable: %v, want done", got)
	}

	in = begin(t, s, "key-of-bob", IntentFresh)
	noErr(t, s.FinishIntent(ctx, "key-of-bob", in.Owner, []byte("booked for bob")))
	noErr(t, w.rdb.HSet(ctx, s.intentKey("key-of-bob"), "o", w.rdb.HGet(ctx, s.intentKey("key-of-anna"), "o").Val()).Err())
	_, err = s.BeginIntent(ctx, "key-of-bob", aRequest, time.Minute)
	wantErr(t, err, ErrUnreadable)
}
