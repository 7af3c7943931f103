package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"snowgate/health"
)

// Monitor tells what the last probes found, and what that and real calls come to.
type Monitor interface {
	Snapshot() []health.Result
	Verdicts() []health.Verdict
	Verdict(probe string) (health.Verdict, bool)
	History(probe string) []health.Outcome
	Availability(probe string) (health.Availability, bool)
	// Look looks now. Errors: health.ErrUnknownProbe, or that of ctx.
	Look(ctx context.Context, probe string) (health.Result, error)
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
	// ProbeERPLogin logs in to the ERP, rarely, where there is a service account.
	ProbeERPLogin = "erp_login"
	// ProbeStock looks at the second system for stock, where there is one.
	ProbeStock = "stock"
)

// component is one part as everybody may see it: no addresses, no error texts, no reasons.
type component struct {
	Status health.State `json:"status"`
	AgeMS  int64        `json:"ageMs"` // since the last look
}

// healthCheck is GET /api/health/check: 200, or 503 when nobody can be served. It reports the verdicts on the parts and does
// not probe, so that polling it costs nothing.
func (s *Server) healthCheck(c *call) error {
	verdicts := s.deps.Monitor.Verdicts()
	verdict, cause := joined(verdicts)
	data := map[string]any{"status": verdict, "checkedAt": s.timestamp(s.cfg.Now())}
	ages := map[string]int64{}
	for _, r := range s.deps.Monitor.Snapshot() {
		ages[r.Name] = r.Age.Milliseconds()
	}
	for _, v := range verdicts {
		data[v.Name] = component{Status: v.State, AgeMS: ages[v.Name]}
	}
	if cause != nil {
		return &fault{problem: cause, retryAfter: erpRetry, data: data}
	}
	return c.ok(data)
}

// joined is the verdict on the whole: without Redis or any channel to the ERP no customer is served, without the rest most
// things go on.
func joined(verdicts []health.Verdict) (verdict string, cause *problem) {
	state := map[string]health.State{}
	verdict = "up"
	for _, v := range verdicts {
		state[v.Name] = v.State
		if v.State != health.Up {
			verdict = "degraded"
		}
	}
	standby := state[ProbeStandby] == health.Up || state[ProbeStandby] == health.Degraded
	switch {
	case state[ProbeRedis] == health.Down:
		return "down", storeUnavailable
	case state[ProbeERP] == health.Down && !standby:
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

func (s *Server) probeStatuses() []probeStatus {
	probes := []probeStatus{}
	for _, r := range s.deps.Monitor.Snapshot() {
		probes = append(probes, probeStatus{
			Name: r.Name, Status: r.State, Since: s.optionalTime(r.Since), CheckedAt: s.optionalTime(r.CheckedAt),
			AgeMS: r.Age.Milliseconds(), LatencyMS: milliseconds(r.Latency), LastError: r.LastError, Failures: r.Failures,
		})
	}
	return probes
}

func (s *Server) optionalTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := s.timestamp(t)
	return &text
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

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

// prometheus is GET /metrics. Exemplars are in the OpenMetrics format only, for a scraper that asks for it.
func (s *Server) prometheus(c *call) error {
	c.record.code = http.StatusOK
	promhttp.HandlerFor(s.deps.Registry, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(c.Response(), c.Request())
	return nil
}
