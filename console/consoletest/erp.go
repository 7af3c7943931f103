package consoletest

import (
	"encoding/json"
	"net/http"
	"time"
)

func (s *Server) erpStatus(*http.Request) any {
	return obj{
		"system": "erp", "channels": []obj{s.primary(), s.standby()}, "forcedStandby": s.forced,
		"contract": []obj{{"op": "search_orders", "path": "orders.amount", "want": "number", "got": "string" + s.hostile, "count": 17, "lastSeen": stamp(4 * time.Minute)}},
	}
}

func (s *Server) primary() obj {
	verdict := s.erpVerdict()
	read, looked := "closed", obj{"at": stamp(12 * time.Second), "ok": true, "latencyMs": 47.2, "error": ""}
	if !s.down.IsZero() {
		read, looked = "open", obj{"at": stamp(2 * time.Second), "ok": false, "latencyMs": 3.1, "error": "refused"}
	}
	return obj{
		"name": "primary", "system": "erp", "state": verdict["state"], "since": verdict["since"], "reasonZh": verdict["reasonZh"], "reasonEn": verdict["reasonEn"],
		"inUse": s.down.IsZero() && !s.forced, "forced": false, "inFlight": 4, "usualMs": 46.1, "breakers": obj{"read": read, "write": "closed", "login": "closed"},
		"lastProbe": looked, "lastErrorKind": "timeout", "lastErrorAt": stamp(3 * time.Hour),
		"availability": obj{"1h": 1, "24h": 0.99974, "7d": 0.99861}, "latency": obj{"p50": 46.3, "p95": 131.5, "p99": 402},
		"capabilities": []string{"orders", "materials", "invite_codes", "order_create"}, "history": verdict["history"],
	}
}

func (s *Server) standby() obj {
	return obj{
		"name": "standby", "system": "erp", "state": "up", "since": s.started.Format(time.RFC3339), "reasonZh": "", "reasonEn": "",
		"inUse": !s.down.IsZero() || s.forced, "forced": s.forced, "inFlight": 0, "usualMs": 0, "breakers": obj{"read": "closed", "write": "closed", "login": "half-open"},
		"lastProbe": obj{"at": stamp(9 * time.Second), "ok": true, "latencyMs": 61, "error": ""}, "lastErrorKind": "", "lastErrorAt": nil,
		"availability": obj{"1h": 1, "24h": 1, "7d": nil}, "latency": obj{"p50": 61, "p95": 148, "p99": nil},
		"capabilities": []string{"orders", "materials"}, "history": looks(61, 0),
	}
}

func (s *Server) probe(r *http.Request) any {
	var wish struct {
		Channel string `json:"channel"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wish); err != nil {
		return nil
	}
	if wish.Channel == "standby" {
		return s.standby()
	}
	return s.primary()
}

func (s *Server) forceStandby(r *http.Request) any {
	var wish struct {
		Force bool `json:"force"`
	}
	if err := json.NewDecoder(r.Body).Decode(&wish); err != nil {
		return nil
	}
	s.forced = wish.Force
	return obj{"forced": s.forced}
}

func (s *Server) listWindows(*http.Request) any { return s.windows }

func (s *Server) openWindow(r *http.Request) any {
	window := obj{}
	if err := json.NewDecoder(r.Body).Decode(&window); err != nil {
		return nil
	}
	window["id"], window["from"] = "w1", stamp(0)
	s.windows = append(s.windows, window)
	return window
}

func (s *Server) endWindow(*http.Request) any {
	s.windows = []obj{}
	return obj{}
}
