package gateway

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"snowgate/erpclient"
	"snowgate/health"
)

// Monitor tells what the last probes found.
type Monitor interface {
	Snapshot() []health.Result
}

// The probes the gateway knows by name.
const (
	ProbeRedis  = "redis"
	ProbeSQL    = "sql"
	ProbeAudit  = "audit"
	ProbeERP    = "erp"
	ProbeWeChat = "wechat"
	// ProbeMessages looks at the queue of messages.
	ProbeMessages = "messages"
	// ProbeStandby looks at the ERP's standby channel, where there is one.
	ProbeStandby = "erp_standby"
)

// component is one probe as everybody may see it: no addresses, no error texts.
type component struct {
	Status health.State `json:"status"`
	AgeMS  int64        `json:"ageMs"` // since the last look
}

// healthCheck is GET /api/health/check: 200, or 503 when nobody can be served. It reports the last probes and does not
// probe, so that polling it costs nothing.
func (s *Server) healthCheck(c *call) error {
	results := s.deps.Monitor.Snapshot()
	verdict, cause := verdictOf(results)
	data := map[string]any{"status": verdict, "checkedAt": s.timestamp(s.cfg.Now())}
	for _, r := range results {
		data[r.Name] = component{Status: r.State, AgeMS: r.Age.Milliseconds()}
	}
	if cause != nil {
		return &fault{problem: cause, retryAfter: erpRetry, data: data}
	}
	return c.ok(data)
}

// verdictOf joins the probes: without Redis or any channel to the ERP no customer is served, without the rest most
// things go on.
func verdictOf(results []health.Result) (verdict string, cause *problem) {
	state := map[string]health.State{}
	verdict = "up"
	for _, r := range results {
		state[r.Name] = r.State
		if r.State != health.Up {
			verdict = "degraded"
		}
	}
	switch {
	case state[ProbeRedis] == health.Down:
		return "down", storeUnavailable
	case state[ProbeERP] == health.Down && state[ProbeStandby] != health.Up:
		return "down", erpUnavailable
	default:
		return verdict, nil
	}
}

// probeStatus is one probe as an admin sees it.
type probeStatus struct {
	Name      string       `json:"name"`
	Status    health.State `json:"status"`
	Since     *string      `json:"since"`
	CheckedAt *string      `json:"checkedAt"`
	AgeMS     int64        `json:"ageMs"`
	LatencyMS float64      `json:"latencyMs"`
	LastError string       `json:"lastError"`
	Failures  int          `json:"failures"`
}

// erpStatus is GET /api/erp/status: channels, breakers and probes.
func (s *Server) erpStatus(c *call) error {
	probes := []probeStatus{}
	for _, r := range s.deps.Monitor.Snapshot() {
		probes = append(probes, probeStatus{
			Name: r.Name, Status: r.State, Since: s.optionalTime(r.Since), CheckedAt: s.optionalTime(r.CheckedAt),
			AgeMS: r.Age.Milliseconds(), LatencyMS: milliseconds(r.Latency), LastError: r.LastError, Failures: r.Failures,
		})
	}
	return c.ok(struct {
		erpclient.Status
		Probes []probeStatus `json:"probes"`
	}{s.deps.ERP.Status(), probes})
}

func (s *Server) optionalTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := s.timestamp(t)
	return &text
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// figures is one window of one route.
type figures struct {
	Count         uint64  `json:"count"`
	Errors        uint64  `json:"errors"`
	SuccessRate   float64 `json:"successRate"` // 0..1
	ErrorRate     float64 `json:"errorRate"`   // 0..1
	RatePerSecond float64 `json:"ratePerSecond"`
	P50MS         float64 `json:"p50Ms"`
	P95MS         float64 `json:"p95Ms"`
	P99MS         float64 `json:"p99Ms"`
	MaxMS         float64 `json:"maxMs"`
}

// performance is GET /api/metrics/performance: per route over 1 m, 5 m, 1 h and 24 h.
func (s *Server) performance(c *call) error {
	routes := map[string]map[string]figures{}
	for series, windows := range s.deps.Performance.Snapshot() {
		routes[series] = map[string]figures{}
		for window, f := range windows {
			routes[series][window] = figures{
				Count: f.Count, Errors: f.Errors, SuccessRate: f.SuccessRate, ErrorRate: f.ErrorRate, RatePerSecond: f.RatePerSecond,
				P50MS: milliseconds(f.P50), P95MS: milliseconds(f.P95), P99MS: milliseconds(f.P99), MaxMS: milliseconds(f.Max),
			}
		}
	}
	return c.ok(map[string]any{"routes": routes, "windows": []string{"1m", "5m", "1h", "24h"}})
}

// livez says that the process answers; readyz that it should be sent work.
func (s *Server) livez(c *call) error {
	c.record.code = http.StatusOK
	return c.String(http.StatusOK, "ok\n")
}

func (s *Server) readyz(c *call) error {
	reason := s.notReady()
	if reason == "" {
		c.record.code = http.StatusOK
		return c.String(http.StatusOK, "ok\n")
	}
	c.record.code = http.StatusServiceUnavailable
	return c.String(http.StatusServiceUnavailable, reason+"\n")
}

// notReady is why no work should be sent here, or "". The ERP and WeChat are no reason: another replica would not reach
// them either, and who is logged in is served without WeChat.
func (s *Server) notReady() string {
	if s.draining.Load() {
		return "draining"
	}
	for _, r := range s.deps.Monitor.Snapshot() {
		if r.Name == ProbeRedis && r.State != health.Up {
			return "redis is " + string(r.State)
		}
	}
	return ""
}

// prometheus is GET /metrics.
func (s *Server) prometheus(c *call) error {
	c.record.code = http.StatusOK
	promhttp.HandlerFor(s.deps.Registry, promhttp.HandlerOpts{}).ServeHTTP(c.Response(), c.Request())
	return nil
}
