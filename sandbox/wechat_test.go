package sandbox

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// weChatClient asks as the gateway does.
type weChatClient struct {
	t    *testing.T
	http *http.Client
	w    *WeChat
	url  string
}

func newWeChatClient(t *testing.T, w *WeChat, url string) *weChatClient {
	t.Helper()
	return &weChatClient{t, plainClient(t), w, url}
}

func weChat(t *testing.T, opts WeChatOptions) *weChatClient {
	t.Helper()
	w := NewWeChat(opts)
	return newWeChatClient(t, w, serve(t, w))
}

func (c *weChatClient) loginRaw(change map[string]string, code string) reply {
	c.t.Helper()
	q := url.Values{"appid": {c.w.AppID()}, "secret": {c.w.AppSecret()}, "js_code": {code}, "grant_type": {"authorization_code"}}
	for key, value := range change {
		q.Set(key, value)
	}
	return ask(c.t, c.http, "GET", c.url+"/sns/jscode2session?"+q.Encode(), nil)
}

func (c *weChatClient) login(code string) map[string]any {
	c.t.Helper()
	return c.loginRaw(nil, code).object(c.t)
}

func (c *weChatClient) tokenAnswer(force bool) map[string]any {
	c.t.Helper()
	return ask(c.t, c.http, "POST", c.url+"/cgi-bin/stable_token", m{
		"grant_type": "client_credential", "appid": c.w.AppID(), "secret": c.w.AppSecret(), "force_refresh": force,
	}).object(c.t)
}

func (c *weChatClient) token() string {
	c.t.Helper()
	return text(c.tokenAnswer(false)["access_token"])
}

func (c *weChatClient) send(body any) map[string]any {
	c.t.Helper()
	return ask(c.t, c.http, "POST", c.url+"/cgi-bin/message/subscribe/send?access_token="+c.token(), body).object(c.t)
}

func (c *weChatClient) openid(name string) string {
	for _, u := range c.w.Users() {
		if u.Name == name {
			return u.OpenID
		}
	}
	c.t.Fatalf("no user %s", name)
	return ""
}

func goodMessage(openid string) m {
	return m{"touser": openid, "template_id": wechatTemplates[0].ID, "page": "pages/order/index?id=1",
		"miniprogram_state": "formal", "lang": "zh_CN", "data": m{
			"character_string1": m{"value": "SO2026013101"}, "phrase2": m{"value": "进行中"},
			"time3": m{"value": "2026年1月31日 10:20"}, "thing4": m{"value": "已安排生产"},
		}}
}

func TestWeChatLoginGivesASessionOnce(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	got := c.loginRaw(nil, "test-alice")
	out := got.object(t)
	if got.status != 200 || got.header.Get("Content-Type") != "text/plain" {
		t.Errorf("%d %s", got.status, got.header.Get("Content-Type"))
	}
	if _, has := out["errcode"]; has || text(out["openid"]) != c.openid("alice") || out["unionid"] != nil {
		t.Errorf("login: %v", out)
	}
	if key, err := base64.StdEncoding.DecodeString(text(out["session_key"])); err != nil || len(key) != 16 {
		t.Errorf("session_key %v", out["session_key"])
	}
	if again := c.login("test-alice"); text(again["errcode"]) != "40163" {
		t.Errorf("second use: %v", again)
	}
	next := c.login("test-alice-2")
	if next["openid"] != out["openid"] || next["session_key"] == out["session_key"] {
		t.Errorf("another code of alice: %v", next)
	}
	if carol := c.login("test-carol"); text(carol["unionid"]) == "" || carol["openid"] == out["openid"] {
		t.Errorf("carol: %v", carol)
	}
	if other := c.login("test-u17-x"); text(other["openid"]) == "" {
		t.Errorf("any name: %v", other)
	}
	if keys := c.w.SessionKeys(); len(keys) != 4 || keys[0] != text(out["session_key"]) {
		t.Errorf("session keys: %v", keys)
	}
	if c.w.Count("jscode2session") != 5 {
		t.Errorf("count %d", c.w.Count("jscode2session"))
	}
}

func TestWeChatEscapesSlashesOfSessionKeys(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	for i := range 200 { // one key in four holds a slash
		got := c.loginRaw(nil, "test-alice-"+strconv.Itoa(i))
		if strings.Contains(text(got.object(t)["session_key"]), "/") {
			if !strings.Contains(string(got.body), `\/`) {
				t.Errorf("not escaped: %s", got.body)
			}
			return
		}
	}
	t.Error("no session_key with a slash")
}

func TestWeChatLoginErrors(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	for name, tt := range map[string]struct {
		change map[string]string
		code   string
		want   string
	}{
		"no appid":     {map[string]string{"appid": ""}, "test-bob", "41002"},
		"other appid":  {map[string]string{"appid": "wx1"}, "test-bob", "40013"},
		"no secret":    {map[string]string{"secret": ""}, "test-bob", "41004"},
		"other secret": {map[string]string{"secret": "x"}, "test-bob", "40125"},
		"no code":      {nil, "", "41008"},
		"grant type":   {map[string]string{"grant_type": "x"}, "test-bob", "40002"},
		"made-up code": {nil, "0a1b2c", "40029"},
		"empty name":   {nil, "test-", "40029"},
	} {
		got := c.loginRaw(tt.change, tt.code).object(t)
		if text(got["errcode"]) != tt.want {
			t.Errorf("%s: %v, want %s", name, got, tt.want)
		}
	}
	if got := c.login("test-bob"); text(got["openid"]) == "" {
		t.Errorf("refused calls used up the code: %v", got)
	}
}

func TestWeChatGivesEveryErrorOnDemandWithItsText(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	comma := regexp.MustCompile(`^(.+), rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`)
	space := regexp.MustCompile(`^(.+[^,]) rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`)
	for code, message := range errmsgs {
		n := strconv.Itoa(int(code))
		got := c.loginRaw(nil, "errcode-"+n)
		out := got.object(t)
		parts := comma.FindStringSubmatch(text(out["errmsg"]))
		if got.status != 200 || text(out["errcode"]) != n || parts == nil || parts[1] != message {
			t.Errorf("code errcode-%s: %d %s", n, got.status, got.body)
		}
		c.w.FailNext("stable_token", int(code), 1)
		out = c.tokenAnswer(false)
		if parts = space.FindStringSubmatch(text(out["errmsg"])); text(out["errcode"]) != n || parts == nil || parts[1] != message {
			t.Errorf("FailNext %s: %v", n, out)
		}
	}
	if got := c.login("errcode-0"); text(got["errcode"]) != "40029" {
		t.Errorf("errcode-0: %v", got)
	}
	if got := c.login("errcode-99999"); !strings.HasPrefix(text(got["errmsg"]), "error, rid: ") {
		t.Errorf("a code without a known text: %v", got)
	}
}

func TestWeChatFailNextCounts(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	code := func() string {
		return text(c.login("test-bob-" + strconv.Itoa(c.w.Count("jscode2session")))["errcode"])
	}
	c.w.FailNext("jscode2session", -1, 2)
	if a, b, after := code(), code(), code(); a != "-1" || b != "-1" || after != "" {
		t.Errorf("two failures: %q %q %q", a, b, after)
	}
	c.w.FailNext("jscode2session", 45011, 0)
	if a, b := code(), code(); a != "45011" || b != "45011" {
		t.Errorf("until told otherwise: %q %q", a, b)
	}
	if c.token() == "" {
		t.Error("another api failed too")
	}
	c.w.FailNext("jscode2session", 0, 0)
	if got := code(); got != "" {
		t.Errorf("after code 0: %q", got)
	}
}

func TestWeChatStableTokenStaysUntilNearItsEnd(t *testing.T) {
	clk := newClock()
	c := weChat(t, WeChatOptions{Now: clk.Now})
	first := c.tokenAnswer(false)
	if text(first["expires_in"]) != "7200" || len(text(first["access_token"])) < 100 || first["errcode"] != nil {
		t.Errorf("first: %v", first)
	}
	clk.now = clk.now.Add(115 * time.Minute)
	if got := c.tokenAnswer(false); got["access_token"] != first["access_token"] || text(got["expires_in"]) != "300" {
		t.Errorf("5 minutes before the end: %v", got)
	}
	clk.now = clk.now.Add(time.Second)
	second := c.tokenAnswer(false)
	if second["access_token"] == first["access_token"] || text(second["expires_in"]) != "7200" {
		t.Errorf("in the last 5 minutes: %v", second)
	}
	check := func(token any) string {
		got := ask(t, c.http, "GET", c.url+"/wxaapi/newtmpl/gettemplate?access_token="+text(token), nil).object(t)
		return text(got["errcode"])
	}
	if a, b := check(first["access_token"]), check(second["access_token"]); a != "0" || b != "0" {
		t.Errorf("both must be valid: %s %s", a, b)
	}
	clk.now = clk.now.Add(5 * time.Minute)
	if a, b := check(first["access_token"]), check(second["access_token"]); a != "42001" || b != "0" {
		t.Errorf("the first has ended: %s %s", a, b)
	}
	if a, b := check("made-up"), check(""); a != "40001" || b != "41001" {
		t.Errorf("made up and missing: %s %s", a, b)
	}
	c.w.InvalidateTokens()
	if got := check(second["access_token"]); got != "40001" {
		t.Errorf("after InvalidateTokens: %s", got)
	}
}

func TestWeChatForcedRefreshKillsTheOldTokenAndIsLimited(t *testing.T) {
	clk := newClock()
	c := weChat(t, WeChatOptions{Now: clk.Now})
	old := c.token()
	forced := text(c.tokenAnswer(true)["access_token"])
	if forced == old || c.token() != forced {
		t.Error("force_refresh gave no new token")
	}
	if got := ask(t, c.http, "GET", c.url+"/wxaapi/newtmpl/gettemplate?access_token="+old, nil).object(t); text(got["errcode"]) != "40001" {
		t.Errorf("old token after force: %v", got)
	}
	if got := text(c.tokenAnswer(true)["access_token"]); got != forced {
		t.Error("forced again within 30 s")
	}
	for range 19 {
		clk.now = clk.now.Add(31 * time.Second)
		if got := c.tokenAnswer(true); text(got["access_token"]) == "" {
			t.Fatalf("within the quota: %v", got)
		}
	}
	clk.now = clk.now.Add(31 * time.Second)
	if got := c.tokenAnswer(true); text(got["errcode"]) != "45009" {
		t.Errorf("21st of the day: %v", got)
	}
	clk.now = clk.now.Add(24 * time.Hour)
	if got := c.tokenAnswer(true); text(got["access_token"]) == "" {
		t.Errorf("next day: %v", got)
	}
}

func TestWeChatTokenErrors(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	for name, tt := range map[string]struct {
		body any
		want string
	}{
		"grant type":   {m{"grant_type": "x", "appid": c.w.AppID(), "secret": c.w.AppSecret()}, "40002"},
		"other appid":  {m{"grant_type": "client_credential", "appid": "wx1", "secret": c.w.AppSecret()}, "40013"},
		"other secret": {m{"grant_type": "client_credential", "appid": c.w.AppID(), "secret": "x"}, "40125"},
		"not JSON":     {"x", "47001"},
	} {
		if got := ask(t, c.http, "POST", c.url+"/cgi-bin/stable_token", tt.body).object(t); text(got["errcode"]) != tt.want {
			t.Errorf("%s: %v, want %s", name, got, tt.want)
		}
	}
}

func TestWeChatTemplatesAndSessionCheck(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	token := c.token()
	got := ask(t, c.http, "GET", c.url+"/wxaapi/newtmpl/gettemplate?access_token="+token, nil).object(t)
	list, _ := got["data"].([]any)
	if len(list) != len(c.w.Templates()) || !strings.Contains(text(object(list[0])["content"]), "{{character_string1.DATA}}") {
		t.Errorf("templates: %v", got)
	}
	in := c.login("test-alice")
	check := func(openid, signature, method string) string {
		q := url.Values{"access_token": {token}, "openid": {openid}, "signature": {signature}, "sig_method": {method}}
		return text(ask(t, c.http, "GET", c.url+"/wxa/checksession?"+q.Encode(), nil).object(t)["errcode"])
	}
	right := sessionSignature(text(in["session_key"]))
	openid := text(in["openid"])
	if a, b, d := check(openid, right, "hmac_sha256"), check(openid, "00", "hmac_sha256"), check(openid, right, "md5"); a != "0" || b != "87009" || d != "87008" {
		t.Errorf("checksession: %s %s %s", a, b, d)
	}
	c.login("test-alice-again")
	if got := check(openid, right, "hmac_sha256"); got != "87009" {
		t.Errorf("an old session_key: %s", got)
	}
	if a, b := check("nobody", right, "hmac_sha256"), ask(t, c.http, "GET", c.url+"/wxa/checksession", nil).object(t); a != "40003" || text(b["errcode"]) != "41001" {
		t.Errorf("unknown openid %s, no token %v", a, b)
	}
}

// TestWeChatSessionSignatureVector uses a vector computed outside of this code.
func TestWeChatSessionSignatureVector(t *testing.T) {
	if got := sessionSignature("AAECAwQFBgcICQoLDA0ODw=="); got != "75c022993d64e3ac224c1c9d6f2b4c6eb53f22f6c7aa6be94428577d11d12fd5" {
		t.Error(got)
	}
}

func TestWeChatKnowsOnlyItsPaths(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	for _, where := range []string{"GET /cgi-bin/nothing", "POST /sns/jscode2session"} {
		method, path, _ := strings.Cut(where, " ")
		if got := ask(t, c.http, method, c.url+path, nil); got.status != 404 {
			t.Errorf("%s: %d", where, got.status)
		}
	}
}

func TestWeChatFaultsReachItsCalls(t *testing.T) {
	c := weChat(t, WeChatOptions{})
	c.w.SetFaults(Fault{Kind: "lost", Match: "jscode2session", Times: 1})
	q := url.Values{"appid": {c.w.AppID()}, "secret": {c.w.AppSecret()}, "js_code": {"test-bob"}, "grant_type": {"authorization_code"}}
	if _, err := tryAsk(context.Background(), c.http, "GET", c.url+"/sns/jscode2session?"+q.Encode(), nil); err == nil {
		t.Error("a lost answer arrived")
	}
	if got := c.login("test-bob"); text(got["errcode"]) != "40163" {
		t.Errorf("a retry after a lost answer: %v", got)
	}
	c.w.SetFaults(Fault{Kind: "wrong_shape"})
	if _, isObject := c.login("test-bob-2")["openid"].(map[string]any); !isObject {
		t.Error("openid kept its type")
	}
}
