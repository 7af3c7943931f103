package sandbox

import (
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the ERP's login page sends SHA-1, not our choice
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

const (
	sidCookie     = "sid"
	javaCookie    = "JSESSIONID"
	loginPagePath = "/apps/login"
	ssoPath       = "/business/sso"
	appPath       = "/business/index"
	loginPage     = `<!DOCTYPE html><html><head><title>登录 - 雪兽软件</title></head><body>` +
		`<form action="/apps/service/login" method="post"><input name="account"><input name="password" type="password"></form></body></html>`
)

// SetWrongPasswordForm chooses how a wrong password is answered, which is not known
// of the real ERP: "message" (default) is 200 with {"success":false,"message":…};
// "no-sid" is 200 with a body that complains of nothing, but no sid cookie.
func (e *ERP) SetWrongPasswordForm(form string) {
	e.logins.mu.Lock()
	defer e.logins.mu.Unlock()
	e.logins.wrongNoSid = form == "no-sid"
}

// SetAppCookieOnLast chooses which answer behind open-app sets the app's JSESSIONID:
// the last one, or (default) a redirect on the way.
func (e *ERP) SetAppCookieOnLast(last bool) {
	e.logins.mu.Lock()
	defer e.logins.mu.Unlock()
	e.logins.cookieOnLast = last
}

type loginBody struct {
	State    bool    `json:"state"`
	Account  string  `json:"account"`
	Token    *string `json:"token"`
	Password string  `json:"password"`
}

// serveLogin is the first step: it gives the portal's JSESSIONID to anyone, as a
// servlet container does, and sid to who knows the password.
func (e *ERP) serveLogin(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	var in loginBody
	if json.NewDecoder(r.Body).Decode(&in) != nil || !in.State || in.Token == nil || !isJSON(r) {
		fail(w, "参数错误")
		return
	}
	if !e.wait(r.Context(), e.opts.LoginDelay) {
		cut(w, false)
		return
	}
	portal := newCookieValue()
	setCookie(w, javaCookie, portal, "/apps")
	outcome := e.logins.try(in.Account, func(password string) bool {
		return strings.EqualFold(in.Password, e.digest(password))
	}, e.opts.Now(), e.opts.SessionLife)
	switch {
	case outcome.session != nil:
		setCookie(w, sidCookie, outcome.session.sid, "/")
		writeJSON(w, http.StatusOK, answer{Success: true, Data: loginData(outcome.session.account)})
	case outcome.silent:
		writeJSON(w, http.StatusOK, struct{}{})
	default:
		fail(w, outcome.message)
	}
}

// loginData is what the login tells of an account: of the company's own people also what they may do.
func loginData(a Account) map[string]any {
	data := map[string]any{"account": a.User, "name": a.Name}
	if a.CustomerID == "" {
		data["permissions"] = staffPermissions
	}
	return data
}

func (e *ERP) digest(password string) string {
	if e.opts.PasswordDigest == "plain" {
		return password
	}
	sum := sha1.Sum([]byte(password)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

// serveOpenApp is the second step. It answers with redirects:
// open-app → sso (sets the app's JSESSIONID) → the app's first page.
func (e *ERP) serveOpenApp(w http.ResponseWriter, r *http.Request) {
	s := e.logins.find(cookie(r, sidCookie), e.opts.Now())
	if s == nil {
		e.answerExpired(w, r)
		return
	}
	if strings.TrimPrefix(r.URL.Path, "/apps/user/open-app/") != e.opts.AppID {
		fail(w, "应用不存在")
		return
	}
	http.Redirect(w, r, ssoPath+"?ticket="+e.logins.ticketFor(s), http.StatusFound)
}

func (e *ERP) serveSSO(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	if e.logins.onLast() {
		http.Redirect(w, r, appPath+"?ticket="+url.QueryEscape(ticket), http.StatusFound)
		return
	}
	if !e.enterApp(w, ticket) {
		e.answerExpired(w, r)
		return
	}
	http.Redirect(w, r, appPath, http.StatusFound)
}

func (e *ERP) serveApp(w http.ResponseWriter, r *http.Request) {
	if e.logins.onLast() && !e.enterApp(w, r.URL.Query().Get("ticket")) {
		e.answerExpired(w, r)
		return
	}
	writeHTML(w, "<!DOCTYPE html><html><head><title>雪兽进销存</title></head><body><div id=\"app\"></div></body></html>")
}

// enterApp exchanges a ticket, once, for the app's JSESSIONID.
func (e *ERP) enterApp(w http.ResponseWriter, ticket string) bool {
	value, ok := e.logins.enter(ticket)
	if ok {
		setCookie(w, javaCookie, value, "/business")
	}
	return ok
}

// caller returns the session of a business call: sid and, as the first JSESSIONID
// in the request, the one that the app gave (not the portal's).
func (e *ERP) caller(r *http.Request) *erpSession {
	s := e.logins.find(cookie(r, sidCookie), e.opts.Now())
	if s == nil || !e.logins.entered(s, cookie(r, javaCookie)) {
		return nil
	}
	return s
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

func setCookie(w http.ResponseWriter, name, value, path string) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: path, HttpOnly: true}) //nolint:gosec // not Secure: plain http on loopback
}

func newCookieValue() string { return strings.ToUpper(rand.Text()) }
