package snowbeasts

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// The cookies that matter: the portal's session, and the session of a web application (portal and app both call it so).
const (
	cookieSID = "sid"
	cookieApp = "JSESSIONID"
)

// cookies are name and value of what one login has collected. Each login has its own: a shared jar would mix accounts.
type cookies map[string]string

// take applies an answer's Set-Cookie lines in order, deletions too.
func (c cookies) take(set []*http.Cookie, now time.Time) {
	for _, k := range set {
		if k.Value == "" || k.MaxAge < 0 || (!k.Expires.IsZero() && k.Expires.Before(now)) {
			delete(c, k.Name)
			continue
		}
		c[k.Name] = k.Value
	}
}

// list is what goes into a request.
func (c cookies) list() []*http.Cookie {
	out := make([]*http.Cookie, 0, len(c))
	for _, name := range slices.Sorted(maps.Keys(c)) {
		// Secure and the like are for the receiving side; a request carries name and value only.
		out = append(out, &http.Cookie{Name: name, Value: c[name]}) //nolint:gosec // see above
	}
	return out
}

// encode makes the session's token of the two cookies that business calls carry.
func (c cookies) encode() string {
	token, err := json.Marshal(map[string]string{cookieApp: c[cookieApp], cookieSID: c[cookieSID]})
	if err != nil { // a map of strings always encodes
		return ""
	}
	return string(token)
}

// lastToken remembers the header of the last token that was decoded: most questions of a gateway come with the service
// account's. Safe for concurrent use.
type lastToken struct {
	last atomic.Pointer[decodedToken]
}

type decodedToken struct{ token, header string }

// header is the Cookie header of requests with the token; false for a token that is not a complete one of ours.
func (l *lastToken) header(token string) (string, bool) {
	if last := l.last.Load(); last != nil && last.token == token {
		return last.header, true
	}
	held, ok := decodeToken(token)
	if !ok {
		return "", false
	}
	r := http.Request{Header: http.Header{}}
	for _, cookie := range held.list() {
		r.AddCookie(cookie)
	}
	fresh := &decodedToken{token, r.Header.Get("Cookie")}
	l.last.Store(fresh)
	return fresh.header, true
}

// decodeToken reports false for a token that is not a complete one of ours.
func decodeToken(token string) (cookies, bool) {
	var c map[string]string
	if json.Unmarshal([]byte(token), &c) != nil || c[cookieApp] == "" || c[cookieSID] == "" {
		return nil, false
	}
	return cookies{cookieApp: c[cookieApp], cookieSID: c[cookieSID]}, true
}
