package sql

import (
	stdsql "database/sql"
	"slices"
	"strings"
	"testing"
	"time"
)

// after is someTime moved by so many minutes.
func after(minutes int) time.Time { return someTime.Add(time.Duration(minutes) * time.Minute) }

// orders are all the orders in which states may arrive.
func orders[R any](states []R) [][]R {
	if len(states) < 2 {
		return [][]R{slices.Clone(states)}
	}
	var all [][]R
	for i := range states {
		rest := slices.Concat(states[:i], states[i+1:])
		for _, tail := range orders(rest) {
			all = append(all, append([]R{states[i]}, tail...))
		}
	}
	return all
}

// inTurn saves each state in a statement of its own, then all again in one.
func inTurn[R any](t *testing.T, save func([]R) error, states []R) {
	t.Helper()
	for _, state := range states {
		if err := save([]R{state}); err != nil {
			t.Fatal(err)
		}
	}
	if err := save(states); err != nil {
		t.Fatal(err)
	}
}

func (db *DB) clear(t *testing.T, table string) {
	t.Helper()
	if _, err := db.pool.Exec("DELETE FROM " + table); err != nil {
		t.Fatal(err)
	}
}

func (db *DB) onlySession(t *testing.T) SessionRow {
	t.Helper()
	var key stdsql.NullString
	if err := db.pool.Get(&key, `SELECT session_key FROM user_sessions`); err != nil {
		t.Fatal(err)
	}
	var rows UserRows
	if err := db.gatherSessions(t.Context(), []string{"s"}, &rows); err != nil || len(rows.Sessions) != 1 {
		t.Fatalf("%d sessions, %v", len(rows.Sessions), err)
	}
	rows.Sessions[0].SessionKey = key
	return rows.Sessions[0]
}

func TestASessionEndsUpTheSameInAnyOrder(t *testing.T) {
	opened := SessionRow{SessionID: "s", OpenID: "p", UnionID: "u", CreatedAt: someTime, ExpiresAt: after(60), IsActive: true,
		UpdatedAt: after(0)}
	slid := opened
	slid.ExpiresAt, slid.UpdatedAt = after(90), after(30)
	ended := opened
	ended.ExpiresAt, ended.IsActive, ended.UpdatedAt = after(20), false, after(20)
	endedTwice := ended
	endedTwice.ExpiresAt, endedTwice.UpdatedAt = after(25), after(25)
	tests := map[string]struct {
		states []SessionRow
		want   SessionRow
	}{
		"the later state counts":   {[]SessionRow{opened, slid}, slid},
		"an end outlives a slide":  {[]SessionRow{opened, ended, slid}, ended},
		"the later of two ends":    {[]SessionRow{opened, ended, endedTwice}, endedTwice},
		"one state, several times": {[]SessionRow{slid, slid, slid}, slid},
	}
	onEachMigrated(t, func(t *testing.T, db *DB) {
		save := func(rows []SessionRow) error { return db.SaveSessions(t.Context(), rows) }
		for name, test := range tests {
			for _, states := range orders(test.states) {
				db.clear(t, "user_sessions")
				inTurn(t, save, states)
				if got := db.onlySession(t); got != test.want {
					t.Errorf("%s: %+v\n got %+v\nwant %+v", name, states, got, test.want)
				}
			}
		}
	})
}

func TestASessionWithoutATimeOfChangeCountsAsLater(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		sealed := stdsql.NullString{String: "2026a:sealed", Valid: true}
		known := SessionRow{SessionID: "s", OpenID: "p", SessionKey: sealed, UnionID: "u", CreatedAt: someTime,
			ExpiresAt: after(60), IsActive: true, UpdatedAt: after(30)}
		unknown := known
		unknown.SessionKey, unknown.ExpiresAt, unknown.UpdatedAt = stdsql.NullString{}, after(90), time.Time{}
		ended := SessionRow{SessionID: "s", ExpiresAt: after(5)}
		want := known
		for _, step := range []struct {
			row    SessionRow
			change func()
		}{
			{known, func() {}},
			{unknown, func() { want.ExpiresAt = after(90) }},
			{ended, func() { want.ExpiresAt, want.IsActive = after(5), false }},
			{unknown, func() {}},
		} {
			step.change()
			if err := db.SaveSessions(t.Context(), []SessionRow{step.row}); err != nil {
				t.Fatal(err)
			}
			if got := db.onlySession(t); got != want {
				t.Errorf("after %+v\n got %+v\nwant %+v", step.row, got, want)
			}
		}
	})
}

func TestAnEndThatArrivesFirstLearnsWhoseSessionItWas(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		ended := SessionRow{SessionID: "s", CreatedAt: someTime, ExpiresAt: after(5), UpdatedAt: after(5)}
		opened := SessionRow{SessionID: "s", OpenID: "p", UnionID: "u", ExpiresAt: after(60), IsActive: true, UpdatedAt: after(0)}
		if err := db.SaveSessions(t.Context(), []SessionRow{ended, opened}); err != nil {
			t.Fatal(err)
		}
		want := ended
		want.OpenID, want.UnionID = "p", "u"
		if got := db.onlySession(t); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestABindingEndsUpTheSameInAnyOrder(t *testing.T) {
	bound := BindingRow{BindingID: "b", SessionID: "s", ERPUsername: "zhang", CompanyID: "C1", CompanyName: "雪兽科技",
		BoundAt: someTime, IsValid: true, UpdatedAt: after(0)}
	renewed := bound
	renewed.UpdatedAt = after(30)
	unbound := bound
	unbound.IsValid, unbound.UpdatedAt = false, after(10)
	legacy := bound
	legacy.UpdatedAt = time.Time{}
	onEachMigrated(t, func(t *testing.T, db *DB) {
		save := func(rows []BindingRow) error { return db.SaveBindings(t.Context(), rows) }
		for _, test := range []struct {
			states []BindingRow
			want   BindingRow
		}{
			{[]BindingRow{bound, renewed}, renewed},
			{[]BindingRow{bound, renewed, unbound, legacy}, unbound},
		} {
			for _, states := range orders(test.states) {
				db.clear(t, "erp_bindings")
				inTurn(t, save, states)
				var got UserRows
				if err := db.gatherBindings(t.Context(), []string{"s"}, &got); err != nil || !slices.Equal(got.Bindings, []BindingRow{test.want}) {
					t.Errorf("%+v\n got %+v, %v\nwant %+v", states, got.Bindings, err, test.want)
				}
			}
		}
	})
}

func TestABindingRejectedByTheERPLearnsItsSession(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		rejected := BindingRow{BindingID: "b", ERPUsername: "zhang", BoundAt: someTime, UpdatedAt: after(9)}
		bound := rejected
		bound.SessionID, bound.IsValid, bound.UpdatedAt = "s", true, after(0)
		if err := db.SaveBindings(t.Context(), []BindingRow{rejected, bound}); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, `erp_bindings WHERE session_id = 's' AND is_valid = 0`); n != 1 {
			t.Error("the binding came back, or nobody knows who bound")
		}
	})
}

// accepted is a message as it is queued; the others are what became of it.
func accepted(id string) MessageRow {
	return MessageRow{MsgID: id, SessionID: "s", OpenID: "p", Sender: "session", TemplateID: "T1",
		MsgContent: `{"thing1":"发货 at 10:30"}`, MsgStatus: "queued", RequestID: "01J", AcceptedAt: someTime, SentAt: someTime,
		UpdatedAt: after(0)}
}

func (db *DB) mustMessage(t *testing.T, id string) MessageRow {
	t.Helper()
	row, err := db.Message(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestAMessageEndsUpTheSameInAnyOrder(t *testing.T) {
	queued := accepted("m")
	again := queued
	again.Attempts, again.ErrCode, again.Reason, again.ErrorDetail = 1, -1, "busy", "system busy"
	again.UpdatedAt = queued.UpdatedAt.Add(time.Millisecond)
	sent := queued
	sent.MsgStatus, sent.Attempts, sent.WXMsgID, sent.SentAt, sent.UpdatedAt = "sent", 2, "9007199254740993", after(2), after(2)
	failed := queued
	failed.MsgStatus, failed.Attempts, failed.ErrCode, failed.Reason, failed.ErrorDetail = "failed", 2, 43101, "no_consent", "refuse"
	failed.SentAt, failed.UpdatedAt = after(2), after(2)
	onEachMigrated(t, func(t *testing.T, db *DB) {
		for _, states := range slices.Concat(orders([]MessageRow{queued, again, sent}), orders([]MessageRow{queued, again, failed})) {
			want := sent
			if slices.Contains(states, failed) {
				want = failed
			}
			db.clear(t, "message_logs")
			inTurn(t, func(rows []MessageRow) error { return db.SaveMessages(t.Context(), rows) }, states)
			if got := db.mustMessage(t, "m"); got != want {
				t.Errorf("%+v\n got %+v\nwant %+v", states, got, want)
			}
		}
	})
}

func TestAMessageNeedsNoMoreThanItsNames(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		early := MessageRow{MsgID: "m", SessionID: "s", TemplateID: "T1", UpdatedAt: after(7)}
		rows := []MessageRow{{MsgID: "n", SessionID: "s", TemplateID: "T1"}, early}
		if err := db.SaveMessages(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		n := count(t, db, `message_logs WHERE msg_status = 'sent' AND msg_content IS NULL AND error_detail IS NULL AND openid IS NULL
			AND sender IS NULL AND wx_msg_id IS NULL AND reason IS NULL AND request_id IS NULL AND attempts = 0 AND err_code = 0
			AND accepted_at > '2026-01-01' AND sent_at = accepted_at`)
		if n != 2 {
			t.Error("the status is not the default, an absent text is not NULL, or the time is not now")
		}
		if got := db.mustMessage(t, "m"); !got.AcceptedAt.Equal(after(7)) || !got.SentAt.Equal(after(7)) {
			t.Errorf("without times of its own: %+v", got)
		}
	})
}

func TestAMessagesOversizeTextsAreCut(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		long := strings.Repeat("信", 300)
		row := MessageRow{MsgID: "m", SessionID: long, OpenID: long, Sender: long, TemplateID: long, MsgContent: long, MsgStatus: long,
			Attempts: 1 << 40, ErrCode: -1 << 40, WXMsgID: long, Reason: long, ErrorDetail: "a\x00b\xff", RequestID: long,
			AcceptedAt: someTime, SentAt: after(1), UpdatedAt: after(2)}
		if err := db.SaveMessages(t.Context(), []MessageRow{row}); err != nil {
			t.Fatal(err)
		}
		runes := func(n int) string { return strings.Repeat("信", n) }
		want := MessageRow{MsgID: "m", SessionID: runes(64), OpenID: runes(64), Sender: runes(64), TemplateID: runes(100),
			MsgContent: long, MsgStatus: runes(20), Attempts: 1<<31 - 1, ErrCode: -1 << 31, WXMsgID: runes(32), Reason: runes(200),
			ErrorDetail: "a\uFFFDb\uFFFD", RequestID: runes(64), AcceptedAt: someTime, SentAt: after(1), UpdatedAt: after(2)}
		if got := db.mustMessage(t, "m"); got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestEveryConflictIsWrittenForBothDialects(t *testing.T) {
	for _, text := range []string{
		saveSessions.text(MySQL, 2), saveSessions.text(SQLite, 2), insertCalls.text(MySQL, 1), insertCalls.text(SQLite, 1),
		saveMessages.text(MySQL, 1), saveMessages.text(SQLite, 1), saveWrites.text(MySQL, 1), saveWrites.text(SQLite, 1),
	} {
		if strings.Contains(text, "@") {
			t.Errorf("an offered value was left as it is: %s", text)
		}
	}
}
