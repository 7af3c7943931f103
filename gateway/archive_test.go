package gateway

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// A search asks the archive for what its parameters say; what is absent or empty does not narrow, but for the time.
func TestSearchCallsNarrows(t *testing.T) {
	now := time.Date(2026, 1, 31, 9, 30, 0, 0, time.UTC)
	w := newWorld(t, func(c *Config, _ *Deps) { c.Now = func() time.Time { return now } })
	day := now.Add(-24 * time.Hour)
	who := w.pseudonym(alice)
	rows := []struct {
		name, query string
		want        CallQuery
	}{
		{"nothing: the last day", "", CallQuery{From: day, To: now, Page: 1, PageSize: 20}},
		{"empty parameters", "from=&to=&route=&user=&status=&requestId=", CallQuery{From: day, To: now, Page: 1, PageSize: 20}},
		{"a period, with zones", "from=2026-01-30T08:00:00%2B08:00&to=2026-01-31T00:00:00.5Z", CallQuery{
			From: time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 31, 0, 0, 0, 5e8, time.UTC), Page: 1, PageSize: 20}},
		{"an end alone: the day before it", "to=2026-01-10T00:00:00Z", CallQuery{
			From: time.Date(2026, 1, 9, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC), Page: 1, PageSize: 20}},
		{"route", "route=/api/orders/:id", CallQuery{From: day, To: now, Route: "/api/orders/:id", Page: 1, PageSize: 20}},
		{"user as openid", "user=" + alice, CallQuery{From: day, To: now, User: who, Page: 1, PageSize: 20}},
		{"user as pseudonym", "user=" + url.QueryEscape(who), CallQuery{From: day, To: now, User: who, Page: 1, PageSize: 20}},
		{"status", "status=503", CallQuery{From: day, To: now, Status: 503, Page: 1, PageSize: 20}},
		{"request id", "requestId=019c0b5e-7a10", CallQuery{From: day, To: now, RequestID: "019c0b5e-7a10", Page: 1, PageSize: 20}},
		{"paging", "page=100&pageSize=100", CallQuery{From: day, To: now, Page: 100, PageSize: 100}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a := w.get("/api/admin/calls?"+row.query, adminToken).ok(t)
			asked := w.archive.asked()
			got := asked[len(asked)-1]
			got.From, got.To = got.From.UTC(), got.To.UTC()
			if got != row.want {
				t.Errorf("searched for %+v, want %+v", got, row.want)
			}
			if a.data["page"] != float64(row.want.Page) || a.data["pageSize"] != float64(row.want.PageSize) {
				t.Errorf("answered %s", a.raw)
			}
		})
	}
}

// A parameter that cannot be meant is refused by its name, and the archive is not asked.
func TestSearchCallsRefusesByName(t *testing.T) {
	w := newWorld(t)
	refused := map[string][]string{
		"from":      {"yesterday", "2026-01-31", "2026-01-31T08:00:00+08:00", "2026-02-30T00:00:00Z", "%00"},
		"to":        {"1769850000", "2026-01-31 08:00:00Z"},
		"route":     {strings.Repeat("a", 201), "/api%0a", "%ff"},
		"user":      {strings.Repeat("a", 129), "%00", "%ff"},
		"status":    {"0", "99", "600", "ok", "200.5", "-200", "99999999999999999999"},
		"requestId": {strings.Repeat("a", 65), "%1b"},
		"page":      {"", "0", "-1", "101", "x", "01", "1.0"},
		"pageSize":  {"", "0", "101", "x"},
	}
	for name, values := range refused {
		problem := "bad_field"
		if strings.HasPrefix(name, "page") {
			problem = "bad_page"
		}
		queries := []string{name + "=1&" + name + "=1"} // twice
		for _, value := range values {
			queries = append(queries, name+"="+value)
		}
		for _, query := range queries {
			t.Run(query[:min(len(query), 40)], func(t *testing.T) {
				a := w.get("/api/admin/calls?"+strings.ReplaceAll(query, " ", "%20"), adminToken)
				a.is(t, 400, problem)
				if a.Field != name {
					t.Errorf("field is %q, want %q", a.Field, name)
				}
			})
		}
	}
	if asked := w.archive.asked(); len(asked) != 0 {
		t.Errorf("the archive was asked %+v", asked)
	}
}

// The log is for admins: a user learns that there is one, nobody else does.
func TestSearchCallsIsForAdmins(t *testing.T) {
	w := newWorld(t)
	w.get("/api/admin/calls", "").is(t, 401, "session_expired")
	w.get("/api/admin/calls?user="+alice, w.loginBound(alice)).is(t, 403, "forbidden")
	if asked := w.archive.asked(); len(asked) != 0 {
		t.Errorf("the archive was asked %+v", asked)
	}
}

// An admin sees a row whole. The search's own row has neither the person looked for nor the rows found: both would
// outlive the person's wish to be forgotten.
func TestSearchCallsShowsRows(t *testing.T) {
	w := newWorld(t)
	none := w.get("/api/admin/calls", adminToken).ok(t)
	if list, ok := none.data["calls"].([]any); !ok || len(list) != 0 || none.data["more"] != false {
		t.Errorf("without rows: %s", none.raw)
	}
	w.archive.more = true
	w.archive.calls = []LoggedCall{{
		LogID: newID(), CalledAt: time.Date(2026, 1, 31, 1, 32, 5, 123e6, time.UTC), SessionID: strings.Repeat("0a", 32),
		User: w.pseudonym(alice), Route: "/api/orders/:id", Method: "GET", Params: `{"id":"88001"}`, Status: 200, Response: `{"code":0}`,
		TookMS: 41, RequestID: "r-1", Replica: "gate-1", Source: "stale", Attempts: 4, ERPMS: 37,
	}}
	const unusual = "an-openid-of-another-form" // searched for by name, for its form does not give it away
	w.private = append(w.private, unusual)
	for _, user := range []string{alice, unusual} {
		a := w.get("/api/admin/calls?user="+user, adminToken).ok(t)
		row := a.data["calls"].([]any)[0].(map[string]any)
		for name, want := range map[string]any{
			"calledAt": "2026-01-31T01:32:05.123Z", "user": w.pseudonym(alice), "status": 200.0, "tookMs": 41.0, "replica": "gate-1",
			"source": "stale", "attempts": 4.0, "erpMs": 37.0, "error": "",
		} {
			if row[name] != want {
				t.Errorf("%s is %v, want %v", name, row[name], want)
			}
		}
		if a.data["more"] != true {
			t.Errorf("answered %s", a.raw)
		}
		if own := w.log.last(); own.Response != "" || strings.Contains(own.Params, w.pseudonym(user)) || !strings.Contains(own.Params, "user") {
			t.Errorf("own row %+v", own)
		}
	}
}

// Without the database there is no log to look into: 503 with a time to come back, which is not a lost login.
func TestArchiveAway(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.archive.fail(errors.New("sql: find calls: 10.0.0.9 refused"))
	for _, a := range []answer{w.get("/api/admin/calls", adminToken), w.get("/api/user/export", token)} {
		a.is(t, 503, "audit_unavailable")
		if a.RetryAfter < 1 || strings.Contains(a.raw, "10.0.0.9") {
			t.Errorf("answered %s", a.raw)
		}
	}
	w.archive.fail(nil)
	w.get("/api/user/export", token).ok(t)
}

// An export is everything held of the caller and nothing of anybody else, without a token, a password or a session_key
// (newWorld searches for WeChat's); its own row is no second copy.
func TestExportUser(t *testing.T) {
	w := newWorld(t)
	phone, bobs := w.loginBound(alice), w.loginBound(bob)
	tablet := w.login(alice)
	for range 200 {
		w.archive.messages = append(w.archive.messages, UserMessage{
			MsgID: newID(), SessionID: strings.Repeat("0a", 32), TemplateID: "T1", Content: "到货", Status: "sent", SentAt: w.now,
		})
	}
	a := w.get("/api/user/export", tablet).ok(t)

	profile, _ := a.data["profile"].(map[string]any)
	if binding, _ := profile["binding"].(map[string]any); profile["openid"] != alice || profile["sessions"] != 2.0 || binding["erpUsername"] != "user-oAlic" {
		t.Errorf("profile %v", profile)
	}
	var ids, want []string
	for _, x := range a.data["sessions"].([]any) {
		ids = append(ids, x.(map[string]any)["id"].(string))
	}
	for _, x := range w.log.sessions {
		if x.OpenID == w.pseudonym(alice) {
			want = append(want, x.SessionID)
		}
	}
	slices.Sort(ids)
	slices.Sort(want)
	if len(want) != 2 || !slices.Equal(ids, want) {
		t.Errorf("sessions %v, want %v", ids, want)
	}
	asked := w.archive.exported[0]
	slices.Sort(asked.sessionIDs)
	if len(w.archive.exported) != 1 || asked.pseudonym != w.pseudonym(alice) || !slices.Equal(asked.sessionIDs, want) {
		t.Errorf("the archive was asked for %+v", w.archive.exported)
	}
	if rows := a.data["rows"].(map[string]any); len(rows["messages"].([]any)) != 200 {
		t.Errorf("rows %v", rows)
	}
	for _, secret := range []string{phone, tablet, bobs, bob, password, "sha1 of it", "a fingerprint"} {
		if strings.Contains(a.raw, secret) {
			t.Errorf("%q is in the export", secret)
		}
	}
	if row := w.log.last(); row.Endpoint != "/api/user/export" || row.OpenID != w.pseudonym(alice) || row.Response == "" || len(row.Response) > maxLoggedAnswer {
		t.Errorf("row with %d bytes: %+v", len(row.Response), row)
	}
}

// Who is not bound has something to export too.
func TestExportUserUnbound(t *testing.T) {
	w := newWorld(t)
	a := w.do(authorized(request(http.MethodGet, "/api/user/export?openid="+alice, ""), w.login(alice))).ok(t)
	if profile := a.data["profile"].(map[string]any); profile["bound"] != false || profile["binding"] != nil {
		t.Errorf("profile %v", profile)
	}
}
