package gateway

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1" //nolint:gosec // WeChat's scheme
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"snowgate/audit"
	"snowgate/session"
	"snowgate/wxmsg"
)

const (
	pushToken  = "token-of-the-callback"
	pushAESKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
	pushAppID  = "wx0123456789abcdef"
	pushNonce  = "n0nce42"
)

func newPush(t *testing.T, aesKey string) Push {
	t.Helper()
	push, err := wxmsg.NewPush(pushToken, aesKey, pushAppID)
	if err != nil {
		t.Fatal(err)
	}
	return push
}

// inSecureMode has the gateway take encrypted pushes only.
func inSecureMode(t *testing.T) func(*Config, *Deps) {
	return func(_ *Config, d *Deps) { d.Push = newPush(t, pushAESKey) }
}

func pushSignature(parts ...string) string {
	parts = append(parts, pushToken)
	slices.Sort(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, ""))) //nolint:gosec // WeChat's scheme
	return hex.EncodeToString(sum[:])
}

// signedQuery is WeChat's query at a moment. It names the person, as pushes do.
func signedQuery(at time.Time) url.Values {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return url.Values{
		"signature": {pushSignature(timestamp, pushNonce)}, "timestamp": {timestamp}, "nonce": {pushNonce}, "openid": {alice},
	}
}

// deliver sends a push in plain mode.
func (w *world) deliver(kind, body string) answer {
	w.t.Helper()
	return w.deliverAs(signedQuery(time.Now()), kind, body)
}

func (w *world) deliverAs(query url.Values, kind, body string) answer {
	w.t.Helper()
	r := request(http.MethodPost, callbackPath+"?"+query.Encode(), body)
	r.Header.Set("Content-Type", kind)
	return w.do(r)
}

// deliverSealed sends a push in secure mode; form puts what is encrypted into a body.
func (w *world) deliverSealed(form, message string) answer {
	w.t.Helper()
	key, err := base64.StdEncoding.DecodeString(pushAESKey + "=")
	if err != nil {
		w.t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		w.t.Fatal(err)
	}
	plain := binary.BigEndian.AppendUint32([]byte("0123456789abcdef"), uint32(len(message))) //nolint:gosec // short
	plain = append(plain, message+pushAppID...)
	pad := 32 - len(plain)%32
	plain = append(plain, strings.Repeat(string(rune(pad)), pad)...)
	cipher.NewCBCEncrypter(block, key[:16]).CryptBlocks(plain, plain)
	sealed := base64.StdEncoding.EncodeToString(plain)
	query := signedQuery(time.Now())
	query.Set("encrypt_type", "aes")
	query.Set("msg_signature", pushSignature(query.Get("timestamp"), pushNonce, sealed))
	return w.deliverAs(query, "text/xml", fmt.Sprintf(form, sealed))
}

func (a answer) taken(t *testing.T) {
	t.Helper()
	if a.status != 200 || a.raw != "success" || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("answered %d %v %s", a.status, a.header, a.raw)
	}
}

const aesJSON, aesXML = `{"ToUserName":"gh_1","Encrypt":"%s"}`, `<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[%s]]></Encrypt></xml>`

func cancellation(openid string, createTime int) string {
	return fmt.Sprintf(`{"ToUserName":"gh_1","FromUserName":"gh_platform","CreateTime":%d,"MsgType":"event",`+
		`"Event":"user_authorization_cancellation","OpenID":"%s","AppID":"%s"}`, createTime, openid, pushAppID)
}

func cancellationXML(openid string, createTime int) string {
	return fmt.Sprintf(`<xml><FromUserName><![CDATA[gh_platform]]></FromUserName><CreateTime>%d</CreateTime>`+
		`<Event><![CDATA[user_authorization_cancellation]]></Event><OpenID><![CDATA[%s]]></OpenID></xml>`, createTime, openid)
}

func TestCallbackURLCheck(t *testing.T) {
	w := newWorld(t)
	w.secrets = append(w.secrets, pushToken)
	check := func(echo string, change ...string) answer {
		query := signedQuery(time.Now())
		query.Set("echostr", echo)
		for i := 0; i+1 < len(change); i += 2 {
			query.Set(change[i], change[i+1])
		}
		return w.get(callbackPath+"?"+query.Encode(), "")
	}
	a := check("5893821043719025831")
	if a.status != 200 || a.raw != "5893821043719025831" || a.header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Errorf("answered %d %v %s", a.status, a.header, a.raw)
	}
	if row := w.log.last(); strings.Contains(fmt.Sprint(row), "5893821043719025831") || strings.Contains(row.Params, pushNonce) {
		t.Errorf("row %+v", row)
	}
	check("x", "signature", pushSignature("1", pushNonce)).is(t, 403, "forbidden")
	check("x", "nonce", "another").is(t, 403, "forbidden")
	w.get(callbackPath, "").is(t, 403, "forbidden")
	for _, echo := range []string{"", strings.Repeat("1", 257), "雪", "a\nb", "a\x00"} {
		check(echo).is(t, 400, "bad_field")
	}
	w.get(callbackPath+"?"+signedQuery(time.Now()).Encode()+"&nonce=x", "").is(t, 400, "bad_field")
}

// Without a token there is no callback.
func TestNoCallbackConfigured(t *testing.T) {
	w := newWorld(t, func(_ *Config, d *Deps) { d.Push = nil })
	w.get(callbackPath+"?"+signedQuery(time.Now()).Encode()+"&echostr=1", "").is(t, 404, "not_found")
	w.deliver("application/json", cancellation(alice, 1)).is(t, 404, "not_found")
}

// Who closed their WeChat account is forgotten like who asked for it here, in every form a push can have.
func TestCancellationErases(t *testing.T) {
	plain, sealed := func(*Config, *Deps) {}, inSecureMode(t)
	for name, row := range map[string]struct {
		mode func(*Config, *Deps)
		send func(*world) answer
	}{
		"plain JSON": {plain, func(w *world) answer { return w.deliver("application/json", cancellation(alice, 1)) }},
		"plain XML":  {plain, func(w *world) answer { return w.deliver("text/xml", cancellationXML(alice, 1)) }},
		"AES JSON":   {sealed, func(w *world) answer { return w.deliverSealed(aesJSON, cancellation(alice, 1)) }},
		"AES XML":    {sealed, func(w *world) answer { return w.deliverSealed(aesXML, cancellationXML(alice, 1)) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, row.mode)
			w.secrets = append(w.secrets, pushToken, pushAESKey)
			phone, tablet, bobs := w.loginBound(alice), w.login(alice), w.loginBound(bob)
			bound := w.log.bindings[0]
			row.send(w).taken(t)
			if row := w.log.last(); row.Params != `{"event":"user_authorization_cancellation"}` || row.OpenID != "" || row.Response != "" {
				t.Errorf("row %+v", row)
			}
			for _, token := range []string{phone, tablet} {
				w.get("/api/user/profile", token).is(t, 401, "session_expired")
			}
			if got := w.log.forgotten(); !slices.Equal(got, []string{w.pseudonym(alice)}) {
				t.Errorf("forgotten %v", got)
			}
			if last := w.log.bindings[len(w.log.bindings)-1]; last.Valid || last.BindingID != bound.BindingID || last.ERPUsername != "" {
				t.Errorf("binding rows %+v", w.log.bindings)
			}
			if _, err := w.store.Secret(context.Background(), alice, bound.BindingID); err == nil {
				t.Error("the secret is still kept")
			}
			w.get("/api/orders/"+anOrder, bobs).ok(t)
		})
	}
}

// A delivery that comes again is answered, and does nothing to who has come back meanwhile. Another person's, of the
// same second and the same sender, is another.
func TestPushIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	w.login(alice)
	bobs := w.login(bob)
	w.deliver("application/json", cancellation(alice, 7)).taken(t)
	again := w.login(alice)
	w.deliver("application/json", cancellation(alice, 7)).taken(t)
	w.deliver("text/xml", cancellationXML(alice, 7)).taken(t)
	w.get("/api/user/profile", again).ok(t)
	w.deliver("application/json", cancellation(bob, 7)).taken(t)
	w.get("/api/user/profile", bobs).is(t, 401, "session_expired")
	w.deliver("application/json", cancellation(alice, 8)).taken(t)
	w.get("/api/user/profile", again).is(t, 401, "session_expired")
	if got := w.log.forgotten(); !slices.Equal(got, []string{w.pseudonym(alice), w.pseudonym(bob), w.pseudonym(alice)}) {
		t.Errorf("forgotten %v", got)
	}
	w.deliver("application/json", `{"Event":"user_authorization_cancellation","OpenID":"`+alice+`"}`).taken(t)
	w.deliver("application/json", `{"Event":"user_authorization_cancellation","OpenID":"`+alice+`"}`).taken(t)
	if got := w.log.forgotten(); len(got) != 5 {
		t.Errorf("what nothing tells from a repetition was left out: %v", got)
	}
}

// during is a store that lets a test look in while a binding is erased.
type during struct {
	Bindings
	look func()
}

func (d *during) Binding(ctx context.Context, openid string) (session.Binding, error) {
	d.look()
	return d.Bindings.Binding(ctx, openid)
}

// A delivery that arrives while another is at work has to wait for it, on whatever replica.
func TestDeliveriesWaitForEachOther(t *testing.T) {
	store, looked := &during{look: func() {}}, false
	w := newWorld(t, func(_ *Config, d *Deps) {
		store.Bindings = d.Bindings
		d.Bindings = store
	})
	w.login(alice)
	store.look = func() {
		looked = true
		short, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		key := eventKey(wxmsg.Event{Name: wxmsg.EventCancellation, OpenID: alice, FromUser: "gh_platform", CreateTime: 7})
		if _, err := w.store.Lock(short, key, time.Second); err == nil {
			t.Error("another delivery of the same event may erase at the same time")
		}
	}
	w.deliver("application/json", cancellation(alice, 7)).taken(t)
	if !looked {
		t.Error("nothing was erased")
	}
	w.log.inParallel()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { w.deliver("application/json", cancellation(alice, 7)).taken(t) })
	}
	all.Wait()
	if got := w.log.forgotten(); len(got) != 1 {
		t.Errorf("forgotten %v", got)
	}
}

func TestPushIsRefused(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	body := cancellation(alice, 1)
	forged := signedQuery(time.Now())
	forged.Set("signature", strings.Repeat("0", 40))
	w.deliverAs(forged, "application/json", body).is(t, 403, "forbidden")
	w.deliverAs(url.Values{}, "application/json", body).is(t, 403, "forbidden")
	for _, off := range []time.Duration{-11 * time.Minute, 11 * time.Minute} {
		w.deliverAs(signedQuery(time.Now().Add(off)), "application/json", body).is(t, 403, "forbidden")
	}
	odd := url.Values{"signature": {pushSignature("soon", pushNonce)}, "timestamp": {"soon"}, "nonce": {pushNonce}}
	w.deliverAs(odd, "application/json", body).is(t, 403, "forbidden")
	w.deliver("application/json", body+"{}").is(t, 400, "bad_field")
	w.deliver("text/xml", "<xml>").is(t, 400, "bad_field")
	w.deliver("application/json", cancellation("", 1)).is(t, 400, "bad_field")
	w.deliver("application/json", body+strings.Repeat(" ", maxBodyBytes)).is(t, 413, "too_large")
	w.get("/api/user/profile", token).ok(t)

	secure := newWorld(t, inSecureMode(t))
	token = secure.login(alice)
	secure.deliver("application/json", body).is(t, 403, "forbidden")
	secure.get("/api/user/profile", token).ok(t)

	w.deliverAs(signedQuery(time.Now().Add(-9*time.Minute)), "application/json", body).taken(t)
}

// Events that ask for nothing are taken, and nobody is erased.
func TestOtherEventsAreTaken(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	for _, body := range []string{
		`{"Event":"user_authorization_revoke","OpenID":"` + alice + `","RevokeInfo":"8","CreateTime":"1"}`,
		`{"Event":"user_info_modified","OpenID":"` + alice + `","CreateTime":1}`,
		`{"Event":"subscribe_msg_popup_event","List":{"TemplateId":"t","PopupScene":"0"}}`,
		`{"MsgType":"text","MsgId":1,"FromUserName":"` + alice + `","Content":"words of alice"}`, `{}`,
	} {
		w.deliver("application/json", body).taken(t)
		if row := w.log.last(); strings.Contains(row.Params, "words of alice") {
			t.Errorf("row %+v", row)
		}
	}
	w.get("/api/user/profile", token).ok(t)
	if got := w.log.forgotten(); len(got) != 0 || !strings.Contains(w.output.String(), `"revoked":"8"`) {
		t.Errorf("forgotten %v, log %s", got, w.output)
	}
}

// lapse is a memory that can be away.
type lapse struct {
	memory Once
	fault  error
}

func (l *lapse) Lock(ctx context.Context, name string, lease time.Duration) (func(), error) {
	return l.memory.Lock(ctx, name, lease)
}

func (l *lapse) Seen(ctx context.Context, key string) (bool, error) {
	if l.fault != nil {
		return false, l.fault
	}
	return l.memory.Seen(ctx, key)
}

func (l *lapse) Once(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	return l.memory.Once(ctx, key, ttl)
}

// Wherever it fails, WeChat is told to come again, with a status of its own even where clients always get 200, and the
// next delivery does it all.
func TestFailedErasureIsDeliveredAgain(t *testing.T) {
	for name, away := range map[string]struct {
		lost lostWay
		full error
		seen error
		code string
		told int // how often the log was told before it failed: being told twice changes nothing
	}{
		"at the binding":  {lost: lostWay{unbind: session.ErrUnavailable}, code: "store_unavailable"},
		"at the sessions": {lost: lostWay{revoke: session.ErrUnavailable}, code: "store_unavailable", told: 1},
		"at the memory":   {seen: session.ErrUnavailable, code: "store_unavailable"},
		"at the log":      {full: audit.ErrUnavailable, code: "audit_unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			lost, memory := &lostWay{}, &lapse{}
			w := newWorld(t, func(c *Config, d *Deps) {
				lost.Sessions, lost.Bindings, memory.memory = d.Sessions, d.Bindings, d.Once
				d.Sessions, d.Bindings, d.Once = lost, lost, memory
				c.HTTPStatus = "always-200"
			})
			w.loginBound(alice)
			lost.unbind, lost.revoke, memory.fault = away.lost.unbind, away.lost.revoke, away.seen
			w.log.fill(away.full)
			w.deliver("application/json", cancellation(alice, 1)).is(t, 503, away.code)
			if got := w.log.forgotten(); len(got) != away.told {
				t.Errorf("forgotten %v", got)
			}
			lost.unbind, lost.revoke, memory.fault = nil, nil, nil
			w.log.fill(nil)
			w.deliver("application/json", cancellation(alice, 1)).taken(t)
			if got := w.log.forgotten(); len(got) != away.told+1 {
				t.Errorf("forgotten %v", got)
			}
			if sessions, err := w.store.List(context.Background(), alice); err != nil || len(sessions) != 0 {
				t.Errorf("sessions %v, %v", sessions, err)
			}
		})
	}
}
