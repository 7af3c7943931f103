package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"snowgate/sandbox"
)

// orderTemplate is one that the WeChat stand-in has.
const (
	orderTemplate = "SbOrderStatus-7Qm2xJ0kYw3nVtR8pLzA5cHdE1fGu"
	callbackToken = "callback-token-of-the-tests"
)

// messaging is production with what messages need.
func messaging(t *testing.T, more ...string) *world {
	t.Helper()
	return outside(t, append([]string{
		"SNOWGATE_WECHAT__TEMPLATES=" + orderTemplate, "SNOWGATE_WECHAT__CALLBACK_TOKEN=" + callbackToken,
		"SNOWGATE_WECHAT__REQUIRE_CONSENT=false", "SNOWGATE_WECHAT__SEND_RATE=1000",
	}, more...)...)
}

// orderNews is a message whose number stands in its text, so that WeChat's list tells one from the other.
func orderNews(openid, number string) string {
	return fmt.Sprintf(`{"openid":%q,"templateId":%q,"data":{"character_string1":{"value":%q},"phrase2":{"value":"进行中"},`+
		`"time3":{"value":"2026-01-31 10:20"},"thing4":{"value":"已安排生产"}}}`, openid, orderTemplate, number)
}

// openids are the people bound to the ERP.
func (w *world) openids() []string {
	w.t.Helper()
	var list []string
	for user, code := range map[string]string{"alice": "SNOW-2026-A", "bob": "SNOW-2026-B", "carol": "SNOW-2026-C"} {
		token := w.login(user)
		w.bind(token, `{"inviteCode":"`+code+`"}`)
		openid, _ := w.ask("GET", "/api/user/profile", token, "").Data["openid"].(string)
		list = append(list, openid)
	}
	return list
}

// accepted posts a message as the ERP would, and returns its id when it was accepted.
func (w *world) accepted(ctx context.Context, openid, number string) (msgID string, ok bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+"/api/wechat/template-msg", strings.NewReader(orderNews(openid, number)))
	if err != nil {
		return "", false
	}
	req.Header.Set("Authorization", "Bearer "+testServiceKey)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", number)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false
	}
	defer func() { _ = res.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		return "", false
	}
	var r reply
	if err := json.Unmarshal(body.Bytes(), &r); err != nil || r.Code != 0 {
		return "", false
	}
	msgID, ok = r.Data["msgid"].(string)
	return msgID, ok
}

// pour has eight sides post messages until enough were accepted or ctx ends.
func (w *world) pour(ctx context.Context, openids []string, round, enough int) map[string]string {
	var mu sync.Mutex
	accepted := map[string]string{} // msgid to number
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	for side := range 8 {
		all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				number := fmt.Sprintf("SO-%d-%d-%d", round, side, n)
				id, ok := w.accepted(ctx, openids[n%len(openids)], number)
				mu.Lock()
				if ok {
					accepted[id] = number
				}
				if len(accepted) >= enough {
					stop()
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return accepted
}

// TestKillMinus9LosesNoMessageAndDoublesNone keeps: every accepted message ends in a final state, none is sent twice, and
// message_logs agrees with what WeChat received, however often the program is killed.
func TestKillMinus9LosesNoMessageAndDoublesNone(t *testing.T) {
	w, binary := messaging(t), built(t)
	accepted := map[string]string{}
	var openids []string
	for round := range kills() {
		p := w.spawn(binary)
		w.hears(t)
		if openids == nil {
			openids = w.openids()
		}
		for id, number := range w.pour(t.Context(), openids, round, 100) {
			accepted[id] = number
		}
		p.kill()
	}
	last := w.spawn(binary)
	defer last.kill()
	w.hears(t)
	final := w.finalStates(accepted)
	w.checkAgainstWeChat(accepted, final)
	eventually(t, "message_logs agrees", func() bool { return w.loggedStates(accepted, final) })
	t.Logf("%d messages accepted around %d kills: %v", len(accepted), kills(), tally(final))
}

// hears has WeChat push its events to the program that runs now.
func (w *world) hears(t *testing.T) {
	t.Helper()
	if err := w.wechat.PushTo(w.url+"/api/wechat/callback", callbackToken, ""); err != nil {
		t.Fatal(err)
	}
}

// finalStates waits until every message is at its end.
func (w *world) finalStates(accepted map[string]string) map[string]string {
	w.t.Helper()
	final := map[string]string{}
	deadline := time.Now().Add(2 * time.Minute)
	for id := range accepted {
		for final[id] == "" {
			state, _ := w.ask("GET", "/api/wechat/template-msg/"+id, testServiceKey, "").Data["status"].(string)
			if state != "queued" && state != "" {
				final[id] = state
			} else if time.Now().After(deadline) {
				w.t.Fatalf("message %s is %q", id, state)
			}
		}
	}
	return final
}

// checkAgainstWeChat holds the states to what WeChat received.
func (w *world) checkAgainstWeChat(accepted, final map[string]string) {
	w.t.Helper()
	received := map[string]int{}
	for _, m := range w.wechat.Sent() {
		received[m.Data["character_string1"]]++
	}
	for number, n := range received {
		if n > 1 {
			w.t.Errorf("%s was sent %d times", number, n)
		}
	}
	for id, number := range accepted {
		if got := received[number] == 1; got != (final[id] == "sent") && final[id] != "unknown" {
			w.t.Errorf("message %s is %s, and WeChat received it: %v", number, final[id], got)
		}
	}
}

// loggedStates reports whether message_logs has every message once, in its final state.
func (w *world) loggedStates(accepted, final map[string]string) bool {
	db := w.database()
	defer func() { _ = db.Close() }()
	var rows []struct {
		ID    string `db:"msg_id"`
		State string `db:"msg_status"`
	}
	if err := db.Select(&rows, `SELECT msg_id, msg_status FROM message_logs`); err != nil {
		w.t.Fatal(err)
	}
	states := map[string]string{}
	for _, r := range rows {
		states[r.ID] = r.State
	}
	for id := range accepted {
		if states[id] != final[id] {
			return false
		}
	}
	return true
}

func tally(states map[string]string) map[string]int {
	count := map[string]int{}
	for _, s := range states {
		count[s]++
	}
	return count
}

// TestRedisRestartLosesNoMessage keeps: with its append-only file on, Redis may be killed under load, and what was
// accepted is sent.
func TestRedisRestartLosesNoMessage(t *testing.T) {
	w := messaging(t)
	w.gate = start(t, w.environ...)
	w.hears(t)
	openids := w.openids()
	w.wechat.SetFaults(sandbox.Fault{Match: "send", Kind: "slow", Delay: 50 * time.Millisecond})
	accepted := w.pour(t.Context(), openids, 1, 100)
	w.redis.Kill()
	if id, ok := w.accepted(t.Context(), openids[0], "while-redis-is-away"); ok {
		t.Errorf("message %s was accepted without Redis", id)
	}
	w.redis.Start()
	w.wechat.ClearFaults()
	eventually(t, "messages are accepted again", func() bool {
		_, ok := w.accepted(t.Context(), openids[0], "after-redis-is-back")
		return ok
	})
	final := w.finalStates(accepted)
	w.checkAgainstWeChat(accepted, final)
}

// TestAMessagesWay keeps: consent, sending, WeChat's own word on it, the admin's search and the person's export, on real
// servers.
func TestAMessagesWay(t *testing.T) {
	w := messaging(t, "SNOWGATE_WECHAT__REQUIRE_CONSENT=true",
		"SNOWGATE_WECHAT__EVENTS__ORDER_STATUS_CHANGED__TEMPLATE="+orderTemplate,
		"SNOWGATE_WECHAT__EVENTS__ORDER_STATUS_CHANGED__FIELDS=character_string1={orderNo},phrase2={statusText},time3={at},thing4={remark}")
	w.gate = start(t, w.environ...)
	w.hears(t)
	token := w.login("alice")
	if r := w.ask("POST", "/api/wechat/template-msg", token, orderNews("", "SO-1")); r.Error != "no_consent" {
		t.Errorf("without consent: %s", r.raw)
	}
	w.wechat.Popup(w.openidOf(token), orderTemplate, true)
	eventually(t, "the popup is a credit", func() bool {
		list, _ := w.ask("GET", "/api/user/profile", token, "").Data["subscriptions"].([]any)
		return len(list) == 1
	})
	r := w.ask("POST", "/api/wechat/template-msg", token, orderNews("", "SO-1"))
	id, _ := r.Data["msgid"].(string)
	eventually(t, "the message is sent", func() bool {
		m := w.ask("GET", "/api/wechat/template-msg/"+id, token, "")
		return m.Data["status"] == "sent" && len(m.Data["wxMsgid"].(string)) == 19
	})
	eventually(t, "the admin finds it", func() bool {
		list, _ := w.ask("GET", "/api/admin/messages?state=sent&msgid="+id, testAdminToken, "").Data["messages"].([]any)
		return len(list) == 1
	})
	if n := w.wechat.Count("stable_token"); n != 1 {
		t.Errorf("%d access tokens were asked for", n)
	}
}

// openidOf is who a token's session is.
func (g *gate) openidOf(token string) string {
	g.t.Helper()
	openid, _ := g.ask("GET", "/api/user/profile", token, "").Data["openid"].(string)
	return openid
}
