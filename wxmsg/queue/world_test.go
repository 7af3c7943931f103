package queue

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"snowgate/session"
	"snowgate/wxmsg"
)

var ctx = context.Background()

// quick shortens everything that a test would have to wait for, and nothing that a busy machine needs.
func quick() tuning {
	t := defaultTuning
	t.leaseSlack, t.touchSlack, t.enqueueGrace = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	t.fresh = 10 * time.Second
	t.waiting, t.sweepEvery, t.sweepLease = 5*time.Second, 50*time.Millisecond, time.Second
	t.gateWait = 500 * time.Millisecond
	t.noteAfter, t.statsEvery, t.checkEvery = 300*time.Millisecond, 50*time.Millisecond, 10*time.Millisecond
	t.retryFrom, t.retryTo = 5*time.Millisecond, 20*time.Millisecond
	t.brakeFrom, t.brakeTo = 20*time.Millisecond, 100*time.Millisecond
	t.stopWithin = 3 * time.Second
	t.fateOf = fateOf
	return t
}

// A world is a Redis.
type world struct {
	rdb    redis.UniversalClient
	mini   *miniredis.Miniredis // nil for a real one
	prefix string
}

// inWorlds runs a test on miniredis, and on a real Redis where there is one.
func inWorlds(t *testing.T, test func(*testing.T, *world)) {
	t.Parallel()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		test(t, openMini(t))
	})
	if url := os.Getenv("SNOWGATE_TEST_REDIS"); url != "" {
		t.Run("redis", func(t *testing.T) {
			t.Parallel()
			test(t, openReal(t, url))
		})
	}
}

func openMini(t *testing.T) *world {
	t.Helper()
	m := miniredis.RunT(t)
	return &world{rdb: patientClient(t, "redis://"+m.Addr()), mini: m, prefix: "test:"}
}

// openReal uses a server that others may use too: an own prefix, cleaned up afterwards.
func openReal(t *testing.T, url string) *world {
	t.Helper()
	w := &world{rdb: patientClient(t, url), prefix: "test:" + newToken() + ":"}
	t.Cleanup(func() {
		for _, key := range w.keys(t) {
			w.rdb.Del(ctx, key)
		}
		w.rdb.SRem(ctx, "asynq:queues", w.prefix+"msg")
	})
	return w
}

// patientClient dials as the product does, with more patience: under -race on a busy machine 150 ms is no outage.
func patientClient(t *testing.T, url string) redis.UniversalClient {
	t.Helper()
	opts, err := redis.ParseURL(strings.TrimSuffix(url, "?cluster=true"))
	noErr(t, err)
	opts.ContextTimeoutEnabled, opts.MaxRetries, opts.DialerRetries, opts.PoolSize = true, -1, 1, 40
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = 5*time.Second, 5*time.Second, 5*time.Second, 5*time.Second
	rdb := redis.NewClient(opts)
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func (w *world) keys(t *testing.T) (keys []string) {
	t.Helper()
	for _, pattern := range []string{w.prefix + "*", "asynq:{" + w.prefix + "*"} {
		it := w.rdb.Scan(ctx, 0, pattern, 1000).Iterator()
		for it.Next(ctx) {
			keys = append(keys, it.Val())
		}
		noErr(t, it.Err())
	}
	return keys
}

// dump is all that Redis holds, as text.
func (w *world) dump(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, key := range w.keys(t) {
		all.WriteString(key + "\n")
		switch w.rdb.Type(ctx, key).Val() {
		case "hash":
			fmt.Fprintln(&all, w.rdb.HGetAll(ctx, key).Val())
		case "zset":
			fmt.Fprintln(&all, w.rdb.ZRange(ctx, key, 0, -1).Val())
		case "list":
			fmt.Fprintln(&all, w.rdb.LRange(ctx, key, 0, -1).Val())
		case "string":
			fmt.Fprintln(&all, w.rdb.Get(ctx, key).Val())
		}
	}
	return all.String()
}

// A bench is a Queue with what it was given.
type bench struct {
	*Queue
	t      *testing.T
	sender *sender
	notes  *notes
	log    *syncBuffer
	end    func() // stops Run and waits for it
}

// queue makes a Queue that is not running.
func (w *world) queue(t *testing.T, adjust ...func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, sender: &sender{}, notes: &notes{}, log: &syncBuffer{}, end: func() {}}
	cfg := Config{
		Redis: w.rdb, Prefix: w.prefix, Sealer: testSealer(t), Pseudonym: testSealer(t).Pseudonym, Sender: b.sender, Note: b.notes.take,
		Mask: func(m wxmsg.Message) string { return "masked " + m.TemplateID }, Workers: 8, Rate: 100000, Timeout: 10 * time.Second,
		SendTimeout: time.Second,
		Logger:      slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, a := range adjust {
		a(&cfg)
	}
	q, err := New(cfg)
	noErr(t, err)
	q.tuning = quick()
	b.Queue = q
	return b
}

// run starts it; it ends with the test at the latest.
func (b *bench) run() *bench {
	b.t.Helper()
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- b.Run(running) }()
	b.end = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				b.t.Errorf("run: %v", err)
			}
		case <-time.After(30 * time.Second):
			b.t.Error("Run has not ended")
		}
	})
	b.t.Cleanup(b.end)
	return b
}

func request(id, openid string) Request {
	return Request{MsgID: id, Fingerprint: "fp-" + id, Sender: "test", Message: wxmsg.Message{
		OpenID: openid, TemplateID: "tpl-1", Page: "pages/order", Data: map[string]string{"thing1": "secret words for " + id}}}
}

func (b *bench) accept(id, openid string) Status {
	b.t.Helper()
	s, err := b.Accept(ctx, request(id, openid))
	noErr(b.t, err)
	return s
}

func (b *bench) state(id string) State {
	b.t.Helper()
	s, err := b.Status(ctx, id)
	noErr(b.t, err)
	return s.State
}

// becomes waits for a message to reach a state.
func (b *bench) becomes(id string, want State) Status {
	b.t.Helper()
	var s Status
	eventually(b.t, fmt.Sprintf("%s becomes %s", id, want), func() bool {
		var err error
		s, err = b.Status(ctx, id)
		return err == nil && s.State == want
	})
	return s
}

func (b *bench) credits(openid string) int {
	b.t.Helper()
	c, err := b.Credits(ctx, openid)
	noErr(b.t, err)
	return c["tpl-1"]
}

func (b *bench) credit(openid string, n int) {
	b.t.Helper()
	for range n {
		noErr(b.t, b.Credit(ctx, openid, "tpl-1", SourceClient))
	}
}

// sender is WeChat: it remembers what it was sent, and notices two sends to one user at once.
type sender struct {
	answer func(m wxmsg.Message, nth int) (string, error) // nth send of this message, from 1; nil: all is well
	ready  func() error

	mu       sync.Mutex
	sent     []string // "thing1" of every send, in order
	counts   map[string]int
	at       map[string]int // sends under way, by openid
	overlaps int
	most     int // sends under way at once, over all
}

func (s *sender) Ready(context.Context) error {
	if s.ready == nil {
		return nil
	}
	return s.ready()
}

func (s *sender) Send(_ context.Context, m wxmsg.Message) (string, error) {
	nth := s.begin(m)
	defer s.finish(m)
	if s.answer == nil {
		return "wx-" + m.Data["thing1"], nil
	}
	return s.answer(m, nth)
}

func (s *sender) begin(m wxmsg.Message) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at, s.counts = map[string]int{}, map[string]int{}
	}
	if s.at[m.OpenID]++; s.at[m.OpenID] > 1 {
		s.overlaps++
	}
	under := 0
	for _, n := range s.at {
		under += n
	}
	s.most = max(s.most, under)
	s.sent = append(s.sent, m.Data["thing1"])
	s.counts[m.Data["thing1"]]++
	return s.counts[m.Data["thing1"]]
}

func (s *sender) finish(m wxmsg.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[m.OpenID]--
}

func (s *sender) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sent)
}

func (s *sender) times(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts["secret words for "+id]
}

// fated is an error of wxmsg with a fate of the test's choice.
type fated struct {
	fate  wxmsg.Fate
	cause *wxmsg.Error
}

func (f fated) Error() string { return f.cause.Error() }
func (f fated) Unwrap() error { return f.cause }

func failure(fate wxmsg.Fate, code int, retryAfter time.Duration) error {
	return fated{fate, &wxmsg.Error{Op: "send", Kind: wxmsg.KindBusy, ErrCode: code, RetryAfter: retryAfter}}
}

func fateOf(err error) wxmsg.Fate {
	var f fated
	if errors.As(err, &f) {
		return f.fate
	}
	return wxmsg.FateRetry
}

// notes is the audit trail.
type notes struct {
	refuse func(Change) error

	mu  sync.Mutex
	all []Change
}

func (n *notes) take(c Change) error {
	if n.refuse != nil {
		if err := n.refuse(c); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, c)
	return nil
}

// of is what was noted of a message, in the order of calls.
func (n *notes) of(id string) (changes []Change) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.all {
		if c.MsgID == id {
			changes = append(changes, c)
		}
	}
	return changes
}

// latest is the state a merging table would show.
func (n *notes) latest(id string) (last Change) {
	for _, c := range n.of(id) {
		if !c.ChangedAt.Before(last.ChangedAt) {
			last = c
		}
	}
	return last
}

// testKey is the sealing key of tests: 32 times 7.
var testKey = "k:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

func testSealer(t *testing.T) *session.Sealer {
	t.Helper()
	keys, err := session.ParseKeys([]string{testKey})
	noErr(t, err)
	s, err := session.NewSealer(keys)
	noErr(t, err)
	return s
}

func zAt(at time.Time, member string) redis.Z {
	return redis.Z{Score: float64(at.UnixMilli()), Member: member}
}

type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func noErr(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}

// eventually polls until it is so, for at most a minute: several tests share a machine that others may use too.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !so() {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}
