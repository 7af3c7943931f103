package gateway

import (
	"context"
	"strings"
	"sync"
	"time"

	"snowgate/health"
)

// Performance keeps the rolling figures per route.
type Performance interface {
	Record(series string, took time.Duration, ok bool)
	Snapshot() map[string]map[string]health.Figures
}

// Fleet joins the figures of all replicas.
type Fleet interface {
	// Replica is this one's name.
	Replica() string
	// All is everybody's report; with an error it is this replica's alone.
	All(ctx context.Context) (health.Report, error)
}

// The series beside those of the routes.
const (
	erpSeries     = "erp "
	channelSeries = "channel "
)

// ERPSeries is the series of one operation at the ERP; whoever makes the attempts records it.
func ERPSeries(op string) string { return erpSeries + op }

// ChannelSeries is the series of all attempts on one channel, by the name of its probe.
func ChannelSeries(probe string) string { return channelSeries + probe }

// figures is one window of one series. The times stand there twice: the names that end in Ms are the older ones.
type figures struct {
	Count         uint64  `json:"count"`
	Errors        uint64  `json:"errors"`
	SuccessRate   float64 `json:"successRate"` // 0..1
	ErrorRate     float64 `json:"errorRate"`   // 0..1
	RatePerSecond float64 `json:"ratePerSecond"`
	latency
	Max   float64 `json:"max"`
	P50MS float64 `json:"p50Ms"`
	P95MS float64 `json:"p95Ms"`
	P99MS float64 `json:"p99Ms"`
	MaxMS float64 `json:"maxMs"`
}

// latency are quantiles in ms.
type latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

func latencyOf(p50, p95, p99 time.Duration) latency {
	return latency{milliseconds(p50), milliseconds(p95), milliseconds(p99)}
}

func figuresOf(f health.Figures) figures {
	l := latencyOf(f.P50, f.P95, f.P99)
	return figures{
		Count: f.Count, Errors: f.Errors, SuccessRate: f.SuccessRate, ErrorRate: f.ErrorRate, RatePerSecond: f.RatePerSecond,
		latency: l, Max: milliseconds(f.Max), P50MS: l.P50, P95MS: l.P95, P99MS: l.P99, MaxMS: milliseconds(f.Max),
	}
}

// bySeries is figures by series and window.
type bySeries map[string]map[string]figures

// sections are the series of the routes and of the ERP's operations.
type sections struct {
	Routes bySeries `json:"routes"`
	ERP    bySeries `json:"erp"`
}

func sectionsOf(all map[string]map[string]health.Figures) sections {
	s := sections{bySeries{}, bySeries{}}
	for series, windows := range all {
		into, name := s.Routes, series
		if op, isERP := strings.CutPrefix(series, erpSeries); isERP {
			into, name = s.ERP, op
		} else if strings.HasPrefix(series, channelSeries) {
			continue // seen at the channels themselves
		}
		into[name] = map[string]figures{}
		for window, f := range windows {
			into[name][window] = figuresOf(f)
		}
	}
	return s
}

// hourPoint is one hour of a series.
type hourPoint struct {
	At     string `json:"at"`
	Count  uint64 `json:"count"`
	Errors uint64 `json:"errors"`
	latency
}

func (s *Server) hoursOf(all map[string][]health.HourPoint) map[string][]hourPoint {
	hours := map[string][]hourPoint{}
	for series, points := range all {
		if strings.HasPrefix(series, channelSeries) {
			continue
		}
		for _, p := range points {
			hours[series] = append(hours[series], hourPoint{s.timestamp(p.Start), p.Count, p.Errors, latencyOf(p.P50, p.P95, p.P99)})
		}
	}
	return hours
}

// performance is GET /api/metrics/performance: per route and per operation at the ERP, over 1 m, 5 m, 1 h and 24 h, of this
// replica and of all, and hour by hour.
func (s *Server) performance(c *call) error {
	report, complete := s.fleet.report(c.Request().Context(), s.deps.Fleet)
	return c.okUnkept(struct {
		Replica  string   `json:"replica"`
		Replicas []string `json:"replicas"`
		Complete bool     `json:"complete"`
		sections
		All     sections               `json:"all"`
		Hours   map[string][]hourPoint `json:"hours"`
		Windows []string               `json:"windows"`
	}{
		s.deps.Fleet.Replica(), report.Replicas, complete, sectionsOf(s.deps.Performance.Snapshot()), sectionsOf(report.Series),
		s.hoursOf(report.Hours), []string{"1m", "5m", "1h", "24h"},
	})
}

// okUnkept is ok, but the call's row keeps nothing of the answer: it is large, polled, and nobody's business later.
func (c *call) okUnkept(data any) error {
	err := c.ok(data)
	c.record.response = nil
	return err
}

// fleetFor is how long a report of all replicas is shown again: they publish every few seconds, and consoles poll.
const fleetFor = 3 * time.Second

// fleetView is the last report of all replicas. Whoever asks while it is read waits for it.
type fleetView struct {
	mu       sync.Mutex
	read     time.Time
	last     health.Report
	complete bool
}

// report is at most fleetFor old. It is not complete where the other replicas could not be heard.
func (v *fleetView) report(ctx context.Context, fleet Fleet) (report health.Report, complete bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.read.IsZero() || time.Since(v.read) >= fleetFor {
		report, err := fleet.All(ctx)
		v.last, v.complete, v.read = report, err == nil, time.Now()
	}
	return v.last, v.complete
}
