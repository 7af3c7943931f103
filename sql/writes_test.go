package sql

import (
	"fmt"
	"strings"
	"testing"
)

func (db *DB) onlyWrite(t *testing.T) WriteRow {
	t.Helper()
	rows, err := db.selectWrites(t.Context(), `SELECT `+writeColumns+` FROM erp_writes`)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d writes, %v", len(rows), err)
	}
	return rows[0]
}

func TestAWriteEndsUpTheSameInAnyOrder(t *testing.T) {
	intended := WriteRow{KeyHash: strings.Repeat("a", 64), OpenID: "p", SessionID: "s", Op: "record_stock", Reference: "P-1",
		Operator: "张三", ERPUsername: "zhang", Params: `{"quantity":"1.5"}`, State: "intended", RequestID: "01J",
		IntendedAt: someTime, UpdatedAt: after(0)}
	unknown := intended
	unknown.State, unknown.ErrorMessage, unknown.UpdatedAt = "unknown", "erp_timeout", after(1)
	done := intended
	done.State, done.ERPRecordID, done.UpdatedAt = "done", "R-7", after(2)
	onEachMigrated(t, func(t *testing.T, db *DB) {
		for _, states := range orders([]WriteRow{intended, unknown, done}) {
			db.clear(t, "erp_writes")
			inTurn(t, func(rows []WriteRow) error { return db.SaveWrites(t.Context(), rows) }, states)
			if got := db.onlyWrite(t); got != done {
				t.Errorf("%+v\n got %+v\nwant %+v", states, got, done)
			}
		}
	})
}

func TestAWriteNeedsNoMoreThanItsNames(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		if err := db.SaveWrites(t.Context(), []WriteRow{{KeyHash: "k", Op: "approve", UpdatedAt: after(3)}}); err != nil {
			t.Fatal(err)
		}
		n := count(t, db, `erp_writes WHERE state = 'intended' AND openid IS NULL AND session_id IS NULL AND reference IS NULL
			AND operator IS NULL AND erp_username IS NULL AND params IS NULL AND erp_record_id IS NULL AND error_message IS NULL
			AND request_id IS NULL AND intended_at = updated_at`)
		if n != 1 {
			t.Error("the state is not the default, an absent text is not NULL, or the time is not that of the change")
		}
	})
}

func TestAWritesOversizeTextsAreCut(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		long := strings.Repeat("货", 300)
		row := WriteRow{KeyHash: "k", OpenID: long, SessionID: long, Op: long, Reference: long, Operator: long, ERPUsername: long,
			Params: "a\x00b\xff", State: long, ERPRecordID: long, ErrorMessage: strings.Repeat(long, 100), RequestID: long,
			IntendedAt: someTime, UpdatedAt: after(1)}
		if err := db.SaveWrites(t.Context(), []WriteRow{row}); err != nil {
			t.Fatal(err)
		}
		runes := func(n int) string { return strings.Repeat("货", n) }
		want := WriteRow{KeyHash: "k", OpenID: runes(64), SessionID: runes(64), Op: runes(32), Reference: runes(100),
			Operator: runes(100), ERPUsername: runes(100), Params: "a\uFFFDb\uFFFD", State: runes(16), ERPRecordID: runes(100),
			ErrorMessage: runes(maxText / 3), RequestID: runes(64), IntendedAt: someTime, UpdatedAt: after(1)}
		if got := db.onlyWrite(t); got != want {
			t.Errorf("got  %s\nwant %s", fmt.Sprintf("%+v", got)[:900], fmt.Sprintf("%+v", want)[:900])
		}
	})
}
