package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"snowgate/audit"
	"snowgate/session"
)

func (w *world) forget(token, query string) answer {
	w.t.Helper()
	return w.do(authorized(request(http.MethodDelete, "/api/user"+query, ""), token))
}

// Who asks to be forgotten is: every session ends, the binding goes with its secret, the log is told by pseudonym, and
// the call's own row does not name the person again. Everybody else stays as they were.
func TestForgetUser(t *testing.T) {
	w := newWorld(t)
	phone, bobs := w.loginBound(alice), w.loginBound(bob)
	tablet := w.login(alice)
	bound := w.log.bindings[0]
	a := w.forget(tablet, "?openid="+alice).ok(t)
	if a.data["erased"] != true || a.data["sessions"] != 2.0 {
		t.Errorf("answered %s", a.raw)
	}
	who := w.pseudonym(alice)
	if got := w.log.forgotten(); !slices.Equal(got, []string{who}) || who != w.log.sessions[0].OpenID {
		t.Errorf("forgotten %v, want %s", got, who)
	}
	own, _ := json.Marshal(w.log.last())
	if row := w.log.last(); row.Endpoint != "/api/user" || row.Method != http.MethodDelete || row.Status != 200 || strings.Contains(string(own), who) {
		t.Errorf("own row %s", own)
	}
	for _, token := range []string{phone, tablet} {
		w.get("/api/user/profile", token).is(t, 401, "session_expired")
	}
	w.forget(tablet, "").is(t, 401, "session_expired")
	if last := w.log.bindings[len(w.log.bindings)-1]; last.Valid || last.BindingID != bound.BindingID {
		t.Errorf("binding rows %+v", w.log.bindings)
	}
	if secret, err := w.store.Secret(context.Background(), alice, bound.BindingID); err == nil {
		t.Errorf("the secret %q is still kept", secret)
	}
	w.get("/api/orders/"+anOrder, bobs).ok(t)
	w.get("/api/orders/"+anOrder, w.login(alice)).is(t, 403, "erp_not_bound")
}

// Without a binding there is still somebody to forget.
func TestForgetUserUnbound(t *testing.T) {
	w := newWorld(t)
	w.forget(w.login(alice), "").ok(t)
	if got := w.log.forgotten(); !slices.Equal(got, []string{w.pseudonym(alice)}) || len(w.log.bindings) != 0 {
		t.Errorf("forgotten %v, binding rows %+v", got, w.log.bindings)
	}
}

// What cannot be written down is not done.
func TestForgetUserWhileTheLogIsFull(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	changes := len(w.log.bindings)
	w.log.fill(audit.ErrUnavailable)
	a := w.forget(token, "")
	a.is(t, 503, "audit_unavailable")
	if a.RetryAfter < 1 || len(w.log.forgotten()) != 0 || len(w.log.bindings) != changes {
		t.Errorf("answered %s, forgotten %v, binding rows %+v", a.raw, w.log.forgotten(), w.log.bindings)
	}
	w.get("/api/orders/"+anOrder, token).ok(t)
	w.log.fill(nil)
	w.forget(token, "").ok(t)
}

// lostWay is a store that goes away between the steps of forgetting.
type lostWay struct {
	Sessions
	Bindings
	unbind, revoke error
}

func (l *lostWay) Unbind(ctx context.Context, openid string) (session.Binding, error) {
	if l.unbind != nil {
		return session.Binding{}, l.unbind
	}
	return l.Bindings.Unbind(ctx, openid)
}

func (l *lostWay) RevokeAll(ctx context.Context, openid string) ([]string, error) {
	if l.revoke != nil {
		return nil, l.revoke
	}
	return l.Sessions.RevokeAll(ctx, openid)
}

// Wherever the store goes away, the answer says so, and asking again, with the same session, does it. The session ends
// last, behind what the log is told.
func TestForgetUserWhileTheStoreIsAway(t *testing.T) {
	for name, away := range map[string]lostWay{
		"at the binding": {unbind: session.ErrUnavailable}, "at the sessions": {revoke: session.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			lost := &lostWay{}
			w := newWorld(t, func(_ *Config, d *Deps) {
				lost.Sessions, lost.Bindings = d.Sessions, d.Bindings
				d.Sessions, d.Bindings = lost, lost
			})
			token := w.loginBound(alice)
			lost.unbind, lost.revoke = away.unbind, away.revoke
			w.forget(token, "").is(t, 503, "store_unavailable")
			if got := w.log.forgotten(); away.unbind != nil && len(got) != 0 {
				t.Errorf("forgotten %v", got)
			}
			if row := w.log.last(); row.OpenID != w.pseudonym(alice) {
				t.Errorf("row %+v", row)
			}
			lost.unbind, lost.revoke = nil, nil
			w.forget(token, "").ok(t)
			w.get("/api/user/profile", token).is(t, 401, "session_expired")
		})
	}
}
