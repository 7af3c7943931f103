package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const testAESKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

// callback is a gateway's callback that answers as the test says.
type callback struct {
	url string

	mu     sync.Mutex
	pushed []pushed
}

type pushed struct {
	query url.Values
	body  string
}

func newCallback(t *testing.T, answer http.HandlerFunc) *callback {
	t.Helper()
	c := &callback{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.pushed = append(c.pushed, pushed{r.URL.Query(), string(body)})
		c.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	c.url = srv.URL + "/api/wechat/callback"
	return c
}

func (c *callback) all() []pushed {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.pushed)
}

func saying(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// pushing is a WeChat that pushes to a callback, without patience.
func pushing(t *testing.T, to *callback, aesKey string) *weChatClient {
	t.Helper()
	c := weChat(t, WeChatOptions{PushPause: time.Millisecond, PushTimeout: patience})
	if err := c.w.PushTo(to.url, "token-1", aesKey); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *weChatClient) waitForPushes(taken int) []Push {
	c.t.Helper()
	count := func() (n int) {
		for _, p := range c.w.Pushes() {
			if p.Taken {
				n++
			}
		}
		return n
	}
	eventually(c.t, "the pushes are taken", func() bool { return count() >= taken })
	return c.w.Pushes()
}

func TestWeChatPushesWhatBecameOfAMessage(t *testing.T) {
	to := newCallback(t, saying("success"))
	c := pushing(t, to, "")
	for range 2 {
		c.send(goodMessage(c.openid("alice")))
	}
	c.send(goodMessage("nobody"))
	pushes := c.waitForPushes(2)
	if len(pushes) != 2 || pushes[0].Event != "subscribe_msg_sent_event" || pushes[0].MsgID != firstMsgID || pushes[0].OpenID != c.openid("alice") {
		t.Fatalf("pushes %+v", pushes)
	}
	for i, p := range pushes {
		var body m
		if err := json.Unmarshal([]byte(p.Body), &body); err != nil {
			t.Fatal(err)
		}
		item, isObject := body["List"].(map[string]any)
		if i == 1 {
			item, isObject = body["List"].([]any)[0].(map[string]any), false
		}
		if isObject != (i == 0) || body["FromUserName"] != c.openid("alice") || item["TemplateId"] != wechatTemplates[0].ID || item["ErrorStatus"] != "success" {
			t.Errorf("body %d: %s", i, p.Body)
		}
	}
	for _, got := range to.all() {
		q := got.query
		if want := pushSignature("token-1", q.Get("timestamp"), q.Get("nonce")); q.Get("signature") != want || q.Has("encrypt_type") {
			t.Errorf("query %v", q)
		}
	}
}

// TestWeChatSignsAndSealsAsDocumented uses the values worked out from the documentation.
func TestWeChatSignsAndSealsAsDocumented(t *testing.T) {
	if got := pushSignature("snowgate_token", "1700000000", "n0nce42"); got != "df0ca9586b404dd27ec2efe271cedb5d80c2f4b6" {
		t.Errorf("signature %s", got)
	}
	const sealed = "4j/AuRx71kQlxVlzbpsMWM9asHd69sygVYM2Z6jo6cfgj1iCafZOVKJuU9sr7bgWux/ZlDcpiWCl5Hy9jfiRQA=="
	if got := pushSignature("snowgate_token", "1700000000", "n0nce42", sealed); got != "f2ce2201906e2a63f17346cc2537e2dc1f215391" {
		t.Errorf("msg_signature %s", got)
	}
	to := newCallback(t, saying(""))
	c := pushing(t, to, testAESKey)
	c.w.Popup(c.openid("bob"), wechatTemplates[1].ID, false)
	p := c.waitForPushes(1)[0]
	got := to.all()[0]
	var outer struct{ ToUserName, Encrypt string }
	if err := json.Unmarshal([]byte(got.body), &outer); err != nil || strings.Contains(got.body, "bob") {
		t.Fatalf("%v: %s", err, got.body)
	}
	q := got.query
	if q.Get("encrypt_type") != "aes" || q.Get("msg_signature") != pushSignature("token-1", q.Get("timestamp"), q.Get("nonce"), outer.Encrypt) {
		t.Errorf("query %v", q)
	}
	if message, appID := unsealed(t, outer.Encrypt); message != p.Body || appID != c.w.AppID() {
		t.Errorf("inside: %s of %s, want %s", message, appID, p.Body)
	}
}

func unsealed(t *testing.T, sealed string) (message, appID string) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(testAESKey + "=")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || len(plain)%32 != 0 {
		t.Fatalf("%v, %d bytes", err, len(plain))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(plain, plain)
	plain = plain[:len(plain)-int(plain[len(plain)-1])]
	n := binary.BigEndian.Uint32(plain[16:])
	return string(plain[20 : 20+n]), string(plain[20+n:])
}

func TestWeChatPushesUpToThreeTimes(t *testing.T) {
	for name, tt := range map[string]struct {
		answer  http.HandlerFunc
		timeout time.Duration
		tries   int
		taken   bool
	}{
		"never":          {saying("no"), patience, 3, false},
		"a failure":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, patience, 3, false},
		"no answer":      {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 50 * time.Millisecond, 3, false},
		"nothing is yes": {saying(""), patience, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			to := newCallback(t, tt.answer)
			c := weChat(t, WeChatOptions{PushPause: time.Millisecond, PushTimeout: tt.timeout})
			if err := c.w.PushTo(to.url, "token-1", ""); err != nil {
				t.Fatal(err)
			}
			c.w.Change(c.openid("alice"), wechatTemplates[0].ID, false)
			eventually(t, "all tries are made", func() bool { return c.w.Pushes()[0].Tries == tt.tries })
			if p := c.w.Pushes()[0]; p.Taken != tt.taken {
				t.Errorf("%+v", p)
			}
			for _, got := range to.all() {
				if got.body != to.all()[0].body {
					t.Error("a repetition says something else")
				}
			}
		})
	}
}

func TestWeChatPushesWhenTheAnswerWasLost(t *testing.T) {
	to := newCallback(t, saying("success"))
	c := pushing(t, to, "")
	c.w.FailDeliveries(101, "user refuse")
	token := c.token()
	c.w.SetFaults(Fault{Kind: "lost", Match: "send", Times: 1})
	if _, err := tryAsk(t.Context(), c.http, "POST", c.url+"/cgi-bin/message/subscribe/send?access_token="+token, goodMessage(c.openid("alice"))); err == nil {
		t.Fatal("the answer came through")
	}
	if p := c.waitForPushes(1)[0]; p.MsgID != firstMsgID || !strings.Contains(p.Body, "user refuse") || !strings.Contains(p.Body, "101") {
		t.Errorf("push %+v", p)
	}
}

func TestWeChatSubscriptionsFollowTheWindow(t *testing.T) {
	c := weChat(t, WeChatOptions{}) // nobody listens
	c.w.RequireGrants(true)
	send := func() string { return text(c.send(goodMessage(c.openid("alice")))["errcode"]) }
	id := wechatTemplates[0].ID
	c.w.Popup(c.openid("alice"), id, false)
	c.w.Popup(c.openid("alice"), id, true)
	if first, second := send(), send(); first != "0" || second != "43101" {
		t.Errorf("one accepted: %s %s", first, second)
	}
	c.w.Popup(c.openid("alice"), id, true)
	c.w.Change(c.openid("alice"), id, false)
	if got := send(); got != "43101" {
		t.Errorf("refused in the settings: %s", got)
	}
	if n := len(c.w.Pushes()); n != 0 {
		t.Errorf("%d pushes to nobody", n)
	}
}

func TestWeChatPushesToThisMachineOnly(t *testing.T) {
	w := NewWeChat(WeChatOptions{})
	t.Cleanup(func() { _ = w.Close() })
	for address, key := range map[string]string{
		"http://192.0.2.1/cb": "", "https://example.com/cb": "", "ftp://127.0.0.1/": "", "cb": "", "http://127.0.0.1/cb?x=1": "",
		"http://127.0.0.1/cb": "short",
	} {
		if err := w.PushTo(address, "t", key); !errors.Is(err, ErrPush) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"", "http://localhost:1/cb", "http://[::1]:1/cb", "https://127.0.0.1:1/cb"} {
		if err := w.PushTo(address, "t", testAESKey); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestWeChatCloseEndsPushes: goleak, run after all tests, sees what stays behind.
func TestWeChatCloseEndsPushes(t *testing.T) {
	arrived := make(chan struct{}, 10)
	to := newCallback(t, func(_ http.ResponseWriter, r *http.Request) { arrived <- struct{}{}; <-r.Context().Done() })
	w := NewWeChat(WeChatOptions{PushTimeout: time.Hour})
	if err := w.PushTo(to.url, "t", ""); err != nil {
		t.Fatal(err)
	}
	w.Popup("o1", "x", true)
	<-arrived
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Popup("o1", "x", true); len(w.Pushes()) != 1 {
		t.Error("pushed after Close")
	}
}

func TestWeChatRemembersCallsAndOverlap(t *testing.T) {
	at := newClock()
	c := weChat(t, WeChatOptions{Now: at.Now})
	token := c.token()
	c.w.SetFaults(Fault{Kind: "hang", Match: "send", Times: 2})
	var sends sync.WaitGroup
	for _, name := range []string{"alice", "alice"} {
		sends.Go(func() {
			_, _ = tryAsk(t.Context(), c.http, "POST", c.url+"/cgi-bin/message/subscribe/send?access_token="+token, goodMessage(c.openid(name)))
		})
	}
	eventually(t, "both are under way", func() bool { return c.w.MaxParallelSends("") == 2 })
	_ = c.w.Close()
	sends.Wait()
	c.send(goodMessage(c.openid("bob")))
	if c.w.MaxParallelSends(c.openid("alice")) != 2 || c.w.MaxParallelSends(c.openid("bob")) != 1 || c.w.MaxParallelSends("x") != 0 {
		t.Error("overlap is counted wrong")
	}
	calls := slices.DeleteFunc(c.w.Calls(), func(call WeChatCall) bool { return call.API != "send" })
	want := WeChatCall{"send", c.openid("bob"), at.now, 1}
	if len(calls) != 3 || calls[2] != want || calls[1].Parallel != 2 {
		t.Errorf("calls %+v", calls)
	}
}

func TestControlPushesEvents(t *testing.T) {
	to := newCallback(t, saying("success"))
	c := weChat(t, WeChatOptions{})
	control := c.url + "/__sandbox/"
	if got := ask(t, c.http, "POST", control+"push-to", m{"url": "http://192.0.2.1"}); got.status != 400 {
		t.Errorf("elsewhere: %d", got.status)
	}
	ask(t, c.http, "POST", control+"push-to", m{"url": to.url, "token": "t"})
	ask(t, c.http, "POST", control+"popup", m{"openid": "o1", "templateId": "x", "accept": true})
	ask(t, c.http, "POST", control+"change", m{"openid": "o1", "templateId": "x"})
	c.waitForPushes(2)
	got := string(ask(t, c.http, "GET", control+"pushes", nil).body)
	if !strings.Contains(got, eventPopup) || !strings.Contains(got, eventChange) || !strings.Contains(got, "reject") {
		t.Errorf("pushes: %s", got)
	}
	if got := string(ask(t, c.http, "GET", control+"calls", nil).body); got != "[]\n" {
		t.Errorf("calls: %s", got)
	}
	for _, path := range []string{"push-to", "popup"} {
		if got := ask(t, c.http, "POST", control+path, "x"); got.status != 400 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
