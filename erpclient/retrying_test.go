package erpclient_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestOnlyAnUnhealthyERPIsAskedAgain(t *testing.T) {
	tests := map[erpclient.Kind]int{
		erpclient.KindBusy: 4, erpclient.KindUnavailable: 4, erpclient.KindTimeout: 4, erpclient.KindBadAnswer: 4,
		erpclient.KindBadCredentials: 1, erpclient.KindTooManyAttempts: 1, erpclient.KindForbidden: 1,
		erpclient.KindNotFound: 1, erpclient.KindInvalid: 1, erpclient.KindConflict: 1,
		erpclient.KindOutcomeUnknown: 1, erpclient.KindNotSupported: 1,
	}
	for kind, calls := range tests {
		t.Run(string(kind), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.erp.Script(erptest.Fail(kind))
				_, err := search(t.Context(), w.client(nil), alice, "sled")
				wantKind(t, err, kind)
				wantCalls(t, w.erp, erptest.OpSearchOrders, calls)
			})
		})
	}
}

func TestRetriesAreBounded(t *testing.T) {
	for retries, calls := range map[int]int{-1: 1, 1: 2, 2: 3, 0: 4} {
		t.Run(strconv.Itoa(retries), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.erp.Script(erptest.Fail(erpclient.KindUnavailable))
				c := w.client(func(cfg *erpclient.Config) { cfg.MaxRetries = retries })
				_, err := search(t.Context(), c, alice, "sled")
				wantKind(t, err, erpclient.KindUnavailable)
				wantCalls(t, w.erp, erptest.OpSearchOrders, calls)
			})
		})
	}
}

func TestTheTraceTellsEveryAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(func(ctx context.Context, op string) error {
			if w.erp.Calls(op) < 4 { // the warm-up was the first
				return &erpclient.Error{Op: op, Kind: erpclient.KindBusy}
			}
			return erptest.Slow(ctx, op, 40*time.Millisecond)
		})
		ctx, trace := erpclient.WithTrace(t.Context())
		if _, err := search(ctx, c, alice, "sled"); err != nil {
			t.Fatal(err)
		}
		got := trace.Trail()
		want := "live [busy busy ]"
		if text := fmt.Sprint(got.Source, " ", kinds(got)); text != want {
			t.Errorf("got %q, want %q", text, want)
		}
		if got.Took() != 40*time.Millisecond {
			t.Errorf("got %s spent on the ERP, want 40ms", got.Took())
		}
	})
}

func kinds(t erpclient.Trail) []erpclient.Kind {
	var all []erpclient.Kind
	for _, a := range t.Attempts {
		all = append(all, a.Kind)
	}
	return all
}

func TestALoginOnTheWayIsNeverRepeated(t *testing.T) {
	for _, op := range []string{erptest.OpLogin, "sign_in", "open_app"} { // whatever a driver calls its steps
		for _, kind := range []erpclient.Kind{erpclient.KindUnavailable, erpclient.KindTimeout, erpclient.KindBusy, erpclient.KindBadAnswer} {
			t.Run(op+"/"+string(kind), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					w := newWorld()
					w.erp.OnLogin = func(context.Context, erpclient.Credentials) (erpclient.Session, error) {
						return erpclient.Session{}, &erpclient.Error{Op: op, Kind: kind, RetryAfter: time.Millisecond}
					}
					_, err := search(t.Context(), w.client(nil), alice, "sled")
					wantKind(t, err, kind)
					wantCalls(t, w.erp, erptest.OpLogin, 1)
				})
			})
		}
	}
}

func TestRetryAfterIsObeyed(t *testing.T) {
	tests := []struct {
		name  string
		after time.Duration
		calls int
		took  time.Duration
	}{
		{"within the deadline it is waited for", 2 * time.Second, 2, 2 * time.Second},
		{"beyond the deadline there is no retry and no wait", 3 * time.Second, 1, 0},
		{"leaving no time for a try there is none either", 2480 * time.Millisecond, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxRetries = 1 })
				w.erp.Script(func(_ context.Context, op string) error {
					return &erpclient.Error{Op: op, Kind: erpclient.KindBusy, RetryAfter: tt.after}
				})
				start := time.Now()
				_, err := search(t.Context(), c, alice, "sled")
				wantKind(t, err, erpclient.KindBusy)
				wantCalls(t, w.erp, erptest.OpSearchOrders, 1+tt.calls)
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %s, want %s", took, tt.took)
				}
			})
		})
	}
}

// Two calls of five fail, which no breaker opens on. Asking again until it works would cost 1.67 calls per question.
func TestTheRetryBudgetBoundsTheExtraCalls(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		frozen := time.Now()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.Now = func() time.Time { return frozen } })
		w.erp.Script(func(_ context.Context, op string) error {
			if n := w.erp.Calls(op) % 5; n == 1 || n == 3 {
				return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable}
			}
			return nil
		})
		const questions = 1000
		for i := range questions {
			_, err := search(t.Context(), c, alice, strconv.Itoa(i))
			if kind := erpclient.KindOf(err); kind != "" && kind != erpclient.KindUnavailable {
				t.Fatalf("question %d: %v", i, err)
			}
		}
		calls := w.erp.Calls(erptest.OpSearchOrders) - 1
		if calls > questions*12/10+10 {
			t.Errorf("%d questions led to %d calls, want at most a fifth more and 10", questions, calls)
		}
		if calls < questions*11/10 {
			t.Errorf("%d questions led to %d calls: the budget was not used", questions, calls)
		}
	})
}

// With everything failing the breaker helps as well, and far fewer calls than questions reach the ERP.
func TestADeadERPIsNotBeaten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.Script(erptest.Fail(erpclient.KindUnavailable))
		c := w.client(func(cfg *erpclient.Config) { cfg.MaxInFlight = 10 })
		for _, err := range searchAll(t.Context(), c, alice, 1000) {
			if kind := erpclient.KindOf(err); kind != erpclient.KindUnavailable && kind != erpclient.KindBusy {
				t.Fatalf("got %v, want unavailable or busy", err)
			}
		}
		if calls := w.erp.Calls(erptest.OpSearchOrders); calls > 20 {
			t.Errorf("1000 questions led to %d calls, want at most 20", calls)
		}
	})
}
