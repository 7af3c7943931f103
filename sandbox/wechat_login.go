package sandbox

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// WeChatUser is somebody who can log in with a code "test-<Name>" or
// "test-<Name>-<anything>". Any other name of letters and digits logs in as well, as
// a new user without a unionid.
type WeChatUser struct {
	Name    string `json:"name"`
	OpenID  string `json:"openid"`
	UnionID string `json:"unionid"` // "" for most
}

// testCode is a login code; the user's name is its first group.
var testCode = regexp.MustCompile(`^test-([A-Za-z0-9]{1,32})(?:-.*)?$`)

// wechatUsers keeps who has logged in; WeChat.mu guards it.
type wechatUsers struct {
	appID    string
	ready    []WeChatUser
	byOpenID map[string]WeChatUser
	used     map[string]bool   // codes
	current  map[string]string // session_key by openid: one valid key per user
	keys     []string          // every session_key handed out
}

func (u *wechatUsers) open(appID string) {
	u.appID = appID
	u.byOpenID, u.used, u.current = map[string]WeChatUser{}, map[string]bool{}, map[string]string{}
	for _, name := range []string{"alice", "bob", "carol", "mallory"} {
		user := u.named(name)
		u.ready = append(u.ready, user)
		u.byOpenID[user.OpenID] = user
	}
}

// named derives a user from its name, so that it is the same after a restart.
func (u *wechatUsers) named(name string) WeChatUser {
	id := func(kind string) string {
		sum := sha256.Sum256([]byte(kind + u.appID + "/" + name))
		return "o" + base64.RawURLEncoding.EncodeToString(sum[:])[:27]
	}
	user := WeChatUser{Name: name, OpenID: id("openid/")}
	if name == "carol" {
		user.UnionID = id("unionid/")
	}
	return user
}

// Users returns the users that are ready; carol alone has a unionid.
func (w *WeChat) Users() []WeChatUser { return slices.Clone(w.users.ready) }

// SessionKeys returns every session_key ever handed out, for tests that look for leaks.
func (w *WeChat) SessionKeys() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.users.keys)
}

type loginAnswer struct {
	SessionKey string `json:"session_key"`
	OpenID     string `json:"openid"`
	UnionID    string `json:"unionid,omitempty"`
}

// replyLogin is code2Session. On success there is no errcode in the answer.
func (w *WeChat) replyLogin(call wechatCall) any {
	q := call.URL.Query()
	code := q.Get("js_code")
	switch refused := w.checkApp(q.Get("appid"), q.Get("secret")); {
	case refused != 0:
		return refused
	case code == "":
		return errcode(41008)
	case q.Get("grant_type") != "authorization_code":
		return errcode(40002)
	}
	if onDemand, is := strings.CutPrefix(code, "errcode-"); is {
		if n, err := strconv.Atoi(onDemand); err == nil && n != 0 {
			return errcode(n)
		}
	}
	return w.users.login(code)
}

func (w *WeChat) checkApp(appID, secret string) errcode {
	switch {
	case appID == "":
		return 41002
	case appID != w.opts.AppID:
		return 40013
	case secret == "":
		return 41004
	case secret != w.opts.AppSecret:
		return 40125
	}
	return 0
}

func (u *wechatUsers) login(code string) any {
	name := testCode.FindStringSubmatch(code)
	switch {
	case name == nil:
		return errcode(40029)
	case u.used[code]:
		return errcode(40163)
	}
	u.used[code] = true
	user := u.named(name[1])
	u.byOpenID[user.OpenID] = user
	key := newSessionKey()
	u.current[user.OpenID] = key
	u.keys = append(u.keys, key)
	return loginAnswer{key, user.OpenID, user.UnionID}
}

// newSessionKey is base64 of 16 bytes.
func newSessionKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	return base64.StdEncoding.EncodeToString(b[:])
}

// replyCheckSession is checkSessionKey: the signature is made with the text of the
// session_key over an empty message.
func (w *WeChat) replyCheckSession(call wechatCall) any {
	q := call.URL.Query()
	if refused := w.tokens.check(q.Get("access_token"), w.opts.Now()); refused != 0 {
		return refused
	}
	key, known := w.users.current[q.Get("openid")]
	switch {
	case q.Get("sig_method") != "hmac_sha256":
		return errcode(87008)
	case !known:
		return errcode(40003)
	case !hmac.Equal([]byte(sessionSignature(key)), []byte(q.Get("signature"))):
		return errcode(87009)
	}
	return errorAnswer{0, "ok"}
}

func sessionSignature(key string) string {
	return hex.EncodeToString(hmac.New(sha256.New, []byte(key)).Sum(nil))
}
