package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"snowgate/audit/mask"
	"snowgate/erpclient"
	"snowgate/erpclient/erptest"
)

// The rows name routes by their template; what a client made up is in no label and no endpoint.
func TestRowsHaveTemplates(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	rows := []struct{ method, target, endpoint, logged string }{
		{"GET", "/api/orders/" + anOrder, "/api/orders/:id", "GET"},
		{"GET", "/api/orders/no-such/status", "/api/orders/:id/status", "GET"},
		{"GET", "/api/orders/a%2Fb", "/api/orders/:id", "GET"},
		{"GET", "/api/materials/" + aMaterial + "/progress?openid=" + alice, "/api/materials/:id/progress", "GET"},
		{"GET", "/api/made/up", "(unmatched)", "GET"},
		{"GET", "/api/orders//status", "(unmatched)", "GET"},
		{"PUT", "/api/orders/search", "(unmatched)", "PUT"},
		{"BREW", "/api/orders/search", "(unmatched)", "OTHER"},
	}
	for _, row := range rows {
		t.Run(row.method+" "+row.target, func(t *testing.T) {
			r := request(http.MethodGet, row.target, "")
			r.Method = row.method
			w.do(authorized(r, token))
			if got := w.log.last(); got.Endpoint != row.endpoint || got.Method != row.logged {
				t.Errorf("logged as %s %s, want %s %s", got.Method, got.Endpoint, row.logged, row.endpoint)
			}
		})
	}
	text := w.get("/metrics", adminToken).raw
	for _, invented := range []string{"no-such", "made", "BREW", aMaterial} {
		if strings.Contains(text, invented) {
			t.Errorf("%q is in the metrics", invented)
		}
	}
}

// A row says what was asked and answered, as far as it may be kept.
func TestRowIsComplete(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.get("/api/orders/search?keyword=SO2026&openid="+alice, token).ok(t)
	row := w.log.last()
	if len(row.SessionID) != 64 || len(row.LogID) != 36 || row.Status != 200 || row.Error != "" || row.CalledAt.IsZero() || row.Duration < 0 {
		t.Errorf("row %+v", row)
	}
	if !strings.Contains(row.Params, "SO2026") || !strings.Contains(row.Response, "SO2026011502") || len(row.Response) > 2048 {
		t.Errorf("params %s, response %s", row.Params, row.Response)
	}
	w.get("/api/orders/"+foreign, token).is(t, 404, "not_found")
	if row := w.log.last(); row.Error != "not_found" || !strings.Contains(row.Params, foreign) {
		t.Errorf("row %+v", row)
	}
}

// However a secret comes in, it is in no row and no log line (newWorld searches for it).
func TestSecretsAreNotWrittenDown(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	const secret = "S3cret-that-nobody-may-read"
	w.secrets = append(w.secrets, secret)
	w.bind(token, accountBody("buyer01", secret)).is(t, 422, "erp_bad_credentials")
	w.bind(token, `{"erpUsername":7,"erpPassword":"`+secret+`"}`).is(t, 400, "bad_field")
	w.bind(token, `{"inviteCode":"`+secret+`"}`).is(t, 422, "invite_code_invalid")
	w.bind(token, `{"erpPassword":"`+secret+`"`).is(t, 400, "bad_json")
	w.bind(token, `{"erpPassword":{"value":"`+secret+`"},"erpUsername":"a"}`).is(t, 400, "bad_field")
	w.get("/api/user/profile?token="+secret+"&sessionKey="+secret+"&password="+secret, token).ok(t)
	w.get("/api/user/profile?access_token="+secret, secret).is(t, 401, "session_expired")
	w.get("/api/user/profile?openid="+bob, token).is(t, 403, "openid_mismatch")
	w.get("/api/user/profile", "", "Cookie", "sid="+secret, "X-Api-Key", secret).is(t, 401, "session_expired")
	w.erp.panics = "at 10.0.0.7"
	w.bind(token, accountBody("buyer01", secret)).is(t, 500, "internal")
}

// One call, one line, as JSON, with the request's id; only a defect of ours is an error.
func TestOneLogLinePerCall(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.erp.panics = "boom"
	calls := []answer{
		w.get("/api/user/profile", token), w.get("/api/user/profile", ""), w.get("/api/nowhere", ""), w.get("/api/orders/"+anOrder, token),
	}
	levels := map[string]string{}
	for line := range bytes.Lines([]byte(w.output.String())) {
		var entry struct {
			Level, Msg string
			RequestID  string `json:"request_id"`
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if entry.Msg == "call" {
			levels[entry.RequestID] += entry.Level
		}
	}
	for i, want := range []string{"INFO", "INFO", "INFO", "ERROR"} {
		if got := levels[calls[i].RequestID]; got != want {
			t.Errorf("call %d is logged as %q, want %q", i, got, want)
		}
	}
}

// The real masker is what cmd hands in.
var _ Masker = (*mask.Masker)(nil)

// A row says whose it is in one place, the one that is emptied when the person is forgotten: neither what was asked nor
// what was answered repeats it.
func TestRowsNameTheirPersonOnce(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.get("/api/user/profile?openid="+alice, token).ok(t)
	w.get("/api/user/export", token).ok(t)
	w.get("/api/orders/"+anOrder+"?openid="+alice, token).ok(t)
	union := w.server.deps.Masker.Pseudonym("unionid", "union-"+alice)
	for _, row := range w.log.calls {
		if row.OpenID != w.pseudonym(alice) {
			t.Errorf("%s %s is of %q", row.Method, row.Endpoint, row.OpenID)
		}
		for _, name := range []string{w.pseudonym(alice), union} {
			if strings.Contains(row.Params+row.Response, name) {
				t.Errorf("%s %s: params %s, response %s", row.Method, row.Endpoint, row.Params, row.Response)
			}
		}
	}
	w.get("/api/user/profile", "").is(t, 401, "session_expired")
	if row := w.log.last(); row.OpenID != "" {
		t.Errorf("nobody's row is of %q", row.OpenID)
	}
}

// A row says how the answer came about: from where, in how many calls at the ERP, and how long those took.
func TestRowsTellWhatTheERPTook(t *testing.T) {
	erp := &erptest.Driver{}
	client := erpclient.New(erpclient.Config{
		Sessions: erptest.NewSessions(), Keyring: &erptest.Keyring{}, Logger: slog.New(slog.DiscardHandler),
		Service: erpclient.Credentials{Account: "service", Secret: "digest:service"},
	}, erp, nil)
	w := newWorld(t, func(_ *Config, d *Deps) { d.ERP = client })
	token := w.login(alice)
	w.bind(token, `{"inviteCode":"`+inviteCode+`"}`).ok(t)
	if row := w.log.last(); row.Attempts == 0 || row.ERPTime <= 0 || row.Source != "" {
		t.Errorf("row of the bind %+v", row)
	}
	var tries atomic.Int32
	erp.Script(func(_ context.Context, op string) error {
		if tries.Add(1) == 1 {
			return erpclient.Errorf(op, erpclient.KindUnavailable, "connection reset")
		}
		return nil
	})
	w.get("/api/orders/search?keyword=1", token).ok(t)
	if row := w.log.last(); row.Source != "live" || row.Attempts != 2 || row.ERPTime <= 0 || row.ERPTime > row.Duration {
		t.Errorf("row of a repeated search %+v", row)
	}
	erp.Script(func(_ context.Context, op string) error { return erpclient.Errorf(op, erpclient.KindForbidden, "no") })
	w.get("/api/orders/search?keyword=other", token).is(t, 403, "forbidden")
	if row := w.log.last(); row.Source != "" || row.Attempts != 1 {
		t.Errorf("row of a refusal %+v", row)
	}
	w.get("/api/user/profile", token).ok(t)
	if row := w.log.last(); row.Source != "" || row.Attempts != 0 || row.ERPTime != 0 {
		t.Errorf("row of what is not the ERP's %+v", row)
	}
}
