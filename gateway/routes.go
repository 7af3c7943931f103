package gateway

import (
	"net/http"
	"time"
)

// access is who may call a route.
type access int

const (
	anyone  access = iota // no identity asked for
	member                // a session
	bound                 // a session whose openid is bound to the ERP
	admin                 // an admin token
	scraper               // an admin token or a listed network; answers outside the envelope
)

// route is one line of the table: what is answered, to whom, and how long it may take.
type route struct {
	method, path string
	who          access
	within       time.Duration
	handle       func(*Server, *call) error
}

// Deadlines by what a route waits for. A page must be up in 3 s; a bind logs in to the ERP in two steps; the rest asks
// Redis at most.
const (
	quick = time.Second
	slow  = 8 * time.Second
)

// routes is the whole surface. Everything that is not in it is 404, and a new line without an access level does not
// compile: deny is the default.
func (s *Server) routes() []route {
	page := s.cfg.QueryTimeout
	return []route{
		{http.MethodPost, "/api/auth/wx-login", anyone, slow, (*Server).login},
		{http.MethodPost, "/api/auth/logout", member, quick, (*Server).logout},
		{http.MethodPost, "/api/auth/erp-bind", member, slow, (*Server).bind},
		{http.MethodDelete, "/api/auth/erp-bind", member, quick, (*Server).unbind},
		{http.MethodGet, "/api/user/profile", member, quick, (*Server).profile},
		{http.MethodGet, "/api/user/export", member, slow, (*Server).exportUser},
		{http.MethodDelete, "/api/user", member, slow, (*Server).forgetUser},

		{http.MethodGet, "/api/orders/search", bound, page, (*Server).searchOrders},
		{http.MethodGet, "/api/orders/:id", bound, page, (*Server).orderDetail},
		{http.MethodGet, "/api/orders/:id/status", bound, page, (*Server).orderStatus},
		{http.MethodGet, "/api/orders/:id/materials", bound, page, (*Server).orderMaterials},
		{http.MethodGet, "/api/materials/:id/progress", bound, page, (*Server).materialProgress},

		{http.MethodGet, callbackPath, anyone, quick, (*Server).checkCallback}, // the signature is the credential
		{http.MethodPost, callbackPath, anyone, pushWithin, (*Server).takePush},

		{http.MethodGet, "/api/health/check", anyone, quick, (*Server).healthCheck},
		{http.MethodGet, "/api/admin/calls", admin, slow, (*Server).searchCalls},
		{http.MethodGet, "/api/erp/status", admin, quick, (*Server).erpStatus},
		{http.MethodGet, "/api/metrics/performance", admin, quick, (*Server).performance},

		{http.MethodGet, "/livez", anyone, quick, (*Server).livez},
		{http.MethodGet, "/readyz", anyone, quick, (*Server).readyz},
		{http.MethodGet, "/metrics", scraper, quick, (*Server).prometheus},
		{http.MethodGet, "/docs", anyone, quick, (*Server).docs},
		{http.MethodGet, "/docs/openapi.yaml", anyone, quick, (*Server).openAPI},
	}
}
