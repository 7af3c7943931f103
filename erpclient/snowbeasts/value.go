package snowbeasts

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The JSON types as they stand in drift reports; "" is a field that was not there at all.
const (
	typeNull   = "null"
	typeText   = "string"
	typeNumber = "number"
	typeBool   = "bool"
	typeObject = "object"
	typeArray  = "array"
)

// value is one field as the ERP sent it: its JSON type, and a scalar's text with all its digits.
type value struct {
	kind string
	raw  string
}

// UnmarshalJSON takes any JSON; what is no scalar keeps its type only.
func (v *value) UnmarshalJSON(b []byte) error {
	*v = value{kind: jsonType(b[0])}
	switch v.kind {
	case typeText:
		v.raw = unquote(b)
	case typeNumber, typeBool:
		v.raw = string(b)
	}
	return nil
}

// jsonType goes by a value's first byte.
func jsonType(first byte) string {
	switch first {
	case '"':
		return typeText
	case '{':
		return typeObject
	case '[':
		return typeArray
	case 't', 'f':
		return typeBool
	case 'n':
		return typeNull
	default:
		return typeNumber
	}
}

// unquote reads a JSON string; most have nothing to unescape.
func unquote(b []byte) string {
	if inner := b[1 : len(b)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner)
	}
	var s string
	if json.Unmarshal(b, &s) != nil { // the decoder has already checked it
		return ""
	}
	return s
}

func (v value) present() bool { return v.kind != "" }

// empty is nothing said: not there, null or a text of spaces.
func (v value) empty() bool {
	return v.kind == "" || v.kind == typeNull || (v.kind == typeText && strings.TrimSpace(v.raw) == "")
}

// got is the type for a drift report.
func (v value) got() string {
	if v.kind == "" {
		return "missing"
	}
	return v.kind
}

// text is a string's or a number's own characters, "" for everything else.
func (v value) text() string {
	if v.kind == typeText || v.kind == typeNumber {
		return v.raw
	}
	return ""
}

// id is a record's identity as text: 10001, "10001" and 10001.0 are the same one. "" when it is none.
func (v value) id() string {
	if v.kind == typeNumber {
		return wholeNumber(v.raw)
	}
	return strings.TrimSpace(v.text())
}

// isFalse is the ERP's explicit no: false, 0, "false".
func (v value) isFalse() bool {
	yes, ok := v.flag()
	return ok && !yes && !v.empty()
}

// flag reads yes and no as they have to be expected; nothing said is no. It reports false for anything else.
func (v value) flag() (yes, ok bool) {
	switch strings.ToLower(strings.TrimSpace(v.raw)) {
	case "true", "1", "1.0", "是", "yes", "y", "已发货", "已出库":
		return true, true
	case "false", "0", "0.0", "否", "no", "n", "未发货", "未出库":
		return false, true
	default:
		return false, v.empty()
	}
}

// integer reads a whole number from a number or a string, also one written 2.0 or 2e0.
func (v value) integer() (int64, bool) {
	n, err := strconv.ParseInt(wholeNumber(strings.TrimSpace(v.text())), 10, 64)
	return n, err == nil
}

// wholeNumber writes a JSON number that is whole without point and exponent, and is "" for any other. Plain digits keep
// their length: an id may be longer than a float64 is exact, so only what is exact is converted.
func wholeNumber(raw string) string {
	if isDigits(strings.TrimPrefix(raw, "-")) {
		return raw
	}
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
		return ""
	}
	return strconv.FormatInt(int64(f), 10)
}
