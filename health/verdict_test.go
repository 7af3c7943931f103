package health

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// calls records some calls of a part, the failed ones first.
func calls(p *Pulse, part string, n, failed int) {
	for i := range n {
		p.Record(part, i >= failed)
	}
}

func TestAVerdictJoinsProbeAndRealCalls(t *testing.T) {
	tests := map[string]struct {
		probe         error
		calls, failed int
		want          State
		reason        string // part of the English one
	}{
		"all is well":                        {nil, 100, 0, Up, ""},
		"no traffic":                         {nil, 0, 0, Up, ""},
		"some failures":                      {nil, 100, 29, Up, ""},
		"probe fine, 30 % fail":              {nil, 100, 30, Degraded, "the probe is fine, but 30 of 100 real calls of the last 30 s failed (30 %)"},
		"probe fine, all fail":               {nil, 50, 50, Degraded, "50 of 50"},
		"too few to say":                     {nil, 9, 9, Up, ""},
		"just enough":                        {nil, 10, 3, Degraded, "3 of 10"},
		"probe fails, no traffic":            {errSick, 0, 0, Down, "the probe fails: an error (1 in a row)"},
		"probe fails, calls fail":            {errSick, 20, 19, Down, "an error (1 in a row); 19 of 20 real calls"},
		"probe fails, calls are fine":        {errSick, 20, 1, Degraded, "real calls are fine: 1 of 20 of the last 5 s failed"},
		"probe fails, too few good calls":    {errSick, 9, 0, Down, "the probe fails"},
		"a kind the check named is shown":    {&Failure{"store_full", errSick}, 0, 0, Down, "store_full"},
		"no address of an error is ever out": {errSick, 0, 0, Down, "error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, p := quiet(), &patient{err: test.probe}
				cfg.Pulse = NewPulse(nil)
				m := NewMonitor(cfg, Probe{Name: "erp", Check: p.check})
				calls(cfg.Pulse, "erp", test.calls, test.failed)
				start(t, m)
				pass(time.Second)
				got, _ := m.Verdict("erp")
				if got.State != test.want || !strings.Contains(got.Reason.EN, test.reason) {
					t.Errorf("%s (%s), want %s (%s)", got.State, got.Reason.EN, test.want, test.reason)
				}
				if (got.Reason.EN == "") != (got.State == Up) || (got.Reason.ZH == "") != (got.State == Up) {
					t.Errorf("%s with the reasons %+v", got.State, got.Reason)
				}
				if strings.Contains(got.Reason.EN+got.Reason.ZH, "10.0.0.7") {
					t.Errorf("an address is out: %+v", got.Reason)
				}
				if got.Calls != test.calls || got.Failures != test.failed {
					t.Errorf("%d of %d, want %d of %d", got.Failures, got.Calls, test.failed, test.calls)
				}
			})
		})
	}
}

// TestFailingCallsShowWithin30Seconds keeps: 'the probe is fine but 30 % of real calls fail' is degraded within 30 s, says so
// once, and is over when the calls are fine again.
func TestFailingCallsShowWithin30Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet()
		cfg.Pulse = NewPulse(nil)
		m := NewMonitor(cfg, Probe{Name: "erp", Check: (&patient{}).check})
		var told []State
		var since []time.Time
		m.OnVerdict(func(Verdict, Verdict) { panic("a bad listener") })
		m.OnVerdict(func(from, to Verdict) { told, since = append(told, from.State, to.State), append(since, to.Since) })
		start(t, m)
		traffic := func(seconds, failed int) {
			for range seconds {
				calls(cfg.Pulse, "erp", 10, failed)
				pass(time.Second)
			}
		}
		traffic(60, 0)
		began := time.Now()
		traffic(31, 3)
		if got, _ := m.Verdict("erp"); got.State != Degraded || got.Since.Sub(began) > 30*time.Second {
			t.Errorf("%s since %v after the fault, want degraded within 30 s", got.State, got.Since.Sub(began))
		}
		traffic(60, 2) // below the limit, but not well
		if got, _ := m.Verdict("erp"); got.State != Degraded {
			t.Errorf("%s with 20 %% failing, want degraded still", got.State)
		}
		traffic(31, 0)
		if want := []State{Unknown, Up, Up, Degraded, Degraded, Up}; !reflect.DeepEqual(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
		if got, _ := m.Verdict("erp"); !got.Since.Equal(since[2]) || time.Since(got.Since) > 31*time.Second {
			t.Errorf("up since %v ago, told %v", time.Since(got.Since), since)
		}
	})
}

// TestGoodCallsFromBeforeTheFaultDoNotHideIt keeps: an ERP that died under full traffic is down at the first failed look.
func TestGoodCallsFromBeforeTheFaultDoNotHideIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, p := quiet(), &patient{}
		cfg.Pulse = NewPulse(nil)
		m := NewMonitor(cfg, Probe{Name: "erp", Check: p.check})
		start(t, m)
		for second := range 31 {
			failed := 0
			if second >= 24 {
				failed = 10
			}
			calls(cfg.Pulse, "erp", 10, failed)
			p.become(map[bool]error{true: errSick}[failed > 0])
			pass(time.Second)
		}
		if got, _ := m.Verdict("erp"); got.State != Down {
			t.Errorf("%s (%s), want down", got.State, got.Reason.EN)
		}
	})
}

// TestTheCallsOfAllReplicasCount keeps: all replicas come to one verdict, and one that only idles knows as well.
func TestTheCallsOfAllReplicasCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		busy, idle := NewPulse(nil), NewPulse(nil)
		a := join(t, m, "a", func(c *Config) { c.Pulse = busy })
		b := join(t, m, "b", func(c *Config) { c.Pulse = idle })
		for range 5 {
			calls(busy, "erp", 10, 6)
			calls(busy, "disk", 10, 10)
			pass(time.Second)
		}
		pass(2*meetEvery + time.Second) // told, and then heard
		for name, r := range map[string]*replica{"a": a, "b": b} {
			if got, _ := r.Verdict("erp"); got.State != Degraded || got.Calls != 50 || got.Failures != 30 {
				t.Errorf("%s: %s, %d of %d, want degraded, 30 of 50", name, got.State, got.Failures, got.Calls)
			}
		}
		if got, _ := b.Verdict("disk"); got.State != Up || got.Calls != 0 || !got.Local {
			t.Errorf("b's own disk: %+v, want up; a's calls say nothing about it", got)
		}
		pass(time.Minute)
		if got, _ := b.Verdict("erp"); got.State != Up || got.Calls != 0 {
			t.Errorf("a minute later: %s after %d calls, want up after none", got.State, got.Calls)
		}
		calls(busy, "erp", 10, 10)
		pass(2*meetEvery + time.Second) // told, and then heard
		m.goAway(true)
		pass(2 * meetEvery)
		if got, _ := b.Verdict("erp"); got.Calls != 0 {
			t.Errorf("alone, b still counts %d calls of others", got.Calls)
		}
	})
}

func TestVerdictsAreThereBeforeRun(t *testing.T) {
	m := NewMonitor(quiet(), Probe{Name: "erp", Check: (&patient{}).check}, Probe{Name: "sql", Check: (&patient{}).check})
	look(t, m, "erp")
	got := m.Verdicts()
	if len(got) != 2 || got[0].State != Up || got[1].State != Unknown || got[1].Reason.EN != "not looked at yet" {
		t.Errorf("%+v, want up and unknown", got)
	}
	if _, ok := m.Verdict("nobody"); ok {
		t.Error("a verdict on nobody")
	}
}

func TestAnOldLookGivesNoVerdictUnlessCallsDo(t *testing.T) {
	clock := &fakeClock{t: time.Unix(1e9, 0)}
	cfg := quiet()
	cfg.Now, cfg.Pulse = clock.Now, NewPulse(clock.Now)
	m := NewMonitor(cfg, Probe{Name: "erp", Check: (&patient{}).check}, Probe{Name: "login", Check: (&patient{}).check, Every: 10 * time.Minute})
	look(t, m, "erp")
	look(t, m, "login")
	clock.Add(2 * time.Minute)
	if got, _ := m.Verdict("erp"); got.State != Unknown || got.Reason.EN != "no look for 120 s" {
		t.Errorf("%+v, want unknown", got)
	}
	if got, _ := m.Verdict("login"); got.State != Up {
		t.Errorf("what is looked at every ten minutes is %s after two, want up", got.State)
	}
	calls(cfg.Pulse, "erp", 20, 0)
	if got, _ := m.Verdict("erp"); got.State != Up {
		t.Errorf("%s with good calls, want up", got.State)
	}
	calls(cfg.Pulse, "erp", 20, 20)
	if got, _ := m.Verdict("erp"); got.State != Degraded || !strings.HasPrefix(got.Reason.EN, "no probe; 20 of 40") {
		t.Errorf("%+v with failing calls, want degraded", got)
	}
}

// The kinds that checks name themselves are said in the words they were given; others stay as they are.
func TestReasonsSayKindsInWords(t *testing.T) {
	for kind, want := range map[string]Words{
		"unavailable": {"探测失败：无法连接（连续 1 次）", "the probe fails: out of reach (1 in a row)"},
		KindTimeout:   {"探测失败：没有及时回答（连续 1 次）", "the probe fails: no answer in time (1 in a row)"},
		"store_full":  {"探测失败：store_full（连续 1 次）", "the probe fails: store_full (1 in a row)"},
	} {
		cfg := quiet()
		cfg.Words = map[string]Words{"unavailable": {"无法连接", "out of reach"}, KindTimeout: {"", ""}}
		m := NewMonitor(cfg, Probe{Name: "erp", Check: func(context.Context) error { return &Failure{Kind: kind, Err: errors.New("x")} }})
		look(t, m, "erp")
		if got, _ := m.Verdict("erp"); got.State != Down || got.Reason != want {
			t.Errorf("%s: %+v, want %+v", kind, got.Reason, want)
		}
	}
}
