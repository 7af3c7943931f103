package consoletest

import (
	"fmt"
	"net/http"
	"time"
)

// cannedCalls are the log's newest rows.
func (s *Server) cannedCalls() []obj {
	calls := []obj{
		call(SlowCall, 40*time.Second, "GET", "/api/orders/:id", `{"id":"88001","query":{"fields":["status"]}}`, 200, 912, 3),
		call(HostileCall, 55*time.Second, "GET", "/api/orders/search", `{"query":{"keyword":["<b>snow</b>"]}}`, 504, 2503, 4),
	}
	calls[0]["source"] = "standby"
	calls[1]["error"], calls[1]["response"], calls[1]["user"] = "erp_timeout", `{"code":504,"error":"erp_timeout"}`+s.hostile, UserID+s.hostile
	for i := range 12 {
		id := fmt.Sprintf("019c0b5e-7a10-7c3e-8f11-0000000000%02d", i)
		calls = append(calls, call(id, time.Duration(i+2)*time.Minute, "GET", "/api/orders/search", `{"query":{"keyword":["雪"]}}`, 200, 48+i, 1))
	}
	calls[4]["status"], calls[4]["error"], calls[4]["route"] = 422, "erp_bad_credentials", "/api/auth/erp-bind"
	calls[4]["method"], calls[4]["params"], calls[4]["source"] = "POST", `{"body":{"erpPassword":"***","erpUsername":"alice"}}`, ""
	return calls
}

func call(id string, ago time.Duration, method, route, params string, status, took, attempts int) obj {
	return obj{
		"logId": "log-" + id, "calledAt": stamp(ago), "sessionId": "9f86d081884c7d65", "user": UserID, "route": route, "method": method,
		"params": params, "status": status, "response": `{"code":0,"message":"ok","data":{"orders":[{"id":"88001","orderNo":"SO-2026-0417","status":"in_progress"}]}}`,
		"tookMs": took, "error": "", "requestId": id, "replica": "snowgate-1", "source": "live", "attempts": attempts, "erpMs": took - 6,
	}
}

// searchCalls narrows as the gateway does, but for the time.
func (s *Server) searchCalls(r *http.Request) any {
	found := []obj{}
	for _, c := range s.cannedCalls() {
		wanted := func(name string) bool {
			wish := r.URL.Query().Get(name)
			return wish == "" || wish == fmt.Sprint(c[name])
		}
		if wanted("requestId") && wanted("route") && wanted("user") && wanted("status") {
			found = append(found, c)
		}
	}
	return obj{"calls": found, "more": len(found) > 3, "page": 1, "pageSize": 20}
}

func (s *Server) oneCall(r *http.Request) any {
	for _, c := range s.cannedCalls() {
		if c["requestId"] == r.PathValue("id") {
			return obj{"row": c, "story": s.story(c)}
		}
	}
	return obj{"row": nil, "story": nil}
}

func (s *Server) story(c obj) any {
	switch c["requestId"] {
	case SlowCall:
		return obj{"coalesced": true, "source": "standby", "tookMs": 912, "attempts": []obj{
			{"op": "order_status", "channel": "primary", "kind": "busy", "startMs": 3, "tookMs": 120},
			{"op": "order_status", "channel": "primary", "kind": "timeout", "startMs": 231, "tookMs": 540},
			{"op": "order_status", "channel": "standby", "kind": "ok", "startMs": 772, "tookMs": 134},
		}}
	case HostileCall:
		return obj{"coalesced": false, "source": "", "tookMs": 2503, "attempts": []obj{
			{"op": "search_orders" + s.hostile, "channel": "primary" + s.hostile, "kind": "timeout" + s.hostile, "startMs": 3, "tookMs": 2490},
		}}
	default:
		return nil
	}
}
