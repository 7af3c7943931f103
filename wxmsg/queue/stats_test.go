package queue

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"snowgate/internal/servertest"
	"snowgate/wxmsg"
)

func TestStatsCountTheQueue(t *testing.T) {
	inWorlds(t, func(t *testing.T, w *world) {
		b := w.queue(t, func(c *Config) { c.Rate = 10 })
		for i := range 4 {
			b.accept(fmt.Sprint(i), fmt.Sprint("user", i%2))
		}
		eventually(t, "it ages", func() bool { s, err := b.Stats(ctx); return err == nil && s.Oldest > 20*time.Millisecond })
		s, err := b.Stats(ctx)
		if err != nil || s.Queued != 4 || s.Mailboxes != 2 || s.Backlog != 400*time.Millisecond || s.Paused || s.Braked || s.Sending+s.Failed+s.Unknown+s.Unnoted != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

func TestMetricsShowTheQueueWithoutAskingRedis(t *testing.T) {
	t.Parallel()
	w := openMini(t)
	registry := prometheus.NewRegistry()
	b := w.queue(t, func(c *Config) { c.Metrics = registry })
	b.sender.answer = func(m wxmsg.Message, _ int) (string, error) {
		if m.OpenID == "bob" {
			return "", failure(wxmsg.FateUnknown, 0, 0)
		}
		return "", nil
	}
	b.credit("anna", 1)
	b.accept("m1", "anna")
	b.accept("m2", "bob")
	b.run()
	b.becomes("m1", StateSent)
	b.becomes("m2", StateUnknown)
	const want = `
# HELP snowgate_message_credits_total Changes to the consent ledger.
# TYPE snowgate_message_credits_total counter
snowgate_message_credits_total{change="credited"} 1
snowgate_message_credits_total{change="debited"} 1
# HELP snowgate_message_sends_total Sends by what they came to; unknown includes those a lost process left.
# TYPE snowgate_message_sends_total counter
snowgate_message_sends_total{outcome="sent"} 1
snowgate_message_sends_total{outcome="unknown"} 1
# HELP snowgate_messages Messages in the queue, by state; over all replicas.
# TYPE snowgate_messages gauge
snowgate_messages{state="failed"} 0
snowgate_messages{state="queued"} 0
snowgate_messages{state="sending"} 0
snowgate_messages{state="unknown"} 1
# HELP snowgate_messages_oldest_seconds Age of the oldest queued message.
# TYPE snowgate_messages_oldest_seconds gauge
snowgate_messages_oldest_seconds 0
`
	var err error
	eventually(t, "the metrics are there", func() bool {
		err = testutil.GatherAndCompare(registry, strings.NewReader(want))
		return err == nil
	})
	w.mini.Close()
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "snowgate_messages"); err != nil {
		t.Error(err)
	}
	if _, err := New(Config{Redis: w.rdb, Sealer: testSealer(t), Pseudonym: testSealer(t).Pseudonym, Metrics: registry}); err == nil {
		t.Error("two queues share one registry")
	}
}

func TestHealthNamesTheRisks(t *testing.T) {
	t.Parallel()
	srv := servertest.Redis(t)
	w := &world{rdb: patientClient(t, srv.URL()), prefix: "test:"}
	b := w.queue(t)
	noErr(t, b.Health(ctx))

	noErr(t, w.rdb.ConfigSet(ctx, "appendonly", "no").Err())
	noErr(t, w.rdb.ConfigSet(ctx, "maxmemory-policy", "allkeys-lru").Err())
	b.accept("m1", "anna")
	w.rdb.ZAdd(ctx, b.base()+"st:queued", zAt(time.Now().Add(-6*time.Minute), hash("m1")))
	var risks *RiskError
	err := b.Health(ctx)
	if !errors.As(err, &risks) || fmt.Sprint(risks.Risks) != "[not durable eviction stuck]" || strings.Contains(err.Error(), "anna") {
		t.Errorf("%v", err)
	}
	b.cfg.Tolerate = []Risk{RiskNotDurable, RiskEviction}
	if err := b.Health(ctx); !errors.As(err, &risks) || fmt.Sprint(risks.Risks) != "[stuck]" {
		t.Errorf("%v", err)
	}
}

func TestMiniredisIsNotDurable(t *testing.T) {
	b := openMini(t).queue(t)
	var risks *RiskError
	if err := b.Health(ctx); !errors.As(err, &risks) || fmt.Sprint(risks.Risks) != "[not durable]" {
		t.Errorf("%v", err)
	}
	b.cfg.Tolerate = []Risk{RiskNotDurable}
	noErr(t, b.Health(ctx))
}

func TestConfigComplaints(t *testing.T) {
	_, err := New(Config{Prefix: "a{b}", Workers: 1})
	for _, part := range []string{"redis", "sealer", "sender", "braces"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not name %s", err, part)
		}
	}
}

func TestTasksComeBackWhenTheyShould(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 400e6, time.UTC)
	for _, row := range []struct {
		err  error
		want time.Duration
	}{
		{again{}, 0},
		{again{100 * time.Millisecond}, 600 * time.Millisecond},
		{fmt.Errorf("wrapped: %w", again{700 * time.Millisecond}), 1600 * time.Millisecond},
		{errors.New("redis"), time.Second},
	} {
		if got := delayOf(row.err, at); got != row.want {
			t.Errorf("%v: %v, want %v", row.err, got, row.want)
		}
	}
	if err := (handler{openMini(t).queue(t).Queue}).ProcessTask(ctx, asynq.NewTask(taskType, []byte("{"))); err != nil {
		t.Errorf("a task that is not ours: %v", err)
	}
}

func TestBackOffGrowsToItsBound(t *testing.T) {
	b := openMini(t).queue(t)
	b.tuning = defaultTuning
	for attempt, want := range map[int]time.Duration{1: time.Second, 2: 3 * time.Second, 4: 27 * time.Second, 7: 5 * time.Minute, 1000: 5 * time.Minute} {
		if got := b.backOff(attempt); got < want*4/5 || got > want*6/5 {
			t.Errorf("attempt %d: %v, want about %v", attempt, got, want)
		}
	}
}

func TestTaskLogSaysEachThingOnce(t *testing.T) {
	var out syncBuffer
	l := newTaskLog(slog.New(slog.NewTextHandler(&out, nil)))
	for range 20 {
		l.Error("Dequeue error: ", "redis is away")
		l.Fatal("goroutine panicked\nstack line 1")
		l.Warn()
	}
	if n := strings.Count(out.String(), "\n"); n != 3 || strings.Contains(out.String(), "stack") {
		t.Errorf("%d lines:\n%s", n, out.String())
	}
}
