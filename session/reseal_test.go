package session

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

var oldKey, newKey = testKey("old", 1), testKey("new", 2)

// held is one of everything that is sealed and stays.
type held struct {
	tokens []string
	sess   Session
}

func holdOfAll(t *testing.T, s *Store) (h held) {
	t.Helper()
	for range 3 {
		token, sess := create(t, s, anna)
		h.tokens, h.sess = append(h.tokens, token), sess
	}
	noErr(t, s.Bind(ctx, annasBinding()))
	bindTo(t, s, "b2", "openid-of-bob", "K7")
	noErr(t, s.SaveToken(ctx, []byte("access"), time.Hour))
	in := begin(t, s, "k", IntentFresh)
	noErr(t, s.FinishIntent(ctx, "k", in.Owner, []byte("booked")))
	begin(t, s, "running", IntentFresh)
	return h
}

// stillThere fails where anything of it does not open.
func (h held) stillThere(s *Store) error {
	for _, token := range h.tokens {
		if sess, _, err := s.Get(ctx, token); err != nil || sess.OpenID != anna.OpenID {
			return fmt.Errorf("session %v: %w", sess, err)
		}
	}
	key, err := s.WeChatSessionKey(ctx, h.sess.ID)
	if err != nil || key != anna.WeChatSessionKey {
		return fmt.Errorf("session_key %q: %w", key, err)
	}
	secret, err := s.Secret(ctx, anna.OpenID, "b1")
	if err != nil || secret != "erp-password-of-anna" {
		return fmt.Errorf("secret %q: %w", secret, err)
	}
	if list, err := s.BoundTo(ctx, "K7"); err != nil || len(list) != 2 {
		return fmt.Errorf("bound to K7: %v, %w", list, err)
	}
	if token, ok, err := s.LoadToken(ctx); err != nil || !ok || string(token) != "access" {
		return fmt.Errorf("access token %q, %v, %w", token, ok, err)
	}
	if in, err := s.BeginIntent(ctx, "k", aRequest, time.Minute); err != nil || string(in.Outcome) != "booked" {
		return fmt.Errorf("%v, %w", in, err)
	}
	return nil
}

func reseal(t *testing.T, s *Store) int {
	t.Helper()
	n, err := s.Reseal(ctx, nil)
	noErr(t, err)
	return n
}

func everythingResealed(t *testing.T, w *world) {
	before, during, after := w.store(t, Config{}, oldKey), w.store(t, Config{}, newKey, oldKey), w.store(t, Config{}, newKey)
	h := holdOfAll(t, before)
	if n := reseal(t, before); n != 0 {
		t.Errorf("%d values resealed with the key they had", n)
	}
	ends := map[string]time.Duration{}
	for _, key := range w.keys(t) {
		ends[key] = w.rdb.PTTL(ctx, key).Val()
	}
	last := 0
	n, err := during.Reseal(ctx, func(done int) {
		if done <= last {
			t.Errorf("progress went from %d to %d", last, done)
		}
		last = done
	})
	// 3 sessions of 2, 2 bindings of 2, a secret, 2 entries, an outcome, a token
	if err != nil || n != 3*2+2*2+1+2+1+1 || last < 3+2+1+2+1 {
		t.Errorf("%d values resealed, %d keys visited, %v", n, last, err)
	}
	noErr(t, h.stillThere(after))
	for key, end := range ends {
		if now := w.rdb.PTTL(ctx, key).Val(); now > end || now < end-time.Minute {
			t.Errorf("%s ended in %v, and after it in %v", key, end, now)
		}
	}
	if n := reseal(t, during); n != 0 {
		t.Errorf("%d values resealed a second time", n)
	}
	if dump := w.dump(t); strings.Contains(dump, "old.") || !strings.Contains(dump, "new.") {
		t.Error("Redis still holds values of the old key")
	}
	if _, err := after.Unbind(ctx, anna.OpenID); err != nil {
		t.Fatal(err)
	}
	wantBoundTo(t, after, "K7", "b2")
}

func resealLeavesUnreadable(t *testing.T, w *world) {
	foreign := w.store(t, Config{}, testKey("gone", 9))
	before, during, after := w.store(t, Config{}, oldKey), w.store(t, Config{}, newKey, oldKey), w.store(t, Config{}, newKey)
	lost, _ := create(t, foreign, Login{OpenID: "somebody"})
	bindTo(t, foreign, "b9", "openid-of-somebody", "K7")
	h := holdOfAll(t, before)
	n, err := during.Reseal(ctx, nil)
	wantErr(t, err, ErrUnreadable)
	if n != 15 || !strings.Contains(err.Error(), "4 values") { // a session of 2, a binding, an entry
		t.Errorf("%d values resealed, %v", n, err)
	}
	noErr(t, h.stillThere(after))
	get(t, foreign, lost)
	if b, err := foreign.Binding(ctx, "openid-of-somebody"); err != nil || b.ID != "b9" {
		t.Errorf("what does not open was touched: %v, %v", b, err)
	}
}

func resealFindsOwners(t *testing.T, w *world) {
	before, during, after := w.store(t, Config{}, oldKey), w.store(t, Config{}, newKey, oldKey), w.store(t, Config{}, newKey)
	h := holdOfAll(t, before)
	w.disown(t, before, anna.OpenID, "K7")
	w.disown(t, before, "openid-of-bob", "K7") // bob is not logged in: nobody knows whose binding it is
	n, err := during.Reseal(ctx, nil)
	wantErr(t, err, ErrUnreadable)
	if n == 0 || !strings.Contains(err.Error(), " 1 values") {
		t.Errorf("%d values resealed, %v", n, err)
	}
	wantBoundTo(t, after, "K7", "b1")
	if b, err := during.Binding(ctx, "openid-of-bob"); err != nil || b.ID != "b2" { // he comes back
		t.Fatalf("%v, %v", b, err)
	}
	reseal(t, during)
	noErr(t, h.stillThere(after))
}

// rotatesUnderLoad exchanges a key as Reseal's comment says, while everything is used and sessions are renewed.
func rotatesUnderLoad(t *testing.T, w *world) {
	cfg := Config{TTL: time.Hour, MaxPerOpenID: 1000}
	before, knows := w.store(t, cfg, oldKey), w.store(t, cfg, "+"+newKey, oldKey)
	seals, after := w.store(t, cfg, newKey, oldKey), w.store(t, cfg, newKey)
	h := holdOfAll(t, before)
	for range 10 {
		token, _ := create(t, before, anna)
		h.tokens = append(h.tokens, token)
	}
	w.forward(t, 31*time.Minute) // all sessions are due
	var made sync.Map            // tokens given meanwhile
	use := func(stores ...*Store) (stop func()) { return load(t, h, &made, stores) }

	stop := use(before, knows) // step 1, replica by replica
	reseal(t, knows)
	stop()
	stop = use(knows, seals) // step 2: old and new ones seal side by side
	reseal(t, seals)
	stop()
	stop = use(seals) // step 3
	reseal(t, seals)
	if n := reseal(t, seals); n != 0 {
		t.Errorf("%d values were left after the first run with the new key alone in front", n)
	}
	stop()
	stop = use(seals, after) // step 4
	stop()
	noErr(t, h.stillThere(after))
	count := 0
	made.Range(func(token, _ any) bool { count++; get(t, after, token.(string)); return true })
	if count < 8 {
		t.Errorf("%d logins only went on meanwhile", count)
	}
}

// load uses stores until it is stopped, and for a round at least. Nothing of it may fail.
func load(t *testing.T, h held, made *sync.Map, stores []*Store) (stop func()) {
	done, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	for i := range 4 {
		s := stores[i%len(stores)]
		all.Go(func() {
			for {
				token, _, err := s.Create(ctx, anna)
				made.Store(token, true)
				if err := errors.Join(err, h.stillThere(s)); err != nil {
					t.Error(err)
					return
				}
				if done.Err() != nil {
					return
				}
			}
		})
	}
	return func() { cancel(); all.Wait() }
}

func TestResealLeavesWhatWasWrittenMeanwhile(t *testing.T) {
	for _, row := range []struct {
		name string
		meet func(t *testing.T, s *Store) // between Reseal's reading and its writing
		then func(t *testing.T, s *Store)
	}{
		{"bound anew", func(t *testing.T, s *Store) { bindTo(t, s, "b2", anna.OpenID, "K8") },
			func(t *testing.T, s *Store) { wantBoundTo(t, s, "K8", "b2"); wantBoundTo(t, s, "K7") }},
		{"unbound", func(t *testing.T, s *Store) { _, err := s.Unbind(ctx, anna.OpenID); noErr(t, err) },
			func(t *testing.T, s *Store) {
				_, err := s.Binding(ctx, anna.OpenID)
				wantErr(t, err, ErrNotBound)
				wantBoundTo(t, s, "K7")
			}},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := miniredis.RunT(t)
			other := (&world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}).store(t, Config{}, oldKey)
			w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "test:"}
			noErr(t, other.Bind(ctx, annasBinding()))
			w.rdb.AddHook(&between{do: func() { row.meet(t, other) }})
			reseal(t, w.store(t, Config{}, newKey, oldKey))
			row.then(t, w.store(t, Config{}, newKey, oldKey))
		})
	}
}

func TestResealGoesOnAfterAnOutage(t *testing.T) {
	m := miniredis.RunT(t)
	whole := &world{rdb: client(t, "redis://"+m.Addr()), prefix: "te*[?t:"} // a prefix is no pattern
	h := holdOfAll(t, whole.store(t, Config{}, oldKey))
	done := 0
	for at := int32(1); ; at += 3 {
		w := &world{rdb: client(t, "redis://"+m.Addr()), prefix: whole.prefix}
		noErr(t, w.rdb.Ping(ctx).Err())
		w.rdb.AddHook(&cutting{at: at})
		n, err := w.store(t, Config{}, newKey, oldKey).Reseal(ctx, nil)
		done += n
		noErr(t, h.stillThere(whole.store(t, Config{}, newKey, oldKey)))
		if err == nil {
			break
		}
		wantErr(t, err, ErrUnavailable)
	}
	if done != 15 {
		t.Errorf("%d values resealed in all, want 15", done)
	}
	noErr(t, h.stillThere(whole.store(t, Config{}, newKey)))
}

// resealWalksPages: more keys than Redis is asked for at once.
func resealWalksPages(t *testing.T, w *world) {
	s := w.store(t, Config{}, oldKey)
	pipe := w.rdb.Pipeline()
	for i := range 2 * resealPage {
		id := fmt.Sprint("id ", i)
		pipe.HSet(ctx, s.sessionKey(id), "i", s.sealer.Seal(purposeIdentity, id, []byte(`{"o":"x"}`)), "k", "")
	}
	_, err := pipe.Exec(ctx)
	noErr(t, err)
	if n := reseal(t, w.store(t, Config{}, newKey, oldKey)); n != 2*resealPage {
		t.Errorf("%d values resealed, want %d", n, 2*resealPage)
	}
}
