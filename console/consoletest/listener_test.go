package consoletest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// witness is a test that another test looks at: what fails it is kept, and its end comes when it is called.
type witness struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (w *witness) Errorf(format string, args ...any) {
	w.failures = append(w.failures, fmt.Sprintf(format, args...))
}

func (w *witness) Cleanup(f func()) { w.cleanups = append(w.cleanups, f) }

func (w *witness) end() {
	for _, f := range slices.Backward(w.cleanups) {
		f()
	}
}

// Whatever a page complains about fails its test, and nothing else does: errors, warnings, what nobody caught, what its policy
// refused, what is not there. What was expected is let pass.
func TestComplaintsFailTheTest(t *testing.T) {
	for name, row := range map[string]struct{ script, expected, want string }{
		"an error":            {script: `console.error("broken")`, want: "broken"},
		"a warning":           {script: `console.warn("odd")`, want: "odd"},
		"an exception":        {script: `setTimeout(() => { throw new Error("nobody caught it") })`, want: "nobody caught it"},
		"a broken promise":    {script: `Promise.reject(new Error("nobody waited"))`, want: "nobody waited"},
		"what is not there":   {script: `fetch("/nothing")`, want: "404"},
		"what is not allowed": {script: `document.body.setAttribute("style", "color: red")`, want: "Content Security Policy"},
		"an expected error":   {script: `console.error("as expected")`, expected: "as expected"},
		"a word on the side":  {script: `console.log("all is well")`},
		"nothing whatsoever":  {script: `1`},
	} {
		t.Run(name, func(t *testing.T) {
			page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Security-Policy", "default-src 'self'; style-src 'self'")
				switch r.URL.Path {
				case "/":
					_, _ = w.Write([]byte(`<!doctype html><link rel="icon" href="data:,"><body><script src="/script.js"></script>`))
				case "/script.js":
					w.Header().Set("Content-Type", "text/javascript")
					_, _ = w.Write([]byte(row.script + "\nfetch('/').finally(() => { document.body.dataset.done = 1 })"))
				default:
					http.NotFound(w, r)
				}
			}))
			t.Cleanup(page.Close)
			seen := &witness{TB: t}
			b := Open(seen)
			if row.expected != "" {
				b.Expect(row.expected)
			}
			b.Expect("Loading the image 'data:,'") // the icon that keeps the browser from asking for one
			b.Visit(page.URL)
			b.Await("the script has run", "document.body.dataset.done")
			seen.end()
			all := strings.Join(seen.failures, "\n")
			if row.want == "" && all != "" || row.want != "" && !strings.Contains(all, row.want) {
				t.Errorf("failed by %q, want %q", all, row.want)
			}
		})
	}
}
