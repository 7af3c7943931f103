package main

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"snowgate/console/consoletest"
)

// atConsole opens the program's own console in a browser and signs in there.
func (w *world) atConsole(t *testing.T) *consoletest.Browser {
	t.Helper()
	b := consoletest.Open(t)
	b.Expect("401 (Unauthorized)") // the page asks who it is before it shows the way in
	b.Resize(1440, 900)
	b.Prefer("light")
	b.Visit(w.url + "/console/")
	b.Type("#token", testAdminToken)
	b.Await("the overview is there", `document.querySelector("[data-part=erp] [data-state]")`)
	return b
}

// TestTheConsoleShowsAFault keeps: within 35 s of the ERP being gone, an admin who looks at the overview sees it.
func TestTheConsoleShowsAFault(t *testing.T) {
	w := outside(t)
	erp := httptest.NewServer(w.erp)
	t.Cleanup(erp.Close)
	w.environ = append(slices.DeleteFunc(w.environ, func(v string) bool { return strings.HasPrefix(v, "SNOWGATE_ERP__ORIGIN=") }),
		"SNOWGATE_ERP__ORIGIN="+erp.URL)
	w.gate = start(t, w.environ...)
	b := w.atConsole(t)
	b.Await("the ERP is up", `document.querySelector("[data-part=erp] [data-state=up]")`)
	b.Screenshot("program-before-the-fault")
	erp.CloseClientConnections()
	erp.Close()
	b.AwaitWithin(35*time.Second, "the fault is shown", `document.querySelector("[data-part=erp] [data-state=down]")`)
	b.AwaitText("[data-part=erp] .reason", "探测失败")
	b.Screenshot("program-fault")
}

// TestTheConsoleFindsACall keeps: somebody rings with a request id, and the console tells what became of that request.
func TestTheConsoleFindsACall(t *testing.T) {
	w := production(t)
	token := w.login("alice")
	w.bind(token, `{"inviteCode":"SNOW-2026-A"}`)
	id := fmt.Sprintf("browser-%d", time.Now().UnixNano())
	w.ask("GET", "/api/orders/search?pageSize=2", token, "", "X-Request-Id", id)
	b := w.atConsole(t)
	b.Evaluate(`location.hash = "#/calls"`)
	b.Type("[name=requestId]", id)
	b.Click("tbody [data-request='" + id + "']")
	b.Await("its attempts are drawn", `document.querySelector("[data-attempt='1'].up")`)
	b.AwaitText(".call-head", "/api/orders/search")
	b.Screenshot("program-call")
}

// TestTheConsoleRetriesADeadMessage keeps: what WeChat refused is sent once the admin says so.
func TestTheConsoleRetriesADeadMessage(t *testing.T) {
	w := messaging(t)
	w.gate = start(t, w.environ...)
	token := w.login("alice")
	w.bind(token, `{"inviteCode":"SNOW-2026-A"}`)
	w.wechat.FailNext("send", 47003, 1)
	id, ok := w.accepted(t.Context(), w.openidOf(token), "SO-BROWSER")
	if !ok {
		t.Fatal("the message was not accepted")
	}
	b := w.atConsole(t)
	b.Evaluate(`location.hash = "#/messages?state=failed"`)
	b.Click("[data-retry='" + id + "']")
	b.Screenshot("program-retry")
	b.Click("dialog [data-yes]")
	b.Evaluate(`location.hash = "#/messages?msgid=` + id + `"`)
	b.Await("it was sent", `document.querySelector("[data-message='`+id+`'][data-status=sent]")`)
	if sent := len(w.wechat.Sent()); sent != 1 {
		t.Errorf("WeChat got %d messages, want 1", sent)
	}
}

// TestTheConsolesPagesAreThere looks at every page of the real program, at a desk in Chinese and on a phone in English by night:
// none is without an answer, none complains, none is wider than its window.
func TestTheConsolesPagesAreThere(t *testing.T) {
	w := messaging(t)
	w.gate = start(t, w.environ...)
	token := w.login("alice")
	w.bind(token, `{"inviteCode":"SNOW-2026-A"}`)
	w.ask("GET", "/api/orders/search?pageSize=2", token, "")
	b := w.atConsole(t)
	pages := map[string]string{
		"overview": "/", "erp": "/erp", "performance": "/performance", "calls": "/calls", "messages": "/messages",
		"sessions": "/sessions?user=" + w.openidOf(token), "alerts": "/alerts", "config": "/config",
	}
	look := func(suffix string) {
		for page, path := range pages {
			b.Evaluate(`location.hash = "#` + path + `"`)
			b.Await(page+" is there", `document.querySelector("[data-page='`+page+`'] .card")`)
			if failed := b.Evaluate(`document.querySelector(".notice.failed")?.textContent ?? ""`); failed != "" {
				t.Errorf("%s: %s", page, failed)
			}
			if wide := b.Evaluate(`document.documentElement.scrollWidth > innerWidth`); wide != "false" {
				t.Errorf("%s%s is wider than the window", page, suffix)
			}
			b.Screenshot("program-" + page + suffix)
		}
	}
	look("")
	b.Evaluate(`localStorage.setItem("snowgate.language", "en")`)
	b.Prefer("dark")
	b.Resize(390, 844)
	b.Visit(w.url + "/console/?phone")
	b.AwaitText("main", "Probes and real calls go well.")
	look("-en-phone-dark")
}
