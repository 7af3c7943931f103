package wxmsg

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DataError says what is wrong with a message's data. It never holds the value.
type DataError struct {
	Keyword string // such as thing1; empty when there are no data at all, or the name given cannot be one
	Rule    string // the rule that is broken, in English
}

func (e *DataError) Error() string {
	if e.Keyword == "" {
		return "wechat message: " + e.Rule
	}
	return fmt.Sprintf("wechat message: %s: %s", e.Keyword, e.Rule)
}

// Check holds the data of a message, value by keyword, against WeChat's rules, so that a message that cannot be sent is
// refused before it is queued. With a template its keywords must be there, all of them and no others; without one (t is
// nil, the list is not known) each keyword's own name tells its rule. Every error is a *DataError, and the same data
// give the same one.
//
// WeChat: sendSubscribeMessage, limits of parameter values 订阅消息参数值内容限制说明. Where that table leaves room, the
// narrower reading is taken if the wider one is known to have been refused, else the wider.
func Check(t *Template, data map[string]string) error {
	if t != nil {
		return t.check(data)
	}
	if len(data) == 0 {
		return &DataError{Rule: "there are no data"}
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		if !isKey(key) {
			return notAKey()
		}
		if err := checkOne(Keyword{Key: key, Type: typeOf(key)}, data[key]); err != nil {
			return err
		}
	}
	return nil
}

// check goes through the keywords in the order of the card.
func (t *Template) check(data map[string]string) error {
	known := make(map[string]bool, len(t.Keywords))
	for _, keyword := range t.Keywords {
		known[keyword.Key] = true
		value, given := data[keyword.Key]
		if !given {
			return &DataError{keyword.Key, "missing"}
		}
		if err := checkOne(keyword, value); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(data)) {
		switch {
		case known[key]:
		case isKey(key):
			return &DataError{key, "not a keyword of this template"}
		default:
			return notAKey()
		}
	}
	return nil
}

// keyForm is a type's name and a number.
var keyForm = regexp.MustCompile(`^[a-z]+(?:_[a-z]+){0,3}[0-9]{1,3}$`)

// maxKeyBytes is twice the longest key WeChat has, character_string and a number.
const maxKeyBytes = 40

func isKey(key string) bool { return len(key) <= maxKeyBytes && keyForm.MatchString(key) }

func notAKey() error { return &DataError{Rule: "a keyword is not named as thing1 is"} }

func checkOne(keyword Keyword, value string) error {
	rule := anyText
	switch found, known := rules[keyword.Type]; {
	case len(keyword.Enum) > 0:
		rule = oneOf(keyword.Enum)
	case known:
		rule = found
	}
	switch {
	case !utf8.ValidString(value):
		return &DataError{keyword.Key, "not UTF-8"}
	case strings.TrimSpace(value) == "":
		return &DataError{keyword.Key, "empty"}
	case !rule.holds(value):
		return &DataError{keyword.Key, rule.text}
	}
	return nil
}

// rule is what a keyword's values keep to.
type rule struct {
	text  string
	holds func(value string) bool
}

// rules are those of the keyword types. Enums that are not listed, and types that WeChat may add, are held against the
// rule of thing: it is the commonest, and what every type shares, a short line of text, is all that can be known.
var rules = map[string]rule{
	"thing":            anyText,
	"number":           {"not a number of at most 32 digits", isNumber},
	"letter":           pattern("not 1 to 32 letters", `[A-Za-z]{1,32}`),
	"symbol":           pattern("not 1 to 5 symbols", `[\pP\pS]{1,5}`),
	"character_string": pattern("not 1 to 32 ASCII letters, digits or symbols", `[ -~]{1,32}`),
	"time":             {"not a time such as 15:01 or 2019年10月1日 15:01, or two with ~ between", isRangeOf(isTime)},
	"date":             {"not a date such as 2019年10月1日, with or without a time, or two with ~ between", isRangeOf(isDate)},
	"amount":           pattern("not an amount of at most 10 digits, with or without decimals, a currency sign before it or 元 after it", `\p{Sc}?[0-9]{1,10}(?:\.[0-9]{1,10})?元?`),
	"phone_number":     pattern("not 1 to 17 digits and symbols", "[ -@\\[-`{-~]{1,17}"),
	"car_number":       {"not a number plate of at most 8 characters", isCarNumber},
	"name":             {"not a name of at most 10 Chinese characters or 20 letters, without digits", isName},
	"phrase":           pattern("not 1 to 5 Chinese characters", `\p{Han}{1,5}`),
}

var anyText = rule{"not one line of at most 20 characters", isShortLine}

func pattern(text, expression string) rule {
	return rule{text, regexp.MustCompile(`^(?:` + expression + `)$`).MatchString}
}

func oneOf(values []string) rule {
	return rule{"none of the template's values", func(value string) bool { return slices.Contains(values, value) }}
}

// isShortLine counts a Chinese character as one, as WeChat does.
func isShortLine(value string) bool {
	return utf8.RuneCountInString(value) <= 20 && !strings.ContainsFunc(value, breaksLine)
}

func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

var number = regexp.MustCompile(`^-?[0-9]+(?:\.[0-9]+)?$`)

// isNumber counts the digits on both sides of the point.
func isNumber(value string) bool {
	digits := len(value) - strings.Count(value, "-") - strings.Count(value, ".")
	return number.MatchString(value) && digits <= 32
}

var carNumber = regexp.MustCompile(`^\p{Han}?[A-Za-z0-9]+\p{Han}?$`)

func isCarNumber(value string) bool {
	return carNumber.MatchString(value) && utf8.RuneCountInString(value) <= 8
}

// isName counts a mixed name as a Chinese one, and takes everything beyond ASCII for Chinese.
func isName(value string) bool {
	most := 20
	if strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII }) {
		most = 10
	}
	return utf8.RuneCountInString(value) <= most &&
		!strings.ContainsFunc(value, func(r rune) bool { return breaksLine(r) || unicode.IsDigit(r) })
}

// isRangeOf takes one, or two with ~ between.
func isRangeOf(one func(string) bool) func(string) bool {
	return func(value string) bool {
		from, to, isRange := strings.Cut(value, "~")
		return one(from) && (!isRange || one(to))
	}
}

// A moment has a day, a time, or both, with or without a space between.
var moment = regexp.MustCompile(`^(\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2})? ?(\d{1,2}:\d{2}(?::\d{2})?)?$`)

func isTime(value string) bool {
	day, clock, ok := momentOf(value)
	return ok && clock != "" && (day == "" || isDay(day))
}

func isDate(value string) bool {
	day, _, ok := momentOf(value)
	return ok && isDay(day)
}

// momentOf takes a moment apart. Its time of day has been looked at, its day has not.
func momentOf(value string) (day, clock string, ok bool) {
	parts := moment.FindStringSubmatch(value)
	if parts == nil || strings.TrimSpace(value) != value {
		return "", "", false
	}
	day, clock = parts[1], parts[2]
	return day, clock, clock == "" || isClock(clock)
}

// isDay refuses days the calendar does not have.
func isDay(day string) bool {
	for _, layout := range []string{"2006年1月2日", "2006-1-2"} {
		if _, err := time.Parse(layout, day); err == nil {
			return true
		}
	}
	return false
}

// isClock wants 24 hours.
func isClock(clock string) bool {
	for _, layout := range []string{"15:04", "15:04:05"} {
		if _, err := time.Parse(layout, clock); err == nil {
			return true
		}
	}
	return false
}
