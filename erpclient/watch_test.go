package erpclient_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// heard keeps what OnAttempt was told, as "channel op kind", with "(refused)" behind what the ERP was not asked.
type heard struct {
	mu   sync.Mutex
	list []string
}

func (h *heard) take(a erpclient.Attempt) {
	h.mu.Lock()
	defer h.mu.Unlock()
	line := a.Channel + " " + a.Op + " " + string(a.Kind)
	if a.Refused {
		line += " (refused)"
	}
	h.list = append(h.list, line)
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.list...)
}

// OnAttempt hears of what the ERP was asked, and of what an open breaker refused as such.
func TestOnAttemptTellsRefusalsApart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, h := newWorld(), &heard{}
		c := w.loggedIn(t, func(cfg *erpclient.Config) { cfg.MaxRetries = -1; cfg.OnAttempt = h.take })
		askAfter(t, w, c, repeat(5, erpclient.KindUnavailable))
		wantOpen(t, w, c, true)
		count := map[string]int{}
		for _, line := range h.all() {
			count[line]++
		}
		search := "primary " + erptest.OpSearchOrders
		if calls := w.erp.AllCalls(); count[search+" unavailable"] != 5 || count[search+" unavailable (refused)"] != 1 || len(h.all()) != calls+1 {
			t.Errorf("heard %q of %d calls", h.all(), calls)
		}
		if ch := c.Status().Channels[0]; ch.LastErrorKind != erpclient.KindUnavailable || ch.LastErrorAt.IsZero() {
			t.Errorf("got %+v", ch)
		}
	})
}

// A login made for a question is an attempt of its own; its failure is not told twice.
func TestOnAttemptHearsOfALoginOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w, h := newWorld(), &heard{}
		c := w.client(func(cfg *erpclient.Config) { cfg.MaxRetries = -1; cfg.OnAttempt = h.take })
		w.erp.Script(onlyLogin(always(erpclient.KindTimeout)))
		_, err := search(t.Context(), c, alice, "sled")
		wantKind(t, err, erpclient.KindTimeout)
		if want := []string{"primary login timeout"}; !reflect.DeepEqual(h.all(), want) {
			t.Errorf("heard %q, want %q", h.all(), want)
		}
	})
}

// An admin may send reads to the standby, however well the primary is, until it is released.
func TestForceStandby(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		for _, forced := range []bool{true, false, true} {
			if err := c.ForceStandby(forced); err != nil {
				t.Fatal(err)
			}
			probe(t, c)
			probe(t, c)
			want := map[bool]erpclient.Source{true: erpclient.SourceStandby, false: erpclient.SourceLive}[forced]
			wantSource(t, want, 0, searching(c, alice, "sled"))
			status := c.Status()
			if c.OnStandby() != forced || status.ForcedStandby != forced || status.Channels[1].Forced != forced || status.Channels[0].Forced {
				t.Errorf("forced %v: got %+v", forced, status)
			}
		}
		wantKind(t, newWorld().client(nil).ForceStandby(true), erpclient.KindNotSupported)
	})
}

// A primary that went out of use while the standby was forced stays out when it is released.
func TestAForcedStandbyIsNoProofOfThePrimary(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair()
		c := p.client(noRetries)
		if err := c.ForceStandby(true); err != nil {
			t.Fatal(err)
		}
		c.Heard(erpclient.Errorf("probe", erpclient.KindTimeout, "seen by another replica"))
		if err := c.ForceStandby(false); err != nil {
			t.Fatal(err)
		}
		wantInUse(t, c, "standby")
		c.Heard(nil)
		wantInUse(t, c, "standby")
		c.Heard(nil)
		wantInUse(t, c, "primary")
	})
}

// The login probe logs in unless somebody just did, and leaves a password alone that was just refused.
func TestProbeLogin(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(nil)
		for _, step := range []struct {
			wait   time.Duration
			logins int // in all, afterwards
		}{{0, 1}, {time.Minute, 1}, {10 * time.Minute, 2}, {10 * time.Minute, 3}} {
			<-time.After(step.wait)
			if err := c.ProbeLogin(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantCalls(t, w.erp, erptest.OpLogin, step.logins)
		}
		<-time.After(10 * time.Minute)
		w.erp.Script(onlyLogin(always(erpclient.KindBadCredentials)))
		for range 2 {
			wantKind(t, c.ProbeLogin(t.Context()), erpclient.KindBadCredentials)
		}
		wantCalls(t, w.erp, erptest.OpLogin, 4)
		without := w.client(func(cfg *erpclient.Config) { cfg.Service = erpclient.Credentials{} })
		wantKind(t, without.ProbeLogin(t.Context()), erpclient.KindNotSupported)
	})
}

// While the session store is away the probes look at the ERP all the same.
func TestProbesWithoutTheStore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld()
		c := w.client(func(cfg *erpclient.Config) { cfg.Sessions = awayStore{} })
		if err := errors.Join(c.Probe(t.Context()), c.ProbeLogin(t.Context())); err != nil {
			t.Errorf("got %v from a healthy ERP", err)
		}
		w.erp.Script(erptest.Fail(erpclient.KindUnavailable))
		wantKind(t, c.Probe(t.Context()), erpclient.KindUnavailable)
	})
}

// awayStore is a session store that cannot be reached.
type awayStore struct{ erpclient.SessionStore }

var errAway = errors.New("the store is away")

func (awayStore) Load(context.Context, string) ([]byte, bool, error) { return nil, false, errAway }
func (awayStore) Lock(context.Context, string, time.Duration) (func(), error) {
	return nil, errAway
}
