package wxmsg

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
)

const (
	opTemplates = "gettemplate"
	// maxTemplateBytes is far above the few dozen templates an account can have.
	maxTemplateBytes = 1 << 20
)

// The types of a template.
const (
	TemplateOneTime  = 2 // each consent is good for one message
	TemplateLongTerm = 3 // for public services only
)

// Template is a message template of the mini-program.
type Template struct {
	ID       string
	Title    string
	Type     int       // TemplateOneTime or TemplateLongTerm; 0 where WeChat does not say
	Keywords []Keyword // in the order of the card
}

// Keyword is a place in a template that a message fills.
type Keyword struct {
	Key  string   // such as thing1
	Type string   // the key without its number
	Enum []string // the values it may have; empty where WeChat lists none
}

// Templates returns the mini-program's templates. What is odd about one of them costs that detail, not the list.
// Errors are *Error and those of Tokens.Token.
//
// WeChat: getMessageTemplateList, GET /wxaapi/newtmpl/gettemplate.
func (s *Sender) Templates(ctx context.Context) (templates []Template, err error) {
	err = s.paid(ctx, func(token string) *Error {
		var failure *Error
		templates, failure = s.client.templates(ctx, token)
		s.client.note(opTemplates, failure)
		return failure
	})
	return templates, err
}

func (c *Client) templates(ctx context.Context, token string) ([]Template, *Error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	answer, err := c.once.R().SetContext(ctx).SetResponseBodyLimit(maxTemplateBytes).
		SetQueryParam("access_token", token).Get("/wxaapi/newtmpl/gettemplate")
	raw, failure := answered(opTemplates, answer, err)
	if failure != nil {
		return nil, failure
	}
	return c.readTemplates(raw)
}

// listedTemplate is a template as WeChat lists it.
type listedTemplate struct {
	ID      string          `json:"priTmplId"`
	Title   string          `json:"title"`
	Content string          `json:"content"` // lines such as 订单编号:{{character_string1.DATA}}
	Type    json.RawMessage `json:"type"`
	Enums   json.RawMessage `json:"keywordEnumValueList"`
}

func (c *Client) readTemplates(raw []byte) ([]Template, *Error) {
	var answer struct {
		ErrCode int               `json:"errcode"`
		ErrMsg  string            `json:"errmsg"`
		Data    []json.RawMessage `json:"data"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return nil, badAnswer(opTemplates, notTheJSON)
	}
	if answer.ErrCode != 0 {
		return nil, refused(opTemplates, answer.ErrCode, answer.ErrMsg, c.now())
	}
	templates := make([]Template, 0, len(answer.Data))
	for _, one := range answer.Data {
		var listed listedTemplate
		if json.Unmarshal(one, &listed) == nil && listed.ID != "" {
			templates = append(templates, listed.template())
		}
	}
	return templates, nil
}

func (l listedTemplate) template() Template {
	t := Template{ID: l.ID, Title: l.Title}
	_ = json.Unmarshal(l.Type, &t.Type) // 0 when it is no number
	enums, seen := l.enums(), map[string]bool{}
	for _, found := range placeInContent.FindAllStringSubmatch(l.Content, -1) {
		key := found[1]
		if seen[key] {
			continue
		}
		seen[key] = true
		t.Keywords = append(t.Keywords, Keyword{Key: key, Type: typeOf(key), Enum: enums[key]})
	}
	return t
}

// placeInContent is where a template's text has a keyword.
var placeInContent = regexp.MustCompile(`\{\{\s*(\w{1,40})\.DATA\s*\}\}`)

// enums are the listed values by key. WeChat names the key as the content does, with .DATA behind it.
func (l listedTemplate) enums() map[string][]string {
	var listed []struct {
		Code   string   `json:"keywordCode"`
		Values []string `json:"enumValueList"`
	}
	if json.Unmarshal(l.Enums, &listed) != nil {
		return nil
	}
	enums := make(map[string][]string, len(listed))
	for _, one := range listed {
		enums[strings.TrimSuffix(strings.Trim(one.Code, "{} "), ".DATA")] = one.Values
	}
	return enums
}

// typeOf is a key without its number.
func typeOf(key string) string { return strings.TrimRight(key, "0123456789") }
