package snowbeasts

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"

	"snowgate/erpclient"
	"snowgate/erpclient/erphttp"
)

// maxRedirects is how many redirects opening the app may take; one or two were seen.
const maxRedirects = 5

var (
	errLeaves = errors.New("opening the app redirects to another host or to plain http")
	errLogin  = errors.New("opening the app leads back to the login page")
	errNoApp  = errors.New("opening the app set no " + cookieApp)
	errLoop   = errors.New("opening the app redirects too often")
)

// openApp trades the portal's sid for the app's session. Redirects are followed by hand because the app's cookie may
// be set by any answer on the way (the last one counts), and because the sid is a credential that stays on this host.
func (d *Driver) openApp(ctx context.Context, sid string) (cookies, error) {
	held := cookies{cookieSID: sid}
	at := d.http.Origin()
	at.Path = "/apps/user/open-app/" + d.appID
	for range maxRedirects + 1 {
		answer, err := d.http.Do(ctx, opLogin, erphttp.Request{Method: http.MethodGet, Path: at.String(), Cookies: held.list()})
		if err != nil {
			return nil, err
		}
		held.take(answer.Cookies, d.now())
		if location := answer.Header.Get("Location"); isRedirect(answer.Status) && location != "" {
			if at, err = nextHop(at, location); err != nil {
				return nil, badLogin(err)
			}
			continue
		}
		return held, opened(answer, held)
	}
	return nil, badLogin(errLoop)
}

func badLogin(cause error) error {
	return &erpclient.Error{Op: opLogin, Kind: erpclient.KindBadAnswer, Err: cause}
}

// opened judges the last answer, which is usually the app's start page: its content means nothing, unless it is a refusal.
func opened(a *erphttp.Answer, held cookies) error {
	if a.Status == http.StatusForbidden {
		return erpclient.Errorf(opLogin, erpclient.KindForbidden, "the account may not open the app")
	}
	if err := signInStatus(a); err != nil {
		var e *erpclient.Error
		if errors.As(err, &e) && e.Kind == erpclient.KindBadCredentials {
			e.Kind = erpclient.KindBadAnswer // the portal has just accepted them
		}
		return err
	}
	var head answerHead
	if json.Unmarshal(trimBOM(a.Body), &head) == nil && head.Success.isFalse() {
		return refusedApp(head.text())
	}
	if held[cookieApp] == "" || held[cookieSID] == "" {
		return badLogin(errNoApp)
	}
	return nil
}

func refusedApp(text string) error {
	kind := erpclient.KindBadAnswer
	if speaksOf(text, deniedWords) {
		kind = erpclient.KindForbidden
	}
	return erpclient.Errorf(opLogin, kind, "the app was not opened: %s", quoted(text))
}

func isRedirect(status int) bool { return status >= 300 && status < 400 }

// nextHop resolves a redirect and refuses to leave the host or its encryption. Another port of the same host is fine.
// The ERP is known to write plain http into its own links, so on an https host those are asked over https instead.
// Errors do not name the address: it may carry a ticket.
func nextHop(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	if err != nil || (to.Scheme != "http" && to.Scheme != "https") || !sameHost(to.Hostname(), from.Hostname()) {
		return nil, errLeaves
	}
	to.User, to.Fragment, to.RawFragment = nil, "", ""
	if from.Scheme == "https" && to.Scheme == "http" && !isLoopback(to.Hostname()) {
		if port := to.Port(); port != "" && port != "80" {
			return nil, errLeaves
		}
		to.Scheme, to.Host = "https", strings.TrimSuffix(to.Host, ":80")
	}
	if isLoginPage(to) {
		return nil, errLogin
	}
	return to, nil
}

// sameHost takes the names of this machine for one.
func sameHost(a, b string) bool {
	return strings.EqualFold(a, b) || isLoopback(a) && isLoopback(b)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// isLoginPage goes by the last segment's name, without ";jsessionid=…" and extension.
func isLoginPage(u *url.URL) bool {
	page, _, _ := strings.Cut(path.Base(u.Path), ";")
	switch strings.ToLower(strings.TrimSuffix(page, path.Ext(page))) {
	case "login", "signin", "sign-in", "logon", "tologin", "to-login":
		return true
	default:
		return false
	}
}
