package psi

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"snowgate/erpclient"
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

// value is one field as the system sent it: its JSON type, and a scalar's text with all its digits.
type value struct {
	kind string
	raw  string
}

// UnmarshalJSON takes any JSON; what is no text and no number keeps its type only.
func (v *value) UnmarshalJSON(b []byte) error {
	*v = value{kind: jsonType(b)}
	switch v.kind {
	case typeNumber:
		v.raw = string(b)
	case typeText:
		return json.Unmarshal(b, &v.raw)
	}
	return nil
}

// jsonType goes by the first character; "" is nothing at all.
func jsonType(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	switch b[0] {
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

// empty is nothing said: not there, null or a text of spaces.
func (v value) empty() bool {
	return v.kind == "" || v.kind == typeNull || v.kind == typeText && strings.TrimSpace(v.raw) == ""
}

// got is the type for a drift report.
func (v value) got() string {
	if v.kind == "" {
		return "missing"
	}
	return v.kind
}

// text is a string's or a number's own characters, "" for everything else.
func (v value) text() string { return v.raw }

// id is a record's identity as text: 8001, "8001" and 8001.0 are the same one. "" when it is none.
func (v value) id() string {
	if v.kind == typeNumber {
		return wholeNumber(v.raw)
	}
	return strings.TrimSpace(v.raw)
}

// integer reads a whole number from a number or a string.
func (v value) integer() (int64, bool) {
	n, err := strconv.ParseInt(wholeNumber(strings.TrimSpace(v.raw)), 10, 64)
	return n, err == nil
}

// wholeNumber writes a JSON number that is whole without point and exponent, and is "" for any other. Plain digits keep
// their length: an id may be longer than a float64 is exact.
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

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// wireID sends an id of digits as the number that it is at the system.
func wireID(id string) any {
	if isDigits(id) && (id == "0" || id[0] != '0') {
		return json.Number(id)
	}
	return id
}

// row reads an object's fields. One of another type than wanted is reported and reads as unknown.
type row struct {
	what   string // as it stands in drift reports: "product"
	fields map[string]value
	drift  *driftLog
}

func (r row) mismatch(name, want, got string) { r.drift.report(r.what+"."+name, want, got) }

// expect reports the fields that are not there at all.
func (r row) expect(names ...string) {
	for _, name := range names {
		if r.fields[name].kind == "" {
			r.mismatch(name, "present", "missing")
		}
	}
}

func (r row) text(name string) string {
	v := r.fields[name]
	if v.kind == typeObject || v.kind == typeArray || v.kind == typeBool {
		r.mismatch(name, typeText, v.kind)
	}
	return v.text()
}

// id is a reference to a record, "" when there is none.
func (r row) id(name string) string {
	v := r.fields[name]
	id := v.id()
	if id == "" && !v.empty() {
		r.mismatch(name, "id", v.kind)
	}
	return id
}

func (r row) decimal(name string) erpclient.Decimal {
	v := r.fields[name]
	if v.empty() {
		return ""
	}
	n, ok := erpclient.ParseDecimal(v.text())
	if !ok {
		r.mismatch(name, typeNumber, v.kind)
	}
	return n
}

// rowOf reads an object; false for anything else, which is reported.
func rowOf(raw json.RawMessage, what string, drift *driftLog) (row, bool) {
	r := row{what: what, drift: drift}
	if kind := jsonType(raw); kind != typeObject || json.Unmarshal(raw, &r.fields) != nil {
		drift.report(what, typeObject, value{kind: kind}.got())
		return r, false
	}
	return r, true
}
