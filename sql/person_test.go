package sql

import (
	stdsql "database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// people fills all tables with what two persons leave, and returns what the first one left.
func people(t *testing.T, db *DB) UserRows {
	t.Helper()
	var mine UserRows
	for _, who := range []string{"other", "me"} {
		mine = UserRows{}
		for i := range 2 {
			session := fmt.Sprintf("%s-s%d", who, i)
			mine.Sessions = append(mine.Sessions, SessionRow{SessionID: session, OpenID: who, UnionID: "u-" + who, CreatedAt: after(i),
				ExpiresAt: after(60), IsActive: true, UpdatedAt: after(i)})
			mine.Messages = append(mine.Messages, MessageRow{MsgID: session + "-m", SessionID: session, TemplateID: "T", MsgContent: who,
				MsgStatus: "sent", AcceptedAt: after(i), SentAt: after(i)})
			mine.Writes = append(mine.Writes, WriteRow{KeyHash: session + "-w", OpenID: who, SessionID: session, Op: "record_stock",
				Reference: "P-1", Operator: who, ERPUsername: who, Params: who, State: "done", IntendedAt: after(i), UpdatedAt: after(i)})
			mine.Calls = append(mine.Calls, CallRow{LogID: session + "-new", SessionID: session, OpenID: who, CalledAt: after(i + 10),
				APIEndpoint: "/api", RequestMethod: "GET", ChainID: who, ChainSeq: uint64(i + 1), ChainHash: hash(who, i)})
			mine.Calls = append(mine.Calls, CallRow{LogID: session + "-old", SessionID: session, CalledAt: after(i),
				APIEndpoint: "/api", RequestMethod: "GET"})
		}
		mine.Bindings = []BindingRow{{BindingID: who + "-b", SessionID: who + "-s0", ERPUsername: who, CompanyID: "C1", BoundAt: after(1),
			IsValid: true, UpdatedAt: after(1)}}
		event := MessageRow{MsgID: who + "-event", OpenID: who, Sender: "event", TemplateID: "T", MsgContent: who, MsgStatus: "sent",
			AcceptedAt: after(3), SentAt: after(3)} // nobody's session asked for it
		mine.Messages = append(mine.Messages, event)
		mine.save(t, db)
	}
	slices.SortFunc(mine.Calls, func(a, b CallRow) int { return b.CalledAt.Compare(a.CalledAt) })
	return mine
}

func (u UserRows) save(t *testing.T, db *DB) {
	t.Helper()
	mustInsert(t, db, u.Calls)
	sealed := slices.Clone(u.Sessions)
	for i := range sealed {
		sealed[i].SessionKey = stdsql.NullString{String: "2026a:sealed", Valid: true}
	}
	if err := db.SaveSessions(t.Context(), sealed); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveBindings(t.Context(), u.Bindings); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveMessages(t.Context(), u.Messages); err != nil {
		t.Fatal(err)
	}
	if err := db.SaveWrites(t.Context(), u.Writes); err != nil {
		t.Fatal(err)
	}
}

func (db *DB) mustExport(t *testing.T, openid string, sessions ...string) UserRows {
	t.Helper()
	rows, err := db.ExportUser(t.Context(), openid, sessions)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (db *DB) mustForget(t *testing.T, openid string) int {
	t.Helper()
	n, err := db.ForgetUser(t.Context(), openid)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnExportHasEverythingOfOnePersonAndNothingElse(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		want := fmt.Sprintf("%+v", people(t, db))
		for _, sessions := range [][]string{nil, {"me-s1", "me-s0", "me-s1", "unknown"}} {
			if got := fmt.Sprintf("%+v", db.mustExport(t, "me", sessions...)); got != want {
				t.Errorf("with %v\n got %s\nwant %s", sessions, got, want)
			}
		}
		for _, nobody := range []string{"", "nobody"} {
			if got := fmt.Sprintf("%+v", db.mustExport(t, nobody)); got != fmt.Sprintf("%+v", UserRows{}) {
				t.Errorf("of %q: %s", nobody, got)
			}
		}
	})
}

func TestAMessageToAnotherPersonIsNotExported(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		rows := []MessageRow{{MsgID: "m", SessionID: "me-s0", OpenID: "other", TemplateID: "T", MsgContent: "other"}}
		if err := db.SaveMessages(t.Context(), rows); err != nil {
			t.Fatal(err)
		}
		if got := db.mustExport(t, "me", "me-s0").Messages; len(got) > 0 {
			t.Errorf("exported %+v", got)
		}
	})
}

func TestAnExportIsBounded(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		calls := chained("a", 1500)
		for i := range calls {
			if calls[i].SessionID = "s"; i%2 == 0 {
				calls[i].OpenID = "me"
			}
		}
		mustInsert(t, db, calls)
		got := db.mustExport(t, "me", "s").Calls
		slices.Reverse(calls)
		if !slices.Equal(got, calls[:1000]) {
			t.Errorf("%d calls, not the newest 1000", len(got))
		}
	})
}

func TestAForgottenPersonIsNowhere(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		mine := people(t, db)
		other := fmt.Sprintf("%+v", db.mustExport(t, "other"))
		if n := db.mustForget(t, "me"); n != 2+2+1+3+2 {
			t.Errorf("changed %d rows, want 10", n)
		}
		if got := fmt.Sprintf("%+v", db.mustExport(t, "me")); got != fmt.Sprintf("%+v", UserRows{}) {
			t.Errorf("still there: %s", got)
		}
		left := db.mustExport(t, "me", "me-s0", "me-s1") // by ids that nobody can connect any more
		openids := map[string]bool{"me": true}
		for _, s := range left.Sessions {
			if openids[s.OpenID] || !strings.HasPrefix(s.OpenID, "erased") || s.UnionID != s.OpenID || s.IsActive {
				t.Errorf("session %+v", s)
			}
			openids[s.OpenID] = true
		}
		if b := left.Bindings[0]; b.ERPUsername != "" || b.IsValid {
			t.Errorf("binding %+v", b)
		}
		for _, m := range left.Messages {
			if m.MsgContent != "" {
				t.Errorf("message %+v", m)
			}
		}
		if m := db.mustMessage(t, "me-event"); m.OpenID != "" || m.MsgContent != "" {
			t.Errorf("message without a session %+v", m)
		}
		for i, w := range mine.Writes {
			if w.OpenID, w.Operator, w.ERPUsername, w.Params = "", "", "", ""; left.Writes[i] != w {
				t.Errorf("write %+v\nwant %+v", left.Writes[i], w)
			}
		}
		for i, c := range mine.Calls {
			if c.OpenID = ""; left.Calls[i] != c {
				t.Errorf("call %+v\nwant %+v: only the openid goes, the chain holds", left.Calls[i], c)
			}
		}
		if n := count(t, db, `user_sessions WHERE openid <> 'other' AND session_key IS NOT NULL`); n != 0 {
			t.Error("a sealed session_key is left")
		}
		if got := fmt.Sprintf("%+v", db.mustExport(t, "other")); got != other {
			t.Errorf("the other person\n got %s\nwant %s", got, other)
		}
		if n := db.mustForget(t, "me") + db.mustForget(t, "") + db.mustForget(t, "nobody"); n != 0 {
			t.Errorf("forgetting again changed %d rows", n)
		}
	})
}

func TestLateRowsDoNotBringAForgottenPersonBack(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		mine := people(t, db)
		db.mustForget(t, "me")
		late := UserRows{
			Bindings: []BindingRow{{BindingID: "late", SessionID: "me-s1", ERPUsername: "me", BoundAt: after(9), IsValid: true}},
			Messages: []MessageRow{
				{MsgID: "late", SessionID: "me-s1", TemplateID: "T", MsgContent: "me", SentAt: after(9)},
				{MsgID: "late event", OpenID: "me", TemplateID: "T", MsgContent: "me", SentAt: after(9)},
			},
			Writes: []WriteRow{
				{KeyHash: "late", SessionID: "me-s1", Op: "approve", Operator: "me"},
				{KeyHash: "late, of no session", OpenID: "me", Op: "approve"},
			},
			Calls: []CallRow{{LogID: "late", SessionID: "me-s1", OpenID: "me", APIEndpoint: "/api", RequestMethod: "GET"}},
		}
		for i := range mine.Messages { // rows the spool sends a second time, and later states
			mine.Messages[i].UpdatedAt = after(50)
		}
		for i := range mine.Writes {
			mine.Writes[i].UpdatedAt = after(50)
		}
		mine.save(t, db)
		if n := count(t, db, `user_sessions WHERE session_key IS NOT NULL OR is_active = 1 OR openid = 'me'`); n != 2 {
			t.Errorf("%d sessions have what only the other person's two should", n)
		}
		if n := db.mustForget(t, "me"); n != 0 {
			t.Errorf("%d rows came back", n)
		}
		late.save(t, db) // rows the spool sends for the first time
		if n := db.mustForget(t, "me"); n != 6 {
			t.Errorf("forgot %d late rows, want 6", n)
		}
	})
}

func TestForgettingGoesOnPastABatch(t *testing.T) {
	onEachMigrated(t, func(t *testing.T, db *DB) {
		calls := chained("a", 1100)
		for i := range calls {
			calls[i].OpenID = "me"
		}
		mustInsert(t, db, calls)
		if n := db.mustForget(t, "me"); n != len(calls) {
			t.Errorf("changed %d rows, want %d", n, len(calls))
		}
	})
}
