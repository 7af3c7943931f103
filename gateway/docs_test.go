package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func TestOpenAPIIsServed(t *testing.T) {
	w := newWorld(t)
	a := w.get("/docs/openapi.yaml", "")
	if a.raw != string(openAPIFile) || !strings.HasPrefix(a.header.Get("Content-Type"), "application/yaml") {
		t.Errorf("%d %v", a.status, a.header)
	}
}

// The page shows every operation and every problem.
func TestDocsShowEverything(t *testing.T) {
	w := newWorld(t)
	a := w.get("/docs", "")
	if a.status != 200 || a.header.Get("Content-Type") != "text/html; charset=UTF-8" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	for _, r := range w.server.routes() {
		op := api().Paths.Value(documentedPath(r.path)).GetOperation(r.method)
		for _, piece := range []string{`id="` + op.OperationID + `"`, `<span class="path">` + documentedPath(r.path) + `</span>`} {
			if !strings.Contains(a.raw, piece) {
				t.Errorf("%s %s: %s is missing", r.method, r.path, piece)
			}
		}
	}
	for _, p := range catalogue {
		if !strings.Contains(a.raw, `id="`+p.Name+`"`) || !strings.Contains(a.raw, p.Chinese) {
			t.Errorf("%s is missing", p.Name)
		}
	}
	for _, field := range []string{"erpPassword", "inviteCode", "orders[].customerOrderNo", "deliveries[].attachments[].url", "routes.*.1m.p95Ms", "companyInfo.customerId"} {
		if !strings.Contains(a.raw, "<code>"+field+"</code>") {
			t.Errorf("field %s is missing", field)
		}
	}
	for _, leftover := range []string{"ZgotmplZ", "<no value>", "%!", "**", "[]interface"} {
		if strings.Contains(a.raw, leftover) {
			t.Errorf("%q is on the page", leftover)
		}
	}
}

// The page runs nothing, loads nothing, and its policy lets nothing in but the style sheet it carries.
func TestDocsAreInert(t *testing.T) {
	w := newWorld(t)
	a := w.get("/docs", "")
	for _, active := range []string{"<script", "javascript:", " style=", " onclick", "<img", "<iframe", "<link", "@import", "url(", "//cdn"} {
		if strings.Contains(a.raw, active) {
			t.Errorf("%q is on the page", active)
		}
	}
	style, _, _ := bytes.Cut([]byte(a.raw[strings.Index(a.raw, "<style>")+len("<style>"):]), []byte("</style>"))
	sum := sha256.Sum256(style)
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := a.header.Get("Content-Security-Policy"); got != want {
		t.Errorf("policy %q, want %q", got, want)
	}
	if strings.Count(a.raw, "<style") != 1 {
		t.Error("more than one style sheet")
	}
	for _, text := range []string{"prefers-color-scheme: dark", `name="viewport"`} {
		if !strings.Contains(a.raw, text) {
			t.Errorf("%s is missing", text)
		}
	}
	if again := w.get("/docs", ""); again.raw != a.raw {
		t.Error("the page changes")
	}
}
