package gateway

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"snowgate/audit"
	"snowgate/erpclient"
	"snowgate/session"
)

func accountBody(username, secret string) string {
	return `{"openid":"","erpUsername":"` + username + `","erpPassword":"` + secret + `"}`
}

func (w *world) bind(token, body string) answer {
	w.t.Helper()
	return w.post("/api/auth/erp-bind", token, body)
}

func (w *world) company(a answer) map[string]any {
	w.t.Helper()
	info, _ := a.data["companyInfo"].(map[string]any)
	return info
}

// Bound by account, the ERP is asked as that account; the row names it and the session's hash.
func TestBindByAccount(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	a := w.bind(token, accountBody("buyer01", password)).ok(t)
	if a.data["bindStatus"] != true || w.company(a)["companyId"] != "CO1" || w.company(a)["companyName"] != "示例公司" {
		t.Errorf("answered %s", a.raw)
	}
	if list, ok := a.data["permissions"].([]any); !ok || len(list) != len(allPermissions) {
		t.Errorf("permissions are %v", a.data["permissions"])
	}
	row := w.log.bindings[0]
	if !row.Valid || row.ERPUsername != "buyer01" || row.CompanyID != "CO1" || row.SessionID != w.log.sessions[0].SessionID || row.BindingID == "" {
		t.Errorf("row %+v", row)
	}
	w.get("/api/orders/"+anOrder, token).ok(t)
	calls := w.erp.asked()
	if got := calls[len(calls)-1].id; got.Owner != alice || got.BindingID != row.BindingID || got.Account != "buyer01" || got.Proof != "a fingerprint" || got.CustomerID != "" {
		t.Errorf("asked as %+v", got)
	}
	secret, err := w.store.Secret(context.Background(), alice, row.BindingID)
	if err != nil || secret != "sha1 of it" {
		t.Errorf("kept %q, %v", secret, err)
	}
}

// Bound by invite code, the ERP is asked for one customer and never as anybody's account; nothing secret is kept.
func TestBindByInviteCode(t *testing.T) {
	w := newWorld(t)
	w.secrets = append(w.secrets, inviteCode)
	token := w.login(alice)
	a := w.bind(token, `{"inviteCode":"`+inviteCode+`"}`).ok(t)
	if w.company(a)["customerId"] != "C1" || len(a.data["permissions"].([]any)) != 2 {
		t.Errorf("answered %s", a.raw)
	}
	for _, r := range w.server.routes() {
		if r.who == bound {
			w.call(r, token)
		}
	}
	for _, c := range w.erp.asked()[1:] {
		if c.id.Account != "" || c.id.Owner != "" || c.id.CustomerID != "C1" {
			t.Errorf("%s asked as %+v", c.op, c.id)
		}
	}
	profile := w.get("/api/user/profile", token).ok(t)
	if kept := profile.data["binding"].(map[string]any); kept["way"] != "invite" || kept["erpUsername"] != "" {
		t.Errorf("profile says %v", kept)
	}
	secret, err := w.store.Secret(context.Background(), alice, w.log.bindings[0].BindingID)
	if err != nil || secret != "" {
		t.Errorf("kept %q, %v", secret, err)
	}
}

// A wrong password or code is 422, never 401: the session is not what is wrong.
func TestWrongCredentials(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.bind(token, accountBody("buyer01", "wrong-password-of-alice")).is(t, 422, "erp_bad_credentials")
	w.bind(token, `{"inviteCode":"SNOW-0000-XXXX"}`).is(t, 422, "invite_code_invalid")
	w.get("/api/orders/"+anOrder, token).is(t, 403, "erp_not_bound")
	if len(w.log.bindings) != 0 {
		t.Errorf("written down: %+v", w.log.bindings)
	}
}

// Every failure of the ERP while binding has its answer.
func TestBindWhenTheERPFails(t *testing.T) {
	rows := []struct {
		kind       erpclient.Kind
		code       int
		name       string
		retryAfter int
	}{
		{erpclient.KindBadCredentials, 422, "erp_bad_credentials", 0},
		{erpclient.KindTooManyAttempts, 429, "too_many_attempts", 900},
		{erpclient.KindSessionExpired, 502, "erp_bad_answer", 0},
		{erpclient.KindForbidden, 403, "forbidden", 0},
		{erpclient.KindInvalid, 400, "bad_field", 0},
		{erpclient.KindBusy, 503, "erp_busy", 5},
		{erpclient.KindUnavailable, 503, "erp_unavailable", 5},
		{erpclient.KindTimeout, 504, "erp_timeout", 5},
		{erpclient.KindBadAnswer, 502, "erp_bad_answer", 0},
		{erpclient.KindNotSupported, 501, "not_supported", 0},
	}
	for _, row := range rows {
		t.Run(string(row.kind), func(t *testing.T) {
			w := newWorld(t)
			w.erp.fail(erpclient.Errorf("login", row.kind, "the ERP's own words"))
			for _, body := range []string{accountBody("buyer01", password), `{"inviteCode":"` + inviteCode + `"}`} {
				a := w.bind(w.login(alice), body)
				a.is(t, row.code, row.name)
				if a.RetryAfter != row.retryAfter {
					t.Errorf("retryAfter %d, want %d", a.RetryAfter, row.retryAfter)
				}
			}
		})
	}
}

// After five wrong tries the ERP is not asked any more: it would lock the account.
func TestSixthTryDoesNotReachTheERP(t *testing.T) {
	rows := map[string]struct {
		wrong, right string
		openids      func(i int) string
	}{
		"same openid": {accountBody("buyer01", "wrong"), accountBody("buyer02", password), func(int) string { return alice }},
		"same ERP user, other openids, other letter case": {accountBody("BUYER01", "wrong"), accountBody("buyer01", password),
			func(i int) string { return []string{alice, bob}[i%2] + strconv.Itoa(i) }},
		"invite codes": {`{"inviteCode":"SNOW-0000-XXXX"}`, `{"inviteCode":"` + inviteCode + `"}`, func(int) string { return alice }},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for i := range 5 {
				if a := w.bind(w.login(row.openids(i)), row.wrong); a.Code != 422 {
					t.Fatalf("try %d: %s", i+1, a.raw)
				}
			}
			a := w.bind(w.login(row.openids(5)), row.right)
			a.is(t, 429, "too_many_attempts")
			if a.RetryAfter < 800 || a.RetryAfter > 900 {
				t.Errorf("retryAfter %d, want up to 15 minutes", a.RetryAfter)
			}
			if n := len(w.erp.asked()); n != 5 {
				t.Errorf("the ERP was asked %d times", n)
			}
			w.forward(15*time.Minute + time.Second)
			w.bind(w.login(row.openids(5)), row.right).ok(t)
		})
	}
}

// What was no wrong guess does not use up tries.
func TestSuccessesAndOutagesCostNoTries(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	for range 4 {
		w.bind(token, accountBody("buyer01", "wrong")).is(t, 422, "erp_bad_credentials")
	}
	for _, kind := range []erpclient.Kind{erpclient.KindTimeout, erpclient.KindUnavailable, erpclient.KindBusy, erpclient.KindBadAnswer} {
		w.erp.fail(&erpclient.Error{Op: "login", Kind: kind})
		for range 3 {
			if a := w.bind(token, accountBody("buyer01", password)); a.Code < 500 {
				t.Fatalf("%s: %s", kind, a.raw)
			}
		}
	}
	w.erp.fail(nil)
	for range 8 {
		w.bind(token, accountBody("buyer01", password)).ok(t)
	}
	w.bind(token, accountBody("buyer01", "wrong")).is(t, 422, "erp_bad_credentials")
	w.bind(token, accountBody("buyer01", "wrong")).is(t, 429, "too_many_attempts")
}

// Parallel guesses cannot slip through between counting and asking.
func TestParallelGuesses(t *testing.T) {
	w := newWorld(t)
	tokens := make([]string, 20)
	for i := range tokens {
		tokens[i] = w.login(alice + strconv.Itoa(i))
	}
	w.log.inParallel()
	codes := make([]int, len(tokens))
	var all sync.WaitGroup
	for i, token := range tokens {
		all.Go(func() { codes[i] = w.bind(token, accountBody("buyer01", "wrong")).Code })
	}
	all.Wait()
	if n := len(w.erp.asked()); n > 5 || n == 0 {
		t.Errorf("the ERP was asked %d times", n)
	}
	for i, code := range codes {
		if code != http.StatusUnprocessableEntity && code != http.StatusTooManyRequests {
			t.Errorf("guess %d: %d", i, code)
		}
	}
}

// A limit below zero is none.
func TestNoBindLimit(t *testing.T) {
	w := newWorld(t, func(c *Config, _ *Deps) { c.BindLimit = -1 })
	token := w.login(alice)
	for range 8 {
		w.bind(token, accountBody("buyer01", "wrong")).is(t, 422, "erp_bad_credentials")
	}
}

// uncounted is a store that cannot count.
type uncounted struct{ Attempts }

func (uncounted) Attempt(context.Context, time.Duration, int, ...string) (time.Duration, error) {
	return 0, session.ErrUnavailable
}

// unrefunding is a store that cannot take a try back.
type unrefunding struct{ Attempts }

func (unrefunding) Refund(context.Context, ...string) error { return errors.New("refund lost") }

// A try that cannot be counted is not made; one that cannot be taken back is still answered.
func TestCountingFails(t *testing.T) {
	w := newWorld(t, func(_ *Config, d *Deps) { d.Attempts = uncounted{d.Attempts} })
	w.bind(w.login(alice), accountBody("buyer01", password)).is(t, 503, "store_unavailable")
	if len(w.erp.asked()) != 0 {
		t.Error("the ERP was asked")
	}
	w = newWorld(t, func(_ *Config, d *Deps) { d.Attempts = unrefunding{d.Attempts} })
	w.bind(w.login(alice), accountBody("buyer01", password)).ok(t)
}

// counted is a store that remembers how often it was asked to count.
type counted struct {
	Attempts
	tries *int
}

func (c counted) Attempt(ctx context.Context, window time.Duration, limit int, subjects ...string) (time.Duration, error) {
	*c.tries++
	return c.Attempts.Attempt(ctx, window, limit, subjects...)
}

// A bind that could not be written down is not tried: the ERP hears nothing of it and no try is counted.
func TestBindWhileTheLogIsFull(t *testing.T) {
	tries := 0
	w := newWorld(t, func(_ *Config, d *Deps) { d.Attempts = counted{d.Attempts, &tries} })
	token := w.login(alice)
	w.log.fill(audit.ErrUnavailable)
	a := w.bind(token, accountBody("buyer01", password))
	a.is(t, 503, "audit_unavailable")
	if a.RetryAfter < 1 || tries != 0 || len(w.erp.asked()) != 0 || len(w.log.bindings) != 0 {
		t.Errorf("answered %s after %d tries, the ERP was asked %v, rows %+v", a.raw, tries, w.erp.asked(), w.log.bindings)
	}
	w.get("/api/user/profile", token).ok(t) // reads go on
	w.log.fill(nil)
	w.bind(token, accountBody("buyer01", password)).ok(t)
	if tries != 2 { // for the person and the account, and for the address
		t.Errorf("%d tries were counted", tries)
	}
}

// The binding is the openid's: it outlives sessions, and undoing it may be repeated.
func TestBindingOutlivesSessions(t *testing.T) {
	w := newWorld(t)
	first := w.loginBound(alice)
	w.post("/api/auth/logout", first, "").ok(t)
	a := w.post("/api/auth/wx-login", "", `{"code":"code-of-`+alice+`"}`).ok(t)
	if a.data["bound"] != true {
		t.Errorf("answered %s", a.raw)
	}
	second := w.login(alice)
	w.get("/api/orders/"+anOrder, second).ok(t)
	unbind := func() answer {
		return w.do(authorized(request(http.MethodDelete, "/api/auth/erp-bind", ""), second))
	}
	unbind().ok(t)
	if row := w.log.bindings[len(w.log.bindings)-1]; row.Valid || row.BindingID != w.log.bindings[0].BindingID {
		t.Errorf("rows %+v", w.log.bindings)
	}
	rows := len(w.log.bindings)
	if a := unbind().ok(t); a.data["bindStatus"] != false || len(w.log.bindings) != rows {
		t.Errorf("the second time: %s, rows %+v", a.raw, w.log.bindings)
	}
	w.get("/api/orders/"+anOrder, second).is(t, 403, "erp_not_bound")
	w.get("/api/user/profile", second).ok(t)
}

// Binding again replaces: the old row ends, and the ERP is asked as the new identity only.
func TestRebind(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.bind(token, `{"inviteCode":"`+inviteCode+`"}`).ok(t)
	rows := w.log.bindings
	if len(rows) != 3 || rows[1].Valid || rows[1].BindingID != rows[0].BindingID || !rows[2].Valid || rows[2].BindingID == rows[0].BindingID {
		t.Errorf("rows %+v", rows)
	}
	w.get("/api/orders/"+anOrder, token).ok(t)
	calls := w.erp.asked()
	if got := calls[len(calls)-1].id; got.Account != "" || got.Owner != "" || got.CustomerID != "C1" {
		t.Errorf("asked as %+v", got)
	}
	w.bind(token, accountBody("buyer01", "wrong")).is(t, 422, "erp_bad_credentials")
	w.get("/api/orders/"+anOrder, token).ok(t) // a failed try leaves the binding alone
}
