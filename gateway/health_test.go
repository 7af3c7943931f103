package gateway

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"snowgate/health"
)

// The verdict joins the probes: without Redis or the ERP nobody is served, without the rest most things go on.
func TestHealthCheck(t *testing.T) {
	rows := []struct {
		probe   string
		state   health.State
		code    int
		name    string
		verdict string
	}{
		{ProbeRedis, health.Up, 0, "", "up"},
		{ProbeRedis, health.Unknown, 0, "", "degraded"},
		{ProbeRedis, health.Down, 503, "store_unavailable", "down"},
		{ProbeERP, health.Down, 503, "erp_unavailable", "down"},
		{ProbeERP, health.Unknown, 0, "", "degraded"},
		{ProbeSQL, health.Down, 0, "", "degraded"},
		{ProbeAudit, health.Down, 0, "", "degraded"},
		{ProbeAudit, health.Unknown, 0, "", "degraded"},
		{ProbeWeChat, health.Down, 0, "", "degraded"},
		{ProbeWeChat, health.Unknown, 0, "", "degraded"},
	}
	for _, row := range rows {
		t.Run(row.probe+" "+string(row.state), func(t *testing.T) {
			w := newWorld(t)
			w.monitor.results = append(w.monitor.results, health.Result{Name: "another", State: health.Up})
			w.monitor.set(row.probe, row.state)
			a := w.get("/api/health/check", "")
			if a.Code != row.code || a.Error != row.name || a.data["status"] != row.verdict {
				t.Errorf("answered %s", a.raw)
			}
			if got := a.data[row.probe].(map[string]any); got["status"] != string(row.state) || got["ageMs"] != float64(12000) {
				t.Errorf("%s is %v", row.probe, got)
			}
			if row.code != 0 && a.RetryAfter < 1 {
				t.Errorf("no retryAfter: %s", a.raw)
			}
		})
	}
}

// An ERP that is down is no reason to turn people away while its standby answers.
func TestHealthCheckWithStandby(t *testing.T) {
	w := newWorld(t)
	w.monitor.results = append(w.monitor.results, health.Result{Name: ProbeStandby, State: health.Up})
	w.monitor.set(ProbeERP, health.Down)
	if a := w.get("/api/health/check", "").ok(t); a.data["status"] != "degraded" {
		t.Errorf("answered %s", a.raw)
	}
	w.monitor.set(ProbeStandby, health.Down)
	w.get("/api/health/check", "").is(t, 503, "erp_unavailable")
}

// Redis and the ERP both down: nobody is logged in at all, so it is the store that is named.
func TestHealthCheckNamesTheStoreFirst(t *testing.T) {
	w := newWorld(t)
	w.monitor.set(ProbeRedis, health.Down)
	w.monitor.set(ProbeERP, health.Down)
	w.get("/api/health/check", "").is(t, 503, "store_unavailable")
}

// The public check names states and ages, and nothing an attacker could use.
func TestHealthCheckShowsNoErrors(t *testing.T) {
	w := newWorld(t)
	w.monitor.results[2].LastError = "refused by 10.0.0.7"
	w.monitor.set(ProbeERP, health.Down)
	if a := w.get("/api/health/check", ""); strings.Contains(a.raw, "refused") {
		t.Errorf("answered %s", a.raw)
	}
}

func TestReadyzAndLivez(t *testing.T) {
	rows := []struct {
		name  string
		upset func(*world)
		ready int
		body  string
	}{
		{"well", func(*world) {}, 200, "ok\n"},
		{"redis down", func(w *world) { w.monitor.set(ProbeRedis, health.Down) }, 503, "redis is down\n"},
		{"redis not looked at", func(w *world) { w.monitor.set(ProbeRedis, health.Unknown) }, 503, "redis is unknown\n"},
		{"ERP down", func(w *world) { w.monitor.set(ProbeERP, health.Down) }, 200, "ok\n"},
		{"WeChat down", func(w *world) { w.monitor.set(ProbeWeChat, health.Down) }, 200, "ok\n"},
		{"draining", func(w *world) { w.server.Drain() }, 503, "draining\n"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			row.upset(w)
			if a := w.get("/readyz", ""); a.status != row.ready || a.raw != row.body {
				t.Errorf("readyz: %d %q", a.status, a.raw)
			}
			if a := w.get("/livez", ""); a.status != 200 || a.raw != "ok\n" {
				t.Errorf("livez: %d %q", a.status, a.raw)
			}
		})
	}
}

// Draining refuses new work to a load balancer, not the calls that still come.
func TestDrainingServesWhatComes(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.server.Drain()
	w.get("/api/orders/"+anOrder, token).ok(t)
}

func TestERPStatus(t *testing.T) {
	w := newWorld(t)
	w.monitor.results = append(w.monitor.results, health.Result{Name: ProbeStandby, State: health.Unknown})
	a := w.get("/api/erp/status", adminToken).ok(t)
	probes, _ := a.data["probes"].([]any)
	if len(probes) != 6 || !strings.Contains(a.raw, `"checkedAt":null`) || !strings.Contains(a.raw, `"latencyMs":3`) {
		t.Errorf("answered %s", a.raw)
	}
	if len(a.data["channels"].([]any)) != 1 {
		t.Errorf("channels: %s", a.raw)
	}
}

// The figures count every call of a route, by template, in all four windows.
func TestPerformance(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	for range 3 {
		w.get("/api/orders/"+anOrder, token).ok(t)
	}
	w.erp.panics = "boom"
	w.get("/api/orders/other", token).is(t, 500, "internal")
	w.get("/livez", "")
	a := w.get("/api/metrics/performance", adminToken).ok(t)
	routes, _ := a.data["routes"].(map[string]any)
	if routes["GET /livez"] != nil || routes["POST /api/auth/wx-login"] == nil {
		t.Errorf("routes: %s", a.raw)
	}
	windows, _ := routes["GET /api/orders/:id"].(map[string]any)
	for _, window := range []string{"1m", "5m", "1h", "24h"} {
		figures, _ := windows[window].(map[string]any)
		if figures["count"] != float64(4) || figures["errors"] != float64(1) || figures["errorRate"] != 0.25 || figures["successRate"] != 0.75 {
			t.Errorf("%s: %v", window, figures)
		}
	}
}

// The names in use are those that are documented, with the labels that keep them few.
func TestMetricsHaveTheDocumentedNames(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.get("/api/orders/"+anOrder, token).ok(t)
	text := w.get("/metrics", adminToken).raw
	for _, line := range []string{
		`snowgate_http_requests_total{code="200",method="GET",route="/api/orders/:id"} 1`,
		`snowgate_http_request_duration_seconds_count{method="GET",route="/api/orders/:id"} 1`,
		`snowgate_http_in_flight 1`, `snowgate_http_panics_total 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is not in\n%s", line, text)
		}
	}
	described := api().Paths.Value("/metrics").Get.Description
	for _, name := range regexp.MustCompile(`(?m)^# TYPE (snowgate_\w+)`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(described, "`"+name[1]+"`") {
			t.Errorf("%s is not documented", name[1])
		}
	}
	for _, path := range []string{"/livez", "/readyz", "/docs", "/docs/openapi.yaml"} {
		w.do(request(http.MethodGet, path, ""))
	}
	w.do(request(http.MethodOptions, "/livez", ""))
	if text := w.get("/metrics", adminToken).raw; strings.Contains(text, `code="0"`) {
		t.Error("an answer was counted without a code")
	}
}
