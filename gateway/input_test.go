package gateway

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"snowgate/erpclient"
)

// Whatever is wrong with a token, the answer is the same: nobody learns which part was right.
func TestEveryWrongTokenIsTheSameAnswer(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	changed := "A" + token[1:]
	if changed == token {
		changed = "B" + token[1:]
	}
	rows := map[string][]string{
		"none":                   {},
		"empty":                  {"Authorization", ""},
		"no scheme":              {"Authorization", token},
		"another scheme":         {"Authorization", "Basic " + token},
		"scheme alone":           {"Authorization", "Bearer "},
		"cut":                    {"Authorization", "Bearer " + token[:42]},
		"lengthened":             {"Authorization", "Bearer " + token + "A"},
		"changed":                {"Authorization", "Bearer " + changed},
		"two blanks":             {"Authorization", "Bearer  " + token},
		"with a tail":            {"Authorization", "Bearer " + token + ", Bearer " + token},
		"a JWT":                  {"Authorization", "Bearer eyJhbGciOiJub25lIn0.eyJvcGVuaWQiOiJvQWxpY2UifQ."},
		"a hash":                 {"Authorization", "Bearer " + strings.Repeat("0a", 32)},
		"very long":              {"Authorization", "Bearer " + strings.Repeat("A", 8000)},
		"two headers":            {"Authorization", "Bearer " + token, "Authorization", "Bearer " + token},
		"two headers, one right": {"Authorization", "Bearer wrong", "Authorization", "Bearer " + token},
		"cookie":                 {"Cookie", "token=" + token + "; sessionKey=" + token},
		"another header":         {"X-Token", token, "X-Auth-Token", token, "Proxy-Authorization", "Bearer " + token},
	}
	first := w.get("/api/orders/"+anOrder, "")
	first.is(t, 401, "session_expired")
	asked := len(w.erp.asked())
	for name, headers := range rows {
		t.Run(name, func(t *testing.T) {
			a := w.do(request(http.MethodGet, "/api/orders/"+anOrder, "", headers...))
			a.is(t, 401, "session_expired")
			if !a.sameAs(first) {
				t.Errorf("answered %s, without a token %s", a.raw, first.raw)
			}
		})
	}
	t.Run("in the query", func(t *testing.T) {
		a := w.get("/api/orders/"+anOrder+"?token="+token+"&sessionKey="+token+"&access_token="+token, "")
		if !a.sameAs(first) {
			t.Errorf("answered %s", a.raw)
		}
	})
	if len(w.erp.asked()) != asked {
		t.Error("the ERP was asked without a session")
	}
}

// No header but the token's says who is calling, where to, or how.
func TestHeadersDoNotSayWhoIsCalling(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	bobs := w.login(bob)
	plain := w.get("/api/user/profile", token).ok(t)
	forged := [][]string{
		{"X-WX-OPENID", bob}, {"X-User-Id", bob}, {"X-User-OpenID", bob}, {"X-Forwarded-User", bob},
		{"X-Forwarded-For", "127.0.0.1"}, {"X-Real-IP", "127.0.0.1"}, {"X-Forwarded-Host", "admin.internal"},
		{"X-Original-URL", "/api/metrics/performance"}, {"X-Rewrite-URL", "/api/metrics/performance"},
		{"X-HTTP-Method-Override", "DELETE"}, {"X-Method-Override", "DELETE"},
		{"User-Agent", "kube-probe/1.30"}, {"Cookie", "token=" + bobs}, {"X-Session-Id", bobs},
	}
	for _, headers := range forged {
		t.Run(headers[0], func(t *testing.T) {
			if a := w.get("/api/user/profile", token, headers...); !a.sameAs(plain) {
				t.Errorf("with %v: %s", headers, a.raw)
			}
			w.get("/api/user/profile", "", headers...).is(t, 401, "session_expired")
			w.get("/api/erp/status", token, headers...).is(t, 403, "forbidden")
		})
	}
}

// An openid is checked against the session's before anybody is asked, and never believed.
func TestOpenIDOfSomeoneElseIsRefused(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	asked := len(w.erp.asked())
	for _, r := range w.server.routes() {
		if r.who != member && r.who != bound {
			continue
		}
		path := strings.Replace(r.path, ":id", anOrder, 1)
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			foreign := authorized(request(r.method, path+"?openid="+bob, ""), token)
			w.do(foreign).is(t, 403, "openid_mismatch")
			twice := w.do(authorized(request(r.method, path+"?openid="+alice+"&openid="+bob, ""), token))
			twice.is(t, 400, "bad_field")
			if twice.Field != "openid" {
				t.Errorf("field is %q", twice.Field)
			}
			w.do(authorized(request(r.method, path+"?openid="+alice+"&openid="+alice, ""), token)).is(t, 400, "bad_field")
		})
	}
	account := func(openid string) string {
		return `{"openid":` + openid + `,"erpUsername":"alice","erpPassword":"` + password + `"}`
	}
	w.post("/api/auth/erp-bind", token, account(`"`+bob+`"`)).is(t, 403, "openid_mismatch")
	w.post("/api/auth/erp-bind", token, `{"openid":"`+bob+`","inviteCode":"`+inviteCode+`"}`).is(t, 403, "openid_mismatch")
	w.post("/api/auth/erp-bind", token, account(`"`+alice+`","openid":"`+alice+`"`)).is(t, 400, "bad_json")
	w.post("/api/auth/erp-bind", token, account(`7`)).is(t, 400, "bad_field")
	if len(w.erp.asked()) != asked {
		t.Error("the ERP was asked on somebody else's behalf")
	}
	w.get("/api/orders/"+anOrder+"?openid="+alice, token).ok(t)
	w.post("/api/auth/erp-bind", token, account(`"`+alice+`"`)).ok(t)
}

// An id is letters, digits and . _ - after exactly one unescaping, or the ERP never hears of it.
func TestHostileIDs(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	asked := len(w.erp.asked())
	rows := map[string]string{
		"slash": "a%2Fb", "lower case slash": "a%2fb", "backslash": `a%5Cb`, "parent": "..", "escaped parent": "%2e%2e",
		"parent within": "..%2F..%2Fbusiness", "dot": ".", "dots": "...", "NUL": "a%00b", "control": "a%1fb", "newline": "a%0Ab",
		"C1 control": "a%C2%85b", "invalid UTF-8": "%ff%fe", "cut UTF-8": "%E8%AE", "65 runes": strings.Repeat("a", 65),
		"65 runes of three bytes": url.PathEscape(strings.Repeat("订", 65)), "blank": "a%20b", "quote": "a%27b", "percent": "a%25b",
		"twice escaped": "%2541", "question mark": "a%3Fb", "hash": "a%23b", "colon": "a:b", "semicolon": "a;b", "star": "*",
		"comma": "a,b", "angle": "%3Cscript%3E", "emoji": url.PathEscape("😀"), "zero width": url.PathEscape("a\u200bb"),
	}
	for name, id := range rows {
		for _, pattern := range []string{"/api/orders/%s", "/api/orders/%s/status", "/api/orders/%s/materials", "/api/materials/%s/progress"} {
			t.Run(name+" in "+pattern, func(t *testing.T) {
				a := w.get(fmt.Sprintf(pattern, id), token)
				a.is(t, 400, "bad_id")
				if a.header.Get("Location") != "" {
					t.Error("redirected")
				}
			})
		}
	}
	if got := w.erp.asked(); len(got) != asked {
		t.Errorf("the ERP was asked: %+v", got[asked:])
	}
}

// What is an id reaches the ERP as the client meant it, in any script and however it was escaped.
func TestIDsOfAnyScript(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	rows := map[string]string{
		"88001": "88001", "SO-2026_01.5": "SO-2026_01.5", "%E8%AE%A2%E5%8D%951": "订单1", "%e8%ae%a2": "订", "%41b": "Ab",
		url.PathEscape(strings.Repeat("订", 64)): strings.Repeat("订", 64), "..a": "..a", "٣": "٣",
	}
	for escaped, id := range rows {
		t.Run(id, func(t *testing.T) {
			w.get("/api/orders/"+escaped, token)
			calls := w.erp.asked()
			if got := calls[len(calls)-1]; got.op != "detail" || got.about != id {
				t.Errorf("the ERP was asked for %v", got.about)
			}
		})
	}
}

// bodiesThatAreNoObject is what no body may be.
func bodiesThatAreNoObject() map[string]string {
	keys := make([]string, 0, 257)
	for i := range 257 {
		keys = append(keys, fmt.Sprintf(`"k%d":1`, i))
	}
	return map[string]string{
		"cut": `{"code":"x"`, "trailing object": `{"code":"x"}{"code":"y"}`, "trailing text": `{"code":"x"} x`,
		"trailing bracket": `{"code":"x"}]`, "NaN": `{"code":NaN}`, "Infinity": `{"code":-Infinity}`, "hex": `{"code":0x1F}`,
		"array": `[{"code":"x"}]`, "string": `"code"`, "number": `7`, "null": `null`, "blank": ` `, "leading zero": `{"code":01}`,
		"single quotes": `{'code':'x'}`, "trailing comma": `{"code":"x",}`, "comment": `{"code":"x"}//`, "no colon": `{"code" "x"}`,
		"byte order mark": "\ufeff" + `{"code":"x"}`, "invalid UTF-8": "{\"code\":\"\xff\"}", "invalid UTF-8 in a key": "{\"\xff\":1,\"code\":\"x\"}",
		"overlong UTF-8": "{\"code\":\"\xc0\x80\"}", "lone surrogate": `{"code":"\ud800"}`, "low surrogate first": `{"code":"\udc00\ud800"}`,
		"raw control": "{\"code\":\"a\nb\"}", "duplicate key": `{"code":"x","code":"y"}`,
		"duplicate key, escaped": `{"code":"x","\u0063ode":"y"}`, "duplicate key within": `{"code":"x","userInfo":{"a":1,"a":2}}`,
		"33 objects deep":       `{"code":"x","userInfo":` + strings.Repeat(`{"a":`, 32) + `1` + strings.Repeat(`}`, 32) + `}`,
		"33 arrays deep":        `{"code":"x","a":` + strings.Repeat(`[`, 32) + strings.Repeat(`]`, 32) + `}`,
		"thousands deep":        strings.Repeat(`{"a":`, 20000),
		"257 keys":              `{` + strings.Join(keys, ",") + `}`,
		"257 keys in all":       `{"code":"x","userInfo":{` + strings.Join(keys[:255], ",") + `}}`,
		"mismatched delimiters": `{"code":["x"}]`,
	}
}

// A body that is not one plain JSON object is refused with the same words whatever is wrong with it.
func TestBadJSON(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	first := w.post("/api/auth/wx-login", "", `{`)
	first.is(t, 400, "bad_json")
	calls := w.wechat.calls
	for name, body := range bodiesThatAreNoObject() {
		t.Run(name, func(t *testing.T) {
			if a := w.post("/api/auth/wx-login", "", body); !a.sameAs(first) {
				t.Errorf("login: %s", a.raw)
			}
			w.post("/api/auth/erp-bind", token, body).is(t, 400, "bad_json")
		})
	}
	t.Run("no body", func(t *testing.T) {
		w.do(request(http.MethodPost, "/api/auth/wx-login", "", "Content-Type", "application/json")).is(t, 400, "bad_json")
	})
	if w.wechat.calls != calls {
		t.Error("WeChat was asked")
	}
}

// The bounds themselves are inside.
func TestBoundsOfABody(t *testing.T) {
	w := newWorld(t)
	keys := make([]string, 0, 254)
	for i := range 254 {
		keys = append(keys, fmt.Sprintf(`"k%d":1`, i))
	}
	rows := map[string]string{
		"32 deep":            `{"code":"code-of-` + alice + `","userInfo":` + strings.Repeat(`{"a":`, 31) + `1` + strings.Repeat(`}`, 31) + `}`,
		"256 keys":           `{"code":"code-of-` + alice + `","userInfo":{` + strings.Join(keys, ",") + `}}`,
		"pair of surrogates": `{"code":"code-of-` + alice + `","userInfo":{"nickName":"\ud83d\ude00 \\ud800"}}`,
		"just below 256 KiB": `{"code":"code-of-` + alice + `","pad":"` + strings.Repeat("x", 256<<10-60) + `"}`,
		"unknown keys":       `{"code":"code-of-` + alice + `","future":[1,2.5,null,true]}`,
		"null userInfo":      `{"code":"code-of-` + alice + `","userInfo":null}`,
	}
	for name, body := range rows {
		t.Run(name, func(t *testing.T) { w.post("/api/auth/wx-login", "", body).ok(t) })
	}
}

// A wrong field is named; its value, which may be a secret or an attack, is not repeated.
func TestBadField(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	const value = "ZZtheValueZZ"
	long := value + strings.Repeat("长", 257-len(value))
	login, bind := "/api/auth/wx-login", "/api/auth/erp-bind"
	rows := []struct{ name, path, body, field string }{
		{"missing code", login, `{}`, "code"},
		{"empty code", login, `{"code":""}`, "code"},
		{"null code", login, `{"code":null}`, "code"},
		{"code is a number", login, `{"code":4711}`, "code"},
		{"code is an object", login, `{"code":{"` + value + `":1}}`, "code"},
		{"code is a list", login, `{"code":["` + value + `"]}`, "code"},
		{"code is a boolean", login, `{"code":true}`, "code"},
		{"code too long", login, `{"code":"` + long + `"}`, "code"},
		{"NUL in code", login, `{"code":"` + value + `\u0000"}`, "code"},
		{"newline in code", login, `{"code":"` + value + `\n"}`, "code"},
		{"tab in code", login, `{"code":"` + value + `\t"}`, "code"},
		{"DEL in code", login, `{"code":"` + value + `\u007f"}`, "code"},
		{"C1 control in code", login, `{"code":"` + value + `\u0085"}`, "code"},
		{"another letter case", login, `{"Code":"` + value + `"}`, "code"},
		{"userInfo is a text", login, `{"code":"x","userInfo":"` + value + `"}`, "userInfo"},
		{"nothing to bind", bind, `{}`, "erpUsername"},
		{"no password", bind, `{"erpUsername":"` + value + `"}`, "erpPassword"},
		{"empty password", bind, `{"erpUsername":"` + value + `","erpPassword":""}`, "erpPassword"},
		{"password is a number", bind, `{"erpUsername":"` + value + `","erpPassword":123456}`, "erpPassword"},
		{"no user name", bind, `{"erpPassword":"` + value + `"}`, "erpUsername"},
		{"user name too long", bind, `{"erpUsername":"` + long + `","erpPassword":"x"}`, "erpUsername"},
		{"NUL in password", bind, `{"erpUsername":"a","erpPassword":"` + value + `\u0000"}`, "erpPassword"},
		{"empty invite code", bind, `{"inviteCode":""}`, "erpUsername"},
		{"invite code is a list", bind, `{"inviteCode":["` + value + `"]}`, "inviteCode"},
		{"openid is an object", bind, `{"openid":{"$ne":"` + value + `"},"inviteCode":"x"}`, "openid"},
		{"control in openid", bind, `{"openid":"` + value + `\u0001","inviteCode":"x"}`, "openid"},
	}
	asked, calls := len(w.erp.asked()), w.wechat.calls
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			a := w.post(row.path, token, row.body)
			a.is(t, 400, "bad_field")
			if a.Field != row.field || !strings.Contains(a.Message, row.field) {
				t.Errorf("field is %q, want %q: %s", a.Field, row.field, a.raw)
			}
			if strings.Contains(a.raw, value) || strings.Contains(a.raw, "4711") || strings.Contains(a.raw, "123456") {
				t.Errorf("the value is repeated: %s", a.raw)
			}
		})
	}
	if len(w.erp.asked()) != asked || w.wechat.calls != calls {
		t.Error("the ERP or WeChat was asked")
	}
}

func TestBadQuery(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	asked := len(w.erp.asked())
	rows := []struct{ query, name, field string }{
		{"keyword=" + strings.Repeat("a", 65), "bad_field", "keyword"},
		{"keyword=" + url.QueryEscape(strings.Repeat("订", 65)), "bad_field", "keyword"},
		{"keyword=a%00b", "bad_field", "keyword"},
		{"keyword=a%0Ab", "bad_field", "keyword"},
		{"keyword=%0A", "bad_field", "keyword"},
		{"keyword=%09a", "bad_field", "keyword"},
		{"keyword=%ff", "bad_field", "keyword"},
		{"keyword=a&keyword=b", "bad_field", "keyword"},
		{"keyword=%zz", "bad_field", "query"},
		{"a;b", "bad_field", "query"},
		{"x=1&x=2", "bad_field", "query"},
		{"status=shipped", "bad_field", "status"},
		{"status=unknown", "bad_field", "status"},
		{"status=DONE", "bad_field", "status"},
		{"status=done&status=done", "bad_field", "status"},
		{"page=0", "bad_page", "page"},
		{"page=-1", "bad_page", "page"},
		{"page=10001", "bad_page", "page"},
		{"page=9223372036854775808", "bad_page", "page"},
		{"page=18446744073709551617", "bad_page", "page"},
		{"page=1.0", "bad_page", "page"},
		{"page=1e3", "bad_page", "page"},
		{"page=%2B1", "bad_page", "page"},
		{"page=01", "bad_page", "page"},
		{"page=0x1", "bad_page", "page"},
		{"page=1_000", "bad_page", "page"},
		{"page=", "bad_page", "page"},
		{"page=%201", "bad_page", "page"},
		{"page=" + url.QueryEscape("１"), "bad_page", "page"},
		{"page=" + url.QueryEscape("٣"), "bad_page", "page"},
		{"page=one", "bad_page", "page"},
		{"page=1&page=1", "bad_page", "page"},
		{"pageSize=0", "bad_page", "pageSize"},
		{"pageSize=101", "bad_page", "pageSize"},
		{"pageSize=-5", "bad_page", "pageSize"},
		{"pageSize=ten", "bad_page", "pageSize"},
	}
	for _, row := range rows {
		t.Run(row.query[:min(len(row.query), 30)], func(t *testing.T) {
			a := w.get("/api/orders/search?"+row.query, token)
			a.is(t, 400, row.name)
			if a.Field != row.field {
				t.Errorf("field is %q, want %q", a.Field, row.field)
			}
		})
	}
	if len(w.erp.asked()) != asked {
		t.Error("the ERP was asked")
	}
}

// What is right in a query reaches the ERP as it was meant.
func TestGoodQuery(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	rows := map[string]erpclient.OrderQuery{
		"":                                   {Page: 1, PageSize: 20},
		"page=10000&pageSize=100":            {Page: 10000, PageSize: 100},
		"page=1&pageSize=1&status=":          {Page: 1, PageSize: 1},
		"keyword=+SO+1+&status=in_progress":  {Keyword: "SO 1", Status: erpclient.StateInProgress, Page: 1, PageSize: 20},
		"keyword=%27+OR+1%3D1--&utm_source=": {Keyword: "' OR 1=1--", Page: 1, PageSize: 20},
		"keyword=" + url.QueryEscape(strings.Repeat("订", 64)): {Keyword: strings.Repeat("订", 64), Page: 1, PageSize: 20},
	}
	for query, want := range rows {
		t.Run(query[:min(len(query), 30)], func(t *testing.T) {
			w.get("/api/orders/search?"+query, token).ok(t)
			calls := w.erp.asked()
			if got := calls[len(calls)-1].about; got != want {
				t.Errorf("asked %+v, want %+v", got, want)
			}
		})
	}
}

func TestUnsupportedMedia(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	body := `{"code":"code-of-` + alice + `"}`
	rows := map[string][]string{
		"no type": {}, "text": {"Content-Type", "text/plain"}, "form": {"Content-Type", "application/x-www-form-urlencoded"},
		"multipart": {"Content-Type", "multipart/form-data; boundary=x"}, "XML": {"Content-Type", "application/xml"},
		"look-alike": {"Content-Type", "application/jsonp"}, "suffix": {"Content-Type", "application/problem+json"},
		"malformed": {"Content-Type", "application/json; charset"}, "list": {"Content-Type", "application/json, text/plain"},
		"gzip":     {"Content-Type", "application/json", "Content-Encoding", "gzip"},
		"identity": {"Content-Type", "application/json", "Content-Encoding", "identity"},
	}
	for name, headers := range rows {
		for _, path := range []string{"/api/auth/wx-login", "/api/auth/erp-bind"} {
			t.Run(name+" "+path, func(t *testing.T) {
				r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				w.do(authorized(r, token)).is(t, 415, "unsupported_media")
			})
		}
	}
	t.Run("with a charset", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodPost, "/api/auth/wx-login", strings.NewReader(body))
		r.Header.Set("Content-Type", "Application/JSON; charset=UTF-8")
		w.do(r).ok(t)
	})
}

// endless is a body that never ends and counts how much of it was read.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestTooLargeIsCutWhileReading(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	tooLong := `{"code":"` + strings.Repeat("x", 256<<10) + `"}`
	for _, path := range []string{"/api/auth/wx-login", "/api/auth/erp-bind"} {
		t.Run("announced "+path, func(t *testing.T) {
			w.post(path, token, tooLong).is(t, 413, "too_large")
		})
		t.Run("chunked "+path, func(t *testing.T) {
			body := &endless{}
			r := httptest.NewRequest(http.MethodPost, path, io.NopCloser(body))
			r.Header.Set("Content-Type", "application/json")
			if r.ContentLength != -1 {
				t.Fatal("the length is known")
			}
			w.do(authorized(r, token)).is(t, 413, "too_large")
			if body.read > 1<<20 {
				t.Errorf("%d bytes were read", body.read)
			}
		})
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	asked := len(w.erp.asked())
	for _, target := range []string{
		"/", "/api", "/api/", "/apix", "/api/nothing", "/api/orders/", "/api/orders//status", "/api/orders//", "/api//orders/search",
		"//api/orders/search", "/api/./orders/search", "/api/../api/orders/search", "/api/orders/search/", "/api/orders/a/b", "/api/orders/1/status/",
		"/API/orders/search", "/api/orders/1/Status", "/api/auth/wx-login/", "/api/health/check/", "/docs/", "/metrics/", "/livez/x",
		"/api/orders/" + strings.Repeat("a", 3000),
	} {
		t.Run("GET "+target[:min(len(target), 40)], func(t *testing.T) {
			a := w.get(target, token)
			a.is(t, 404, "not_found")
			if a.header.Get("Location") != "" {
				t.Error("redirected")
			}
		})
	}
	for _, r := range w.server.routes() {
		path := strings.Replace(r.path, ":id", "1", 1)
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "BREW"} {
			allowed := allowedMethods(w.server, r.path)
			if slices.Contains(allowed, method) {
				continue
			}
			t.Run(method+" "+r.path, func(t *testing.T) {
				req := request(http.MethodGet, path, "")
				req.Method = method
				a := w.do(authorized(req, token))
				a.is(t, 405, "method_not_allowed")
				got := strings.Split(a.header.Get("Allow"), ", ")
				slices.Sort(got)
				if !slices.Equal(got, allowed) {
					t.Errorf("Allow is %v, want %v", got, allowed)
				}
			})
		}
	}
	if len(w.erp.asked()) != asked {
		t.Error("the ERP was asked")
	}
}

func allowedMethods(s *Server, path string) (methods []string) {
	for _, r := range s.routes() {
		if r.path == path {
			methods = append(methods, r.method)
		}
	}
	slices.Sort(methods)
	return methods
}

// A panic is the answer `internal` and nothing of it leaves the house; the stack is in the log, under the request's id.
func TestPanicShowsNothing(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.erp.panics = "index out of range at 10.0.0.7:3306"
	a := w.get("/api/orders/"+anOrder, token)
	a.is(t, 500, "internal")
	for _, inside := range []string{"panic", "goroutine", ".go:", "10.0.0.7", "runtime"} {
		if strings.Contains(a.raw, inside) {
			t.Errorf("%q is in the answer %s", inside, a.raw)
		}
	}
	if log := w.output.String(); !strings.Contains(log, "goroutine") || !strings.Contains(log, a.RequestID) {
		t.Errorf("stack or id is not in the log: %s", log)
	}
	if row := w.log.last(); row.Endpoint != "/api/orders/:id" {
		t.Errorf("logged as %s", row.Endpoint)
	}
	w.erp.panics = nil
	w.get("/api/orders/"+anOrder, token).ok(t)
	if text := w.get("/metrics", adminToken).raw; !strings.Contains(text, "snowgate_http_panics_total 1\n") {
		t.Error("the panic was not counted")
	}
}
