package sandbox

import (
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"
)

const ordersPath = "/business/getBusinessPageList"

func TestERPLoginGivesTwoCookiesAndTheAppAThird(t *testing.T) {
	e := NewERP(ERPOptions{})
	c := newERPClient(t, serve(t, e))
	if got := c.login("alice.chen", "snow-alice-1"); got.object(t)["success"] != true || c.sid == "" || c.portal == "" {
		t.Fatalf("login: %s, sid %q, portal %q", got.body, c.sid, c.portal)
	}
	answers := c.openApp("10001")
	last := answers[len(answers)-1]
	if len(answers) < 3 || last.status != http.StatusOK || last.cookies["JSESSIONID"] != "" {
		t.Errorf("the app's cookie must come on the way, not with the last of %d answers (%d)", len(answers), last.status)
	}
	if c.app == "" || c.app == c.portal {
		t.Errorf("app's JSESSIONID %q, portal's %q", c.app, c.portal)
	}
}

func TestERPTicketsWorkOnce(t *testing.T) {
	e := NewERP(ERPOptions{})
	c := newERPClient(t, serve(t, e))
	c.login("alice.chen", "snow-alice-1")
	way := c.openApp("10001")[0].header.Get("Location")
	for _, path := range []string{way, "/business/sso", "/business/sso?ticket=x"} {
		if got := ask(t, c.http, "GET", c.url+path, nil); got.status != http.StatusUnauthorized || got.cookies["JSESSIONID"] != "" {
			t.Errorf("%s: %d %v", path, got.status, got.cookies)
		}
	}
}

// TestERPCookiesSuitABrowser logs in with a cookie jar and automatic redirects: the
// cookies' paths alone must keep the two JSESSIONIDs apart.
func TestERPCookiesSuitABrowser(t *testing.T) {
	e := NewERP(ERPOptions{})
	url := serve(t, e)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := plainClient(t)
	browser.Jar, browser.CheckRedirect = jar, nil
	c := &erpClient{t: t, http: browser, url: url}
	c.login("alice.chen", "snow-alice-1")
	if got := ask(t, browser, "GET", url+"/apps/user/open-app/10001", nil); got.status != http.StatusOK {
		t.Fatalf("open-app: %d", got.status)
	}
	got := ask(t, browser, "POST", url+ordersPath, m{"appName": "SnowInventory-10001", "formId": formOrders})
	if got.object(t)["success"] != true {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestERPAppCookieCanComeWithTheLastAnswer(t *testing.T) {
	e := NewERP(ERPOptions{})
	e.SetAppCookieOnLast(true)
	c := newERPClient(t, serve(t, e))
	c.login("alice.chen", "snow-alice-1")
	answers := c.openApp("10001")
	for i, a := range answers {
		if isLast := i == len(answers)-1; (a.cookies["JSESSIONID"] != "") != isLast {
			t.Errorf("answer %d of %d: cookies %v", i+1, len(answers), a.cookies)
		}
	}
	if _, total := c.page(formOrders, m{"columns": []string{"id"}}); total != "110" {
		t.Errorf("orders: %s", total)
	}
}

func TestERPBusinessNeedsBothCookiesAndTheAppsOwn(t *testing.T) {
	e := NewERP(ERPOptions{})
	url := serve(t, e)
	c := loggedIn(t, e, url, "alice.chen")
	other := loggedIn(t, e, url, "bob.wang")
	for name, cookies := range map[string]string{
		"none":                    "",
		"sid only":                "sid=" + c.sid,
		"app only":                "JSESSIONID=" + c.app,
		"portal's instead":        "JSESSIONID=" + c.portal + "; sid=" + c.sid,
		"portal's before the own": "JSESSIONID=" + c.portal + "; JSESSIONID=" + c.app + "; sid=" + c.sid,
		"somebody else's app":     "JSESSIONID=" + other.app + "; sid=" + c.sid,
		"made up":                 "JSESSIONID=a; sid=b",
	} {
		if got := ask(t, c.http, "POST", url+ordersPath, m{}, "Cookie", cookies); got.status != http.StatusUnauthorized {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func TestERPExpiredSessionHasItsForms(t *testing.T) {
	forms := map[string]func(reply) bool{
		"status":    func(r reply) bool { return r.status == http.StatusUnauthorized },
		"status403": func(r reply) bool { return r.status == http.StatusForbidden },
		"redirect": func(r reply) bool {
			return r.status == http.StatusFound && r.header.Get("Location") == "/apps/login"
		},
		"html": func(r reply) bool {
			return r.status == http.StatusOK && strings.HasPrefix(r.header.Get("Content-Type"), "text/html") && strings.Contains(string(r.body), "登录")
		},
		"body": func(r reply) bool {
			return r.status == http.StatusOK && strings.HasPrefix(string(r.body), `{"success":false,"message":`)
		},
		"no such form": func(r reply) bool { return r.status == http.StatusInternalServerError },
	}
	e := NewERP(ERPOptions{})
	url := serve(t, e)
	for form, right := range forms {
		c := loggedIn(t, e, url, "alice.chen")
		e.ExpireSessions(form)
		if got := c.raw("getBusinessPageList", m{"formId": formOrders}); !right(got) {
			t.Errorf("%s: business call answered %d %s", form, got.status, got.body)
		}
		if got := ask(t, c.http, "GET", url+"/apps/user/open-app/10001", nil, "Cookie", "sid="+c.sid); !right(got) {
			t.Errorf("%s: open-app answered %d %s", form, got.status, got.body)
		}
	}
	if got := ask(t, plainClient(t), "GET", url+"/apps/login", nil); got.status != http.StatusOK {
		t.Errorf("login page: %d", got.status)
	}
}

func TestERPSessionEndsByTheClock(t *testing.T) {
	clk := newClock()
	e := NewERP(ERPOptions{Now: clk.Now})
	c := loggedIn(t, e, serve(t, e), "alice.chen")
	call := func() int { return c.raw("getBusinessPageList", m{"formId": formOrders}).status }
	clk.now = clk.now.Add(5*time.Minute - time.Second)
	if got := call(); got != http.StatusOK {
		t.Errorf("just before 5 minutes: %d", got)
	}
	clk.now = clk.now.Add(time.Second)
	if got := call(); got != http.StatusUnauthorized {
		t.Errorf("after 5 minutes: %d", got)
	}
}

func TestERPRefusesAWrongPasswordInBothForms(t *testing.T) {
	e := NewERP(ERPOptions{})
	c := newERPClient(t, serve(t, e))
	got := c.login("alice.chen", "wrong")
	if out := got.object(t); got.status != 200 || out["success"] != false || out["message"] == "" || c.sid != "" {
		t.Errorf("message form: %d %s", got.status, got.body)
	}
	e.SetWrongPasswordForm("no-sid")
	got = c.login("nobody", "wrong")
	if got.status != 200 || strings.TrimSpace(string(got.body)) != "{}" || c.sid != "" || c.portal == "" {
		t.Errorf("no-sid form: %d %s %v", got.status, got.body, got.cookies)
	}
}

func TestERPLocksAnAccountAfterFiveWrongPasswords(t *testing.T) {
	clk := newClock()
	e := NewERP(ERPOptions{Now: clk.Now})
	c := newERPClient(t, serve(t, e))
	wrong := func(times int) {
		for range times {
			c.login("bob.wang", "wrong")
		}
	}
	right := func() string { return text(c.login("bob.wang", "snow-bob-1").object(t)["message"]) }
	wrong(4)
	if got := right(); got != "" {
		t.Errorf("four wrong ones must not lock: %s", got)
	}
	wrong(5)
	if got := right(); got != "账号已锁定" || c.sid != "" {
		t.Errorf("right password after five wrong ones: %q", got)
	}
	if got := c.login("alice.chen", "snow-alice-1"); got.cookies["sid"] == "" {
		t.Error("another account must not be locked")
	}
	clk.now = clk.now.Add(15 * time.Minute)
	if got := right(); got != "" {
		t.Errorf("after 15 minutes: %q", got)
	}
	for range 10 { // spread out, so that no window of 15 minutes holds five
		clk.now = clk.now.Add(4 * time.Minute)
		wrong(1)
	}
	if got := right(); got != "" {
		t.Errorf("wrong passwords far apart locked: %q", got)
	}
}

func TestERPLoginRefusesOtherBodies(t *testing.T) {
	url := serve(t, NewERP(ERPOptions{}))
	c := plainClient(t)
	for name, body := range map[string]any{
		"no state":         m{"account": "alice.chen", "token": "", "password": "x"},
		"no token":         m{"state": true, "account": "alice.chen", "password": "x"},
		"not an object":    "x",
		"plain password":   m{"state": true, "account": "alice.chen", "token": "", "password": "snow-alice-1"},
		"sha1 of nothing":  m{"state": true, "account": "alice.chen", "token": "", "password": ""},
		"password missing": m{"state": true, "account": "alice.chen", "token": ""},
	} {
		got := ask(t, c, "POST", url+"/apps/service/login", body)
		if got.object(t)["success"] != false || got.cookies["sid"] != "" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	if got := ask(t, c, "GET", url+"/apps/service/login", nil); got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", got.status)
	}
}

func TestERPPlainDigestTakesThePasswordItself(t *testing.T) {
	url := serve(t, NewERP(ERPOptions{PasswordDigest: "plain"}))
	got := ask(t, plainClient(t), "POST", url+"/apps/service/login",
		m{"state": true, "account": "alice.chen", "token": "", "password": "snow-alice-1"})
	if got.cookies["sid"] == "" {
		t.Errorf("refused: %s", got.body)
	}
}

func TestERPOpenAppKnowsItsApp(t *testing.T) {
	e := NewERP(ERPOptions{AppID: "20002"})
	c := newERPClient(t, serve(t, e))
	c.login("alice.chen", "snow-alice-1")
	if got := c.openApp("10001"); got[0].object(t)["success"] != false {
		t.Errorf("foreign app opened: %s", got[0].body)
	}
	if c.openApp("20002"); c.app == "" {
		t.Error("own app not opened")
	}
}

func TestERPLoginTakesItsTime(t *testing.T) {
	e := NewERP(ERPOptions{LoginDelay: 30 * time.Millisecond})
	c := newERPClient(t, serve(t, e))
	start := time.Now()
	c.login("alice.chen", "snow-alice-1")
	if took := time.Since(start); took < 30*time.Millisecond || c.sid == "" {
		t.Errorf("login took %v", took)
	}
}

func TestERPRecordsCallsWithoutPasswords(t *testing.T) {
	e := NewERP(ERPOptions{})
	c := loggedIn(t, e, serve(t, e), "alice.chen")
	c.raw("getBusinessPageList", m{"formId": formOrders, "page": 3})
	c.raw("made-up", m{})
	calls := e.Calls()
	first, list := calls[0], calls[len(calls)-2]
	if first.Op != "login" || first.Account != "alice.chen" || !strings.Contains(first.Body, `"password":"***"`) {
		t.Errorf("login recorded as %+v", first)
	}
	if list.Op != "getBusinessPageList" || list.Account != "alice.chen" || list.RequestID != "req-getBusinessPageList" ||
		list.Path != ordersPath || !strings.Contains(list.Body, `"page":3`) || list.At.IsZero() {
		t.Errorf("call recorded as %+v", list)
	}
	for op, want := range map[string]int{"login": 1, "open-app": 1, "sso": 1, "app": 1, "getBusinessPageList": 1, "unknown": 1} {
		if got := e.Count(op); got != want {
			t.Errorf("Count(%s) = %d, want %d", op, got, want)
		}
	}
	e.ResetCalls()
	if len(e.Calls()) != 0 || e.Count("login") != 0 {
		t.Error("ResetCalls kept something")
	}
	for range keptCalls + 5 {
		e.calls.add(ERPCall{Op: "login"})
	}
	if len(e.Calls()) != keptCalls || e.Count("login") != keptCalls+5 {
		t.Errorf("kept %d calls, counted %d", len(e.Calls()), e.Count("login"))
	}
}
