package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"snowgate/audit/mask"
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
