package session

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// everything is all that can be wanted of an arrival.
var everything = Wanted{
	Binding: true,
	Address: Rate{Key: "ip 192.0.2.1", Count: 1000, Per: time.Hour},
	Caller:  Rate{Key: "read", Count: 20, Per: time.Hour},
}

func arrive(t *testing.T, s interface {
	Arrive(context.Context, string, Wanted) (Arrival, error)
}, token string, want Wanted) Arrival {
	t.Helper()
	a, err := s.Arrive(ctx, token, want)
	noErr(t, err)
	return a
}

// arrivalTellsAll: one answer has what Get, Binding and Limit would have said, whether this replica has seen the token or not.
func arrivalTellsAll(t *testing.T, w *world) {
	s := w.store(t, Config{})
	token, made := create(t, s, anna)
	if a := arrive(t, s, token, everything); !errors.Is(a.BindingErr, ErrNotBound) || a.Session != made || !a.Verdict.Allowed || a.Verdict.Remaining != 19 {
		t.Errorf("unbound: %+v", a)
	}
	noErr(t, s.Bind(ctx, annasBinding()))
	replica := w.store(t, Config{})
	for i := range 4 {
		a := arrive(t, []*Store{s, replica}[i%2], token, everything)
		if a.Session != made || a.Renewed || a.BindingErr != nil || a.Binding.ID != "b1" || a.Binding.OpenID != anna.OpenID || a.Binding.Secret != "" {
			t.Errorf("%d: %+v", i, a)
		}
		if !a.Counted || a.VerdictErr != nil || a.Verdict.Limit != 20 || a.Verdict.Remaining != 18-i || a.Verdict.Refused != -1 {
			t.Errorf("%d: counted as %+v, %v", i, a.Verdict, a.VerdictErr)
		}
	}
	if v := limit(t, s, Rate{Key: "read " + anna.OpenID, Count: 20, Per: time.Hour}); v.Remaining != 14 {
		t.Errorf("Limit counts apart: %+v", v)
	}
	if a := arrive(t, s, token, Wanted{}); a.Binding.ID != "" || a.BindingErr != nil || !a.Counted || !a.Verdict.Allowed || a.Verdict.Limit != 0 {
		t.Errorf("nothing else was wanted: %+v", a)
	}
	tight := everything
	tight.Caller = hourly("write", 1)
	arrive(t, s, token, tight)
	if a := arrive(t, s, token, tight); a.Verdict.Allowed || a.Verdict.Refused != 1 || a.Binding.ID != "b1" {
		t.Errorf("too often: %+v", a)
	}
	tight.Caller.Per = 0
	if a := arrive(t, s, token, tight); a.VerdictErr == nil || errors.Is(a.VerdictErr, ErrUnavailable) {
		t.Errorf("a rate without a period: %v", a.VerdictErr)
	}
}

// arrivalBelievesRedis: what this replica remembers outlives no revocation, no unbinding and no other binding.
func arrivalBelievesRedis(t *testing.T, w *world) {
	here, there := w.store(t, Config{}), w.store(t, Config{})
	token, made := create(t, here, anna)
	noErr(t, here.Bind(ctx, annasBinding()))
	arrive(t, here, token, everything)
	arrive(t, here, token, everything)
	other := annasBinding()
	other.ID, other.CustomerID = "another", "999"
	noErr(t, there.Bind(ctx, other))
	if a := arrive(t, here, token, everything); a.BindingErr != nil || a.Binding.ID != "another" || a.Binding.CustomerID != "999" {
		t.Errorf("bound anew elsewhere: %+v", a)
	}
	a := arrive(t, here, token, everything)
	a.Binding.Permissions[0] = "everything"
	if a = arrive(t, here, token, everything); a.Binding.Permissions[0] == "everything" {
		t.Error("a caller's change is everybody's")
	}
	if _, err := there.Unbind(ctx, anna.OpenID); err != nil {
		t.Fatal(err)
	}
	if a := arrive(t, here, token, everything); !errors.Is(a.BindingErr, ErrNotBound) || a.Binding.ID != "" {
		t.Errorf("unbound elsewhere: %+v", a)
	}
	noErr(t, there.Bind(ctx, annasBinding()))
	noErr(t, there.Revoke(ctx, made.ID))
	for i := range 3 {
		a, err := here.Arrive(ctx, token, everything)
		wantErr(t, err, ErrNotFound)
		if a.Session.OpenID != "" || a.Binding.ID != "" || a.Counted != (i == 0) {
			t.Errorf("revoked elsewhere, use %d: %+v", i, a)
		}
	}
	if v := limit(t, here, Rate{Key: "read " + anna.OpenID, Count: 20, Per: time.Hour}); v.Remaining != 12 {
		t.Errorf("a token that is gone counts for its openid: %+v", v)
	}
}

// TestArrivalIsOneRoundTrip keeps: of a user who was here before, all is asked at once; of a token that is not known here,
// nothing is asked about anybody until Redis has said whose it is.
func TestArrivalIsOneRoundTrip(t *testing.T) {
	w := openMiniredis(t)
	s := w.store(t, Config{})
	token, _ := create(t, s, anna)
	noErr(t, s.Bind(ctx, annasBinding()))
	arrive(t, s, token, everything)
	count := &breaking{}
	w.rdb.AddHook(count)
	arrive(t, s, token, everything)
	if n := count.calls.Load(); n != 1 {
		t.Errorf("%d round trips, want 1", n)
	}
	count.calls.Store(0)
	if _, err := s.Arrive(ctx, newToken(), everything); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if n := count.calls.Load(); n != 1 {
		t.Errorf("a stranger's token: %d round trips, want 1", n)
	}
}

// TestScriptsAreToldAgain keeps: a Redis that has lost its scripts, as by a restart, answers with the same request.
func TestScriptsAreToldAgain(t *testing.T) {
	w := openMiniredis(t)
	s := w.store(t, Config{})
	token, _ := create(t, s, anna)
	noErr(t, s.Bind(ctx, annasBinding()))
	for i := range 3 {
		a := arrive(t, s, token, everything)
		if a.Session.OpenID != anna.OpenID || a.Binding.ID != "b1" || a.VerdictErr != nil || a.Verdict.Remaining != 19-i || a.Verdict.Local {
			t.Errorf("%d: %+v", i, a)
		}
		saveAnswerOf(t, s, "b1", aList, "an answer")
		wantAnswer(t, s, "b1", aList, "an answer")
		noErr(t, w.rdb.ScriptFlush(ctx).Err())
	}
}

// TestABrokenConnectionCountsNothingTwice keeps: what only reads is asked again, the count is not, and goes on here.
func TestABrokenConnectionCountsNothingTwice(t *testing.T) {
	w := openMiniredis(t)
	s := w.store(t, Config{})
	token, _ := create(t, s, anna)
	noErr(t, s.Bind(ctx, annasBinding()))
	arrive(t, s, token, everything)
	hook := &breaking{with: io.EOF}
	w.rdb.AddHook(hook)
	hook.left.Store(1)
	a := arrive(t, s, token, everything)
	if a.Session.OpenID != anna.OpenID || a.Binding.ID != "b1" || !errors.Is(a.VerdictErr, ErrUnavailable) || a.Verdict.Allowed {
		t.Errorf("%+v", a)
	}
	hook.left.Store(1)
	if a := arrive(t, NewLimiter(s), token, everything); a.VerdictErr != nil || !a.Verdict.Local || !a.Verdict.Allowed || a.Binding.ID != "b1" {
		t.Errorf("with a limiter: %+v", a)
	}
	if a := arrive(t, s, token, everything); a.Verdict.Remaining != 18 {
		t.Errorf("counted for one that was not answered: %+v", a.Verdict)
	}
}

// TestLimiterArrivesOnARedisThatRefusesWrites keeps: sessions open, bindings are found, this replica counts for itself, and
// leaves Redis alone with counting for a while.
func TestLimiterArrivesOnARedisThatRefusesWrites(t *testing.T) {
	srv := startServer(t)
	s := dialed(t, srv.addr)
	token := srv.login(s)
	srv.eventually("a binding", func() bool { return s.Bind(ctx, annasBinding()) == nil })
	l := NewLimiter(s)
	now := time.Now()
	l.now = func() time.Time { return now }
	local := func() (a Arrival) {
		t.Helper()
		srv.eventually("an arrival", func() (so bool) {
			var err error
			a, err = l.Arrive(ctx, token, everything)
			return err == nil && a.BindingErr == nil
		})
		return a
	}
	if a := local(); a.Verdict.Local || a.VerdictErr != nil {
		t.Errorf("well: %+v", a)
	}
	srv.must(srv.raw.ReplicaOf(ctx, "127.0.0.1", "1"))
	for range 20 {
		local()
	}
	if a := local(); !a.Verdict.Local || a.Verdict.Allowed || a.Verdict.Refused != 1 || a.Binding.ID != "b1" {
		t.Errorf("too often, on a Redis that is read-only: %+v", a)
	}
	srv.must(srv.raw.ReplicaOf(ctx, "NO", "ONE"))
	now = now.Add(limiterPause)
	srv.eventually("Redis counts again", func() bool { now = now.Add(limiterPause); return !local().Verdict.Local })
}
