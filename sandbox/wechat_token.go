package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"
)

const (
	tokenLife    = 2 * time.Hour
	tokenOverlap = 5 * time.Minute // in the last of its life a token gets a successor
	forcePause   = 30 * time.Second
	forcePerDay  = 20
)

// wechatTokens keeps access tokens; WeChat.mu guards it.
type wechatTokens struct {
	current string
	ends    map[string]time.Time // of every token given; a token killed early is not in it
	forced  []time.Time          // refreshes by force
}

func (t *wechatTokens) open() { t.ends = map[string]time.Time{} }

// InvalidateTokens kills all access tokens at once, as a forced refresh elsewhere
// does: calls with them answer 40001, and stable_token gives a new one.
func (w *WeChat) InvalidateTokens() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens.current = ""
	clear(w.tokens.ends)
}

type tokenBody struct {
	GrantType string `json:"grant_type"`
	AppID     string `json:"appid"`
	Secret    string `json:"secret"`
	Force     bool   `json:"force_refresh"`
}

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

// replyStableToken is getStableAccessToken.
func (w *WeChat) replyStableToken(call wechatCall) any {
	var in tokenBody
	if json.Unmarshal(call.body, &in) != nil {
		return errcode(47001)
	}
	switch refused := w.checkApp(in.AppID, in.Secret); {
	case in.GrantType != "client_credential":
		return errcode(40002)
	case refused != 0:
		return refused
	}
	now := w.opts.Now()
	if in.Force {
		if !w.tokens.force(now) {
			return errcode(45009)
		}
	} else {
		w.tokens.renew(now)
	}
	left := w.tokens.ends[w.tokens.current].Sub(now)
	return tokenAnswer{w.tokens.current, int(left / time.Second)}
}

// renew keeps the current token, but for its last five minutes: then there is a new
// one beside it and both are valid.
func (t *wechatTokens) renew(now time.Time) {
	if t.current == "" || t.ends[t.current].Sub(now) < tokenOverlap {
		t.give(now)
	}
}

// force kills the current token at once. Forcing again within 30 s changes nothing;
// false means that the day's quota is used up.
func (t *wechatTokens) force(now time.Time) bool {
	n := len(t.forced)
	if n > 0 && now.Sub(t.forced[n-1]) < forcePause {
		t.renew(now)
		return true
	}
	today := 0
	for _, at := range t.forced {
		if at.Format(time.DateOnly) == now.Format(time.DateOnly) {
			today++
		}
	}
	if today >= forcePerDay {
		return false
	}
	t.forced = append(t.forced[n-today:], now)
	delete(t.ends, t.current)
	t.give(now)
	return true
}

func (t *wechatTokens) give(now time.Time) {
	var b [96]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	t.current = "95_" + base64.RawURLEncoding.EncodeToString(b[:])
	t.ends[t.current] = now.Add(tokenLife)
}

// check returns 0 for a valid token: 41001 missing, 42001 expired, 40001 unknown or killed.
func (t *wechatTokens) check(token string, now time.Time) errcode {
	ends, known := t.ends[token]
	switch {
	case token == "":
		return 41001
	case !known:
		return 40001
	case !now.Before(ends):
		return 42001
	}
	return 0
}
