package alert

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/health"
)

func TestVerdictsBecomeAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		cfg := quiet(t, r)
		cfg.Replica = "gw-1"
		m, _ := start(t, cfg)
		rules := NewRules(m, Sources{}, Limits{})
		since := time.Now().Add(-time.Minute)
		change := func(name string, from, to health.State, local bool) {
			rules.Verdict(health.Verdict{Name: name, State: from}, health.Verdict{
				Name: name, State: to, Since: since, Local: local, Reason: health.Words{ZH: "原因", EN: "why"},
			})
			pass(20 * time.Second)
		}
		change("erp", health.Unknown, health.Up, false)
		change("erp", health.Up, health.Degraded, false)
		change("erp", health.Degraded, health.Down, false)
		change("erp", health.Down, health.Unknown, false)
		change("audit", health.Unknown, health.Down, true)
		change("erp", health.Unknown, health.Up, false)
		change("my thing", health.Up, health.Down, false)
		expect(t, "verdicts", r, "raised part.erp warning", "changed part.erp critical", "raised part.audit@gw-1 critical",
			"recovered part.erp critical", "raised part.my thing critical")
		if got := r.messages(t)[1]; got.Title.ZH != "ERP 主通道不可用" || got.Text.ZH != "原因" || !got.Since.Equal(since) {
			t.Errorf("%+v, want the part, the reason and since when", got)
		}
	})
}

// TestAVerdictIsToldWithin5Seconds keeps: from the ERP's failure to the first alert, through Monitor, Rules and Manager.
func TestAVerdictIsToldWithin5Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		m, _ := start(t, quiet(t, r))
		rules := NewRules(m, Sources{}, Limits{})
		var sick atomic.Bool
		monitor := health.NewMonitor(health.Config{Logger: m.cfg.Logger, Interval: 30 * time.Second}, health.Probe{
			Name: "erp", Check: func(context.Context) error {
				if sick.Load() {
					return errors.New("sick")
				}
				return nil
			},
		})
		var verdict time.Time
		monitor.OnVerdict(func(from, to health.Verdict) {
			verdict = to.Since
			rules.Verdict(from, to)
		})
		run(t, monitor.Run)
		pass(time.Minute)
		sick.Store(true)
		pass(time.Minute)
		expect(t, "down", r, "raised part.erp critical")
		if took := r.all()[0].at.Sub(verdict); took > 5*time.Second || took < 0 {
			t.Errorf("told %v after the verdict, want within 5 s", took)
		}
		sick.Store(false)
		pass(7 * time.Second) // looked at again after 5 s, with jitter
		expect(t, "up again", r, "raised part.erp critical", "recovered part.erp critical")
	})
}

// gauges are sources whose readings the test decides.
type gauges struct {
	mu sync.Mutex
	readings
}

type readings struct {
	standby bool
	queue   Queue
	err     error
	spool   Spool
	certs   []Certificate
}

func (g *gauges) read() readings {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.readings
}

func (g *gauges) set(r readings) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.readings = r
}

func (g *gauges) sources() Sources {
	return Sources{
		Standby:      func() bool { return g.read().standby },
		Queue:        func(context.Context) (Queue, error) { r := g.read(); return r.queue, r.err },
		Spool:        func() Spool { return g.read().spool },
		Certificates: func() []Certificate { return g.read().certs },
	}
}

func TestGaugesBecomeAlerts(t *testing.T) {
	in := func(days int) []Certificate {
		return []Certificate{{"api.example.com", time.Now().Add(time.Duration(days)*24*time.Hour + time.Hour)}}
	}
	tests := map[string]struct {
		set  func(*readings)
		want []string
	}{
		"all is well":              {func(g *readings) { g.queue = Queue{Waiting: 9, Oldest: 4 * time.Minute}; g.certs = in(15) }, nil},
		"standby":                  {func(g *readings) { g.standby = true }, []string{"erp.standby warning"}},
		"queue stuck":              {func(g *readings) { g.queue = Queue{Waiting: 3, Oldest: 5 * time.Minute} }, []string{"queue.stuck critical"}},
		"dead messages":            {func(g *readings) { g.queue = Queue{Dead: 1} }, []string{"queue.dead warning"}},
		"queue cannot be asked":    {func(g *readings) { g.queue, g.err = Queue{Dead: 1}, errors.New("no") }, nil},
		"spool old":                {func(g *readings) { g.spool = Spool{1, 5 * time.Minute, 0.01} }, []string{"spool.growing@gw-1 warning"}},
		"spool half full":          {func(g *readings) { g.spool = Spool{9, time.Second, 0.5} }, []string{"spool.growing@gw-1 warning"}},
		"spool nearly full":        {func(g *readings) { g.spool = Spool{9, time.Second, 0.8} }, []string{"spool.growing@gw-1 critical"}},
		"certificate in two weeks": {func(g *readings) { g.certs = in(13) }, []string{"certificate.api.example.com warning"}},
		"certificate in two days":  {func(g *readings) { g.certs = in(2) }, []string{"certificate.api.example.com critical"}},
		"certificate over":         {func(g *readings) { g.certs = in(-2) }, []string{"certificate.api.example.com critical"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, g := &robot{}, &gauges{}
				cfg := quiet(t, r)
				cfg.Replica = "gw-1"
				m, _ := start(t, cfg)
				var now readings
				test.set(&now)
				g.set(now)
				run(t, NewRules(m, g.sources(), Limits{}).Run)
				pass(gaugesEvery + standbyEvery)
				var want []string
				for _, w := range test.want {
					want = append(want, "raised "+w)
				}
				expect(t, "raised", r, want...)
				g.set(readings{})
				pass(gaugesEvery + standbyEvery)
				for _, w := range test.want {
					want = append(want, "recovered "+w)
				}
				expect(t, "over", r, want...)
				for _, m := range r.messages(t) {
					if m.Title.ZH == "" || m.Title.EN == "" || m.Text.ZH == "" || m.Text.EN == "" || strings.Contains(m.Text.ZH+m.Text.EN, "%!") {
						t.Errorf("told without words: %+v", m)
					}
				}
			})
		})
	}
}

func TestSourcesThatAreNotThereAreNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		m, _ := start(t, quiet(t, r))
		run(t, NewRules(m, Sources{}, Limits{}).Run)
		pass(time.Minute)
		expect(t, "nothing", r)
	})
}

// TestABurstOfFailedLoginsIsToldOnce keeps: a crowd of wrong passwords is seen, a trickle is not, and it is over after five
// calm minutes.
func TestABurstOfFailedLoginsIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		m, _ := start(t, quiet(t, r))
		rules := NewRules(m, Sources{}, Limits{})
		run(t, rules.Run)
		fail := func(seconds, each int) {
			for range seconds {
				for range each {
					rules.LoginFailed()
				}
				pass(time.Second)
			}
		}
		fail(300, 0)
		for range 60 { // one in six seconds
			fail(1, 1)
			fail(5, 0)
		}
		expect(t, "a trickle", r)
		fail(30, 2)
		fail(180, 0)
		fail(30, 2)
		fail(180, 0)
		expect(t, "two bursts", r, "raised login.failures warning")
		fail(300, 0)
		if got, want := r.told(t), []string{"raised login.failures warning", "recovered login.failures warning"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}
