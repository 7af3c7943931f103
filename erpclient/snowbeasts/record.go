package snowbeasts

import (
	"encoding/json"
	"time"

	"snowgate/erpclient"
)

// record is one row, or what stands in its place.
type record struct {
	kind   string // typeObject, or what came instead; "" when nothing came
	fields map[string]value
}

// UnmarshalJSON takes any JSON, so that one odd row does not spoil its page.
func (r *record) UnmarshalJSON(b []byte) error {
	r.kind, r.fields = jsonType(b), nil
	if r.kind != typeObject {
		return nil
	}
	return json.Unmarshal(b, &r.fields)
}

// row reads a record by the gateway's names. A field of another type than wanted is reported and reads as unknown.
type row struct {
	form   *form
	fields map[string]value
	zone   *time.Location
	drift  *driftLog
}

func (r row) value(name string) value { return r.fields[r.form.columns[name]] }

func (r row) mismatch(name, want, got string) { r.drift.report(r.form.columns[name], want, got) }

// has reports whether the essential fields are there, and reports the first that is not.
func (r row) has(names ...string) bool {
	for _, name := range names {
		if v := r.value(name); v.id() == "" {
			r.mismatch(name, "id", v.got())
			return false
		}
	}
	return true
}

func (r row) text(name string) string {
	v := r.value(name)
	if v.kind == typeObject || v.kind == typeArray || v.kind == typeBool {
		r.mismatch(name, typeText, v.kind)
	}
	return v.text()
}

// id is a reference to a record, "" when there is none.
func (r row) id(name string) string {
	v := r.value(name)
	id := v.id()
	if id == "" && !v.empty() {
		r.mismatch(name, "id", v.kind)
	}
	return id
}

func (r row) decimal(name string) erpclient.Decimal {
	v := r.value(name)
	if v.empty() {
		return ""
	}
	n, ok := erpclient.ParseDecimal(v.text())
	if !ok {
		r.mismatch(name, typeNumber, v.kind)
	}
	return n
}

func (r row) flag(name string) bool {
	yes, ok := r.value(name).flag()
	if !ok {
		r.mismatch(name, typeBool, r.value(name).kind)
	}
	return yes
}

// moment reads text in one of the known layouts, or seconds or milliseconds since 1970 as number or text. Zero is unknown.
func (r row) moment(name string) erpclient.Moment {
	v := r.value(name)
	if v.empty() {
		return erpclient.Moment{}
	}
	m, ok := erpclient.ParseMoment(v.text(), r.zone)
	if !ok {
		m, ok = unixMoment(v, r.zone)
	}
	if !ok || m.Year() < 1 || m.Year() > 9999 {
		r.mismatch(name, "time", v.kind)
		return erpclient.Moment{}
	}
	if !m.IsZero() {
		m.Time = m.In(r.zone)
	}
	return m
}

func unixMoment(v value, zone *time.Location) (erpclient.Moment, bool) {
	n, ok := v.integer()
	if n == 0 {
		return erpclient.Moment{}, ok
	}
	return erpclient.MomentFromUnix(n, zone), ok
}

func (r row) day(name string) erpclient.Day { return r.moment(name).Day() }
