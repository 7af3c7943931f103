package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	_ "github.com/go-sql-driver/mysql"
	"github.com/redis/go-redis/v9"

	"snowgate/internal/servertest"
	"snowgate/sandbox"
)

const (
	testAdminToken = "test-admin-token-of-some-length"
	testServiceKey = "test-service-key-of-some-length"
)

// world is production mode on real servers, with stand-ins for the ERP and WeChat only. Their secrets are not the
// sandbox's: production refuses those.
type world struct {
	*gate
	erp     *sandbox.ERP
	wechat  *sandbox.WeChat
	redis   *servertest.Server
	mariadb *servertest.Server
	environ []string

	spoolDir string
}

// production starts the program in its world.
func production(t *testing.T, more ...string) *world {
	t.Helper()
	w := outside(t, more...)
	w.gate = start(t, w.environ...)
	return w
}

// outside is the world without the program.
func outside(t *testing.T, more ...string) *world {
	t.Helper()
	w := &world{
		gate:   &gate{t: t},
		erp:    sandbox.NewERP(sandbox.ERPOptions{}),
		wechat: sandbox.NewWeChat(sandbox.WeChatOptions{AppID: "wx0123456789abcdef", AppSecret: "an-app-secret-of-the-test"}),
		redis:  servertest.Redis(t), mariadb: servertest.MariaDB(t), spoolDir: filepath.Join(t.TempDir(), "spool"),
	}
	w.environ = append([]string{
		"SNOWGATE_SERVER__BEHIND_PROXY=true",
		"SNOWGATE_AUDIT__SPOOL_DIR=" + w.spoolDir,
		"SNOWGATE_REDIS__URL=" + w.redis.URL(), "SNOWGATE_REDIS__TIMEOUT=3s", // a busy machine is no outage
		"SNOWGATE_SQL__DSN=" + w.mariadb.DSN(),
		"SNOWGATE_WECHAT__BASE_URL=" + standIn(t, w.wechat),
		"SNOWGATE_WECHAT__APP_ID=" + w.wechat.AppID(),
		"SNOWGATE_WECHAT__APP_SECRET=" + w.wechat.AppSecret(),
		"SNOWGATE_ERP__DRIVER=snowbeasts",
		"SNOWGATE_ERP__ORIGIN=" + standIn(t, w.erp),
		"SNOWGATE_ERP__SNOWBEASTS__APP_ID=" + w.erp.AppID(),
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_ACCOUNT=staff.li",
		"SNOWGATE_ERP__SNOWBEASTS__SERVICE_PASSWORD=snow-staff-1",
		"SNOWGATE_SEAL__KEYS=2026a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"SNOWGATE_ADMIN__TOKENS=" + testAdminToken,
		"SNOWGATE_SERVICE__KEYS=" + testServiceKey,
		// Tests ask faster than anybody; those about limits set their own.
		"SNOWGATE_LIMITS__REQUESTS_PER_OPENID=0", "SNOWGATE_LIMITS__REQUESTS_PER_IP=0", "SNOWGATE_LIMITS__LOGINS_PER_IP=0",
	}, more...)
	return w
}

// standIn serves a stand-in, which has to let go of held requests before its server can close.
func standIn(t *testing.T, handler interface {
	http.Handler
	Close() error
}) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		_ = handler.Close()
		server.Close()
	})
	return server.URL
}

// rows counts the rows of a query; -1 while the database or the table is not there.
func (w *world) rows(query string, args ...any) int {
	w.t.Helper()
	db := w.database()
	defer func() { _ = db.Close() }()
	var n int
	if err := db.Get(&n, query, args...); err != nil {
		return -1
	}
	return n
}

func (w *world) database() *sqlx.DB {
	w.t.Helper()
	user, rest, _ := strings.Cut(strings.TrimPrefix(w.mariadb.DSN(), "mysql://"), "@")
	host, name, _ := strings.Cut(rest, "/")
	db, err := sqlx.Open("mysql", fmt.Sprintf("%s@tcp(%s)/%s?parseTime=true", user, host, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return db
}

func TestProductionServesBothWaysToBind(t *testing.T) {
	w := production(t)
	alice, bob := w.login("alice"), w.login("bob")
	w.bind(alice, `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`)
	w.bind(bob, `{"inviteCode":"SNOW-2026-B"}`)
	for _, token := range []string{alice, bob} {
		id := w.firstOrder(token)
		for _, path := range []string{"/api/orders/" + id, "/api/orders/" + id + "/status", "/api/orders/" + id + "/materials"} {
			r := w.ask("GET", path, token, "")
			if r.Code != 0 || r.Data["source"] != "live" || r.Data["cacheHit"] != false || r.Data["queryTime"] == "" {
				t.Errorf("%s: %s", path, r.raw)
			}
		}
		materials := w.ask("GET", "/api/orders/"+id+"/materials", token, "").Data["materials"].([]any)
		material := materials[0].(map[string]any)["id"].(string)
		if r := w.ask("GET", "/api/materials/"+material+"/progress", token, ""); r.Code != 0 || r.Data["stages"] == nil {
			t.Errorf("progress: %s", r.raw)
		}
	}
}

// TestAnotherCustomersOrderIsNotFound keeps: a customer sees only what the binding allows, by id as well as in lists.
func TestAnotherCustomersOrderIsNotFound(t *testing.T) {
	w := production(t)
	for name, bind := range map[string]string{
		"account": `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`,
		"invite":  `{"inviteCode":"SNOW-2026-A"}`,
	} {
		t.Run(name, func(t *testing.T) {
			token := w.login("alice")
			w.bind(token, bind)
			foreign := w.erp.Orders("502")[0]
			missing := w.ask("GET", "/api/orders/99999999/status", token, "")
			for _, path := range []string{"", "/status", "/materials"} {
				r := w.ask("GET", "/api/orders/"+foreign.ID+path, token, "")
				if r.Code != http.StatusNotFound || r.Error != "not_found" {
					t.Errorf("%s: %s", path, r.raw)
				}
				if strings.Contains(r.raw, foreign.Code) || r.Code != missing.Code {
					t.Errorf("%s tells a foreign order from a missing one: %s", path, r.raw)
				}
			}
			if r := w.ask("GET", "/api/orders/search?keyword="+foreign.Code, token, ""); r.Code != 0 || len(r.Data["orders"].([]any)) != 0 {
				t.Errorf("search finds a foreign order: %s", r.raw)
			}
		})
	}
}

// TestAnExpiredERPSessionIsRenewedUnseen keeps: in each of the four forms, one new login, the call repeated once.
func TestAnExpiredERPSessionIsRenewedUnseen(t *testing.T) {
	w := production(t)
	token := w.login("bob")
	w.bind(token, `{"inviteCode":"SNOW-2026-B"}`)
	w.firstOrder(token)
	for _, form := range []string{"status", "redirect", "html", "body"} {
		t.Run(form, func(t *testing.T) {
			before := w.erp.Count("login")
			w.erp.ExpireSessions(form)
			w.firstOrder(token)
			if logins := w.erp.Count("login") - before; logins != 1 {
				t.Errorf("%d logins at the ERP, want 1", logins)
			}
		})
	}
}

// TestRedisAwayIsNeverALogout keeps: an outage is 503 with retryAfter, and the session is there when Redis is back.
func TestRedisAwayIsNeverALogout(t *testing.T) {
	w := production(t)
	token := w.login("bob")
	w.bind(token, `{"inviteCode":"SNOW-2026-B"}`)
	w.redis.Stop()
	for _, call := range [][2]string{{"GET", "/api/orders/search"}, {"GET", "/api/user/profile"}, {"POST", "/api/auth/logout"}} {
		r := w.ask(call[0], call[1], token, "")
		if r.Code != http.StatusServiceUnavailable || r.Error != "store_unavailable" || !strings.Contains(r.raw, `"retryAfter":`) {
			t.Errorf("%v: %s", call, r.raw)
		}
	}
	if r := w.ask("POST", "/api/auth/wx-login", "", `{"code":"test-carol-away"}`); r.Error != "store_unavailable" {
		t.Errorf("login: %s", r.raw)
	}
	eventually(t, "the gateway is not ready", func() bool { return w.readiness() == http.StatusServiceUnavailable })
	w.redis.Start()
	eventually(t, "the session is served again", func() bool {
		return w.ask("GET", "/api/orders/search", token, "").Code == 0
	})
	eventually(t, "the gateway is ready again", func() bool { return w.readiness() == http.StatusOK })
}

// TestEveryCallBecomesARow keeps: calls, sessions and bindings are in the database, and a database outage is not felt.
func TestEveryCallBecomesARow(t *testing.T) {
	w := production(t)
	token := w.login("bob")
	w.bind(token, `{"inviteCode":"SNOW-2026-B"}`)
	w.mariadb.Stop()
	for range 20 {
		began := time.Now()
		w.firstOrder(token)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("a call took %s while the database was away", took)
		}
	}
	w.mariadb.Start()
	w.ask("DELETE", "/api/auth/erp-bind", token, "")
	w.ask("POST", "/api/auth/logout", token, "")
	eventually(t, "20 searches are in the log", func() bool {
		return w.rows(`SELECT count(*) FROM api_call_logs WHERE api_endpoint = '/api/orders/search'`) == 20
	})
	eventually(t, "the session is closed and the binding ended", func() bool {
		return w.rows(`SELECT count(*) FROM user_sessions WHERE is_active = 0`) == 1 &&
			w.rows(`SELECT count(*) FROM erp_bindings WHERE is_valid = 0`) == 1
	})
	if n := w.rows(`SELECT count(*) FROM api_call_logs l JOIN user_sessions s USING (session_id)`); n < 22 {
		t.Errorf("%d calls can be joined with their session, want at least 22", n)
	}
}

// TestNoSecretIsWrittenAnywhere greps everything that was written: answers, logs, tables, Redis.
func TestNoSecretIsWrittenAnywhere(t *testing.T) {
	w := production(t)
	var answers strings.Builder
	note := func(r reply) { answers.WriteString(r.raw + fmt.Sprint(r.header)) }
	token := w.login("alice")
	note(w.ask("POST", "/api/auth/erp-bind", token, `{"erpUsername":"alice.chen","erpPassword":"a-wrong-password-1"}`))
	note(w.ask("POST", "/api/auth/erp-bind", token, `{"erpUsername":"alice.chen","erpPassword":"snow-alice-1"}`))
	id := w.firstOrder(token)
	for _, path := range []string{"/api/user/profile", "/api/orders/search", "/api/orders/" + id, "/api/orders/" + id + "/materials"} {
		note(w.ask("GET", path, token, ""))
	}
	note(w.ask("POST", "/api/auth/erp-bind", token, `{"inviteCode":"SNOW-2026-A"}`))
	note(w.ask("GET", "/api/user/export", token, ""))
	note(w.ask("GET", "/api/admin/calls?user="+openidOf(w, "alice"), testAdminToken, ""))
	w.wechat.FailNext("jscode2session", 40013, 1)
	note(w.ask("POST", "/api/auth/wx-login", "", `{"code":"test-alice-secret-code"}`))
	eventually(t, "the calls are in the log", func() bool {
		return w.rows(`SELECT count(*) FROM api_call_logs`) >= 9
	})

	openid := openidOf(w, "alice")
	secrets := append(w.wechat.SessionKeys(), token, "snow-alice-1", "a-wrong-password-1", w.wechat.AppSecret(),
		"test-alice-secret-code", "SNOW-2026-A", testAdminToken)
	places := map[string]string{
		"answers": answers.String(), "stderr": w.stderr.String(), "stdout": w.stdout.String(),
		"tables": w.dumpTables(), "redis": w.dumpRedis(), "spool": w.dumpSpool(),
	}
	for place, text := range places {
		for i, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s hold secret %d (%q)", place, i, secret)
			}
		}
		if place != "answers" && strings.Contains(text, openid) {
			t.Errorf("%s hold the openid", place)
		}
	}
}

func openidOf(w *world, name string) string {
	for _, u := range w.wechat.Users() {
		if u.Name == name {
			return u.OpenID
		}
	}
	w.t.Fatalf("WeChat knows no %s", name)
	return ""
}

func (w *world) dumpTables() string {
	w.t.Helper()
	db := w.database()
	defer func() { _ = db.Close() }()
	var all strings.Builder
	for _, table := range []string{"user_sessions", "erp_bindings", "api_call_logs", "message_logs"} {
		rows, err := db.Queryx("SELECT * FROM " + table)
		if err != nil {
			w.t.Fatal(err)
		}
		for rows.Next() {
			row := map[string]any{}
			if err := rows.MapScan(row); err != nil {
				w.t.Fatal(err)
			}
			for _, v := range row {
				fmt.Fprintf(&all, "%s\n", v)
			}
		}
		if err := errorsOf(rows); err != nil {
			w.t.Fatal(err)
		}
	}
	return all.String()
}

func errorsOf(rows *sqlx.Rows) error {
	if err := rows.Err(); err != nil {
		return err
	}
	return rows.Close()
}

func (w *world) dumpRedis() string {
	w.t.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: w.redis.Addr()})
	defer func() { _ = rdb.Close() }()
	keys, err := rdb.Keys(w.t.Context(), "*").Result()
	if err != nil {
		w.t.Fatal(err)
	}
	var all strings.Builder
	for _, key := range keys {
		dump, err := rdb.Dump(w.t.Context(), key).Result()
		if err != nil {
			w.t.Fatal(err)
		}
		all.WriteString(key + "\n" + dump + "\n")
	}
	return all.String()
}

// dumpSpool reads every file of the spool: a shipped segment stays until the next one is begun.
func (w *world) dumpSpool() string {
	w.t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(w.spoolDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path) //nolint:gosec // the test's own folder
		all.Write(content)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(all.String(), "/api/user/profile") {
		w.t.Error("the spool does not hold what is looked through")
	}
	return all.String()
}

// TestHealthTellsWhatIsDown keeps: each part is up or down by the last probe, and Redis or the ERP down is a 503.
func TestHealthTellsWhatIsDown(t *testing.T) {
	w := production(t, "SNOWGATE_HEALTH__INTERVAL=1s")
	state := func(part string) any {
		component, _ := w.ask("GET", "/api/health/check", "", "").Data[part].(map[string]any)
		return component["status"]
	}
	for _, part := range []string{"redis", "sql", "erp", "wechat"} {
		eventually(t, part+" is up", func() bool { return state(part) == "up" })
	}
	w.mariadb.Stop()
	eventually(t, "sql is down", func() bool { return state("sql") == "down" })
	if r := w.ask("GET", "/api/health/check", "", ""); r.status != http.StatusOK || r.Data["status"] != "degraded" {
		t.Errorf("without the log's database: %s", r.raw)
	}
	w.erp.SetFaults(sandbox.Fault{Kind: "status", Status: 500})
	eventually(t, "erp is down", func() bool { return state("erp") == "down" })
	if r := w.ask("GET", "/api/health/check", "", ""); r.status != http.StatusServiceUnavailable || r.Error != "erp_unavailable" {
		t.Errorf("without the ERP: %s", r.raw)
	}
	w.erp.ClearFaults()
	eventually(t, "erp is up again", func() bool { return state("erp") == "up" })
	if r := w.ask("GET", "/api/erp/status", testAdminToken, ""); r.Code != 0 || r.Data["channels"] == nil || r.Data["probes"] == nil {
		t.Errorf("erp status: %s", r.raw)
	}
	if r := w.ask("GET", "/api/metrics/performance", testAdminToken, ""); r.Code != 0 || r.Data["routes"] == nil {
		t.Errorf("performance: %s", r.raw)
	}
}

func TestProductionEndsCleanly(t *testing.T) {
	w := production(t)
	if code := w.end(); code != exitOK {
		t.Errorf("exit code %d, want 0\n%s", code, w.stderr.String())
	}
}
