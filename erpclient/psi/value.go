package psi

import (
	"encoding/json"
	"strconv"
	"strings"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// value is one field as the system sent it: its JSON type, and a scalar's text with all its digits.
type value struct {
	kind string
	raw  string
}

// UnmarshalJSON takes any JSON; what is no text and no number keeps its type only.
func (v *value) UnmarshalJSON(b []byte) error {
	*v = value{kind: wire.TypeOf(b)}
	switch v.kind {
	case wire.Number:
		v.raw = string(b)
	case wire.Text:
		return json.Unmarshal(b, &v.raw)
	}
	return nil
}

// empty is nothing said: not there, null or a text of spaces.
func (v value) empty() bool {
	return v.kind == "" || v.kind == wire.Null || v.kind == wire.Text && strings.TrimSpace(v.raw) == ""
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
	if v.kind == wire.Number {
		return wire.WholeNumber(v.raw)
	}
	return strings.TrimSpace(v.raw)
}

// integer reads a whole number from a number or a string.
func (v value) integer() (int64, bool) {
	n, err := strconv.ParseInt(wire.WholeNumber(strings.TrimSpace(v.raw)), 10, 64)
	return n, err == nil
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
	if v.kind == wire.Object || v.kind == wire.Array || v.kind == wire.Bool {
		r.mismatch(name, wire.Text, v.kind)
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
		r.mismatch(name, wire.Number, v.kind)
	}
	return n
}

// rowOf reads an object; false for anything else, which is reported.
func rowOf(raw json.RawMessage, what string, drift *driftLog) (row, bool) {
	r := row{what: what, drift: drift}
	if kind := wire.TypeOf(raw); kind != wire.Object || json.Unmarshal(raw, &r.fields) != nil {
		drift.report(what, wire.Object, value{kind: kind}.got())
		return r, false
	}
	return r, true
}
