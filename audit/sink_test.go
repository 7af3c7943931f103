package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"snowgate/audit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errAway = errors.New("connection refused")

// table is a Sink that keeps what it takes and fails on command.
type table struct {
	mu       sync.Mutex
	calls    []string // LogIDs as they arrived
	sessions []audit.SessionChange
	bindings []audit.BindingChange
	writes   []write
	// answer, if set, decides before anything is kept. It may block.
	answer func(ctx context.Context, kind string, ids []string) error
}

type write struct {
	kind    string
	records int
	at      time.Time
}

func (s *table) take(ctx context.Context, kind string, ids []string, keep func()) error {
	s.mu.Lock()
	s.writes = append(s.writes, write{kind, len(ids), time.Now()})
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, kind, ids); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	keep()
	return nil
}

func (s *table) WriteCalls(ctx context.Context, calls []audit.Call) error {
	ids := make([]string, len(calls))
	for i := range calls {
		ids[i] = calls[i].LogID
	}
	return s.take(ctx, "call", ids, func() { s.calls = append(s.calls, ids...) })
}

func (s *table) WriteSessions(ctx context.Context, changes []audit.SessionChange) error {
	return s.take(ctx, "session", make([]string, len(changes)), func() { s.sessions = append(s.sessions, changes...) })
}

func (s *table) WriteBindings(ctx context.Context, changes []audit.BindingChange) error {
	return s.take(ctx, "binding", make([]string, len(changes)), func() { s.bindings = append(s.bindings, changes...) })
}

func (s *table) set(answer func(ctx context.Context, kind string, ids []string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *table) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *table) log() []write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

func away(context.Context, string, []string) error { return errAway }

func hang(ctx context.Context, _ string, _ []string) error {
	<-ctx.Done()
	return ctx.Err()
}

// refuse answers as a database does that will not have one of the rows.
func refuse(bad ...string) func(context.Context, string, []string) error {
	return func(_ context.Context, _ string, ids []string) error {
		for _, id := range ids {
			if slices.Contains(bad, id) {
				return fmt.Errorf("%w: Data too long, value 'hunter2'", audit.ErrRefused)
			}
		}
		return nil
	}
}

// callIDs are the ids of the n calls that feed makes, from first on.
func callIDs(first, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("call-%05d", first+i)
	}
	return ids
}

func feed(l *audit.Log, first, n int) {
	for _, id := range callIDs(first, n) {
		l.Call(audit.Call{LogID: id})
	}
}

func mustBalance(t *testing.T, l *audit.Log) audit.Stats {
	t.Helper()
	s := l.Stats()
	if s.Accepted != s.Written+s.Pending+s.Dropped {
		t.Errorf("the books do not balance: %+v", s)
	}
	return s
}
