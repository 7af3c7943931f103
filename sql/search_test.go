package sql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// numbered makes n calls, a second apart and two at a time.
func numbered(n int) []CallRow {
	rows := make([]CallRow, n)
	for i := range rows {
		rows[i] = CallRow{
			LogID: fmt.Sprintf("row-%04d", i), CalledAt: someTime.Add(time.Duration(i/2) * time.Second), RequestMethod: "GET",
			APIEndpoint: fmt.Sprintf("/api/r%d", i%3), ResponseStatus: []int{0, 0, 0, 404}[i%4],
			OpenID: fmt.Sprintf("p%d", i%5), SessionID: fmt.Sprintf("s%d", i%7), RequestID: fmt.Sprintf("q%d", i),
			ChainID: []string{"", "chain-a", "chain-b"}[i%3], ChainSeq: uint64(i % 3 * (i/3 + 1)), Replica: "gateway-0",
		}
		if rows[i].ChainID == "" {
			rows[i].ChainSeq = 0
		}
	}
	return rows
}

func mustInsert(t *testing.T, db *DB, rows []CallRow) {
	t.Helper()
	if err := db.InsertCalls(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
}

// ids shortens rows to what a failing test wants to show.
func ids(rows []CallRow) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = row.LogID
	}
	return out
}

func TestFindCallsKeepsWhatPassesNewestFirst(t *testing.T) {
	status := func(n int) *int { return &n }
	tests := map[string]struct {
		filter CallFilter
		pass   func(CallRow) bool
	}{
		"everything":         {CallFilter{}, func(CallRow) bool { return true }},
		"from":               {CallFilter{From: someTime.Add(time.Minute)}, func(r CallRow) bool { return !r.CalledAt.Before(someTime.Add(time.Minute)) }},
		"to, not included":   {CallFilter{To: someTime.Add(time.Second)}, func(r CallRow) bool { return r.CalledAt.Equal(someTime) }},
		"to, within a ms":    {CallFilter{To: someTime.Add(time.Microsecond)}, func(r CallRow) bool { return r.CalledAt.Equal(someTime) }},
		"route":              {CallFilter{Route: "/api/r1"}, func(r CallRow) bool { return r.APIEndpoint == "/api/r1" }},
		"user":               {CallFilter{OpenID: "p3"}, func(r CallRow) bool { return r.OpenID == "p3" }},
		"session":            {CallFilter{SessionID: "s3"}, func(r CallRow) bool { return r.SessionID == "s3" }},
		"request id":         {CallFilter{RequestID: "q33"}, func(r CallRow) bool { return r.RequestID == "q33" }},
		"status":             {CallFilter{Status: status(404)}, func(r CallRow) bool { return r.ResponseStatus == 404 }},
		"status 0":           {CallFilter{Status: status(0)}, func(r CallRow) bool { return r.ResponseStatus == 0 }},
		"route and status":   {CallFilter{Route: "/api/r1", Status: status(404)}, func(r CallRow) bool { return r.APIEndpoint == "/api/r1" && r.ResponseStatus == 404 }},
		"user and status":    {CallFilter{OpenID: "p3", Status: status(404)}, func(r CallRow) bool { return r.OpenID == "p3" && r.ResponseStatus == 404 }},
		"nobody":             {CallFilter{OpenID: "p' OR 'a' = 'a"}, func(CallRow) bool { return false }},
		"from behind its to": {CallFilter{From: someTime, To: someTime.Add(-time.Hour)}, func(CallRow) bool { return false }},
	}
	onEachMigrated(t, func(t *testing.T, db *DB) {
		all := numbered(200)
		mustInsert(t, db, all)
		for name, test := range tests {
			var want []CallRow
			for _, row := range slices.Backward(all) {
				if test.pass(row) {
					want = append(want, row)
				}
			}
			test.filter.PageSize = 200
			got, more, err := db.FindCalls(t.Context(), test.filter)
			if err != nil || more || !slices.Equal(got, want) {
				t.Errorf("%s: got %v, more %v, %v\nwant %v", name, ids(got), more, err, ids(want))
			}
		}
	})
}

func TestPagesJoinWithoutGapOrOverlap(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		all := numbered(103)
		mustInsert(t, db, all)
		slices.Reverse(all)
		var byPage, byPoint []CallRow
		filter := CallFilter{PageSize: 10}
		for page, more := 1, true; more; page++ {
			var rows []CallRow
			var err error
			if rows, more, err = db.FindCalls(t.Context(), CallFilter{PageSize: 10, Page: page}); err != nil {
				t.Fatal(err)
			}
			byPage = append(byPage, rows...)
			if rows, _, err = db.FindCalls(t.Context(), filter); err != nil || len(rows) == 0 {
				t.Fatalf("after %v: %d rows, %v", filter.Before, len(rows), err)
			}
			byPoint = append(byPoint, rows...)
			filter.Before = rows[len(rows)-1].Point()
		}
		if !slices.Equal(byPage, all) || !slices.Equal(byPoint, all) {
			t.Errorf("by page %v\nby point %v\nwant %v", ids(byPage), ids(byPoint), ids(all))
		}
		if rows, more, err := db.FindCalls(t.Context(), filter); err != nil || more || len(rows) > 0 {
			t.Errorf("behind the last: %v, %v, %v", ids(rows), more, err)
		}
	})
}

func TestAPageTooDeepIsTold(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		for page, want := range map[int]error{-1: nil, 1000: nil, 1001: nil, 1002: ErrTooDeep, 1 << 62: ErrTooDeep} {
			if _, _, err := db.FindCalls(t.Context(), CallFilter{Page: page, PageSize: 100}); !errors.Is(err, want) {
				t.Errorf("page %d: %v, want %v", page, err, want)
			}
		}
	})
}

func TestACallThatIsNotThereIsNoError(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		if row, found, err := db.Call(t.Context(), "nowhere"); found || err != nil {
			t.Errorf("got %+v, %v, %v", row, found, err)
		}
	})
}

func TestSearchesAreUnavailableWithoutTables(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db, ctx, visit := mustOpen(t, dsn), t.Context(), func(CallRow) error { return nil }
		_, _, find := db.FindCalls(ctx, CallFilter{})
		_, _, call := db.Call(ctx, "a")
		_, counted := db.CountCalls(ctx, someTime, someTime)
		_, chains := db.Chains(ctx)
		_, _, _, anchored := db.Anchor(ctx, "a")
		_, removed := db.RemoveCallsBefore(ctx, someTime, 1)
		_, exported := db.ExportUser(ctx, "p", nil)
		_, forgotten := db.ForgetUser(ctx, "p")
		_, _, messages := db.FindMessages(ctx, MessageFilter{})
		_, message := db.Message(ctx, "a")
		for name, err := range map[string]error{
			"find": find, "call": call, "count": counted, "chains": chains, "anchor": anchored, "remove": removed,
			"export": exported, "forget": forgotten, "walk": db.EachCall(ctx, someTime, someTime, visit),
			"links":    db.EachLink(ctx, "a", 0, visit),
			"messages": messages, "message": message,
		} {
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// fill makes the tables with n small calls, n a multiple of 10,000: 300 users, 7 routes, 2 % of status 503 and 1 in 1000
// of status 500, one chain. The rows come in before the indexes, which is five times as fast.
func (db *DB) fill(tb testing.TB, n int) {
	tb.Helper()
	provider, err := db.provider(db.pool.DB)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := provider.UpTo(tb.Context(), 69); err != nil {
		tb.Fatal(err)
	}
	db.fillRows(tb, n)
	if _, err := db.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	analyze := map[Dialect]string{MySQL: `ANALYZE TABLE api_call_logs`, SQLite: `ANALYZE`}
	db.patiently(tb, analyze[db.dialect])
}

// patiently repeats what a busy machine did not finish within the connection's time.
func (db *DB) patiently(tb testing.TB, statement string, args ...any) {
	tb.Helper()
	var err error
	for range 5 {
		if _, err = db.pool.Exec(statement, args...); err == nil {
			return
		}
	}
	tb.Fatal(err)
}

// fillRows lets the database make the rows.
func (db *DB) fillRows(tb testing.TB, n int) {
	tb.Helper()
	const digit = `(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
		UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)`
	const many = `(SELECT a.d + 10*b.d + 100*c.d + 1000*e.d + ? AS n FROM ` +
		digit + ` a, ` + digit + ` b, ` + digit + ` c, ` + digit + ` e)`
	id, text, at := `LPAD(n, 36, '0')`, `CONCAT('%s', %s)`, `TIMESTAMPADD(SECOND, n, '2026-01-01')`
	if db.dialect == SQLite {
		id, text, at = `printf('%036d', n)`, `'%s' || (%s)`, `strftime('%Y-%m-%d %H:%M:%S+00:00', '2026-01-01', n || ' seconds')`
	}
	ignoring := map[Dialect]string{MySQL: `INSERT IGNORE`, SQLite: `INSERT OR IGNORE`}
	insert := ignoring[db.dialect] + ` INTO api_call_logs (log_id, session_id, api_endpoint, request_method, response_status, called_at,
		request_id, openid, chain_id, chain_seq) SELECT ` + id + `, ` + fmt.Sprintf(text, "s", "n % 500") + `, ` +
		fmt.Sprintf(text, "/api/r", "n % 7") + `, 'GET', CASE WHEN n % 1000 = 1 THEN 500 WHEN n % 50 = 0 THEN 503 ELSE 0 END, ` +
		at + `, ` + fmt.Sprintf(text, "q", "n") + `, ` + fmt.Sprintf(text, "p", "n % 300") + `, 'chain', n + 1 FROM ` + many + ` t`
	for from := 0; from < n; from += 10_000 {
		db.patiently(tb, insert, from)
	}
}

// questions are the searches the admins' page offers, and what is known of them beside.
func questions() map[string]CallFilter {
	from, to := time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	rare, common := 500, 0
	return map[string]CallFilter{
		"nothing":             {},
		"from and to":         {From: from, To: to},
		"from":                {From: from},
		"route":               {Route: "/api/r3"},
		"route, from, to":     {Route: "/api/r3", From: from, To: to},
		"user":                {OpenID: "p7"},
		"user, from, to":      {OpenID: "p7", From: from, To: to},
		"rare status":         {Status: &rare},
		"common status":       {Status: &common},
		"status, from, to":    {Status: &rare, From: from, To: to},
		"request id":          {RequestID: "q777"},
		"session":             {SessionID: "s7"},
		"route and status":    {Route: "/api/r3", Status: &rare},
		"route, status, from": {Route: "/api/r3", Status: &rare, From: from},
	}
}

func TestSearchesAnswerFromTheirIndex(t *testing.T) {
	onEach(t, func(t *testing.T, dsn string) {
		db := mustOpen(t, dsn)
		db.fill(t, map[Dialect]int{MySQL: 200_000, SQLite: 20_000}[db.dialect])
		middle := CallPoint{CalledAt: time.Date(2026, 1, 1, 2, 0, 0, 0, time.UTC), LogID: strings.Repeat("0", 36)}
		for name, filter := range questions() {
			before := filter
			before.Before = middle
			for _, f := range []CallFilter{filter, before} {
				query, args := f.query(db)
				db.mustUse(t, name, "api_call_logs", f.index(), query, append(args, 51, 5000)...)
			}
		}
		walk, args := db.walkQuery(middle.CalledAt, time.Time{}, middle)
		db.mustUse(t, "a page of a walk", "api_call_logs", "idx_called_at", walk, args...)
		links, args := db.linksQuery("chain", CallRow{ChainSeq: 7000, CalledAt: middle.CalledAt})
		db.mustUse(t, "a page of a chain", "api_call_logs", "idx_chain", links, args...)
	})
}

// mustUse checks how the database means to work: by the index, in its order, and never through the whole table.
func (db *DB) mustUse(t *testing.T, name, table, index, query string, args ...any) {
	t.Helper()
	if db.dialect == SQLite {
		plan := strings.Join(db.plan(t, `EXPLAIN QUERY PLAN `+query, "detail", args...), "; ")
		// idx_called_at is the design's and does not hold the log_id: the few rows of one instant are sorted.
		sorted := strings.Contains(plan, "TEMP B-TREE FOR ORDER BY")
		if !strings.Contains(plan, "INDEX "+table+"_"+index) || sorted {
			t.Errorf("%s: %s", name, plan)
		}
		return
	}
	used, kind, extra := db.plan(t, `EXPLAIN `+query, "key", args...), db.plan(t, `EXPLAIN `+query, "type", args...),
		strings.Join(db.plan(t, `EXPLAIN `+query, "Extra", args...), "; ")
	whole := strings.Contains(query, "WHERE") && !slices.Contains([]string{"ref", "range"}, kind[0])
	if !slices.Equal(used, []string{index}) || whole || strings.Contains(extra, "filesort") || strings.Contains(extra, "temporary") {
		t.Errorf("%s: key %v, type %v, %s\n%s %v", name, used, kind, extra, query, args)
	}
}

// plan is one column of what EXPLAIN answers.
func (db *DB) plan(t *testing.T, explain, column string, args ...any) (values []string) {
	t.Helper()
	rows, err := db.pool.Queryx(explain, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		row := map[string]any{}
		if err := rows.MapScan(row); err != nil {
			t.Fatal(err)
		}
		value := row[column]
		if raw, ok := value.([]byte); ok {
			value = string(raw)
		}
		values = append(values, fmt.Sprint(value))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}
