package consoletest

import (
	"net/http"
	"time"
)

func cannedSessions() []obj {
	return []obj{
		{"id": "9f86d081884c7d65", "createdAt": stamp(3 * time.Hour), "expiresAt": stamp(-5 * 24 * time.Hour)},
		{"id": "2c26b46b68ffc68f", "createdAt": stamp(26 * time.Hour), "expiresAt": stamp(-4 * 24 * time.Hour)},
	}
}

func (s *Server) listSessions(r *http.Request) any {
	if query := r.URL.Query(); query.Get("user")+query.Get("sessionId") == "" {
		return nil
	}
	return obj{"sessions": s.sessions, "user": UserID, "counts": obj{"sessions": len(s.sessions)}, "binding": obj{
		"companyId": "C-1001", "companyName": "雪原贸易" + s.hostile, "customerId": "K-77", "permissions": []string{"orders", "materials"}, "boundAt": stamp(40 * 24 * time.Hour),
	}}
}

func (s *Server) endSession(r *http.Request) any {
	left := []obj{}
	for _, one := range s.sessions {
		if id := r.PathValue("id"); id != "" && one["id"] != id {
			left = append(left, one)
		}
	}
	ended := len(s.sessions) - len(left)
	s.sessions = left
	return obj{"ended": ended}
}

func (s *Server) endBindings(*http.Request) any { return obj{"ended": 14} }
