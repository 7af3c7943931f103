package erpclient_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestTheFirstCallLogsInOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		for i := range 5 {
			mustSearch(t, c, alice, strconv.Itoa(i))
		}
		wantCalls(t, w.erp, erptest.OpLogin, 1)
		mustSearch(t, c, bob, "sled")
		wantCalls(t, w.erp, erptest.OpLogin, 2)
	})
}

func TestParallelFirstCallsShareOneLogin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 100*time.Millisecond) })
		c := w.client(func(cfg *erpclient.Config) { cfg.MaxInFlight = 100 })
		wantNoErrors(t, searchAll(t.Context(), c, alice, 100))
		wantCalls(t, w.erp, erptest.OpLogin, 1)
		wantCalls(t, w.erp, erptest.OpSearchOrders, 100)
	})
}

func TestASessionEndsByItself(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		<-time.After(time.Hour) // as long as the fake ERP's sessions live
		mustSearch(t, c, alice, "later")
		wantCalls(t, w.erp, erptest.OpLogin, 2)
		wantCalls(t, w.erp, erptest.OpSearchOrders, 2)
	})
}

func TestALostSessionIsRenewedOnceUnseenByTheCaller(t *testing.T) {
	for _, m := range methods {
		if m.name == "BindAccount" { // it logs in anyway
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.client(nil)
				if err := m.ask(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				<-time.After(6 * time.Minute) // base data is asked for again by now
				w.erp.ForgetSessions()
				calls := w.erp.AllCalls()
				if err := m.ask(t.Context(), c); err != nil {
					t.Fatalf("the caller noticed: %v", err)
				}
				wantCalls(t, w.erp, erptest.OpLogin, 2)
				if repeats := w.erp.AllCalls() - calls - len(m.needs); repeats < 1 || repeats > 2 {
					t.Errorf("%d calls were repeated, want each that met the lost session, once", repeats)
				}
			})
		})
	}
}

func TestALostSessionUnderLoadIsRenewedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxInFlight = 100 })
		w.erp.ForgetSessions()
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 50*time.Millisecond) })
		wantNoErrors(t, searchAll(t.Context(), c, alice, 100))
		wantCalls(t, w.erp, erptest.OpLogin, 2)
		wantCalls(t, w.erp, erptest.OpSearchOrders, 1+100+100)
	})
}

// An ERP that refuses the session it has just made contradicts itself: logging in again would not help, and locks
// accounts. It counts as a bad answer, so that the breaker opens.
func TestAnERPThatRefusesFreshSessionsIsLoggedInToOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(erptest.Fail(erpclient.KindSessionExpired))
		_, err := search(t.Context(), c, alice, "sled")
		wantKind(t, err, erpclient.KindBadAnswer)
		wantCalls(t, w.erp, erptest.OpLogin, 2)
		for range 3 {
			_, err = search(t.Context(), c, alice, "sled")
		}
		wantKind(t, err, erpclient.KindUnavailable)
		wantCalls(t, w.erp, erptest.OpLogin, 2)
	})
}

// doubtful fails as Snowbeasts does: {"success": false} is a lost session, or something else.
func doubtful(otherwise erpclient.Kind) func(context.Context, string) error {
	return func(_ context.Context, op string) error {
		if op == erptest.OpLogin {
			return nil
		}
		return &erpclient.Error{Op: op, Kind: erpclient.KindSessionExpired, Otherwise: otherwise}
	}
}

func TestADoubtfulRefusalIsRenewedOnceAndThenBelieved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(doubtful(erpclient.KindForbidden))
		_, err := search(t.Context(), c, alice, "first")
		wantKind(t, err, erpclient.KindForbidden)
		wantCalls(t, w.erp, erptest.OpLogin, 2)
		wantCalls(t, w.erp, erptest.OpSearchOrders, 1+2)

		<-time.After(4 * time.Second)
		_, err = search(t.Context(), c, alice, "within five seconds")
		wantKind(t, err, erpclient.KindForbidden)
		wantCalls(t, w.erp, erptest.OpLogin, 2)
		wantCalls(t, w.erp, erptest.OpSearchOrders, 1+2+1)

		<-time.After(2 * time.Second)
		_, err = search(t.Context(), c, alice, "later")
		wantKind(t, err, erpclient.KindForbidden)
		wantCalls(t, w.erp, erptest.OpLogin, 3)
	})
}

func TestADoubtfulRefusalThatWasALostSessionIsUnseen(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(func(ctx context.Context, op string) error {
			if w.erp.Calls(erptest.OpLogin) == 1 {
				return doubtful(erpclient.KindInvalid)(ctx, op)
			}
			return nil
		})
		mustSearch(t, c, alice, "sled")
		wantCalls(t, w.erp, erptest.OpLogin, 2)
	})
}

// Doubt about one record must not keep a session from being renewed that is certainly gone.
func TestACertainLossIsRenewedAlsoAfterADoubtfulOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(doubtful(erpclient.KindNotFound))
		_, err := search(t.Context(), c, alice, "no such record")
		wantKind(t, err, erpclient.KindNotFound)
		w.erp.Script(nil)
		w.erp.ForgetSessions()
		mustSearch(t, c, alice, "sled")
		wantCalls(t, w.erp, erptest.OpLogin, 3)
	})
}

func TestReplicasShareOneLogin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		here, there := w.client(nil), w.client(nil)
		mustSearch(t, here, alice, "1")
		mustSearch(t, there, alice, "2")
		wantCalls(t, w.erp, erptest.OpLogin, 1)
	})
}

func TestReplicasThatStartTogetherLogInOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 100*time.Millisecond) })
		var both sync.WaitGroup
		for _, c := range []*erpclient.Client{w.client(nil), w.client(nil)} {
			both.Go(func() { wantNoErrors(t, searchAll(t.Context(), c, alice, 10)) })
		}
		both.Wait()
		wantCalls(t, w.erp, erptest.OpLogin, 1)
	})
}

func TestReplicasThatFindTheSessionDeadTogetherLogInOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		replicas := []*erpclient.Client{w.client(nil), w.client(nil)}
		for _, c := range replicas {
			mustSearch(t, c, alice, "warm-up")
		}
		w.erp.ForgetSessions()
		met := erptest.NewBarrier(len(replicas))
		w.erp.Script(func(ctx context.Context, op string) error {
			if op == erptest.OpLogin {
				return erptest.Slow(ctx, op, 200*time.Millisecond)
			}
			return met.Wait(ctx, op) // both ask with the dead session before either hears of it
		})
		var both sync.WaitGroup
		for _, c := range replicas {
			both.Go(func() {
				if _, err := search(t.Context(), c, alice, "sled"); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		wantCalls(t, w.erp, erptest.OpLogin, 2)
	})
}

func TestACallerWhoGivesUpDoesNotEndTheOthersLogin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 200*time.Millisecond) })

		ctx, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := search(ctx, c, alice, "leader"); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		wantCalls(t, w.erp, erptest.OpLogin, 1)
		all.Go(func() { mustSearch(t, c, alice, "follower") })
		synctest.Wait()
		giveUp()
		all.Wait()
		wantCalls(t, w.erp, erptest.OpLogin, 1)
	})
}

// A login that outlasts the deadline of whoever began it is not lost: the next one to ask finds the session made.
func TestALoginSlowerThanARequestServesTheNext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.Script(func(ctx context.Context, op string) error {
			if op == erptest.OpLogin {
				return erptest.Slow(ctx, op, 4*time.Second)
			}
			return nil
		})
		c := w.client(nil)
		_, err := search(t.Context(), c, alice, "first")
		wantKind(t, err, erpclient.KindTimeout)
		mustSearch(t, c, alice, "second")
		wantCalls(t, w.erp, erptest.OpLogin, 1)
	})
}

func refusingLogin(context.Context, erpclient.Credentials) (erpclient.Session, error) {
	return erpclient.Session{}, erpclient.Errorf(erptest.OpLogin, erpclient.KindBadCredentials, "wrong password")
}

func TestAPasswordThatTheERPNoLongerTakesEndsTheBinding(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnLogin = refusingLogin
		c := w.client(nil)
		for _, err := range searchAll(t.Context(), c, alice, 20) {
			if kind := erpclient.KindOf(err); kind != erpclient.KindBadCredentials && !errors.Is(err, erptest.ErrNoBinding) {
				t.Fatalf("got %v, want bad credentials, or no binding any more", err)
			}
		}
		_, err := search(t.Context(), c, alice, "later")
		if !errors.Is(err, erptest.ErrNoBinding) {
			t.Errorf("got %v, want the keyring's own error", err)
		}
		wantCalls(t, w.erp, erptest.OpLogin, 1)
		if got := w.keyring.Rejected(); len(got) != 1 || got[0] != alice {
			t.Errorf("rejected %v, want alice once", got)
		}
	})
}

// A keyring that keeps the refused password does not make the ERP lock the account.
func TestARefusedPasswordIsNotTriedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnLogin = refusingLogin
		c := w.client(nil)
		for range 5 {
			w.keyring.Put("alice", erpclient.Credentials{Account: "acc-alice", Secret: "digest:wrong"})
			_, err := search(t.Context(), c, alice, "sled")
			wantKind(t, err, erpclient.KindBadCredentials)
		}
		wantCalls(t, w.erp, erptest.OpLogin, 1)

		w.keyring.Put("alice", erpclient.Credentials{Account: "acc-alice", Secret: "digest:another"})
		_, err := search(t.Context(), c, alice, "sled")
		wantKind(t, err, erpclient.KindBadCredentials)
		wantCalls(t, w.erp, erptest.OpLogin, 2)

		<-time.After(15 * time.Minute)
		w.keyring.Put("alice", erpclient.Credentials{Account: "acc-alice", Secret: "digest:another"})
		_, err = search(t.Context(), c, alice, "sled")
		wantKind(t, err, erpclient.KindBadCredentials)
		wantCalls(t, w.erp, erptest.OpLogin, 3)
	})
}

func TestARefusedServiceAccountIsOurFaultNotTheCustomers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnLogin = refusingLogin
		c := w.client(nil)
		for i := range 5 {
			_, err := search(t.Context(), c, invited, strconv.Itoa(i))
			wantKind(t, err, erpclient.KindUnavailable)
			if retryAfter(err) <= 0 {
				t.Error("no RetryAfter")
			}
		}
		wantCalls(t, w.erp, erptest.OpLogin, 1)
		if got := w.keyring.Rejected(); len(got) != 0 {
			t.Errorf("rejected %v, want nobody", got)
		}
	})
}

func TestAFailingStoreIsToldByItsOwnError(t *testing.T) {
	down := errors.New("store is down")
	for _, operation := range []string{"Load", "Lock"} {
		t.Run(operation, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.sessions.Fail(operation, down)
				_, err := search(t.Context(), w.client(nil), alice, "sled")
				if !errors.Is(err, down) {
					t.Errorf("got %v, want the store's error in the chain", err)
				}
				wantCalls(t, w.erp, erptest.OpLogin, 0)
			})
		})
	}
	t.Run("Drop", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			w := newWorld()
			c := w.loggedIn(t, nil)
			w.erp.ForgetSessions()
			w.sessions.Fail("Drop", down)
			if _, err := search(t.Context(), c, alice, "sled"); !errors.Is(err, down) {
				t.Errorf("got %v, want the store's error in the chain", err)
			}
		})
	})
	t.Run("Save costs the sharing only", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			w := newWorld()
			w.sessions.Fail("Save", down)
			mustSearch(t, w.client(nil), alice, "sled")
			if n := w.sessions.Len(); n != 0 {
				t.Errorf("%d sessions kept, want none", n)
			}
		})
	})
	t.Run("BindAccount", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			w := newWorld()
			w.sessions.Fail("Lock", down)
			if _, err := w.client(nil).BindAccount(t.Context(), "acc-alice", "right"); !errors.Is(err, down) {
				t.Errorf("got %v, want the store's error in the chain", err)
			}
		})
	})
}

func TestAProcessThatHasASessionNeedsNoStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		for _, operation := range []string{"Load", "Save", "Drop", "Lock"} {
			w.sessions.Fail(operation, errors.New("store is down"))
		}
		mustSearch(t, c, alice, "sled")
	})
}

// Waiting for another replica's login is the ERP's slowness, not the store's.
func TestWaitingForAnotherReplicasLoginIsATimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.Script(erptest.Hang)
		slow := w.client(func(cfg *erpclient.Config) { cfg.LoginTimeout = 20 * time.Second })
		var both sync.WaitGroup
		both.Go(func() { _, _ = slow.BindAccount(t.Context(), "acc-alice", "right") })
		synctest.Wait()
		_, err := w.client(nil).BindAccount(t.Context(), "acc-alice", "right")
		wantKind(t, err, erpclient.KindTimeout)
		wantCalls(t, w.erp, erptest.OpLogin, 1)
		both.Wait()
	})
}

// A binding that has ended leaves no ERP session behind, in the process or in the store.
func TestForgetDropsTheAccountsSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		for _, account := range []string{"", "acc-unknown", alice.Account} {
			if err := c.Forget(t.Context(), account); err != nil {
				t.Fatalf("forget %q: %v", account, err)
			}
		}
		if n := w.sessions.Len(); n != 0 {
			t.Errorf("%d sessions are kept, want none", n)
		}
		mustSearch(t, c, alice, "sled")
		wantCalls(t, w.erp, erptest.OpLogin, 2)
	})
}
