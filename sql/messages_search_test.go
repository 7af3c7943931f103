package sql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var messageStates = []string{"queued", "sent", "failed", "unknown", "refused", "cancelled"}

// posted makes n messages, a second apart and two at a time.
func posted(n int) []MessageRow {
	rows := make([]MessageRow, n)
	for i := range rows {
		rows[i] = MessageRow{
			MsgID: fmt.Sprintf("msg-%04d", i), SessionID: fmt.Sprintf("s%d", i%7), OpenID: fmt.Sprintf("p%d", i%5),
			Sender: []string{"session", "service", "event"}[i%3], TemplateID: fmt.Sprintf("T%d", i%4), MsgContent: "{}",
			MsgStatus: messageStates[i%len(messageStates)], Attempts: 1, WXMsgID: fmt.Sprintf("90071992547409%02d", i%50),
			RequestID: fmt.Sprintf("q%d", i), AcceptedAt: someTime.Add(time.Duration(i/2) * time.Second),
			SentAt: after(60 + i), UpdatedAt: after(120 - i),
		}
	}
	return rows
}

func mustPost(t *testing.T, db *DB, rows []MessageRow) {
	t.Helper()
	if err := db.SaveMessages(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
}

func msgIDs(rows []MessageRow) []string {
	out := make([]string, len(rows))
	for i, row := range rows {
		out[i] = row.MsgID
	}
	return out
}

func TestFindMessagesKeepsWhatPassesNewestFirst(t *testing.T) {
	tests := map[string]struct {
		filter MessageFilter
		pass   func(MessageRow) bool
	}{
		"everything":       {MessageFilter{}, func(MessageRow) bool { return true }},
		"from":             {MessageFilter{From: after(1)}, func(r MessageRow) bool { return !r.AcceptedAt.Before(after(1)) }},
		"to, not included": {MessageFilter{To: someTime.Add(time.Second)}, func(r MessageRow) bool { return r.AcceptedAt.Equal(someTime) }},
		"state":            {MessageFilter{States: []string{"failed"}}, func(r MessageRow) bool { return r.MsgStatus == "failed" }},
		"states": {MessageFilter{States: []string{"unknown", "failed", "unknown"}},
			func(r MessageRow) bool { return r.MsgStatus == "failed" || r.MsgStatus == "unknown" }},
		"all states":     {MessageFilter{States: messageStates}, func(MessageRow) bool { return true }},
		"no such state":  {MessageFilter{States: []string{"dreaming"}}, func(MessageRow) bool { return false }},
		"person":         {MessageFilter{OpenID: "p3"}, func(r MessageRow) bool { return r.OpenID == "p3" }},
		"template":       {MessageFilter{TemplateID: "T2"}, func(r MessageRow) bool { return r.TemplateID == "T2" }},
		"sender":         {MessageFilter{Sender: "event"}, func(r MessageRow) bool { return r.Sender == "event" }},
		"id":             {MessageFilter{MsgID: "msg-0033"}, func(r MessageRow) bool { return r.MsgID == "msg-0033" }},
		"id of a sender": {MessageFilter{MsgID: "msg-0033", Sender: "event"}, func(MessageRow) bool { return false }},
		"WeChat's id":    {MessageFilter{WXMsgID: "9007199254740933"}, func(r MessageRow) bool { return r.WXMsgID == "9007199254740933" }},
		"person, states": {MessageFilter{OpenID: "p3", States: []string{"sent", "failed"}},
			func(r MessageRow) bool { return r.OpenID == "p3" && (r.MsgStatus == "sent" || r.MsgStatus == "failed") }},
		"template, states": {MessageFilter{TemplateID: "T2", States: []string{"queued", "failed", "refused"}},
			func(r MessageRow) bool {
				return r.TemplateID == "T2" && slices.Contains([]string{"queued", "failed", "refused"}, r.MsgStatus)
			}},
		"state, sender, from, to": {MessageFilter{States: []string{"sent"}, Sender: "service", From: after(0), To: after(1)},
			func(r MessageRow) bool {
				return r.MsgStatus == "sent" && r.Sender == "service" && r.AcceptedAt.Before(after(1))
			}},
		"nobody": {MessageFilter{OpenID: "p' OR 'a' = 'a"}, func(MessageRow) bool { return false }},
	}
	onEachMigrated(t, func(t *testing.T, db *DB) {
		all := posted(200)
		mustPost(t, db, all)
		for name, test := range tests {
			var want []MessageRow
			for _, row := range slices.Backward(all) {
				if test.pass(row) {
					want = append(want, row)
				}
			}
			test.filter.PageSize = 200
			got, more, err := db.FindMessages(t.Context(), test.filter)
			if err != nil || more || !slices.Equal(got, want) {
				t.Errorf("%s: got %v, more %v, %v\nwant %v", name, msgIDs(got), more, err, msgIDs(want))
			}
		}
	})
}

func TestPagesOfMessagesJoinWithoutGapOrOverlap(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		all := posted(103)
		mustPost(t, db, all)
		slices.Reverse(all)
		for _, states := range [][]string{nil, messageStates} { // from one place in an index, and from several
			var byPage, byPoint []MessageRow
			filter := MessageFilter{States: states, PageSize: 10}
			for page, more := 1, true; more; page++ {
				var rows []MessageRow
				var err error
				rows, more, err = db.FindMessages(t.Context(), MessageFilter{States: states, PageSize: 10, Page: page})
				if err != nil {
					t.Fatal(err)
				}
				byPage = append(byPage, rows...)
				if rows, _, err = db.FindMessages(t.Context(), filter); err != nil || len(rows) == 0 {
					t.Fatalf("after %v: %d rows, %v", filter.Before, len(rows), err)
				}
				byPoint = append(byPoint, rows...)
				filter.Before = rows[len(rows)-1].Point()
			}
			if !slices.Equal(byPage, all) || !slices.Equal(byPoint, all) {
				t.Errorf("of %v\nby page %v\nby point %v\nwant %v", states, msgIDs(byPage), msgIDs(byPoint), msgIDs(all))
			}
			if rows, more, err := db.FindMessages(t.Context(), filter); err != nil || more || len(rows) > 0 {
				t.Errorf("behind the last: %v, %v, %v", msgIDs(rows), more, err)
			}
		}
	})
}

func TestAPageOfMessagesTooDeepIsTold(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		for page, want := range map[int]error{-1: nil, 1001: nil, 1002: ErrTooDeep, 1 << 62: ErrTooDeep} {
			if _, _, err := db.FindMessages(t.Context(), MessageFilter{Page: page, PageSize: 100}); !errors.Is(err, want) {
				t.Errorf("page %d: %v, want %v", page, err, want)
			}
		}
	})
}

func TestAMessageThatIsNotThereIsTold(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		if row, err := db.Message(t.Context(), "nowhere"); !errors.Is(err, ErrNotFound) || errors.Is(err, ErrUnavailable) {
			t.Errorf("got %+v, %v", row, err)
		}
	})
}

// postMany lets the database make 16 messages of each of n.
func (db *DB) postMany(t *testing.T, n int) {
	t.Helper()
	mustPost(t, db, posted(n))
	id, at := `CONCAT(msg_id, '-', ?)`, `TIMESTAMPADD(HOUR, ?, accepted_at)`
	if db.dialect == SQLite {
		id, at = `msg_id || '-' || ?`, `strftime('%Y-%m-%d %H:%M:%f+00:00', accepted_at, ? || ' hours')`
	}
	for doubling := range 4 {
		_, err := db.pool.Exec(`INSERT INTO message_logs (msg_id, session_id, openid, sender, template_id, msg_status, wx_msg_id,
			accepted_at) SELECT `+id+`, session_id, openid, sender, template_id, msg_status, wx_msg_id, `+at+` FROM message_logs`,
			doubling, doubling+1)
		if err != nil {
			t.Fatal(err)
		}
	}
	analyze := map[Dialect]string{MySQL: `ANALYZE TABLE message_logs`, SQLite: `ANALYZE`}
	if _, err := db.pool.Exec(analyze[db.dialect]); err != nil {
		t.Fatal(err)
	}
}

func TestSearchesOfMessagesAnswerFromTheirIndex(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		db.postMany(t, map[Dialect]int{MySQL: 1000, SQLite: 100}[db.dialect])
		for name, filter := range map[string]MessageFilter{
			"nothing":            {},
			"from and to":        {From: someTime, To: after(30)},
			"state":              {States: []string{"failed"}},
			"states, from":       {States: []string{"failed", "unknown"}, From: someTime},
			"person":             {OpenID: "p3"},
			"person, states":     {OpenID: "p3", States: []string{"failed", "unknown"}},
			"template":           {TemplateID: "T1"},
			"template and state": {TemplateID: "T1", States: []string{"sent"}},
			"sender, to":         {Sender: "event", To: after(30)},
			"WeChat's id":        {WXMsgID: "9007199254740933"},
		} {
			before := filter
			before.Before = MessagePoint{AcceptedAt: after(5), MsgID: "msg-0500"}
			for _, f := range []MessageFilter{filter, before} {
				for _, part := range f.parts() {
					query, args := part.newest(db)
					db.mustUse(t, name, "message_logs", part.index(), query, append(args, 51)...)
				}
			}
		}
		one := MessageFilter{MsgID: "msg-0500", States: []string{"failed", "sent"}}
		query, args := one.newest(db)
		if plan := fmt.Sprint(db.planOf(t, query, append(args, 51)...)); !strings.Contains(plan, "PRIMARY") && !strings.Contains(plan, "autoindex") {
			t.Errorf("one message: %s", plan)
		}
	})
}

// planOf is the part of EXPLAIN that names the index.
func (db *DB) planOf(t *testing.T, query string, args ...any) []string {
	t.Helper()
	if db.dialect == SQLite {
		return db.plan(t, `EXPLAIN QUERY PLAN `+query, "detail", args...)
	}
	return db.plan(t, `EXPLAIN `+query, "key", args...)
}
