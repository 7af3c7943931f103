package gateway

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
)

var uuidv7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// A sane request id is taken and travels on; anything else is replaced.
func TestRequestID(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	for _, id := range []string{"abc", "A-1_b.2", "7", strings.Repeat("x", 64), "019c0b5e-7a10-7c3e-8f11-2b6f5a9d0c11"} {
		t.Run("taken "+id, func(t *testing.T) {
			a := w.get("/api/orders/"+anOrder, token, "X-Request-Id", id).ok(t)
			calls := w.erp.asked()
			if a.RequestID != id || calls[len(calls)-1].requestID != id || w.log.last().RequestID != id || !strings.Contains(w.output.String(), `"`+id+`"`) {
				t.Errorf("answer has %s, the ERP %s, the row %s", a.RequestID, calls[len(calls)-1].requestID, w.log.last().RequestID)
			}
		})
	}
	for _, id := range []string{"", strings.Repeat("x", 65), "a b", "a/b", "a\tb", "a\nb", `a"b`, "a<b", "订单", "{{7*7}}", "a:b", "a@b", "a[b"} {
		t.Run("replaced "+id, func(t *testing.T) {
			if a := w.get("/api/health/check", "", "X-Request-Id", id); !uuidv7.MatchString(a.RequestID) {
				t.Errorf("got %q", a.RequestID)
			}
		})
	}
	t.Run("two", func(t *testing.T) {
		if a := w.get("/api/health/check", "", "X-Request-Id", "a", "X-Request-Id", "b"); !uuidv7.MatchString(a.RequestID) {
			t.Errorf("got %q", a.RequestID)
		}
	})
	t.Run("everywhere", func(t *testing.T) {
		for _, path := range []string{"/livez", "/docs", "/docs/openapi.yaml", "/nowhere"} {
			if a := w.get(path, ""); !uuidv7.MatchString(a.header.Get("X-Request-Id")) {
				t.Errorf("%s: %q", path, a.header.Get("X-Request-Id"))
			}
		}
	})
}

func TestLanguage(t *testing.T) {
	w := newWorld(t)
	rows := map[string]bool{ // English?
		"": false, "zh-CN": false, "zh-TW,en;q=0.5": false, "en": true, "en-US,en;q=0.9,zh;q=0.8": true, "EN-gb": true,
		"zh;q=0.1,en;q=0.9": true, "fr": false, "fr,en;q=0.5": true, "*": false, "x": false, "\xff": false, ";;;": false,
		"en;q=0": false, strings.Repeat("en,", 100): false,
	}
	for accept, english := range rows {
		t.Run(accept[:min(len(accept), 30)], func(t *testing.T) {
			a := w.get("/api/nowhere", "", "Accept-Language", accept)
			want, hint := notFound.Chinese, notFound.HintZH
			if english {
				want, hint = notFound.English, notFound.HintEN
			}
			if a.Message != want || a.Hint != hint {
				t.Errorf("said %q, %q", a.Message, a.Hint)
			}
		})
	}
}

// Every problem has all its texts, a code of its name's own, and no name twice.
func TestCatalogueIsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range catalogue {
		if seen[p.Name] || http.StatusText(p.Code) == "" || !regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`).MatchString(p.Name) {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
		for _, text := range []string{p.Chinese, p.English, p.HintZH, p.HintEN} {
			if text == "" {
				t.Errorf("%s lacks a text", p.Name)
			}
		}
		if (p.Code == http.StatusUnauthorized) != (p == sessionExpired) {
			t.Errorf("%s has code %d", p.Name, p.Code)
		}
		if strings.Contains(p.HintZH, "retryAfter") != strings.Contains(p.HintEN, "retryAfter") {
			t.Errorf("%s speaks of retryAfter in one language", p.Name)
		}
	}
}

// retryAfter is in whole seconds, never too early, and stands in the header too.
func TestRetryAfter(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	rows := []struct {
		wait time.Duration
		want int
	}{{0, 5}, {time.Millisecond, 1}, {time.Second, 1}, {1100 * time.Millisecond, 2}, {90 * time.Second, 90}}
	for _, row := range rows {
		t.Run(row.wait.String(), func(t *testing.T) {
			w.erp.fail(&erpclient.Error{Op: "order", Kind: erpclient.KindUnavailable, RetryAfter: row.wait})
			a := w.get("/api/orders/"+anOrder, token)
			a.is(t, 503, "erp_unavailable")
			if a.RetryAfter != row.want || a.header.Get("Retry-After") != strconv.Itoa(row.want) {
				t.Errorf("retryAfter %d, header %q, want %d", a.RetryAfter, a.header.Get("Retry-After"), row.want)
			}
		})
	}
	if a := w.get("/api/nowhere", ""); a.header.Get("Retry-After") != "" || strings.Contains(a.raw, "retryAfter") {
		t.Errorf("waiting does not help: %s", a.raw)
	}
}

// The status is the real one, but 200 for calls from inside WeChat; the code always tells.
func TestHTTPStatus(t *testing.T) {
	const page = "https://servicewechat.com/wx0123456789abcdef/17/page-frame.html"
	rows := []struct {
		mode, referer string
		status        int
	}{
		{"", "", 404}, {"auto", "", 404}, {"auto", page, 200}, {"", page, 200},
		{"auto", "https://servicewechat.com/wx0123456789abcdef/devtools/page-frame.html", 200},
		{"auto", "https://servicewechat.com/wx0123456789abcdef/0/page-frame.html", 200},
		{"auto", "http://servicewechat.com/wx0123456789abcdef/17/page-frame.html", 404},
		{"auto", "https://servicewechat.com.evil.example/wx0123456789abcdef/17/page-frame.html", 404},
		{"auto", "https://evil.example/servicewechat.com/wx0123456789abcdef/17/page-frame.html", 404},
		{"auto", "https://servicewechat.com@evil.example/wx0123456789abcdef/17/page-frame.html", 404},
		{"auto", "https://xservicewechat.com/wx0123456789abcdef/17/page-frame.html", 404},
		{"auto", "https://evil.example/?https://servicewechat.com/wx0123456789abcdef/17/page-frame.html", 404},
		{"auto", "https://servicewechat.com/", 404},
		{"auto", "https://servicewechat.com/wx0123456789abcdef/17/other.html", 404},
		{"auto", "https://servicewechat.com//17/page-frame.html", 404},
		{"auto", "https://servicewechat.com/wx0123456789abcdef/17/x/page-frame.html", 404},
		{"auto", "https://servicewechat.com:8443/wx0123456789abcdef/17/page-frame.html", 404},
		{"auto", "%zz", 404},
		{"real", page, 404}, {"always-200", "", 200}, {"always-200", "https://evil.example/", 200},
	}
	for _, row := range rows {
		t.Run(row.mode+" "+row.referer, func(t *testing.T) {
			w := newWorld(t, func(c *Config, _ *Deps) { c.HTTPStatus = row.mode })
			a := w.get("/api/nowhere", "", "Referer", row.referer)
			if a.status != row.status || a.Code != 404 || a.Error != "not_found" {
				t.Errorf("status %d, want %d: %s", a.status, row.status, a.raw)
			}
			varies := strings.Contains(a.header.Get("Vary"), "Referer")
			if want := row.mode == "" || row.mode == "auto"; varies != want {
				t.Errorf("Vary is %q", a.header.Get("Vary"))
			}
			if w.log.last().Status != 404 {
				t.Errorf("logged as %d", w.log.last().Status)
			}
		})
	}
}

// What machines read keeps its real status in every mode.
func TestHTTPStatusOutsideTheAPIIsReal(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *Deps) { c.HTTPStatus = "always-200" })
	w.get("/metrics", "").is(t, 401, "session_expired")
	w.get("/nowhere", "").is(t, 404, "not_found")
	w.server.Drain()
	if a := w.get("/readyz", ""); a.status != 503 {
		t.Errorf("readyz: %d", a.status)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/api/health/check", "/api/nowhere", "/api/user/profile"} {
		a := w.get(path, "", "Origin", "https://evil.example")
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Content-Type": "application/json",
			"Access-Control-Allow-Origin": "", "Set-Cookie": "", "Server": "",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}
