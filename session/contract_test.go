package session

import (
	"context"
	"errors"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var promises = []struct {
	name string
	keep func(*testing.T, *world)
}{
	{"a token opens its session", tokenOpensItsSession},
	{"absent, revoked and foreign tokens are not found", absentIsNotFound},
	{"an unused session expires", unusedSessionExpires},
	{"a used session slides up to its maximum age", usedSessionSlides},
	{"of 100 parallel uses at half life one renews", parallelRenewal},
	{"the oldest session above the limit ends", oldestSessionEnds},
	{"sessions are listed and revoked together", listedAndRevokedTogether},
	{"the gateway's clock decides nothing", gatewayClockDecidesNothing},
	{"a binding belongs to the openid", bindingBelongsToOpenID},
	{"a binding's secret comes out for that binding only", secretOfThatBinding},
	{"an ERP login is shared and dropped only by who knows it", erpLoginShared},
	{"a lock excludes", lockExcludes},
	{"a lock outlives its owner by its lease at most", lockEndsByLease},
	{"of all who mark a thing as done one is first", oneIsFirst},
	{"a mark ends when it was said to", markEnds},
	{"attempts are counted without a race", attemptsWithoutRace},
	{"attempts leave the window one by one", attemptsLeaveWindow},
	{"a blocked subject lets nothing be counted", blockedCountsNothing},
	{"nothing in Redis can be read", nothingReadable},
	{"a sealed value does not open for another owner", movedDoesNotOpen},
	{"keys rotate", keysRotate},
	{"a last good answer is for its binding and question only", answerOfThatBindingAndQuestion},
	{"last good answers end", answersEnd},
	{"a binding has 64 last good answers at most", answersBounded},
	{"last good answers end with their binding", answersEndWithBinding},
	{"the last good answers of an unreadable binding end, too", answersOfUnreadableBindingEnd},
	{"a last good answer does not open elsewhere", movedAnswerDoesNotOpen},
	{"no last good answer can be read", noAnswerReadable},
	{"ping takes a write", pingWrites},
	{"parallel logins keep to the limit", parallelLoginsKeepLimit},
	{"a renewal does not bring back what was revoked", renewalRevivesNothing},
	{"a revocation counts on every replica at once", revocationCountsEverywhere},
	{"an arrival tells all at once", arrivalTellsAll},
	{"an arrival believes Redis", arrivalBelievesRedis},
	{"a session is found by its id", sessionFoundByID},
	{"a company's bindings are found", companysBindingsFound},
	{"a console session lasts as long as it was said to", consoleSessionLasts},
	{"a customer's bindings are found", customersBindingsFound},
	{"no order of binds and unbinds hides a binding", nothingHidden},
	{"an entry that leads nowhere is swept", leftoversSwept},
	{"a binding of an earlier release is adopted", earlierBindingAdopted},
	{"a customer's entry does not open elsewhere", movedEntryDoesNotOpen},
	{"of a crowd bound to a customer 1000 are found", crowdBounded},
	{"no customer can be read", noCustomerReadable},
	{"an access token is shared and dropped only by who knows it", accessTokenShared},
	{"an access token of a dropped key is none", accessTokenOfDroppedKey},
	{"a rate allows its burst and then its pace", rateAllowsBurstThenPace},
	{"a request that one rate refuses costs nothing", refusedCostsNothing},
	{"a rate is kept without a race", rateWithoutRace},
	{"a verdict tells about the tightest rate", verdictOfTightest},
	{"an intent goes its way", intentGoesItsWay},
	{"of 50 who begin one is fresh", oneIsFresh},
	{"who waits gets the outcome", waitingGetsOutcome},
	{"an intent outlives its owner as lost", intentOutlivesOwner},
	{"who has lost an intent writes nothing down", lateOwnerFenced},
	{"an intent is kept for 24 hours", intentKeptADay},
	{"an outcome is for its key only, and nobody reads it", outcomeSealed},
	{"everything is resealed", everythingResealed},
	{"reseal leaves what does not open", resealLeavesUnreadable},
	{"reseal finds the owners of earlier bindings", resealFindsOwners},
	{"reseal walks page by page", resealWalksPages},
	{"keys rotate under load", rotatesUnderLoad},
}

func TestStoreContract(t *testing.T) {
	t.Run("miniredis", func(t *testing.T) { keepAll(t, openMiniredis) })
	t.Run("redis", func(t *testing.T) {
		if os.Getenv("SNOWGATE_TEST_REDIS") == "" {
			t.Skip("SNOWGATE_TEST_REDIS (a Redis URL) is not set: the contract ran on the in-process Redis only")
		}
		keepAll(t, openRedis)
	})
}

func keepAll(t *testing.T, open func(*testing.T) *world) {
	for _, promise := range promises {
		t.Run(promise.name, func(t *testing.T) { promise.keep(t, open(t)) })
	}
}

var ctx = context.Background()

var anna = Login{OpenID: "openid-of-anna", UnionID: "unionid-of-anna", WeChatSessionKey: "c2Vzc2lvbmtleW9mYW5uYQ=="}

func create(t *testing.T, s *Store, login Login) (string, Session) {
	t.Helper()
	token, sess, err := s.Create(ctx, login)
	if err != nil {
		t.Fatal(err)
	}
	return token, sess
}

func get(t *testing.T, s *Store, token string) (Session, bool) {
	t.Helper()
	sess, renewed, err := s.Get(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	return sess, renewed
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
	for _, other := range []error{ErrNotFound, ErrNotBound, ErrUnavailable, ErrUnreadable, ErrNotOwner} {
		if !errors.Is(want, other) && errors.Is(got, other) {
			t.Fatalf("error %v is also %v", got, other)
		}
	}
}

func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tokenOpensItsSession(t *testing.T, w *world) {
	s := w.store(t, Config{})
	token, made := create(t, s, anna)
	got, renewed := get(t, s, token)
	if got.OpenID != anna.OpenID || got.UnionID != anna.UnionID || got.ID != made.ID || !got.CreatedAt.Equal(made.CreatedAt) {
		t.Errorf("got %+v, want %+v", got, made)
	}
	if renewed {
		t.Error("a new session was renewed")
	}
	if life := made.ExpiresAt.Sub(made.CreatedAt); life != 7*24*time.Hour {
		t.Errorf("it lives %v, want 7 days", life)
	}
	if got.ID != hash(token) || len(token) != 43 || strings.Contains(token, got.ID) {
		t.Errorf("id %q does not belong to a token of %d characters", got.ID, len(token))
	}
	key, err := s.WeChatSessionKey(ctx, got.ID)
	if err != nil || key != anna.WeChatSessionKey {
		t.Errorf("session_key %q, %v", key, err)
	}
	if again, _ := create(t, s, anna); again == token {
		t.Error("two logins got one token")
	}
}

func absentIsNotFound(t *testing.T, w *world) {
	s := w.store(t, Config{})
	_, _, err := s.Get(ctx, newToken())
	wantErr(t, err, ErrNotFound)
	_, err = s.WeChatSessionKey(ctx, hash("no such session"))
	wantErr(t, err, ErrNotFound)

	token, sess := create(t, s, anna)
	noErr(t, s.Revoke(ctx, sess.ID))
	noErr(t, s.Revoke(ctx, sess.ID)) // twice is fine
	_, _, err = s.Get(ctx, token)
	wantErr(t, err, ErrNotFound)
}

func unusedSessionExpires(t *testing.T, w *world) {
	s := w.store(t, Config{TTL: time.Hour})
	token, _ := create(t, s, anna)
	w.forward(t, time.Hour-time.Minute)
	if list, err := s.List(ctx, anna.OpenID); err != nil || len(list) != 1 {
		t.Fatalf("a minute before its end: %d sessions, %v", len(list), err)
	}
	w.forward(t, 2*time.Minute)
	_, _, err := s.Get(ctx, token)
	wantErr(t, err, ErrNotFound)
	if list, err := s.List(ctx, anna.OpenID); err != nil || len(list) != 0 {
		t.Errorf("after its end: %d sessions, %v", len(list), err)
	}
}

func usedSessionSlides(t *testing.T, w *world) {
	s := w.store(t, Config{TTL: 10 * time.Hour, MaxAge: 24 * time.Hour})
	token, made := create(t, s, anna)
	steps := []struct {
		pass    time.Duration
		renewed bool
		ends    time.Duration // after the login
	}{
		{4 * time.Hour, false, 10 * time.Hour},
		{2 * time.Hour, true, 16 * time.Hour},
		{1 * time.Hour, false, 16 * time.Hour},
		{8 * time.Hour, true, 24 * time.Hour}, // at 15 h: the whole would end at 25 h
		{8 * time.Hour, false, 24 * time.Hour},
	}
	var at time.Duration
	for _, step := range steps {
		w.forward(t, step.pass)
		at += step.pass
		got, renewed := get(t, s, token)
		left := got.ExpiresAt.Sub(got.CreatedAt)
		if renewed != step.renewed || (left-step.ends).Abs() > time.Minute {
			t.Errorf("at %v: renewed %v, ends after %v; want %v, %v", at, renewed, left, step.renewed, step.ends)
		}
	}
	if list, err := s.List(ctx, anna.OpenID); err != nil || len(list) != 1 || list[0].ID != made.ID {
		t.Errorf("list %+v, %v", list, err)
	}
	w.forward(t, 2*time.Hour)
	_, _, err := s.Get(ctx, token)
	wantErr(t, err, ErrNotFound)
}

func parallelRenewal(t *testing.T, w *world) {
	s := w.store(t, Config{TTL: time.Hour})
	token, _ := create(t, s, anna)
	w.forward(t, 31*time.Minute)
	var renewals, lost atomic.Int32
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			_, renewed, err := s.Get(ctx, token)
			if err != nil {
				lost.Add(1)
			}
			if renewed {
				renewals.Add(1)
			}
		})
	}
	all.Wait()
	if renewals.Load() != 1 || lost.Load() != 0 {
		t.Errorf("%d renewals and %d failures, want 1 and 0", renewals.Load(), lost.Load())
	}
}

func oldestSessionEnds(t *testing.T, w *world) {
	s := w.store(t, Config{MaxPerOpenID: 3})
	var tokens, ids []string
	for range 5 {
		token, sess := create(t, s, anna)
		tokens, ids = append(tokens, token), append(ids, sess.ID)
	}
	other, _ := create(t, s, Login{OpenID: "someone else"})
	for i, token := range tokens {
		_, _, err := s.Get(ctx, token)
		if i < 2 {
			wantErr(t, err, ErrNotFound)
		} else {
			noErr(t, err)
		}
	}
	get(t, s, other)
	list, err := s.List(ctx, anna.OpenID)
	noErr(t, err)
	var listed []string
	for _, sess := range list {
		listed = append(listed, sess.ID)
	}
	if !reflect.DeepEqual(listed, ids[2:]) {
		t.Errorf("listed %v, want the last three of %v", listed, ids)
	}

	// A session that has ended by itself takes no one's place.
	noErr(t, s.Revoke(ctx, ids[3]))
	create(t, s, anna)
	get(t, s, tokens[2])
	get(t, s, tokens[4])
}

func listedAndRevokedTogether(t *testing.T, w *world) {
	s := w.store(t, Config{})
	first, a := create(t, s, anna)
	_, b := create(t, s, anna)
	_, gone := create(t, s, anna)
	noErr(t, s.Revoke(ctx, gone.ID))
	foreign, _ := create(t, s, Login{OpenID: "someone else"})

	list, err := s.List(ctx, anna.OpenID)
	noErr(t, err)
	if len(list) != 2 || list[0].ID != a.ID || list[0].UnionID != anna.UnionID || list[1].OpenID != anna.OpenID ||
		!list[1].CreatedAt.Equal(b.CreatedAt) || (list[1].ExpiresAt.Sub(b.ExpiresAt)).Abs() > time.Minute {
		t.Errorf("got %+v, want %+v and %+v", list, a, b)
	}
	ids, err := s.RevokeAll(ctx, anna.OpenID)
	if err != nil || !reflect.DeepEqual(ids, []string{a.ID, b.ID}) {
		t.Errorf("revoked %v, %v; want %s and %s", ids, err, a.ID, b.ID)
	}
	_, _, err = s.Get(ctx, first)
	wantErr(t, err, ErrNotFound)
	get(t, s, foreign)
	if ids, err = s.RevokeAll(ctx, anna.OpenID); err != nil || len(ids) != 0 {
		t.Errorf("a second time: %v, %v", ids, err)
	}
}

func gatewayClockDecidesNothing(t *testing.T, w *world) {
	for _, off := range []time.Duration{-2 * time.Hour, 2 * time.Hour} {
		wrong := w.store(t, Config{TTL: time.Hour, Now: func() time.Time { return time.Now().Add(off) }})
		token, made := create(t, wrong, anna)
		if now := w.rdb.Time(ctx).Val(); now.Sub(made.CreatedAt).Abs() > time.Minute {
			t.Errorf("clock off by %v: created at %v, Redis says %v", off, made.CreatedAt, now)
		}
		w.forward(t, 20*time.Minute)
		if _, renewed := get(t, wrong, token); renewed {
			t.Errorf("clock off by %v: renewed after a third of its life", off)
		}
		unlock, err := wrong.Lock(ctx, "clock", time.Minute)
		noErr(t, err)
		unlock()
		w.forward(t, 41*time.Minute)
		_, _, err = wrong.Get(ctx, token)
		wantErr(t, err, ErrNotFound)
	}
}

func annasBinding() Binding {
	return Binding{ID: "b1", OpenID: anna.OpenID, Way: "account", ERPUsername: "erp-user-anna", CompanyID: "C1",
		CompanyName: "雪兽", CustomerID: "K7", Permissions: []string{"orders.read"},
		BoundAt: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC), Secret: "erp-password-of-anna"}
}

func bindingBelongsToOpenID(t *testing.T, w *world) {
	now := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	s := w.store(t, Config{TTL: time.Hour, Now: func() time.Time { return now }})
	_, err := s.Binding(ctx, anna.OpenID)
	wantErr(t, err, ErrNotBound)
	_, err = s.Unbind(ctx, anna.OpenID)
	wantErr(t, err, ErrNotBound)

	_, sess := create(t, s, anna)
	noErr(t, s.Bind(ctx, annasBinding()))
	noErr(t, s.Revoke(ctx, sess.ID))
	w.forward(t, 400*24*time.Hour)
	want := annasBinding()
	want.Secret = ""
	got, err := s.Binding(ctx, anna.OpenID)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("binding %#v, %v", got, err)
	}

	// The next one takes its place, secret included.
	noErr(t, s.Bind(ctx, Binding{ID: "b2", OpenID: anna.OpenID, Way: "invite"}))
	gone, err := s.Unbind(ctx, anna.OpenID)
	if err != nil || gone.ID != "b2" || gone.Way != "invite" || !gone.BoundAt.Equal(now) {
		t.Errorf("unbound %v at %v, %v", gone, gone.BoundAt, err)
	}
	_, err = s.Binding(ctx, anna.OpenID)
	wantErr(t, err, ErrNotBound)
	if s.Bind(ctx, Binding{ID: "b3"}) == nil || s.Bind(ctx, Binding{OpenID: "o"}) == nil {
		t.Error("a binding without id or openid was stored")
	}
}

func secretOfThatBinding(t *testing.T, w *world) {
	s := w.store(t, Config{})
	_, err := s.Secret(ctx, anna.OpenID, "b1")
	wantErr(t, err, ErrNotBound)
	noErr(t, s.Bind(ctx, annasBinding()))
	if secret, err := s.Secret(ctx, anna.OpenID, "b1"); err != nil || secret != "erp-password-of-anna" {
		t.Errorf("secret %q, %v", secret, err)
	}
	_, err = s.Secret(ctx, anna.OpenID, "b0")
	wantErr(t, err, ErrNotBound)
	noErr(t, s.Bind(ctx, Binding{ID: "b2", OpenID: anna.OpenID, Way: "invite"}))
	if secret, err := s.Secret(ctx, anna.OpenID, "b2"); err != nil || secret != "" {
		t.Errorf("secret of the invite way %q, %v", secret, err)
	}
	_, err = s.Secret(ctx, anna.OpenID, "b1")
	wantErr(t, err, ErrNotBound)
}

func erpLoginShared(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	const account = "snowbeasts|https://erp|anna"
	_, err := s.LoadERPLogin(ctx, account)
	wantErr(t, err, ErrNotFound)

	noErr(t, s.SaveERPLogin(ctx, account, []byte("cookie-1"), time.Hour))
	if login, err := replica.LoadERPLogin(ctx, account); err != nil || string(login) != "cookie-1" {
		t.Errorf("login %q, %v", login, err)
	}
	noErr(t, replica.SaveERPLogin(ctx, account, []byte("cookie-2"), time.Hour))
	noErr(t, s.DropERPLogin(ctx, account, []byte("cookie-1"))) // late: it is no longer this one
	if login, err := s.LoadERPLogin(ctx, account); err != nil || string(login) != "cookie-2" {
		t.Errorf("after a late drop: %q, %v", login, err)
	}
	noErr(t, s.DropERPLogin(ctx, account, []byte("cookie-2")))
	_, err = s.LoadERPLogin(ctx, account)
	wantErr(t, err, ErrNotFound)

	noErr(t, s.SaveERPLogin(ctx, account, []byte("cookie-3"), time.Hour))
	w.forward(t, time.Hour+time.Second)
	_, err = s.LoadERPLogin(ctx, account)
	wantErr(t, err, ErrNotFound)
	if s.SaveERPLogin(ctx, account, nil, 0) == nil {
		t.Error("a login without a lifetime was stored")
	}
}

func lockExcludes(t *testing.T, w *world) {
	s := w.store(t, Config{})
	var inside, most, turns atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			unlock, err := s.Lock(ctx, "erp login", time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			if n := inside.Add(1); n > most.Load() {
				most.Store(n)
			}
			turns.Add(1)
			inside.Add(-1)
			unlock()
			unlock()
		})
	}
	all.Wait()
	if turns.Load() != 8 || most.Load() != 1 {
		t.Errorf("%d turns, at most %d at once; want 8 and 1", turns.Load(), most.Load())
	}

	held, err := s.Lock(ctx, "erp login", time.Minute)
	noErr(t, err)
	defer held()
	short, cancel := context.WithTimeout(ctx, 80*time.Millisecond)
	defer cancel()
	if _, err := s.Lock(short, "erp login", time.Minute); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnavailable) {
		t.Errorf("a lock that is held: %v, want the context's error alone", err)
	}
	unlock, err := s.Lock(ctx, "another", time.Minute)
	noErr(t, err)
	unlock()
	if _, err := s.Lock(ctx, "x", 0); err == nil {
		t.Error("a lock without a lease was given")
	}
}

func lockEndsByLease(t *testing.T, w *world) {
	s := w.store(t, Config{})
	dead, err := s.Lock(ctx, "job", 30*time.Second) // its owner dies here
	noErr(t, err)
	w.forward(t, 31*time.Second)
	unlock, err := s.Lock(ctx, "job", 30*time.Second)
	noErr(t, err)
	dead() // it rises again, and must not take the lock from its new owner
	short, cancel := context.WithTimeout(ctx, 80*time.Millisecond)
	defer cancel()
	if _, err := s.Lock(short, "job", time.Second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the late owner freed a lock that was not its own: %v", err)
	}
	unlock()
	again, err := s.Lock(ctx, "job", time.Second)
	noErr(t, err)
	again()
}

func oneIsFirst(t *testing.T, w *world) {
	s, replica := w.store(t, Config{}), w.store(t, Config{})
	seen, err := s.Seen(ctx, "push of anna")
	noErr(t, err)
	if seen {
		t.Error("seen before it was marked")
	}
	var firsts atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			first, err := []*Store{s, replica}[i%2].Once(ctx, "push of anna", time.Minute)
			if err != nil {
				t.Error(err)
			}
			if first {
				firsts.Add(1)
			}
		})
	}
	all.Wait()
	if seen, err = replica.Seen(ctx, "push of anna"); err != nil || !seen || firsts.Load() != 1 {
		t.Errorf("%d were first, seen %v, %v; want 1, true", firsts.Load(), seen, err)
	}
	if first, err := s.Once(ctx, "push of bob", time.Minute); err != nil || !first {
		t.Errorf("another thing: first %v, %v", first, err)
	}
	if _, err := s.Once(ctx, "x", 0); err == nil {
		t.Error("a mark without a lifetime was made")
	}
}

func markEnds(t *testing.T, w *world) {
	s := w.store(t, Config{})
	for _, step := range []struct {
		pass  time.Duration
		first bool
	}{{0, true}, {50 * time.Second, false}, {11 * time.Second, true}} { // the second does not prolong the first
		w.forward(t, step.pass)
		if first, err := s.Once(ctx, "push of anna", time.Minute); err != nil || first != step.first {
			t.Errorf("after %v: first %v, %v; want %v", step.pass, first, err, step.first)
		}
	}
}

func attempt(t *testing.T, s *Store, limit int, subjects ...string) time.Duration {
	t.Helper()
	wait, err := s.Attempt(ctx, 15*time.Minute, limit, subjects...)
	noErr(t, err)
	return wait
}

func attemptsWithoutRace(t *testing.T, w *world) {
	s := w.store(t, Config{})
	var through atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			wait, err := s.Attempt(ctx, 15*time.Minute, 5, "openid:anna", "erp:anna")
			if err != nil {
				t.Error(err)
			} else if wait == 0 {
				through.Add(1)
			}
		})
	}
	all.Wait()
	if through.Load() != 5 {
		t.Errorf("%d of 50 came through, want 5", through.Load())
	}
}

func attemptsLeaveWindow(t *testing.T, w *world) {
	s := w.store(t, Config{})
	for i := range 3 {
		if wait := attempt(t, s, 3, "ip"); wait != 0 {
			t.Fatalf("try %d has to wait %v", i+1, wait)
		}
		w.forward(t, time.Minute)
	}
	if wait := attempt(t, s, 3, "ip"); (wait - 12*time.Minute).Abs() > 10*time.Second {
		t.Errorf("waits %v, want 12 minutes", wait)
	}
	w.forward(t, 12*time.Minute+15*time.Second)
	if wait := attempt(t, s, 3, "ip"); wait != 0 {
		t.Errorf("the first has left the window, and still %v", wait)
	}
	if wait := attempt(t, s, 3, "ip"); wait <= 0 || wait > time.Minute {
		t.Errorf("waits %v, want up to a minute", wait)
	}
	noErr(t, s.Refund(ctx, "ip", "ip"))
	noErr(t, s.Refund(ctx))
	if wait := attempt(t, s, 3, "ip"); wait != 0 {
		t.Errorf("one try taken back, and still %v", wait)
	}
	if wait := attempt(t, s, 3, "ip"); wait == 0 {
		t.Error("taking one try back gave two")
	}
}

func blockedCountsNothing(t *testing.T, w *world) {
	s := w.store(t, Config{})
	for range 2 {
		attempt(t, s, 2, "erp:victim")
	}
	for range 5 {
		if wait := attempt(t, s, 2, "openid:bob", "erp:victim"); wait <= 0 {
			t.Fatal("a blocked subject was let through")
		}
	}
	for i := range 2 {
		if wait := attempt(t, s, 2, "openid:bob", "openid:bob"); wait != 0 {
			t.Fatalf("try %d of bob waits %v, though none was counted", i+1, wait)
		}
	}
	if wait := attempt(t, s, 2, "openid:bob"); wait <= 0 {
		t.Error("bob's third try came through")
	}
	for range 9 {
		if attempt(t, s, 0, "nobody") != 0 || attempt(t, s, 1) != 0 {
			t.Fatal("no limit, or no subject, blocked")
		}
	}
	if _, err := s.Attempt(ctx, 0, 1, "x"); err == nil {
		t.Error("an empty window was taken")
	}
}

func nothingReadable(t *testing.T, w *world) {
	s := w.store(t, Config{})
	token, _ := create(t, s, anna)
	noErr(t, s.Bind(ctx, annasBinding()))
	noErr(t, s.SaveERPLogin(ctx, "account-of-anna", []byte("SESSIONID=cookie-of-anna"), time.Hour))
	_, err := s.Lock(ctx, "lock-of-anna", time.Hour)
	noErr(t, err)
	attempt(t, s, 5, "attempt-of-anna")

	dump := w.dump(t)
	for _, secret := range []string{token, anna.OpenID, anna.UnionID, anna.WeChatSessionKey, "c2Vzc2lvbm",
		"cookie-of-anna", "erp-password-of-anna", "erp-user-anna", "雪兽", "account-of-anna", "lock-of-anna", "attempt-of-anna"} {
		if strings.Contains(dump, secret) {
			t.Errorf("Redis holds %q in the clear", secret)
		}
	}
	if n := strings.Count(dump, "\n"); n < 12 {
		t.Errorf("the dump has %d lines only: it proves nothing", n)
	}
}

func movedDoesNotOpen(t *testing.T, w *world) {
	s := w.store(t, Config{})
	bob := Login{OpenID: "openid-of-bob", WeChatSessionKey: "Ym9i"}
	move := func(from, to string, fields ...string) {
		t.Helper()
		for _, field := range fields {
			noErr(t, w.rdb.HSet(ctx, to, field, w.rdb.HGet(ctx, from, field).Val()).Err())
		}
	}
	_, annas := create(t, s, anna)
	token, bobs := create(t, s, bob)
	move(s.sessionKey(annas.ID), s.sessionKey(bobs.ID), "k")
	_, err := s.WeChatSessionKey(ctx, bobs.ID)
	wantErr(t, err, ErrUnreadable)
	move(s.sessionKey(annas.ID), s.sessionKey(bobs.ID), "i")
	_, _, err = s.Get(ctx, token)
	wantErr(t, err, ErrUnreadable)
	if list, err := s.List(ctx, bob.OpenID); err != nil || len(list) != 1 || list[0].OpenID != bob.OpenID || list[0].ID != bobs.ID {
		t.Errorf("an unreadable session must stay listed: %+v, %v", list, err)
	}

	noErr(t, s.Bind(ctx, annasBinding()))
	move(s.bindingKey(anna.OpenID), s.bindingKey(bob.OpenID), "id", "v", "s")
	_, err = s.Binding(ctx, bob.OpenID)
	wantErr(t, err, ErrUnreadable)
	_, err = s.Secret(ctx, bob.OpenID, "b1")
	wantErr(t, err, ErrUnreadable)

	noErr(t, s.SaveERPLogin(ctx, "a", []byte("cookie"), time.Hour))
	move(s.erpLoginKey("a"), s.erpLoginKey("b"), "v")
	_, err = s.LoadERPLogin(ctx, "b")
	wantErr(t, err, ErrUnreadable)
}

func keysRotate(t *testing.T, w *world) {
	oldKey, newKey := testKey("old", 1), testKey("new", 2)
	before, during, after := w.store(t, Config{}, oldKey), w.store(t, Config{}, newKey, oldKey), w.store(t, Config{}, newKey)
	token, sess := create(t, before, anna)
	noErr(t, before.Bind(ctx, annasBinding()))
	noErr(t, before.SaveERPLogin(ctx, "a", []byte("cookie"), time.Hour))

	get(t, during, token)
	if key, err := during.WeChatSessionKey(ctx, sess.ID); err != nil || key != anna.WeChatSessionKey {
		t.Errorf("during the rotation: session_key %q, %v", key, err)
	}
	if secret, err := during.Secret(ctx, anna.OpenID, "b1"); err != nil || secret != "erp-password-of-anna" {
		t.Errorf("during the rotation: secret %q, %v", secret, err)
	}
	newToken, _ := create(t, during, anna)
	get(t, after, newToken)

	_, _, err := after.Get(ctx, token)
	wantErr(t, err, ErrUnreadable)
	_, err = after.Binding(ctx, anna.OpenID)
	wantErr(t, err, ErrUnreadable)
	gone, err := after.Unbind(ctx, anna.OpenID)
	if err != nil || gone.ID != "b1" || gone.OpenID != anna.OpenID {
		t.Errorf("unbinding what cannot be read: %v, %v", gone, err)
	}
	noErr(t, after.DropERPLogin(ctx, "a", []byte("cookie"))) // cannot compare: it stays
	if login, err := during.LoadERPLogin(ctx, "a"); err != nil || string(login) != "cookie" {
		t.Errorf("a login somebody else can open was dropped: %q, %v", login, err)
	}
	noErr(t, during.SaveERPLogin(ctx, "a", []byte("cookie"), time.Hour))
	noErr(t, after.DropERPLogin(ctx, "a", []byte("cookie")))
	_, err = during.LoadERPLogin(ctx, "a")
	wantErr(t, err, ErrNotFound)
}

func pingWrites(t *testing.T, w *world) {
	s := w.store(t, Config{})
	noErr(t, s.Ping(ctx))
	if !strings.Contains(w.dump(t), "probe") {
		t.Error("ping left no trace: it did not write")
	}
}
