package gateway

import (
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// overloadRetry is when to come back after being shed: what is in hand takes a second or two.
const overloadRetry = time.Second

// shed turns requests away at the door while too many are in hand: an early "busy" is better than a late answer to
// everybody. Whether we live, and how we are, is answered always: it costs nothing and is wanted most then.
func (s *Server) shed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) error {
		if s.inHand.Add(1) > int64(s.live().MaxInFlight) && !isVital(ec.Request().URL.Path) {
			s.inHand.Add(-1)
			s.metrics.shed.Inc()
			return erpBusy.after(overloadRetry, nil)
		}
		defer s.inHand.Add(-1)
		return next(ec)
	}
}

func isVital(path string) bool {
	switch path {
	case "/livez", "/readyz", "/metrics", "/api/health/check", "/api/erp/status":
		return true
	default:
		return strings.HasPrefix(path, "/debug/")
	}
}
