package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v4"
)

// api is openapi.yaml, read once.
var api = sync.OnceValue(func() *openapi3.T {
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder)
	doc, err := openapi3.NewLoader().LoadFromData(openAPIFile)
	if err != nil {
		panic(err) // TestOpenAPIIsValid says it better
	}
	return doc
})

func TestOpenAPIIsValid(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		t.Fatal(err)
	}
}

// The table of routes and openapi.yaml name the same operations, and the same callers for them.
func TestOpenAPIHasEveryRouteAndNoOther(t *testing.T) {
	documented := map[string]bool{}
	for path, item := range api().Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	who := map[access]string{anyone: "anyone", member: "session", bound: "session", admin: "admin", scraper: "admin", service: "service", sender: "session or service"}
	for _, r := range newWorld(t).server.routes() {
		name := r.method + " " + documentedPath(r.path)
		if !documented[name] {
			t.Errorf("%s is not documented", name)
			continue
		}
		delete(documented, name)
		op := api().Paths.Value(documentedPath(r.path)).GetOperation(r.method)
		if got := docsWho(op); got != who[r.who] {
			t.Errorf("%s is documented for %q, want %q", name, got, who[r.who])
		}
		if got := slices.Contains(errorNames(op), "erp_not_bound"); got != (r.who == bound) {
			t.Errorf("%s: erp_not_bound is documented: %v", name, got)
		}
	}
	for name := range documented {
		t.Errorf("%s is documented and does not exist", name)
	}
}

// Every problem of the catalogue is in the file's list of names with its code, and every name there is in the catalogue.
func TestOpenAPINamesTheWholeCatalogue(t *testing.T) {
	names := api().Components.Schemas["ErrorName"].Value
	enum := map[any]bool{}
	for _, name := range names.Enum {
		enum[name] = true
	}
	for _, p := range catalogue {
		if !enum[p.Name] {
			t.Errorf("%s is not documented", p.Name)
		}
		delete(enum, p.Name)
		row := regexp.MustCompile(`(?m)^\| ` + strconv.Itoa(p.Code) + " \\|.*`" + p.Name + "`")
		if !row.MatchString(names.Description) {
			t.Errorf("%s is not listed under %d", p.Name, p.Code)
		}
	}
	for name := range enum {
		t.Errorf("%s is documented and not in the catalogue", name)
	}
	for path, item := range api().Paths.Map() {
		for method, op := range item.Operations() {
			checkErrorNames(t, method+" "+path, op)
		}
	}
}

// checkErrorNames holds an operation to list real names, and a response for each one's code.
func checkErrorNames(t *testing.T, where string, op *openapi3.Operation) {
	t.Helper()
	codes := map[string]int{}
	for _, p := range catalogue {
		codes[p.Name] = p.Code
	}
	named := map[int]bool{200: true, 500: true}
	for _, name := range errorNames(op) {
		named[codes[name]] = true
		if codes[name] == 0 || op.Responses.Status(codes[name]) == nil {
			t.Errorf("%s: %s has no response", where, name)
		}
	}
	for status := range op.Responses.Map() {
		if code, _ := strconv.Atoi(status); code >= 400 && !named[code] && where != "GET /readyz" {
			t.Errorf("%s: response %s has no name in x-errors", where, status)
		}
	}
}

func errorNames(op *openapi3.Operation) (names []string) {
	list, _ := op.Extensions["x-errors"].([]any)
	for _, name := range list {
		if text, ok := name.(string); ok {
			names = append(names, text)
		}
	}
	return names
}

// checkContract holds an answer against its route in openapi.yaml: status, headers, content type, every field's
// presence and type, no field that is not documented, no problem that the route does not name.
func checkContract(t *testing.T, s *Server, r *http.Request, a answer) {
	t.Helper()
	if r.Method == http.MethodHead {
		return
	}
	path, op := operationFor(s, r)
	status := a.status
	if a.Code != 0 && status == http.StatusOK && strings.HasPrefix(r.URL.Path, "/api/") {
		status = a.Code // from inside WeChat the code tells
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: r, Route: &routers.Route{Spec: api(), Path: path, Method: r.Method, Operation: op},
		},
		Status: status, Header: a.header, Body: io.NopCloser(bytes.NewReader([]byte(a.raw))),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		t.Errorf("%s %s: not as documented: %v\n%s", r.Method, r.URL, err, a.raw)
		return
	}
	if a.RequestID != "" {
		schema := op.Responses.Status(status).Value.Content["application/json"].Schema.Value
		checkDocumented(t, r.Method+" "+path, schema, map[string]any{"data": a.Data})
	}
	if a.Error != "" && a.Error != internal.Name && path != "" && !slices.Contains(errorNames(op), a.Error) {
		t.Errorf("%s %s does not document %s", r.Method, path, a.Error)
	}
}

// operationFor asks the router which route a request has. A path or method without one has the common answers.
func operationFor(s *Server, r *http.Request) (path string, op *openapi3.Operation) {
	found := s.echo.NewContext(r, httptest.NewRecorder())
	s.echo.Router().Find(r.Method, echo.GetPath(r), found)
	path = documentedPath(found.Path())
	complete := found.Path() == consolePath || !slices.Contains(found.ParamValues(), "")
	if item := api().Paths.Value(path); item != nil && complete && len(r.URL.Path) <= maxPathBytes {
		if op = item.Operations()[r.Method]; op != nil {
			return path, op
		}
	}
	common := openapi3.NewResponses(openapi3.WithStatus(404, api().Components.Responses["NotFound"]),
		openapi3.WithStatus(405, api().Components.Responses["MethodNotAllowed"]))
	common.Delete("default")
	return "", &openapi3.Operation{Responses: common}
}

// checkDocumented walks a value along its schema and complains about fields that are not there.
func checkDocumented(t *testing.T, where string, schema *openapi3.Schema, value any) {
	t.Helper()
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			checkDocumented(t, where+"[]", schema.Items.Value, item)
		}
	case map[string]any:
		for name, item := range v {
			field := property(schema, name)
			if field == nil {
				field = schema.AdditionalProperties.Schema
			}
			switch {
			case field != nil:
				checkDocumented(t, where+"."+name, field.Value, item)
			case item != nil:
				t.Errorf("%s.%s is not documented", where, name)
			}
		}
	}
}
