package erpclient_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// writing is one of the Client's writes, with how often the ERP has done it.
type writing struct {
	name, op string
	do       func(ctx context.Context, c *erpclient.Client, reference string) error
	done     func(d *erptest.Driver, reference string) int
}

var writings = []writing{
	{"RecordStock", erptest.OpRecordStock, func(ctx context.Context, c *erpclient.Client, reference string) error {
		_, err := c.RecordStock(ctx, alice, entry(reference))
		return err
	}, func(d *erptest.Driver, reference string) int { return len(d.Recorded(reference)) }},
	{"CreateOrder", erptest.OpCreateOrder, func(ctx context.Context, c *erpclient.Client, reference string) error {
		_, err := c.CreateOrder(ctx, alice, newOrder(reference))
		return err
	}, func(d *erptest.Driver, reference string) int { return len(d.Made(reference)) }},
	{"Decide", erptest.OpDecide, func(ctx context.Context, c *erpclient.Client, reference string) error {
		_, err := c.Decide(ctx, alice, reference, true)
		return err
	}, func(d *erptest.Driver, reference string) int {
		if d.AnApproval(reference).State == erpclient.ApprovalPending {
			return 0
		}
		return d.Calls(erptest.OpDecide)
	}},
}

// once are the writes that are one question, with nothing looked at before or after.
var once = writings[:2]

// writingMethods are all that settle or make a write.
var writingMethods = []method{
	{"RecordStock", asking(writings[0]), []string{erptest.OpLogin, erptest.OpRecordStock}, 2500 * time.Millisecond},
	{"CreateOrder", asking(writings[1]), []string{erptest.OpLogin, erptest.OpCreateOrder}, 2500 * time.Millisecond},
	{"Decide", asking(writings[2]), []string{erptest.OpLogin, erptest.OpApproval, erptest.OpDecide}, 7500 * time.Millisecond},
	{"FindStockRecord", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.FindStockRecord(ctx, alice, "r1")
		return err
	}, []string{erptest.OpLogin, erptest.OpStockRecord}, 2500 * time.Millisecond},
	{"FindOrder", func(ctx context.Context, c *erpclient.Client) error {
		_, err := c.FindOrder(ctx, alice, "r1")
		return err
	}, []string{erptest.OpLogin, erptest.OpOrderByReference}, 2500 * time.Millisecond},
}

func asking(w writing) func(context.Context, *erpclient.Client) error {
	return func(ctx context.Context, c *erpclient.Client) error { return w.do(ctx, c, "r1") }
}

func entry(reference string) erpclient.StockEntry {
	return erpclient.StockEntry{
		Reference: reference, ProductID: erptest.AProductID, WarehouseID: erptest.AWarehouseID, Quantity: "2.5",
		Direction: erpclient.StockOut, Operator: "Alice",
	}
}

func newOrder(reference string) erpclient.NewOrder {
	return erpclient.NewOrder{Reference: reference, Lines: []erpclient.NewOrderLine{{ProductID: erptest.AProductID, Quantity: "1"}}}
}

// only is a fault that one operation has.
func only(op string, fault func(context.Context, string) error) func(context.Context, string) error {
	return func(ctx context.Context, asked string) error {
		if asked == op {
			return fault(ctx, asked)
		}
		return nil
	}
}

func wantDone(t *testing.T, w writing, d *erptest.Driver, reference string, want int) {
	t.Helper()
	if got := w.done(d, reference); got != want {
		t.Fatalf("the ERP counts %d, want %d", got, want)
	}
}

// inWorlds runs a test for every one of these writes in a world of its own, whose client has logged in.
func inWorlds(t *testing.T, list []writing, change func(*erpclient.Config), test func(*testing.T, writing, *pair, *erpclient.Client)) {
	t.Helper()
	for _, w := range list {
		t.Run(w.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(change)
				mustSearch(t, c, alice, "warm-up")
				test(t, w, p, c)
			})
		})
	}
}

func TestAWriteIsMadeOnceAndTellsWhatTheERPWrote(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		got, err := c.RecordStock(t.Context(), alice, entry("r1"))
		if err != nil {
			t.Fatal(err)
		}
		if got.ID == "" || got.Quantity != "2.5" || got.Direction != erpclient.StockOut || got.Balance == nil || *got.Balance != "97.5" {
			t.Errorf("got %+v, want 2.5 out and 97.5 left", got)
		}
		found, err := c.FindStockRecord(t.Context(), alice, "r1")
		if err != nil || found.ID != got.ID {
			t.Errorf("found %+v, %v, want %s", found, err, got.ID)
		}
		_, err = c.FindStockRecord(t.Context(), alice, "r2")
		wantKind(t, err, erpclient.KindNotFound)

		made, err := c.CreateOrder(t.Context(), alice, newOrder("o1"))
		if err != nil {
			t.Fatal(err)
		}
		order, err := c.FindOrder(t.Context(), alice, "o1")
		if err != nil || order.ID != made.ID || order.CustomerID != "C1" {
			t.Errorf("found %+v, %v, want %+v", order, err, made)
		}
		_, err = c.FindOrder(t.Context(), alice, "o2")
		wantKind(t, err, erpclient.KindNotFound)
	})
}

// doubts are failures after which the ERP may have written.
var doubts = map[string]func(context.Context, string) error{
	"unavailable":     always(erpclient.KindUnavailable),
	"timeout":         always(erpclient.KindTimeout),
	"bad answer":      always(erpclient.KindBadAnswer),
	"outcome unknown": always(erpclient.KindOutcomeUnknown),
	"hangs":           erptest.Hang,
	"panics":          func(context.Context, string) error { panic("an answer it cannot bear") },
	"breaks the contract": func(context.Context, string) error {
		return errors.New("an error that is no *Error")
	},
	"refused, or else who knows": func(_ context.Context, op string) error {
		return &erpclient.Error{Op: op, Kind: erpclient.KindSessionExpired, Otherwise: erpclient.KindBadAnswer}
	},
}

func TestAWriteThatMayHaveArrivedIsUnknownAndNeverRepeated(t *testing.T) {
	for name, fault := range doubts {
		t.Run(name, func(t *testing.T) {
			inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
				p.erp.Script(only(w.op, fault))
				wantKind(t, w.do(t.Context(), c, "r1"), erpclient.KindOutcomeUnknown)
				wantCalls(t, p.erp, w.op, 1)
				wantCalls(t, p.standby, w.op, 0)
			})
		})
	}
}

func TestAnAnswerThatIsLostLeavesOneRecordThatCanBeFound(t *testing.T) {
	for name, after := range map[string]func(context.Context, string) error{"lost": erptest.Lose, "never": erptest.Hang} {
		t.Run(name, func(t *testing.T) {
			inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
				p.erp.After(after)
				wantKind(t, w.do(t.Context(), c, "r1"), erpclient.KindOutcomeUnknown)
				wantDone(t, w, p.erp, "r1", 1)
				var err error
				if w.op == erptest.OpRecordStock {
					_, err = c.FindStockRecord(t.Context(), alice, "r1")
				} else {
					_, err = c.FindOrder(t.Context(), alice, "r1")
				}
				if err != nil {
					t.Errorf("not found again: %v", err)
				}
			})
		})
	}
}

func TestARefusedWriteIsRefusedAndNothingElse(t *testing.T) {
	for _, kind := range []erpclient.Kind{
		erpclient.KindInvalid, erpclient.KindConflict, erpclient.KindForbidden, erpclient.KindNotFound, erpclient.KindNotSupported,
		erpclient.KindBadCredentials, erpclient.KindTooManyAttempts, erpclient.KindBusy,
	} {
		t.Run(string(kind), func(t *testing.T) {
			inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
				p.erp.Script(only(w.op, always(kind)))
				wantKind(t, w.do(t.Context(), c, "r1"), kind)
				wantCalls(t, p.erp, w.op, 1)
				wantCalls(t, p.standby, w.op, 0)
			})
		})
	}
}

// refusing is a fault of the first n calls only, which then reach nobody.
func refusing(d *erptest.Driver, op string, n int) func(context.Context, string) error {
	return only(op, func(ctx context.Context, op string) error {
		if d.Calls(op) <= n {
			return erptest.Refuse(ctx, op)
		}
		return nil
	})
}

func TestAWriteThatWasNotSentIsTriedAgainWithinItsLimits(t *testing.T) {
	inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(refusing(p.erp, w.op, 3))
		if err := w.do(t.Context(), c, "r1"); err != nil {
			t.Fatal(err)
		}
		wantCalls(t, p.erp, w.op, 4)
	})
	inWorlds(t, writings, noRetries, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(refusing(p.erp, w.op, 3))
		err := w.do(t.Context(), c, "r1")
		if wantKind(t, err, erpclient.KindUnavailable); !unsent(err) {
			t.Errorf("%v does not say that nothing was sent", err)
		}
		wantCalls(t, p.erp, w.op, 1)
		wantDone(t, w, p.erp, "r1", 0)
		wantCalls(t, p.standby, w.op, 0)
	})
}

func unsent(err error) bool {
	var e *erpclient.Error
	return errors.As(err, &e) && e.Unsent
}

func TestRetriesOfWritesComeOutOfTheBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		figures := prometheus.NewRegistry()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.Metrics = figures })
		w.erp.Script(refusing(w.erp, erptest.OpRecordStock, 2))
		if _, err := c.RecordStock(t.Context(), alice, entry("r1")); err != nil {
			t.Fatal(err)
		}
		wantFigure(t, figures, `snowgate_erp_retries_total{system="erp"}`, 2)
		wantFigure(t, figures, `snowgate_erp_retry_budget{system="erp"}`, 18)
		wantFigure(t, figures, `snowgate_erp_attempts_total{channel="primary",op="record_stock",outcome="unavailable",system="erp"}`, 2)
		wantFigure(t, figures, `snowgate_erp_attempts_total{channel="primary",op="record_stock",outcome="ok",system="erp"}`, 1)
	})
}

func TestWritesStayWithThePrimary(t *testing.T) {
	inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, _ *erpclient.Client) {
		c := p.client(noRetries)
		p.takeOut(t, c)
		if err := w.do(t.Context(), c, "r1"); err != nil {
			t.Fatal(err)
		}
		wantDone(t, w, p.erp, "r1", 1)
		wantCalls(t, p.standby, w.op, 0)
	})
}

func TestALostSessionIsRenewedAndTheWriteMadeOnce(t *testing.T) {
	inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.ForgetSessions()
		if err := w.do(t.Context(), c, "r1"); err != nil {
			t.Fatal(err)
		}
		wantDone(t, w, p.erp, "r1", 1)
		wantCalls(t, p.erp, erptest.OpLogin, 2)
	})
}

// Snowbeasts' words for a lost session and for a refusal are the same. Only a look that changes nothing tells them apart.
func TestAWriteIsRepeatedOnlyIfTheSessionIsCertainlyLost(t *testing.T) {
	guess := func(_ context.Context, op string) error {
		return &erpclient.Error{Op: op, Kind: erpclient.KindSessionExpired, Otherwise: erpclient.KindConflict}
	}
	t.Run("it was refused", func(t *testing.T) {
		inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
			p.erp.Script(only(w.op, guess))
			wantKind(t, w.do(t.Context(), c, "r1"), erpclient.KindConflict)
			wantCalls(t, p.erp, w.op, 1)
			wantCalls(t, p.erp, erptest.OpLogin, 1)
		})
	})
	t.Run("it was lost", func(t *testing.T) {
		inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
			p.erp.Script(only(w.op, func(ctx context.Context, op string) error {
				if p.erp.Calls(op) == 1 {
					p.erp.ForgetSessions()
					return guess(ctx, op)
				}
				return nil
			}))
			if err := w.do(t.Context(), c, "r1"); err != nil {
				t.Fatal(err)
			}
			wantDone(t, w, p.erp, "r1", 1)
			wantCalls(t, p.erp, w.op, 2)
		})
	})
	t.Run("nobody can tell", func(t *testing.T) {
		inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
			p.erp.Script(func(ctx context.Context, op string) error {
				switch op {
				case w.op:
					return guess(ctx, op)
				case erptest.OpProbe:
					return erptest.Hang(ctx, op)
				default:
					return nil
				}
			})
			wantKind(t, w.do(t.Context(), c, "r1"), erpclient.KindConflict)
			wantCalls(t, p.erp, w.op, 1)
		})
	})
}

// An ERP that refuses the session it has just made has not looked at the write either.
func TestAnERPThatRefusesItsOwnSessionsHasWrittenNothing(t *testing.T) {
	inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(only(w.op, always(erpclient.KindSessionExpired)))
		for range 3 {
			err := w.do(t.Context(), c, "r1")
			if wantKind(t, err, erpclient.KindBadAnswer); !unsent(err) {
				t.Errorf("%v does not say that nothing was sent", err)
			}
		}
		wantCalls(t, p.erp, erptest.OpLogin, 2)
	})
}

func TestWhatFailsBeforeTheWriteLeavesNoDoubt(t *testing.T) {
	down := errors.New("store is down")
	tests := map[string]struct {
		spoil func(*pair)
		want  erpclient.Kind
	}{
		"login unavailable":  {func(p *pair) { p.erp.Script(onlyLogin(always(erpclient.KindUnavailable))) }, erpclient.KindUnavailable},
		"login bad answer":   {func(p *pair) { p.erp.Script(onlyLogin(always(erpclient.KindBadAnswer))) }, erpclient.KindBadAnswer},
		"login hangs":        {func(p *pair) { p.erp.Script(onlyLogin(erptest.Hang)) }, erpclient.KindTimeout},
		"password refused":   {func(p *pair) { p.erp.Script(onlyLogin(always(erpclient.KindBadCredentials))) }, erpclient.KindBadCredentials},
		"the store is down":  {func(p *pair) { p.sessions.Fail("Load", down) }, ""},
		"the store is stuck": {func(p *pair) { p.sessions.Fail("Lock", down) }, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, _ *erpclient.Client) {
				p.erp.ForgetSessions()
				c := p.client(nil)
				if err := p.sessions.Drop(t.Context(), "primary\x00acc-alice", kept(t, p)); err != nil {
					t.Fatal(err)
				}
				tt.spoil(p)
				err := w.do(t.Context(), c, "r1")
				if got := erpclient.KindOf(err); got != tt.want || tt.want == "" && !errors.Is(err, down) {
					t.Errorf("got %v, want kind %q", err, tt.want)
				}
				wantCalls(t, p.erp, w.op, 0)
			})
		})
	}
}

// kept is alice's session in the store.
func kept(t *testing.T, p *pair) []byte {
	t.Helper()
	blob, ok, err := p.sessions.Load(t.Context(), "primary\x00acc-alice")
	if err != nil || !ok {
		t.Fatalf("no session is kept: %v", err)
	}
	return blob
}

func TestEqualWritesAreNeverOne(t *testing.T) {
	inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 50*time.Millisecond) })
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := w.do(t.Context(), c, "r1"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		wantDone(t, w, p.erp, "r1", 10)
	})
}

func TestACallerWhoGivesUpGetsTheOutcomeOfWhatHasLeft(t *testing.T) {
	inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(only(w.op, func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, time.Second) }))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		start := time.Now()
		if err := w.do(ctx, c, "r1"); err != nil {
			t.Fatalf("got %v, want the outcome", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("the outcome took %s, want the second that the ERP takes", took)
		}
		wantDone(t, w, p.erp, "r1", 1)
	})
}

func TestACallerWhoGivesUpBeforeSendsNothing(t *testing.T) {
	for _, op := range []string{erptest.OpLogin, erptest.OpApproval} {
		t.Run(op, func(t *testing.T) {
			inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, _ *erpclient.Client) {
				if op == erptest.OpApproval && w.op != erptest.OpDecide {
					t.Skip("it looks at nothing before")
				}
				c := p.client(nil)
				p.erp.Script(only(op, erptest.Hang))
				if err := p.sessions.Drop(t.Context(), "primary\x00acc-alice", kept(t, p)); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(100*time.Millisecond, cancel)
				start := time.Now()
				err := w.do(ctx, c, "r1")
				if wantKind(t, err, erpclient.KindTimeout); !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want one that is context.Canceled", err)
				}
				if took := time.Since(start); took != 100*time.Millisecond {
					t.Errorf("the answer took %s, want none", took)
				}
				wantCalls(t, p.erp, w.op, 0)
			})
		})
	}
}

func TestACallerWhoHasGivenUpSendsNothing(t *testing.T) {
	inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := w.do(ctx, c, "r1")
		if wantKind(t, err, erpclient.KindTimeout); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want one that is context.Canceled", err)
		}
		wantCalls(t, p.erp, w.op, 0)
	})
}

// The write runs on to its own end when its caller's deadline comes first.
func TestACallersDeadlineLeavesTheOutcomeOpen(t *testing.T) {
	inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(only(w.op, func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, time.Second) }))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		start := time.Now()
		trail, err := traced(t, func(context.Context) error {
			ctx, trace := erpclient.WithTrace(ctx)
			err := w.do(ctx, c, "r1")
			if got := trace.Trail().Attempts; len(got) == 0 || got[len(got)-1].Kind != erpclient.KindOutcomeUnknown {
				t.Errorf("got attempts %v", got)
			}
			return err
		})
		wantKind(t, err, erpclient.KindOutcomeUnknown)
		if took := time.Since(start); took != 300*time.Millisecond {
			t.Errorf("the answer took %s, want 300ms: %v", took, trail)
		}
		<-time.After(2 * time.Second)
		wantDone(t, w, p.erp, "r1", 1)
	})
}

func TestAWriteHasADeadlineOfItsOwn(t *testing.T) {
	for name, tt := range map[string]struct {
		configured, want time.Duration
	}{"default": {0, 2500 * time.Millisecond}, "longer": {8 * time.Second, 8 * time.Second}, "shorter": {time.Second, time.Second}} {
		t.Run(name, func(t *testing.T) {
			change := func(cfg *erpclient.Config) { cfg.WriteTimeout = tt.configured }
			inWorlds(t, once, change, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
				p.erp.Script(only(w.op, erptest.Hang))
				start := time.Now()
				wantKind(t, w.do(t.Context(), c, "r1"), erpclient.KindOutcomeUnknown)
				if took := time.Since(start); took != tt.want {
					t.Errorf("the answer took %s, want %s", took, tt.want)
				}
			})
		})
	}
}

func TestADriverThatIgnoresItsContextHoldsNoWriterUp(t *testing.T) {
	inWorlds(t, writings, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		release := make(chan struct{})
		defer close(release)
		p.erp.Script(only(w.op, func(context.Context, string) error { <-release; return nil }))
		limit := 2600 * time.Millisecond
		if w.op == erptest.OpDecide {
			limit = 7600 * time.Millisecond
		}
		start := time.Now()
		wantKind(t, w.do(t.Context(), c, "r1"), erpclient.KindOutcomeUnknown)
		if took := time.Since(start); took > limit {
			t.Errorf("the answer took %s, want at most %s", took, limit)
		}
	})
}

// A login that takes the whole deadline leaves no time to write, and then nothing is written.
func TestAWriteWithoutTimeDoesNotLeave(t *testing.T) {
	inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(onlyLogin(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 2470*time.Millisecond) }))
		var all sync.WaitGroup
		if err := c.Forget(t.Context(), alice.Account); err != nil {
			t.Fatal(err)
		}
		for range 6 { // and that is nothing the breaker for writes learns from
			all.Go(func() {
				err := w.do(t.Context(), c, "r1")
				if erpclient.KindOf(err) != erpclient.KindTimeout || !unsent(err) {
					t.Errorf("got %v, want a timeout that says that nothing was sent", err)
				}
			})
		}
		all.Wait()
		wantCalls(t, p.erp, w.op, 0)
		if state := c.Status().Channels[0].Breakers["write"]; state != "closed" {
			t.Errorf("the breaker is %s", state)
		}
	})
}

func TestUnknownOutcomesOpenTheBreakerForWritesAlone(t *testing.T) {
	for name, fault := range doubts {
		if name == "breaks the contract" || name == "refused, or else who knows" { // neither says that the ERP is sick
			continue
		}
		t.Run(name, func(t *testing.T) {
			inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
				p.erp.Script(only(w.op, fault))
				var all sync.WaitGroup
				for i := range 5 {
					all.Go(func() {
						if err := w.do(t.Context(), c, "r"+strconv.Itoa(i)); erpclient.KindOf(err) != erpclient.KindOutcomeUnknown {
							t.Errorf("got %v", err)
						}
					})
				}
				all.Wait()
				start := time.Now()
				err := w.do(t.Context(), c, "r5")
				if wantKind(t, err, erpclient.KindUnavailable); !unsent(err) || time.Since(start) != 0 || retryAfter(err) <= 0 {
					t.Errorf("got %v after %s, want an immediate refusal that says when to come back", err, time.Since(start))
				}
				wantCalls(t, p.erp, w.op, 5)
				wantSource(t, erpclient.SourceLive, 0, searching(c, alice, "sled"))
			})
		})
	}
}

func TestRefusalsDoNotOpenTheBreakerForWrites(t *testing.T) {
	inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(only(w.op, always(erpclient.KindConflict)))
		for range 30 {
			wantKind(t, w.do(t.Context(), c, "r1"), erpclient.KindConflict)
		}
		p.erp.Script(nil)
		if err := w.do(t.Context(), c, "r1"); err != nil {
			t.Errorf("after 30 refusals: %v", err)
		}
	})
}

func TestAWriteWaitsForASlotAndIsBusyWithoutOne(t *testing.T) {
	inWorlds(t, once, func(cfg *erpclient.Config) { cfg.MaxInFlight = 2 }, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		release := twoHang(t, p.world, c)
		defer release()
		err := w.do(t.Context(), c, "r1")
		if wantKind(t, err, erpclient.KindBusy); !unsent(err) {
			t.Errorf("%v does not say that nothing was sent", err)
		}
		wantCalls(t, p.erp, w.op, 0)
	})
}

func TestAWriteIsTraced(t *testing.T) {
	inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		p.erp.Script(refusing(p.erp, w.op, 1))
		trail := wantSource(t, erpclient.SourceLive, time.Second, func(ctx context.Context) error { return w.do(ctx, c, "r1") })
		if got := trail.Attempts; len(got) != 2 || got[0].Kind != erpclient.KindUnavailable || got[1].Kind != "" || got[1].Op != w.op {
			t.Errorf("got attempts %v", got)
		}
		p.erp.After(erptest.Lose)
		trail, _ = traced(t, func(ctx context.Context) error { return w.do(ctx, c, "r2") })
		if got := trail.Attempts; len(got) != 1 || got[0].Kind != erpclient.KindOutcomeUnknown {
			t.Errorf("got attempts %v", got)
		}
	})
}

func TestAWriteIsNeverAnsweredFromBefore(t *testing.T) {
	inWorlds(t, once, nil, func(t *testing.T, w writing, p *pair, c *erpclient.Client) {
		run(t, c)
		if err := w.do(t.Context(), c, "r1"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		p.script(erptest.Fail(erpclient.KindUnavailable))
		wantKind(t, w.do(t.Context(), c, "r1"), erpclient.KindOutcomeUnknown)
	})
}

// finding are the questions by which a write is settled.
var finding = writingMethods[3:]

// What another caller is being told may be older than the write; so may what a standby or a last good answer knows.
func TestAWriteIsSettledByThePrimarysAnswerOfNow(t *testing.T) {
	for _, m := range finding {
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				p.erp.OnStockRecord = func(context.Context, erpclient.Auth, string) (erpclient.StockRecord, error) {
					return erpclient.StockRecord{ID: "1"}, nil
				}
				p.erp.OnOrderByReference = func(context.Context, erpclient.Auth, string) (erpclient.Order, error) {
					return erpclient.Order{ID: "1"}, nil
				}
				c := p.client(noRetries)
				run(t, c)
				if err := m.ask(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if n := p.answers.Len(); n != 0 {
					t.Errorf("%d answers are kept", n)
				}
				p.erp.Script(func(ctx context.Context, op string) error { return erptest.Slow(ctx, op, 50*time.Millisecond) })
				var both sync.WaitGroup
				for range 2 {
					both.Go(func() { _ = m.ask(t.Context(), c) })
				}
				both.Wait()
				wantCalls(t, p.erp, m.needs[1], 3)
				p.erp.Script(erptest.Fail(erpclient.KindUnavailable))
				wantKind(t, m.ask(t.Context(), c), erpclient.KindUnavailable)
				if n := p.standby.AllCalls(); n != 0 {
					t.Errorf("the standby was asked %d times", n)
				}
			})
		})
	}
}

func TestAFindingIsRetriedAsAnyRead(t *testing.T) {
	for _, m := range finding {
		t.Run(m.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(nil)
				p.erp.Script(refusing(p.erp, m.needs[1], 2))
				wantKind(t, m.ask(t.Context(), c), erpclient.KindNotFound)
				wantCalls(t, p.erp, m.needs[1], 3)
			})
		})
	}
}

func TestWhatCannotBeRightIsRefusedBeforeTheERPIsAsked(t *testing.T) {
	entries := map[string]func(*erpclient.StockEntry){
		"no reference":           func(e *erpclient.StockEntry) { e.Reference = "" },
		"a reference too long":   func(e *erpclient.StockEntry) { e.Reference = fmt.Sprintf("%041d", 1) },
		"a reference with signs": func(e *erpclient.StockEntry) { e.Reference = "r_1%" },
		"no direction":           func(e *erpclient.StockEntry) { e.Direction = "" },
		"another direction":      func(e *erpclient.StockEntry) { e.Direction = "sideways" },
		"no quantity":            func(e *erpclient.StockEntry) { e.Quantity = "" },
		"nothing":                func(e *erpclient.StockEntry) { e.Quantity = "0.000" },
		"less than nothing":      func(e *erpclient.StockEntry) { e.Quantity = "-1" },
	}
	orders := map[string]func(*erpclient.NewOrder){
		"no reference": func(o *erpclient.NewOrder) { o.Reference = "" },
		"no lines":     func(o *erpclient.NewOrder) { o.Lines = nil },
		"no product":   func(o *erpclient.NewOrder) { o.Lines[0].ProductID = "" },
		"nothing":      func(o *erpclient.NewOrder) { o.Lines[0].Quantity = "0" },
	}
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		for name, change := range entries {
			e := entry("r1")
			change(&e)
			if _, err := c.RecordStock(t.Context(), alice, e); erpclient.KindOf(err) != erpclient.KindInvalid {
				t.Errorf("an entry with %s: got %v", name, err)
			}
		}
		for name, change := range orders {
			o := newOrder("r1")
			change(&o)
			if _, err := c.CreateOrder(t.Context(), alice, o); erpclient.KindOf(err) != erpclient.KindInvalid {
				t.Errorf("an order with %s: got %v", name, err)
			}
		}
		if n := w.erp.AllCalls(); n != 0 {
			t.Errorf("the ERP was asked %d times", n)
		}
	})
}

func TestAnOrderIsTheIdentitysOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		var made []string
		w.erp.OnCreateOrder = func(_ context.Context, a erpclient.Auth, o erpclient.NewOrder) (erpclient.Order, error) {
			made = append(made, o.CustomerID+"/"+a.Scope.CustomerID)
			return erpclient.Order{}, nil
		}
		c := w.client(nil)
		clerk := erpclient.Identity{Owner: "bob", Account: bob.Account, Proof: bob.Proof}
		for _, id := range []erpclient.Identity{alice, invited, clerk} {
			o := newOrder("r1")
			o.CustomerID = "C9"
			if _, err := c.CreateOrder(t.Context(), id, o); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"C1/C1", "C3/C3", "C9/"}; !slices.Equal(made, want) {
			t.Errorf("got %v, want %v", made, want)
		}
	})
}

// "Not found" would say that the order may be made again.
func TestAnotherCustomersOrderIsForbiddenToWhoSettlesAWrite(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		w.erp.OnOrderByReference = func(context.Context, erpclient.Auth, string) (erpclient.Order, error) {
			return erpclient.Order{ID: "1", CustomerID: "C2", CustomerName: "Bob's"}, nil
		}
		o, err := w.client(nil).FindOrder(t.Context(), alice, "r1")
		if wantKind(t, err, erpclient.KindForbidden); o.CustomerName != "" {
			t.Errorf("got %+v beside the error", o)
		}
	})
}
