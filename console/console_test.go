package console_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"snowgate/console"
)

// get asks the handler as a browser would.
func get(t *testing.T, method, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	console.Handler().ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	tests := []struct {
		name, method, path string
		status             int
		kind, caching      string
	}{
		{"the page", "GET", "/console/", 200, "text/html; charset=utf-8", "no-store"},
		{"the page by its name", "GET", "/console/index.html", 200, "text/html; charset=utf-8", "no-store"},
		{"a module", "GET", "/console/js/main.js", 200, "text/javascript; charset=utf-8", "no-cache"},
		{"a style sheet", "GET", "/console/css/base.css", 200, "text/css; charset=utf-8", "no-cache"},
		{"words", "GET", "/console/i18n/zh.json", 200, "application/json; charset=utf-8", "no-cache"},
		{"the icon", "GET", "/console/icon.svg", 200, "image/svg+xml", "no-cache"},
		{"a licence", "GET", "/console/vendor/uplot/LICENSE", 200, "text/plain; charset=utf-8", "no-cache"},
		{"the head of a file", "HEAD", "/console/js/main.js", 200, "text/javascript; charset=utf-8", "no-cache"},
		{"without the slash", "GET", "/console", 308, "text/html; charset=utf-8", ""},
		{"no such file", "GET", "/console/js/none.js", 404, "text/plain; charset=utf-8", ""},
		{"a folder", "GET", "/console/js/", 404, "text/plain; charset=utf-8", ""},
		{"a way out", "GET", "/console/../console.go", 404, "text/plain; charset=utf-8", ""},
		{"elsewhere", "GET", "/js/main.js", 404, "text/plain; charset=utf-8", ""},
		{"another method", "POST", "/console/", 405, "text/plain; charset=utf-8", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := get(t, tt.method, tt.path)
			if res.Code != tt.status {
				t.Errorf("status %d, want %d", res.Code, tt.status)
			}
			if got := res.Header().Get("Content-Type"); got != tt.kind {
				t.Errorf("content type %q, want %q", got, tt.kind)
			}
			if got := res.Header().Get("Cache-Control"); got != tt.caching {
				t.Errorf("caching %q, want %q", got, tt.caching)
			}
			if tt.method == "HEAD" && res.Body.String() != "" {
				t.Error("a HEAD was answered with a body")
			}
		})
	}
}

func TestEveryAnswerIsProtected(t *testing.T) {
	for _, target := range []string{"/console/", "/console/js/main.js", "/console/none"} {
		res := get(t, "GET", target)
		policy := res.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy has no %q: %s", target, want, policy)
			}
		}
		for _, never := range []string{"unsafe", "*", "http:", "https:"} {
			if strings.Contains(policy, never) {
				t.Errorf("%s: the policy has %q: %s", target, never, policy)
			}
		}
		if got := res.Header().Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%s: X-Content-Type-Options %q", target, got)
		}
	}
}

func TestAFileIsSentOnce(t *testing.T) {
	first := get(t, "GET", "/console/js/main.js")
	tag := first.Header().Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	again := get(t, "GET", "/console/js/main.js", "If-None-Match", tag)
	if again.Code != http.StatusNotModified || again.Body.String() != "" {
		t.Errorf("status %d, want 304 without a body", again.Code)
	}
	if changed := get(t, "GET", "/console/js/main.js", "If-None-Match", `W/"another"`); changed.Code != http.StatusOK {
		t.Errorf("status %d for another version's tag, want 200", changed.Code)
	}
}

func TestFilesArePacked(t *testing.T) {
	plain := get(t, "GET", "/console/vendor/uplot/uPlot.iife.min.js").Body.String()
	res := get(t, "GET", "/console/vendor/uplot/uPlot.iife.min.js", "Accept-Encoding", "br, gzip")
	if got := res.Header().Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("content encoding %q, want gzip", got)
	}
	reader, err := gzip.NewReader(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	if string(unpacked) != plain {
		t.Error("the packed file is another one")
	}
	if got := res.Header().Get("Vary"); got != "Accept-Encoding" {
		t.Errorf("Vary %q: a cache would hand it to those who cannot read it", got)
	}
}

// assets are all files by their path below the page's folder.
func assets(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	folder := os.DirFS("static")
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(folder, name)
		all[name] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ours leaves out what others wrote.
func ours(all map[string]string) map[string]string {
	mine := map[string]string{}
	for name, body := range all {
		if !strings.HasPrefix(name, "vendor/") {
			mine[name] = body
		}
	}
	return mine
}

var references = []*regexp.Regexp{
	regexp.MustCompile(`(?:src|href)="([^"#]+)"`),
	regexp.MustCompile(`from '([^']+)'`),
}

func TestEveryFileReferredToExists(t *testing.T) {
	all := assets(t)
	used := map[string]bool{"index.html": true, "i18n/zh.json": true, "i18n/en.json": true}
	for name, body := range ours(all) {
		if ext := path.Ext(name); ext != ".html" && ext != ".js" {
			continue
		}
		for _, pattern := range references {
			for _, found := range pattern.FindAllStringSubmatch(body, -1) {
				target := path.Join(path.Dir(name), found[1])
				if _, ok := all[target]; !ok {
					t.Errorf("%s refers to %s, which is not there", name, found[1])
				}
				used[target] = true
			}
		}
	}
	for name := range ours(all) {
		if !used[name] {
			t.Errorf("nothing refers to %s", name)
		}
	}
}

func TestNothingIsLoadedFromElsewhere(t *testing.T) {
	outside := regexp.MustCompile(`(?:https?:)?//[a-z0-9-]+\.[a-z]`)
	for name, body := range assets(t) {
		if strings.HasPrefix(name, "vendor/") { // its head names its home in a comment
			_, body, _ = strings.Cut(body, "*/")
		}
		for _, line := range strings.Split(strings.ReplaceAll(body, "http://www.w3.org/2000/svg", ""), "\n") {
			if outside.MatchString(line) && path.Base(name) != "LICENSE" && path.Base(name) != "VERSION" {
				t.Errorf("%s names another place: %.120s", name, line)
			}
		}
	}
}

// TestNoMarkupIsMadeOfTexts: what the API says reaches the page as text only.
func TestNoMarkupIsMadeOfTexts(t *testing.T) {
	never := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|createContextualFragment|\beval\(|new Function|setTimeout\(['"]|javascript:[^ ]`)
	inline := regexp.MustCompile(`<script>|<style|\son[a-z]+="|\sstyle="`)
	for name, body := range ours(assets(t)) {
		if found := never.FindString(body); found != "" {
			t.Errorf("%s has %s", name, found)
		}
		if path.Ext(name) == ".html" && inline.MatchString(body) {
			t.Errorf("%s has %s: the policy would refuse it", name, inline.FindString(body))
		}
	}
}

func wordsIn(t *testing.T, language string) map[string]string {
	t.Helper()
	words := map[string]string{}
	if err := json.Unmarshal([]byte(assets(t)["i18n/"+language+".json"]), &words); err != nil {
		t.Fatalf("%s: %v", language, err)
	}
	return words
}

var gap = regexp.MustCompile(`\{\w+\}`)

func TestBothLanguagesSayTheSame(t *testing.T) {
	chinese, english := wordsIn(t, "zh"), wordsIn(t, "en")
	for key, zh := range chinese {
		en, ok := english[key]
		if !ok {
			t.Errorf("%s is missing in English", key)
			continue
		}
		if zh == "" || en == "" {
			t.Errorf("%s is empty", key)
		}
		a, b := gap.FindAllString(zh, -1), gap.FindAllString(en, -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) {
			t.Errorf("%s takes %v in Chinese and %v in English", key, a, b)
		}
	}
	for key := range english {
		if _, ok := chinese[key]; !ok {
			t.Errorf("%s is missing in Chinese", key)
		}
	}
}

var (
	plainKey   = regexp.MustCompile(`\bt\('([^']+)'`)
	anyKey     = regexp.MustCompile(`'([a-z]\w*\.[\w.]+)'`)
	groupOfKey = regexp.MustCompile("\\bt\\(`([\\w.]+)\\.\\$\\{|\\bword\\('(\\w+)'")
)

func TestEveryWordIsThereAndUsed(t *testing.T) {
	words, used, groups := wordsIn(t, "zh"), map[string]bool{}, []string{}
	for name, body := range ours(assets(t)) {
		if path.Ext(name) != ".js" {
			continue
		}
		for _, found := range plainKey.FindAllStringSubmatch(body, -1) {
			if words[found[1]] == "" {
				t.Errorf("%s says %s, and there are no words for it", name, found[1])
			}
			used[found[1]] = true
		}
		for _, found := range anyKey.FindAllStringSubmatch(body, -1) {
			used[found[1]] = true
		}
		for _, found := range groupOfKey.FindAllStringSubmatch(body, -1) {
			groups = append(groups, found[1]+found[2]+".")
		}
	}
	for key := range words {
		if !used[key] && !slices.ContainsFunc(groups, func(group string) bool { return strings.HasPrefix(key, group) }) {
			t.Errorf("nobody says %s", key)
		}
	}
}

func TestWhatOthersWroteKeepsItsLicence(t *testing.T) {
	all := assets(t)
	if !strings.Contains(all["vendor/uplot/LICENSE"], "MIT License") {
		t.Error("uPlot has no licence beside it")
	}
	version := regexp.MustCompile(`\(v([\d.]+)\)`).FindStringSubmatch(all["vendor/uplot/uPlot.iife.min.js"])
	if version == nil || !strings.Contains(all["vendor/uplot/VERSION"], "uPlot "+version[1]) {
		t.Errorf("vendor/uplot/VERSION does not name the version that is there: %v", version)
	}
}

func TestThePageIsSmall(t *testing.T) {
	const limit = 400 << 10
	size := 0
	for _, body := range assets(t) {
		size += len(body)
	}
	if size >= limit {
		t.Errorf("%d bytes, want less than %d", size, limit)
	}
}
