package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"snowgate/audit"
	"snowgate/session"
	"snowgate/wxmsg"
	"snowgate/wxmsg/queue"
)

const (
	serviceKey = "service-key-of-the-tests-0001"
	aTemplate  = "tmpl-order-status-0000000000000000000000001"
	otherTmpl  = "tmpl-shipped-00000000000000000000000000002"
)

// fakeTemplates lists two templates; of the first it knows what it looks like.
type fakeTemplates struct{}

func (fakeTemplates) Template(id string) (*wxmsg.Template, bool) {
	switch id {
	case aTemplate:
		return &wxmsg.Template{ID: aTemplate, Keywords: []wxmsg.Keyword{
			{Key: "thing1", Type: "thing"}, {Key: "phrase2", Type: "phrase"},
		}}, true
	case otherTmpl:
		return nil, true
	default:
		return nil, false
	}
}

// newMessages is the real queue on the tests' Redis, without workers: nobody sends what it accepts.
func newMessages(t *testing.T, addr string, pseudonym func(kind, value string) string) *queue.Queue {
	t.Helper()
	rdb, err := session.DialWithin("redis://"+addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	q, err := queue.New(queue.Config{
		Redis: rdb, Sealer: newSealer(t), Pseudonym: pseudonym, RequireConsent: true, Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

const goodData = `{"thing1":{"value":"订单已发货"},"phrase2":"已发货"}`

func (w *world) consent(token, template string) {
	w.t.Helper()
	w.post("/api/wechat/subscriptions", token, `{"results":{"`+template+`":"accept"}}`).ok(w.t)
}

func (w *world) sendMessage(token, body string, headers ...string) answer {
	w.t.Helper()
	return w.post("/api/wechat/template-msg", token, body, headers...)
}

func (w *world) follow(token, msgID string) answer {
	w.t.Helper()
	return w.get("/api/wechat/template-msg/"+msgID, token)
}

func body(openid, template, data string) string {
	return fmt.Sprintf(`{"openid":%q,"templateId":%q,"data":%s}`, openid, template, data)
}

func TestAMessageIsQueuedAndFollowed(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.consent(token, aTemplate)
	sent := w.sendMessage(token, body("", aTemplate, goodData)).ok(t)
	msgID, _ := sent.data["msgid"].(string)
	if sent.data["status"] != "queued" || msgID == "" || sent.data["sendTime"] == "" {
		t.Errorf("answered %s", sent.raw)
	}
	followed := w.follow(token, msgID).ok(t)
	if followed.data["status"] != "queued" || followed.data["templateId"] != aTemplate || followed.data["wxMsgid"] != "" {
		t.Errorf("answered %s", followed.raw)
	}
	w.follow(serviceKey, msgID).ok(t)
	w.follow(w.login(bob), msgID).is(t, 404, "not_found")
	w.follow(token, "0190f3a0-0000-7000-8000-000000000000").is(t, 404, "not_found")
	w.follow(token, "a%2Fb").is(t, 400, "bad_id")
}

func TestWhoMaySendToWhom(t *testing.T) {
	w := newWorld(t)
	token := w.loginBound(alice)
	w.consent(token, aTemplate)
	w.sendMessage(token, body(bob, aTemplate, goodData)).is(t, 403, "openid_mismatch")
	w.sendMessage(token, body(alice, aTemplate, goodData)).ok(t)
	w.sendMessage("", body(alice, aTemplate, goodData)).is(t, 401, "session_expired")
	w.sendMessage(adminToken, body(alice, aTemplate, goodData)).is(t, 401, "session_expired")
	if a := w.sendMessage(serviceKey, body("", aTemplate, goodData)); a.Field != "openid" {
		t.Errorf("a service without a receiver was answered %s", a.raw)
	}
	w.sendMessage(serviceKey, body(bob, aTemplate, goodData)).is(t, 404, "not_found") // not bound
	w.consent(token, aTemplate)
	w.sendMessage(serviceKey, body(alice, aTemplate, goodData)).ok(t)
}

func TestAMessageIsCheckedBeforeItIsQueued(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.consent(token, aTemplate)
	w.consent(token, otherTmpl)
	tests := map[string]struct {
		body, name, field string
		code              int
	}{
		"unlisted template":     {body("", "tmpl-nobody-listed", goodData), "bad_field", "templateId", 400},
		"no template":           {`{"data":{"thing1":"x"}}`, "bad_field", "templateId", 400},
		"no data":               {`{"templateId":"` + aTemplate + `"}`, "bad_field", "data", 400},
		"data is no object":     {body("", aTemplate, `"{}"`), "bad_field", "data", 400},
		"a value is a list":     {body("", aTemplate, `{"thing1":[1]}`), "bad_field", "data", 400},
		"a control character":   {body("", aTemplate, `{"thing1":"a\u0000b"}`), "bad_field", "data", 400},
		"another app's page":    {`{"page":"https://evil.example/","templateId":"` + aTemplate + `","data":` + goodData + `}`, "bad_field", "page", 400},
		"a page going up":       {`{"page":"pages/../x","templateId":"` + aTemplate + `","data":` + goodData + `}`, "bad_field", "page", 400},
		"too long a thing":      {body("", aTemplate, `{"thing1":"`+strings.Repeat("字", 21)+`","phrase2":"已发货"}`), "template_data_invalid", "data.thing1", 422},
		"a line break":          {body("", aTemplate, `{"thing1":"a\nb","phrase2":"已发货"}`), "template_data_invalid", "data.thing1", 422},
		"no Chinese phrase":     {body("", aTemplate, `{"thing1":"a","phrase2":"sent"}`), "template_data_invalid", "data.phrase2", 422},
		"a keyword is missing":  {body("", aTemplate, `{"thing1":"a"}`), "template_data_invalid", "data.phrase2", 422},
		"unknown look, bad key": {body("", otherTmpl, `{"thing":"a"}`), "template_data_invalid", "data", 422},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := w.sendMessage(token, test.body)
			a.is(t, test.code, test.name)
			if a.Field != test.field {
				t.Errorf("names the field %q, want %q: %s", a.Field, test.field, a.raw)
			}
		})
	}
	w.sendMessage(token, body("", otherTmpl, `{"number1":{"value":12.50}}`)).ok(t)
}

func TestARepetitionIsAnsweredWithTheFirstAnswer(t *testing.T) {
	w := newWorld(t)
	token, other := w.login(alice), w.login(bob)
	w.consent(token, aTemplate)
	w.consent(other, aTemplate)
	first := w.sendMessage(token, body("", aTemplate, goodData), headerIdempotency, "key-1").ok(t)
	again := w.sendMessage(token, body("", aTemplate, goodData), headerIdempotency, "key-1").ok(t)
	if !first.sameAs(again) {
		t.Errorf("%s and then %s", first.raw, again.raw)
	}
	w.sendMessage(token, body("", aTemplate, `{"thing1":"b","phrase2":"已发货"}`), headerIdempotency, "key-1").is(t, 422, "key_reused")
	if theirs := w.sendMessage(other, body("", aTemplate, goodData), headerIdempotency, "key-1").ok(t); theirs.data["msgid"] == first.data["msgid"] {
		t.Error("two people share a key")
	}
	for _, bad := range []string{"", "with space", strings.Repeat("k", 129), "schlüssel"} {
		if a := w.sendMessage(token, body("", aTemplate, goodData), headerIdempotency, bad); a.Field != headerIdempotency {
			t.Errorf("key %q was answered %s", bad, a.raw)
		}
	}
}

func TestOneAcceptedSubscriptionIsOneMessage(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.sendMessage(token, body("", aTemplate, goodData)).is(t, 422, "no_consent")
	w.consent(token, aTemplate)
	if got := credits(w.get("/api/user/profile", token).ok(t)); got != aTemplate+"=1" {
		t.Errorf("profile shows %s", got)
	}
	w.sendMessage(token, body("", aTemplate, goodData)).ok(t)
	w.sendMessage(token, body("", aTemplate, goodData)).is(t, 422, "no_consent")
	if got := credits(w.get("/api/user/profile", token).ok(t)); got != aTemplate+"=0" && got != "" {
		t.Errorf("profile shows %s", got)
	}
}

// credits reads the subscriptions out of an answer.
func credits(a answer) string {
	list, _ := a.data["subscriptions"].([]any)
	var text []string
	for _, item := range list {
		x, _ := item.(map[string]any)
		text = append(text, fmt.Sprintf("%v=%v", x["templateId"], x["credits"]))
	}
	return strings.Join(text, " ")
}

func TestSubscriptionResults(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	tests := map[string]struct{ body, want string }{
		"accepted, with errMsg":  {`{"results":{"` + aTemplate + `":"accept","errMsg":"requestSubscribeMessage:ok"}}`, aTemplate + "=1"},
		"rejected takes nothing": {`{"results":{"` + aTemplate + `":"reject"}}`, aTemplate + "=1"},
		"with sound":             {`{"results":{"` + aTemplate + `":"acceptWithAudio"}}`, aTemplate + "=2"},
		"banned":                 {`{"results":{"` + aTemplate + `":"ban"}}`, aTemplate + "=0"},
	}
	for _, name := range []string{"accepted, with errMsg", "rejected takes nothing", "with sound", "banned"} {
		if got := credits(w.post("/api/wechat/subscriptions", token, tests[name].body).ok(t)); got != tests[name].want && (tests[name].want != aTemplate+"=0" || got != "") {
			t.Errorf("%s: %s, want %s", name, got, tests[name].want)
		}
	}
	for name, bad := range map[string]string{
		"unlisted": `{"results":{"tmpl-nobody-listed":"accept"}}`, "empty": `{"results":{}}`, "no text": `{"results":{"` + aTemplate + `":1}}`,
		"missing": `{}`, "too many": `{"results":{"a":"x","b":"x","c":"x","d":"x","e":"x","f":"x","g":"x"}}`,
	} {
		if a := w.post("/api/wechat/subscriptions", token, bad); a.Code != 400 || a.Field != "results" {
			t.Errorf("%s: answered %s", name, a.raw)
		}
	}
	w.post("/api/wechat/subscriptions", token, `{"openid":"`+bob+`","results":{"`+aTemplate+`":"accept"}}`).is(t, 403, "openid_mismatch")
}

func TestWeChatsOwnWordOnSubscriptions(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	event := func(name, list string, at int) string {
		return fmt.Sprintf(`{"FromUserName":%q,"CreateTime":%d,"MsgType":"event","Event":%q,"List":%s}`, alice, at, name, list)
	}
	popup := event("subscribe_msg_popup_event", `{"TemplateId":"`+aTemplate+`","SubscribeStatusString":"accept","PopupScene":"0"}`, 1)
	w.deliver("application/json", popup).taken(t)
	w.deliver("application/json", popup).taken(t) // delivered twice, counted once
	if got := credits(w.get("/api/user/profile", token).ok(t)); got != aTemplate+"=1" {
		t.Errorf("after a popup %s", got)
	}
	w.consent(token, aTemplate) // the same tap, told by the mini-program as well
	if got := credits(w.get("/api/user/profile", token).ok(t)); got != aTemplate+"=1" {
		t.Errorf("one tap told twice counts %s", got)
	}
	w.deliver("application/json", event("subscribe_msg_change_event", `[{"TemplateId":"`+aTemplate+`","SubscribeStatusString":"reject"}]`, 2)).taken(t)
	w.sendMessage(token, body("", aTemplate, goodData)).is(t, 422, "no_consent")
}

func TestNothingIsAcceptedThatMightBeLost(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.consent(token, aTemplate)
	w.log.fill(audit.ErrUnavailable)
	w.sendMessage(token, body("", aTemplate, goodData)).is(t, 503, "audit_unavailable")
	w.log.fill(nil)
	w.redis.SetError("LOADING")
	a := w.sendMessage(token, body("", aTemplate, goodData))
	w.redis.SetError("")
	a.is(t, 503, "store_unavailable")
	w.sendMessage(token, body("", aTemplate, goodData)).ok(t) // the credit is still there
}

// signedEvent is an event as another server sends it.
func signedEvent(key, content string, at time.Time, change ...string) *http.Request {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(stamp + "\n" + content))
	headers := append([]string{headerTimestamp, stamp, headerSignature, hex.EncodeToString(mac.Sum(nil))}, change...)
	r := authorized(request(http.MethodPost, "/api/erp/events", content), key)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

const anEvent = `{"eventId":"evt-1","type":"shipped","customerId":"C1","data":{"orderNo":"SO-1","what":"一件名字特别特别特别特别特别长的羽绒服和手套","orderId":"88001"}}`

func TestAnERPEventTellsEverybodyBoundToTheCustomer(t *testing.T) {
	w := newWorld(t)
	for _, openid := range []string{alice, bob} {
		token := w.login(openid)
		w.post("/api/auth/erp-bind", token, `{"inviteCode":"`+inviteCode+`"}`).ok(t)
		if openid == alice {
			w.consent(token, otherTmpl)
		}
	}
	first := w.do(signedEvent(serviceKey, anEvent, time.Now())).ok(t)
	if first.data["queued"] != 1.0 || first.data["noConsent"] != 1.0 {
		t.Errorf("answered %s", first.raw)
	}
	again := w.do(signedEvent(serviceKey, anEvent, time.Now())).ok(t)
	if again.data["queued"] != 1.0 {
		t.Errorf("a repeated event was answered %s", again.raw)
	}
	if depth := w.get("/api/admin/queue", adminToken).ok(t).data["depth"]; fmt.Sprint(depth) != "map[failed:0 queued:1 unknown:0]" {
		t.Errorf("queue has %v", depth)
	}
	w.do(signedEvent(serviceKey, strings.Replace(anEvent, "C1", "C9", 1), time.Now())).ok(t) // nobody is bound to that one
	w.do(signedEvent(serviceKey, strings.Replace(anEvent, "shipped", "material_progress", 1), time.Now())).is(t, 501, "not_supported")
	w.do(signedEvent(serviceKey, strings.Replace(anEvent, "shipped", "dissolved", 1), time.Now())).is(t, 400, "bad_field")
}

func TestAnERPEventIsSigned(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	now := time.Now()
	forged := signedEvent("another-service-key-of-nobody", anEvent, now)
	forged.Header.Set("Authorization", "Bearer "+serviceKey)
	tests := map[string]struct {
		request *http.Request
		code    int
		name    string
	}{
		"not signed":           {signedEvent(serviceKey, anEvent, now, headerSignature, ""), 403, "forbidden"},
		"signed by another":    {forged, 403, "forbidden"},
		"six minutes old":      {signedEvent(serviceKey, anEvent, now.Add(-6*time.Minute)), 403, "forbidden"},
		"from the future":      {signedEvent(serviceKey, anEvent, now.Add(6*time.Minute)), 403, "forbidden"},
		"timestamp changed":    {signedEvent(serviceKey, anEvent, now, headerTimestamp, strconv.FormatInt(now.Unix()+1, 10)), 403, "forbidden"},
		"no number":            {signedEvent(serviceKey, anEvent, now, headerTimestamp, "now"), 403, "forbidden"},
		"by a user":            {signedEvent(token, anEvent, now), 403, "forbidden"},
		"by nobody":            {signedEvent("", anEvent, now), 401, "session_expired"},
		"by an unknown server": {signedEvent("service-key-of-the-tests-0002", anEvent, now), 401, "session_expired"},
		"not JSON":             {signedEvent(serviceKey, `{"eventId"`, now), 400, "bad_json"},
		"without an id":        {signedEvent(serviceKey, strings.Replace(anEvent, "evt-1", "", 1), now), 400, "bad_field"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { w.do(test.request).is(t, test.code, test.name) })
	}
}

func TestAnEventsFieldsFillTheTemplate(t *testing.T) {
	m := EventMessage{
		TemplateID: aTemplate, Page: "pages/order/detail?id={orderId}&no={bad}",
		Fields: map[string]string{"thing1": "{what}", "character_string2": "{orderNo}", "phrase3": "已发货", "thing4": "{nothing}-"},
	}.fill(map[string]string{"what": "一件名字特别特别特别特别特别长的羽绒服和手套", "orderNo": "SO-1", "orderId": "88001", "bad": "a&b=c"})
	want := wxmsg.Message{
		TemplateID: aTemplate, Page: "pages/order/detail?id=88001&no=",
		Data: map[string]string{"thing1": "一件名字特别特别特别特别特别长的羽绒服…", "character_string2": "SO-1", "phrase3": "已发货", "thing4": "-"},
	}
	if fmt.Sprint(m) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", m, want)
	}
}

func TestAnAdminSeesRetriesAndDropsMessages(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.consent(token, aTemplate)
	msgID, _ := w.sendMessage(token, body("", aTemplate, goodData)).ok(t).data["msgid"].(string)

	at := time.Now()
	w.archive.logged = []LoggedMessage{{MsgID: msgID, User: w.pseudonym(alice), Sender: "session", TemplateID: aTemplate, Status: "queued", AcceptedAt: &at, UpdatedAt: &at}}
	found := w.get("/api/admin/messages?state=queued&user="+alice, adminToken).ok(t)
	if list, _ := found.data["messages"].([]any); len(list) != 1 {
		t.Errorf("found %s", found.raw)
	}
	if q := w.archive.messageQueries[0]; q.User != w.pseudonym(alice) || q.State != "queued" {
		t.Errorf("asked for %+v", q)
	}
	w.get("/api/admin/messages?state=lost", adminToken).is(t, 400, "bad_field")
	w.archive.fail(errors.New("no database"))
	w.get("/api/admin/messages", adminToken).is(t, 503, "audit_unavailable")

	change := func(what, id string) answer { return w.post("/api/admin/messages/"+id+"/"+what, adminToken, "") }
	change("retry", msgID).is(t, 409, "conflict") // it waits already
	if a := change("drop", msgID).ok(t); a.data["status"] != "cancelled" {
		t.Errorf("answered %s", a.raw)
	}
	change("drop", msgID).is(t, 409, "conflict")
	change("drop", "0190f3a0-0000-7000-8000-000000000000").is(t, 404, "not_found")
	if row := w.log.last(); row.Endpoint != "/api/admin/messages/:id/drop" {
		t.Errorf("the drop's row is %+v", row)
	}
	if got := credits(w.get("/api/user/profile", token).ok(t)); got != aTemplate+"=1" {
		t.Errorf("a dropped message left %s", got)
	}
	w.post("/api/admin/queue/resume", adminToken, "").ok(t)
}

func TestWhoIsForgottenGetsNoMessage(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.consent(token, aTemplate)
	w.consent(token, aTemplate)
	msgID, _ := w.sendMessage(token, body("", aTemplate, goodData)).ok(t).data["msgid"].(string)
	w.do(authorized(request(http.MethodDelete, "/api/user", ""), token)).ok(t)
	if m := w.follow(serviceKey, msgID); m.Code == 0 && m.data["status"] != "cancelled" {
		t.Errorf("the message is %s", m.raw)
	}
	if got := credits(w.get("/api/user/profile", w.login(alice)).ok(t)); got != "" {
		t.Errorf("credits left: %s", got)
	}
}

func TestParallelRepetitionsAreOneMessage(t *testing.T) {
	w := newWorld(t)
	token := w.login(alice)
	w.consent(token, aTemplate)
	w.log.inParallel()
	var all sync.WaitGroup
	ids := make([]any, 20)
	for i := range ids {
		all.Go(func() {
			ids[i] = w.sendMessage(token, body("", aTemplate, goodData), headerIdempotency, "one-tap").data["msgid"]
		})
	}
	all.Wait()
	for _, id := range ids {
		if id == nil || id != ids[0] {
			t.Fatalf("ids %v", ids)
		}
	}
	stats, err := w.server.deps.Messages.Stats(context.Background())
	if err != nil || stats.Queued != 1 {
		t.Errorf("%+v, %v", stats, err)
	}
}
