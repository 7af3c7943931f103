package snowbeasts

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
)

var alice = erpclient.Credentials{Account: "alice", Secret: "0123456789"}

const (
	loginPath = "/apps/service/login"
	openPath  = "/apps/user/open-app/10001"
)

// letIn is a login that succeeds.
func letIn(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "JSESSIONID=PORTAL; Path=/apps; HttpOnly")
		w.Header().Add("Set-Cookie", "sid=SID1; Path=/")
		answering(body)(w, r)
	}
}

// hop sets cookies and redirects; an empty target ends the way with a page.
func hop(to string, set ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, c := range set {
			w.Header().Add("Set-Cookie", c)
		}
		if to == "" {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>the app</html>"))
			return
		}
		w.Header().Set("Location", strings.ReplaceAll(to, "HOST", r.Host))
		w.WriteHeader(http.StatusFound)
	}
}

func TestLoginTakesBothSteps(t *testing.T) {
	began := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	erp := newScripted(t, byOp(map[string]http.HandlerFunc{
		loginPath:         letIn(`{"success":true,"data":{}}`),
		openPath:          hop("/business/sso?ticket=T%201", "JSESSIONID=ONWAY; Path=/apps", "lang=zh-cn"),
		"/business/sso":   hop("http://HOST/business/index", "JSESSIONID=APP; Path=/business"),
		"/business/index": hop(""),
	}), func(c *Config) { c.Now = func() time.Time { return began } })
	got, err := erp.Login(t.Context(), alice)
	if err != nil {
		t.Fatal(err)
	}
	want := erpclient.Session{
		Token:     cookies{cookieApp: "APP", cookieSID: "SID1"}.encode(),
		ExpiresAt: began.Add(5*time.Minute - 15*time.Second),
		Profile: erpclient.Profile{CompanyID: "10001", CompanyName: "SnowInventory-10001",
			Permissions: []string{"orders:read", "materials:read"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	var way []string
	for _, r := range erp.requests() {
		way = append(way, r.method+" "+r.path+" ["+r.cookie+"]")
	}
	wantWay := []string{
		"POST " + loginPath + " []",
		"GET " + openPath + " [sid=SID1]",
		"GET /business/sso?ticket=T%201 [JSESSIONID=ONWAY; lang=zh-cn; sid=SID1]",
		"GET /business/index [JSESSIONID=APP; lang=zh-cn; sid=SID1]",
	}
	if !reflect.DeepEqual(way, wantWay) {
		t.Errorf("got %q\nwant %q", way, wantWay)
	}
	body := map[string]any{"state": true, "account": "alice", "token": "", "password": "0123456789"}
	if first := erp.requests()[0].body; !reflect.DeepEqual(first, body) {
		t.Errorf("the login's body is %v, want %v", first, body)
	}
}

func TestLoginRefusals(t *testing.T) {
	status := func(n int, body string, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(n)
			_, _ = w.Write([]byte(body))
		}
	}
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		want   erpclient.Kind
		after  time.Duration
	}{
		{"no, under message", answering(`{"success":false,"message":"账号或密码错误"}`), erpclient.KindBadCredentials, 0},
		{"no, under msg", answering(`{"success":false,"msg":"wrong password"}`), erpclient.KindBadCredentials, 0},
		{"no, as text", answering(`{"success":"false"}`), erpclient.KindBadCredentials, 0},
		{"no, in spite of a sid", letIn(`{"success":false}`), erpclient.KindBadCredentials, 0},
		{"no sid cookie", answering(`{"success":true,"data":{}}`), erpclient.KindBadCredentials, 0},
		{"no sid cookie, empty body", status(200, ""), erpclient.KindBadCredentials, 0},
		{"sid taken away", status(200, `{}`, "Set-Cookie", "sid=x; Max-Age=0"), erpclient.KindBadCredentials, 0},
		{"401", status(401, ""), erpclient.KindBadCredentials, 0},
		{"403", status(403, ""), erpclient.KindBadCredentials, 0},
		{"locked", answering(`{"success":false,"message":"账号已锁定"}`), erpclient.KindTooManyAttempts, 0},
		{"locked, by status", status(403, `{"message":"account locked"}`), erpclient.KindTooManyAttempts, 0},
		{"too often", answering(`{"success":false,"message":"登录过于频繁，请稍后再试"}`), erpclient.KindTooManyAttempts, 0},
		{"too many", answering(`{"success":false,"msg":"Too Many attempts"}`), erpclient.KindTooManyAttempts, 0},
		{"a warning is still a wrong password", answering(`{"success":false,"message":"密码错误，还剩 2 次机会，之后账号将被锁定"}`), erpclient.KindBadCredentials, 0},
		{"429", status(429, "", "Retry-After", "7"), erpclient.KindTooManyAttempts, 7 * time.Second},
		{"500", status(500, ""), erpclient.KindUnavailable, 0},
		{"503", status(503, "", "Retry-After", "3"), erpclient.KindUnavailable, 3 * time.Second},
		{"504", status(504, ""), erpclient.KindTimeout, 0},
		{"404", status(404, ""), erpclient.KindBadAnswer, 0},
		{"redirect", status(302, "", "Location", "/apps/login"), erpclient.KindBadAnswer, 0},
		{"a page", status(200, "<html>", "Set-Cookie", "sid=1"), erpclient.KindBadAnswer, 0},
		{"a page by its label", status(200, "hello", "Content-Type", "text/html"), erpclient.KindBadAnswer, 0},
		{"half a JSON", letIn(`{"success":tr`), erpclient.KindBadAnswer, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			erp := newScripted(t, tc.answer)
			got, err := erp.Login(t.Context(), alice)
			wantKind(t, err, tc.want, "")
			wantRetryAfter(t, err, tc.after)
			if !reflect.DeepEqual(got, erpclient.Session{}) {
				t.Errorf("a refused login gave the session %+v", got)
			}
			if n := len(erp.requests()); n != 1 {
				t.Errorf("the ERP was asked %d times, want once: it locks accounts", n)
			}
		})
	}
}

func TestOpenAppOutcomes(t *testing.T) {
	app := "JSESSIONID=APP"
	for _, tc := range []struct {
		name string
		ways map[string]http.HandlerFunc
		want erpclient.Kind // "" is a session with the cookie APP
	}{
		{"cookie on the only answer", map[string]http.HandlerFunc{openPath: hop("", app)}, ""},
		{"cookie on the last answer", map[string]http.HandlerFunc{openPath: hop("/x"), "/x": hop("", app)}, ""},
		{"cookie on the way", map[string]http.HandlerFunc{openPath: hop("/x", app), "/x": hop("")}, ""},
		{"the last cookie counts", map[string]http.HandlerFunc{openPath: hop("/x", "JSESSIONID=OLD"), "/x": hop("", app)}, ""},
		{"the last of one answer counts", map[string]http.HandlerFunc{openPath: hop("", "JSESSIONID=OLD; Path=/apps", app+"; Path=/business")}, ""},
		{"five redirects", map[string]http.HandlerFunc{openPath: hop("/1", app), "/1": hop("/2"), "/2": hop("/3"), "/3": hop("/4"), "/4": hop("/5"), "/5": hop("")}, ""},
		{"six redirects", map[string]http.HandlerFunc{openPath: hop("/1", app), "/1": hop("/2"), "/2": hop("/3"), "/3": hop("/4"), "/4": hop("/5"), "/5": hop("/6"), "/6": hop("")}, erpclient.KindBadAnswer},
		{"a circle", map[string]http.HandlerFunc{openPath: hop(openPath, app)}, erpclient.KindBadAnswer},
		{"no cookie", map[string]http.HandlerFunc{openPath: hop("")}, erpclient.KindBadAnswer},
		{"cookie taken away again", map[string]http.HandlerFunc{openPath: hop("/x", app), "/x": hop("", "JSESSIONID=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT")}, erpclient.KindBadAnswer},
		{"back to the login page", map[string]http.HandlerFunc{openPath: hop("/apps/login?back=x", app)}, erpclient.KindBadAnswer},
		{"another host", map[string]http.HandlerFunc{openPath: hop("http://localhost.example/x", app)}, erpclient.KindBadAnswer},
		{"another scheme", map[string]http.HandlerFunc{openPath: hop("ftp://HOST/x", app)}, erpclient.KindBadAnswer},
		{"refused by body", map[string]http.HandlerFunc{openPath: answering(`{"success":false,"message":"应用不存在"}`)}, erpclient.KindBadAnswer},
		{"forbidden by body", map[string]http.HandlerFunc{openPath: answering(`{"success":false,"message":"没有权限"}`)}, erpclient.KindForbidden},
		{"forbidden", map[string]http.HandlerFunc{openPath: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }}, erpclient.KindForbidden},
		{"unauthorized", map[string]http.HandlerFunc{openPath: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(401) }}, erpclient.KindBadAnswer},
		{"too many", map[string]http.HandlerFunc{openPath: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }}, erpclient.KindTooManyAttempts},
		{"down", map[string]http.HandlerFunc{}, erpclient.KindUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.ways[loginPath] = letIn(`{"success":true}`)
			erp := newScripted(t, byOp(tc.ways))
			got, err := erp.Login(t.Context(), alice)
			if tc.want != "" {
				wantKind(t, err, tc.want, "")
				return
			}
			if want := `{"JSESSIONID":"APP","sid":"SID1"}`; err != nil || got.Token != want {
				t.Errorf("got %q, %v, want %q", got.Token, err, want)
			}
		})
	}
}

func TestRedirectsKeepTheCredentialAtHome(t *testing.T) {
	for _, tc := range []struct{ from, location, want string }{
		{"https://erp.example/apps/x", "/business/y?t=1", "https://erp.example/business/y?t=1"},
		{"https://erp.example/apps/x", "y", "https://erp.example/apps/y"},
		{"https://erp.example/a", "https://ERP.example:8443/b", "https://ERP.example:8443/b"},
		{"http://erp.example/a", "https://erp.example/b", "https://erp.example/b"},
		{"http://erp.example/a", "http://erp.example:81/b", "http://erp.example:81/b"},
		{"https://erp.example/a", "http://erp.example/b", "https://erp.example/b"},
		{"https://erp.example/a", "http://erp.example:80/b", "https://erp.example/b"},
		{"https://erp.example/a", "http://erp.example:8080/b", ""},
		{"https://127.0.0.1/a", "http://127.0.0.1:8080/b", "http://127.0.0.1:8080/b"},
		{"https://[::1]/a", "http://[::1]:80/b", "http://[::1]:80/b"},
		{"https://localhost/a", "http://localhost/b", "http://localhost/b"},
		{"https://erp.example/a", "https://u:p@erp.example/b#f", "https://erp.example/b"},
		{"https://erp.example/a", "https://erp.example.evil/b", ""},
		{"http://127.0.0.1:1/a", "http://localhost:2/b", "http://localhost:2/b"},
		{"http://127.0.0.1:1/a", "http://localhost.example/b", ""},
		{"https://erp.example/a", "http://localhost:2/b", ""},
		{"https://erp.example/a", "https://evil@other.example/", ""},
		{"https://erp.example/a", "//other.example/b", ""},
		{"https://erp.example/a", "javascript:alert(1)", ""},
		{"https://erp.example/a", "https://erp.example:bad/", ""},
		{"https://erp.example/a", "/apps/login", ""},
		{"https://erp.example/a", "/apps/Login.html;jsessionid=1?x=y", ""},
		{"https://erp.example/a", "/login/callback", "https://erp.example/login/callback"},
	} {
		from := mustParse(t, tc.from)
		to, err := nextHop(from, tc.location)
		got := ""
		if err == nil {
			got = to.String()
		} else if strings.Contains(err.Error(), "example") {
			t.Errorf("the error names the address: %v", err)
		}
		if got != tc.want {
			t.Errorf("%s from %s: got %q, want %q", tc.location, tc.from, got, tc.want)
		}
	}
}

func TestProfileIsReadLeniently(t *testing.T) {
	standard := []string{"orders:read", "materials:read"}
	for name, tc := range map[string]struct {
		body string
		want erpclient.Profile
	}{
		"under data":   {`{"success":true,"data":{"companyId":77,"companyName":"雪原","permissions":["a","b"],"customerId":"9"}}`, erpclient.Profile{CompanyID: "77", CompanyName: "雪原", Permissions: []string{"a", "b"}}},
		"at the top":   {`{"companyId":"77","companyName":"雪原","permissions":["a"]}`, erpclient.Profile{CompanyID: "77", CompanyName: "雪原", Permissions: []string{"a"}}},
		"nothing":      {`{}`, erpclient.Profile{CompanyID: "10001", CompanyName: "SnowInventory-10001", Permissions: standard}},
		"empty":        {``, erpclient.Profile{CompanyID: "10001", CompanyName: "SnowInventory-10001", Permissions: standard}},
		"other shapes": {`{"data":"x","companyId":{},"companyName":[1],"permissions":"all"}`, erpclient.Profile{CompanyID: "10001", CompanyName: "SnowInventory-10001", Permissions: standard}},
		"mixed list":   {`{"data":{"permissions":[null,{},"a",7]}}`, erpclient.Profile{CompanyID: "10001", CompanyName: "SnowInventory-10001", Permissions: []string{"a", "7"}}},
	} {
		if got := newDriver(t, "http://127.0.0.1:1").profile([]byte(tc.body)); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestShortSessionLifeKeepsHalf(t *testing.T) {
	now := time.Date(2026, 1, 31, 9, 0, 0, 0, time.UTC)
	erp := newScripted(t, byOp(map[string]http.HandlerFunc{loginPath: letIn(`{}`), openPath: hop("", "JSESSIONID=A")}),
		func(c *Config) { c.SessionLife, c.Now = 20*time.Second, func() time.Time { return now } })
	got, err := erp.Login(t.Context(), alice)
	if want := now.Add(10 * time.Second); err != nil || !got.ExpiresAt.Equal(want) {
		t.Errorf("got %v, %v, want %v", got.ExpiresAt, err, want)
	}
}

func TestErrorsNameNoCredential(t *testing.T) {
	for _, answer := range []http.HandlerFunc{
		letIn(`{"success":true}`), // and then nothing opens the app
		answering(`{"success":false,"message":"` + strings.Repeat("错", 5000) + `"}`),
	} {
		erp := newScripted(t, byOp(map[string]http.HandlerFunc{loginPath: answer, openPath: hop("http://other.example/?ticket=SID1")}))
		_, err := erp.Login(t.Context(), alice)
		text := err.Error()
		if strings.Contains(text, alice.Secret) || strings.Contains(text, "SID1") {
			t.Errorf("the error quotes a credential: %s", text)
		}
		if n := strings.Count(text, "错"); n > maxQuoted {
			t.Errorf("the error quotes %d runes of the ERP, want at most %d", n, maxQuoted)
		}
	}
}
