package sandbox

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestControlSetsShowsAndClearsFaults(t *testing.T) {
	for name, h := range map[string]closer{"ERP": NewERP(ERPOptions{}), "PSI": NewPSI(PSIOptions{}), "WeChat": NewWeChat(WeChatOptions{})} {
		url := serve(t, h)
		c := plainClient(t)
		control := url + "/__sandbox/faults"
		ask(t, c, "POST", control, m{"kind": "slow", "match": "open-app", "delay": "300ms", "times": 2})
		ask(t, c, "POST", control, []m{{"kind": "status", "status": 500, "retryAfter": 3}, {"kind": "reset", "share": 0.5}})
		got := ask(t, c, "GET", control, nil)
		want := `[{"kind":"slow","match":"open-app","delay":"300ms","times":2},` +
			`{"kind":"status","match":"","status":500,"retryAfter":3},{"kind":"reset","match":"","share":0.5}]`
		if strings.TrimSpace(string(got.body)) != want {
			t.Errorf("%s: in force\n%s, want\n%s", name, got.body, want)
		}
		if got := ask(t, c, "DELETE", control, nil); strings.TrimSpace(string(got.body)) != "[]" {
			t.Errorf("%s: after DELETE %s", name, got.body)
		}
	}
}

func TestControlRefusesBadFaults(t *testing.T) {
	e := NewERP(ERPOptions{})
	control := serve(t, e) + "/__sandbox/faults"
	for name, body := range map[string]any{
		"unknown kind": m{"kind": "broken"}, "unknown key": m{"kind": "slow", "dely": "1s"}, "delay as a number": m{"kind": "slow", "delay": 3},
		"bad delay": m{"kind": "slow", "delay": "3"}, "share": m{"kind": "slow", "share": 2}, "times": m{"kind": "slow", "times": -1},
		"status": m{"kind": "status", "status": 99}, "one bad of two": []m{{"kind": "hang"}, {"kind": "x"}}, "not an object": "slow",
	} {
		got := ask(t, plainClient(t), "POST", control, body)
		if got.status != http.StatusBadRequest || text(got.object(t)["error"]) == "" || len(e.Faults()) != 0 {
			t.Errorf("%s: %d %s, in force %v", name, got.status, got.body, e.Faults())
		}
	}
}

func TestControlItselfNeverFails(t *testing.T) {
	e := NewERP(ERPOptions{})
	e.SetFaults(Fault{Kind: "reset"})
	url := serve(t, e)
	if got := ask(t, plainClient(t), "GET", url+"/__sandbox/faults", nil); got.status != 200 {
		t.Errorf("%d", got.status)
	}
	if got := ask(t, plainClient(t), "GET", url+"/__sandbox/nothing", nil); got.status != 404 {
		t.Errorf("%d", got.status)
	}
	if len(e.Calls()) != 0 || len(e.Faults()) != 1 {
		t.Error("the control API was recorded or used up a fault")
	}
}

func TestControlExpiresERPSessions(t *testing.T) {
	e := NewERP(ERPOptions{})
	url := serve(t, e)
	c := loggedIn(t, e, url, "alice.chen")
	if got := ask(t, c.http, "POST", url+"/__sandbox/expire", m{"form": "html"}); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := c.raw("getBusinessPageList", m{}); !strings.HasPrefix(got.header.Get("Content-Type"), "text/html") {
		t.Errorf("after expire: %s", got.body)
	}
	if got := ask(t, c.http, "POST", url+"/__sandbox/expire", m{"form": "x"}); got.status != 400 {
		t.Errorf("unknown form: %d", got.status)
	}
	if got := ask(t, c.http, "POST", url+"/__sandbox/expire", m{}); got.object(t)["form"] != "html" {
		t.Errorf("no form must keep it: %s", got.body)
	}
}

func TestControlListsERPCalls(t *testing.T) {
	e := NewERP(ERPOptions{})
	url := serve(t, e)
	c := newERPClient(t, url)
	c.login("alice.chen", "snow-alice-1")
	got := ask(t, c.http, "GET", url+"/__sandbox/calls", nil)
	if !strings.Contains(string(got.body), `"op":"login","path":"/apps/service/login","account":"alice.chen"`) {
		t.Errorf("%s", got.body)
	}
	ask(t, c.http, "DELETE", url+"/__sandbox/calls", nil)
	if len(e.Calls()) != 0 {
		t.Error("calls kept")
	}
}

func TestControlFailsWeChatAndListsMessages(t *testing.T) {
	w := NewWeChat(WeChatOptions{})
	url := serve(t, w)
	c := newWeChatClient(t, w, url)
	ask(t, c.http, "POST", url+"/__sandbox/fail", m{"api": "jscode2session", "errcode": 40226})
	if got := c.login("test-alice"); text(got["errcode"]) != "40226" {
		t.Errorf("%v", got)
	}
	alice := c.login("test-alice")
	if text(alice["openid"]) == "" {
		t.Errorf("one failure means one: %v", alice)
	}
	c.send(goodMessage(text(alice["openid"])))
	got := ask(t, c.http, "GET", url+"/__sandbox/sent", nil)
	if !strings.Contains(string(got.body), `"msgid":"3400000000000000001"`) {
		t.Errorf("%s", got.body)
	}
	if got := ask(t, c.http, "POST", url+"/__sandbox/fail", "x"); got.status != 400 {
		t.Errorf("%d", got.status)
	}
}

func TestFaultJSONKeepsTheFault(t *testing.T) {
	for _, want := range []Fault{
		{Kind: "drip", Match: "x", Delay: 1500 * time.Millisecond, Times: 3, Share: 0.25},
		{Kind: "status", Status: 429, RetryAfter: 9}, {Kind: "hang"},
	} {
		raw, err := want.MarshalJSON()
		var got Fault
		if err != nil || got.UnmarshalJSON(raw) != nil || got != want {
			t.Errorf("%+v became %s became %+v", want, raw, got)
		}
	}
}
