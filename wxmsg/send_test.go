package wxmsg

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"snowgate/sandbox"
)

var aMessage = Message{OpenID: "oAlice", TemplateID: "T1", Page: "pages/order?id=1", Data: map[string]string{"thing1": "雪地帐篷", "phrase2": "进行中"}}

// desk is a WeChat that takes messages: its tokens are testToken with 1, 2 and so on, the first already in the store.
type desk struct {
	*wechat
	clock  *clock
	store  *fakeStore
	sender *Sender
	sent   atomic.Int32 // requests to send, or to list templates
	minted atomic.Int32

	mintFails atomic.Bool

	mu      sync.Mutex
	bodies  []string
	tokens  []string // each request came with
	remotes []string
}

func startDesk(t *testing.T, answer http.HandlerFunc) *desk {
	t.Helper()
	d := &desk{clock: newClock()}
	d.store = newStore(d.clock)
	if err := d.store.SaveToken(ctx, []byte(testToken+"1"), time.Hour); err != nil {
		t.Fatal(err)
	}
	d.minted.Store(1)
	d.wechat = startWeChat(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cgi-bin/stable_token" && d.mintFails.Load() {
			says(`{"errcode":-1}`)(w, r)
			return
		}
		if r.URL.Path == "/cgi-bin/stable_token" {
			says(fmt.Sprintf(`{"access_token":"%s%d","expires_in":7200}`, testToken, d.minted.Add(1)))(w, r)
			return
		}
		d.mu.Lock()
		d.bodies = append(d.bodies, d.lastBody())
		d.tokens = append(d.tokens, r.URL.Query().Get("access_token"))
		d.remotes = append(d.remotes, r.RemoteAddr)
		d.mu.Unlock()
		d.sent.Add(1)
		answer(w, r)
	})
	d.serve(d.client)
	return d
}

// serve makes the sender one of this client's.
func (d *desk) serve(c *Client) {
	c.now = d.clock.now
	d.client, d.sender = c, NewSender(c, NewTokens(c, d.store))
}

func (w *wechat) lastBody() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.body
}

func (d *desk) wantSent(t *testing.T, want int32) {
	t.Helper()
	if got := d.sent.Load(); got != want {
		t.Errorf("%d requests, want %d", got, want)
	}
}

func TestMessageIsWrittenAsDocumented(t *testing.T) {
	data := map[string]any{"thing1": map[string]any{"value": "雪地帐篷"}, "phrase2": map[string]any{"value": "进行中"}}
	full := map[string]any{"touser": "oAlice", "template_id": "T1", "page": "pages/order?id=1", "data": data,
		"miniprogram_state": "formal", "lang": "zh_CN"}
	trial := maps.Clone(full)
	trial["miniprogram_state"], trial["lang"] = "trial", "en_US"
	bare := map[string]any{"touser": "oAlice", "template_id": "T1", "data": map[string]any{}, "miniprogram_state": "formal", "lang": "zh_CN"}
	inTrial := aMessage
	inTrial.State, inTrial.Lang = "trial", "en_US"
	for name, row := range map[string]struct {
		message Message
		want    map[string]any
	}{
		"with the defaults": {aMessage, full},
		"in trial":          {inTrial, trial},
		"bare":              {Message{OpenID: "oAlice", TemplateID: "T1"}, bare},
	} {
		t.Run(name, func(t *testing.T) {
			d := startDesk(t, says(`{"errcode":0,"errmsg":"ok","msgid":3400000000000000123}`))
			if id, err := d.sender.Send(ctx, row.message); err != nil || id != "3400000000000000123" {
				t.Fatalf("got %q, %v", id, err)
			}
			asked := d.asked(t)
			if asked.Method != http.MethodPost || asked.URL.Path != "/cgi-bin/message/subscribe/send" ||
				asked.URL.RawQuery != "access_token="+testToken+"1" || asked.Header.Get("Content-Type") != "application/json" ||
				asked.ContentLength != int64(len(d.bodies[0])) {
				t.Errorf("asked %s %s with %v", asked.Method, asked.URL, asked.Header)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(d.bodies[0]), &got); err != nil || !reflect.DeepEqual(got, row.want) {
				t.Errorf("wrote %s, %v; want %v", d.bodies[0], err, row.want)
			}
			noSecrets(t, nil, d.log)
		})
	}
}

func TestMsgIDKeepsItsDigitsAndMayBeAbsent(t *testing.T) {
	for answer, want := range map[string]string{
		`{"errcode":0,"errmsg":"ok","msgid":3400000000000000123}`:   "3400000000000000123",
		`{"errcode":0,"errmsg":"ok","msgid":"3400000000000000123"}`: "3400000000000000123",
		`{"msgid":9223372036854775807}`:                             "9223372036854775807",
		`{"errcode":0,"errmsg":"ok"}`:                               "",
		`{"errcode":0,"msgid":null}`:                                "",
		`{"errcode":0,"msgid":""}`:                                  "",
		`{"errcode":0,"msgid":{"a":1}}`:                             "", // odd, but the message is on its way
		`{"errcode":0,"msgid":3.4e18}`:                              "",
		`{"errcode":0,"msgid":"` + strings.Repeat("1", 65) + `"}`:   "",
	} {
		d := startDesk(t, says(answer))
		if got, err := d.sender.Send(ctx, aMessage); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", answer, got, err, want)
		}
	}
}

// WeChat: sendSubscribeMessage and access token, tables of errcodes.
func TestEveryErrcodeOfASendHasItsKindAndFate(t *testing.T) {
	const text = "argument invalid! data.thing3.value invalid"
	for _, row := range []struct {
		errCode int
		kind    Kind
		fate    Fate
		wait    time.Duration
		sent    int32
	}{
		{-1, KindBusy, FateRetry, 0, 1},
		{43108, KindConcurrent, FateRetry, 0, 1},
		{45011, KindRateLimited, FateRetry, 15 * time.Second, 1},
		{40001, KindToken, FateRetry, 0, 2},
		{40014, KindToken, FateRetry, 0, 2},
		{42001, KindToken, FateRetry, 0, 2},
		{45009, KindQuota, FatePause, 12*time.Hour + 15*time.Second, 1},
		{43107, KindBanned, FatePause, 0, 1},
		{48001, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{40164, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{40013, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{40125, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{40002, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{41001, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{41002, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{41004, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{89503, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{89506, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{89507, KindMisconfigured, FatePause, 5 * time.Minute, 1},
		{43101, KindNoConsent, FateRefused, 0, 1},
		{40003, KindOpenID, FateFailed, 0, 1},
		{40037, KindTemplate, FateFailed, 0, 1},
		{41030, KindPage, FateFailed, 0, 1},
		{45103, KindUnsupported, FateFailed, 0, 1},
		{45109, KindUnsupported, FateFailed, 0, 1},
		{45168, KindData, FateFailed, 0, 1},
		{47001, KindData, FateFailed, 0, 1},
		{47003, KindData, FateFailed, 0, 1},
		{40029, KindBadAnswer, FateFailed, 0, 1}, // of another call
		{99999, KindBadAnswer, FateFailed, 0, 1},
	} {
		t.Run(fmt.Sprint(row.errCode), func(t *testing.T) {
			d := startDesk(t, says(fmt.Sprintf(`{"errcode":%d,"errmsg":"%s rid: 5f9a-6b0c-1d2e"}`, row.errCode, text)))
			id, err := d.sender.Send(ctx, aMessage)
			e := errorOf(t, err, row.kind)
			if id != "" || e.Op != "send" || e.ErrCode != row.errCode || e.RID != "5f9a-6b0c-1d2e" || e.RetryAfter != row.wait {
				t.Errorf("got %q, %+v; want wait %v", id, *e, row.wait)
			}
			if got := FateOf(fmt.Errorf("queue: %w", err)); got != row.fate {
				t.Errorf("fate %q, want %q", got, row.fate)
			}
			if named := e.Keyword == "thing3"; named != (row.kind == KindData) || strings.Contains(err.Error(), "argument") {
				t.Errorf("text %q", err)
			}
			if got := d.client.Misconfigured() != nil; got != (row.kind == KindMisconfigured) {
				t.Errorf("misconfigured: %v", got)
			}
			d.wantSent(t, row.sent)
			noSecrets(t, err, d.log)
		})
	}
}

func TestTheKeywordComplainedAboutIsNamed(t *testing.T) {
	for errMsg, want := range map[string]string{
		"argument invalid! data.thing3.value invalid rid: a-b":            "thing3",
		"argument invalid! data.character_string12.value is emtpy":        "character_string12", //nolint:misspell // as WeChat spells it
		"argument invalid! data invalid":                                  "",
		"keyword in blacklist":                                            "",
		"data.<b>1":                                                       "",
		"metadata.thing3":                                                 "",
		"data." + strings.Repeat("a", 33) + "1.value":                     "",
		"argument invalid! data.thing3\u0000.value, data.name1.value too": "thing3",
	} {
		if got := keywordOf(errMsg); got != want {
			t.Errorf("%q: got %q, want %q", errMsg, got, want)
		}
	}
}

func TestARefusedTokenIsReplacedAndTheMessageSentOnceMore(t *testing.T) {
	for _, errCode := range []int{40001, 40014, 42001} {
		var d *desk
		d = startDesk(t, func(w http.ResponseWriter, r *http.Request) {
			if d.sent.Load() == 1 {
				says(fmt.Sprintf(`{"errcode":%d}`, errCode))(w, r)
				return
			}
			says(`{"errcode":0,"msgid":7}`)(w, r)
		})
		if id, err := d.sender.Send(ctx, aMessage); err != nil || id != "7" {
			t.Fatalf("%d: got %q, %v", errCode, id, err)
		}
		if want := []string{testToken + "1", testToken + "2"}; !slices.Equal(d.tokens, want) || d.bodies[0] != d.bodies[1] {
			t.Errorf("%d: sent with %v", errCode, d.tokens)
		}
		if d.store.held() != testToken+"2" || d.minted.Load() != 2 {
			t.Errorf("%d: kept %q", errCode, d.store.held())
		}
	}
}

// Another replica has replaced the token meanwhile: there is nothing to fetch.
func TestARefusedTokenThatWasReplacedCostsNoFetch(t *testing.T) {
	var d *desk
	d = startDesk(t, func(w http.ResponseWriter, r *http.Request) {
		if d.sent.Load() == 1 {
			_ = d.store.SaveToken(ctx, []byte(testToken+"9"), time.Hour)
			says(`{"errcode":40001}`)(w, r)
			return
		}
		says(`{"errcode":0,"msgid":7}`)(w, r)
	})
	if _, err := d.sender.Send(ctx, aMessage); err != nil {
		t.Fatal(err)
	}
	if d.tokens[1] != testToken+"9" || d.minted.Load() != 1 {
		t.Errorf("sent with %v", d.tokens)
	}
}

// WeChat has refused the first try, so that the message was not taken.
func TestAMessageWhoseTokenCannotBeReplacedIsRetried(t *testing.T) {
	for name, breaks := range map[string]func(*desk){
		"the store is gone": func(d *desk) { d.store.set(func(s *fakeStore) { s.gone = true }) },
		"WeChat gives none": func(d *desk) { d.mintFails.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			var d *desk
			d = startDesk(t, func(w http.ResponseWriter, r *http.Request) {
				breaks(d)
				says(`{"errcode":40001}`)(w, r)
			})
			if _, err := d.sender.Send(ctx, aMessage); err == nil || FateOf(err) != FateRetry {
				t.Errorf("got %v, fate %q", err, FateOf(err))
			}
			d.wantSent(t, 1)
		})
	}
}

func TestWithoutATokenNothingIsSent(t *testing.T) {
	d := startDesk(t, says(`{"errcode":0}`))
	d.store.set(func(s *fakeStore) { s.gone = true })
	if err := d.sender.Ready(ctx); !errors.Is(err, errStore) {
		t.Errorf("ready: %v", err)
	}
	if _, err := d.sender.Send(ctx, aMessage); !errors.Is(err, errStore) || FateOf(err) != FateRetry {
		t.Errorf("send: %v", err)
	}
	d.wantSent(t, 0)
	d.store.set(func(s *fakeStore) { s.gone = false })
	if err := d.sender.Ready(ctx); err != nil {
		t.Error(err)
	}
}

// Once it is written, only WeChat's own answer tells what became of a message; until then nothing has.
func TestAnUnansweredMessageIsUnknownAndSentOnce(t *testing.T) {
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   Kind
	}{
		{"hang", hangs, KindTimeout},
		{"reset", resets, KindUnavailable},
		{"the request sent back", echoes, KindUnavailable},
		{"half a body", halfABody, KindUnavailable},
		{"500", status(500), KindUnavailable},
		{"502", status(502), KindUnavailable},
		{"503", status(503), KindUnavailable},
		{"413", status(413), KindUnavailable},
		{"307", status(307), KindUnavailable},
		{"204", status(204), KindUnavailable},
		{"html 200", says("<html>"), KindBadAnswer},
		{"empty", says(""), KindBadAnswer},
		{"half JSON", says(`{"errcode":0,"msgid":34`), KindBadAnswer},
		{"two documents", says(`{"errcode":0}{"errcode":-1}`), KindBadAnswer},
		{"an array", says(`[]`), KindBadAnswer},
		{"null", says(`null`), KindBadAnswer},
		{"nothing said", says(`{}`), KindBadAnswer},
		{"errcode a string", says(`{"errcode":"0"}`), KindBadAnswer},
		{"huge", says(`{"errcode":0,"x":"` + strings.Repeat("x", maxAnswerBytes) + `"}`), KindBadAnswer},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := startDesk(t, row.answer)
			if row.want == KindTimeout {
				d.client.sendTimeout = 2 * time.Second // enough for it to be written first
			}
			_, err := d.sender.Send(ctx, aMessage)
			wantError(t, err, row.want)
			if got := FateOf(err); got != FateUnknown {
				t.Errorf("fate %q", got)
			}
			d.wantSent(t, 1)
			noSecrets(t, err, d.log)
		})
	}
}

func TestTheCallersEndMakesAWrittenMessageUnknown(t *testing.T) {
	arrived := make(chan struct{})
	d := startDesk(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		hangs(w, r)
	})
	stopped, stop := context.WithCancel(ctx)
	go func() { <-arrived; stop() }()
	_, err := d.sender.Send(stopped, aMessage)
	if !errors.Is(err, context.Canceled) || FateOf(err) != FateUnknown {
		t.Errorf("got %v, %v", err, FateOf(err))
	}
}

func TestWhatFailsBeforeTheMessageIsWrittenIsSafeToRetry(t *testing.T) {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	dial := func(answer func(context.Context) (net.Conn, error)) http.RoundTripper {
		return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return answer(ctx) }}
	}
	for _, row := range []struct {
		name      string
		transport http.RoundTripper
		url       string
		ctx       context.Context
		want      Kind
	}{
		{"nobody there", nil, "http://" + closedPort(t), ctx, KindUnavailable},
		{"no such name", dial(func(context.Context) (net.Conn, error) { return nil, &net.DNSError{Err: "no such host", Name: "x"} }), "http://wechat.invalid", ctx, KindUnavailable},
		{"no answer to the dialling", dial(func(ctx context.Context) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }), "http://wechat.invalid", ctx, KindTimeout},
		{"a certificate nobody knows", nil, startTLS(t).URL, ctx, KindUnavailable},
		{"no answer to the TLS greeting", nil, "https://" + silentPort(t), ctx, KindTimeout},
		{"it was over before", nil, "http://" + closedPort(t), ended, KindUnavailable},
		{"a transport of another kind", roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("no") }), "http://wechat.invalid", ctx, KindUnavailable},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := startDesk(t, says(`{"errcode":0}`))
			c, err := New(Config{BaseURL: row.url, AppID: "wx1", AppSecret: testSecret, Transport: row.transport})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			d.serve(c)
			if row.want == KindTimeout {
				c.sendTimeout = 200 * time.Millisecond
			}
			if err := d.sender.Ready(ctx); err != nil {
				t.Fatal(err)
			}
			_, err = d.sender.Send(row.ctx, aMessage)
			wantError(t, err, row.want)
			if got := FateOf(err); got != FateRetry {
				t.Errorf("%v: fate %q", err, got)
			}
			noSecrets(t, err, d.log)
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l := listen(t)
	_ = l.Close()
	return l.Addr().String()
}

// silentPort takes connections and says nothing.
func silentPort(t *testing.T) string { t.Helper(); return listen(t).Addr().String() }

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func startTLS(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(says(`{"errcode":0,"msgid":7}`))
	s.Config.ErrorLog = silentLog()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func TestEachMessageHasAConnectionOfItsOwn(t *testing.T) {
	d := startDesk(t, says(`{"errcode":0}`))
	for range 3 {
		if _, err := d.sender.Send(ctx, aMessage); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(d.remotes)
	if len(slices.Compact(d.remotes)) != 3 {
		t.Errorf("connections: %v", d.remotes)
	}
}

// Also over a transport that keeps connections, and over HTTP/2, whose client repeats requests by rules of its own.
func TestHangUpOnAWarmConnectionDoesNotSendAgain(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int32
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if http2 != (r.ProtoMajor == 2) {
					t.Errorf("spoken: %s", r.Proto)
				}
				if sent.Add(1) <= 2 {
					says(`{"errcode":0,"msgid":7}`)(w, r)
					return
				}
				panic(http.ErrAbortHandler)
			}))
			s.EnableHTTP2, s.Config.ErrorLog = http2, silentLog()
			s.StartTLS()
			t.Cleanup(s.Close)
			warm := &http.Transport{ForceAttemptHTTP2: http2,
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // a test server's certificate
			t.Cleanup(warm.CloseIdleConnections)
			c, err := New(Config{BaseURL: s.URL, AppID: "wx1", AppSecret: testSecret,
				Transport: roundTrip(func(r *http.Request) (*http.Response, error) { r.Close = false; return warm.RoundTrip(r) })})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if id, failure := c.send(ctx, "t", []byte(`{}`)); failure != nil || id != "7" {
					t.Fatalf("got %q, %v", id, failure)
				}
			}
			if _, failure := c.send(ctx, "t", []byte(`{}`)); FateOf(failure) != FateUnknown || sent.Load() != 3 {
				t.Errorf("got %v after %d requests for 3 messages", failure, sent.Load())
			}
		})
	}
}

func TestMessagesAgainstTheSandbox(t *testing.T) {
	world := sandbox.NewWeChat(sandbox.WeChatOptions{})
	server := httptest.NewServer(world)
	t.Cleanup(func() { _ = world.Close(); server.Close() })
	c, err := New(Config{BaseURL: server.URL, AppID: world.AppID(), AppSecret: world.AppSecret(), SendTimeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	sender := NewSender(c, NewTokens(c, newStore(newClock())))
	templates, err := sender.Templates(ctx)
	if err != nil {
		t.Fatal(err)
	}
	alice := world.Users()[0].OpenID
	message := Message{OpenID: alice, TemplateID: templates[0].ID, Page: "pages/order", Data: map[string]string{
		"character_string1": "SO2026013101", "phrase2": "进行中", "time3": "2026年1月31日 10:20", "thing4": "已安排生产"}}
	if err := Check(&templates[0], message.Data); err != nil {
		t.Fatal(err)
	}
	send := func(want Fate) {
		t.Helper()
		_, err := sender.Send(ctx, message)
		if err == nil && want != "" || err != nil && FateOf(err) != want {
			t.Errorf("got %v, want fate %q", err, want)
		}
	}
	send("")
	world.InvalidateTokens()
	send("")
	if got := world.Sent(); len(got) != 2 || got[1].State != "formal" || got[1].Lang != "zh_CN" || !maps.Equal(got[1].Data, message.Data) {
		t.Errorf("sent %+v", got)
	}
	if fetched := world.Count("stable_token"); fetched != 2 {
		t.Errorf("%d tokens were fetched", fetched)
	}
	world.RequireGrants(true)
	send(FateRefused)
	world.Grant(alice, message.TemplateID, 1)
	world.SetFaults(sandbox.Fault{Kind: "lost", Match: "send", Times: 1})
	send(FateUnknown)
	message.OpenID = world.Users()[1].OpenID // alice's line may be busy still: who cut it off was not waited for
	world.Grant(message.OpenID, message.TemplateID, 1)
	world.FailNext("send", 43108, 1)
	send(FateRetry)
	send("")
	if got := len(world.Sent()); got != 4 {
		t.Errorf("WeChat has %d messages, want 4", got)
	}
}

func FuzzReadSent(f *testing.F) {
	f.Add([]byte(`{"errcode":0,"msgid":3400000000000000123}`))
	f.Add([]byte(`{"errcode":43101,"errmsg":"user refuse to accept the msg rid: 1-2-3"}`))
	f.Add([]byte(`{"errcode":null,"msgid":"1"}`))
	c := &Client{now: time.Now}
	f.Fuzz(func(t *testing.T, body []byte) {
		id, failure := c.readSent(body)
		if failure != nil && id != "" || id != "" && !isDigits(id) {
			t.Errorf("%q: %q, %v", body, id, failure)
		}
		if failure != nil && (failure.ErrCode == 0) != (FateOf(failure) == FateUnknown) {
			t.Errorf("%q: %v is %q", body, failure, FateOf(failure))
		}
	})
}
