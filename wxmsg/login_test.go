package wxmsg

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestCodeIsExchanged(t *testing.T) {
	for name, body := range map[string]string{
		"plain":           `{"session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"o1","unionid":"u1"}`,
		"errcode 0":       `{"errcode":0,"errmsg":"ok","session_key":"tiihtNczf5v6AKRyjwEUhQ==","openid":"o1","unionid":"u1"}`,
		"escaped slashes": `{"session_key":"a\/b\/c==","openid":"o1","unionid":"u1"}`,
	} {
		t.Run(name, func(t *testing.T) {
			w := startWeChat(t, says(body))
			got, err := w.client.Code2Session(ctx, testCode)
			if err != nil {
				t.Fatal(err)
			}
			want := Login{OpenID: "o1", UnionID: "u1", SessionKey: testSessionKey}
			if strings.Contains(body, `\/`) {
				want.SessionKey = "a/b/c=="
			}
			if got != want {
				t.Errorf("openid %q, unionid %q, session_key %q", got.OpenID, got.UnionID, got.SessionKey)
			}
			noSecrets(t, nil, w.log)
		})
	}
}

func TestRequestIsAsDocumentedAndCarriesNothingElse(t *testing.T) {
	w := startWeChat(t, says(`{"session_key":"k","openid":"o1"}`))
	if _, err := w.client.Code2Session(ctx, testCode); err != nil {
		t.Fatal(err)
	}
	asked := w.asked(t)
	q := asked.URL.Query()
	if asked.Method != http.MethodGet || asked.URL.Path != "/sns/jscode2session" || len(q) != 4 ||
		q.Get("appid") != "wx1" || q.Get("secret") != testSecret || q.Get("js_code") != testCode || q.Get("grant_type") != "authorization_code" {
		t.Errorf("asked %s %s", asked.Method, asked.URL)
	}
	for _, header := range []string{"X-Request-Id", "Authorization", "Cookie", "Referer"} {
		if asked.Header.Get(header) != "" {
			t.Errorf("WeChat was sent %s", header)
		}
	}
}

// WeChat: code2Session and access token, tables of errcodes.
func TestEveryErrcodeHasItsKind(t *testing.T) {
	for _, row := range []struct {
		errCode int
		errMsg  string
		want    Kind
		wait    time.Duration
	}{
		{-1, "system error", KindBusy, 0},
		{40029, "invalid code", KindCodeInvalid, 0},
		{40163, "code been used", KindCodeInvalid, 0},
		{41008, "missing code", KindCodeInvalid, 0},
		{45011, "api minute-quota reach limit  mustslower  retry next minute", KindRateLimited, 15 * time.Second},
		{45009, "reach max api daily quota limit", KindQuota, 12*time.Hour + 15*time.Second},
		{40226, "code blocked", KindUserBlocked, 0},
		{40013, "invalid appid", KindMisconfigured, 0},
		{40125, "invalid appsecret", KindMisconfigured, 0},
		{40164, "invalid ip 203.0.113.9, not in whitelist", KindMisconfigured, 0},
		{41002, "appid missing", KindMisconfigured, 0},
		{41004, "appsecret missing", KindMisconfigured, 0},
		{40002, "invalid grant_type", KindMisconfigured, 0},
		{48001, "api unauthorized", KindMisconfigured, 0},
		{89503, "ip needs consent", KindMisconfigured, 0},
		{89506, "refused for 24 h", KindMisconfigured, 0},
		{89507, "refused for 1 h", KindMisconfigured, 0},
		{99999, "never heard of", KindBadAnswer, 0},
	} {
		t.Run(fmt.Sprint(row.errCode), func(t *testing.T) {
			w := startWeChat(t, says(fmt.Sprintf(`{"errcode":%d,"errmsg":"%s, rid: 5f9a-6b0c-1d2e"}`, row.errCode, row.errMsg)))
			w.client.now = func() time.Time { return atNoon }
			_, err := w.client.Code2Session(ctx, testCode)
			e := errorOf(t, err, row.want)
			if e.ErrCode != row.errCode || e.RID != "5f9a-6b0c-1d2e" || e.RetryAfter != row.wait || e.Op != "code2session" {
				t.Errorf("got %+v, want wait %v", *e, row.wait)
			}
			if strings.Contains(err.Error(), row.errMsg) || !strings.Contains(err.Error(), fmt.Sprint(row.errCode)) ||
				!strings.Contains(err.Error(), e.RID) {
				t.Errorf("text %q: want errcode and rid, not errmsg", err)
			}
			if n := w.calls.Load(); n != 1 {
				t.Errorf("%d attempts, want exactly 1", n)
			}
			if got := w.client.Misconfigured() != nil; got != (row.want == KindMisconfigured) {
				t.Errorf("misconfigured: %v", got)
			}
			noSecrets(t, err, w.log)
		})
	}
}

func TestFaultsAreToldApartAndTriedOnce(t *testing.T) {
	huge := `{"openid":"` + strings.Repeat("o", maxAnswerBytes) + `","session_key":"k"}`
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   Kind
	}{
		{"hang", hangs, KindTimeout},
		{"reset", resets, KindUnavailable},
		{"the request sent back", echoes, KindUnavailable},
		{"500", status(500), KindUnavailable},
		{"404", status(404), KindUnavailable},
		{"204", status(204), KindUnavailable},
		{"half a body", halfABody, KindUnavailable},
		{"html 200", says("<html>welcome</html>"), KindBadAnswer},
		{"empty", says(""), KindBadAnswer},
		{"half JSON", says(`{"openid":"o1","session_key`), KindBadAnswer},
		{"two documents", says(`{"openid":"o1","session_key":"k"}{}`), KindBadAnswer},
		{"an array", says(`[]`), KindBadAnswer},
		{"null", says(`null`), KindBadAnswer},
		{"errcode a string", says(`{"errcode":"code-0a3B"}`), KindBadAnswer},
		{"no openid", says(`{"session_key":"k"}`), KindBadAnswer},
		{"empty openid", says(`{"openid":"","session_key":"k"}`), KindBadAnswer},
		{"no session_key", says(`{"openid":"o1"}`), KindBadAnswer},
		{"huge", says(huge), KindBadAnswer},
		{"huge when unpacked", gzipped(huge), KindBadAnswer},
		{"huge and chunked", chunked(huge), KindBadAnswer},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := startWeChat(t, row.answer)
			w.client.timeout = 2 * time.Second
			if row.want == KindTimeout {
				w.client.timeout = 200 * time.Millisecond
			}
			login, err := w.client.Code2Session(ctx, testCode)
			wantError(t, err, row.want)
			if login != (Login{}) {
				t.Error("a failure came with a login")
			}
			if n := w.calls.Load(); n != 1 {
				t.Errorf("%d attempts, want exactly 1", n)
			}
			noSecrets(t, err, w.log)
		})
	}
}

func halfABody(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"openid":"o1"`))
}

func gzipped(body string) http.HandlerFunc {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(body))
	_ = z.Close()
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed.Bytes())
	}
}

func chunked(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, body)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := startWeChat(t, says(`{"openid":"o1","session_key":"k"}`))
	w := startWeChat(t, func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, elsewhere.URL+r.URL.String(), http.StatusFound) //nolint:gosec // the redirect under test
	})
	_, err := w.client.Code2Session(ctx, testCode)
	wantError(t, err, KindUnavailable)
	if elsewhere.calls.Load() != 0 {
		t.Error("the secret was sent to another host")
	}
	noSecrets(t, err, w.log)
}

// On a reused connection net/http would send the GET again when the server hangs up without an answer.
func TestHangUpOnAWarmConnectionIsNotRepeated(t *testing.T) {
	var w *wechat
	w = startWeChat(t, func(rw http.ResponseWriter, r *http.Request) {
		if w.calls.Load() <= 2 {
			says(`{"openid":"o1","session_key":"k"}`)(rw, r)
			return
		}
		resets(rw, r)
	})
	for range 2 {
		if _, err := w.client.Code2Session(ctx, testCode); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.client.Code2Session(ctx, testCode)
	wantError(t, err, KindUnavailable)
	if n := w.calls.Load(); n != 3 {
		t.Errorf("%d requests for 3 codes", n)
	}
}

func TestEmptyCodeIsRefusedWithoutAsking(t *testing.T) {
	w := startWeChat(t, says(`{}`))
	_, err := w.client.Code2Session(ctx, "")
	if e := errorOf(t, err, KindCodeInvalid); e.ErrCode != 41008 || w.calls.Load() != 0 {
		t.Errorf("%v after %d calls", e, w.calls.Load())
	}
}

func TestCallersContextEndsTheCall(t *testing.T) {
	w := startWeChat(t, hangs)
	short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	_, err := w.client.Code2Session(short, testCode)
	wantError(t, err, KindTimeout)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v does not unwrap to the deadline", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err = w.client.Code2Session(gone, testCode); !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not unwrap to the cancellation", err)
	}
	noSecrets(t, err, w.log)
}

func TestRIDIsFoundInEveryForm(t *testing.T) {
	for errMsg, want := range map[string]string{
		"invalid code, rid: 63f1a2b3-4c5d6e7f-01234567": "63f1a2b3-4c5d6e7f-01234567",
		"invalid openid rid: 63f1a2b3-4c5d6e7f-0":       "63f1a2b3-4c5d6e7f-0",
		"invalid code, hints: [ req_id: FcDMtL_Re-1 ]":  "FcDMtL_Re-1",
		"code been used":           "",
		"":                         "",
		"rid: ":                    "",
		"bad grid: x9":             "",
		"said rid: a1, rid: b2":    "b2",
		"rid: <script>alert(1)":    "",
		"rid: a\nforged=line rid:": "a",
	} {
		if got := ridOf(errMsg); got != want {
			t.Errorf("%q: got %q, want %q", errMsg, got, want)
		}
	}
}

func TestLoginDoesNotPrint(t *testing.T) {
	login := Login{OpenID: "o1", SessionKey: testSessionKey}
	log := &syncBuffer{}
	slog.New(slog.NewJSONHandler(log, nil)).Info("x", "login", login, "in", struct{ L *Login }{&login})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		_, _ = fmt.Fprintf(log, verb, login)
		_, _ = fmt.Fprintf(log, verb, []*Login{&login})
	}
	if strings.Contains(log.String(), testSessionKey) || strings.Contains(log.String(), fmt.Sprintf("%x", testSessionKey)) {
		t.Errorf("printed: %s", log)
	}
}

func FuzzReadLogin(f *testing.F) {
	f.Add([]byte(`{"openid":"o","session_key":"k"}`))
	f.Add([]byte(`{"errcode":40029,"errmsg":"invalid code, rid: 1-2-3"}`))
	f.Add([]byte(`{"errcode":1e3}`))
	c := &Client{now: time.Now}
	f.Fuzz(func(t *testing.T, body []byte) {
		login, err := c.readLogin(body)
		if (err == nil) != (login.OpenID != "" && login.SessionKey != "") {
			t.Errorf("%q: %v with %q", body, err, login.OpenID)
		}
	})
}
