package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"snowgate/wxmsg"
)

// A login gives a token of ours, which opens the session; what WeChat gave stays inside (newWorld searches for it).
func TestLogin(t *testing.T) {
	w := newWorld(t)
	a := w.post("/api/auth/wx-login", "", `{"code":"code-of-`+alice+`","userInfo":{"nickName":"爱丽丝"}}`).ok(t)
	token, _ := a.data["sessionKey"].(string)
	if len(token) != 43 || a.data["token"] != token || a.data["openid"] != alice || a.data["unionid"] != "union-"+alice || a.data["bound"] != false {
		t.Errorf("answered %s", a.raw)
	}
	w.private = append(w.private, token, "union-"+alice, "爱丽丝")
	expires, err := time.Parse(time.RFC3339, a.data["expiresAt"].(string))
	if err != nil || time.Until(expires) < 6*24*time.Hour {
		t.Errorf("expires %v, %v", expires, err)
	}
	profile := w.get("/api/user/profile", token).ok(t)
	if profile.data["openid"] != alice || profile.data["sessions"] != float64(1) || profile.data["binding"] != nil {
		t.Errorf("profile is %s", profile.raw)
	}
	if w.wechat.calls != 1 {
		t.Errorf("the code was exchanged %d times", w.wechat.calls)
	}
}

// Each login is a session of its own; logging out ends one, for good, and the row of it says so.
func TestLogout(t *testing.T) {
	w := newWorld(t)
	first, second := w.login(alice), w.login(alice)
	if first == second {
		t.Fatal("two logins share a token")
	}
	if n := w.get("/api/user/profile", first).ok(t).data["sessions"]; n != float64(2) {
		t.Errorf("%v sessions", n)
	}
	w.post("/api/auth/logout", first, "").ok(t)
	ended := w.log.sessions[len(w.log.sessions)-1]
	if ended.Active || ended.SessionID != w.log.sessions[0].SessionID || ended.OpenID == "" {
		t.Errorf("written down: %+v", w.log.sessions)
	}
	w.get("/api/user/profile", first).is(t, 401, "session_expired")
	w.post("/api/auth/logout", first, "").is(t, 401, "session_expired")
	w.get("/api/user/profile", second).ok(t)
}

// The row of a session has pseudonyms, the same each time, in place of who it is.
func TestSessionRowsHavePseudonyms(t *testing.T) {
	w := newWorld(t)
	w.login(alice)
	w.login(alice)
	w.login(bob)
	rows := w.log.sessions
	if rows[0].OpenID == "" || rows[0].OpenID != rows[1].OpenID || rows[0].OpenID == rows[2].OpenID || rows[0].UnionID == "" {
		t.Errorf("rows %+v", rows)
	}
	for _, row := range rows {
		if !row.Active || len(row.SessionID) != 64 || row.CreatedAt.IsZero() || row.ExpiresAt.IsZero() {
			t.Errorf("row %+v", row)
		}
	}
}

// Every kind of WeChat failure has its answer; none of them is 401, and none tells WeChat's own words.
func TestEveryWeChatFailure(t *testing.T) {
	rows := []struct {
		kind    wxmsg.Kind
		wait    time.Duration
		code    int
		name    string
		retries int
	}{
		{wxmsg.KindCodeInvalid, 0, 400, "wx_code_invalid", 0},
		{wxmsg.KindUserBlocked, 0, 403, "wx_user_blocked", 0},
		{wxmsg.KindRateLimited, 42 * time.Second, 429, "rate_limited", 42},
		{wxmsg.KindRateLimited, 0, 429, "rate_limited", 5},
		{wxmsg.KindQuota, 3 * time.Hour, 503, "wx_unavailable", 10800},
		{wxmsg.KindBusy, 0, 503, "wx_unavailable", 5},
		{wxmsg.KindMisconfigured, 0, 503, "wx_unavailable", 5},
		{wxmsg.KindUnavailable, 0, 503, "wx_unavailable", 5},
		{wxmsg.KindTimeout, 0, 504, "wx_timeout", 0},
		{wxmsg.KindBadAnswer, 0, 502, "wx_bad_answer", 0},
		{"a kind of tomorrow", 0, 500, "internal", 0},
	}
	w := newWorld(t)
	tested := map[wxmsg.Kind]bool{}
	for _, row := range rows {
		tested[row.kind] = true
		t.Run(string(row.kind), func(t *testing.T) {
			w.wechat.fail(&wxmsg.Error{Op: "code2session", Kind: row.kind, ErrCode: 40163, RID: "rid-0815",
				RetryAfter: row.wait, Err: errors.New("errmsg of WeChat")})
			calls := w.wechat.calls
			a := w.post("/api/auth/wx-login", "", `{"code":"code-of-`+alice+`"}`)
			a.is(t, row.code, row.name)
			if a.RetryAfter != row.retries {
				t.Errorf("retryAfter %d, want %d", a.RetryAfter, row.retries)
			}
			if strings.Contains(a.raw, "errmsg") || strings.Contains(a.raw, "40163") || strings.Contains(a.raw, "rid-0815") {
				t.Errorf("WeChat's words: %s", a.raw)
			}
			if w.wechat.calls != calls+1 {
				t.Errorf("%d attempts", w.wechat.calls-calls)
			}
		})
	}
	for kind := range wxFaults {
		if !tested[kind] {
			t.Errorf("%s has no row here", kind)
		}
	}
	if len(w.log.sessions) != 0 {
		t.Error("a session was written down")
	}
}

// Without Redis a login is 503 with a time to come back; a token that was not stored is not handed out.
func TestLoginWithoutRedis(t *testing.T) {
	w := newWorld(t)
	w.redis.Close()
	a := w.post("/api/auth/wx-login", "", `{"code":"code-of-`+alice+`"}`)
	a.is(t, 503, "store_unavailable")
	if a.RetryAfter < 1 || strings.Contains(a.raw, "token") || len(w.log.sessions) != 0 {
		t.Errorf("answered %s, wrote %+v", a.raw, w.log.sessions)
	}
}

// The login code is spent, but it is a secret all the same: it is in no row.
func TestLoginCodeIsNotLogged(t *testing.T) {
	w := newWorld(t)
	w.secrets = append(w.secrets, "code-of-"+alice, "0a3BZm000-the-code")
	w.login(alice)
	w.post("/api/auth/wx-login?code=0a3BZm000-the-code", "", `{"code":"0a3BZm000-the-code"}`).is(t, 400, "wx_code_invalid")
	w.post("/api/auth/wx-login?code=0a3BZm000-the-code", "", `{`).is(t, 400, "bad_json")
}

// A caller who has gone away is no defect of ours.
func TestCallerGone(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := authorized(request(http.MethodGet, "/api/orders/"+anOrder, ""), token).WithContext(ctx)
	w.do(r).is(t, 503, "store_unavailable")
	var line struct{ Level, Error string }
	lines := strings.Split(strings.TrimSpace(w.output.String()), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil || line.Level != "INFO" {
		t.Errorf("logged as %+v, %v", line, err)
	}
}
