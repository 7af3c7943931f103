package erpclient_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// askAfter asks once for every outcome in turn, one question each and no retries.
func askAfter(t *testing.T, w *world, c *erpclient.Client, outcomes []erpclient.Kind) {
	t.Helper()
	for i, kind := range outcomes {
		w.erp.Script(nil)
		if kind != "" {
			w.erp.Script(erptest.Fail(kind))
		}
		if _, err := search(t.Context(), c, alice, "outcome-"+strconv.Itoa(i)); erpclient.KindOf(err) != kind {
			t.Fatalf("call %d: got %v, want kind %q", i, err, kind)
		}
	}
	w.erp.Script(nil)
}

// wantOpen asks once more and wants the question refused at once, without a call.
func wantOpen(t *testing.T, w *world, c *erpclient.Client, open bool) {
	t.Helper()
	calls, start := w.erp.AllCalls(), time.Now()
	_, err := search(t.Context(), c, alice, "is it open?")
	if !open {
		if err != nil {
			t.Fatalf("the breaker is closed, got %v", err)
		}
		return
	}
	wantKind(t, err, erpclient.KindUnavailable)
	if after := retryAfter(err); after <= 0 || after > 10*time.Second {
		t.Errorf("got RetryAfter %s, want one within 10 s", after)
	}
	if took := time.Since(start); took != 0 {
		t.Errorf("the refusal took %s, want none", took)
	}
	if got := w.erp.AllCalls(); got != calls {
		t.Errorf("an open breaker let %d calls through", got-calls)
	}
}

func repeat(n int, pattern ...erpclient.Kind) (all []erpclient.Kind) {
	for range n {
		all = append(all, pattern...)
	}
	return all
}

func TestTheBreakerOpensOnAnUnhealthyERPOnly(t *testing.T) {
	const (
		ok   erpclient.Kind = ""
		down                = erpclient.KindUnavailable
	)
	tests := []struct {
		name     string
		outcomes []erpclient.Kind
		open     bool
	}{
		{"5 failures in a row", repeat(5, down), true},
		{"4 failures in a row", repeat(4, down), false},
		{"4 failures in a row again and again, few calls", append(repeat(4, down), append([]erpclient.Kind{ok}, repeat(4, down)...)...), false},
		{"all unhealthy kinds together", []erpclient.Kind{erpclient.KindBusy, erpclient.KindTimeout, erpclient.KindBadAnswer, down, erpclient.KindBusy}, true},
		// The client's own warm-up call was a success, so half of 20 is reached with these.
		{"half of 20", append(repeat(9, ok, down), down), true},
		{"less than half of 20", append(repeat(9, ok, down), ok), false},
		{"half of fewer than 20", repeat(9, ok, down), false},
		{"100 × not found", repeat(100, erpclient.KindNotFound), false},
		{"100 refusals", repeat(20, erpclient.KindForbidden, erpclient.KindInvalid, erpclient.KindConflict, erpclient.KindBadCredentials, erpclient.KindTooManyAttempts), false},
		{"100 × not supported", repeat(100, erpclient.KindNotSupported), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.loggedIn(t, noRetries)
				askAfter(t, w, c, tt.outcomes)
				wantOpen(t, w, c, tt.open)
			})
		})
	}
}

func TestTheBreakerForgetsWhatIsLongAgo(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, noRetries)
		askAfter(t, w, c, repeat(9, erpclient.KindUnavailable, ""))
		<-time.After(11 * time.Second)
		askAfter(t, w, c, repeat(4, erpclient.KindUnavailable))
		wantOpen(t, w, c, false)
	})
}

func TestTheBreakerClosesAfterTrialCallsThatSucceed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, noRetries)
		askAfter(t, w, c, repeat(5, erpclient.KindUnavailable))
		wantOpen(t, w, c, true)
		<-time.After(9 * time.Second)
		wantOpen(t, w, c, true)
		<-time.After(1100 * time.Millisecond)
		askAfter(t, w, c, repeat(3, ""))
		wantNoErrors(t, searchAll(t.Context(), c, alice, 50))
	})
}

func TestTheBreakerStaysOpenWhenATrialFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, noRetries)
		askAfter(t, w, c, repeat(5, erpclient.KindUnavailable))
		<-time.After(10100 * time.Millisecond)
		askAfter(t, w, c, repeat(1, erpclient.KindUnavailable))
		wantOpen(t, w, c, true)
	})
}

func TestOnlyTrialCallsReachAnERPThatComesBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, noRetries)
		askAfter(t, w, c, repeat(5, erpclient.KindUnavailable))
		<-time.After(10100 * time.Millisecond)
		before := w.erp.AllCalls()
		w.erp.Script(erptest.Hang)
		for _, err := range searchAll(t.Context(), c, alice, 50) {
			if kind := erpclient.KindOf(err); kind != erpclient.KindTimeout && kind != erpclient.KindUnavailable {
				t.Fatalf("got %v, want timeout for a trial and unavailable for the rest", err)
			}
		}
		if trials := w.erp.AllCalls() - before; trials != 3 {
			t.Errorf("%d calls reached the ERP, want 3", trials)
		}
	})
}

func TestCallersWhoGiveUpDoNotOpenTheBreaker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		w.erp.Script(erptest.Hang)
		for range 30 {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(10*time.Millisecond, cancel)
			if _, err := c.BindAccount(ctx, "acc-alice", "right"); err == nil {
				t.Fatal("a hanging ERP let somebody in")
			}
		}
		w.erp.Script(nil)
		if _, err := c.BindAccount(t.Context(), "acc-alice", "right"); err != nil {
			t.Errorf("after 30 cancelled callers: %v", err)
		}
	})
}

func TestWrongPasswordsDoNotOpenTheBreaker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnLogin = refusingLogin
		c := w.client(nil)
		for range 30 {
			_, err := c.BindAccount(t.Context(), "acc-alice", "wrong")
			wantKind(t, err, erpclient.KindBadCredentials)
		}
		wantCalls(t, w.erp, erptest.OpLogin, 30)
	})
}

func TestBrokenLoginsDoNotStopReads(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, noRetries)
		w.erp.Script(func(_ context.Context, op string) error {
			if op == erptest.OpLogin {
				return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable}
			}
			return nil
		})
		for range 6 {
			_, err := c.BindAccount(t.Context(), "acc-bob", "right")
			wantKind(t, err, erpclient.KindUnavailable)
		}
		wantCalls(t, w.erp, erptest.OpLogin, 1+5) // the sixth was refused by the login breaker
		mustSearch(t, c, alice, "sled")
	})
}

func TestAPanickingDriverIsABadAnswer(t *testing.T) {
	for _, m := range methods {
		for _, op := range m.needs {
			t.Run(m.name+"/"+op, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					w := newWorld()
					w.erp.Script(func(_ context.Context, asked string) error {
						if asked == op {
							panic("an answer it cannot bear")
						}
						return nil
					})
					c := w.client(nil)
					wantKind(t, m.ask(t.Context(), c), erpclient.KindBadAnswer)
					synctest.Wait() // for the parts that were asked beside the one that panicked
					w.erp.Script(nil)
					if err := m.ask(t.Context(), c); err != nil {
						t.Errorf("after the panic: %v", err)
					}
				})
			})
		}
	}
}
