package sql

import (
	stdsql "database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var someTime = time.Date(2026, 11, 20, 8, 30, 15, 123_000_000, time.UTC)

func call(id string) CallRow {
	return CallRow{
		LogID: id, SessionID: "s-1", APIEndpoint: "/api/orders/:id", RequestMethod: "GET",
		RequestParams: `{"keyword":"螺丝🔩"}`, ResponseStatus: 200, ResponseData: "雪兽 🐻‍❄️ at 10:30",
		ResponseTimeMS: 42, ErrorMessage: "erp_busy", CalledAt: someTime,
	}
}

func (db *DB) callByID(t *testing.T, id string) CallRow {
	t.Helper()
	var row CallRow
	if err := db.pool.Get(&row, `SELECT * FROM api_call_logs WHERE log_id = ?`, id); err != nil {
		t.Fatal(err)
	}
	return row
}

func TestCallsComeBackAsWritten(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		want := call("0198c0de-1")
		local := want
		local.CalledAt = someTime.In(time.FixedZone("CST", 8*3600))
		if err := db.InsertCalls(t.Context(), []CallRow{local}); err != nil {
			t.Fatal(err)
		}
		if got := db.callByID(t, want.LogID); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestARepeatedCallChangesNothing(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		changed := call("a")
		changed.ResponseStatus = 500
		batches := [][]CallRow{{call("a"), call("b")}, {changed, call("b"), call("c")}, {call("d"), call("d")}}
		for _, batch := range batches {
			if err := db.InsertCalls(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, db, "api_call_logs"); n != 4 {
			t.Errorf("%d rows, want 4", n)
		}
		if got := db.callByID(t, "a").ResponseStatus; got != 200 {
			t.Errorf("status %d, want the first one, 200", got)
		}
	})
}

func TestIDsDifferByCase(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		if err := db.InsertCalls(t.Context(), []CallRow{call("abc"), call("ABC")}); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "api_call_logs"); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
	})
}

func TestAbsentOptionalTextsAreNull(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		if err := db.InsertCalls(t.Context(), []CallRow{{LogID: "x", APIEndpoint: "/api", RequestMethod: "GET"}}); err != nil {
			t.Fatal(err)
		}
		n := count(t, db, `api_call_logs WHERE session_id IS NULL AND request_params IS NULL AND response_data IS NULL
			AND error_message IS NULL AND called_at > '2026-01-01'`)
		if n != 1 {
			t.Error("an absent text is not NULL, or the time is not now")
		}
	})
}

func TestOversizeAndBrokenValuesAreMadeToFit(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		row := call("big")
		row.APIEndpoint = strings.Repeat("路", 300)
		row.RequestMethod = "PROPPATCHPROPPATCH"
		row.RequestParams = "a\x00b\xffc"
		row.ResponseData = strings.Repeat("雪", 40_000)
		row.ResponseTimeMS = 1 << 40
		if err := db.InsertCalls(t.Context(), []CallRow{row}); err != nil {
			t.Fatal(err)
		}
		got := db.callByID(t, "big")
		if got.APIEndpoint != strings.Repeat("路", 200) || got.RequestMethod != "PROPPATCHP" {
			t.Errorf("endpoint of %d runes, method %q", utf8.RuneCountInString(got.APIEndpoint), got.RequestMethod)
		}
		if got.RequestParams != "a\uFFFDb\uFFFDc" {
			t.Errorf("params %q", got.RequestParams)
		}
		if got.ResponseData != strings.Repeat("雪", maxText/3) || got.ResponseTimeMS != 1<<31-1 {
			t.Errorf("data of %d bytes, %d ms", len(got.ResponseData), got.ResponseTimeMS)
		}
	})
}

func TestABadKeyIsRefusedNotCut(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		for _, id := range []string{"", strings.Repeat("x", 65), "a\x00", "a\xff"} {
			if err := db.InsertCalls(t.Context(), []CallRow{call(id)}); !errors.Is(err, ErrRefused) {
				t.Errorf("key %q: %v", id, err)
			}
		}
	})
}

func TestTenThousandCalls(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		rows := make([]CallRow, 10_000)
		for i := range rows {
			rows[i] = call(fmt.Sprintf("row-%05d", i))
		}
		start := time.Now()
		if err := db.InsertCalls(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		t.Logf("10,000 rows in %v", time.Since(start))
		if n := count(t, db, "api_call_logs"); n != len(rows) {
			t.Errorf("%d rows, want %d", n, len(rows))
		}
	})
}

func TestTheLastStateOfASessionWins(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		sealed := stdsql.NullString{String: "2026a:sealed", Valid: true}
		opened := SessionRow{SessionID: "s", OpenID: "oABC", SessionKey: sealed, UnionID: "u", CreatedAt: someTime,
			ExpiresAt: someTime.Add(time.Hour), IsActive: true}
		slid := opened
		slid.ExpiresAt = someTime.Add(2 * time.Hour)
		ended := SessionRow{SessionID: "s", ExpiresAt: someTime.Add(time.Minute)}
		for _, batch := range [][]SessionRow{{opened, slid}, {slid, opened, slid, ended}} {
			if err := db.SaveSessions(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		want := opened
		want.ExpiresAt, want.IsActive = ended.ExpiresAt, false
		var got SessionRow
		if err := db.pool.Get(&got, `SELECT * FROM user_sessions`); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestASealTooLongIsLeftOut(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		row := SessionRow{SessionID: "s", SessionKey: stdsql.NullString{String: strings.Repeat("k", 129), Valid: true}}
		if err := db.SaveSessions(t.Context(), []SessionRow{row}); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, `user_sessions WHERE session_key IS NULL`); n != 1 {
			t.Error("a seal was cut")
		}
	})
}

func TestTheLastStateOfABindingWins(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		bound := BindingRow{BindingID: "b", SessionID: "s", ERPUsername: "zhang", CompanyID: "C1", CompanyName: "雪兽科技",
			BoundAt: someTime, IsValid: true}
		unbound := bound
		unbound.IsValid = false
		batches := [][]BindingRow{{bound, unbound}, {unbound, bound}, {bound}}
		for i, want := range []bool{false, true, true} {
			if err := db.SaveBindings(t.Context(), batches[i]); err != nil {
				t.Fatal(err)
			}
			var got BindingRow
			last := bound
			last.IsValid = want
			if err := db.pool.Get(&got, `SELECT * FROM erp_bindings`); err != nil || !reflect.DeepEqual(got, last) {
				t.Errorf("batch %d: got %+v, %v\nwant %+v", i, got, err, last)
			}
		}
	})
}

func TestTheLastStateOfAMessageWins(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		queued := MessageRow{MsgID: "m", SessionID: "s", TemplateID: "T1", MsgContent: `{"thing1":"发货"}`, MsgStatus: "queued",
			SentAt: someTime, ErrorDetail: "retrying"}
		failed := queued
		failed.MsgStatus, failed.ErrorDetail = "failed", "43101"
		plain := MessageRow{MsgID: "n", SessionID: "s", TemplateID: "T1", MsgContent: "x", SentAt: someTime, ErrorDetail: "-"}
		if err := db.SaveMessages(t.Context(), []MessageRow{queued, plain, failed}); err != nil {
			t.Fatal(err)
		}
		sent := plain
		sent.MsgStatus = "sent"
		var got []MessageRow
		want := []MessageRow{failed, sent}
		if err := db.pool.Select(&got, `SELECT * FROM message_logs ORDER BY msg_id`); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
		}
	})
}

func TestTheCallersRowsStayAsTheyWere(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		row := call("a\u00e9")
		row.RequestMethod = "PROPPATCHPROPPATCH"
		rows := []CallRow{row}
		if err := db.InsertCalls(t.Context(), rows); err != nil || rows[0] != row {
			t.Errorf("rows after the call: %+v, %v", rows, err)
		}
	})
}

func TestMissingTablesAreUnavailableNotRefused(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := mustOpen(t, dsn)
		err := db.InsertCalls(t.Context(), []CallRow{call("a")})
		if !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrRefused) {
			t.Errorf("before the migration: %v", err)
		}
	})
}

func TestRowsTheServerRefusesAreTold(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		_, err := db.pool.Exec(`INSERT INTO api_call_logs (log_id, api_endpoint, request_method) VALUES ('a', NULL, 'GET')`)
		if err := explain("test", err); !errors.Is(err, ErrRefused) || errors.Is(err, ErrUnavailable) {
			t.Errorf("NULL in a NOT NULL column: %v", err)
		}
	})
}

func TestNoRowsIsNoStatement(t *testing.T) {
	db := mustOpen(t, "mysql://u:p@127.0.0.1:1/db")
	if err := db.InsertCalls(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
