package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"snowgate/cmd/snowgate/config"
	"snowgate/sandbox"
	"snowgate/session"
)

// listener is a json webhook that keeps what it is told, as "event key".
type listener struct {
	url  string
	mu   sync.Mutex
	told []string
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m struct{ Event, Key string }
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &m)
		l.mu.Lock()
		defer l.mu.Unlock()
		l.told = append(l.told, m.Event+" "+m.Key)
	}))
	t.Cleanup(server.Close)
	l.url = server.URL + "/a-secret-path-of-the-hook"
	return l
}

func (l *listener) heard(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.told, what)
}

// People are told once that the ERP is down, and that it is over; the webhook's address is seen nowhere.
func TestPeopleAreToldOfAnOutage(t *testing.T) {
	l := listen(t)
	w := production(t, "SNOWGATE_HEALTH__INTERVAL=1s", "SNOWGATE_ALERTS__WEBHOOKS=json:"+l.url)
	eventually(t, "the ERP is up", func() bool { return w.channelState("primary") == "up" })
	w.erp.SetFaults(sandbox.Fault{Kind: "status", Status: 500})
	eventually(t, "somebody is told", func() bool { return l.heard("raised part.erp") })
	if r := w.ask("GET", "/api/admin/alerts", testAdminToken, ""); !strings.Contains(r.raw, `"key":"part.erp"`) || strings.Contains(r.raw, "a-secret-path") {
		t.Errorf("alerts: %s", r.raw)
	}
	w.erp.ClearFaults()
	eventually(t, "somebody is told that it is over", func() bool { return l.heard("recovered part.erp") })
	eventually(t, "the history has it", func() bool {
		r := w.ask("GET", "/api/admin/alerts", testAdminToken, "")
		return strings.Contains(r.raw, `"what":"cleared"`) && strings.Contains(r.raw, `"delivered":["json-1"]`)
	})
	if strings.Contains(w.stderr.String(), "a-secret-path") {
		t.Error("the log has the webhook's address")
	}
}

// channelState is what an admin sees of a channel of the main ERP.
func (w *world) channelState(name string) string {
	w.t.Helper()
	channels, _ := w.ask("GET", "/api/erp/status", testAdminToken, "").Data["channels"].([]any)
	for _, ch := range channels {
		if c := ch.(map[string]any); c["name"] == name && c["system"] == "erp" {
			return fmt.Sprint(c["state"])
		}
	}
	return ""
}

// Where the probe is fine and real calls fail, the verdict says so in words.
func TestRealCallsOverruleTheProbe(t *testing.T) {
	w := production(t, "SNOWGATE_HEALTH__INTERVAL=1h", "SNOWGATE_ERP__MAX_RETRIES=0")
	token := w.login("bob")
	w.bind(token, `{"inviteCode":"SNOW-2026-B"}`)
	eventually(t, "the ERP is up", func() bool { return w.channelState("primary") == "up" })
	w.erp.SetFaults(sandbox.Fault{Kind: "status", Status: 500, Match: "getBusinessPageList"})
	eventually(t, "the verdict is degraded, with the reason", func() bool {
		w.ask("GET", "/api/orders/search?keyword="+fmt.Sprint(time.Now().UnixNano()), token, "")
		r := w.ask("GET", "/api/admin/overview", testAdminToken, "")
		return strings.Contains(r.raw, `"part":"erp","state":"degraded"`) && strings.Contains(r.raw, "real calls of the last 30 s failed")
	})
	r := w.ask("GET", "/api/metrics/performance", testAdminToken, "")
	if erp, _ := r.Data["erp"].(map[string]any); erp["search_orders"] == nil {
		t.Errorf("performance: %.500s", r.raw)
	}
}

// Whoever is told by a webhook that does not answer learns which one.
func TestAlertTestCommand(t *testing.T) {
	well := listen(t)
	broken := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(broken.Close)
	for _, row := range []struct {
		hooks  string
		code   int
		stdout string
		stderr string
	}{
		{"json:" + well.url, exitOK, "json-1: ok\n", ""},
		{"json:" + well.url + ",json:" + broken.URL, exitFailure, "json-1: ok\njson-2: ", "1 of 2 webhooks"},
		{"", exitFailure, "", "alerts.webhooks is empty"},
		{"pigeon:" + well.url, exitUsage, "", "must each be wecom:URL"},
	} {
		var stdout, stderr lockedBuffer
		code := run(t.Context(), []string{"alert", "test"}, []string{"SNOWGATE_MODE=sandbox", "SNOWGATE_ALERTS__WEBHOOKS=" + row.hooks}, &stdout, &stderr)
		if code != row.code || !strings.HasPrefix(stdout.String(), row.stdout) || !strings.Contains(stderr.String(), row.stderr) {
			t.Errorf("%s: exit %d\n%s%s", row.hooks, code, stdout.String(), stderr.String())
		}
	}
	if !well.heard("test ") {
		t.Errorf("told %v", well.told)
	}
}

// hangUp sends SIGHUP to this process, and so to every program that a test has started in it.
func hangUp(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}

// SIGHUP puts in force what can change without a restart, names what cannot, and keeps the last good configuration.
func TestReloadOnHangup(t *testing.T) {
	const first, second = "an-admin-token-before-reload", "an-admin-token-after-reload"
	w, before, after := outside(t), listen(t), listen(t)
	file := filepath.Join(t.TempDir(), "snowgate.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environ := slices.DeleteFunc(w.environ, func(v string) bool { return strings.HasPrefix(v, "SNOWGATE_ADMIN__") })
	write("admin: {tokens: [" + first + "]}\nalerts: {webhooks: [\"json:" + before.url + "\"]}\n")
	g := startWith(t, []string{"-c", file}, append(environ, "SNOWGATE_HEALTH__INTERVAL=1s")...)
	w.gate = g
	status := func(token string) int { return g.ask("GET", "/api/erp/status", token, "").Code }
	if status(first) != 0 || status(second) != 401 {
		t.Fatal("the first configuration is not in force")
	}

	write("admin: {tokens: [" + second + "]}\nalerts: {webhooks: [\"json:" + after.url + "\"]}\nlog: {level: debug}\nerp: {timeout: 3s}\n")
	hangUp(t)
	eventually(t, "the new token is in force", func() bool { return status(second) == 0 })
	if status(first) != 401 {
		t.Error("the old token is in force still")
	}
	eventually(t, "what needs a restart is named", func() bool {
		_, line, _ := strings.Cut(g.stderr.String(), "these keys need a restart")
		return strings.Contains(line, `"keys":["server.request_timeout","erp.timeout"`)
	})
	shown := g.ask("GET", "/api/admin/config", second, "").raw
	for _, want := range []string{`{"key":"erp.timeout","value":"2.5s","origin":"default"}`, `{"key":"log.level","value":"debug","origin":"file:3"}`} {
		if !strings.Contains(shown, want) {
			t.Errorf("%s is not in %s", want, shown)
		}
	}
	w.erp.SetFaults(sandbox.Fault{Kind: "status", Status: 500})
	eventually(t, "the new webhook is told", func() bool { return after.heard("raised part.erp") })
	if before.heard("raised part.erp") {
		t.Error("the old webhook is told still")
	}

	write("admin: {tokens: [short]}\n")
	hangUp(t)
	eventually(t, "the complaint is logged", func() bool { return strings.Contains(g.stderr.String(), "the last good one stays in force") })
	if status(second) != 0 {
		t.Error("the last good configuration is not in force")
	}
	for _, secret := range []string{first, second, "a-secret-path"} {
		if strings.Contains(g.stderr.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// An admin's word on the standby holds on every replica.
func TestForcedStandbyHoldsOnEveryReplica(t *testing.T) {
	w := outside(t)
	spare := sandbox.NewERP(sandbox.ERPOptions{})
	environ := append(w.environ, "SNOWGATE_ERP__STANDBY_ORIGIN="+standIn(t, spare))
	one := start(t, environ...)
	two := start(t, append(environ, "SNOWGATE_AUDIT__SPOOL_DIR="+t.TempDir())...)
	forced := func(g *gate) bool {
		return g.ask("GET", "/api/erp/status", testAdminToken, "").Data["forcedStandby"] == true
	}
	for _, want := range []bool{true, false} {
		if r := one.ask("POST", "/api/admin/erp/standby", testAdminToken, fmt.Sprintf(`{"force":%v}`, want)); r.Code != 0 || forced(one) != want {
			t.Fatalf("force %v: %s", want, r.raw)
		}
		eventually(t, fmt.Sprintf("the other replica has it: %v", want), func() bool { return forced(two) == want })
	}
	single := production(t)
	if r := single.ask("POST", "/api/admin/erp/standby", testAdminToken, `{"force":true}`); r.Code != http.StatusNotImplemented {
		t.Errorf("without a standby: %s", r.raw)
	}
}

// The console is there where only this machine can reach it, and its cookie opens the admins' routes.
func TestConsoleOnLoopback(t *testing.T) {
	g := start(t)
	if status, page := g.bare("GET", "/console/", ""); status != http.StatusOK || !strings.Contains(page, "<html") {
		t.Errorf("%d %.200s", status, page)
	}
	in := g.ask("POST", "/console/login", "", `{"token":"`+config.SandboxAdminToken+`"}`)
	cookies := (&http.Response{Header: in.header}).Cookies()
	if in.Code != 0 || len(cookies) != 1 {
		t.Fatalf("login: %s", in.raw)
	}
	with := []string{"Cookie", cookies[0].Name + "=" + cookies[0].Value, "X-Snowgate-Console", fmt.Sprint(in.Data["csrf"])}
	if r := g.ask("GET", "/api/admin/overview", "", "", with...); r.Code != 0 {
		t.Errorf("overview: %s", r.raw)
	}
	if r := g.ask("GET", "/api/admin/overview", "", "", with[:2]...); r.Code != 401 {
		t.Errorf("overview without the header: %s", r.raw)
	}
	off := start(t, "SNOWGATE_MODE=sandbox", "SNOWGATE_CONSOLE__ENABLED=off")
	if status, _ := off.bare("GET", "/console/", ""); status != http.StatusNotFound {
		t.Errorf("switched off: %d", status)
	}
}

// A pseudonym's pseudonym is itself: an admin searches by what the log shows.
func TestPseudonymsOfPseudonyms(t *testing.T) {
	keys, err := session.ParseKeys([]string{config.SandboxSealKey})
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := session.NewSealer(keys)
	if err != nil {
		t.Fatal(err)
	}
	of := pseudonyms(sealer)
	once := of("openid", "oAlice5xJk2mQ9vTnB7cWd3eRf1g")
	if once == "oAlice5xJk2mQ9vTnB7cWd3eRf1g" || of("openid", once) != once || of("unionid", "") != "" {
		t.Errorf("got %q, then %q", once, of("openid", once))
	}
}

// consoleHeaders log in at the console and return what its page sends with every call.
func (g *gate) consoleHeaders(token string) []string {
	g.t.Helper()
	in := g.ask("POST", "/console/login", "", `{"token":"`+token+`"}`)
	cookies := (&http.Response{Header: in.header}).Cookies()
	if in.Code != 0 || len(cookies) != 1 {
		g.t.Fatalf("login: %s", in.raw)
	}
	return []string{"Cookie", cookies[0].Name + "=" + cookies[0].Value, "X-Snowgate-Console", fmt.Sprint(in.Data["csrf"])}
}

// A minute of an open console is a few rows in the database; what the admin does meanwhile is all there.
func TestAnOpenConsoleDoesNotFillTheLog(t *testing.T) {
	w := production(t)
	page := w.consoleHeaders(testAdminToken)
	const looks = 20 // in a minute
	for range looks {
		for _, path := range []string{"/api/admin/overview", "/api/erp/status", "/api/admin/alerts", "/api/metrics/performance"} {
			if r := w.ask("GET", path, "", "", page...); r.Code != 0 {
				t.Fatalf("%s: %s", path, r.raw)
			}
		}
	}
	w.ask("POST", "/api/admin/erp/probe", "", `{"channel":"primary"}`, page...)
	w.ask("GET", "/api/admin/overview", "", "", page[:2]...)
	w.ask("GET", "/api/admin/sessions?user="+openidOf(w, "alice"), "", "", page...)
	w.ask("GET", "/api/admin/calls?endpoint=/api/orders/search", "", "", page...)
	w.ask("GET", "/api/admin/messages?page=x", "", "", page...)
	rows := func(where string) int { return w.rows(`SELECT count(*) FROM api_call_logs WHERE ` + where) }
	eventually(t, "the last call is in the log", func() bool { return rows(`api_endpoint = '/api/admin/messages'`) == 1 })
	for where, want := range map[string]int{
		`api_endpoint = '/api/admin/erp/probe' AND request_method = 'POST'`: 1,
		`api_endpoint = '/api/admin/overview' AND response_status = 401`:    1,
		`api_endpoint = '/api/admin/sessions'`:                              1,
		`api_endpoint = '/api/admin/calls'`:                                 1,
		`api_endpoint = '/console/login'`:                                   1,
	} {
		if got := rows(where); got != want {
			t.Errorf("%d rows where %s, want %d", got, where, want)
		}
	}
	polled := rows(`response_status = 200 AND api_endpoint IN ('/api/admin/overview', '/api/erp/status', '/api/admin/alerts', '/api/metrics/performance')`)
	if polled < 4 || polled > 8 { // a second minute may have begun
		t.Errorf("%d looks left %d rows, want one per page and minute", 4*looks, polled)
	}
}
