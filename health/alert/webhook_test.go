package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"snowgate/health"
)

// The vectors were computed with Python and checked with Node; all secrets are made up.
const (
	dingtalkSecret = "SECsnowgate-made-up-secret"
	feishuSecret   = "snowgate-made-up-secret"
)

func TestSignaturesMatchTheVectors(t *testing.T) {
	if got, want := dingtalkSign(dingtalkSecret, "1700000000000"), "LUKmVdCxCq3LRf0gh4PKtHWVwVQb7/NM5Dy0bN0XcP4="; got != want {
		t.Errorf("DingTalk: %s, want %s", got, want)
	}
	if got, want := feishuSign(feishuSecret, "1700000000"), "FIFVp8MMKlElJZcViCPcy6vn/ytaFUD+sdpQNgG8lHs="; got != want {
		t.Errorf("Feishu: %s, want %s", got, want)
	}
}

// TestPayloadsAreThoseOfTheProtocol keeps: address and body are what the robots expect, byte for byte.
func TestPayloadsAreThoseOfTheProtocol(t *testing.T) {
	now := time.UnixMilli(1700000000000).UTC()
	m := Message{
		Event: Raised, Key: "part.erp", Severity: Warning, At: now, Since: now, Replica: "gw-1",
		Title: health.Words{ZH: "ERP 异常 <1>", EN: "ERP & co"}, Text: health.Words{ZH: "原因", EN: "why"},
	}
	critical := m
	critical.Severity = Critical
	over := critical
	over.Event, over.Seconds = Recovered, 61
	const text = `【警告】ERP 异常 <1>\n[warning] ERP & co\n原因\nwhy\n开始 2023-11-14 22:13:20 +00:00 · 副本 gw-1`
	severe := strings.NewReplacer("警告", "严重", "warning", "critical").Replace(text)
	tests := map[string]struct {
		hook, url, body string
		message         Message
	}{
		"wecom": {
			hook: "wecom:https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K", message: m,
			url:  "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K",
			body: `{"msgtype":"text","text":{"content":"` + text + `","mentioned_list":[],"mentioned_mobile_list":[]}}`,
		},
		"wecom, critical": {
			hook: "wecom:https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K", message: critical,
			url:  "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K",
			body: `{"msgtype":"text","text":{"content":"` + severe + `","mentioned_list":["@all"],"mentioned_mobile_list":[]}}`,
		},
		"wecom, over": {
			hook: "wecom:https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K", message: over,
			url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=K",
			body: `{"msgtype":"text","text":{"content":"【恢复】ERP 异常 <1>（持续 1 分 1 秒）\n[recovered] ERP & co (lasted 1 min 1 s)\n` +
				`原因\nwhy\n开始 2023-11-14 22:13:20 +00:00 · 副本 gw-1","mentioned_list":[],"mentioned_mobile_list":[]}}`,
		},
		"dingtalk": {
			hook: "dingtalk:https://oapi.dingtalk.com/robot/send?access_token=T#" + dingtalkSecret, message: m,
			url: "https://oapi.dingtalk.com/robot/send?access_token=T&timestamp=1700000000000" +
				"&sign=LUKmVdCxCq3LRf0gh4PKtHWVwVQb7%2FNM5Dy0bN0XcP4%3D",
			body: `{"msgtype":"text","text":{"content":"` + text + `"},"at":{"atMobiles":[],"isAtAll":false}}`,
		},
		"dingtalk, not signed, critical": {
			hook: "dingtalk:https://oapi.dingtalk.com/robot/send?access_token=T", message: critical,
			url:  "https://oapi.dingtalk.com/robot/send?access_token=T",
			body: `{"msgtype":"text","text":{"content":"` + severe + `"},"at":{"atMobiles":[],"isAtAll":true}}`,
		},
		"feishu": {
			hook: "feishu:https://open.feishu.cn/open-apis/bot/v2/hook/ID#" + feishuSecret, message: m,
			url: "https://open.feishu.cn/open-apis/bot/v2/hook/ID",
			body: `{"msg_type":"text","content":{"text":"` + text + `"},"timestamp":"1700000000",` +
				`"sign":"FIFVp8MMKlElJZcViCPcy6vn/ytaFUD+sdpQNgG8lHs="}`,
		},
		"feishu, not signed": {
			hook: "feishu:https://open.feishu.cn/open-apis/bot/v2/hook/ID", message: m,
			url:  "https://open.feishu.cn/open-apis/bot/v2/hook/ID",
			body: `{"msg_type":"text","content":{"text":"` + text + `"}}`,
		},
		"json": {
			hook: "json:https://alerts.example.com/hook", message: over, url: "https://alerts.example.com/hook",
			body: `{"event":"recovered","key":"part.erp","severity":"critical","title":{"zh":"ERP 异常 <1>","en":"ERP & co"},` +
				`"text":{"zh":"原因","en":"why"},"at":"2023-11-14T22:13:20Z","since":"2023-11-14T22:13:20Z","durationSeconds":61,"replica":"gw-1"}`,
		},
	}
	for name, test := range tests {
		w := hooks(t, test.hook)[0]
		if got := w.dialect.target(w, now); got != test.url {
			t.Errorf("%s: sent to\n%s, want\n%s", name, got, test.url)
		}
		if got := encoded(t, w.dialect.payload(w, test.message, now)); got != test.body {
			t.Errorf("%s: body\n%s, want\n%s", name, got, test.body)
		}
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	r, err := encode(v)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestNoMessageIsLongerThanItsRobotTakes keeps: an alert never fails because it is long, and is cut between characters.
func TestNoMessageIsLongerThanItsRobotTakes(t *testing.T) {
	long := health.Words{ZH: strings.Repeat("雪兽\"\\", 2000), EN: strings.Repeat("\x00\x1b\xff é", 2000)}
	one := Message{Event: Raised, Severity: Warning, Title: long, Text: long, At: time.Unix(1e9, 0)}
	short := Message{Event: Raised, Severity: Warning, Title: health.Words{ZH: "短", EN: "short"}, At: time.Unix(1e9, 0)}
	digest := Message{Event: Digest, At: time.Unix(1e9, 0), Dropped: 3}
	for range 150 {
		digest.Messages = append(digest.Messages, short)
	}
	for name, m := range map[string]Message{"one": one, "digest": digest, "digest of a long one": {Event: Digest, Messages: []Message{one, short}}} {
		for _, limit := range []int{wecomText, dingtalkText, feishuText} {
			if got := m.body(limit); len(got) > limit || !utf8.ValidString(got) {
				t.Errorf("%s: %d bytes of valid text: %v, want at most %d", name, len(got), utf8.ValidString(got), limit)
			}
		}
		w := hooks(t, "feishu:https://open.feishu.cn/open-apis/bot/v2/hook/ID#"+feishuSecret)[0]
		if got := len(encoded(t, w.dialect.payload(w, m, time.Now()))); got > 20_000 {
			t.Errorf("%s: a body of %d bytes for Feishu, want at most 20 KB", name, got)
		}
	}
	if got := digest.body(wecomText); !strings.HasPrefix(got, "【汇总】153 条告警\n[digest] 153 alerts\n") || !strings.Contains(got, " more") {
		t.Errorf("a digest that says\n%s", got)
	}
}

func TestWebhooksAreParsedAndNamed(t *testing.T) {
	list := hooks(t, "wecom:https://a.example/send?key=K", "json:http://127.0.0.1:8099/x", "dingtalk:https://b.example/r?access_token=T#SEC", "json:http://[::1]/")
	var names []string
	for _, w := range list {
		names = append(names, w.Name()+"/"+w.Kind())
	}
	if got, want := strings.Join(names, " "), "wecom-1/wecom json-2/json dingtalk-3/dingtalk json-4/json"; got != want {
		t.Errorf("named %s, want %s", got, want)
	}
	for name, text := range map[string]string{ //nolint:gosec // invented secrets: that they are not quoted is the test
		"no kind": "https://a.example/S3CRET", "unknown kind": "slack:https://a.example/S3CRET", "no URL": "wecom:", "nothing": "",
		"plain http": "wecom:http://a.example/?key=S3CRET", "another scheme": "json:ftp://127.0.0.1/S3CRET", "no host": "json:https:///S3CRET",
		"broken": "json:https://a.example/%zz?S3CRET", "a user": "json:https://u:S3CRET@a.example/", "a secret WeCom has not": "wecom:https://a.example/?key=K#S3CRET",
		"a loopback-like name": "json:http://127.0.0.1.example/S3CRET",
	} {
		_, err := Parse([]string{"json:https://ok.example/", text})
		if !errors.Is(err, ErrWebhook) || strings.Contains(err.Error(), "S3CRET") || !strings.HasPrefix(err.Error(), "webhook 2: ") {
			t.Errorf("%s: %v, want ErrWebhook at place 2 without the secret", name, err)
		}
	}
}

// TestCredentialsAreNeverShown keeps: URL and secret are in no error and no print, whatever goes wrong.
func TestCredentialsAreNeverShown(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	chatty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/T0KEN-PATH/redirect":
			http.Redirect(w, r, "/T0KEN-PATH/elsewhere?key=T0KEN", http.StatusFound)
		case "/T0KEN-PATH/refuse":
			_, _ = fmt.Fprintf(w, `{"errcode":93000,"code":19021,"errmsg":"bad %s"}`, r.URL) //nolint:gosec // a chatty robot, not a page
		case "/T0KEN-PATH/hangup":
			hijacked, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = hijacked.Close()
			}
		default:
			w.WriteHeader(http.StatusBadGateway)
			_, _ = fmt.Fprint(w, r.URL) //nolint:gosec // likewise
		}
	}))
	t.Cleanup(chatty.Close)
	for _, base := range []string{gone.URL, chatty.URL} {
		for _, kind := range []string{"wecom:%s", "dingtalk:%s#SECT0KEN", "feishu:%s#SECT0KEN", "json:%s"} {
			for _, path := range []string{"/T0KEN-PATH/redirect?key=T0KEN", "/T0KEN-PATH/refuse?key=T0KEN", "/T0KEN-PATH/hangup?key=T0KEN", "/T0KEN-PATH?key=T0KEN"} {
				m := New(Config{Webhooks: hooks(t, fmt.Sprintf(kind, base+path)), Logger: slog.New(slog.DiscardHandler)})
				w := m.cfg.Webhooks[0]
				err := m.Test(t.Context())[w.Name()]
				if fine := kind == "json:%s" && strings.Contains(path, "refuse"); err == nil && !fine {
					t.Errorf("%s with %s: no error", kind, path)
				}
				shown := fmt.Sprintf("%v %+v %#v %s %v", err, err, w, w, m.Status())
				for cause := err; cause != nil; cause = errors.Unwrap(cause) {
					shown += cause.Error()
				}
				if strings.Contains(shown, "T0KEN") {
					t.Errorf("%s with %s: shows %s", kind, path, shown)
				}
			}
		}
	}
	if tr, ok := http.DefaultTransport.(*http.Transport); ok {
		tr.CloseIdleConnections()
	}
}

func TestAnErrorIsCleanedOfEveryPieceOfTheAddress(t *testing.T) {
	w := hooks(t, "dingtalk:https://h.example/robot/send-T0KEN?access_token=T0KEN%2Fx#SECT0KEN")[0]
	for _, text := range []string{
		"proxy says https://h.example/robot/send-T0KEN?access_token=T0KEN%2Fx is bad", "path /robot/send-T0KEN", "token T0KEN/x", "signed by SECT0KEN",
	} {
		err := w.hide(&url.Error{Op: "Post", URL: w.url, Err: &url.Error{Op: "proxy", URL: w.url, Err: errors.New(text)}})
		if strings.Contains(err.Error(), "T0KEN") || !strings.Contains(err.Error(), "***") {
			t.Errorf("%q became %q", text, err)
		}
	}
	if err := w.hide(&url.Error{Op: "Post", URL: w.url, Err: syscall.ECONNREFUSED}); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v: the cause is lost", err)
	}
}

// TestAnswersAreUnderstood keeps: the robots say no with HTTP 200.
func TestAnswersAreUnderstood(t *testing.T) {
	tests := map[string]struct {
		kind   string
		status int
		body   string
		code   int // of the Refusal; -1 for success
		pause  time.Duration
	}{
		"wecom ok":              {"wecom", 200, `{"errcode":0,"errmsg":"ok"}`, -1, 0},
		"wecom bad key":         {"wecom", 200, `{"errcode":93000,"errmsg":"invalid webhook url"}`, 93000, 0},
		"wecom too often":       {"wecom", 200, `{"errcode":45009}`, 45009, time.Minute},
		"wecom unknown":         {"wecom", 200, `{"errcode":-1}`, -1 << 20, 0},
		"dingtalk ok":           {"dingtalk", 200, `{"errcode":0}`, -1, 0},
		"dingtalk sign":         {"dingtalk", 200, `{"errcode":310000}`, 310000, 0},
		"dingtalk blocked":      {"dingtalk", 200, `{"errcode":130101}`, 130101, 10 * time.Minute},
		"feishu ok":             {"feishu", 200, `{"code":0,"StatusCode":0,"StatusMessage":"success"}`, -1, 0},
		"feishu sign":           {"feishu", 200, `{"code":19021,"msg":"sign match fail"}`, 19021, 0},
		"feishu throttled":      {"feishu", 429, `{"code":11232}`, 0, time.Minute},
		"json ok":               {"json", 204, ``, -1, 0},
		"json anything":         {"json", 200, `no`, -1, 0},
		"json server error":     {"json", 500, ``, 0, 0},
		"json redirect":         {"json", 302, ``, 0, 0},
		"no JSON":               {"wecom", 200, `<html>`, 0, 0},
		"no code":               {"feishu", 200, `{}`, 0, 0},
		"a null code":           {"feishu", 200, `{"code":null}`, 0, 0},
		"a code that is text":   {"wecom", 200, `{"errcode":"0"}`, 0, 0},
		"an answer of the past": {"wecom", 200, `[]`, 0, 0},
	}
	for name, test := range tests {
		err := dialects[test.kind].verdict(test.status, []byte(test.body))
		var r *Refusal
		switch {
		case test.code == -1 && err != nil:
			t.Errorf("%s: %v, want success", name, err)
		case test.code == -1:
		case !errors.As(err, &r):
			t.Errorf("%s: %v, want a Refusal", name, err)
		case test.code > -1 && r.Code != test.code || r.Pause != test.pause:
			t.Errorf("%s: code %d, pause %v, want %d and %v", name, r.Code, r.Pause, test.code, test.pause)
		}
	}
}

// TestATrialReachesEveryWebhook keeps: 'snowgate alert test' says for each webhook whether it works.
func TestATrialReachesEveryWebhook(t *testing.T) {
	var kinds []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost ||
			r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s %s with %v: %v", r.Method, r.URL, r.Header, err)
		}
		kinds = append(kinds, r.URL.Path) // one at a time: the hooks below are tried one after the other
		_, _ = w.Write([]byte(`{"errcode":0,"code":0}`))
	}))
	t.Cleanup(server.Close)
	for _, text := range []string{"wecom:%s/wecom", "dingtalk:%s/dingtalk#SEC", "feishu:%s/feishu#SEC", "json:%s/json"} {
		m := New(Config{Webhooks: hooks(t, fmt.Sprintf(text, server.URL)), Transport: &http.Transport{DisableKeepAlives: true}})
		for name, err := range m.Test(t.Context()) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got, want := strings.Join(kinds, " "), "/wecom /dingtalk /feishu /json"; got != want {
		t.Errorf("reached %s, want %s", got, want)
	}
	hasty, cancel := context.WithCancel(t.Context())
	cancel()
	m := New(Config{Webhooks: hooks(t, "json:"+server.URL+"/json", "wecom:"+server.URL+"/wecom")})
	if got := m.Test(hasty); len(got) != 2 || !errors.Is(got["json-1"], context.Canceled) || !errors.Is(got["wecom-2"], context.Canceled) {
		t.Errorf("%v, want both cut short", got)
	}
}
