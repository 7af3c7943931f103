package erpclient_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestAHangingERPIsATimeoutWithinTheDeadline(t *testing.T) {
	for _, m := range methods {
		for _, op := range m.needs {
			t.Run(m.name+"/"+op, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					w := newWorld()
					w.erp.Script(func(ctx context.Context, asked string) error {
						if asked == op {
							return erptest.Hang(ctx, asked)
						}
						return nil
					})
					wantTimeoutWithin(t, m.limit, func() error { return m.ask(t.Context(), w.client(nil)) })
				})
			})
		}
	}
}

func TestADriverThatIgnoresItsContextHoldsNobodyUp(t *testing.T) {
	for _, m := range methods {
		op := m.needs[len(m.needs)-1]
		if op == erptest.OpLogin { // verifying a password has nobody else to wait for
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				w := newWorld()
				w.erp.Script(func(_ context.Context, asked string) error {
					if asked == op {
						<-release
					}
					return nil
				})
				wantTimeoutWithin(t, m.limit, func() error { return m.ask(t.Context(), w.client(nil)) })
			})
		})
	}
}

func TestTheCallersEarlierDeadlineStays(t *testing.T) {
	for _, m := range methods {
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.erp.Script(erptest.Hang)
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				wantTimeoutWithin(t, 300*time.Millisecond, func() error { return m.ask(ctx, w.client(nil)) })
			})
		})
	}
}

func TestACallerWhoCancelsIsAnsweredAtOnce(t *testing.T) {
	for _, m := range methods {
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				w.erp.Script(erptest.Hang)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(100*time.Millisecond, cancel)
				start := time.Now()
				err := m.ask(ctx, w.client(nil))
				if took := time.Since(start); took != 100*time.Millisecond {
					t.Errorf("the answer took %s, want 100ms", took)
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want one that is context.Canceled", err)
				}
			})
		})
	}
}

func wantTimeoutWithin(t *testing.T, limit time.Duration, ask func() error) {
	t.Helper()
	start := time.Now()
	err := ask()
	if took := time.Since(start); took > limit {
		t.Errorf("the answer took %s, want at most %s", took, limit)
	}
	wantKind(t, err, erpclient.KindTimeout)
}

func TestOneHangingAttemptLeavesTimeForAnother(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, nil)
		w.erp.Script(func(ctx context.Context, op string) error {
			if w.erp.Calls(op) == 2 {
				return erptest.Hang(ctx, op)
			}
			return nil
		})
		mustSearch(t, c, alice, "sled")
		wantCalls(t, w.erp, erptest.OpSearchOrders, 3)
	})
}

func TestASlowLoginIsGivenTheTimeThatIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.Script(func(ctx context.Context, op string) error {
			if op == erptest.OpLogin {
				return erptest.Slow(ctx, op, 1500*time.Millisecond)
			}
			return erptest.Slow(ctx, op, 50*time.Millisecond)
		})
		mustSearch(t, w.client(nil), alice, "sled")
		wantCalls(t, w.erp, erptest.OpLogin, 1)
	})
}

// An ERP whose answers take longer than an even share of the deadline is slow, not down. The first questions fail, and
// the breaker may open on them; then the client has learnt how long this ERP takes and everything succeeds.
func TestASlowERPSucceedsOnceItsPaceIsKnown(t *testing.T) {
	for _, answer := range []time.Duration{700 * time.Millisecond, 900 * time.Millisecond, 1500 * time.Millisecond, 2 * time.Second} {
		t.Run(answer.String(), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.loggedIn(t, nil)
				w.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, answer) })
				var learnt []bool
				for i := range 40 {
					_, err := search(t.Context(), c, alice, strconv.Itoa(i))
					learnt = append(learnt, err == nil)
					<-time.After(5 * time.Second)
				}
				if first := slices.Index(learnt, true); first < 0 || first > 20 || slices.Contains(learnt[first:], false) {
					t.Errorf("got successes %v, want nothing but successes after at most 20 questions", learnt)
				}
			})
		})
	}
}
