package erpclient_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestADecisionIsPressedAndReadBack(t *testing.T) {
	for approve, want := range map[bool]erpclient.ApprovalState{true: erpclient.ApprovalApproved, false: erpclient.ApprovalRejected} {
		t.Run(string(want), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.client(nil)
				for range 2 { // the second finds it done
					got, err := c.Decide(t.Context(), alice, "A-1", approve)
					if err != nil || got.State != want || got.No != "PO-A-1" {
						t.Fatalf("got %+v, %v, want it %s", got, err, want)
					}
				}
				wantCalls(t, w.erp, erptest.OpDecide, 1)
				_, err := c.Decide(t.Context(), alice, "A-1", !approve)
				wantKind(t, err, erpclient.KindConflict)
				wantCalls(t, w.erp, erptest.OpDecide, 1)
			})
		})
	}
}

func TestAButtonThatDidNothingIsAConflict(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnDecide = func(context.Context, erpclient.Auth, string, bool) error { return nil }
		_, err := w.client(nil).Decide(t.Context(), alice, "A-1", true)
		wantKind(t, err, erpclient.KindConflict)
		wantCalls(t, w.erp, erptest.OpDecide, 1)
	})
}

func TestADocumentThatSomebodyElseDecidesMeanwhileIsAConflict(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnDecide = func(_ context.Context, _ erpclient.Auth, id string, _ bool) error {
			w.erp.SetApproval(id, erpclient.ApprovalRejected)
			return nil
		}
		_, err := w.client(nil).Decide(t.Context(), alice, "A-1", true)
		wantKind(t, err, erpclient.KindConflict)
	})
}

// The answer is lost, but the document shows what happened.
func TestADecisionWhoseAnswerIsLostIsSettledByTheDocument(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.After(erptest.Lose)
		got, err := w.client(nil).Decide(t.Context(), alice, "A-1", true)
		if err != nil || got.State != erpclient.ApprovalApproved {
			t.Errorf("got %+v, %v, want it approved", got, err)
		}
		wantCalls(t, w.erp, erptest.OpDecide, 1)
	})
}

func TestWhatCannotBeReadBackIsUnknown(t *testing.T) {
	faults := map[string]func(context.Context, string) error{
		"unavailable": always(erpclient.KindUnavailable), "not found": always(erpclient.KindNotFound), "hangs": erptest.Hang,
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.erp.Script(only(erptest.OpApproval, func(ctx context.Context, op string) error {
					if w.erp.Calls(op) == 1 {
						return nil
					}
					return fault(ctx, op)
				}))
				_, err := w.client(nil).Decide(t.Context(), alice, "A-1", true)
				wantKind(t, err, erpclient.KindOutcomeUnknown)
			})
		})
	}
}

// While the ERP may still be at it nobody presses again: buttons pressed at the same time all take effect.
func TestAfterAnUnknownOutcomeADocumentRestsForAWhile(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		w.erp.Script(only(erptest.OpDecide, erptest.Hang))
		_, err := c.Decide(t.Context(), alice, "A-1", true)
		wantKind(t, err, erpclient.KindOutcomeUnknown)
		w.erp.Script(nil)
		_, err = w.client(nil).Decide(t.Context(), alice, "A-1", true)
		if wantKind(t, err, erpclient.KindBusy); retryAfter(err) <= 0 {
			t.Error("no RetryAfter")
		}
		wantCalls(t, w.erp, erptest.OpDecide, 1)
		if _, err := c.Decide(t.Context(), alice, "A-2", true); err != nil {
			t.Errorf("another document: %v", err)
		}
		<-time.After(15 * time.Second)
		if _, err := c.Decide(t.Context(), alice, "A-1", true); err != nil {
			t.Errorf("after a while: %v", err)
		}
	})
}

func TestADocumentIsDecidedByOneAtATimeOnWhateverReplica(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		var pressing, pressed atomic.Int32
		w.erp.OnDecide = func(ctx context.Context, _ erpclient.Auth, id string, _ bool) error {
			if pressing.Add(1) > 1 {
				t.Error("two press at the same time")
			}
			defer pressing.Add(-1)
			pressed.Add(1)
			if err := erptest.Slow(ctx, erptest.OpDecide, 100*time.Millisecond); err != nil {
				return err
			}
			w.erp.SetApproval(id, erpclient.ApprovalApproved)
			return nil
		}
		var all sync.WaitGroup
		for range 8 {
			c := w.client(nil)
			all.Go(func() {
				if got, err := c.Decide(t.Context(), alice, "A-1", true); err != nil || got.State != erpclient.ApprovalApproved {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
		all.Wait()
		if n := pressed.Load(); n != 1 {
			t.Errorf("the button was pressed %d times, want 1", n)
		}
	})
}

func TestADocumentThatCannotBeReadIsNotDecided(t *testing.T) {
	for _, kind := range []erpclient.Kind{erpclient.KindNotFound, erpclient.KindForbidden, erpclient.KindUnavailable, erpclient.KindTimeout} {
		t.Run(string(kind), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.client(nil)
				w.erp.Script(only(erptest.OpApproval, always(kind)))
				_, err := c.Decide(t.Context(), alice, "A-1", true)
				wantKind(t, err, kind)
				w.erp.Script(nil)
				wantCalls(t, w.erp, erptest.OpDecide, 0)
				if _, err := c.Decide(t.Context(), alice, "A-1", true); err != nil {
					t.Errorf("afterwards: %v: is it locked?", err)
				}
			})
		})
	}
}

func TestWithoutItsLockADocumentIsLeftAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		down := errors.New("store is down")
		c := w.loggedIn(t, nil)
		w.sessions.Fail("Lock", down)
		if _, err := c.Decide(t.Context(), alice, "A-1", true); !errors.Is(err, down) {
			t.Errorf("got %v, want the store's own error", err)
		}
		wantCalls(t, w.erp, erptest.OpApproval, 0)
	})
}

// A person bound by invite code is asked for by the service account, which sees what is the whole company's.
func TestApprovalsAreAPersonsOwn(t *testing.T) {
	asks := map[string]func(context.Context, *erpclient.Client, erpclient.Identity) error{
		"Approvals": func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) error {
			_, err := c.Approvals(ctx, id, erpclient.ApprovalQuery{Page: 1, PageSize: 20})
			return err
		},
		"Approval": func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) error {
			_, err := c.Approval(ctx, id, "A-1")
			return err
		},
		"Decide": func(ctx context.Context, c *erpclient.Client, id erpclient.Identity) error {
			_, err := c.Decide(ctx, id, "A-1", true)
			return err
		},
	}
	for name, ask := range asks {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				wantKind(t, ask(t.Context(), w.client(nil), invited), erpclient.KindForbidden)
				serviceOnly := w.client(func(cfg *erpclient.Config) { cfg.ServiceOnly = true })
				wantKind(t, ask(t.Context(), serviceOnly, alice), erpclient.KindForbidden)
				if n := w.erp.AllCalls(); n != 0 {
					t.Errorf("the ERP was asked %d times", n)
				}
			})
		})
	}
}
