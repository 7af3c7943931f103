package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/health"
	"snowgate/health/alert"
	"snowgate/session"
)

// delete asks with DELETE.
func (w *world) delete(target, token string, headers ...string) answer {
	w.t.Helper()
	return w.do(authorized(request(http.MethodDelete, target, "", headers...), token))
}

// Every act of an admin is refused while it cannot be written down, and nothing is done.
func TestAdminActsNeedTheirRow(t *testing.T) {
	standby := &fakeStandby{}
	w := newWorld(t, func(_ *Config, d *Deps) { d.Standby = standby })
	token := w.loginBound(alice)
	w.log.fill(errors.New("the disk is full"))
	for _, r := range w.server.routes() {
		if r.who != admin || r.method == http.MethodGet || r.path == "/api/admin/queue/resume" {
			continue
		}
		t.Run(r.method+" "+r.path, func(t *testing.T) { w.call(r, adminToken).is(t, 503, "audit_unavailable") })
	}
	w.post(consoleLoginPath, "", `{"token":"`+adminToken+`"}`).is(t, 503, "audit_unavailable")
	w.log.fill(nil)
	if w.get("/api/orders/"+anOrder, token).ok(t); len(standby.told) != 0 || len(w.monitor.looked) != 0 {
		t.Errorf("done all the same: %v, %v", standby.told, w.monitor.looked)
	}
}

// The overview counts users' requests and where their answers came from, and leaves an admin's polling out.
func TestOverview(t *testing.T) {
	now := time.Now()
	w := newWorld(t, func(c *Config, _ *Deps) { c.Now, c.Version = func() time.Time { return now }, "1.2.3" })
	token := w.loginBound(alice)
	for range 28 {
		w.get("/api/orders/"+anOrder, token).ok(t)
	}
	w.erp.panics = "boom"
	w.get("/api/orders/other", token).is(t, 500, "internal")
	w.erp.panics = nil
	for range 5 {
		w.get("/api/admin/overview", adminToken).ok(t)
	}
	now = now.Add(trafficStep)
	a := w.get("/api/admin/overview", adminToken).ok(t)
	requests := a.data["requests"].(map[string]any)
	points := requests["points"].([]any)
	last := points[len(points)-1].(map[string]any)
	if len(points) != shownSteps || last["perSecond"] != 31.0/30 || last["errorsPerSecond"] != 1.0/30 || requests["perSecond"].(float64) <= 0 {
		t.Errorf("requests: %d points, the last %v, %v a second", len(points), last, requests["perSecond"])
	}
	for name, want := range map[string]string{
		"sources": "map[live:28 stale:0 standby:0]", "coalesced": "map[share:0]", "spool": "map[bytes:4096 fill:0.25 records:3]",
		"version": "1.2.3", "verdict": "up", "queue": "map[failed:0 oldestSeconds:0 paused:false queued:0 unknown:0]",
	} {
		if got := fmt.Sprint(a.data[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	now = now.Add(time.Hour)
	if a = w.get("/api/admin/overview", adminToken).ok(t); fmt.Sprint(a.data["sources"]) != "map[live:0 stale:0 standby:0]" {
		t.Errorf("an hour later: %v", a.data["sources"])
	}
}

// The first page is there whatever is away; a verdict comes with its reason and the looks behind it.
func TestOverviewInAnOutage(t *testing.T) {
	w := newWorld(t)
	w.monitor.words = map[string]health.Verdict{ProbeERP: {
		Name: ProbeERP, State: health.Degraded, Since: time.Now(), Reason: health.Words{ZH: "三成失败", EN: "a third fails"},
	}}
	w.monitor.past = map[string][]health.Outcome{ProbeERP: {{At: time.Now(), State: health.Up, Latency: 4 * time.Millisecond}}}
	w.redis.Close()
	a := w.get("/api/admin/overview", adminToken).ok(t)
	if _, ok := a.data["queue"]; ok || a.data["verdict"] != "degraded" {
		t.Errorf("answered %s", a.raw)
	}
	for _, want := range []string{`"reasonZh":"三成失败"`, `"reasonEn":"a third fails"`, `"latencyMs":4`} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("%s is not in %s", want, a.raw)
		}
	}
	if check := w.get("/api/health/check", "").ok(t); check.data["status"] != "degraded" || strings.Contains(check.raw, "三成") {
		t.Errorf("the public check says %s", check.raw)
	}
}

// One call is told by its id: its row from the database, and its attempts as this replica remembers them.
func TestOneCall(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.get("/api/orders/"+anOrder, token, "X-Request-Id", "my-call-1").ok(t)
	a := w.get("/api/admin/calls/my-call-1", adminToken).ok(t)
	story, _ := a.data["story"].(map[string]any)
	if a.data["row"] != nil || story["route"] != "/api/orders/:id" || story["code"] != 200.0 || story["source"] != "live" {
		t.Errorf("answered %s", a.raw)
	}
	if asked := w.archive.asked(); len(asked) != 1 || asked[0].RequestID != "my-call-1" {
		t.Errorf("the archive was asked %+v", asked)
	}
	w.get("/api/admin/calls/no-such-call", adminToken).is(t, 404, "not_found")
	w.archive.calls = []LoggedCall{{LogID: newID(), CalledAt: time.Now(), User: w.pseudonym(alice), Route: "/api/orders/:id", Method: "GET", Status: 200, RequestID: "no-such-call"}}
	if a = w.get("/api/admin/calls/no-such-call", adminToken).ok(t); a.data["story"] != nil || a.data["row"] == nil {
		t.Errorf("answered %s", a.raw)
	}
	if own := w.log.last(); own.Response != "" {
		t.Errorf("own row %+v", own)
	}
	w.archive.fail(errors.New("away"))
	w.get("/api/admin/calls/my-call-1", adminToken).ok(t)
	w.get("/api/admin/calls/another", adminToken).is(t, 503, "audit_unavailable")
}

// A story has its attempts with their beginnings, and refusals by their kind.
func TestStoryOfAttempts(t *testing.T) {
	w := newWorld(t)
	c := &call{server: w.server, record: record{start: time.Unix(1_800_000_000, 0), code: 200, source: erpclient.SourceStandby}}
	told := w.server.storyOf(c, "GET", "/api/orders/:id", 300*time.Millisecond, erpclient.Trail{Coalesced: true, Attempts: []erpclient.Attempt{
		{Op: "order", Channel: "primary", Kind: erpclient.KindTimeout, Started: c.record.start.Add(5 * time.Millisecond), Took: 200 * time.Millisecond},
		{Op: "order", Channel: "standby", Started: c.record.start.Add(206 * time.Millisecond), Took: 90 * time.Millisecond},
	}})
	want := []storyAttempt{{"order", "primary", "timeout", 5, 200}, {"order", "standby", "ok", 206, 90}}
	if fmt.Sprint(told.Attempts) != fmt.Sprint(want) || !told.Coalesced || told.TookMS != 300 || told.Source != "standby" {
		t.Errorf("told %+v", told)
	}
}

// The stories are bounded, and of two calls with one id the last is told.
func TestStoriesAreBounded(t *testing.T) {
	var l stories
	l.add("twice", story{Code: 1})
	for i := range maxStories - 2 {
		l.add(fmt.Sprint(i), story{Code: i})
	}
	l.add("twice", story{Code: 2})
	l.add("one more", story{})
	if found := l.find("twice"); found == nil || found.Code != 2 || len(l.place) > maxStories {
		t.Errorf("%+v of %d", found, len(l.place))
	}
	l.add("and another", story{})
	if l.find("0") != nil || l.find("1") == nil || len(l.place) != maxStories {
		t.Errorf("%d are remembered", len(l.place))
	}
}

// The performance of routes and ERP operations stand apart, hour by hour as well; channels are seen elsewhere.
func TestPerformanceOfAll(t *testing.T) {
	w := newWorld(t)
	w.server.deps.Performance.Record(ERPSeries("search_orders"), 40*time.Millisecond, true)
	w.server.deps.Performance.Record(ChannelSeries(ProbeERP), 40*time.Millisecond, false)
	w.get("/api/health/check", "").ok(t)
	a := w.get("/api/metrics/performance", adminToken).ok(t)
	erp, _ := a.data["erp"].(map[string]any)
	all, _ := a.data["all"].(map[string]any)
	hours, _ := a.data["hours"].(map[string]any)
	if len(erp) != 1 || erp["search_orders"] == nil || len(all["erp"].(map[string]any)) != 1 || all["routes"].(map[string]any)["GET /api/health/check"] == nil {
		t.Errorf("answered %s", a.raw)
	}
	if points, _ := hours["erp search_orders"].([]any); len(points) != 24 || strings.Contains(a.raw, "channel ") {
		t.Errorf("hours: %v", hours)
	}
	if a.data["complete"] != true || !strings.HasPrefix(fmt.Sprint(a.data["replica"]), "gate-1-") || len(a.data["replicas"].([]any)) != 1 {
		t.Errorf("answered %s", a.raw)
	}
}

// The configuration comes with its origins; that there is none to show is no error.
func TestShowConfig(t *testing.T) {
	w := newWorld(t)
	a := w.get("/api/admin/config", adminToken).ok(t)
	if !strings.Contains(a.raw, `{"key":"admin.tokens","value":"***","origin":"environment"}`) {
		t.Errorf("answered %s", a.raw)
	}
	w.server.deps.Configuration = nil
	w.get("/api/admin/config", adminToken).ok(t)
}

// A channel is shown with its verdict, its looks, its availability and its figures; a second system's beside the ERP's.
func TestChannels(t *testing.T) {
	at := time.Date(2026, 1, 31, 1, 0, 0, 0, time.UTC)
	w := newWorld(t, func(_ *Config, d *Deps) {
		stock := func() erpclient.Status {
			return erpclient.Status{System: "stock", Channels: []erpclient.ChannelStatus{{Name: "primary", Breakers: map[string]string{}, InUse: true}}}
		}
		d.Systems = append(mainSystem(d.ERP), System{"stock", stock, map[string]string{"primary": ProbeStock}})
	})
	w.monitor.words = map[string]health.Verdict{ProbeERP: {Name: ProbeERP, State: health.Down, Since: at, Reason: health.Words{ZH: "超时", EN: "timeout"}}}
	w.monitor.past = map[string][]health.Outcome{}
	for i := range 70 {
		w.monitor.past[ProbeERP] = append(w.monitor.past[ProbeERP], health.Outcome{At: at.Add(time.Duration(i) * time.Second), State: health.Down, Latency: time.Second, Error: "timeout"})
	}
	w.monitor.shares = map[string]health.Availability{ProbeERP: {Hour: health.Share{Known: time.Hour, Ratio: 0.5}}}
	w.server.deps.Performance.Record(ChannelSeries(ProbeERP), 40*time.Millisecond, true)
	a := w.get("/api/erp/status", adminToken).ok(t)
	channels := a.data["channels"].([]any)
	first, second := channels[0].(map[string]any), channels[1].(map[string]any)
	if first["state"] != "down" || first["reasonEn"] != "timeout" || len(first["history"].([]any)) != maxLooks || first["system"] != "erp" {
		t.Errorf("first %v", first)
	}
	if got := fmt.Sprint(first["availability"]); got != "map[1h:0.5 24h:<nil> 7d:<nil>]" {
		t.Errorf("availability %s", got)
	}
	if p95, _ := first["latency"].(map[string]any)["p95"].(float64); p95 < 39 || p95 > 41 {
		t.Errorf("latency %v", first["latency"])
	}
	if look := first["lastProbe"].(map[string]any); look["ok"] != false || look["error"] != "timeout" || look["latencyMs"] != 1000.0 {
		t.Errorf("last probe %v", look)
	}
	if second["system"] != "stock" || second["state"] != "unknown" || second["lastProbe"] != nil || second["latency"].(map[string]any)["p50"] != nil {
		t.Errorf("second %v", second)
	}
}

// An admin may have a channel looked at; one that is not there is named.
func TestProbeNow(t *testing.T) {
	w := newWorld(t, func(_ *Config, d *Deps) {
		d.Systems = append(mainSystem(d.ERP), System{"stock", d.ERP.Status, map[string]string{"primary": ProbeStock}})
	})
	w.monitor.results = append(w.monitor.results, health.Result{Name: ProbeStock, State: health.Up})
	for body, probe := range map[string]string{
		`{"channel":"primary"}`: ProbeERP, `{"channel":"primary","system":"erp"}`: ProbeERP, `{"channel":"primary","system":"stock"}`: ProbeStock,
	} {
		w.monitor.looked = nil
		if a := w.post("/api/admin/erp/probe", adminToken, body).ok(t); fmt.Sprint(w.monitor.looked) != "["+probe+"]" || a.data["name"] != "primary" {
			t.Errorf("%s: looked at %v: %s", body, w.monitor.looked, a.raw)
		}
	}
	for _, body := range []string{`{"channel":"standby"}`, `{"channel":"tertiary"}`, `{"channel":"primary","system":"other"}`, `{}`} {
		if a := w.post("/api/admin/erp/probe", adminToken, body); a.Field != "channel" {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
}

// Reads go to the standby, or the caller learns why not.
func TestForceStandby(t *testing.T) {
	standby := &fakeStandby{}
	w := newWorld(t, func(_ *Config, d *Deps) { d.Standby = standby })
	w.post("/api/admin/erp/standby", adminToken, `{"force":true}`).ok(t)
	if a := w.post("/api/admin/erp/standby", adminToken, `{"force":false}`).ok(t); a.data["forced"] != false || fmt.Sprint(standby.told) != "[true false]" {
		t.Errorf("told %v: %s", standby.told, a.raw)
	}
	for _, body := range []string{`{}`, `{"force":"yes"}`, `{"force":1}`} {
		w.post("/api/admin/erp/standby", adminToken, body).is(t, 400, "bad_field")
	}
	standby.fault = noStandby
	w.post("/api/admin/erp/standby", adminToken, `{"force":true}`).is(t, 501, "not_supported")
	standby.fault = errors.New("board: redis is unavailable")
	w.post("/api/admin/erp/standby", adminToken, `{"force":true}`).is(t, 503, "store_unavailable")
}

// What is wrong is shown in both languages; a maintenance window covers it, and can be ended.
func TestAlertsAndMaintenance(t *testing.T) {
	desk := alert.New(alert.Config{})
	w := newWorld(t, func(_ *Config, d *Deps) { d.Alerts = desk })
	desk.Raise(alert.Alert{Key: "part.erp", Severity: alert.Critical, Title: health.Words{ZH: "ERP 不可用", EN: "the ERP is down"}, Text: health.Words{ZH: "超时", EN: "timeout"}})
	a := w.get("/api/admin/alerts", adminToken, "Accept-Language", "en").ok(t)
	for _, want := range []string{`"titleZh":"ERP 不可用"`, `"titleEn":"the ERP is down"`, `"text":"timeout"`, `"textZh":"超时"`, `"severity":"critical"`, `"webhooks":[]`} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("%s is not in %s", want, a.raw)
		}
	}
	if a := w.post("/api/admin/alerts/test", adminToken, "").ok(t); fmt.Sprint(a.data["results"]) != "map[]" {
		t.Errorf("test: %s", a.raw)
	}
	until := time.Now().Add(time.Hour).Format(time.RFC3339)
	opened := w.post("/api/admin/maintenance", adminToken, `{"to":"`+until+`","pattern":"part.erp*","note":"升级"}`).ok(t)
	list, _ := w.get("/api/admin/maintenance", adminToken).ok(t).Data.([]any)
	if len(list) != 1 || list[0].(map[string]any)["id"] != opened.data["id"] || list[0].(map[string]any)["note"] != "升级" {
		t.Errorf("windows: %v", list)
	}
	for _, body := range []string{
		`{"pattern":"*"}`, `{"to":"tomorrow","pattern":"*"}`, `{"to":"` + until + `"}`, `{"to":"` + until + `","pattern":"[a"}`,
		`{"to":"2020-01-01T00:00:00Z","pattern":"*"}`, `{"from":"` + until + `","to":"` + until + `","pattern":"*"}`,
	} {
		w.post("/api/admin/maintenance", adminToken, body).is(t, 400, "bad_field")
	}
	w.delete("/api/admin/maintenance?id="+opened.data["id"].(string), adminToken).ok(t)
	w.delete("/api/admin/maintenance?id="+opened.data["id"].(string), adminToken).is(t, 404, "not_found")
	w.delete("/api/admin/maintenance", adminToken).is(t, 400, "bad_field")
	if list, _ := w.get("/api/admin/maintenance", adminToken).ok(t).Data.([]any); len(list) != 0 {
		t.Errorf("windows: %v", list)
	}
}

// A person is found by openid, by pseudonym and by a session; their sessions end one by one or together, on the record.
func TestSessionsOfAPerson(t *testing.T) {
	w := newWorld(t)
	phone, tablet := w.loginBound(alice), w.login(alice)
	bobs := w.loginBound(bob)
	by := map[string]string{"openid": "user=" + alice, "pseudonym": "user=" + w.pseudonym(alice), "session": "sessionId=" + sessionIDOf(phone)}
	w.archive.calls = []LoggedCall{{SessionID: "", User: w.pseudonym(alice)}, {SessionID: sessionIDOf(phone), User: w.pseudonym(alice)}}
	for name, query := range by {
		a := w.get("/api/admin/sessions?"+query, adminToken).ok(t)
		binding, _ := a.data["binding"].(map[string]any)
		if len(a.data["sessions"].([]any)) != 2 || a.data["user"] != w.pseudonym(alice) || binding["companyId"] != "CO1" || strings.Contains(a.raw, alice) {
			t.Errorf("by %s: %s", name, a.raw)
		}
	}
	if a := w.get("/api/admin/sessions", adminToken).ok(t); fmt.Sprint(a.data["counts"]) != "map[bindings:2 sessions:3]" || a.data["user"] != "" {
		t.Errorf("nobody in particular: %s", a.raw)
	}
	w.delete("/api/admin/sessions/"+sessionIDOf(phone)+"?user="+bob, adminToken).is(t, 404, "not_found")
	w.delete("/api/admin/sessions/"+sessionIDOf(phone)+"?user="+alice, adminToken).ok(t)
	w.delete("/api/admin/sessions/"+sessionIDOf(phone), adminToken).is(t, 404, "not_found")
	if last := w.log.sessions[len(w.log.sessions)-1]; last.SessionID != sessionIDOf(phone) || last.Active || last.OpenID != w.pseudonym(alice) {
		t.Errorf("written down: %+v", last)
	}
	w.get("/api/user/profile", phone).is(t, 401, "session_expired")
	w.get("/api/user/profile", tablet).ok(t)
	if a := w.delete("/api/admin/sessions?user="+alice, adminToken).ok(t); a.data["ended"] != 1.0 {
		t.Errorf("ended %s", a.raw)
	}
	w.get("/api/user/profile", tablet).is(t, 401, "session_expired")
	w.get("/api/user/profile", bobs).ok(t)
	w.get("/api/admin/sessions?user="+w.pseudonym(alice), adminToken).is(t, 404, "not_found") // nobody is logged in
	w.delete("/api/admin/sessions", adminToken).is(t, 400, "bad_field")
	w.get("/api/admin/sessions?sessionId=none", adminToken).is(t, 404, "not_found")
}

// sessionIDOf is the id under which a token's session is known.
func sessionIDOf(token string) string {
	d := digestOf(token)
	return fmt.Sprintf("%x", d[:])
}

// Everybody bound to a company, or to a customer, is unbound and logged out, and nobody else.
func TestEndBindings(t *testing.T) {
	w := newWorld(t)
	alices, bobs := w.loginBound(alice), w.login(bob)
	w.post("/api/auth/erp-bind", bobs, `{"inviteCode":"`+inviteCode+`"}`).ok(t)
	for query, ended := range map[string]float64{"companyId=CO9": 0, "customerId=C9": 0, "companyId=CO1&customerId=C1": 0} {
		if a := w.delete("/api/admin/bindings?"+query, adminToken).ok(t); a.data["ended"] != ended {
			t.Errorf("%s: %s", query, a.raw)
		}
	}
	if a := w.delete("/api/admin/bindings?companyId=CO1", adminToken).ok(t); a.data["ended"] != 1.0 || a.data["sessions"] != 1.0 {
		t.Errorf("company: %s", a.raw)
	}
	w.get("/api/user/profile", alices).is(t, 401, "session_expired")
	if last := w.log.bindings[len(w.log.bindings)-1]; last.Valid || last.CompanyID != "CO1" {
		t.Errorf("written down: %+v", last)
	}
	if a := w.get("/api/user/profile", bobs).ok(t); a.data["bound"] != true {
		t.Errorf("bob: %s", a.raw)
	}
	if a := w.delete("/api/admin/bindings?customerId=C1", adminToken).ok(t); a.data["ended"] != 1.0 {
		t.Errorf("customer: %s", a.raw)
	}
	w.get("/api/user/profile", bobs).is(t, 401, "session_expired")
	for query, field := range map[string]string{"": "companyId", "companyId=a%2Fb": "companyId", "customerId=%20": "customerId"} {
		if a := w.delete("/api/admin/bindings?"+query, adminToken); a.Field != field {
			t.Errorf("%q: %s", query, a.raw)
		}
	}
}

// Wrong passwords, invite codes and admin tokens are heard of, and nothing else is.
func TestLoginFailedHearsOfGuesses(t *testing.T) {
	heard := 0
	w := newWorld(t, func(c *Config, _ *Deps) { c.LoginFailed = func() { heard++ } })
	token := w.login(alice)
	w.post("/api/auth/erp-bind", token, `{"erpUsername":"alice","erpPassword":"wrong"}`).is(t, 422, "erp_bad_credentials")
	w.post("/api/auth/erp-bind", token, `{"inviteCode":"wrong"}`).is(t, 422, "invite_code_invalid")
	w.post(consoleLoginPath, "", `{"token":"wrong"}`).is(t, 403, "forbidden")
	w.post("/api/auth/erp-bind", token, `{}`).is(t, 400, "bad_field")
	w.get("/api/orders/"+anOrder, token).is(t, 403, "erp_not_bound")
	if heard != 3 {
		t.Errorf("heard %d times, want 3", heard)
	}
}

// Where a scraper asks for OpenMetrics, a bucket names the request that fell into it; a label never does.
func TestExemplars(t *testing.T) {
	w := newWorld(t)
	w.get("/api/health/check", "", "X-Request-Id", "the-one-1").ok(t)
	text := w.send(authorized(request(http.MethodGet, "/metrics", "", "Accept", "application/openmetrics-text; version=1.0.0"), adminToken)).raw
	if !strings.Contains(text, `# {request_id="the-one-1"}`) || !strings.HasSuffix(text, "# EOF\n") {
		t.Errorf("no exemplar in\n%s", text)
	}
	if plain := w.get("/metrics", adminToken).raw; strings.Contains(plain, "the-one-1") {
		t.Error("the request's id is a label")
	}
}

// A configuration read again is in force with the next request; what is not changeable stays.
func TestReconfigure(t *testing.T) {
	w := newWorld(t)
	const newToken = "admin-token-of-the-tests-0002"
	w.secrets = append(w.secrets, newToken)
	w.get("/api/erp/status", adminToken).ok(t)
	next := w.server.cfg
	next.AdminTokens, next.ServiceKeys, next.MaxInFlight, next.HTTPStatus = []string{newToken}, nil, 0, "always-200"
	next.Limits.PerIP = session.Rate{Count: 1, Per: time.Hour}
	w.server.Reconfigure(next)
	w.get("/api/erp/status", adminToken).is(t, 401, "session_expired")
	w.get("/api/erp/status", newToken).ok(t)
	w.do(signedEvent(serviceKey, anEvent, time.Now())).is(t, 401, "session_expired")
	if s := w.server.live(); s.MaxInFlight != 1024 || s.Limits.PerIP.Count != 1 || w.server.cfg.HTTPStatus != "" {
		t.Errorf("in force: %+v", s.Config)
	}
}
