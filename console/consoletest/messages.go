package consoletest

import (
	"net/http"
	"time"
)

func cannedMessages(hostile string) []obj {
	return []obj{
		message("019c0b5e-7a10-7c3e-8f11-2b6f5a9d0e09", "queued", "", 0, 3*time.Second),
		message(DeadMessage, "failed", "argument invalid! data.thing1.value invalid"+hostile, 47003, 8*time.Minute),
		message("019c0b5e-7a10-7c3e-8f11-2b6f5a9d0e02", "unknown", "微信没有回答", 0, 21*time.Minute),
		message("019c0b5e-7a10-7c3e-8f11-2b6f5a9d0e03", "sent", "", 0, 34*time.Minute),
		message("019c0b5e-7a10-7c3e-8f11-2b6f5a9d0e04", "refused", "用户拒收", 43101, 50*time.Minute),
		message("019c0b5e-7a10-7c3e-8f11-2b6f5a9d0e05", "sent", "", 0, 71*time.Minute),
	}
}

func message(id, state, reason string, errcode int, ago time.Duration) obj {
	return obj{
		"msgid": id, "user": UserID, "sender": "service", "templateId": "tpl-order-shipped", "status": state, "attempts": 1, "reason": reason,
		"errcode": errcode, "wxMsgid": "", "acceptedAt": stamp(ago), "updatedAt": stamp(ago - time.Second),
	}
}

func (s *Server) searchMessages(r *http.Request) any {
	found := []obj{}
	for _, m := range s.messages {
		state, id := r.URL.Query().Get("state"), r.URL.Query().Get("msgid")
		if (state == "" || m["status"] == state) && (id == "" || m["msgid"] == id) {
			found = append(found, m)
		}
	}
	return obj{"messages": found, "more": false, "page": 1, "pageSize": 20}
}

func (s *Server) changeMessage(state string) func(*http.Request) any {
	return func(r *http.Request) any {
		for _, m := range s.messages {
			if m["msgid"] == r.PathValue("id") {
				m["status"], m["reason"], m["errcode"] = state, "", 0
				return obj{"msgid": m["msgid"], "status": state}
			}
		}
		return nil
	}
}

func (s *Server) queue(*http.Request) any {
	depth := map[string]int{}
	for _, m := range s.messages {
		state, _ := m["status"].(string)
		depth[state]++
	}
	q := obj{
		"depth":         obj{"queued": depth["queued"], "failed": depth["failed"], "unknown": depth["unknown"]},
		"oldestSeconds": 3.2, "backlogSeconds": 0.1, "paused": s.paused, "pausedUntil": nil, "pauseReason": "",
	}
	if s.paused {
		q["pauseReason"] = "45009 接口调用超过限额"
	}
	return q
}

func (s *Server) resume(r *http.Request) any {
	s.paused = false
	return s.queue(r)
}
