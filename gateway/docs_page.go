package gateway

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// docsPage is the API's description in the order in which it is read.
type docsPage struct {
	Title, Text string
	Schemes     []docsScheme
	Groups      []docsGroup
	Catalogue   []*problem
}

// docsScheme is one way to say who is calling.
type docsScheme struct{ Name, Text string }

// docsGroup is the operations under one tag.
type docsGroup struct {
	Name, Text string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Text, Who string
	Parameters                           []docsField
	Bodies                               []docsBody
	Requests                             []string // examples of a body
	Kind                                 string   // the answer's content type
	Answer                               []docsField
	Example                              string
	Problems                             []*problem
}

// docsBody is one form a request's body can take.
type docsBody struct {
	Title  string
	Fields []docsField
}

type docsField struct {
	Name, Type, Text string
	Required         bool
}

// docsPageOf reads the page out of the file. Operations stand in the order of the table of routes.
func docsPageOf(api *openapi3.T) docsPage {
	page := docsPage{Title: api.Info.Title, Text: api.Info.Description, Catalogue: catalogue}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(api.Components.SecuritySchemes))) {
		page.Schemes = append(page.Schemes, docsScheme{name, api.Components.SecuritySchemes[name].Value.Description})
	}
	for _, tag := range api.Tags {
		page.Groups = append(page.Groups, docsGroup{Name: tag.Name, Text: tag.Description, Operations: docsOperations(api, tag.Name)})
	}
	return page
}

func docsOperations(api *openapi3.T, tag string) (list []docsOperation) {
	for _, r := range new(Server).routes() {
		path := documentedPath(r.path)
		item := api.Paths.Value(path)
		if item == nil {
			continue
		}
		if op := item.Operations()[r.method]; op != nil && slices.Contains(op.Tags, tag) {
			list = append(list, docsOperationOf(r.method, path, op))
		}
	}
	return list
}

var pathParameter = regexp.MustCompile(`:(\w+)`)

// documentedPath turns the router's /orders/:id into the file's /orders/{id}, and its /console/* into /console/{file}.
func documentedPath(template string) string {
	return strings.ReplaceAll(pathParameter.ReplaceAllString(template, "{$1}"), "*", "{file}")
}

func docsOperationOf(method, path string, op *openapi3.Operation) docsOperation {
	d := docsOperation{
		ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Text: op.Description,
		Who: docsWho(op), Parameters: docsParameters(op), Problems: docsProblems(op),
	}
	if op.RequestBody != nil {
		media := op.RequestBody.Value.Content["application/json"]
		d.Bodies, d.Requests = docsBodies(media.Schema.Value), docsRequests(media)
	}
	answer := op.Responses.Status(200)
	if answer == nil { // it only leads elsewhere
		return d
	}
	for kind, media := range answer.Value.Content { // each has one
		d.Kind, d.Example = kind, docsExample(media.Example)
		if data := property(media.Schema.Value, "data"); data != nil {
			d.Answer = docsAnswer(data.Value)
		}
	}
	return d
}

// docsParameters are those in path and query. The headers are the same everywhere: the introduction has them.
func docsParameters(op *openapi3.Operation) (list []docsField) {
	for _, p := range op.Parameters {
		if p.Value.In != openapi3.ParameterInHeader {
			list = append(list, docsField{
				Name: p.Value.Name, Type: typeName(p.Value.Schema.Value), Text: p.Value.Description, Required: p.Value.Required,
			})
		}
	}
	return list
}

// docsRequests are a body's examples.
func docsRequests(media *openapi3.MediaType) (list []string) {
	if media.Example != nil {
		list = append(list, docsExample(media.Example))
	}
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		list = append(list, docsExample(media.Examples[name].Value.Value))
	}
	return list
}

// docsWho says who may call an operation.
func docsWho(op *openapi3.Operation) string {
	if op.Security == nil || len(*op.Security) == 0 {
		return "anyone"
	}
	var ways []string
	for _, way := range *op.Security {
		ways = append(ways, slices.Sorted(maps.Keys(way))...)
	}
	return strings.Join(ways, " or ")
}

// docsProblems are the catalogue's entries that an operation names, in the catalogue's order.
func docsProblems(op *openapi3.Operation) (list []*problem) {
	names, _ := op.Extensions["x-errors"].([]any)
	for _, p := range catalogue {
		if slices.Contains(names, any(p.Name)) {
			list = append(list, p)
		}
	}
	return list
}

func docsBodies(schema *openapi3.Schema) []docsBody {
	if len(schema.OneOf) == 0 {
		return []docsBody{{Title: "Body", Fields: docsFields("", schema)}}
	}
	var bodies []docsBody
	for _, form := range schema.OneOf {
		bodies = append(bodies, docsBody{Title: "Body: " + form.Value.Title, Fields: docsFields("", form.Value)})
	}
	return bodies
}

// docsAnswer are an answer's fields. That they are always there goes without saying.
func docsAnswer(schema *openapi3.Schema) []docsField {
	fields := docsFields("", schema)
	for i := range fields {
		fields[i].Required = false
	}
	return fields
}

// docsFields flattens an object: name, outer.name, list[].name, map.*.name.
func docsFields(prefix string, schema *openapi3.Schema) (list []docsField) {
	for _, part := range schema.AllOf {
		list = append(list, docsFields(prefix, part.Value)...)
	}
	for _, name := range propertyOrder(schema) {
		value := schema.Properties[name].Value
		list = append(list, docsField{
			Name: prefix + name, Type: typeName(value), Text: value.Description, Required: slices.Contains(schema.Required, name),
		})
		list = append(list, docsFieldsWithin(prefix+name, value)...)
	}
	return list
}

func docsFieldsWithin(name string, value *openapi3.Schema) []docsField {
	switch {
	case value.Items != nil:
		return docsFields(name+"[].", value.Items.Value)
	case value.AdditionalProperties.Schema != nil:
		return docsFields(name+".*.", value.AdditionalProperties.Schema.Value)
	default:
		return docsFields(name+".", value)
	}
}

// propertyOrder is the order of `required`, which the file keeps as it is read, then the rest by name.
func propertyOrder(schema *openapi3.Schema) []string {
	var order []string
	for _, name := range schema.Required {
		if schema.Properties[name] != nil {
			order = append(order, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	return order
}

// property finds a property in a schema or the parts it is composed of; later parts say more.
func property(schema *openapi3.Schema, name string) *openapi3.SchemaRef {
	for _, part := range slices.Backward(schema.AllOf) {
		if found := property(part.Value, name); found != nil {
			return found
		}
	}
	return schema.Properties[name]
}

// typeName is a schema's type in a word or two.
func typeName(schema *openapi3.Schema) string {
	if schema.Type == nil || len(*schema.Type) == 0 {
		return "object"
	}
	name := (*schema.Type)[0]
	switch {
	case name == "array":
		name = typeName(schema.Items.Value) + "[]"
	case schema.Format == "date" || schema.Format == "date-time":
		name = schema.Format
	case name == "string" && len(schema.Enum) > 0:
		name = enumName(schema.Enum)
	}
	if schema.Nullable {
		name += " or null"
	}
	return name
}

func enumName(values []any) string {
	var words []string
	for _, v := range values {
		if word, ok := v.(string); ok {
			words = append(words, word)
		}
	}
	return strings.Join(words, " | ")
}

// docsExample is an example as JSON, or "".
func docsExample(example any) string {
	if text, ok := example.(string); ok || example == nil {
		return text
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(example); err != nil {
		return ""
	}
	return out.String()
}

// paragraphs splits at empty lines.
func paragraphs(text string) []string {
	return strings.Split(strings.TrimSpace(text), "\n\n")
}

// span is a piece of text: "code", "strong", or "" for plain.
type span struct{ Kind, Text string }

// spans reads the two marks the file's texts use: `code` and **strong**.
func spans(text string) (list []span) {
	for i, piece := range strings.Split(text, "`") {
		if i%2 == 1 {
			list = append(list, span{"code", piece})
			continue
		}
		for j, part := range strings.Split(piece, "**") {
			list = append(list, span{[]string{"", "strong"}[j%2], part})
		}
	}
	return list
}
