package gateway

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"snowgate/session"
)

// call makes a route's request with a token.
func (w *world) call(r route, token string) answer {
	w.t.Helper()
	return w.do(w.requestFor(r, token))
}

// requestFor is a route's request; the body is right for the routes that need one.
func (w *world) requestFor(r route, token string) *http.Request {
	w.t.Helper()
	body := ""
	switch r.method + r.path {
	case "POST/api/auth/wx-login":
		body = `{"code":"code-of-` + alice + `"}`
	case "POST/api/auth/erp-bind":
		body = `{"inviteCode":"` + inviteCode + `"}`
	case "POST" + callbackPath:
		body = `{"Event":"debug_demo"}`
	case "POST/api/erp/events":
		return signedEvent(token, anEvent, time.Now())
	case "POST/api/wechat/template-msg":
		body = `{"openid":"` + alice + `","templateId":"` + aTemplate + `","data":` + goodData + `}`
	case "POST/api/wechat/subscriptions":
		body = `{"results":{"` + aTemplate + `":"accept"}}`
	case "POST/api/inventory/record":
		body = `{"productId":"7001","warehouseId":"1","quantity":2.5,"type":"in"}`
	case "POST" + consoleLoginPath:
		body = `{"token":"` + adminToken + `"}`
	case "POST/api/admin/erp/probe":
		body = `{"channel":"primary"}`
	case "POST/api/admin/erp/standby":
		body = `{"force":true}`
	case "POST/api/admin/maintenance":
		body = `{"to":"` + time.Now().Add(time.Hour).Format(time.RFC3339) + `","pattern":"part.erp*"}`
	case "POST/api/orders":
		body = `{"customerId":"C1","lines":[{"productId":"7001","quantity":1}]}`
	}
	id := anOrder
	if strings.Contains(r.path, "material/") {
		id = aMaterial
	}
	target := strings.NewReplacer(":id", id, ":profile", "heap", "*", "app.css").Replace(r.path)
	switch r.path {
	case "/api/product/barcode":
		target += "?barcode=" + aBarcode
	case "/api/insights/replenishment":
		target += "?orderingCost=50&holdingCost=2"
	}
	switch r.method + r.path {
	case "DELETE/api/admin/maintenance":
		target += "?id=none-such"
	case "GET/api/admin/sessions", "DELETE/api/admin/sessions":
		target += "?user=" + alice
	case "DELETE/api/admin/bindings":
		target += "?companyId=CO1"
	}
	if r.path == callbackPath {
		target += "?" + signedQuery(time.Now()).Encode() + "&echostr=1"
	}
	return authorized(request(r.method, target, body), token)
}

// Every route, called by everybody who might come along, answers as its line in the table says.
func TestAccessWalk(t *testing.T) {
	w := newWorld(t)
	callers := map[string]func() string{
		"nobody":    func() string { return "" },
		"forger":    func() string { return strings.Repeat("A", 43) },
		"stranger":  func() string { return "an-older-admin-token-0001" },
		"revoked":   func() string { token := w.login(alice); w.post("/api/auth/logout", token, "").ok(t); return token },
		"user":      func() string { return w.login(alice) },
		"bound":     func() string { return w.loginBound(alice) },
		"another":   func() string { w.loginBound(alice); return w.login(bob) },
		"admin":     func() string { return adminToken },
		"server":    func() string { return serviceKey },
		"old admin": func() string { return "an-older-admin-token-0000" },
		"expired": func() string {
			token := w.login(alice)
			w.forward(7*24*time.Hour + time.Second)
			return token
		},
	}
	type verdict struct {
		code int
		name string
	}
	gone, noAdmin, unbound := verdict{401, "session_expired"}, verdict{403, "forbidden"}, verdict{403, "erp_not_bound"}
	want := map[access]map[string]verdict{ // what is not here is a success
		anyone: {},
		member: {"nobody": gone, "forger": gone, "stranger": gone, "revoked": gone, "expired": gone, "admin": gone, "old admin": gone},
		bound: {"nobody": gone, "forger": gone, "stranger": gone, "revoked": gone, "expired": gone, "admin": gone, "old admin": gone,
			"user": unbound, "another": unbound},
		admin: {"nobody": gone, "forger": gone, "stranger": gone, "revoked": gone, "expired": gone,
			"user": noAdmin, "bound": noAdmin, "another": noAdmin},
	}
	want[scraper] = want[admin]
	want[service] = map[string]verdict{"nobody": gone, "forger": gone, "stranger": gone, "revoked": gone, "expired": gone,
		"admin": gone, "old admin": gone, "user": noAdmin, "bound": noAdmin, "another": noAdmin}
	want[sender] = map[string]verdict{"nobody": gone, "forger": gone, "stranger": gone, "revoked": gone, "expired": gone,
		"admin": gone, "old admin": gone}
	for _, who := range []access{member, bound, admin, scraper} {
		want[who]["server"] = gone
	}
	nothing := verdict{404, "not_found"}
	want2 := map[string]map[string]verdict{ // let in, there is nothing to be had
		"GET/api/wechat/template-msg/:id":   {"server": nothing, "user": nothing, "bound": nothing, "another": nothing},
		"POST/api/wechat/template-msg":      {"server": nothing, "user": {422, "no_consent"}, "bound": {422, "no_consent"}, "another": {403, "openid_mismatch"}},
		"POST/api/admin/messages/:id/retry": {"admin": nothing, "old admin": nothing},
		"POST/api/admin/messages/:id/drop":  {"admin": nothing, "old admin": nothing},
		"DELETE/api/admin/maintenance":      {"admin": nothing, "old admin": nothing},
		"DELETE/api/admin/sessions/:id":     {"admin": nothing, "old admin": nothing},
		"GET/api/admin/calls/:id":           {"admin": nothing, "old admin": nothing},
		"GET/console/session":               {}, // a token is no cookie
	}
	for caller := range callers {
		want2["GET/console/session"][caller] = gone
	}
	for _, r := range w.server.routes() {
		for caller, token := range callers {
			t.Run(r.method+" "+r.path+" by "+caller, func(t *testing.T) {
				w.redis.FlushAll()
				a := w.call(r, token())
				v, refused := want[r.who][caller]
				if !refused {
					v, refused = want2[r.method+r.path][caller]
				}
				if refused {
					a.is(t, v.code, v.name)
				} else if (a.status != http.StatusOK || a.Code != 0) && a.status != http.StatusPermanentRedirect {
					t.Errorf("refused: %d %s", a.status, a.raw)
				}
			})
		}
	}
}

// Without admin tokens nobody is an admin.
func TestNoAdminTokensNoAdmins(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *Deps) { c.AdminTokens = nil })
	w.get("/api/erp/status", adminToken).is(t, 401, "session_expired")
	w.do(request(http.MethodGet, "/api/erp/status", "", "Authorization", "Bearer ")).is(t, 401, "session_expired")
	w.get("/api/erp/status", w.login(alice)).is(t, 403, "forbidden")
}

// A session used in the second half of its life goes on, and the client is told until when.
func TestSessionSlides(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	first := w.get("/api/user/profile", token).ok(t).header.Get("X-Session-Expires")
	changes := len(w.log.sessions)
	w.forward(5 * 24 * time.Hour)
	second := w.get("/api/user/profile", token).ok(t)
	if second.header.Get("X-Session-Expires") != second.data["expiresAt"] {
		t.Errorf("header says %s, body %s", second.header.Get("X-Session-Expires"), second.data["expiresAt"])
	}
	if len(w.log.sessions) != changes+1 || !w.log.sessions[changes].Active {
		t.Errorf("the renewal is not written down: %+v", w.log.sessions)
	}
	w.forward(5 * 24 * time.Hour)
	if third := w.get("/api/user/profile", token).ok(t).header.Get("X-Session-Expires"); first == "" || third < first {
		t.Errorf("session expires %s, then %s", first, third)
	}
}

// A failing store is told apart from a session that is gone, whatever the store was asked for.
type brokenStore struct {
	Arrivals
	session, binding error
}

func (b brokenStore) Arrive(ctx context.Context, token string, want session.Wanted) (session.Arrival, error) {
	if b.session != nil {
		return session.Arrival{}, b.session
	}
	a, err := b.Arrivals.Arrive(ctx, token, want)
	if b.binding != nil {
		a.Binding, a.BindingErr = session.Binding{}, b.binding
	}
	return a, err
}

// 401 is said where a session was looked up and is not there, and nowhere else.
func TestOnlyALostSessionIs401(t *testing.T) {
	rows := []struct {
		name             string
		session, binding error
		code             int
		fault            string
	}{
		{"no such session", session.ErrNotFound, nil, 401, "session_expired"},
		{"session sealed under a dropped key", session.ErrUnreadable, nil, 401, "session_expired"},
		{"store away at the session", session.ErrUnavailable, nil, 503, "store_unavailable"},
		{"caller gone at the session", context.Canceled, nil, 503, "store_unavailable"},
		{"late at the session", context.DeadlineExceeded, nil, 503, "store_unavailable"},
		{"no such thing at the binding", nil, session.ErrNotFound, 500, "internal"},
		{"store away at the binding", nil, session.ErrUnavailable, 503, "store_unavailable"},
		{"binding sealed under a dropped key", nil, session.ErrUnreadable, 403, "erp_not_bound"},
		{"no binding", nil, session.ErrNotBound, 403, "erp_not_bound"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			broken := &brokenStore{}
			w := newWorld(t, func(_ *Config, d *Deps) {
				broken.Arrivals = d.Arrivals
				d.Arrivals = broken
			})
			token := w.login(alice)
			broken.session, broken.binding = row.session, row.binding
			w.get("/api/orders/"+anOrder, token).is(t, row.code, row.fault)
		})
	}
}

// Redis away is 503 with a time to come back, on every route that needs it, and never 401: the session is still good
// when Redis is back.
func TestRedisDownNeverLogsOut(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.redis.Close()
	for _, r := range w.server.routes() {
		if r.who == anyone && r.path != "/api/auth/wx-login" {
			continue
		}
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			a := w.call(r, token)
			a.is(t, 503, "store_unavailable")
			if a.RetryAfter < 1 || a.header.Get("Retry-After") == "" {
				t.Errorf("no retryAfter: %s", a.raw)
			}
		})
	}
	w.get("/api/health/check", "").ok(t)
	w.get("/livez", "")
	w.get("/api/erp/status", adminToken).ok(t)
	w.get("/api/orders/"+anOrder, "").is(t, 401, "session_expired")
	if err := w.redis.Restart(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second) // go-redis dials anew once a second
	for a := w.get("/api/orders/"+anOrder, token); a.Code != 0; a = w.get("/api/orders/"+anOrder, token) {
		a.is(t, 503, "store_unavailable")
		if time.Now().After(deadline) {
			t.Fatal("still not served after Redis is back")
		}
	}
}

// TestListedNetworksReadTheMetricsWithoutAToken keeps: the address counts for /metrics alone, and a forged header does
// not make one. httptest's requests come from 192.0.2.1.
func TestListedNetworksReadTheMetricsWithoutAToken(t *testing.T) {
	network := func(cidr string) func(*Config, *Deps) {
		_, n, err := net.ParseCIDR(cidr)
		if err != nil {
			t.Fatal(err)
		}
		return func(c *Config, _ *Deps) { c.MetricsNetworks = []*net.IPNet{n} }
	}
	listed, other := newWorld(t, network("192.0.2.0/24")), newWorld(t, network("10.0.0.0/8"))
	if a := listed.get("/metrics", ""); a.status != http.StatusOK {
		t.Errorf("a listed network got %d: %s", a.status, a.raw)
	}
	if a := listed.get("/api/erp/status", ""); a.status != http.StatusUnauthorized {
		t.Errorf("a listed network got %d on an admin route", a.status)
	}
	if a := other.get("/metrics", "", "X-Forwarded-For", "10.1.2.3"); a.status != http.StatusUnauthorized {
		t.Errorf("another network with a forged header got %d", a.status)
	}
}
