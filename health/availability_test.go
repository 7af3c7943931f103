package health

import (
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// near compares a share with a tolerance of a stretch's edge.
func near(t *testing.T, what string, got Share, ratio float64, known time.Duration) {
	t.Helper()
	if math.Abs(got.Ratio-ratio) > 0.01 || math.Abs(got.Known.Seconds()-known.Seconds()) > 65 {
		t.Errorf("%s: %.3f of %v, want %.3f of %v", what, got.Ratio, got.Known, ratio, known)
	}
}

func TestAvailabilityCountsTimeNotLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, p := quiet(), &patient{}
		cfg.Again = 0
		m := NewMonitor(cfg, Probe{Name: "erp", Check: p.check})
		start(t, m)
		pass(2 * time.Hour)
		p.become(errSick) // 15 min, in which it is looked at six times as often
		pass(15 * time.Minute)
		p.become(nil)
		pass(30 * time.Minute)
		got, ok := m.Availability("erp")
		if !ok {
			t.Fatal("no availability")
		}
		near(t, "hour", got.Hour, 0.75, time.Hour)
		near(t, "day", got.Day, 150.0/165, 165*time.Minute)
		near(t, "week", got.Week, 150.0/165, 165*time.Minute)
		if _, ok := m.Availability("nobody"); ok {
			t.Error("an availability of nobody")
		}
	})
}

func TestDegradedTimeCountsByTheCallsThatWentWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet()
		cfg.Pulse = NewPulse(nil)
		m := NewMonitor(cfg, Probe{Name: "erp", Check: (&patient{}).check})
		start(t, m)
		for range 600 {
			calls(cfg.Pulse, "erp", 10, 4)
			pass(time.Second)
		}
		got, _ := m.Availability("erp")
		near(t, "hour", got.Hour, 0.6, 10*time.Minute)
	})
}

func TestAWeekIsForgottenAfterAWeek(t *testing.T) {
	var p presence
	now := time.Unix(1e9, 0)
	for range 10 * 24 * 60 {
		now = now.Add(time.Minute)
		p.add(now, 5*time.Second, 1)
	}
	got := p.report(now)
	want := Availability{Share{61 * 5 * time.Second, 1}, Share{24 * 60 * 5 * time.Second, 1}, Share{7 * 24 * 60 * 5 * time.Second, 1}}
	for name, pair := range map[string][2]Share{"hour": {got.Hour, want.Hour}, "day": {got.Day, want.Day}, "week": {got.Week, want.Week}} {
		if pair[0].Ratio != 1 || pair[0].Known < pair[1].Known || pair[0].Known > pair[1].Known+5*time.Minute {
			t.Errorf("%s: %+v, want %+v and at most an hour of looks more", name, pair[0], pair[1])
		}
	}
	p.add(now, -time.Second, 0)
	p.add(now.Add(8*24*time.Hour), time.Hour, 0) // a suspended machine: 5 s of it were watched
	if got := p.report(now.Add(8 * 24 * time.Hour)); got.Week != (Share{5 * time.Second, 0}) {
		t.Errorf("after eight days of sleep: %+v", got.Week)
	}
}

// TestAvailabilityOutlivesAProcess keeps: a new version rolled out does not make the week look like minutes.
func TestAvailabilityOutlivesAProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeeting()
		a := join(t, m, "a", nil)
		pass(time.Hour)
		a.erp.become(errSick)
		pass(time.Hour)
		a.stop()
		b := join(t, m, "b", nil)
		got, _ := b.Availability("erp")
		near(t, "day", got.Day, 0.5, 2*time.Hour)
		own, _ := b.Availability("disk")
		if own.Day.Known > time.Minute {
			t.Errorf("another replica's disk was taken over: %+v", own)
		}
		pass(time.Hour)
		got, _ = b.Availability("erp")
		near(t, "day after an hour", got.Day, 2.0/3, 3*time.Hour)
		near(t, "hour", got.Hour, 1, time.Hour)
	})
}
