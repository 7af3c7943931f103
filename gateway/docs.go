package gateway

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the API's description and its page
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

//go:embed openapi.yaml
var openAPIFile []byte

//go:embed docs.html.tmpl
var docsTemplate string

// openAPI is GET /docs/openapi.yaml: the API's description for programs.
func (*Server) openAPI(c *call) error {
	c.record.code = http.StatusOK
	c.Response().Header().Set("Cache-Control", "no-cache")
	return c.Blob(http.StatusOK, "application/yaml; charset=utf-8", openAPIFile)
}

// docs is GET /docs: the same for people. The page has no scripts and loads nothing; its policy lets in the one style
// sheet it carries.
func (*Server) docs(c *call) error {
	page, err := loadDocs()
	if err != nil {
		return internal.because(err)
	}
	c.record.code = http.StatusOK
	h := c.Response().Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", page.policy)
	h.Set("Referrer-Policy", "no-referrer")
	return c.HTMLBlob(http.StatusOK, page.html)
}

// renderedDocs is the page as it is sent.
type renderedDocs struct {
	html   []byte
	policy string // Content-Security-Policy
}

var docsOnce struct {
	sync.Once
	page renderedDocs
	err  error
}

// loadDocs renders the page at the first request: it is the same for the life of the program.
func loadDocs() (renderedDocs, error) {
	docsOnce.Do(func() { docsOnce.page, docsOnce.err = renderDocs() })
	return docsOnce.page, docsOnce.err
}

func renderDocs() (renderedDocs, error) {
	api, err := openapi3.NewLoader().LoadFromData(openAPIFile)
	if err != nil {
		return renderedDocs{}, fmt.Errorf("load openapi.yaml: %w", err)
	}
	page, err := template.New("docs").Funcs(template.FuncMap{"paragraphs": paragraphs, "spans": spans}).Parse(docsTemplate)
	if err != nil {
		return renderedDocs{}, fmt.Errorf("parse docs page: %w", err)
	}
	var html bytes.Buffer
	if err := page.Execute(&html, docsPageOf(api)); err != nil {
		return renderedDocs{}, fmt.Errorf("render docs page: %w", err)
	}
	policy, err := docsPolicy(html.Bytes())
	return renderedDocs{html: html.Bytes(), policy: policy}, err
}

// docsPolicy forbids everything but the page's own style sheet, which is known by its hash. The hash is taken from the
// finished page: the template engine has its own mind about blanks and comments.
func docsPolicy(html []byte) (string, error) {
	_, rest, opened := bytes.Cut(html, []byte("<style>"))
	style, _, closed := bytes.Cut(rest, []byte("</style>"))
	if !opened || !closed {
		return "", errors.New("docs page has no style sheet")
	}
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", nil
}
