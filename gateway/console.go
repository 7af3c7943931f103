package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"snowgate/session"
)

// ConsoleSessions keeps the admins' logins at the console, for all replicas. Errors: session.ErrNotFound,
// session.ErrUnavailable.
type ConsoleSessions interface {
	CreateConsole(ctx context.Context, life time.Duration, value func(token string) string) (token string, err error)
	Console(ctx context.Context, token string) (value string, err error)
	EndConsole(ctx context.Context, token string) error
}

const (
	consolePath      = "/console/*"
	consoleLoginPath = "/console/login"
	consoleOutPath   = "/console/logout"
	consoleCookie    = "snowgate_console"
	// headerConsole carries what proves that a request comes from the console's own page: another site can have a browser
	// send the cookie, but neither read what the header needs nor send the header.
	headerConsole = "X-Snowgate-Console"
	consoleLife   = 12 * time.Hour
	// consoleTries at a token are allowed per address within consoleWindow.
	consoleTries  = 10
	consoleWindow = 15 * time.Minute
)

// isConsoleAct reports whether a call is a login or logout at the console: they are no part of the API, and written down all
// the same.
func isConsoleAct(c *call) bool {
	return c.record.route == consoleLoginPath || c.record.route == consoleOutPath
}

// csrfOf is what the console's page proves itself with. It is made from the cookie, which the page cannot read and Redis
// does not hold.
func csrfOf(token string) string {
	sum := sha256.Sum256([]byte("snowgate console\x00" + token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// consoleMark ties a console session to the admin token it was made with. Its key is the session's own token: what lies
// in Redis says nothing about either.
func consoleMark(token string, admin digest) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write(admin[:])
	return hex.EncodeToString(mac.Sum(nil))
}

// consoleToken is the value of the one cookie.
func consoleToken(c *call) string {
	found := c.Request().CookiesNamed(consoleCookie)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// admitConsole reports whether the call comes from the console's page of an admin who is logged in there: the cookie, and
// the header that only the page can send. A call that names another way to identify itself is not looked at.
func (s *Server) admitConsole(c *call) (bool, error) {
	given := c.Request().Header.Values(headerConsole)
	if len(given) != 1 || len(c.Request().Header.Values(echo.HeaderAuthorization)) > 0 {
		return false, nil
	}
	token := consoleToken(c)
	if token == "" || subtle.ConstantTimeCompare([]byte(given[0]), []byte(csrfOf(token))) != 1 {
		return false, nil
	}
	return s.isConsole(c, token)
}

// isConsole reports whether the token is that of a console session whose admin token is still in force.
func (s *Server) isConsole(c *call, token string) (bool, error) {
	if s.deps.Console == nil || token == "" {
		return false, nil
	}
	mark, err := s.deps.ConsoleSessions.Console(c.Request().Context(), token)
	if errors.Is(err, session.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	found := false
	for _, admin := range s.live().admins {
		if subtle.ConstantTimeCompare([]byte(mark), []byte(consoleMark(token, admin))) == 1 {
			found = true
			c.actsAs(admin)
		}
	}
	return found, nil
}

// consoleIndex is GET /console: the page's own links are relative to /console/.
func (s *Server) consoleIndex(c *call) error {
	if s.deps.Console == nil {
		return notFound.because(nil)
	}
	c.record.code = http.StatusPermanentRedirect
	return c.Redirect(http.StatusPermanentRedirect, "/console/")
}

// consoleFiles is GET /console/…: files without secrets, for whoever asks.
func (s *Server) consoleFiles(c *call) error {
	if s.deps.Console == nil {
		return notFound.because(nil)
	}
	if path := c.Request().URL.Path; path == consoleLoginPath || path == consoleOutPath { // no files, and none will be
		return wrongMethod(c, http.MethodPost)
	}
	s.deps.Console.ServeHTTP(c.Response(), c.Request())
	c.record.code = c.Response().Status
	return nil
}

// consoleSession is GET /console/session: what the page needs after it was loaded anew. Other sites cannot read it.
func (s *Server) consoleSession(c *call) error {
	if s.deps.Console == nil {
		return notFound.because(nil)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	token := consoleToken(c)
	ok, err := s.isConsole(c, token)
	if err != nil {
		return err
	}
	if !ok {
		return sessionExpired.because(nil)
	}
	return c.ok(map[string]string{"csrf": csrfOf(token)})
}

// consoleLogin is POST /console/login {token}: an admin token is exchanged for a cookie. Tries are counted per address before
// the token is looked at.
func (s *Server) consoleLogin(c *call) error {
	if s.deps.Console == nil {
		return notFound.because(nil)
	}
	c.record.secrets = []string{"token"}
	if err := s.deps.Log.Ready(); err != nil {
		return auditUnavailable.after(storeRetry, err)
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	given := body.text("token", maxTokenBytes)
	if err := body.err(); err != nil {
		return err
	}
	admin, err := s.checkConsoleTry(c, given)
	if err != nil {
		return err
	}
	c.actsAs(admin)
	mark := func(token string) string { return consoleMark(token, admin) }
	token, err := s.deps.ConsoleSessions.CreateConsole(c.Request().Context(), consoleLife, mark)
	if err != nil {
		return err
	}
	s.setConsoleCookie(c, token, int(consoleLife.Seconds()))
	return c.okUnkept(map[string]string{"csrf": csrfOf(token)})
}

// checkConsoleTry counts a try at the address, compares, and takes the try back where it was no wrong guess.
func (s *Server) checkConsoleTry(c *call, given string) (digest, error) {
	ctx, subject := c.Request().Context(), "console-ip:"+network(c.RealIP())
	wait, err := s.deps.Attempts.Attempt(ctx, consoleWindow, consoleTries, subject)
	if err != nil {
		return digest{}, err
	}
	if wait > 0 {
		return digest{}, tooManyAttempts.after(wait, nil)
	}
	d := digestOf(given)
	if !d.isIn(s.live().admins) {
		s.loginFailed()
		return digest{}, forbidden.because(nil)
	}
	if err := s.deps.Attempts.Refund(context.WithoutCancel(ctx), subject); err != nil {
		s.cfg.Logger.Warn("attempt not refunded", "request_id", c.id, "error", err)
	}
	return d, nil
}

// consoleLogout is POST /console/logout. It may be repeated.
func (s *Server) consoleLogout(c *call) error {
	if s.deps.Console == nil {
		return notFound.because(nil)
	}
	if err := s.deps.ConsoleSessions.EndConsole(c.Request().Context(), consoleToken(c)); err != nil {
		return err
	}
	s.setConsoleCookie(c, "", -1)
	return c.ok(struct{}{})
}

func (s *Server) setConsoleCookie(c *call, token string, maxAge int) {
	c.Response().Header().Set("Cache-Control", "no-store")
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure hangs on how the browser came
		Name: consoleCookie, Value: token, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.byTLS(c),
	})
}

// byTLS reports whether the browser reached us through TLS: ours, or a proxy's. Somebody on this very machine who goes around
// the proxy did not.
func (s *Server) byTLS(c *call) bool {
	r := c.Request()
	if r.TLS != nil {
		return true
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	around := ip != nil && ip.IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("X-Forwarded-Proto") == ""
	return s.cfg.HSTS && !around
}
