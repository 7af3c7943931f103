package queue

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"

	"snowgate/wxmsg"
)

// TestLostSenderMakesUnknownAndLateAnswerCorrects blocks a worker in its send until its lease is over: another replica
// takes over the mailbox, the message is not sent again, and what the first worker finds out in the end counts.
func TestLostSenderMakesUnknownAndLateAnswerCorrects(t *testing.T) {
	for _, row := range []struct {
		name string
		late error
		want State
	}{
		{"it was sent", nil, StateSent},
		{"it was refused", failure(wxmsg.FateRefused, 43101, 0), StateRefused},
		{"it was not taken", failure(wxmsg.FateRetry, -1, 0), StateSent}, // by the other replica
	} {
		t.Run(row.name, func(t *testing.T) {
			inWorlds(t, func(t *testing.T, w *world) {
				frozen, other := w.queue(t, func(c *Config) { c.Workers = 1 }), w.queue(t)
				sending, thaw := make(chan struct{}), make(chan struct{})
				frozen.sender.answer = func(_ wxmsg.Message, nth int) (string, error) {
					if nth > 1 {
						return "", nil
					}
					close(sending)
					<-thaw
					return "wx-late", row.late
				}
				frozen.accept("m1", "anna")
				frozen.accept("m2", "anna")
				frozen.run()
				<-sending
				other.run()
				other.becomes("m1", StateUnknown)
				other.becomes("m2", StateSent)
				if n := other.sender.times("m1"); n != 0 {
					t.Fatalf("sent again %d times", n)
				}
				close(thaw)
				other.becomes("m1", row.want)
				eventually(t, "noted", func() bool {
					return frozen.notes.latest("m1").State == row.want || other.notes.latest("m1").State == row.want
				})
			})
		})
	}
}

func TestStaleClaimIsGivenBack(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.accept("m1", "anna")
		person := b.person("anna")
		c, err := b.claim(ctx, person, w.rdb.HGet(ctx, b.base()+"turns", person).Val(), "token")
		noErr(t, err)
		c.asked = c.asked.Add(-time.Minute) // the process was frozen
		if _, over := b.deliver(c.claim); !over || b.sender.total() != 0 {
			t.Errorf("sent %d", b.sender.total())
		}
		b.run()
		if s := b.becomes("m1", StateSent); s.Attempts != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestClaimWithLostAnswerIsGivenBack(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		for name, outage := range map[string]time.Duration{"short": 0, "longer than the lease": 1500 * time.Millisecond} {
			t.Run(name, func(t *testing.T) {
				l := &lossy{}
				b := w.queue(t)
				id := "m " + name
				b.accept(id, "anna")
				w.rdb.AddHook(l)
				lost := make(chan struct{})
				var once sync.Once
				l.set(func(args []any) bool {
					if runs(claimScript)(args) {
						once.Do(func() { close(lost) })
						return true
					}
					return false
				}, either(runs(abandonScript), runs(sweepScript)))
				b.run()
				<-lost
				<-time.After(outage)
				l.set(nil, nil)
				if s := b.becomes(id, StateSent); s.Attempts != 1 || b.sender.times(id) != 1 {
					t.Errorf("%d sends, %+v", b.sender.times(id), s)
				}
			})
		}
	})
}

func TestClaimThatArrivesAfterItsAbandonmentIsStale(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.accept("m1", "anna")
		person := b.person("anna")
		turn := w.rdb.HGet(ctx, b.base()+"turns", person).Val()
		b.abandon(ctx, person, turn, "token")
		if c, err := b.claim(ctx, person, turn, "token"); err != nil || c.word != wordStale {
			t.Errorf("%+v, %v", c, err)
		}
		b.run()
		b.becomes("m1", StateSent)
	})
}

func TestSettlingSurvivesAnOutage(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		l := &lossy{}
		b := w.queue(t)
		w.rdb.AddHook(l)
		sent := make(chan struct{}, 1)
		b.sender.answer = func(wxmsg.Message, int) (string, error) {
			l.set(nil, either(runs(settleScript)))
			sent <- struct{}{}
			return "wx-1", nil
		}
		b.accept("m1", "anna")
		b.run()
		<-sent
		b.becomes("m1", StateUnknown) // its lease is over before Redis is back
		l.set(runs(settleScript), nil)
		b.becomes("m1", StateSent)
		l.set(nil, nil) // that answer was lost: settling again changes nothing
		eventually(t, "noted", func() bool { return b.notes.latest("m1").State == StateSent })
		if b.sender.total() != 1 {
			t.Errorf("sent %d times", b.sender.total())
		}
	})
}

func TestLostTaskIsReplaced(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.accept("m1", "anna")
		person := b.person("anna")
		id := turn{person, w.rdb.HGet(ctx, b.base()+"turns", person).Val()}.id()
		noErr(t, b.inspect.DeleteTask(b.taskName(), id))
		b.run()
		b.becomes("m1", StateSent)
	})
}

// TestStuckActiveTaskIsReplaced leaves a task as Redis trouble leaves it: active, and nobody works on it.
func TestStuckActiveTaskIsReplaced(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.accept("m1", "anna")
		queue := "asynq:{" + b.taskName() + "}:"
		task := w.rdb.RPopLPush(ctx, queue+"pending", queue+"active").Val()
		w.rdb.HSet(ctx, queue+"t:"+task, "state", "active")
		b.run()
		b.becomes("m1", StateSent)
	})
}

func TestTaskThatWaitsInLineIsLeftAlone(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t, func(c *Config) { c.Workers = 0 })
		b.accept("m1", "anna")
		person := b.person("anna")
		before := w.rdb.HGet(ctx, b.base()+"turns", person).Val()
		due := w.rdb.ZScore(ctx, b.base()+"open", person).Val()
		b.run()
		eventually(t, "the sweeper has looked", func() bool { return w.rdb.ZScore(ctx, b.base()+"open", person).Val() > due })
		info, err := b.inspect.GetTaskInfo(b.taskName(), turn{person, before}.id())
		if now := w.rdb.HGet(ctx, b.base()+"turns", person).Val(); now != before || err != nil || info.State != asynq.TaskStatePending {
			t.Errorf("turn %s became %s; %v", before, now, err)
		}
	})
}

// TestNotesSurviveCrashes refuses every note at one replica; another one's sweeper brings them.
func TestNotesSurviveCrashes(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		one, two := w.queue(t), w.queue(t, func(c *Config) { c.Workers = 0 })
		one.notes.refuse = func(Change) error { return errors.New("the disk is full") }
		for i := range 5 {
			one.accept(fmt.Sprint(i), fmt.Sprint("user", i))
		}
		one.run()
		for i := range 5 {
			one.becomes(fmt.Sprint(i), StateSent)
		}
		one.end()
		two.run()
		for i := range 5 {
			eventually(t, "the change is noted", func() bool { return two.notes.latest(fmt.Sprint(i)).State == StateSent })
		}
		eventually(t, "nothing is left to note", func() bool { s, err := two.Stats(ctx); return err == nil && s.Unnoted == 0 })
	})
}

func TestChangesOfOneMillisecondHaveAnOrder(t *testing.T) {
	w := openMini(t)
	b := w.queue(t)
	w.mini.SetTime(time.Now()) // stands still from here on
	b.accept("m1", "anna")
	person := b.person("anna")
	c, err := b.claim(ctx, person, w.rdb.HGet(ctx, b.base()+"turns", person).Val(), "token")
	noErr(t, err)
	b.settle(c.claim, outcome{end: endUnknown, trouble: "-"}, "")
	noErr(t, b.Retry(ctx, "m1"))
	noErr(t, b.Drop(ctx, "m1"))
	var states []State
	var at []int64
	for _, n := range b.notes.of("m1") {
		states, at = append(states, n.State), append(at, n.ChangedAt.UnixMilli())
	}
	if fmt.Sprint(states) != "[queued unknown queued cancelled]" || !slices.IsSorted(at) || len(slices.Compact(at)) != 4 {
		t.Errorf("%v at %v", states, at)
	}
}
