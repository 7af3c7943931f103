package audit

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"snowgate/audit/spool"
)

func TestAFewRecordsAreWrittenTogetherAfterTheWait(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		start := time.Now()
		feed(s.Log, 0, 3)
		pass(199 * time.Millisecond)
		if got := s.sink.tried(); len(got) != 0 {
			t.Errorf("written before the wait was over: %v", got)
		}
		pass(time.Millisecond)
		if got := s.sink.tried(); !reflect.DeepEqual(got, []attempt{{"call", 3, start.Add(200 * time.Millisecond)}}) {
			t.Errorf("writes: %v", got)
		}
	})
}

func TestAWholeBatchIsWrittenAtOnceAndHoldsAtMost500(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		start := time.Now()
		feed(s.Log, 0, 1201)
		synctest.Wait()
		for _, w := range s.sink.tried() {
			if w.rows > 500 || w.at != start {
				t.Errorf("%d rows after %v", w.rows, w.at.Sub(start))
			}
		}
		if got := len(s.sink.ids()); got < 1000 {
			t.Errorf("%d calls written at once, want both whole batches", got)
		}
		pass(200 * time.Millisecond)
		mustHold(t, s.sink, callIDs(0, 1201))
	})
}

func TestEachKindArrivesWholeAndInOrder(t *testing.T) {
	onShelf(t, Config{Replica: "r1"}, func(t *testing.T, s shelf) {
		now := time.Now().UTC()
		want := &table{forgotten: []Forgotten{{"p1"}, {"p2"}}}
		for _, active := range []bool{true, false} {
			want.sessions = append(want.sessions, SessionChange{SessionID: "s", OpenID: "p", UnionID: "q", CreatedAt: now, ExpiresAt: now.Add(time.Hour), Active: active, ChangedAt: now})
			want.bindings = append(want.bindings, BindingChange{BindingID: "b", SessionID: "s", ERPUsername: "zhang", CompanyID: "1", CompanyName: "雪兽", BoundAt: now, Valid: active, ChangedAt: now})
		}
		for _, status := range []string{"queued", "sent"} {
			want.messages = append(want.messages, MessageChange{MsgID: "m", SessionID: "s", OpenID: "p", Sender: "service", TemplateID: "t",
				Content: "{}", Status: status, Attempts: 2, ErrCode: 43101, WXMsgID: "9007199254740993", Reason: "no_consent", Error: "no",
				RequestID: "01J", AcceptedAt: now, SentAt: now, ChangedAt: now})
		}
		for _, state := range []string{"intended", "done"} {
			want.writes = append(want.writes, WriteChange{KeyHash: "k", OpenID: "p", SessionID: "s", Op: "record_stock", Reference: "P-1",
				Operator: "张三", ERPUsername: "zhang", Params: "{}", State: state, ERPRecordID: "R-1", Error: "no", RequestID: "01J",
				IntendedAt: now, ChangedAt: now})
		}
		for i := range 2 {
			s.Message(want.messages[i])
			if err := errors.Join(s.Write(want.writes[i]), s.Forget(want.forgotten[i].OpenID)); err != nil {
				t.Error(err)
			}
			s.Binding(want.bindings[i])
			s.Session(want.sessions[i])
		}
		call := fullCall()
		s.Call(call)
		pass(time.Second)
		for _, c := range []struct{ got, want any }{
			{s.sink.sessions, want.sessions}, {s.sink.bindings, want.bindings}, {s.sink.messages, want.messages}, {s.sink.writes, want.writes},
			{s.sink.forgotten, want.forgotten},
		} {
			if !reflect.DeepEqual(c.got, c.want) {
				t.Errorf("got %+v\nwant %+v", c.got, c.want)
			}
		}
		if len(s.sink.calls) != 1 {
			t.Fatalf("calls: %+v", s.sink.calls)
		}
		got := s.sink.calls[0]
		got.Link, call.Link, call.Replica = Link{}, Link{}, "r1"
		if !reflect.DeepEqual(got, call) {
			t.Errorf("got %+v\nwant %+v", got, call)
		}
	})
}

func TestAPersonIsForgottenBehindTheRowsOfTheSameBatch(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		if err := s.Forget("p"); err != nil {
			t.Error(err)
		}
		s.Session(SessionChange{SessionID: "s", OpenID: "p"})
		s.Message(MessageChange{MsgID: "m"})
		s.Binding(BindingChange{BindingID: "b"})
		s.Call(Call{LogID: "c", OpenID: "p"})
		if err := s.Write(WriteChange{KeyHash: "k", OpenID: "p"}); err != nil {
			t.Error(err)
		}
		pass(time.Second)
		if n := len(s.sink.kept); n != 6 || s.sink.kept[n-1] != "forget" || s.Stats().Batches != 1 {
			t.Errorf("order: %v in %d batches", s.sink.kept, s.Stats().Batches)
		}
	})
}

func TestAnOutageLosesNothingAndKeepsTheOrder(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		s.sink.set(away)
		for i := range 60 {
			feed(s.Log, i*100, 100)
			pass(time.Second)
		}
		if got := mustBalance(t, s.Log); got.Pending != 6000 || got.Retries == 0 || got.OldestAge < 59*time.Second {
			t.Errorf("during the outage: %+v", got)
		}
		s.sink.set(nil)
		pass(6 * time.Second)
		mustHold(t, s.sink, callIDs(0, 6000))
		if got := sum(s.Stats()); got != (Stats{Accepted: 6000, Written: 6000}) {
			t.Errorf("afterwards: %+v", got)
		}
		for _, line := range []string{"kept and not shipped", "shipped again"} {
			if n := s.told.count(line); n != 1 {
				t.Errorf("%d lines with %q", n, line)
			}
		}
	})
}

func TestTheWaitGrowsToItsMaximum(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		s.sink.set(away)
		feed(s.Log, 0, 500)
		pass(time.Minute)
		writes := s.sink.tried()
		highest := 200 * time.Millisecond
		for i := 1; i < len(writes); i++ {
			gap := writes[i].at.Sub(writes[i-1].at)
			if gap < highest/2 || gap > highest {
				t.Errorf("wait %d was %v, want %v to %v", i, gap, highest/2, highest)
			}
			highest = min(highest*2, 5*time.Second)
		}
		if n := len(writes); n < 15 || n > 30 || s.Stats().Retries != int64(n) {
			t.Errorf("%d writes in a minute, %d retries", n, s.Stats().Retries)
		}
	})
}

func TestAWriteWhoseAnswerWasLostIsRepeated(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		s.Session(SessionChange{SessionID: "s"})
		feed(s.Log, 0, 10)
		s.sink.set(func(_ context.Context, kind string, _ []string) error {
			if kind == "call" { // behind the sessions, which have been taken
				return errAway
			}
			return nil
		})
		pass(time.Second)
		s.sink.set(nil)
		pass(10 * time.Second)
		mustHold(t, s.sink, callIDs(0, 10))
		if got := sum(s.Stats()); len(s.sink.sessions) < 2 || got != (Stats{Accepted: 11, Written: 11}) {
			t.Errorf("%d sessions, %+v", len(s.sink.sessions), got)
		}
	})
}

// rejects reads rejected.jsonl.
func rejects[T any](t *testing.T, dir string) []T {
	t.Helper()
	path := filepath.Join(dir, rejectFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of %s: %v, %v", rejectFile, info.Mode(), err)
	}
	var rows []T
	for line := range strings.Lines(string(text)) {
		var row T
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestARefusedRowIsSetAsideAndBlocksNobody(t *testing.T) {
	bad := []string{"call-00003", "call-00499"}
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		s.sink.set(refuse(bad...))
		for _, id := range callIDs(0, 600) {
			s.Call(Call{LogID: id, Params: "secret of " + id})
		}
		pass(time.Second)
		mustHold(t, s.sink, without(callIDs(0, 600), bad...))
		if got := sum(s.Stats()); got != (Stats{Accepted: 600, Written: 598, Dropped: 2}) {
			t.Errorf("stats: %+v", got)
		}
		for i, c := range rejects[Call](t, s.cfg.Dir) {
			if i >= len(bad) || c.LogID != bad[i] || c.Params != "secret of "+bad[i] {
				t.Errorf("set aside: %+v", c)
			}
		}
		if s.told.count("id=call-00003") != 1 || s.told.count("hunter2") != 0 || s.told.count("secret") != 0 {
			t.Errorf("log: %s", s.told.text.String())
		}
	})
}

func TestABadRowIsSetAsideOnceHoweverLongTheRestHasToWait(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		bad := refuse("bad")
		s.sink.set(func(ctx context.Context, kind string, ids []string) error {
			if kind == "call" {
				return errAway
			}
			return bad(ctx, kind, ids)
		})
		s.Session(SessionChange{SessionID: "bad"})
		s.Session(SessionChange{SessionID: "good"})
		feed(s.Log, 0, 1)
		pass(time.Minute)
		s.sink.set(bad)
		pass(10 * time.Second)
		if got := rejects[SessionChange](t, s.cfg.Dir); len(got) != 1 || got[0].SessionID != "bad" {
			t.Errorf("set aside: %+v", got)
		}
		if got := sum(s.Stats()); got != (Stats{Accepted: 3, Written: 2, Dropped: 1}) {
			t.Errorf("stats: %+v", got)
		}
	})
}

func TestAnOutageWhileHalvingLosesNothing(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		bad, turn := refuse("call-00007"), 0
		s.sink.set(func(ctx context.Context, kind string, ids []string) error {
			if turn++; turn == 5 || turn == 13 {
				return errAway
			}
			return bad(ctx, kind, ids)
		})
		feed(s.Log, 0, 16)
		pass(time.Minute)
		mustHold(t, s.sink, without(callIDs(0, 16), "call-00007"))
		if got := sum(s.Stats()); got != (Stats{Accepted: 16, Written: 15, Dropped: 1}) || s.Stats().Retries == 0 {
			t.Errorf("stats: %+v", s.Stats())
		}
	})
}

func TestARecordThatCannotBeReadIsSetAside(t *testing.T) {
	onShelf(t, Config{}, func(t *testing.T, s shelf) {
		feed(s.Log, 0, 1)
		for _, r := range []struct {
			kind    spool.Kind
			payload string
		}{{kindCall, "{half"}, {kindSession, `{"id":7}`}, {200, "{}"}} {
			if err := s.append(r.kind, []byte(r.payload), nil); err != nil {
				t.Fatal(err)
			}
		}
		feed(s.Log, 1, 1)
		pass(time.Second)
		mustHold(t, s.sink, callIDs(0, 2))
		if got := sum(s.Stats()); got != (Stats{Accepted: 5, Written: 2, Dropped: 3}) {
			t.Errorf("stats: %+v", got)
		}
		var payloads []string
		for _, r := range rejects[struct{ Payload []byte }](t, s.cfg.Dir) {
			payloads = append(payloads, string(r.Payload))
		}
		if !slices.Equal(payloads, []string{"{half", `{"id":7}`, "{}"}) {
			t.Errorf("set aside: %q", payloads)
		}
	})
}

// It runs on the real clock, for the race detector and the balance between every two steps.
func TestTheSumHoldsAtAnyMoment(t *testing.T) {
	sink := &table{}
	bad := refuse("call-00042", "call-01042")
	var turn atomic.Int64
	sink.set(func(ctx context.Context, kind string, ids []string) error {
		if turn.Add(1)%5 == 0 {
			return errAway
		}
		return bad(ctx, kind, ids)
	})
	l := openLog(t, Config{Dir: t.TempDir(), Batch: 50, Every: time.Millisecond, RetryMin: time.Microsecond, RetryMax: time.Millisecond}, sink)
	stop := run(t, l)
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for n := range 500 {
				feed(l, i*500+n, 1)
				l.Binding(BindingChange{BindingID: "b"})
				mustBalance(t, l)
			}
		})
	}
	writers.Wait()
	sink.set(bad)
	stop()
	shut(t, l)
	if got := sum(mustBalance(t, l)); got != (Stats{Accepted: 4000, Written: 3998, Dropped: 2}) {
		t.Errorf("stats: %+v", got)
	}
	if n := len(sink.ids()); n != 1998 {
		t.Errorf("%d calls arrived", n)
	}
}

func TestARecordIsPendingUntilItsBatchIsInTheBooks(t *testing.T) {
	l := openLog(t, Config{Dir: t.TempDir()}, &table{})
	feed(l, 0, 3)
	batch, err := l.spool.Next(t.Context(), 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.spool.Commit(batch); err != nil {
		t.Fatal(err)
	}
	if got := sum(mustBalance(t, l)); got != (Stats{Accepted: 3, Pending: 3}) {
		t.Errorf("between commit and books: %+v", got)
	}
	l.count.ship(l.spool.Stats().Committed, 2)
	if got := sum(mustBalance(t, l)); got != (Stats{Accepted: 3, Written: 2, Pending: 1}) {
		t.Errorf("in the books: %+v", got)
	}
}

func TestTheCountersNeverGoBack(t *testing.T) {
	sink := &table{}
	sink.set(refuse("call-00042"))
	l := openLog(t, Config{Dir: t.TempDir(), Batch: 10, Every: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}, sink)
	stop := run(t, l)
	last := l.Stats()
	for n := range 1000 {
		feed(l, n, 1)
		now := l.Stats()
		if now.Accepted < last.Accepted || now.Written < last.Written || now.Dropped < last.Dropped || now.Inherited != last.Inherited {
			t.Fatalf("from %+v to %+v", last, now)
		}
		last = now
	}
	stop()
}
