package session

import (
	"errors"
	"strconv"
	"testing"
)

// TestWhatIsRememberedOutlivesNoRevocation keeps: on every replica a session ends, and a binding changes, with the next
// request.
func TestWhatIsRememberedOutlivesNoRevocation(t *testing.T) {
	w := openMiniredis(t)
	here, there := w.store(t, Config{}), w.store(t, Config{})
	token, sess, err := here.Create(ctx, anna)
	noErr(t, err)
	noErr(t, here.Bind(ctx, annasBinding()))
	for _, s := range []*Store{here, there, here, there} { // both have seen them, twice
		if got, _, err := s.Get(ctx, token); err != nil || got.OpenID != anna.OpenID {
			t.Fatalf("%+v, %v", got, err)
		}
		if b, err := s.Binding(ctx, anna.OpenID); err != nil || b.ID != annasBinding().ID {
			t.Fatalf("%+v, %v", b, err)
		}
	}
	other := annasBinding()
	other.ID, other.CustomerID = "another", "999"
	noErr(t, there.Bind(ctx, other))
	if b, err := here.Binding(ctx, anna.OpenID); err != nil || b.ID != "another" || b.CustomerID != "999" {
		t.Errorf("bound anew elsewhere: %+v, %v", b, err)
	}
	_, err = there.Unbind(ctx, anna.OpenID)
	noErr(t, err)
	if _, err := here.Binding(ctx, anna.OpenID); !errors.Is(err, ErrNotBound) {
		t.Errorf("unbound elsewhere: %v", err)
	}
	noErr(t, there.Revoke(ctx, sess.ID))
	if _, _, err := here.Get(ctx, token); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoked elsewhere: %v", err)
	}
}

// TestARememberedTextOpensForItsOwnerOnly keeps: a sealed value that is moved to another owner does not open, however well
// it is remembered.
func TestARememberedTextOpensForItsOwnerOnly(t *testing.T) {
	s := openMiniredis(t).store(t, Config{})
	sealed := s.sealer.Seal(purposeIdentity, "a", []byte(`{"o":"anna"}`))
	for range 2 {
		if who, err := s.openIdentity("a", sealed); err != nil || who.OpenID != "anna" {
			t.Errorf("%+v, %v", who, err)
		}
		if _, err := s.openIdentity("b", sealed); !errors.Is(err, ErrUnreadable) {
			t.Errorf("moved: %v", err)
		}
	}
}

func TestAMemoIsBoundedAndRemembersNoFailure(t *testing.T) {
	var m memo[int]
	for i := range 3 * maxRemembered {
		if got, err := m.open(strconv.Itoa(i), "x", func() (int, error) { return i, nil }); err != nil || got != i {
			t.Fatal(got, err)
		}
		if len(m.known) > maxRemembered {
			t.Fatalf("%d remembered", len(m.known))
		}
	}
	failed := errors.New("no")
	if _, err := m.open("o", "x", func() (int, error) { return 0, failed }); !errors.Is(err, failed) {
		t.Error(err)
	}
	if got, err := m.open("o", "x", func() (int, error) { return 7, nil }); err != nil || got != 7 {
		t.Errorf("a failure was remembered: %d, %v", got, err)
	}
}

// TestTheCallersPermissionsAreTheirOwn keeps: whoever changes what they were given changes nobody else's.
func TestTheCallersPermissionsAreTheirOwn(t *testing.T) {
	s := openMiniredis(t).store(t, Config{})
	noErr(t, s.Bind(ctx, annasBinding()))
	for range 2 {
		b, err := s.Binding(ctx, anna.OpenID)
		noErr(t, err)
		if len(b.Permissions) != 1 || b.Permissions[0] != annasBinding().Permissions[0] {
			t.Fatalf("a caller's change is everybody's: %v", b.Permissions)
		}
		b.Permissions[0] = "everything"
	}
}
