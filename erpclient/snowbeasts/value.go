package snowbeasts

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"snowgate/erpclient/wire"
)

// value is one field as the ERP sent it: its JSON type, and a scalar's text with all its digits.
type value struct {
	kind string
	raw  string
}

// UnmarshalJSON takes any JSON; what is no scalar keeps its type only.
func (v *value) UnmarshalJSON(b []byte) error {
	*v = value{kind: wire.TypeBy(b[0])}
	switch v.kind {
	case wire.Text:
		v.raw = unquote(b)
	case wire.Number, wire.Bool:
		v.raw = string(b)
	}
	return nil
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
	return v.kind == "" || v.kind == wire.Null || (v.kind == wire.Text && strings.TrimSpace(v.raw) == "")
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
	if v.kind == wire.Text || v.kind == wire.Number {
		return v.raw
	}
	return ""
}

// id is a record's identity as text: 10001, "10001" and 10001.0 are the same one. "" when it is none.
func (v value) id() string {
	if v.kind == wire.Number {
		return wire.WholeNumber(v.raw)
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
	n, err := strconv.ParseInt(wire.WholeNumber(strings.TrimSpace(v.text())), 10, 64)
	return n, err == nil
}
