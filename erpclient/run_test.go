package erpclient_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// The bubble fails the test when something is left behind.
func TestRunEndsWithItsContext(t *testing.T) {
	states := map[string]func(*pair){
		"idle":                          func(*pair) {},
		"looking for the primary":       func(p *pair) { p.erp.Script(erptest.Hang) },
		"writing to a store that hangs": func(p *pair) { p.answers.Script(erptest.Hang) },
	}
	for name, prepare := range states {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				p := newPair()
				c := p.client(noRetries)
				p.takeOut(t, c)
				prepare(p)
				ctx, stop := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- c.Run(ctx) }()
				mustSearch(t, c, alice, "to be kept")
				<-time.After(2500 * time.Millisecond) // in the midst of it
				stop()
				synctest.Wait()
				select {
				case err := <-ended:
					if err != nil {
						t.Errorf("got %v, want none", err)
					}
				default:
					t.Fatal("it goes on")
				}
			})
		})
	}
}

func TestWithoutAStandbyRunEndsAsWell(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, stop)
		if err := c.Run(ctx); err != nil {
			t.Errorf("got %v, want none", err)
		}
		if n := w.erp.AllCalls(); n != 0 {
			t.Errorf("the ERP was asked %d times: there is nowhere to come back from", n)
		}
	})
}

func TestRunBringsThePrimaryBackWithinSeconds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		run(t, c)
		p.takeOut(t, c)
		p.erp.Script(erptest.Fail(erpclient.KindUnavailable))
		<-time.After(time.Minute)
		wantInUse(t, c, "standby")
		if n := p.erp.Calls(erptest.OpProbe); n < 20 || n > 40 {
			t.Errorf("the primary was looked at %d times in a minute, want about 30", n)
		}
		p.erp.Script(nil)
		<-time.After(6 * time.Second)
		wantInUse(t, c, "primary")
		probes := p.erp.Calls(erptest.OpProbe)
		<-time.After(time.Minute)
		wantSource(t, erpclient.SourceLive, 0, searching(c, alice, "sled"))
		if n := p.erp.Calls(erptest.OpProbe) - probes; n != 0 {
			t.Errorf("a primary in use was looked at %d times", n)
		}
	})
}

func TestAPanicInAProbeIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		p.script(func(_ context.Context, op string) error {
			if op == erptest.OpProbe {
				panic("an answer it cannot bear")
			}
			return nil
		})
		c := p.client(nil)
		wantKind(t, c.Probe(t.Context()), erpclient.KindBadAnswer)
		wantKind(t, c.ProbeStandby(t.Context()), erpclient.KindBadAnswer)
		wantInUse(t, c, "standby")
		run(t, c) // and its probes do not end the process
		<-time.After(10 * time.Second)
		if n := p.erp.Calls(erptest.OpProbe); n < 3 {
			t.Errorf("the primary was looked at %d times, want more", n)
		}
	})
}
