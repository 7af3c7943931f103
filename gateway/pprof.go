package gateway

import (
	"net/http"
	"net/http/pprof"
	runtime "runtime/pprof"
	"time"
)

// profiling is how long a profile may take: those of the CPU take 30 s unless ?seconds says otherwise.
const profiling = 2 * time.Minute

// profiles is GET /debug/pprof and /debug/pprof/{profile}: what the program is doing, for an admin with a token. Beyond
// what net/http/pprof offers nothing is here but the check of who asks.
func (s *Server) profiles(c *call) error {
	if name := c.Param("profile"); !isProfile(name) {
		return notFound.because(nil)
	}
	_ = http.NewResponseController(c.Response()).SetWriteDeadline(s.cfg.Now().Add(profiling)) // without it, as long as the server's own
	c.record.code = http.StatusOK
	c.Response().Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	handler := http.HandlerFunc(pprof.Index)
	switch name := c.Param("profile"); name {
	case "":
	case "profile":
		handler = pprof.Profile
	case "trace":
		handler = pprof.Trace
	case "symbol":
		handler = pprof.Symbol
	default:
		handler = pprof.Handler(name).ServeHTTP
	}
	handler(c.Response(), c.Request())
	return nil
}

// isProfile leaves out the command line, which may hold what nobody should read.
func isProfile(name string) bool {
	switch name {
	case "", "profile", "trace", "symbol":
		return true
	default:
		return runtime.Lookup(name) != nil
	}
}
