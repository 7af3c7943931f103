package erpclient_test

import (
	"reflect"
	"testing"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

func TestAProbeLogsInOnlyWithAServiceAccount(t *testing.T) {
	tests := []struct {
		name   string
		change func(*erpclient.Config)
		logins int
	}{
		{"with one", nil, 1},
		{"without one", func(cfg *erpclient.Config) { cfg.Service = erpclient.Credentials{} }, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				w := newWorld()
				c := w.client(tt.change)
				for range 3 {
					if err := c.Probe(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				wantCalls(t, w.erp, erptest.OpLogin, tt.logins)
				wantCalls(t, w.erp, erptest.OpProbe, 3)
			})
		})
	}
}

func TestAProbeRenewsALostSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		for range 2 {
			if err := c.Probe(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.erp.ForgetSessions()
		}
		wantCalls(t, w.erp, erptest.OpLogin, 2)
	})
}

func TestAProbeSeesAnERPThatComesBackBehindAnOpenBreaker(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, noRetries)
		askAfter(t, w, c, repeat(5, erpclient.KindUnavailable))
		wantOpen(t, w, c, true)
		if err := c.Probe(t.Context()); err != nil {
			t.Errorf("got %v from a healthy ERP", err)
		}
		w.erp.Script(erptest.Fail(erpclient.KindUnavailable))
		wantKind(t, c.Probe(t.Context()), erpclient.KindUnavailable)
	})
}

func TestStatusTellsBreakersAndCapabilities(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.loggedIn(t, noRetries)
		askAfter(t, w, c, repeat(5, erpclient.KindUnavailable))
		calls := w.erp.AllCalls()
		got := c.Status().Channels[0]
		if want := map[string]string{"read": "open", "write": "closed", "login": "closed"}; !reflect.DeepEqual(got.Breakers, want) {
			t.Errorf("got breakers %v, want %v", got.Breakers, want)
		}
		if !reflect.DeepEqual(got.Capabilities, everything) {
			t.Errorf("got capabilities %v, want %v", got.Capabilities, everything)
		}
		if got.Name != "primary" || !got.InUse || got.InFlight != 0 || got.UsualMS <= 0 {
			t.Errorf("got %+v", got)
		}
		if n := w.erp.AllCalls() - calls; n != 0 {
			t.Errorf("the ERP was asked %d times for a look", n)
		}
		if got := w.clientOf(bare{w.erp}, nil).Status().Channels[0].Capabilities; len(got) != 0 {
			t.Errorf("an ERP that can nothing has %v", got)
		}
	})
}
