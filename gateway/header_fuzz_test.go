package gateway

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// callOf is a request on its way, before any route.
func callOf(s *Server, r *http.Request) *call {
	return s.newCall(echo.New().NewContext(r, httptest.NewRecorder()))
}

// refusal is a fault that blames the client and names nothing but a name of this API.
func refusal(t *testing.T, err error) *fault {
	t.Helper()
	var f *fault
	if !errors.As(err, &f) {
		t.Fatalf("%v is no fault", err)
	}
	if f.Code < 400 || f.Code > 499 || !isOurName(f.field) {
		t.Fatalf("refused with %d %s, field %q", f.Code, f.Name, f.field)
	}
	return f
}

// isOurName reports whether an answer may repeat a name: it stands in the code, not in a request.
func isOurName(name string) bool {
	switch name {
	case "", headerIdempotency, "query", "body", "data", "code", "userInfo", "erpUsername", "erpPassword", "inviteCode", "quantity", "price",
		"type", "operator", "customerId", "companyId", "remark", "lines", "templateId", "results", "eventId", "echostr", "OpenID",
		"channel", "force", "note", "pattern", "system", "token":
		return true
	}
	return knownName(name) == name
}

// visible reports whether s is printable ASCII of 1 to limit bytes.
func visible(s string, limit int) bool {
	return s != "" && len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Whatever headers say, what is taken from them is short and plain.
func FuzzHeaders(f *testing.F) {
	for _, seed := range [][5]string{
		{"01J-x.y_z", "en-US,en;q=0.9", "tap-1", "Bearer abc", "https://servicewechat.com/wx0123456789abcdef/12/page-frame.html"},
		{"a b", "zh-CN", "", "bearer  abc", "https://servicewechat.com.evil.example/x/1/page-frame.html"},
		{strings.Repeat("a", 65), "*;q=0", strings.Repeat("k", 129), "Bearer", "http://servicewechat.com/x/1/page-frame.html"},
		{"a\r\nb", "en-\u00e9", "k\x00", "Bearer \t", "https://u:p@servicewechat.com/x/1/page-frame.html"},
		{"", "x-klingon-und-Latn-u-co-phonebk, i-default;q=1.5", "钥匙", "Basic YTpi", "https://servicewechat.com/%2e%2e/1/page-frame.html#x"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4])
	}
	s := &Server{cfg: Config{}.withDefaults()}
	f.Fuzz(func(t *testing.T, id, language, key, authorization, referer string) {
		r := httptest.NewRequest(http.MethodGet, "/api/orders/search", nil)
		r.Header = http.Header{
			echo.HeaderXRequestID: {id}, "Accept-Language": {language}, headerIdempotency: {key},
			echo.HeaderAuthorization: {authorization}, "Referer": {referer},
		}
		c := callOf(s, r)
		if c.id != id && saneRequestID(id) || !visible(c.id, 64) || strings.ContainsAny(c.id, `"\/<>{}%;,`) {
			t.Errorf("request id %q became %q", id, c.id)
		}
		if text := c.inLanguage("中文", "English"); text != "中文" && language == "" {
			t.Errorf("who wants no language is answered in %s", text)
		}
		if got, err := c.idempotencyKey(); err != nil {
			_ = refusal(t, err)
		} else if got != key || !visible(got, maxIdempotencyKey) {
			t.Errorf("key %q became %q", key, got)
		}
		if token, ok := bearer(c); ok && (token == "" || len(token) > maxTokenBytes || !strings.HasSuffix(authorization, token)) {
			t.Errorf("%q gave the token %q", authorization, token)
		}
		if fromMiniProgram(referer) && !strings.HasPrefix(strings.ToLower(referer), "https://") {
			t.Errorf("%q counts as WeChat's", referer)
		}
	})
}
