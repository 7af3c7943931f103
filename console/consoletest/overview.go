package consoletest

import (
	"math"
	"net/http"
	"time"
)

const (
	step   = 30 * time.Second
	points = 60 // half an hour
)

func (s *Server) overview(*http.Request) any {
	verdict := "degraded" // the database is slow
	if !s.down.IsZero() {
		verdict = "down"
	}
	return obj{
		"verdict": verdict, "verdicts": s.verdicts(), "replica": "snowgate-1", "replicas": []string{"snowgate-1", "snowgate-2"},
		"version": "1.4.0", "startedAt": s.started.Format(time.RFC3339),
		"requests": obj{"perSecond": 41.7, "points": s.traffic()},
		"sources":  obj{"live": 148230, "standby": 1204, "stale": 377}, "coalesced": obj{"share": 0.083},
		"queue":  obj{"queued": 3, "failed": 1, "unknown": 1, "oldestSeconds": 1.2, "paused": s.paused},
		"alerts": s.activeAlerts(), "spool": obj{"records": 12, "bytes": 20480, "fill": 0.002},
	}
}

func (s *Server) verdicts() []obj {
	well := func(part string, latency float64) obj {
		return obj{"part": part, "state": "up", "since": s.started.Format(time.RFC3339), "reasonZh": "", "reasonEn": "", "history": looks(latency, 0)}
	}
	return []obj{
		s.erpVerdict(), well("erp_standby", 61), well("redis", 0.4),
		{"part": "sql", "state": "degraded", "since": stamp(9 * time.Minute), "reasonZh": "探测正常，但最近 30 秒 12 次写入中有 4 次失败（33 %）。",
			"reasonEn": "The probe is fine, but 4 of 12 writes failed in the last 30 s (33 %).", "history": looks(7, 3)},
		well("wechat", 34), well("messages", 1.1), well("audit", 0.2),
	}
}

func (s *Server) erpVerdict() obj {
	if s.down.IsZero() {
		return obj{"part": "erp", "state": "up", "since": s.started.Format(time.RFC3339), "reasonZh": "", "reasonEn": "", "history": looks(48, 0)}
	}
	return obj{
		"part": "erp", "state": "down", "since": s.down.Format(time.RFC3339), "history": looks(48, 4),
		"reasonZh": "探测失败：拒绝连接；最近 30 秒 40 次调用全部失败。", "reasonEn": "The probe fails: connection refused; all 40 calls of the last 30 s failed.",
	}
}

// looks are the last half hour's, the last so many of them failures.
func looks(latency float64, failed int) []obj {
	var list []obj
	for i := range points {
		look := obj{"at": stamp(time.Duration(points-i) * step), "ok": i < points-failed, "latencyMs": latency * (1 + 0.2*math.Sin(float64(i)))}
		if i >= points-failed {
			look["error"] = "refused"
		}
		list = append(list, look)
	}
	return list
}

// traffic rises and falls a little, as people do.
func (s *Server) traffic() []obj {
	var list []obj
	for i := range points {
		x := float64(i)
		p := obj{
			"at": stamp(time.Duration(points-i) * step), "perSecond": 38 + 6*math.Sin(x/7) + 2*math.Sin(x*1.7), "errorsPerSecond": math.Max(0, 0.3*math.Sin(x/5)),
			"p50": 46 + 5*math.Sin(x/4), "p95": 131 + 20*math.Sin(x/6), "p99": 290 + 80*math.Sin(x/3),
		}
		if !s.down.IsZero() && i > points-4 {
			p["errorsPerSecond"], p["p99"] = 22.0, 2480.0
		}
		list = append(list, p)
	}
	return list
}

func (s *Server) performance(*http.Request) any {
	routes := obj{}
	for i, route := range []string{
		"GET /api/orders/search", "GET /api/orders/:id", "GET /api/orders/:id/materials", "POST /api/auth/wx-login", "GET /api/inventory/list",
		"POST /api/wechat/template-msg", "POST /api/inventory/record",
	} {
		routes[route] = windows(float64(7-i)*1800, 40+float64(i)*11)
	}
	operations := obj{}
	for i, op := range []string{"search_orders", "order_status", "order_materials", "login"} {
		operations[op] = windows(float64(4-i)*2600, 35+float64(i)*14)
	}
	hours := obj{"GET /api/orders/search": day(900), "GET /api/orders/:id": day(500)}
	return obj{
		"replica": "snowgate-1", "replicas": []string{"snowgate-1", "snowgate-2"}, "routes": routes, "erp": operations,
		"all": obj{"routes": routes, "erp": operations}, "hours": hours, "complete": true,
	}
}

func windows(perHour, p50 float64) obj {
	spans := obj{}
	for span, hours := range map[string]float64{"1m": 1. / 60, "5m": 5. / 60, "1h": 1, "24h": 24} {
		count := math.Round(perHour * hours)
		failed := math.Round(count * 0.004)
		spans[span] = obj{
			"count": count, "errors": failed, "successRate": 1 - failed/count, "errorRate": failed / count,
			"p50": p50, "p95": p50 * 2.6, "p99": p50 * 5.1, "max": p50 * 21,
		}
	}
	return spans
}

func day(busy float64) []obj {
	var list []obj
	for i := range 24 {
		share := math.Max(0.04, math.Sin(float64(i)/24*math.Pi))
		count := math.Round(busy * share)
		list = append(list, obj{
			"at": stamp(time.Duration(24-i) * time.Hour), "count": count, "errors": math.Round(count * 0.01),
			"p50": 40 + 20*share, "p95": 100 + 60*share, "p99": 200 + 200*share,
		})
	}
	return list
}
