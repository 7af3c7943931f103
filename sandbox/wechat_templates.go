package sandbox

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Template is a private template as gettemplate lists it.
type Template struct {
	ID      string         `json:"priTmplId"`
	Title   string         `json:"title"`
	Content string         `json:"content"` // lines such as "订单编号:{{character_string1.DATA}}"
	Example string         `json:"example"`
	Type    int            `json:"type"` // 2 = one-time, 3 = long-term
	Enums   []TemplateEnum `json:"keywordEnumValueList"`
}

// TemplateEnum lists the values that an enum keyword may have.
type TemplateEnum struct {
	Keyword string   `json:"keywordCode"` // "enum_string5.DATA"
	Values  []string `json:"enumValueList"`
}

var wechatTemplates = []Template{
	{"SbOrderStatus-7Qm2xJ0kYw3nVtR8pLzA5cHdE1fGu", "订单状态变更通知",
		"订单编号:{{character_string1.DATA}}\n订单状态:{{phrase2.DATA}}\n更新时间:{{time3.DATA}}\n备注:{{thing4.DATA}}",
		"订单编号:SO2026013101\n订单状态:进行中\n更新时间:2026年1月31日 10:20\n备注:已安排生产", 2, []TemplateEnum{}},
	{"SbDelivery-4Kd9sPq6WbN1mXyT2vRoJ7hLzC8eFa3G", "订单发货提醒",
		"订单编号:{{character_string1.DATA}}\n物流公司:{{thing2.DATA}}\n物流单号:{{character_string3.DATA}}\n发货日期:{{date4.DATA}}\n配送方式:{{enum_string5.DATA}}",
		"订单编号:SO2026013101\n物流公司:顺丰速运\n物流单号:SF000000000001\n发货日期:2026年1月31日\n配送方式:快递", 2,
		[]TemplateEnum{{"enum_string5.DATA", []string{"快递", "物流", "自提"}}}},
	{"SbProgress-1Zt5uYi8OaM3kLqW6eRnB9xCvD2sHf7J", "生产进度通知",
		"物料名称:{{thing1.DATA}}\n完成数量:{{number2.DATA}}\n金额:{{amount3.DATA}}\n联系人:{{name4.DATA}}",
		"物料名称:雪地帐篷\n完成数量:40\n金额:￥12345.60\n联系人:李业务", 2, []TemplateEnum{}},
}

// Templates returns the mini-program's templates.
func (w *WeChat) Templates() []Template { return slices.Clone(wechatTemplates) }

func templateByID(id string) *Template {
	i := slices.IndexFunc(wechatTemplates, func(t Template) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return &wechatTemplates[i]
}

func (w *WeChat) replyTemplates(call wechatCall) any {
	if refused := w.tokens.check(call.URL.Query().Get("access_token"), w.opts.Now()); refused != 0 {
		return refused
	}
	return struct {
		errorAnswer
		Data []Template `json:"data"`
	}{errorAnswer{0, "ok"}, wechatTemplates}
}

var keywordPattern = regexp.MustCompile(`\{\{(\w+)\.DATA\}\}`)

// values checks the data of a message against the template's keywords. The complaint
// is WeChat's text, spelling included, or "".
func (t *Template) values(raw json.RawMessage) (values map[string]string, complaint string) {
	var data map[string]struct {
		Value any `json:"value"`
	}
	if json.Unmarshal(raw, &data) != nil { // a JSON string instead of an object, for one
		return nil, "argument invalid! data invalid"
	}
	values = map[string]string{}
	for _, found := range keywordPattern.FindAllStringSubmatch(t.Content, -1) {
		key := found[1]
		value, isText := data[key].Value.(string)
		switch {
		case data[key].Value == nil || isText && value == "":
			return nil, "argument invalid! data." + key + ".value is emtpy" //nolint:misspell // as WeChat spells it
		case !isText || !t.allows(key, value):
			return nil, "argument invalid! data." + key + ".value invalid"
		}
		values[key] = value
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if _, asked := values[key]; !asked {
			return nil, "argument invalid! data." + key + " invalid"
		}
	}
	return values, ""
}

const (
	dayRule  = `(?:\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2})`
	timeRule = `(?:` + dayRule + ` ?)?\d{1,2}:\d{2}(?::\d{2})?`
	dateRule = dayRule + `(?: ?\d{1,2}:\d{2}(?::\d{2})?)?`
)

// keywordRules are WeChat's limits of a value by keyword type. thing, name and enums
// need more than a pattern and are checked in allows.
var keywordRules = map[string]*regexp.Regexp{
	"number":           regexp.MustCompile(`^-?\d{1,32}(?:\.\d+)?$`),
	"letter":           regexp.MustCompile(`^[A-Za-z]{1,32}$`),
	"symbol":           regexp.MustCompile(`^[^\pL\pN]{1,5}$`),
	"character_string": regexp.MustCompile(`^[!-~ ]{1,32}$`),
	"time":             regexp.MustCompile(`^` + timeRule + `(?:~` + timeRule + `)?$`),
	"date":             regexp.MustCompile(`^` + dateRule + `(?:~` + dateRule + `)?$`),
	"amount":           regexp.MustCompile(`^[^\d\pL]?\d{1,10}(?:\.\d+)?元?$`),
	"phone_number":     regexp.MustCompile(`^[\d+\-() #*]{1,17}$`),
	"car_number":       regexp.MustCompile(`^\p{Han}?[A-Za-z0-9]{1,7}\p{Han}?$`),
	"phrase":           regexp.MustCompile(`^\p{Han}{1,5}$`),
}

func (t *Template) allows(key, value string) bool {
	kind := strings.TrimRight(key, "0123456789")
	runes := utf8.RuneCountInString(value)
	switch kind {
	case "thing":
		return runes <= 20 && !strings.ContainsFunc(value, unicode.IsControl)
	case "name":
		if strings.ContainsFunc(value, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			return runes <= 10
		}
		return runes <= 20
	case "enum", "enum_string":
		return slices.ContainsFunc(t.Enums, func(e TemplateEnum) bool {
			return e.Keyword == key+".DATA" && slices.Contains(e.Values, value)
		})
	}
	rule := keywordRules[kind]
	return rule != nil && rule.MatchString(value)
}
