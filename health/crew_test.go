package health

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// replica is one of several Monitors that look at the same things, to be stopped apart from the test.
type replica struct {
	*Monitor
	erp, disk *patient
	stop      func()
}

// join starts a replica in a bubble; it ends with the test at the latest.
func join(t *testing.T, m *meeting, name string, change func(*Config)) *replica {
	t.Helper()
	r := &replica{erp: &patient{}, disk: &patient{}}
	cfg := quiet()
	cfg.Again, cfg.Board, cfg.Replica = 5*time.Second, m.as(name), name
	if change != nil {
		change(&cfg)
	}
	r.Monitor = NewMonitor(cfg, Probe{Name: "erp", Check: r.erp.check}, Probe{Name: "disk", Check: r.disk.check, Local: true})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run of %s: %v, want nil", name, err)
		}
	})
	t.Cleanup(r.stop)
	synctest.Wait()
	return r
}

// TestOneReplicaLooksForAllAndAllKnow keeps: an ERP is asked once per interval, however many replicas there are.
func TestOneReplicaLooksForAllAndAllKnow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		a, b, c := join(t, m, "a", nil), join(t, m, "b", nil), join(t, m, "c", nil)
		pass(61 * time.Second)
		if got := []int{len(a.erp.lookedAt()), len(b.erp.lookedAt()), len(c.erp.lookedAt())}; !reflect.DeepEqual(got, []int{3, 0, 0}) {
			t.Errorf("the ERP was looked at %v times, want [3 0 0]", got)
		}
		if got := []bool{a.Leading(), b.Leading(), c.Leading()}; !reflect.DeepEqual(got, []bool{true, false, false}) {
			t.Errorf("leading %v, want a alone", got)
		}
		for name, r := range map[string]*replica{"a": a, "b": b, "c": c} {
			if got := len(r.disk.lookedAt()); got != 3 {
				t.Errorf("%s looked at its own disk %d times, want 3", name, got)
			}
			if got := r.State("erp"); got.State != Up || got.Age > 31*time.Second || got.Since.After(got.CheckedAt.Add(-30*time.Second)) {
				t.Errorf("%s: %+v, want up since the first look, seen lately", name, got)
			}
		}
		a.erp.become(&Failure{"bad_answer", errSick})
		pass(32 * time.Second)
		for name, r := range map[string]*replica{"a": a, "b": b, "c": c} {
			if got := r.State("erp"); got.State != Down || got.LastError != "bad_answer" || time.Since(got.Since) > 4*time.Second {
				t.Errorf("%s: %+v, want down with a's kind, for some seconds", name, got)
			}
			if got := r.History("erp"); len(got) < 3 {
				t.Errorf("%s remembers %d looks", name, len(got))
			}
		}
	})
}

// TestAFailingProbeIsLookedAtAgainSoon keeps: after a failure the next look comes within 5 s, so that a recovery shows.
func TestAFailingProbeIsLookedAtAgainSoon(t *testing.T) {
	tests := map[string]struct {
		probe Probe
		want  int // looks in 60 s
	}{
		"by default after 5 s":         {Probe{}, 13},
		"one asked more often anyway":  {Probe{Every: 2 * time.Second}, 31},
		"one that must not be hurried": {Probe{Again: 20 * time.Second}, 4},
		"never later than its own":     {Probe{Again: time.Hour}, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, p := quiet(), &patient{err: errSick}
				cfg.Again = 0
				test.probe.Name, test.probe.Check = "erp", p.check
				start(t, NewMonitor(cfg, test.probe))
				pass(61 * time.Second)
				if got := len(p.lookedAt()); got != test.want {
					t.Errorf("looked at %d times in 61 s, want %d", got, test.want)
				}
				p.become(nil)
			})
		})
	}
}

// TestTheLeaseOfADeadReplicaPassesOn keeps: failover of the lease within about one interval.
func TestTheLeaseOfADeadReplicaPassesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		if ok, err := m.as("dead").Lead(t.Context(), leaseProbes, leaseMeetings*meetEvery); !ok || err != nil {
			t.Fatal("no lease in an empty place")
		}
		b := join(t, m, "b", nil)
		if b.Leading() || len(b.erp.lookedAt()) != 0 {
			t.Error("b looks beside the holder of the lease")
		}
		pass(leaseMeetings*meetEvery + time.Second)
		if !b.Leading() || len(b.erp.lookedAt()) != 1 || b.State("erp").State != Up {
			t.Errorf("after the lease: leading %v, %d looks, %+v", b.Leading(), len(b.erp.lookedAt()), b.State("erp"))
		}
	})
}

func TestAReplicaThatEndsHandsOverAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		a, b := join(t, m, "a", nil), join(t, m, "b", nil)
		a.stop()
		pass(meetEvery)
		if !b.Leading() || len(b.erp.lookedAt()) != 1 {
			t.Errorf("b leads: %v, looks: %d; want it at the next meeting", b.Leading(), len(b.erp.lookedAt()))
		}
	})
}

// TestWithoutTheBoardEveryReplicaLooksByItself keeps: nothing waits for Redis.
func TestWithoutTheBoardEveryReplicaLooksByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		a, b := join(t, m, "a", nil), join(t, m, "b", nil)
		m.goAway(true)
		pass(61 * time.Second)
		if x, y := len(a.erp.lookedAt()), len(b.erp.lookedAt()); x < 3 || y < 2 {
			t.Errorf("looked %d and %d times while alone", x, y)
		}
		b.erp.become(errSick)
		pass(31 * time.Second)
		if got := b.State("erp").State; got != Down {
			t.Errorf("b, alone: %s, want down", got)
		}
		m.goAway(false)
		pass(3 * meetEvery)
		if a.Leading() == b.Leading() {
			t.Errorf("after the board is back: a leads %v, b leads %v; want one of them", a.Leading(), b.Leading())
		}
	})
}

func TestAProbeHearsWhatAnotherReplicaFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		a := join(t, m, "a", nil)
		cfg := quiet()
		cfg.Board, cfg.Replica = m.as("b"), "b"
		var heard []string
		b := NewMonitor(cfg, Probe{Name: "erp", Check: (&patient{}).check, Heard: func(err error) { heard = append(heard, kindOf(err)) }})
		var told []State
		b.OnChange(func(_ string, _, to State, err error) {
			told = append(told, to)
			var f *Failure
			if to == Down && !errors.As(err, &f) {
				t.Errorf("told of %v, want a *Failure", err)
			}
		})
		start(t, b)
		a.erp.become(errSick)
		pass(33 * time.Second)
		a.erp.become(nil)
		pass(7 * time.Second)
		if want := []string{"", KindError, ""}; !reflect.DeepEqual(heard, want) {
			t.Errorf("heard %q, want %q", heard, want)
		}
		if want := []State{Up, Down, Up}; !reflect.DeepEqual(told, want) {
			t.Errorf("told of %v, want %v", told, want)
		}
	})
}

func TestWhatAnotherReleaseLeftOnTheBoardDoesNoHarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		for _, blob := range []string{"", "{", `{"state":"purple","id":"x"}`, `[1]`} {
			m.put(t, topicProbes, "erp", []byte(blob))
			m.put(t, topicPulse, blob, []byte(blob))
			m.put(t, topicAvailability, "erp", []byte(`{"m":[{"n":1,"k":5,"g":99}],"h":[{"n":-9,"k":1,"g":1}]}`))
		}
		m.put(t, topicProbes, "unheard of", []byte(`{"state":"down","id":"x/1"}`))
		_, _ = m.as("other").Lead(t.Context(), leaseProbes, time.Hour)
		b := join(t, m, "b", nil)
		pass(time.Minute)
		if got := b.State("erp").State; got != Unknown {
			t.Errorf("%s, want unknown", got)
		}
		if got, _ := b.Availability("erp"); got != (Availability{}) {
			t.Errorf("availability %+v of nothing", got)
		}
	})
}

func TestALookAskedForIsToldToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		join(t, m, "a", nil)
		b, c := join(t, m, "b", nil), join(t, m, "c", nil)
		b.erp.become(errSick)
		if got := look(t, b.Monitor, "erp"); got.State != Down {
			t.Fatalf("%+v, want down", got)
		}
		pass(meetEvery)
		if got := c.State("erp").State; got != Down {
			t.Errorf("c: %s, want down as b saw", got)
		}
		if got := len(b.History("erp")); got != 2 {
			t.Errorf("b remembers %d looks, want 2: a's and its own, which it does not hear again", got)
		}
	})
}
