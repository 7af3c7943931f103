package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	defaultWeChatAppID     = "wx5a4db0c0ffee2026"
	defaultWeChatAppSecret = "5a4db0c05a4db0c05a4db0c05a4db0c0" //nolint:gosec // made up, opens nothing
)

// WeChatOptions configures [NewWeChat]; the zero value is ready to use.
type WeChatOptions struct {
	AppID     string           // "wx5a4db0c0ffee2026" by default
	AppSecret string           // a made-up one by default, see [WeChat.AppSecret]
	Now       func() time.Time // clock of access tokens, calls and pushes; time.Now by default

	PushTimeout time.Duration // how long a push waits for its answer; 5 s by default
	PushPause   time.Duration // between two tries of a push; 1 s by default
}

// WeChat is a stand-in for api.weixin.qq.com: login codes, access tokens, subscribe
// messages, templates and session checks, with WeChat's error codes. It implements
// http.Handler and is safe for concurrent use. Close releases requests that a fault holds,
// gives up on pushes and waits for them.
type WeChat struct {
	*faultBoard
	opts    WeChatOptions
	control *http.ServeMux
	routes  map[string]wechatAPI // by method and path
	pushes  wechatPushes

	mu       sync.Mutex // guards all below
	counts   map[string]int
	failing  map[string]*failNext
	users    wechatUsers
	tokens   wechatTokens
	messages wechatMessages
	events   int // how many were made
}

// wechatAPI is one call of WeChat's server API.
type wechatAPI struct {
	name  string
	reply func(*WeChat, wechatCall) any
	// comma: /sns/ calls write "errmsg, rid: …" and text/plain, the others "errmsg rid: …".
	comma bool
}

// wechatCall is one request as a reply sees it.
type wechatCall struct {
	*http.Request
	body []byte
	busy bool // another send to the same openid is under way
	// accepted takes the messages whose sent event is to follow the answer.
	accepted *[]SentMessage
}

// NewWeChat returns a WeChat that knows the users of [WeChat.Users].
func NewWeChat(opts WeChatOptions) *WeChat {
	if opts.AppID == "" {
		opts.AppID = defaultWeChatAppID
	}
	if opts.AppSecret == "" {
		opts.AppSecret = defaultWeChatAppSecret
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.PushTimeout <= 0 {
		opts.PushTimeout = defaultPushTimeout
	}
	if opts.PushPause <= 0 {
		opts.PushPause = defaultPushPause
	}
	w := &WeChat{faultBoard: newFaultBoard(), opts: opts, counts: map[string]int{}, failing: map[string]*failNext{}}
	w.users.open(opts.AppID)
	w.tokens.open()
	w.messages.open()
	w.pushes.open()
	w.routes = map[string]wechatAPI{
		"GET /sns/jscode2session":              {"jscode2session", (*WeChat).replyLogin, true},
		"POST /cgi-bin/stable_token":           {"stable_token", (*WeChat).replyStableToken, false},
		"POST /cgi-bin/message/subscribe/send": {"send", (*WeChat).replySend, false},
		"GET /wxaapi/newtmpl/gettemplate":      {"gettemplate", (*WeChat).replyTemplates, false},
		"GET /wxa/checksession":                {"checksession", (*WeChat).replyCheckSession, false},
	}
	w.control = w.controlRoutes()
	return w
}

// Close ends what faults hold, and all pushes. Calling it again does nothing.
func (w *WeChat) Close() error {
	err := w.faultBoard.Close()
	w.pushes.close()
	return err
}

// AppID is the mini-program's id that the stand-in serves.
func (w *WeChat) AppID() string { return w.opts.AppID }

// AppSecret is the secret that belongs to AppID.
func (w *WeChat) AppSecret() string { return w.opts.AppSecret }

// Count returns how many requests asked for api (jscode2session, stable_token, send,
// gettemplate, checksession), spoilt ones included.
func (w *WeChat) Count(api string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[api]
}

// ServeHTTP answers as WeChat does, or as the faults in force say.
func (w *WeChat) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPrefix) {
		w.control.ServeHTTP(rw, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxBodyBytes))
	if err != nil {
		http.Error(rw, "request entity too large", http.StatusRequestEntityTooLarge)
		return
	}
	where := r.Method + " " + r.URL.Path
	api, known := w.routes[where]
	if !known {
		http.NotFound(rw, r)
		return
	}
	call := wechatCall{Request: r, body: body, accepted: new([]SentMessage)}
	defer func() { // also when a fault broke the answer off
		for _, m := range *call.accepted {
			w.pushSent(m)
		}
	}()
	// Entered before any fault waits: a slow send is what makes two of them meet.
	leave, busy := w.enter(api.name, body)
	defer leave()
	call.busy = busy
	w.serve(rw, r, where+" "+api.name, func(rw http.ResponseWriter, _ *http.Request) { w.answer(rw, api, call) })
}

// reply is an error code, an error text, or a value for JSON.
func (w *WeChat) reply(api wechatAPI, call wechatCall) any {
	w.mu.Lock()
	defer w.mu.Unlock()
	if code := w.nextFailure(api.name); code != 0 {
		return code
	}
	return api.reply(w, call)
}

// answer writes a reply. WeChat says 200 whatever happens.
func (w *WeChat) answer(rw http.ResponseWriter, api wechatAPI, call wechatCall) {
	reply := w.reply(api, call)
	switch refused := reply.(type) {
	case errcode:
		reply = refused.answer("", api.comma)
	case errtext:
		reply = refused.code.answer(refused.text, api.comma)
	}
	contentType := "application/json; encoding=utf-8"
	if api.comma {
		contentType = "text/plain"
	}
	rw.Header().Set("Content-Type", contentType)
	_, _ = rw.Write(wechatJSON(reply))
}

// wechatJSON writes slashes as \/, as WeChat was seen to do in a session_key.
func wechatJSON(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte(`{"errcode":-1,"errmsg":"system error"}`)
	}
	return bytes.ReplaceAll(bytes.TrimSpace(out.Bytes()), []byte("/"), []byte(`\/`))
}
