package console_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"snowgate/console/consoletest"
)

// desk is the console in a browser, at the stand-in for the gateway.
type desk struct {
	*consoletest.Browser
	gateway *consoletest.Server
	url     string
}

func open(t *testing.T) *desk {
	t.Helper()
	return openAt(t, consoletest.New())
}

func openAt(t *testing.T, gateway *consoletest.Server) *desk {
	t.Helper()
	server := httptest.NewServer(gateway)
	t.Cleanup(server.Close)
	d := &desk{Browser: consoletest.Open(t), gateway: gateway, url: server.URL + "/console/"}
	d.Expect("401 (Unauthorized)") // the page asks who it is before it shows the way in
	d.Resize(1440, 900)
	d.Prefer("light")
	return d
}

// signIn goes in through the door.
func (d *desk) signIn() {
	d.Visit(d.url)
	d.Type("#token", consoletest.Token)
	d.AwaitText(".banner", "数据库")
}

// at opens a page and waits until its figures are there.
func (d *desk) at(page, path string) {
	d.Evaluate(`location.hash = ` + `"#` + path + `"`)
	d.Await("the page "+page+" is there", `document.querySelector("[data-page='`+page+`'] :is(.card, .notice.empty)")`)
}

func TestSigningIn(t *testing.T) {
	d := open(t)
	d.Expect("403 (Forbidden)")
	d.Visit(d.url + "#/calls")
	d.Type("#token", "not-the-token")
	d.AwaitText(".field-error", "不正确")
	d.Type("#token", consoletest.Token) // the wrong one was selected, and is overwritten
	d.Await("the page asked for is shown", `document.querySelector("[data-page=calls] table")`)
	if got := d.Evaluate("document.cookie"); got != "" {
		t.Errorf("a script can read the cookie: %q", got)
	}
	d.Visit(d.url + "?again")
	d.AwaitText(".banner", "数据库")
	d.Click("#logout")
	d.Await("the way in is shown again", `document.querySelector("#token")`)
}

func TestAFaultAppearsOnTheOverview(t *testing.T) {
	d := open(t)
	d.signIn()
	d.Await("the ERP is up", `document.querySelector("[data-part=erp] [data-state=up]")`)
	d.gateway.StopERP()
	d.AwaitWithin(35*time.Second, "the fault is shown", `document.querySelector("[data-verdict=down]") && document.querySelector("[data-part=erp] [data-state=down]")`)
	d.AwaitText("[data-part=erp] .reason", "拒绝连接")
	d.AwaitText("[data-alert='part.erp']", "故障")
	d.Screenshot("fault-zh-light")
	if title := d.Evaluate("document.title"); !strings.HasPrefix(title, "✖") {
		t.Errorf("the tab's title does not tell of it: %q", title)
	}
	d.gateway.StartERP()
	d.Await("the ERP is up again", `document.querySelector("[data-part=erp] [data-state=up]")`)
}

func TestFindingACall(t *testing.T) {
	d := open(t)
	d.signIn()
	d.at("calls", "/calls")
	d.Press("/")
	d.Await("the key leads to the search", `document.activeElement.name === "requestId"`)
	d.Type("[name=requestId]", consoletest.SlowCall)
	d.Await("it is the only one", `document.querySelectorAll("tbody tr").length === 1`)
	d.Click("[data-request='" + consoletest.SlowCall + "']")
	d.Await("its attempts are drawn", `document.querySelectorAll("[data-attempt]").length === 3`)
	d.AwaitText("[data-attempt='2'] .waterfall-note", "超时")
	d.AwaitText("[data-attempt='3']", "备用通道")
	curl := d.Evaluate(`document.querySelector(".curl").dataset.copies`)
	for _, want := range []string{"curl", "/api/orders/88001?fields=status", "$SNOWGATE_SESSION"} {
		if !strings.Contains(curl, want) {
			t.Errorf("the call as curl has no %q:\n%s", want, curl)
		}
	}
}

func TestRetryingADeadMessage(t *testing.T) {
	d := open(t)
	d.signIn()
	d.at("messages", "/messages?state=failed")
	d.Click("[data-retry='" + consoletest.DeadMessage + "']")
	d.AwaitText("dialog[open]", consoletest.DeadMessage)
	d.Screenshot("dialog-zh-light")
	d.Press("Escape") // Escape: nothing is done
	d.Await("the dialog is closed", `!document.querySelector("dialog")`)
	d.Click("[data-retry='" + consoletest.DeadMessage + "']")
	d.Click("dialog [data-yes]")
	d.AwaitText(".toast", "排队")
	d.at("messages", "/messages")
	d.Await("it waits to be sent", `document.querySelector("[data-message='`+consoletest.DeadMessage+`'][data-status=queued]")`)
	d.Click("#resume")
	d.Click("dialog [data-yes]")
	d.Await("the queue goes on", `!document.querySelector("[data-paused]")`)
}

func TestTheLeversOfTheERP(t *testing.T) {
	d := open(t)
	d.signIn()
	d.at("erp", "/erp")
	d.Click("[data-probe=primary]")
	d.Click("dialog [data-yes]")
	d.AwaitText(".toast", "主通道：正常")
	d.Click("#standby")
	d.Click("dialog [data-yes]")
	d.AwaitText(".callout", "备用通道已被强制")
	d.Click("#maintenance")
	d.Type("dialog [name=note]", "night work")
	d.AwaitText("[data-key=windows] td", "night work")
}

// TestWhatComesFromOutsideStaysText shows every page with texts that a browser would run as markup.
func TestWhatComesFromOutsideStaysText(t *testing.T) {
	d := openAt(t, consoletest.NewHostile())
	d.signIn()
	shown := map[string]string{
		"overview": "/", "erp": "/erp", "calls": "/calls", "call": "/calls/" + consoletest.HostileCall, "messages": "/messages",
		"sessions": "/sessions?user=x", "alerts": "/alerts", "config": "/config",
	}
	for page, path := range shown {
		d.at(page, path)
		d.AwaitText("main", consoletest.Hostile)
		d.Click("main .json-link")
		d.Await("the answer is shown as JSON", `document.querySelector("dialog pre")`)
		if n := d.Evaluate(`document.querySelectorAll("img, main script, dialog script").length`); n != "0" {
			t.Errorf("%s: %s elements were made of texts", page, n)
		}
		d.Press("Escape")
		d.Await("the dialog is closed", `!document.querySelector("dialog")`)
	}
	if title := d.Evaluate("document.title"); strings.Contains(title, "owned") {
		t.Error("a text was run")
	}
}

// TestSilenceIsShown: figures that are no longer renewed say so, and the page finds back by itself.
func TestSilenceIsShown(t *testing.T) {
	d := open(t)
	d.signIn()
	d.Expect("ERR_EMPTY_RESPONSE")
	d.Expect("ERR_CONNECTION_")
	d.gateway.BeSilent(true)
	d.AwaitText(".fresh.stale", "数据停留在")
	d.AwaitText(".banner", "数据库") // the last figures stay
	d.Screenshot("silence-zh-light")
	d.gateway.BeSilent(false)
	d.Await("it is live again", `document.querySelector(".fresh.live")`)
}

// TestTheGallery looks at every page as people will: in both languages, by day and by night, at a desk and on a phone.
func TestTheGallery(t *testing.T) {
	d := open(t)
	d.Visit(d.url)
	d.Await("the way in is shown", `document.querySelector("#token")`)
	d.Screenshot("login-zh-light")
	d.signIn()
	pages := []struct{ name, path string }{
		{"overview", "/"}, {"erp", "/erp"}, {"performance", "/performance"}, {"calls", "/calls"}, {"call", "/calls/" + consoletest.SlowCall},
		{"messages", "/messages"}, {"sessions", "/sessions?user=u"}, {"alerts", "/alerts"}, {"config", "/config"},
	}
	looks := []struct {
		name, language, theme string
		width, height         int64
	}{
		{"zh-light", "zh", "light", 1440, 900}, {"en-dark", "en", "dark", 1440, 900}, {"zh-phone-dark", "zh", "dark", 390, 844}, {"en-phone-light", "en", "light", 390, 844},
	}
	for _, look := range looks {
		d.Evaluate(`localStorage.setItem("snowgate.language", "` + look.language + `")`)
		d.Prefer(look.theme)
		d.Resize(look.width, look.height)
		d.Visit(d.url + "?" + look.name)
		for _, page := range pages {
			d.at(page.name, page.path)
			d.Await("plots are drawn", `[...document.querySelectorAll(".plot-canvas")].every((p) => p.querySelector("canvas"))`)
			if wide := d.Evaluate(`document.documentElement.scrollWidth > innerWidth`); wide != "false" {
				t.Errorf("%s %s is wider than the window", page.name, look.name)
			}
			d.Screenshot(page.name + "-" + look.name)
		}
	}
	d.at("overview", "/")
	d.Click(".menu-button")
	d.Screenshot("menu-en-phone-light")
}
