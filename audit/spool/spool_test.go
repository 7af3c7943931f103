package spool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary stand in for other processes: see process_test.go.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, cfg Config) *Spool {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, s) })
	return s
}

func shut(t testing.TB, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func text(n int) []byte { return fmt.Appendf(nil, "record %d", n) }

func digestOf(payload []byte) *Hash {
	h := Hash(sha256.Sum256(payload))
	return &h
}

// put appends the chained records from to to-1.
func put(t testing.TB, s *Spool, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if err := s.Append(1, text(n), digestOf(text(n))); err != nil {
			t.Fatal(err)
		}
	}
}

func next(t testing.TB, s *Spool, limit int) *Batch {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	b, err := s.Next(ctx, limit, 0)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func commit(t testing.TB, s *Spool, b *Batch) {
	t.Helper()
	if err := s.Commit(b); err != nil {
		t.Fatal(err)
	}
}

// pending returns all pending records and leaves them pending.
func pending(t testing.TB, s *Spool) []Record {
	t.Helper()
	if s.Stats().Pending == 0 {
		return nil
	}
	return next(t, s, 1<<30).Records()
}

// drain returns all pending records and commits them.
func drain(t testing.TB, s *Spool) []Record {
	t.Helper()
	var all []Record
	for s.Stats().Pending > 0 {
		b := next(t, s, 100)
		all = append(all, b.Records()...)
		commit(t, s, b)
	}
	return all
}

func mustBe(t testing.TB, got []Record, from, to int) {
	t.Helper()
	if len(got) != to-from {
		t.Fatalf("%d records, want %d", len(got), to-from)
	}
	for i, r := range got {
		if !bytes.Equal(r.Payload, text(from+i)) {
			t.Fatalf("record %d is %q, want %q", i, r.Payload, text(from+i))
		}
	}
}

// unbroken tells whether the records follow last without a gap and with the right hashes.
func unbroken(id string, last link, records []Record) bool {
	for _, r := range records {
		if r.Seq != last.seq+1 || r.Prev != last.hash || r.Hash != VerifyLink(id, r.Prev, r.Seq, *digestOf(r.Payload)) {
			return false
		}
		last = link{seq: r.Seq, hash: r.Hash}
	}
	return true
}

func mustChain(t testing.TB, s *Spool, last link, records []Record) {
	t.Helper()
	if !unbroken(s.ChainID(), last, records) {
		t.Fatal("the chain is broken")
	}
}

func TestRecordsComeOutAsTheyWentIn(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir(), MaxRecord: 4096})
	in := []Record{
		{Kind: 1, Payload: []byte("first")},
		{Kind: 255, Payload: []byte{}},
		{Kind: 7, Payload: bytes.Repeat([]byte{0, 255}, 2048)},
	}
	for _, r := range in {
		if err := s.Append(r.Kind, r.Payload, nil); err != nil {
			t.Fatal(err)
		}
	}
	put(t, s, 0, 2)
	out := pending(t, s)
	if !reflect.DeepEqual(out[:3], in) {
		t.Fatalf("got %v", out[:3])
	}
	mustBe(t, out[3:], 0, 2)
	mustChain(t, s, link{}, out[3:])
}

func TestRecordsOutsideTheChainDoNotTouchIt(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir()})
	put(t, s, 0, 1)
	if err := s.Append(9, []byte("outside"), nil); err != nil {
		t.Fatal(err)
	}
	put(t, s, 1, 2)
	out := pending(t, s)
	if out[1].Seq != 0 || out[1].Hash != (Hash{}) {
		t.Fatalf("outside the chain: %+v", out[1])
	}
	mustChain(t, s, link{}, []Record{out[0], out[2]})
}

func TestARefusedRecordLeavesNothing(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir(), MaxRecord: 10})
	for _, c := range []struct {
		kind Kind
		size int
		want error
	}{{1, 11, ErrTooLarge}, {0, 1, ErrKind}, {1, 10, nil}} {
		if err := s.Append(c.kind, make([]byte, c.size), nil); !errors.Is(err, c.want) {
			t.Errorf("kind %d, %d bytes: %v, want %v", c.kind, c.size, err, c.want)
		}
	}
	if got := len(pending(t, s)); got != 1 {
		t.Errorf("%d records, want 1", got)
	}
	shut(t, s)
	if err := s.Append(1, nil, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestTheSameRecordsComeUntilTheyAreCommitted(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir()})
	put(t, s, 0, 10)
	mustBe(t, next(t, s, 4).Records(), 0, 4)
	small, large := next(t, s, 4), next(t, s, 6)
	commit(t, s, large)
	commit(t, s, small) // behind what is committed already: changes nothing
	mustBe(t, pending(t, s), 6, 10)
	if got := s.Stats(); got.Appended != 10 || got.Committed != 6 || got.Pending != 4 {
		t.Errorf("stats %+v", got)
	}
}

func TestABatchIsBoundedInBytes(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir(), MaxRecord: 1 << 20})
	for range 20 {
		if err := s.Append(1, make([]byte, 1<<20), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(next(t, s, 100).Records()); got != 8 {
		t.Errorf("%d records of 1 MiB in a batch, want 8", got)
	}
}

func TestNextWaitsForTheFirstAndLingersForMore(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Config{Dir: dir})
		type result struct {
			records []Record
			after   time.Duration
		}
		start, got := time.Now(), make(chan result)
		consume := func() {
			b, err := s.Next(t.Context(), 3, time.Second)
			if err != nil {
				t.Error(err)
				got <- result{}
				return
			}
			got <- result{b.Records(), time.Since(start)}
			commit(t, s, b)
		}
		go consume()
		<-time.After(time.Minute)
		put(t, s, 0, 2)
		if r := <-got; len(r.records) != 2 || r.after != time.Minute+time.Second {
			t.Errorf("%d records after %v, want 2 after a minute and the second of lingering", len(r.records), r.after)
		}
		synctest.Wait()
		go consume()
		synctest.Wait()
		put(t, s, 2, 5)
		if r := <-got; len(r.records) != 3 || r.after != time.Minute+time.Second {
			t.Errorf("%d records after %v, want 3 at once", len(r.records), r.after)
		}
		synctest.Wait()
	})
}

func TestAWaitingNextEndsWithItsContextAndWithTheSpool(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Config{Dir: dir})
		ctx, cancel := context.WithCancel(t.Context())
		ends := make(chan error)
		wait := func() {
			_, err := s.Next(ctx, 1, time.Hour)
			ends <- err
		}
		go wait()
		synctest.Wait()
		cancel()
		if err := <-ends; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		ctx = t.Context()
		go wait()
		synctest.Wait()
		shut(t, s)
		if err := <-ends; !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}

func TestSegmentsFollowOneAnotherAndGoWhenDoneWith(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 1000}
	s := open(t, cfg)
	put(t, s, 0, 100)
	before := s.Stats()
	if before.Segments < 10 || before.Bytes != segmentBytes(t, cfg.Dir) {
		t.Fatalf("%+v, on disk %d bytes", before, segmentBytes(t, cfg.Dir))
	}
	b := next(t, s, 50)
	mustBe(t, b.Records(), 0, 50)
	commit(t, s, b)
	if half := s.Stats(); half.Segments > before.Segments/2+1 || half.Bytes != segmentBytes(t, cfg.Dir) {
		t.Errorf("half done: %+v of %+v", half, before)
	}
	mustBe(t, drain(t, s), 50, 100)
	if after := s.Stats(); after.Segments != 1 || after.Bytes != segmentBytes(t, cfg.Dir) || after.Committed != 100 {
		t.Errorf("all done: %+v", after)
	}
}

func segmentBytes(t testing.TB, dir string) (sum int64) {
	t.Helper()
	for _, path := range segmentFiles(t, dir) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}

func segmentFiles(t testing.TB, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestAReopenedSpoolGoesOnWhereItWas(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 500}
	var last link
	id := ""
	for round := range 10 {
		s := open(t, cfg)
		if id != "" && s.ChainID() != id {
			t.Fatalf("chain id %s became %s", id, s.ChainID())
		}
		id = s.ChainID()
		put(t, s, round*7, round*7+7)
		var b *Batch
		if round == 0 { // from now on 5 are left behind each time
			b = next(t, s, 2)
			mustBe(t, b.Records(), 0, 2)
		} else {
			b = next(t, s, 7)
			mustBe(t, b.Records(), round*7-5, round*7+2)
		}
		mustChain(t, s, last, b.Records())
		commit(t, s, b)
		last = b.end.link
		if got := s.Stats(); got.Torn != 0 || got.Pending != 5 {
			t.Fatalf("round %d: %+v", round, got)
		}
		shut(t, s)
	}
}

func TestTheChainGoesOnAfterEverythingWasDeliveredAndDeleted(t *testing.T) {
	cfg := Config{Dir: t.TempDir(), SegmentBytes: 300}
	s := open(t, cfg)
	put(t, s, 0, 20)
	for range 30 { // the last segment knows of the chain by its header alone
		if err := s.Append(2, text(0), nil); err != nil {
			t.Fatal(err)
		}
	}
	last := drain(t, s)[19]
	shut(t, s)
	if err := os.Remove(filepath.Join(cfg.Dir, "place")); err != nil {
		t.Fatal(err)
	}
	s = open(t, cfg)
	commit(t, s, next(t, s, 1<<30)) // what the active segment still held comes again
	put(t, s, 20, 25)
	mustChain(t, s, link{seq: last.Seq, hash: last.Hash}, pending(t, s))
}

func TestALostCommitBringsRecordsAgainAndNeverFewer(t *testing.T) {
	cfg := Config{Dir: t.TempDir()}
	s := open(t, cfg)
	put(t, s, 0, 10)
	commit(t, s, next(t, s, 3))
	placed := s.done.place
	commit(t, s, next(t, s, 3))
	if err := s.place.save(placed); err != nil { // as if the second commit had never reached the disk
		t.Fatal(err)
	}
	shut(t, s)
	s = open(t, cfg)
	mustBe(t, pending(t, s), 3, 10)
	put(t, s, 10, 12)
	mustBe(t, pending(t, s), 3, 12)
}

func TestAFullSpoolRefusesUntilACommitMakesRoom(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir(), MaxBytes: 4096})
	full := func(n int) int {
		for {
			err := s.Append(1, text(n), digestOf(text(n)))
			if errors.Is(err, ErrFull) {
				return n
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
	}
	n := full(0)
	got := s.Stats()
	if got.Refused != 1 || got.Bytes > 4096 || got.Fill < 0.9 || got.Fill > 1 || got.Pending != int64(n) {
		t.Fatalf("full: %+v", got)
	}
	first := drain(t, s)
	mustBe(t, first, 0, n)
	m := full(n)
	if m-n < n/2 {
		t.Errorf("%d records found room after the commit, %d before", m-n, n)
	}
	all := append(first, drain(t, s)...)
	mustBe(t, all, 0, m)
	mustChain(t, s, link{}, all)
}

func TestTheOldestPendingRecordHasAnAge(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	cfg := Config{Dir: t.TempDir(), Now: func() time.Time { return now }}
	s := open(t, cfg)
	age := func(want time.Duration) {
		t.Helper()
		if got := s.Stats().OldestAge; got != want {
			t.Errorf("oldest record is %v old, want %v", got, want)
		}
	}
	age(0)
	put(t, s, 0, 1)
	now = now.Add(time.Minute)
	put(t, s, 1, 2)
	now = now.Add(time.Minute)
	age(2 * time.Minute)
	shut(t, s)
	s = open(t, cfg)
	age(2 * time.Minute)
	commit(t, s, next(t, s, 1))
	age(time.Minute)
	commit(t, s, next(t, s, 1))
	age(0)
	put(t, s, 2, 3)
	now = now.Add(-time.Hour)
	age(0)
}

func TestOneConsumerKeepsUpWithManyAppenders(t *testing.T) {
	s := open(t, Config{Dir: t.TempDir(), SegmentBytes: 8 << 10, SyncEvery: time.Millisecond})
	const workers, each = 8, 200
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() { put(t, s, w*each, (w+1)*each) })
	}
	stop := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if got := s.Stats(); got.Pending < 0 || got.Appended-got.Committed != got.Pending {
					t.Errorf("stats do not add up: %+v", got)
					return
				}
			}
		}
	})
	var got []Record
	for len(got) < workers*each {
		b, err := s.Next(t.Context(), 50, time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b.Records()...)
		commit(t, s, b)
	}
	all.Wait()
	close(stop)
	watcher.Wait()
	mustChain(t, s, link{}, got)
	mustHoldOnce(t, got, workers*each)
}

// mustHoldOnce checks that the records 0 to n-1 are there, each once, in any order.
func mustHoldOnce(t *testing.T, records []Record, n int) {
	t.Helper()
	seen := map[string]int{}
	for _, r := range records {
		seen[string(r.Payload)]++
	}
	for i := range n {
		if seen[string(text(i))] != 1 {
			t.Fatalf("%q is there %d times", text(i), seen[string(text(i))])
		}
	}
}

func TestTheBackgroundSyncLeavesNothingUnsynced(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, Config{Dir: dir, SegmentBytes: 300, SyncEvery: time.Second})
		put(t, s, 0, 10)
		look := func() unsynced {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.unsynced
		}
		if due := look(); len(due.files) == 0 || !due.data || !due.dir {
			t.Fatalf("before: %+v", due)
		}
		<-time.After(1500 * time.Millisecond)
		synctest.Wait()
		if left := look(); len(left.files) != 0 || left.data || left.dir {
			t.Errorf("after: %+v", left)
		}
		shut(t, s) // in the bubble, where the syncer lives
	})
}
