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
		RequestID: "01J", Replica: "gateway-0", Source: "standby", Attempts: 2, ERPTimeMS: 38, OpenID: "p-1",
		ChainID: strings.Repeat("c", 32), ChainSeq: 7, ChainPrev: strings.Repeat("0", 64), ChainHash: strings.Repeat("f", 64),
	}
}

func (db *DB) callByID(t *testing.T, id string) CallRow {
	t.Helper()
	row, found, err := db.Call(t.Context(), id)
	if err != nil || !found {
		t.Fatalf("call %s: found %v, %v", id, found, err)
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
			AND error_message IS NULL AND called_at > '2026-01-01' AND request_id IS NULL AND replica IS NULL AND source IS NULL
			AND openid IS NULL AND chain_id IS NULL AND chain_seq IS NULL AND chain_prev IS NULL AND chain_hash IS NULL`)
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

func TestALinkIsRefusedNotCut(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		for name, spoil := range map[string]func(*CallRow){
			"long chain id": func(r *CallRow) { r.ChainID += "c" },
			"long hash":     func(r *CallRow) { r.ChainHash += "f" },
			"odd hash":      func(r *CallRow) { r.ChainPrev = "雪" },
			"space":         func(r *CallRow) { r.ChainID = "c " },
			"huge place":    func(r *CallRow) { r.ChainSeq = 1 << 63 },
		} {
			row := call("a")
			spoil(&row)
			if err := db.InsertCalls(t.Context(), []CallRow{row}); !errors.Is(err, ErrRefused) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestABatchOfHugeTextsFitsThePacket(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		rows := make([]CallRow, 300) // 38 MiB, over the 16 MiB a MariaDB takes at once
		for i := range rows {
			rows[i] = call(fmt.Sprintf("huge-%03d", i))
			rows[i].RequestParams = strings.Repeat("'", maxText)
			rows[i].ResponseData = strings.Repeat("\\", maxText)
		}
		if err := db.InsertCalls(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "api_call_logs"); n != len(rows) {
			t.Errorf("%d rows, want %d", n, len(rows))
		}
		if got := db.callByID(t, "huge-299"); got != rows[299] {
			t.Error("the last row came back changed")
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
