package alert

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// expect compares what a robot was told in short.
func expect(t *testing.T, when string, r *robot, want ...string) {
	t.Helper()
	if got := r.told(t); !slices.Equal(got, want) {
		t.Errorf("%s: told %q, want %q", when, got, want)
	}
}

// TestAnAlertIsToldOnceRemindedOfAndOver keeps: at once, every hour while it lasts, and at its end with its duration.
func TestAnAlertIsToldOnceRemindedOfAndOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		m, _ := start(t, quiet(t, r))
		began := time.Now()
		m.Raise(erpDown())
		synctest.Wait()
		expect(t, "at once", r, "raised part.erp critical")
		m.Raise(erpDown())
		pass(59 * time.Minute)
		expect(t, "while it lasts", r, "raised part.erp critical")
		pass(2 * time.Minute)
		expect(t, "after an hour", r, "raised part.erp critical", "reminder part.erp critical")
		pass(58 * time.Minute)
		m.Clear("part.erp")
		m.Clear("part.erp")
		m.Clear("never raised")
		pass(time.Hour)
		expect(t, "over", r, "raised part.erp critical", "reminder part.erp critical", "recovered part.erp critical")
		last := r.messages(t)[2]
		if last.Seconds != int64((119*time.Minute).Seconds()) || !last.Since.Equal(began) || last.Title != erpDown().Title {
			t.Errorf("told as over: %+v, want 119 minutes since %v", last, began)
		}
		if got := m.Active(); len(got) != 0 {
			t.Errorf("active: %+v, want none", got)
		}
	})
}

func TestAnotherSeverityIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		m, _ := start(t, quiet(t, r))
		a := erpDown()
		a.Severity = "" // a warning
		m.Raise(a)
		pass(time.Minute)
		m.Raise(erpDown())
		pass(time.Minute)
		m.Raise(erpDown())
		pass(time.Minute)
		m.Raise(a)
		pass(time.Minute)
		expect(t, "up and down", r, "raised part.erp warning", "changed part.erp critical", "changed part.erp warning")
	})
}

// TestOneAlertHoweverManyReplicas keeps: one first alert, one reminder, one end, though all replicas see it, each in its
// own moment.
func TestOneAlertHoweverManyReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, board := &robot{}, newMeeting()
		cfg := quiet(t, r)
		cfg.Board = board
		var replicas []*Manager
		var stops []func()
		for i := range 4 {
			cfg.Replica = fmt.Sprint("gw-", i)
			m, stop := start(t, cfg)
			replicas, stops = append(replicas, m), append(stops, stop)
		}
		for i, m := range replicas[:3] {
			m.Raise(erpDown())
			if i < 2 {
				pass(700 * time.Millisecond)
			}
		}
		pass(10 * time.Minute)
		expect(t, "seen by three", r, "raised part.erp critical")
		stops[0]() // who told it dies
		replicas[3].Raise(erpDown())
		pass(time.Hour)
		expect(t, "after an hour", r, "raised part.erp critical", "reminder part.erp critical")
		for _, m := range replicas[1:] {
			m.Clear("part.erp")
			pass(900 * time.Millisecond)
		}
		pass(time.Minute)
		expect(t, "over", r, "raised part.erp critical", "reminder part.erp critical", "recovered part.erp critical")
		if got := r.messages(t)[2]; got.Alone || got.Seconds < 4200 {
			t.Errorf("%+v, want the whole duration, and not alone", got)
		}
		entries, err := replicas[3].History(t.Context())
		if err != nil || len(entries) != 3 || entries[0].Event != Recovered || entries[2].Event != Raised {
			t.Errorf("a replica's history of all: %+v, %v", entries, err)
		}
		if d := entries[0].Deliveries["json-1"]; d.State != stateSent || d.Attempts != 1 {
			t.Errorf("delivery %+v, want sent at once", d)
		}
	})
}

// TestAnAlertOutlivesItsProcess keeps: a gateway started anew during an outage does not tell it again, and tells its end with
// the whole duration; also if it ended meanwhile.
func TestAnAlertOutlivesItsProcess(t *testing.T) {
	for name, again := range map[string]bool{"it lasts": true, "it is over": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &robot{}
				cfg := quiet(t, r)
				cfg.Board = newMeeting()
				m, stop := start(t, cfg)
				m.Raise(erpDown())
				pass(10 * time.Minute)
				stop()
				pass(30 * time.Second)
				m, _ = start(t, cfg)
				if again {
					m.Raise(erpDown())
					pass(10 * time.Minute)
					expect(t, "it lasts", r, "raised part.erp critical")
					m.Clear("part.erp")
				} else {
					m.Resolve("part.erp")
				}
				pass(time.Minute)
				expect(t, "over", r, "raised part.erp critical", "recovered part.erp critical")
				if got := r.messages(t)[1]; got.Seconds < 630 || got.Title != erpDown().Title {
					t.Errorf("%+v, want its whole duration under its name", got)
				}
				m.Resolve("part.erp")
				pass(10 * time.Minute)
				if got := len(r.all()); got != 2 {
					t.Errorf("told %d times, want 2", got)
				}
			})
		})
	}
}

// TestWithoutTheBoardEveryReplicaTellsAndSaysSo keeps: an outage of Redis silences nobody.
func TestWithoutTheBoardEveryReplicaTellsAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, board := &robot{}, newMeeting()
		cfg := quiet(t, r)
		cfg.Board = board
		a, _ := start(t, cfg)
		b, _ := start(t, cfg)
		board.goAway(true)
		a.Raise(erpDown())
		b.Raise(erpDown())
		pass(time.Minute)
		expect(t, "alone", r, "raised part.erp critical", "raised part.erp critical")
		for _, m := range r.messages(t) {
			if !m.Alone || !strings.Contains(m.body(wecomText), "Redis") {
				t.Errorf("%+v does not say that others may tell it, too", m)
			}
		}
		board.goAway(false)
		pass(time.Minute)
		a.Clear("part.erp")
		b.Clear("part.erp")
		pass(time.Minute)
		expect(t, "together again", r, "raised part.erp critical", "raised part.erp critical", "recovered part.erp critical")
	})
}

func TestWhatComesAndGoesIsNotToldMoreOftenThanFourTimesAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		cfg := quiet(t, r)
		cfg.Board = newMeeting()
		m, _ := start(t, cfg)
		for range 30 {
			m.Raise(erpDown())
			pass(5 * time.Second)
			m.Clear("part.erp")
			pass(5 * time.Second)
		}
		pass(time.Minute)
		told := r.told(t)
		if len(told) > 2*5*4 || told[len(told)-1] != "recovered part.erp critical" {
			t.Errorf("told %d times in 5 min, at last %q; want at most 40, the end last", len(told), told[len(told)-1])
		}
		for i := range told[1:] {
			if told[i] == told[i+1] {
				t.Errorf("%q twice in a row", told[i])
			}
		}
	})
}

func TestOneReplicaThatKeepsSeeingItTellsItAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		cfg := quiet(t, r)
		cfg.Board = newMeeting()
		a, _ := start(t, cfg)
		b, _ := start(t, cfg)
		a.Raise(erpDown())
		b.Raise(erpDown())
		pass(5 * time.Second)
		a.Clear("part.erp")
		pass(20 * time.Second)
		expect(t, "b may be late", r, "raised part.erp critical", "recovered part.erp critical")
		pass(time.Minute)
		expect(t, "b is not late", r, "raised part.erp critical", "recovered part.erp critical", "raised part.erp critical")
	})
}

// TestAWebhookGetsAtMost18MessagesAMinute keeps: under a robot's limit, first ones by themselves and the rest in digests, with
// nothing lost.
func TestAWebhookGetsAtMost18MessagesAMinute(t *testing.T) {
	for name, replicas := range map[string]int{"one replica": 1, "three replicas": 3} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &robot{}
				cfg := quiet(t, r)
				cfg.Board = newMeeting()
				var managers []*Manager
				for range replicas {
					m, _ := start(t, cfg)
					managers = append(managers, m)
				}
				const storm = 120
				for i := range storm {
					a := erpDown()
					a.Key = fmt.Sprint("part.", i)
					managers[i%replicas].Raise(a)
					pass(time.Second)
				}
				pass(2 * time.Minute)
				busiest(t, r)
				told := map[string]int{}
				for _, m := range r.messages(t) {
					for _, one := range append(m.Messages, m) {
						told[one.Key]++
					}
				}
				delete(told, "") // digests
				if len(told) != storm {
					t.Errorf("%d of %d alerts were told", len(told), storm)
				}
				if first := r.messages(t)[0]; first.Event != Raised {
					t.Errorf("the first is a %s, want it by itself", first.Event)
				}
			})
		})
	}
}

// busiest checks every minute there is in what a robot got.
func busiest(t *testing.T, r *robot) {
	t.Helper()
	all := r.all()
	for i := range all {
		n := 0
		for _, later := range all[i:] {
			if later.at.Sub(all[i].at) < time.Minute {
				n++
			}
		}
		if n > singles+digests {
			t.Errorf("%d messages in one minute, want at most %d", n, singles+digests)
			return
		}
	}
}

// TestAFailingWebhookIsTriedAgainAndSeen keeps: what could not be delivered comes later, in one digest.
func TestAFailingWebhookIsTriedAgainAndSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{err: fmt.Errorf("dial: %w", syscall.ECONNREFUSED)}
		m, _ := start(t, quiet(t, r))
		m.Raise(erpDown())
		pass(time.Second / 2)
		got := m.Status()[0]
		if got.Pending != 1 || got.Failed != 1 || got.LastError != "dial: connection refused" || got.LastFailure.IsZero() || got.NextAttempt.IsZero() {
			t.Errorf("status %+v, want one pending after a refused connection", got)
		}
		m.Clear("part.erp")
		pass(10 * time.Minute)
		busiest(t, r)
		attempts := len(r.all())
		if attempts < 8 || attempts > 15 {
			t.Errorf("%d attempts in ten minutes, want some ten, ever more rarely", attempts)
		}
		entries, _ := m.History(t.Context())
		if d := entries[0].Deliveries["json-1"]; d.State != statePending || d.Attempts < 5 || d.Error != "dial: connection refused" {
			t.Errorf("delivery %+v, want pending with its error", d)
		}
		r.become("", nil)
		pass(6 * time.Minute)
		told := r.messages(t)
		last := told[len(told)-1]
		if len(told) != attempts+1 || last.Event != Digest || len(last.Messages) != 2 || last.Messages[1].Event != Recovered {
			t.Errorf("told at last: %+v, want both in one digest", last)
		}
		if got := m.Status()[0]; got.Pending != 0 || got.Sent != 2 || got.LastError != "" || !got.NextAttempt.IsZero() {
			t.Errorf("status %+v, want nothing pending", got)
		}
	})
}

func TestARobotThatWantsToBeLeftAloneIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{answer: `{"errcode":130101,"errmsg":"send too fast"}`}
		cfg := quiet(t, r)
		cfg.Webhooks = hooks(t, "dingtalk:https://oapi.dingtalk.com/robot/send?access_token=T#SEC")
		m, _ := start(t, cfg)
		m.Raise(erpDown())
		pass(9 * time.Minute)
		if got := len(r.all()); got != 1 {
			t.Errorf("%d attempts while blocked, want 1", got)
		}
		r.become("", nil)
		pass(2 * time.Minute)
		if got := m.Status()[0]; got.Sent != 1 {
			t.Errorf("%+v, want it delivered after the block", got)
		}
	})
}

func TestWhatWaitsIsBoundedAndTheLossIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{err: syscall.ECONNREFUSED}
		m, _ := start(t, quiet(t, r))
		for i := range maxPending + 50 {
			a := erpDown()
			a.Key = fmt.Sprint("part.", i)
			m.Raise(a)
		}
		pass(time.Minute)
		if got := m.Status()[0]; got.Pending != maxPending || got.Dropped != 50 {
			t.Errorf("%d pending, %d dropped, want %d and 50", got.Pending, got.Dropped, maxPending)
		}
		r.become("", nil)
		pass(6 * time.Minute)
		told := r.messages(t)
		if last := told[len(told)-1]; last.Event != Digest || len(last.Messages) != maxPending || last.Dropped != 50 {
			t.Errorf("a %s of %d, %d dropped, want a digest of %d, 50 dropped", last.Event, len(last.Messages), last.Dropped, maxPending)
		}
	})
}

func TestAProcessThatEndsBringsWhatIsPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{}
		m, stop := start(t, quiet(t, r))
		const storm = 30
		for i := range storm {
			a := erpDown()
			a.Key = fmt.Sprint("part.", i)
			m.Raise(a)
			pass(300 * time.Millisecond)
		}
		if m.Status()[0].Pending == 0 {
			t.Fatal("nothing is pending, the test says nothing")
		}
		stop()
		if got := m.Status()[0]; got.Pending != 0 || got.Sent != storm {
			t.Errorf("%+v, want all sent", got)
		}
		if err := m.Run(canceled(t)); err != nil {
			t.Errorf("a second Run after the first: %v", err)
		}
	})
}

func TestASecondRunIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, _ := start(t, quiet(t, &robot{}))
		if err := m.Run(t.Context()); !errors.Is(err, ErrRunning) {
			t.Errorf("%v, want ErrRunning", err)
		}
	})
}

func TestWhatLastsIsBounded(t *testing.T) {
	m := New(quiet(t, &robot{}))
	for i := range maxActive + 10 {
		m.Raise(Alert{Key: fmt.Sprint("a/", i)})
	}
	got := m.Active()
	if len(got) != maxActive || strings.Contains(got[0].Key, "/") || got[0].Severity != Warning {
		t.Errorf("%d last, the first %+v", len(got), got[0])
	}
}

func TestHistoryIsBoundedAndNewestFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := quiet(t, &robot{})
		cfg.History, cfg.Board = 3, newMeeting()
		m, stop := start(t, cfg)
		for i := range 5 {
			m.Raise(Alert{Key: fmt.Sprint("a", i)})
			pass(5 * time.Second)
		}
		keys := func(m *Manager) (list []string) {
			entries, err := m.History(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				list = append(list, e.Key)
			}
			return list
		}
		want := []string{"a4", "a3", "a2"}
		if got := keys(m); !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		stop()
		later, _ := start(t, cfg)
		if got := keys(later); !reflect.DeepEqual(got, want) {
			t.Errorf("after a restart: %v, want %v", got, want)
		}
	})
}

const exposition = `
# HELP snowgate_alert_active Alerts that last, as this replica sees it; absent when over.
# TYPE snowgate_alert_active gauge
snowgate_alert_active{alert="part.erp",severity="critical"} 1
# HELP snowgate_alerts_pending Alerts waiting to be delivered, by webhook.
# TYPE snowgate_alerts_pending gauge
snowgate_alerts_pending{channel="json-1"} 0
# HELP snowgate_alerts_sent_total Deliveries of alerts, by webhook: sent (messages), failed (attempts), dropped (messages never delivered).
# TYPE snowgate_alerts_sent_total counter
snowgate_alerts_sent_total{channel="json-1",outcome="dropped"} 0
snowgate_alerts_sent_total{channel="json-1",outcome="failed"} 1
snowgate_alerts_sent_total{channel="json-1",outcome="sent"} 1
`

func TestMetricsShowWhatLastsAndWhatWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &robot{err: syscall.ECONNRESET}
		m, _ := start(t, quiet(t, r))
		m.Raise(erpDown())
		synctest.Wait()
		r.become("", nil)
		pass(time.Minute)
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(m.Collector())
		if err := testutil.GatherAndCompare(registry, strings.NewReader(exposition)); err != nil {
			t.Error(err)
		}
	})
}
