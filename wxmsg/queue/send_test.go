package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/wxmsg"
)

func TestEveryOutcomeHasItsEnd(t *testing.T) {
	retry := failure(wxmsg.FateRetry, 43108, 0)
	rows := []struct {
		name     string
		answers  []error // one per send; the last repeats
		want     State
		sends    int
		reason   string
		credits  int // of 2, of which the message took one
		attempts int
	}{
		{"sent", []error{nil}, StateSent, 1, "", 1, 1},
		{"retried", []error{retry, errors.New("before the send"), nil}, StateSent, 3, "", 1, 3},
		{"gave up", []error{retry}, StateFailed, 3, "gave up after 3 attempts: busy", 2, 3},
		{"failed", []error{failure(wxmsg.FateFailed, 47003, 0)}, StateFailed, 1, "busy", 2, 1},
		{"refused", []error{failure(wxmsg.FateRefused, 43101, 0)}, StateRefused, 1, "busy", 0, 1},
		{"unknown", []error{failure(wxmsg.FateUnknown, 0, 0)}, StateUnknown, 1, "busy", 1, 1},
	}
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t, func(c *Config) { c.MaxAttempts = 3 })
		b.tuning.brakeAfter = 1000
		b.sender.answer = func(m wxmsg.Message, nth int) (string, error) {
			for _, row := range rows {
				if row.name == m.OpenID {
					return "wx-" + m.OpenID, row.answers[min(nth, len(row.answers))-1]
				}
			}
			panic("the sender does not know " + m.OpenID)
		}
		for _, row := range rows {
			b.credit(row.name, 2)
			b.accept(row.name, row.name)
		}
		b.accept("panic", "nobody")
		b.run()
		for _, row := range rows {
			s := b.becomes(row.name, row.want)
			if b.sender.times(row.name) != row.sends || s.Reason != row.reason || b.credits(row.name) != row.credits || s.Attempts != row.attempts {
				t.Errorf("%s: %d sends, %d credits, %+v", row.name, b.sender.times(row.name), b.credits(row.name), s)
			}
			eventually(t, row.name+" is noted", func() bool { return b.notes.latest(row.name).State == row.want })
			content := w.rdb.HExists(ctx, b.recordKey(row.name), "c").Val()
			if dead := row.want == StateFailed || row.want == StateUnknown; content != dead {
				t.Errorf("%s: content kept: %t", row.name, content)
			}
		}
		if s := b.becomes("panic", StateUnknown); s.Reason != "the sender panicked" {
			t.Errorf("%+v", s)
		}
	})
}

func TestFinalMessagesExpire(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.sender.answer = func(m wxmsg.Message, _ int) (string, error) {
			if m.OpenID == "anna" {
				return "", nil
			}
			return "", failure(wxmsg.FateUnknown, 0, 0)
		}
		b.accept("m1", "anna")
		b.accept("m2", "bob")
		if ttl := w.rdb.TTL(ctx, b.recordKey("m1")).Val(); ttl > 0 {
			t.Errorf("a queued message expires in %v", ttl)
		}
		b.run()
		b.becomes("m1", StateSent)
		b.becomes("m2", StateUnknown)
		day := 24 * time.Hour
		for id, want := range map[string]time.Duration{"m1": 7 * day, "m2": 30 * day} {
			if ttl := w.rdb.TTL(ctx, b.recordKey(id)).Val(); ttl > want || ttl < want-time.Hour {
				t.Errorf("%s expires in %v, want %v", id, ttl, want)
			}
		}
	})
}

func TestUnreadableContentFails(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.accept("m1", "anna")
		b.accept("m2", "anna")
		w.rdb.HSet(ctx, b.recordKey("m1"), "c", w.rdb.HGet(ctx, b.recordKey("m2"), "c").Val())
		b.run()
		b.becomes("m1", StateFailed)
		b.becomes("m2", StateSent)
	})
}

func TestNeverTwoAtOnceToOneUserAndOthersGoOn(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		each := 500
		if w.mini != nil {
			each = 100 // its scripts are slow
		}
		var annasDone, othersAtThatTime atomic.Int64
		one, two := w.queue(t), w.queue(t)
		answer := func(m wxmsg.Message, _ int) (string, error) {
			if m.OpenID != "anna" {
				othersAtThatTime.Add(1)
			} else if annasDone.Add(1) == int64(each) && othersAtThatTime.Load() < int64(each)/2 {
				t.Errorf("only %d others were sent beside anna's %d", othersAtThatTime.Load(), each)
			}
			return "", nil
		}
		one.sender.answer = answer
		two.cfg.Sender = one.sender // both replicas send to one WeChat
		var wg sync.WaitGroup
		for part := range 4 {
			wg.Go(func() {
				for i := part; i < each; i += 4 {
					one.accept(fmt.Sprint("a", i), "anna")
					one.accept(fmt.Sprint("o", i), fmt.Sprint("other", i))
				}
			})
		}
		wg.Wait()
		one.run()
		two.run()
		eventually(t, "all are sent", func() bool { return one.sender.total() >= 2*each })
		eventually(t, "all are settled", func() bool { s, err := one.Stats(ctx); return err == nil && s.Queued == 0 })
		one.sender.mu.Lock()
		defer one.sender.mu.Unlock()
		if one.sender.overlaps > 0 || len(one.sender.sent) != 2*each || len(one.sender.counts) != 2*each {
			t.Errorf("%d overlaps, %d sends of %d messages", one.sender.overlaps, len(one.sender.sent), len(one.sender.counts))
		}
	})
}

func TestMailboxKeepsItsOrder(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		b.tuning.turnMessages = 3
		b.sender.answer = func(m wxmsg.Message, nth int) (string, error) {
			if strings.HasSuffix(m.Data["thing1"], "m5") && nth == 1 {
				return "", failure(wxmsg.FateRetry, 43108, 0)
			}
			return "", nil
		}
		var want []string
		for i := range 10 {
			id := fmt.Sprint("m", i)
			b.accept(id, "anna")
			want = append(want, "secret words for "+id)
		}
		want = append(want[:6], want[5:]...) // m5 again, before the next
		b.run()
		b.becomes("m9", StateSent)
		if fmt.Sprint(b.sender.sent) != fmt.Sprint(want) {
			t.Errorf("sent %v", b.sender.sent)
		}
	})
}

// TestPaceHasNoBurst winds Redis' clock by hand: claims are granted at the rate, at once after a long idle time too.
func TestPaceHasNoBurst(t *testing.T) {
	t.Parallel()
	w := openMini(t)
	b := w.queue(t, func(c *Config) { c.Rate = 50 })
	now := time.Now()
	w.mini.SetTime(now)
	const messages = 120
	for i := range messages {
		b.accept(fmt.Sprint(i), fmt.Sprint("user", i))
	}
	claims := 0
	during := func(d time.Duration) int {
		before := claims
		for end := now.Add(d); now.Before(end); now = now.Add(4 * time.Millisecond) {
			w.mini.SetTime(now)
			person := b.person(fmt.Sprint("user", claims))
			c, err := b.claim(ctx, person, w.rdb.HGet(ctx, b.base()+"turns", person).Val(), "token")
			noErr(t, err)
			if c.word == wordClaimed {
				claims++
			} else if c.why != whyRate || c.wait > 20*time.Millisecond {
				t.Fatalf("%+v", c)
			}
		}
		return claims - before
	}
	if n := during(time.Second); n < 49 || n > 52 {
		t.Errorf("%d sends in the first second at a rate of 50", n)
	}
	now = now.Add(time.Minute)
	if n := during(100 * time.Millisecond); n < 5 || n > 7 {
		t.Errorf("%d sends in 100 ms after an idle minute at a rate of 50", n)
	}
	if n := during(900 * time.Millisecond); n < 44 || n > 46 {
		t.Errorf("%d sends in the next 900 ms", n)
	}
}

// TestOutageOfWeChat lets every send fail for a while: the queue tries now and then, keeps accepting, and delivers all.
func TestOutageOfWeChat(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t, func(c *Config) { c.MaxAttempts = 20 })
		b.tuning.brakeFrom, b.tuning.brakeTo = 300*time.Millisecond, 300*time.Millisecond
		var down atomic.Bool
		down.Store(true)
		b.sender.answer = func(wxmsg.Message, int) (string, error) {
			if down.Load() {
				return "", failure(wxmsg.FateRetry, -1, 0)
			}
			return "", nil
		}
		begun := time.Now()
		b.run()
		for i := range 60 {
			b.accept(fmt.Sprint(i), fmt.Sprint("user", i))
		}
		eventually(t, "the brake is on", func() bool { s, err := b.Stats(ctx); return err == nil && s.Braked })
		before := b.sender.total()
		eventually(t, "a few tries", func() bool { return b.sender.total() >= before+3 })
		// Five trip the brake, the other workers' were under way; then one goes at a time.
		if n, most := b.sender.total(), 5+2*8+int(time.Since(begun)/b.tuning.brakeFrom); n > most {
			t.Errorf("%d sends went to a WeChat that is down, want at most %d", n, most)
		}
		down.Store(false)
		for i := range 60 {
			b.becomes(fmt.Sprint(i), StateSent)
		}
		if s, err := b.Stats(ctx); err != nil || s.Braked {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestSenderThatIsNotReadyCostsNoAttempt(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t)
		var asked atomic.Int64
		b.sender.ready = func() error {
			if asked.Add(1) < 5 {
				return failure(wxmsg.FateRetry, 0, 0)
			}
			return nil
		}
		b.accept("m1", "anna")
		b.run()
		if s := b.becomes("m1", StateSent); s.Attempts != 1 || asked.Load() < 5 {
			t.Errorf("asked %d times, %+v", asked.Load(), s)
		}
	})
}

func TestPauseEndsByItselfOrByAnAdmin(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		for name, row := range map[string]struct {
			rest  time.Duration
			admin bool
			ready bool // the sender says so before a message is taken
		}{
			"of known length":   {rest: time.Second},
			"until resumed":     {admin: true},
			"long, but resumed": {rest: time.Hour, admin: true},
			"not ready":         {rest: time.Hour, admin: true, ready: true},
		} {
			t.Run(name, func(t *testing.T) {
				b := w.queue(t)
				id, user := name, "user "+name
				var over atomic.Bool
				pause := func() error {
					if over.Swap(true) {
						return nil
					}
					return failure(wxmsg.FatePause, 45009, row.rest)
				}
				if row.ready {
					b.sender.ready = pause
				} else {
					b.sender.answer = func(wxmsg.Message, int) (string, error) { return "", pause() }
				}
				b.accept(id, user)
				b.run()
				eventually(t, "paused", func() bool { s, err := b.Stats(ctx); return err == nil && s.Paused })
				b.accept(id+" meanwhile", user+" meanwhile")
				s, err := b.Stats(ctx)
				noErr(t, err)
				if row.admin {
					var risks *RiskError
					if err := b.Health(ctx); !errors.As(err, &risks) || !risks.Has(RiskPaused) || s.PauseReason == "" || s.PausedUntil.IsZero() != (row.rest == 0) {
						t.Errorf("%v, %+v", err, s)
					}
					if b.state(id) != StateQueued || b.state(id+" meanwhile") != StateQueued {
						t.Error("something was sent during a pause")
					}
					noErr(t, b.Resume(ctx))
				}
				if s := b.becomes(id, StateSent); s.Attempts != 1 {
					t.Errorf("the pause cost an attempt: %+v", s)
				}
				b.becomes(id+" meanwhile", StateSent)
			})
		}
	})
}

func TestStopFinishesWhatIsInHand(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		one, two := w.queue(t), w.queue(t)
		sending, finish := make(chan struct{}), make(chan struct{})
		one.sender.answer = func(wxmsg.Message, int) (string, error) {
			close(sending)
			<-finish
			return "wx-1", nil
		}
		one.accept("m1", "anna")
		one.accept("m2", "anna")
		one.run()
		<-sending
		ended := make(chan struct{})
		go func() {
			one.end()
			close(ended)
		}()
		eventually(t, "stopping", one.stopping)
		close(finish)
		<-ended
		if one.state("m1") != StateSent || one.state("m2") != StateQueued {
			t.Errorf("after the stop: %s, %s", one.state("m1"), one.state("m2"))
		}
		two.run()
		two.becomes("m2", StateSent)
		if one.sender.total() != 1 || two.sender.total() != 1 {
			t.Errorf("sent %d and %d", one.sender.total(), two.sender.total())
		}
	})
}

func TestSendOutlivesEveryCancellation(t *testing.T) {
	t.Parallel()
	b := openMini(t).queue(t)
	cut := make(chan error, 1)
	b.cfg.Sender = contextSender{cut}
	b.accept("m1", "anna")
	b.run()
	b.becomes("m1", StateSent)
	if err := <-cut; err != nil {
		t.Error(err)
	}
}

// contextSender looks at the context it is given.
type contextSender struct{ cut chan error }

func (contextSender) Ready(context.Context) error { return nil }

func (s contextSender) Send(ctx context.Context, _ wxmsg.Message) (string, error) {
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > time.Second {
		s.cut <- errors.New("the send has no deadline of its own")
	} else {
		s.cut <- ctx.Err()
	}
	return "", nil
}
