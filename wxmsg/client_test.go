package wxmsg

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMisconfiguredUntilACallSucceeds(t *testing.T) {
	var body atomic.Value
	w := startWeChat(t, func(rw http.ResponseWriter, r *http.Request) { says(body.Load().(string))(rw, r) })
	for _, step := range []struct {
		body string
		want bool
	}{
		{`{"errcode":40029}`, false},
		{`{"errcode":40125,"errmsg":"invalid appsecret, rid: 1-2-3"}`, true},
		{`{"errcode":-1}`, true},
		{`{"openid":"o1","session_key":"k"}`, false},
		{`{"errcode":40164}`, true},
	} {
		body.Store(step.body)
		_, _ = w.client.Code2Session(ctx, testCode)
		if got := w.client.Misconfigured(); (got != nil) != step.want {
			t.Errorf("after %s: %v", step.body, got)
		}
	}
	wantError(t, w.client.Misconfigured(), KindMisconfigured)
}

func TestProbeAsksForNothingAndTakesAnyAnswerBelow500(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   Kind
	}{
		{"200", says("hello"), ""},
		{"302", status(302), ""},
		{"404", status(404), ""},
		{"500", status(500), KindUnavailable},
		{"503", status(503), KindUnavailable},
		{"reset", resets, KindUnavailable},
		{"hang", hangs, KindTimeout},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := startWeChat(t, row.answer)
			w.client.timeout = 2 * time.Second
			if row.want == KindTimeout {
				w.client.timeout = 200 * time.Millisecond
			}
			err := w.client.Probe(ctx)
			if row.want != "" {
				wantError(t, err, row.want)
			} else if err != nil {
				t.Error(err)
			}
			if asked := w.asked(t); asked.URL.String() != "/" || asked.Method != http.MethodGet {
				t.Errorf("asked %s %s", asked.Method, asked.URL)
			}
			noSecrets(t, err, w.log)
		})
	}
}

func TestNobodyThereIsUnavailable(t *testing.T) {
	w := startWeChat(t, says(""))
	w.Close()
	_, err := w.client.Code2Session(ctx, testCode)
	wantError(t, err, KindUnavailable)
	noSecrets(t, err, w.log)
	wantError(t, w.client.Probe(ctx), KindUnavailable)
}

func TestNewComplainsAboutEverythingWithoutQuoting(t *testing.T) {
	for _, base := range []string{"api.weixin.qq.com", "ftp://host", "http://", "http://user:hunter2@host", "https://host?secret=hunter2", "http://%zz"} {
		_, err := New(Config{BaseURL: base, AppSecret: "hunter2"})
		if err == nil || !strings.Contains(err.Error(), "base URL") || !strings.Contains(err.Error(), "app id") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", base, err)
		}
	}
	if _, err := New(Config{AppID: "wx1"}); err == nil || !strings.Contains(err.Error(), "app secret") {
		t.Errorf("no secret: %v", err)
	}
	c, err := New(Config{AppID: "wx1", AppSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if c.timeout != 2*time.Second || c.once.BaseURL != "https://api.weixin.qq.com" {
		t.Errorf("defaults: %v, %s", c.timeout, c.once.BaseURL)
	}
}

func TestForeignTransportIsUsedAsItIs(t *testing.T) {
	var asked atomic.Int32
	c, err := New(Config{AppID: "wx1", AppSecret: testSecret, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked.Add(1)
		if !r.Close {
			t.Error("the connection of a login may be reused")
		}
		return nil, http.ErrHandlerTimeout
	})})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Code2Session(ctx, testCode)
	wantError(t, err, KindUnavailable)
	noSecrets(t, err, &syncBuffer{})
	if asked.Load() != 1 {
		t.Errorf("%d attempts", asked.Load())
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
