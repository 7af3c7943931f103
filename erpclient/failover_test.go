package erpclient_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// onlyLogin is a fault that the logins have and nothing else.
func onlyLogin(fault func(context.Context, string) error) func(context.Context, string) error {
	return func(ctx context.Context, op string) error {
		if op == erptest.OpLogin {
			return fault(ctx, op)
		}
		return nil
	}
}

// always fails logins as well.
func always(kind erpclient.Kind) func(context.Context, string) error {
	return func(_ context.Context, op string) error { return &erpclient.Error{Op: op, Kind: kind} }
}

// unhealthy are the faults after which another channel may know better.
var unhealthy = map[string]func(context.Context, string) error{
	"unavailable":       erptest.Fail(erpclient.KindUnavailable),
	"timeout":           erptest.Fail(erpclient.KindTimeout),
	"bad answer":        erptest.Fail(erpclient.KindBadAnswer),
	"busy":              erptest.Fail(erpclient.KindBusy),
	"busy for long":     func(_ context.Context, op string) error { return busyFor(op, time.Hour) },
	"panics":            func(context.Context, string) error { panic("an answer it cannot bear") },
	"hangs":             erptest.Hang,
	"login unavailable": onlyLogin(always(erpclient.KindUnavailable)),
	"login timeout":     onlyLogin(always(erpclient.KindTimeout)),
	"login bad answer":  onlyLogin(always(erpclient.KindBadAnswer)),
	"login busy":        onlyLogin(always(erpclient.KindBusy)),
	"login hangs":       onlyLogin(erptest.Hang),
}

func busyFor(op string, rest time.Duration) error {
	return &erpclient.Error{Op: op, Kind: erpclient.KindBusy, RetryAfter: rest}
}

func TestAReadThatThePrimaryCannotAnswerIsTheStandbysInTime(t *testing.T) {
	for name, fault := range unhealthy {
		for _, m := range methods {
			if m.name == "BindAccount" { // it logs in, and that is never moved
				continue
			}
			t.Run(name+"/"+m.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					p := newPair()
					p.erp.Script(fault)
					c := p.client(noRetries)
					wantSource(t, erpclient.SourceStandby, m.limit, func(ctx context.Context) error { return m.ask(ctx, c) })
				})
			})
		}
	}
}

func TestAFullBulkheadIsTheStandbysTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(func(cfg *erpclient.Config) { cfg.MaxInFlight = 2 })
		mustSearch(t, c, alice, "warm-up")
		release := twoHang(t, p.world, c)
		wantSource(t, erpclient.SourceStandby, 100*time.Millisecond, searching(c, alice, "third"))
		release()
	})
}

// A probe may find the primary well while its breaker is still open.
func TestAnOpenBreakerIsTheStandbysTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		p.takeOut(t, c)
		for range 2 {
			probe(t, c)
		}
		wantInUse(t, c, "primary")
		trail := wantSource(t, erpclient.SourceStandby, 0, searching(c, alice, "sled"))
		if len(trail.Attempts) != 2 || trail.Attempts[0].Channel != "primary" || trail.Attempts[1].Channel != "standby" {
			t.Errorf("got attempts %v, want the primary's and then the standby's", trail.Attempts)
		}
	})
}

func TestAnOpenBreakerForLoginsIsTheStandbysTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		p.erp.Script(always(erpclient.KindUnavailable))
		for range 5 {
			_, err := c.BindAccount(t.Context(), "acc-alice", "right")
			wantKind(t, err, erpclient.KindUnavailable)
		}
		wantSource(t, erpclient.SourceStandby, 0, searching(c, alice, "sled"))
		wantCalls(t, p.erp, erptest.OpLogin, 5)
	})
}

func TestARefusalIsFinalOnEveryChannel(t *testing.T) {
	tests := map[string]struct {
		fault func(context.Context, string) error
		want  erpclient.Kind
	}{
		"not found":         {erptest.Fail(erpclient.KindNotFound), erpclient.KindNotFound},
		"forbidden":         {erptest.Fail(erpclient.KindForbidden), erpclient.KindForbidden},
		"invalid":           {erptest.Fail(erpclient.KindInvalid), erpclient.KindInvalid},
		"conflict":          {erptest.Fail(erpclient.KindConflict), erpclient.KindConflict},
		"not supported":     {erptest.Fail(erpclient.KindNotSupported), erpclient.KindNotSupported},
		"wrong password":    {onlyLogin(always(erpclient.KindBadCredentials)), erpclient.KindBadCredentials},
		"too many attempts": {onlyLogin(always(erpclient.KindTooManyAttempts)), erpclient.KindTooManyAttempts},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				p.erp.Script(tt.fault)
				_, err := search(t.Context(), p.client(nil), alice, "sled")
				wantKind(t, err, tt.want)
				if n := p.standby.AllCalls(); n != 0 {
					t.Errorf("the standby was asked %d times about what the primary has decided", n)
				}
				wantInUse(t, p.client(nil), "primary")
			})
		})
	}
}

func TestAfterTheBreakerOpensReadsLeaveThePrimaryAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		p.takeOut(t, c)
		calls := p.erp.AllCalls()
		for i := range 50 {
			wantSource(t, erpclient.SourceStandby, 0, searching(c, alice, strconv.Itoa(i)))
			<-time.After(time.Second) // beyond the ten seconds after which the breaker lets trials through
		}
		if n := p.erp.AllCalls() - calls; n != 0 {
			t.Errorf("the primary was asked %d times, want none: probes find out when it is back", n)
		}
	})
}

func TestAFailedProbeTakesThePrimaryOutAtOnce(t *testing.T) {
	for name, fault := range map[string]func(context.Context, string) error{
		"unavailable": erptest.Fail(erpclient.KindUnavailable), "hangs": erptest.Hang,
		"login fails": onlyLogin(always(erpclient.KindUnavailable)), "service account refused": onlyLogin(always(erpclient.KindBadCredentials)),
		"panics": func(context.Context, string) error { panic("a probe it cannot bear") },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(nil)
				p.erp.Script(fault)
				probe(t, c)
				wantInUse(t, c, "standby")
				calls := p.erp.AllCalls()
				wantSource(t, erpclient.SourceStandby, 0, searching(c, alice, "sled"))
				if n := p.erp.AllCalls() - calls; n != 0 {
					t.Errorf("the primary was asked %d times", n)
				}
			})
		})
	}
}

// probe is one of the health checks' probes.
func probe(t *testing.T, c *erpclient.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = c.Probe(ctx)
}

func TestThePrimaryIsBackAfterTwoGoodProbesInARow(t *testing.T) {
	const good, bad = true, false
	tests := []struct {
		name   string
		probes []bool
		inUse  string
	}{
		{"none", nil, "standby"},
		{"one", []bool{good}, "standby"},
		{"two", []bool{good, good}, "primary"},
		{"good, bad, good", []bool{good, bad, good}, "standby"},
		{"good, bad, good, good", []bool{good, bad, good, good}, "primary"},
		{"two and then a bad one", []bool{good, good, bad}, "standby"},
		{"out, and one", []bool{good, good, bad, good}, "standby"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(noRetries)
				for range 5 { // good ones before the outage do not count after it
					probe(t, c)
				}
				p.takeOut(t, c)
				<-time.After(11 * time.Second) // the breaker lets trials through
				for _, healthy := range tt.probes {
					p.erp.Script(nil)
					if !healthy {
						p.erp.Script(erptest.Fail(erpclient.KindUnavailable))
					}
					probe(t, c)
				}
				p.erp.Script(nil)
				wantInUse(t, c, tt.inUse)
				want := erpclient.SourceStandby
				if tt.inUse == "primary" {
					want = erpclient.SourceLive
				}
				wantSource(t, want, 0, searching(c, alice, "sled"))
			})
		})
	}
}

// A refusal shows that the ERP answers; a probe that ended at our own session store, or whose caller gave up, shows nothing.
func TestWhatAProbeShows(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*pair) (ctx context.Context)
		inUse string
	}{
		{"a refusal shows an ERP that answers", func(p *pair) context.Context {
			p.erp.Script(erptest.Fail(erpclient.KindForbidden))
			return context.Background()
		}, "primary"},
		{"a failing session store shows nothing", func(p *pair) context.Context {
			p.sessions.Fail("Load", errors.New("store is down"))
			return context.Background()
		}, "standby"},
		{"a caller who gave up shows nothing", func(*pair) context.Context {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			return ctx
		}, "standby"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(noRetries)
				p.takeOut(t, c)
				ctx := tt.spoil(p)
				for range 4 {
					_ = c.Probe(ctx)
				}
				wantInUse(t, c, tt.inUse)
			})
		})
	}
	t.Run("nor does it take the primary out", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			p := newPair()
			c := p.client(nil)
			p.sessions.Fail("Load", errors.New("store is down"))
			probe(t, c)
			wantInUse(t, c, "primary")
		})
	})
}

func TestTheStandbysProbeDecidesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(nil)
		if err := c.ProbeStandby(t.Context()); err != nil {
			t.Error(err)
		}
		wantCalls(t, p.standby, erptest.OpProbe, 1)
		wantCalls(t, p.erp, erptest.OpProbe, 0)
		p.standby.Script(erptest.Fail(erpclient.KindUnavailable))
		wantKind(t, c.ProbeStandby(t.Context()), erpclient.KindUnavailable)
		wantInUse(t, c, "primary")
		wantKind(t, p.world.client(nil).ProbeStandby(t.Context()), erpclient.KindNotSupported)
	})
}

func TestWithBothChannelsDeadTheErrorComesInTime(t *testing.T) {
	for name, fault := range unhealthy {
		for _, m := range methods {
			t.Run(name+"/"+m.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					p := newPair()
					p.script(fault)
					c := p.client(nil)
					if m.name == "BindAccount" && !failsLogin(fault) {
						return
					}
					for range 8 { // with breakers closed, and then open
						start := time.Now()
						if err := m.ask(t.Context(), c); !erpclient.KindOf(err).Unhealthy() {
							t.Fatalf("got %v, want what the ERP's health says", err)
						}
						if took := time.Since(start); took > m.limit {
							t.Errorf("the error took %s, want at most %s", took, m.limit)
						}
					}
				})
			})
		}
	}
}

// failsLogin reports whether the fault reaches logins; it waits for none.
func failsLogin(fault func(context.Context, string) error) (fails bool) {
	defer func() { fails = fails || recover() != nil }()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return fault(ctx, erptest.OpLogin) != nil
}

func TestEachChannelHasItsOwnSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c, replica := p.client(noRetries), p.client(noRetries)
		p.erp.Script(erptest.Fail(erpclient.KindBusy))
		for i := range 3 {
			for _, c := range []*erpclient.Client{c, replica} { // the store tells the channels' sessions apart as well
				wantSource(t, erpclient.SourceStandby, 0, searching(c, alice, strconv.Itoa(i)))
			}
		}
		wantCalls(t, p.erp, erptest.OpLogin, 1)
		wantCalls(t, p.standby, erptest.OpLogin, 1)
		p.standby.ForgetSessions()
		p.erp.Script(nil)
		wantSource(t, erpclient.SourceLive, 0, searching(c, alice, "the primary's session lives"))
		wantCalls(t, p.erp, erptest.OpLogin, 1)
		wantCalls(t, p.standby, erptest.OpLogin, 1)
	})
}

func TestEachChannelHasItsOwnBreakers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		p.takeOut(t, c)
		for _, ch := range c.Status().Channels {
			want := map[string]string{"primary": "open", "standby": "closed"}[ch.Name]
			if ch.Breakers["read"] != want || ch.Breakers["login"] != "closed" || ch.Breakers["write"] != "closed" {
				t.Errorf("%s: got %v, want read %s and the others closed", ch.Name, ch.Breakers, want)
			}
		}
	})
}

func TestStatusAndGaugeTellTheChannelInUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		figures := prometheus.NewRegistry()
		c := p.client(func(cfg *erpclient.Config) { cfg.MaxRetries = -1; cfg.Metrics = figures })
		want := func(name string) {
			t.Helper()
			wantInUse(t, c, name)
			for _, channel := range []string{"primary", "standby"} {
				value := 0.0
				if channel == name {
					value = 1
				}
				wantFigure(t, figures, `snowgate_erp_channel_in_use{channel="`+channel+`",system="erp"}`, value)
			}
		}
		want("primary")
		p.takeOut(t, c)
		want("standby")
		probe(t, c)
		want("standby")
		probe(t, c)
		want("primary")
	})
}

func TestWithoutAStandbyThePrimaryStaysInUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		figures := prometheus.NewRegistry()
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxRetries = -1; cfg.Metrics = figures })
		askAfter(t, w, c, repeat(5, erpclient.KindUnavailable))
		wantInUse(t, c, "primary")
		wantFigure(t, figures, `snowgate_erp_channel_in_use{channel="primary",system="erp"}`, 1)
	})
}

func TestBindAccountNeverFailsOver(t *testing.T) {
	for _, kind := range []erpclient.Kind{
		erpclient.KindUnavailable, erpclient.KindTimeout, erpclient.KindBusy, erpclient.KindBadAnswer, erpclient.KindBadCredentials,
	} {
		t.Run(string(kind), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(noRetries)
				p.takeOut(t, c)
				calls := p.standby.AllCalls()
				p.erp.Script(always(kind))
				_, err := c.BindAccount(t.Context(), "acc-alice", "right")
				wantKind(t, err, kind)
				if n := p.standby.AllCalls() - calls; n != 0 {
					t.Errorf("the standby was asked %d times: a wrong password would count twice", n)
				}
			})
		})
	}
}

func TestFailingOverTakesNothingFromTheRetryBudget(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		figures := prometheus.NewRegistry()
		c := p.client(func(cfg *erpclient.Config) { cfg.Metrics = figures })
		p.erp.Script(func(_ context.Context, op string) error {
			if op == erptest.OpSearchOrders && p.erp.Calls(op)%3 == 1 { // never half of them: the breaker stays closed
				return &erpclient.Error{Op: op, Kind: erpclient.KindUnavailable}
			}
			return nil
		})
		for i := range 30 {
			want := erpclient.SourceLive
			if i%3 == 0 {
				want = erpclient.SourceStandby
			}
			wantSource(t, want, 0, searching(c, alice, strconv.Itoa(i)))
		}
		wantFigure(t, figures, `snowgate_erp_retry_budget{system="erp"}`, 20)
		wantFigure(t, figures, `snowgate_erp_retries_total{system="erp"}`, 0)
	})
}

// The standby's failure is no reason to log in at the primary once more, where that has just failed.
func TestALoginIsNotRepeatedThoughTheOtherChannelIsAskedAgain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		p.erp.Script(always(erpclient.KindUnavailable))
		p.standby.Script(erptest.Fail(erpclient.KindBusy))
		_, err := search(t.Context(), p.client(nil), alice, "sled")
		wantKind(t, err, erpclient.KindBusy)
		wantCalls(t, p.erp, erptest.OpLogin, 1)
		wantCalls(t, p.standby, erptest.OpSearchOrders, 3) // the first attempt was the primary's
	})
}

// A standby that cannot be used at all must not make the primary worse than it would be alone.
func TestADeadStandbyDoesNotCostThePrimaryItsRetry(t *testing.T) {
	for name, fault := range map[string]func(context.Context, string) error{
		"login unavailable": always(erpclient.KindUnavailable), "unavailable": erptest.Fail(erpclient.KindUnavailable),
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(nil)
				p.standby.Script(fault)
				for i := range 12 { // the standby's breaker opens on the way
					failed := false
					p.erp.Script(func(_ context.Context, op string) error {
						if op == erptest.OpSearchOrders && !failed {
							failed = true
							return &erpclient.Error{Op: op, Kind: erpclient.KindBusy}
						}
						return nil
					})
					wantSource(t, erpclient.SourceLive, 500*time.Millisecond, searching(c, alice, strconv.Itoa(i)))
					wantSource(t, erpclient.SourceLive, 0, searching(c, alice, "between"))
					<-time.After(time.Second)
				}
			})
		})
	}
}

func TestRetryAfterIsObeyedThoughTheOtherChannelSaysNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		var mu sync.Mutex
		var asked []time.Time
		p.erp.Script(func(_ context.Context, op string) error {
			if op == erptest.OpSearchOrders {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, time.Now())
				return busyFor(op, 1200*time.Millisecond)
			}
			return nil
		})
		p.standby.Script(erptest.Fail(erpclient.KindUnavailable))
		_, err := search(t.Context(), p.client(nil), alice, "sled")
		if !erpclient.KindOf(err).Unhealthy() {
			t.Errorf("got %v", err)
		}
		for i := 1; i < len(asked); i++ {
			if rest := asked[i].Sub(asked[i-1]); rest < 1200*time.Millisecond {
				t.Errorf("the primary was left alone for %s, though it asked for 1.2 s", rest)
			}
		}
		if n := p.standby.Calls(erptest.OpSearchOrders); n < 2 {
			t.Errorf("the standby was asked %d times, though it asked for no rest", n)
		}
	})
}

// A crowd that meets a hanging primary is answered all the same.
func TestACrowdIsServedWhileThePrimaryHangs(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(func(cfg *erpclient.Config) { cfg.MaxInFlight = 20 })
		mustSearch(t, c, alice, "warm-up")
		p.erp.Script(erptest.Hang)
		start := time.Now()
		wantNoErrors(t, searchAll(t.Context(), c, alice, 20))
		synctest.Wait()
		wantNoErrors(t, searchAll(t.Context(), c, bob, 20))
		if took := time.Since(start); took > 2500*time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}
