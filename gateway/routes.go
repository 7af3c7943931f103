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
	service               // a service key: another server of ours
	sender                // a session for itself, or a service key for anybody bound
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
	// settling is what a write has beyond a query's time to find out what became of it.
	settling = 2 * time.Second
	// settlingAll is for an admin who ends the bindings of a whole company.
	settlingAll = 20 * time.Second
)

// routes is the whole surface. Everything that is not in it is 404, and a new line without an access level does not
// compile: deny is the default.
func (s *Server) routes() []route {
	page, write := s.cfg.QueryTimeout, max(s.cfg.QueryTimeout, s.cfg.WriteTimeout)+settling
	return []route{
		{http.MethodPost, loginPath, anyone, slow, (*Server).login},
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

		{http.MethodGet, "/api/product/barcode", bound, page, (*Server).productByBarcode},
		{http.MethodGet, "/api/warehouse/list", bound, page, (*Server).warehouses},
		{http.MethodGet, "/api/inventory/list", bound, page, (*Server).inventory},
		{http.MethodPost, "/api/inventory/record", bound, write, (*Server).recordStock},
		{http.MethodPost, "/api/orders", bound, write, (*Server).createOrder},
		{http.MethodGet, "/api/approvals", bound, page, (*Server).approvals},
		{http.MethodPost, "/api/approvals/:id/approve", bound, write + 2*page, (*Server).approve},
		{http.MethodPost, "/api/approvals/:id/reject", bound, write + 2*page, (*Server).reject},
		{http.MethodGet, "/api/dashboard/summary", bound, page, (*Server).dashboard},
		{http.MethodGet, "/api/insights/replenishment", bound, slow, (*Server).replenishment},
		{http.MethodGet, "/api/insights/abc", bound, slow, (*Server).classes},
		{http.MethodGet, "/api/insights/sales", bound, slow, (*Server).salesSeries},

		{http.MethodPost, "/api/wechat/template-msg", sender, quick, (*Server).sendMessage},
		{http.MethodGet, "/api/wechat/template-msg/:id", sender, quick, (*Server).followMessage},
		{http.MethodPost, "/api/wechat/subscriptions", member, quick, (*Server).takeSubscriptions},
		{http.MethodPost, "/api/erp/events", service, slow, (*Server).takeERPEvent},
		{http.MethodGet, callbackPath, anyone, quick, (*Server).checkCallback}, // the signature is the credential
		{http.MethodPost, callbackPath, anyone, pushWithin, (*Server).takePush},

		{http.MethodGet, "/api/health/check", anyone, quick, (*Server).healthCheck},
		{http.MethodGet, "/api/admin/overview", admin, quick, (*Server).overview},
		{http.MethodPost, "/api/admin/erp/probe", admin, slow, (*Server).probeNow},
		{http.MethodPost, "/api/admin/erp/standby", admin, quick, (*Server).forceStandby},
		{http.MethodGet, "/api/admin/alerts", admin, quick, (*Server).showAlerts},
		{http.MethodPost, "/api/admin/alerts/test", admin, slow, (*Server).testAlerts},
		{http.MethodGet, "/api/admin/maintenance", admin, quick, (*Server).listMaintenance},
		{http.MethodPost, "/api/admin/maintenance", admin, quick, (*Server).openMaintenance},
		{http.MethodDelete, "/api/admin/maintenance", admin, quick, (*Server).closeMaintenance},
		{http.MethodGet, "/api/admin/sessions", admin, slow, (*Server).showSessions},
		{http.MethodDelete, "/api/admin/sessions", admin, quick, (*Server).endPersonsSessions},
		{http.MethodDelete, "/api/admin/sessions/:id", admin, quick, (*Server).endOneSession},
		{http.MethodDelete, "/api/admin/bindings", admin, settlingAll, (*Server).endBindings},
		{http.MethodGet, "/api/admin/config", admin, quick, (*Server).showConfig},
		{http.MethodGet, "/api/admin/calls", admin, slow, (*Server).searchCalls},
		{http.MethodGet, "/api/admin/calls/:id", admin, slow, (*Server).oneCall},
		{http.MethodGet, "/api/admin/messages", admin, slow, (*Server).searchMessages},
		{http.MethodPost, "/api/admin/messages/:id/retry", admin, quick, (*Server).retryMessage},
		{http.MethodPost, "/api/admin/messages/:id/drop", admin, quick, (*Server).dropMessage},
		{http.MethodGet, "/api/admin/queue", admin, quick, (*Server).queueStatus},
		{http.MethodPost, "/api/admin/queue/resume", admin, quick, (*Server).resumeQueue},
		{http.MethodGet, "/api/erp/status", admin, quick, (*Server).erpStatus},
		{http.MethodGet, "/api/metrics/performance", admin, quick, (*Server).performance},

		{http.MethodGet, "/livez", anyone, quick, (*Server).livez},
		{http.MethodGet, "/readyz", anyone, quick, (*Server).readyz},
		{http.MethodGet, "/metrics", scraper, quick, (*Server).prometheus},
		{http.MethodGet, "/console", anyone, quick, (*Server).consoleIndex},
		{http.MethodGet, "/console/session", anyone, quick, (*Server).consoleSession},
		{http.MethodPost, consoleLoginPath, anyone, quick, (*Server).consoleLogin},
		{http.MethodPost, consoleOutPath, anyone, quick, (*Server).consoleLogout},
		{http.MethodGet, consolePath, anyone, slow, (*Server).consoleFiles},
		{http.MethodGet, "/debug/pprof", admin, profiling, (*Server).profiles},
		{http.MethodGet, "/debug/pprof/:profile", admin, profiling, (*Server).profiles},
		{http.MethodGet, "/docs", anyone, quick, (*Server).docs},
		{http.MethodGet, "/docs/openapi.yaml", anyone, quick, (*Server).openAPI},
	}
}
