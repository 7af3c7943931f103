package sql

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// untilNone calls a step of retention until it removes nothing and says how many rows went.
func untilNone(t *testing.T, step func(context.Context, time.Time, int) (int, error), before time.Time, batch int) (removed int) {
	t.Helper()
	for {
		n, err := step(t.Context(), before, batch)
		if err != nil || n > batch {
			t.Fatalf("removed %d of at most %d, %v", n, batch, err)
		}
		if n == 0 {
			return removed
		}
		removed += n
	}
}

func (db *DB) mustAnchor(t *testing.T, chain string) (seq uint64, hash string) {
	t.Helper()
	seq, hash, ok, err := db.Anchor(t.Context(), chain)
	if err != nil || ok != (seq > 0) {
		t.Fatalf("anchor of %s: %d, %v, %v", chain, seq, ok, err)
	}
	return seq, hash
}

func TestOldCallsGoAndTheirChainsKeepAnAnchor(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		a, b := chained("a", 50), chained("b", 30)
		free := numbered(40)
		for i := range free {
			free[i].ChainID, free[i].ChainSeq = "", 0
		}
		mustInsert(t, db, slices.Concat(a, b, free))
		before := someTime.Add(10 * time.Second)
		if n := untilNone(t, db.RemoveCallsBefore, before, 7); n != 10+10+20 {
			t.Errorf("removed %d, want 40", n)
		}
		if n, err := db.CountCalls(t.Context(), time.Time{}, before); n != 0 || err != nil {
			t.Errorf("%d old rows left, %v", n, err)
		}
		for chain, links := range map[string][]CallRow{"a": a, "b": b} {
			if seq, hash := db.mustAnchor(t, chain); seq != 10 || hash != links[10].ChainPrev {
				t.Errorf("anchor of %s: %d %s, want 10 %s", chain, seq, hash, links[10].ChainPrev)
			}
		}
		if seq, _ := db.mustAnchor(t, "c"); seq != 0 {
			t.Errorf("a chain nobody touched has an anchor at %d", seq)
		}
		if n := untilNone(t, db.RemoveCallsBefore, someTime.Add(time.Hour), 1000); n != 40+20+20 {
			t.Errorf("removed %d at last, want 80", n)
		}
		if seq, hash := db.mustAnchor(t, "a"); seq != 50 || hash != a[49].ChainHash {
			t.Errorf("the anchor of a chain that is gone: %d %s", seq, hash)
		}
	})
}

func TestAChainIsRemovedFromItsBeginningOnly(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		links := chained("a", 10)
		links[4].CalledAt = someTime.Add(time.Hour) // a long call, written among shorter ones
		mustInsert(t, db, links)
		if n := untilNone(t, db.RemoveCallsBefore, someTime.Add(time.Minute), 100); n != 4 {
			t.Errorf("removed %d, want the 4 before the young one", n)
		}
		if seq, _ := db.mustAnchor(t, "a"); seq != 4 {
			t.Errorf("anchor at %d, want 4", seq)
		}
	})
}

func TestAnAnchorNeverMovesBack(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		links := chained("a", 10)
		mustInsert(t, db, links[5:8])
		untilNone(t, db.RemoveCallsBefore, someTime.Add(time.Minute), 100)
		mustInsert(t, db, links[2:4]) // from a spool that was away for long
		if n := untilNone(t, db.RemoveCallsBefore, someTime.Add(time.Minute), 100); n != 2 {
			t.Errorf("removed %d late rows, want 2", n)
		}
		if seq, hash := db.mustAnchor(t, "a"); seq != 8 || hash != links[7].ChainHash {
			t.Errorf("anchor at %d %s, want 8 %s", seq, hash, links[7].ChainHash)
		}
	})
}

func TestReplicasMayRemoveWhileOthersWrite(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		old := chained("a", 600)
		mustInsert(t, db, old)
		young := chained("a", 1200)[600:]
		for i := range young {
			young[i].CalledAt = someTime.Add(24 * time.Hour)
		}
		var replicas errgroup.Group
		for range 2 {
			replicas.Go(func() error {
				for {
					n, err := db.RemoveCallsBefore(t.Context(), someTime.Add(time.Hour), 40)
					if n == 0 || err != nil {
						return err
					}
				}
			})
		}
		replicas.Go(func() error {
			for part := range slices.Chunk(young, 20) {
				if err := db.InsertCalls(t.Context(), part); err != nil {
					return err
				}
			}
			return nil
		})
		if err := replicas.Wait(); err != nil {
			t.Fatal(err)
		}
		untilNone(t, db.RemoveCallsBefore, someTime.Add(time.Hour), 1000)
		if n := count(t, db, "api_call_logs"); n != len(young) {
			t.Errorf("%d rows left, want %d", n, len(young))
		}
		if seq, hash := db.mustAnchor(t, "a"); seq != 600 || hash != old[599].ChainHash {
			t.Errorf("anchor at %d %s", seq, hash)
		}
	})
}

func TestOldSessionsBindingsMessagesAndWritesGo(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		ctx, old, young := t.Context(), after(0), after(100)
		sessions := []SessionRow{
			{SessionID: "expired", ExpiresAt: old, IsActive: true},
			{SessionID: "expired, bound", ExpiresAt: old, IsActive: true},
			{SessionID: "ended", ExpiresAt: young, UpdatedAt: old},
			{SessionID: "ended lately", ExpiresAt: young, UpdatedAt: young},
			{SessionID: "running", ExpiresAt: young, IsActive: true, UpdatedAt: old},
		}
		bindings := []BindingRow{
			{BindingID: "ended", SessionID: "gone", BoundAt: old, UpdatedAt: old},
			{BindingID: "ended some time", SessionID: "gone", BoundAt: old},
			{BindingID: "ended lately", SessionID: "gone", BoundAt: old, UpdatedAt: young},
			{BindingID: "valid", SessionID: "expired, bound", BoundAt: old, IsValid: true, UpdatedAt: old},
		}
		messages := []MessageRow{{MsgID: "old", SentAt: old}, {MsgID: "young", SentAt: young}}
		if err := db.SaveSessions(ctx, sessions); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveBindings(ctx, bindings); err != nil {
			t.Fatal(err)
		}
		if err := db.SaveMessages(ctx, messages); err != nil {
			t.Fatal(err)
		}
		writes := []WriteRow{{KeyHash: "old", IntendedAt: old, UpdatedAt: young}, {KeyHash: "young", IntendedAt: young}}
		if err := db.SaveWrites(ctx, writes); err != nil {
			t.Fatal(err)
		}
		before := after(50)
		gone := []int{
			untilNone(t, db.RemoveSessionsBefore, before, 1), untilNone(t, db.RemoveBindingsBefore, before, 1),
			untilNone(t, db.RemoveMessagesBefore, before, 1), untilNone(t, db.RemoveWritesBefore, before, 1),
		}
		left := [][]string{
			db.texts(t, `SELECT session_id FROM user_sessions ORDER BY 1`),
			db.texts(t, `SELECT binding_id FROM erp_bindings ORDER BY 1`),
			db.texts(t, `SELECT msg_id FROM message_logs`),
			db.texts(t, `SELECT key_hash FROM erp_writes`),
		}
		want := "[2 2 1 1] [[ended lately expired, bound running] [ended lately valid] [young] [young]]"
		if got := fmt.Sprint(gone, left); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

func TestABatchHasBounds(t *testing.T) {
	for given, want := range map[int]int{-1: 500, 0: 500, 1: 1, 5000: 5000, 1 << 40: 5000} {
		if got := batchSize(given); got != want {
			t.Errorf("%d: got %d, want %d", given, got, want)
		}
	}
}
