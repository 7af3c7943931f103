package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errAway = errors.New("connection refused")

// answer decides what a write of rows with these ids comes to. It may block.
type answer func(ctx context.Context, kind string, ids []string) error

func away(context.Context, string, []string) error { return errAway }

func hang(ctx context.Context, _ string, _ []string) error {
	<-ctx.Done()
	return ctx.Err()
}

// refuse answers as a database does that will not have one of the rows.
func refuse(bad ...string) answer {
	return func(_ context.Context, _ string, ids []string) error {
		for _, id := range ids {
			if slices.Contains(bad, id) {
				return fmt.Errorf("%w: Data too long, value 'hunter2'", ErrRefused)
			}
		}
		return nil
	}
}

type attempt struct {
	kind string
	rows int
	at   time.Time
}

// table is a Sink that keeps what it takes and fails on command.
type table struct {
	mu        sync.Mutex
	calls     []Call
	sessions  []SessionChange
	bindings  []BindingChange
	messages  []MessageChange
	writes    []WriteChange
	forgotten []Forgotten
	attempts  []attempt
	kept      []string // kinds in the order in which they were taken
	answer    answer
}

func take[T any](ctx context.Context, s *table, kind string, rows []T, id func(T) string, list *[]T) error {
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = id(row)
	}
	s.mu.Lock()
	s.attempts = append(s.attempts, attempt{kind, len(rows), time.Now()})
	decide := s.answer
	s.mu.Unlock()
	if decide != nil {
		if err := decide(ctx, kind, ids); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, rows...)
	s.kept = append(s.kept, kind)
	return nil
}

func (s *table) WriteCalls(ctx context.Context, rows []Call) error {
	return take(ctx, s, "call", rows, callID, &s.calls)
}

func (s *table) WriteSessions(ctx context.Context, rows []SessionChange) error {
	return take(ctx, s, "session", rows, sessionID, &s.sessions)
}

func (s *table) WriteBindings(ctx context.Context, rows []BindingChange) error {
	return take(ctx, s, "binding", rows, bindingID, &s.bindings)
}

func (s *table) WriteMessages(ctx context.Context, rows []MessageChange) error {
	return take(ctx, s, "message", rows, messageID, &s.messages)
}

func (s *table) SaveWrites(ctx context.Context, rows []WriteChange) error {
	return take(ctx, s, "write", rows, writeID, &s.writes)
}

func (s *table) Forget(ctx context.Context, rows []Forgotten) error {
	return take(ctx, s, "forget", rows, forgottenID, &s.forgotten)
}

func (s *table) set(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = a
}

// ids are the calls in the order they came, each where it came first.
func (s *table) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := make(map[string]bool, len(s.calls))
	var ids []string
	for _, c := range s.calls {
		if !seen[c.LogID] {
			ids = append(ids, c.LogID)
		}
		seen[c.LogID] = true
	}
	return ids
}

func (s *table) tried() []attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempts)
}

// journal is the text of a logger.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

func (j *journal) count(part string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), part)
}

func openLog(t testing.TB, cfg Config, sink Sink) *Log {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	l, err := Open(cfg, sink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { die(t, l) })
	return l
}

// die ends a Log as a process that is killed does: nothing more is shipped.
func die(t testing.TB, l *Log) {
	t.Helper()
	if err := l.spool.Close(); err != nil {
		t.Error(err)
	}
}

func shut(t testing.TB, l *Log) {
	t.Helper()
	if err := l.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// run starts shipping; the result ends it and waits.
func run(t *testing.T, l *Log) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// shelf is a running Log in a bubble with its own clock.
type shelf struct {
	*Log
	sink *table
	told *journal
	stop func()
}

// onShelf runs a test against a running Log; the clock moves only when everything waits.
func onShelf(t *testing.T, cfg Config, test func(t *testing.T, s shelf)) {
	t.Helper()
	cfg.Dir = t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := shelf{sink: &table{}, told: &journal{}}
		cfg.Logger = s.told.logger()
		l, err := Open(cfg, s.sink)
		if err != nil {
			t.Fatal(err)
		}
		s.Log, s.stop = l, run(t, l)
		defer die(t, l)
		defer s.stop()
		test(t, s)
		mustBalance(t, l)
	})
}

// pass lets time go by on the bubble's clock, which takes no real time.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func callIDs(first, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("call-%05d", first+i)
	}
	return ids
}

func feed(l *Log, first, n int) {
	for _, id := range callIDs(first, n) {
		l.Call(Call{LogID: id})
	}
}

func without(ids []string, bad ...string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(bad, id) })
}

func mustBalance(t *testing.T, l *Log) Stats {
	t.Helper()
	s := l.Stats()
	if s.Accepted+s.Inherited != s.Written+s.Pending+s.Dropped {
		t.Errorf("accepted + inherited is not written + pending + dropped: %+v", s)
	}
	return s
}

func mustHold(t *testing.T, s *table, want []string) {
	t.Helper()
	if got := s.ids(); !slices.Equal(got, want) {
		t.Errorf("%d of %d calls arrived, or out of order", len(got), len(want))
	}
}

// sum is the part of Stats that does not depend on how large a record is on disk.
func sum(s Stats) Stats {
	return Stats{Accepted: s.Accepted, Inherited: s.Inherited, Written: s.Written, Pending: s.Pending, Dropped: s.Dropped}
}
