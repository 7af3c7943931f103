package consoletest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// patience is how long something may take to appear: generous, for a slow machine that does other things as well.
const patience = time.Minute

// Browser is a headless Chromium with one page. It speaks to its test: what does not appear, or cannot be done, ends it,
// and what the page complains about on its console fails it. Its methods must be called from the test's own goroutine.
type Browser struct {
	t       testing.TB
	ctx     context.Context
	console *listener
}

// Open starts a browser with a profile of its own, and ends it with the test. Without SNOWGATE_TEST_BROWSER the test is
// skipped: a browser is large, and `make test-browser` brings one.
func Open(t testing.TB) *Browser {
	t.Helper()
	options := append(flags(), chromedp.ExecPath(program(t)), chromedp.UserDataDir(t.TempDir()))
	starter, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, leave := chromedp.NewContext(starter)
	b := &Browser{t: t, ctx: ctx}
	t.Cleanup(func() {
		b.end()
		leave()
		stop()
	})
	b.console = listen(ctx) // starts the browser, whose life is bound to this context
	return b
}

// flags: no sandbox, because tests run as root in containers; nothing that speaks to the world, and no name resolves.
func flags() []chromedp.ExecAllocatorOption {
	options := []chromedp.ExecAllocatorOption{chromedp.WSURLReadTimeout(patience), chromedp.WindowSize(1440, 900)}
	for _, name := range []string{
		"headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "no-default-browser-check",
		"disable-background-networking", "disable-component-update", "disable-sync", "disable-default-apps", "disable-extensions",
		"disable-dev-shm-usage", "disable-background-timer-throttling", "disable-renderer-backgrounding", "hide-scrollbars", "mute-audio",
	} {
		options = append(options, chromedp.Flag(name, true))
	}
	return append(options, chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
}

// program finds Chromium under the names it goes by.
func program(t testing.TB) string {
	t.Helper()
	if os.Getenv("SNOWGATE_TEST_BROWSER") == "" {
		t.Skip("nobody looks at the console in a browser here: make test-browser does")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("Chromium is not installed (Debian: apt-get install chromium)")
	return ""
}

func (b *Browser) end() {
	b.t.Helper()
	if b.t.Failed() {
		b.Screenshot("failed-" + strings.ReplaceAll(b.t.Name(), "/", "-"))
	}
	b.Evaluate("console.debug(" + quote(lastWord) + ")")
	for _, problem := range b.console.heard() {
		b.t.Errorf("the page complains: %s", problem)
	}
	// Asks it to close and waits, so that its profile is free to be removed.
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Cancel(ctx); err != nil {
		b.t.Logf("closing Chromium: %v", err)
	}
}

// Expect lets pass what the browser writes on the console about answers that the test provokes, such as a 401.
func (b *Browser) Expect(fragment string) { b.console.expect(fragment) }

func run[T any](b *Browser, what string, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
	return value
}

// Visit opens an address.
func (b *Browser) Visit(address string) {
	b.t.Helper()
	run(b, "visit "+address, chromedp.Navigate(address))
}

// Evaluate runs an expression in the page and returns its value as JSON; a string is returned as it is.
func (b *Browser) Evaluate(expression string) string {
	b.t.Helper()
	raw := run(b, "evaluate "+expression, chromedp.Evaluate[[]byte](expression))
	var text string
	if err := json.Unmarshal(raw, &text); err == nil {
		return text
	}
	return string(raw)
}

// Await polls an expression until it is true, a minute long; what says what it stands for.
func (b *Browser) Await(what, expression string) {
	b.t.Helper()
	b.AwaitWithin(patience, what, expression)
}

// AwaitWithin is Await with a limit of its own, where the limit is what is promised.
func (b *Browser) AwaitWithin(limit time.Duration, what, expression string) {
	b.t.Helper()
	deadline := time.After(limit)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for b.Evaluate("Boolean("+expression+")") != "true" {
		select {
		case <-deadline:
			b.t.Fatalf("waited %v in vain until %s; the page says:\n%s", limit, what, b.Evaluate("document.body.innerText"))
		case <-look.C:
		}
	}
}

// AwaitText waits until an element is there whose text contains a fragment.
func (b *Browser) AwaitText(selector, fragment string) {
	b.t.Helper()
	b.Await(selector+" says "+fragment, "[...document.querySelectorAll("+quote(selector)+")].some((e) => e.textContent.includes("+quote(fragment)+"))")
}

// Click waits for an element and clicks it as a hand would.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	run(b, "click "+selector, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// Type waits for a field, writes into it and presses Enter.
func (b *Browser) Type(selector, text string) {
	b.t.Helper()
	run(b, "type into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text+"\n", chromedp.NodeVisible))
}

// Press presses one key, whatever has the focus: "Escape", or a character.
func (b *Browser) Press(key string) {
	b.t.Helper()
	stroke := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key}
	if key == "Escape" {
		stroke.Text, stroke.WindowsVirtualKeyCode = "", 27
	}
	run(b, "press "+key, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, stroke); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key})
		return err
	}))
}

// Prefer sets what the system prefers, "light" or "dark". Nothing moves, so that pictures of the same are the same.
func (b *Browser) Prefer(theme string) {
	b.t.Helper()
	run(b, "prefer "+theme, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}})
		return err
	}))
}

// Resize sets the window's inner size, in CSS pixels.
func (b *Browser) Resize(width, height int64) {
	b.t.Helper()
	run(b, "resize", chromedp.EmulateViewport(width, height))
}

// Screenshot keeps the whole page as it looks now in artifacts/console, which CI keeps and git ignores.
func (b *Browser) Screenshot(name string) {
	b.t.Helper()
	keep(b.t, name+".png", run(b, "screenshot "+name, chromedp.FullScreenshot(100)))
}

func quote(text string) string {
	out, _ := json.Marshal(text) // a string always can
	return string(out)
}
