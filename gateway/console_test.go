package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// consoleLogin logs in at the console and returns the cookie and what has to be sent beside it.
func (w *world) consoleLogin(token string) (cookie *http.Cookie, csrf string) {
	w.t.Helper()
	a := w.post(consoleLoginPath, "", `{"token":"`+token+`"}`).ok(w.t)
	set := (&http.Response{Header: a.header}).Cookies()
	if len(set) != 1 {
		w.t.Fatalf("%d cookies", len(set))
	}
	csrf, _ = a.data["csrf"].(string)
	w.mu.Lock()
	w.secrets, w.private = append(w.secrets, set[0].Value), append(w.private, csrf)
	w.mu.Unlock()
	return set[0], csrf
}

// The cookie is one that no script reads, no other site sends, and that says nothing by itself.
func TestConsoleCookie(t *testing.T) {
	w := newWorld(t)
	cookie, csrf := w.consoleLogin(adminToken)
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.MaxAge != 12*60*60 || len(cookie.Value) != 43 || cookie.Secure {
		t.Errorf("cookie %v", cookie)
	}
	if strings.Contains(csrf, cookie.Value) || csrf == "" {
		t.Errorf("csrf %q", csrf)
	}
	if dump := w.redis.Dump(); strings.Contains(dump, cookie.Value) || strings.Contains(dump, csrf) || strings.Contains(dump, adminToken) {
		t.Error("Redis can read it")
	}
	again, _ := w.consoleLogin(adminToken)
	if again.Value == cookie.Value {
		t.Error("two logins have one cookie")
	}
	if row := w.log.last(); row.Endpoint != consoleLoginPath || row.Response != "" || !strings.Contains(row.Params, "token") {
		t.Errorf("row %+v", row)
	}
}

// The cookie is Secure where the browser came by TLS, which a proxy may have ended.
func TestConsoleCookieIsSecureBehindTLS(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *Deps) { c.HSTS = true })
	for name, row := range map[string]struct {
		change func(*http.Request)
		secure bool
	}{
		"from elsewhere":                 {func(*http.Request) {}, true},
		"through a proxy on the machine": {func(r *http.Request) { r.RemoteAddr = "127.0.0.1:4711"; r.Header.Set("X-Forwarded-For", "203.0.113.7") }, true},
		"around the proxy":               {func(r *http.Request) { r.RemoteAddr = "127.0.0.1:4711" }, false},
	} {
		r := request(http.MethodPost, consoleLoginPath, `{"token":"`+adminToken+`"}`)
		row.change(r)
		a := w.do(r).ok(t)
		cookie := (&http.Response{Header: a.header}).Cookies()[0]
		w.secrets = append(w.secrets, cookie.Value)
		if cookie.Secure != row.secure {
			t.Errorf("%s: %v", name, cookie)
		}
	}
}

// The cookie with its header opens what an admin token opens, and nothing else looks at it. Alone it opens nothing.
func TestConsoleCookieOpensAdminRoutesOnly(t *testing.T) {
	w := newWorld(t)
	for _, r := range w.server.routes() {
		if strings.HasPrefix(r.path, "/console") {
			continue
		}
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			w.redis.FlushAll()
			cookie, csrf := w.consoleLogin(adminToken)
			with := func(headers ...string) answer {
				return w.callWith(r, append([]string{"Cookie", cookie.String()}, headers...)...)
			}
			nobody, tokened := w.call(r, ""), w.call(r, adminToken)
			for name, a := range map[string]answer{
				"the cookie alone": with(), "a wrong header": with(headerConsole, csrf+"x"), "an empty header": with(headerConsole, ""),
				"the cookie in the header": with(headerConsole, cookie.Value), "two headers": with(headerConsole, csrf, headerConsole, csrf),
				"the header alone": w.callWith(r, headerConsole, csrf), "a bearer beside it": with(headerConsole, csrf, "Authorization", "Bearer x"),
				"two cookies": with("Cookie", cookie.String(), headerConsole, csrf), "as a bearer": w.call(r, cookie.Value),
			} {
				if a.status != nobody.status || a.Error != nobody.Error {
					t.Errorf("%s: %d %s, without it %d %s", name, a.status, a.Error, nobody.status, nobody.Error)
				}
			}
			want := nobody
			if r.who == admin || r.who == scraper {
				want = tokened
			}
			if a := with(headerConsole, csrf); a.status != want.status || a.Error != want.Error {
				t.Errorf("with both: %d %s, want %d %s", a.status, a.Error, want.status, want.Error)
			}
		})
	}
}

// callWith is call with headers instead of a token.
func (w *world) callWith(r route, headers ...string) answer {
	w.t.Helper()
	req := w.requestFor(r, "")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return w.do(req)
}

// A session at the console ends by itself, by logging out, and with the token it was made with; an outage ends none.
func TestConsoleSessionEnds(t *testing.T) {
	w := newWorld(t)
	session := func(cookie *http.Cookie) answer {
		t.Helper()
		return w.do(request(http.MethodGet, "/console/session", "", "Cookie", cookie.String()))
	}
	cookie, csrf := w.consoleLogin(adminToken)
	if a := session(cookie).ok(t); a.data["csrf"] != csrf || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("session: %s %v", a.raw, a.header)
	}
	other, _ := w.consoleLogin("an-older-admin-token-0000")
	out := w.do(request(http.MethodPost, consoleOutPath, "", "Cookie", cookie.String())).ok(t)
	if gone := (&http.Response{Header: out.header}).Cookies(); len(gone) != 1 || gone[0].MaxAge >= 0 {
		t.Errorf("cookies %v", gone)
	}
	session(cookie).is(t, 401, "session_expired")
	w.do(request(http.MethodPost, consoleOutPath, "", "Cookie", cookie.String())).ok(t)
	w.do(request(http.MethodPost, consoleOutPath, "")).ok(t)
	session(other).ok(t)

	next := w.server.cfg
	next.AdminTokens = []string{adminToken}
	w.server.Reconfigure(next)
	session(other).is(t, 401, "session_expired")

	cookie, csrf = w.consoleLogin(adminToken)
	w.redis.SetError("LOADING")
	session(cookie).is(t, 503, "store_unavailable")
	w.do(request(http.MethodGet, "/api/erp/status", "", "Cookie", cookie.String(), headerConsole, csrf)).is(t, 503, "store_unavailable")
	w.redis.SetError("")
	session(cookie).ok(t)
	w.forward(consoleLife + time.Second)
	session(cookie).is(t, 401, "session_expired")
}

// Guesses at a token are counted per address; what was right does not use them up.
func TestConsoleGuessesAreCounted(t *testing.T) {
	w := newWorld(t)
	for range consoleTries + 5 {
		w.consoleLogin(adminToken)
	}
	for range consoleTries {
		w.post(consoleLoginPath, "", `{"token":"a-wrong-admin-token-00000"}`).is(t, 403, "forbidden")
	}
	if a := w.post(consoleLoginPath, "", `{"token":"`+adminToken+`"}`); a.Error != "too_many_attempts" || a.RetryAfter < 1 {
		t.Errorf("answered %s", a.raw)
	}
	elsewhere := request(http.MethodPost, consoleLoginPath, `{"token":"a-wrong-admin-token-00000"}`)
	elsewhere.RemoteAddr = "203.0.113.9:4711"
	w.do(elsewhere).is(t, 403, "forbidden")
	w.forward(consoleWindow + time.Second)
	w.consoleLogin(adminToken)
	for _, body := range []string{`{}`, `{"token":7}`, `{"token":""}`, `{"token":"` + strings.Repeat("x", 600) + `"}`} {
		w.post(consoleLoginPath, "", body).is(t, 400, "bad_field")
	}
}

// Without a console there is nothing below /console, and nothing to log in to.
func TestNoConsole(t *testing.T) {
	w := newWorld(t)
	cookie, csrf := w.consoleLogin(adminToken)
	w.server.deps.Console = nil
	for _, r := range w.server.routes() {
		if strings.HasPrefix(r.path, "/console") {
			w.call(r, adminToken).is(t, 404, "not_found")
		}
	}
	w.do(request(http.MethodGet, "/api/erp/status", "", "Cookie", cookie.String(), headerConsole, csrf)).is(t, 401, "session_expired")
}

// The files come from the console's own handler, the index as well.
func TestConsoleFiles(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/console/", "/console/js/main.js"} {
		if a := w.get(path, ""); a.status != 200 || a.raw != "<title>console</title>" || a.header.Get("X-Asked-For") != path {
			t.Errorf("%s: %d %s", path, a.status, a.raw)
		}
	}
	if a := w.get("/console", ""); a.status != http.StatusPermanentRedirect || a.header.Get("Location") != "/console/" {
		t.Errorf("%d %v", a.status, a.header)
	}
}
