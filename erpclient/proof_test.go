package erpclient_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// Two owners share an ERP account. Its password has been changed, and only the first has bound anew with it.
var (
	withNew = erpclient.Identity{Owner: "first", BindingID: "b-21", Account: "acc-shared", Proof: secretProof("digest:new")}
	withOld = erpclient.Identity{Owner: "second", BindingID: "b-22", Account: "acc-shared", Proof: secretProof("digest:old")}
)

func secretProof(secret string) string {
	return erpclient.Credentials{Account: "acc-shared", Secret: secret}.Proof()
}

// shared is a world in which the ERP takes one secret for the account, and counts what it was offered.
type shared struct {
	*world
	mu     sync.Mutex
	valid  string
	offers map[string]int
}

func newShared() *shared {
	s := &shared{world: newWorld(), valid: "digest:old", offers: map[string]int{}}
	s.erp.OnLogin = func(_ context.Context, c erpclient.Credentials) (erpclient.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.offers[c.Secret]++
		if c.Secret != s.valid {
			return erpclient.Session{}, erpclient.Errorf(erptest.OpLogin, erpclient.KindBadCredentials, "wrong password")
		}
		return s.erp.NewSession(c.Account), nil
	}
	s.keyring.Put("second", erpclient.Credentials{Account: "acc-shared", Secret: "digest:old"})
	return s
}

// rebind changes the password at the ERP and has the first owner bind with the new one.
func (s *shared) rebind(t *testing.T, c *erpclient.Client) {
	t.Helper()
	s.mu.Lock()
	s.valid = "digest:new"
	s.mu.Unlock()
	bound, err := c.BindAccount(t.Context(), "acc-shared", "new")
	if err != nil {
		t.Fatal(err)
	}
	if bound.Proof != withNew.Proof {
		t.Fatalf("the binding's proof is %q, want that of its secret, %q", bound.Proof, withNew.Proof)
	}
	s.keyring.Put("first", erpclient.Credentials{Account: "acc-shared", Secret: bound.Secret})
}

func (s *shared) wantOffers(t *testing.T, secret string, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if got := s.offers[secret]; got != want {
		t.Errorf("the ERP was offered %s %d times, want %d", secret, got, want)
	}
}

func TestASessionMadeWithAnotherSecretIsNotUsed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShared()
		c := s.client(nil)
		mustSearch(t, c, withOld, "while the old password is right")
		s.rebind(t, c)
		mustSearch(t, c, withNew, "the session made by binding is used")

		_, err := search(t.Context(), c, withOld, "sled")
		wantKind(t, err, erpclient.KindBadCredentials)
		if _, err = search(t.Context(), c, withOld, "again"); !errors.Is(err, erptest.ErrNoBinding) {
			t.Errorf("got %v, want no binding any more", err)
		}
		s.wantOffers(t, "digest:old", 2) // the good one long ago, and the one that was refused
		if got := s.keyring.Rejected(); len(got) != 1 || got[0] != withOld {
			t.Errorf("rejected %v, want the one with the old password, once", got)
		}

		mustSearch(t, c, withNew, "unaffected")
		mustSearch(t, s.client(nil), withNew, "unaffected on another replica as well")
		s.wantOffers(t, "digest:new", 1)
	})
}

// A session that another replica has kept serves its own secret only.
func TestAStoredSessionMadeWithAnotherSecretIsNotUsed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShared()
		s.rebind(t, s.client(nil))
		_, err := search(t.Context(), s.client(nil), withOld, "sled")
		wantKind(t, err, erpclient.KindBadCredentials)
		s.wantOffers(t, "digest:old", 1)
		mustSearch(t, s.client(nil), withNew, "sled")
		s.wantOffers(t, "digest:new", 1)
	})
}

// A rebinding ends the sessions made with the old secret for whoever has the new one, too.
func TestTheNewSecretIsProvedByALogin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShared()
		replica := s.client(nil)
		mustSearch(t, replica, withOld, "the replica has a session made with the old secret")
		s.rebind(t, s.client(nil))
		for range 2 {
			mustSearch(t, replica, withNew, "sled")
		}
		s.wantOffers(t, "digest:new", 1)
	})
}

// Equal questions of one account in flight are not one call when they were asked with two secrets.
func TestNobodyJoinsTheFlightOfAnotherSecret(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShared()
		c := s.client(nil)
		s.rebind(t, c)
		s.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 100*time.Millisecond) })
		var both sync.WaitGroup
		both.Go(func() { mustSearch(t, c, withNew, "sled") })
		synctest.Wait()
		_, err := search(t.Context(), c, withOld, "sled")
		wantKind(t, err, erpclient.KindBadCredentials)
		both.Wait()
	})
}

// Under load from both at once, the one with the new secret never notices the other.
func TestTheRightSecretIsUnaffectedUnderLoad(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newShared()
		c := s.client(func(cfg *erpclient.Config) { cfg.MaxInFlight = 100 })
		s.rebind(t, c)
		s.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 20*time.Millisecond) })
		var both sync.WaitGroup
		both.Go(func() { _ = searchAll(t.Context(), c, withOld, 40) })
		both.Go(func() { wantNoErrors(t, searchAll(t.Context(), c, withNew, 40)) })
		both.Wait()
		s.wantOffers(t, "digest:old", 1)
		s.wantOffers(t, "digest:new", 1)
		if got := s.keyring.Rejected(); len(got) != 1 {
			t.Errorf("rejected %v, want one", got)
		}
	})
}

func TestAProofTellsSecretsAndAccountsApartAndHidesThem(t *testing.T) {
	seen := map[string]erpclient.Credentials{}
	for _, creds := range []erpclient.Credentials{
		{}, {Account: "a"}, {Secret: "a"}, {Account: "a", Secret: "b"}, {Account: "b", Secret: "a"}, {Account: "ab"}, {Account: `a"`, Secret: `"b`},
	} {
		proof := creds.Proof()
		if other, known := seen[proof]; known {
			t.Errorf("%q and %q have one proof", creds, other)
		}
		seen[proof] = creds
		if len(proof) != 16 || proof != creds.Proof() {
			t.Errorf("got proof %q, want the same 16 characters each time", proof)
		}
	}
}
