package alert

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// silence opens a window of an hour.
func silence(t *testing.T, m *Manager, pattern string) Window {
	t.Helper()
	w, err := m.Silence(t.Context(), Window{To: time.Now().Add(time.Hour), Pattern: pattern, By: "admin", Note: "ERP update"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestMaintenanceKeepsQuietOnEveryReplica keeps: what is expected wakes nobody, wherever the window was opened; what still
// lasts at its end is told then.
func TestMaintenanceKeepsQuietOnEveryReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		cfg := quiet(t, r)
		cfg.Board = newMeeting()
		a, _ := start(t, cfg)
		b, _ := start(t, cfg)
		w := silence(t, a, "part.erp*")
		pass(2 * stepEvery)
		if got := b.Windows(); len(got) != 1 || got[0].ID != w.ID || got[0].Note != "ERP update" {
			t.Errorf("b knows the windows %+v, want %+v", got, w)
		}
		b.Raise(erpDown())
		b.Raise(Alert{Key: "part.sql"})
		pass(time.Minute)
		b.Clear("part.erp")
		pass(time.Minute)
		b.Raise(erpDown())
		pass(time.Minute)
		expect(t, "in the window", r, "raised part.sql warning")
		if got := b.Active(); len(got) != 2 || got[1].Silenced != w.ID || !got[1].Told.IsZero() {
			t.Errorf("active %+v, want the ERP silenced and not told", got)
		}
		entries, _ := b.History(t.Context())
		if len(entries) != 3 || entries[0].Silenced != w.ID {
			t.Errorf("history %+v, want the quiet ones as well", entries)
		}
		pass(time.Hour)
		if got := b.Windows(); len(got) != 0 {
			t.Errorf("windows %+v after their end", got)
		}
		if got := r.told(t); got[1] != "raised part.erp critical" {
			t.Errorf("told %q, want the ERP after the window", got)
		}
	})
}

func TestMaintenanceCanBeStoppedAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		cfg := quiet(t, r)
		cfg.Board = newMeeting()
		a, _ := start(t, cfg)
		b, _ := start(t, cfg)
		w := silence(t, a, "*")
		pass(2 * stepEvery)
		a.Raise(erpDown())
		pass(time.Minute)
		if err := b.Unsilence(t.Context(), w.ID); err != nil {
			t.Fatal(err)
		}
		pass(2 * stepEvery)
		expect(t, "stopped by the other", r, "raised part.erp critical")
		if got := append(a.Windows(), b.Windows()...); len(got) != 0 {
			t.Errorf("windows %+v, want none", got)
		}
		for _, id := range []string{w.ID, "nobody's"} {
			if err := b.Unsilence(t.Context(), id); !errors.Is(err, ErrNoWindow) {
				t.Errorf("stopping %q: %v, want ErrNoWindow", id, err)
			}
		}
	})
}

func TestWhatWasToldBeforeAWindowIsToldAsOverInIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		m, _ := start(t, quiet(t, r))
		m.Raise(erpDown())
		pass(time.Minute)
		silence(t, m, "*")
		pass(time.Minute)
		m.Clear("part.erp")
		pass(time.Minute)
		expect(t, "in the window", r, "raised part.erp critical", "recovered part.erp critical")
	})
}

func TestAWindowHoldsHereThoughTheOthersCannotBeTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, board := &robot{}, newMeeting()
		cfg := quiet(t, r)
		cfg.Board = board
		a, _ := start(t, cfg)
		b, _ := start(t, cfg)
		board.goAway(true)
		w, err := a.Silence(t.Context(), Window{To: time.Now().Add(time.Hour), Pattern: "*"})
		if !errors.Is(err, ErrHereOnly) || w.ID == "" {
			t.Fatalf("%+v, %v; want a window and ErrHereOnly", w, err)
		}
		a.Raise(erpDown())
		pass(time.Minute)
		expect(t, "alone", r)
		board.goAway(false)
		pass(3 * stepEvery)
		if got := b.Windows(); len(got) != 1 {
			t.Errorf("b knows the windows %+v after the board is back, want one", got)
		}
	})
}

func TestBadWindowsAreRefused(t *testing.T) {
	m, now := New(quiet(t, &robot{})), time.Now()
	for name, w := range map[string]Window{
		"no end":        {Pattern: "*"},
		"over":          {From: now.Add(-2 * time.Hour), To: now.Add(-time.Hour), Pattern: "*"},
		"backwards":     {From: now.Add(2 * time.Hour), To: now.Add(time.Hour), Pattern: "*"},
		"too long":      {To: now.Add(8 * 24 * time.Hour), Pattern: "*"},
		"no pattern":    {To: now.Add(time.Hour)},
		"a bad pattern": {To: now.Add(time.Hour), Pattern: "part.["},
	} {
		if _, err := m.Silence(t.Context(), w); !errors.Is(err, ErrWindow) {
			t.Errorf("%s: %v, want ErrWindow", name, err)
		}
	}
	if got := m.Windows(); len(got) != 0 {
		t.Errorf("windows %+v, want none", got)
	}
	if _, err := m.Silence(t.Context(), Window{From: now.Add(time.Hour), To: now.Add(2 * time.Hour), Pattern: "*"}); err != nil {
		t.Error(err)
	}
	if _, quiet := m.silencedBy("part.erp", now); quiet {
		t.Error("a window to come is in force")
	}
}
