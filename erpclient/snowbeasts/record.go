package snowbeasts

import (
	"errors"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// record is one row, or what stands in its place.
type record struct {
	kind   string // wire.Object, or what came instead; "" when nothing came
	fields fields
}

// fields are a record's, as the ERP sent them.
type fields []field

type field struct {
	name string
	value
}

// get is the field of that name, of several the last one; a value that is not present where there is none.
func (f fields) get(name string) value {
	if at := f.index(name); at >= 0 {
		return f[at].value
	}
	return value{}
}

// index is where the field of that name stands, of several the last one; -1 where there is none.
func (f fields) index(name string) int {
	for i := len(f) - 1; i >= 0; i-- {
		if f[i].name == name {
			return i
		}
	}
	return -1
}

// errNoJSON is what encoding/json never lets us see: it has checked the text before.
var errNoJSON = errors.New("a record is no JSON")

// UnmarshalJSON takes any JSON, so that one odd row does not spoil its page.
func (r *record) UnmarshalJSON(b []byte) error {
	s := scanner{in: string(b)}
	if *r = s.record(0); !s.done() {
		return errNoJSON
	}
	return nil
}

// row reads a record by the gateway's names. A field of another type than wanted is reported and reads as unknown.
type row struct {
	form   *form
	fields fields
	zone   *time.Location
	drift  *driftLog
	places *places // of its page; nil: it is alone
}

func (r row) value(name string) value {
	if r.places != nil {
		return r.places.find(r.fields, r.form, name)
	}
	return r.fields.get(r.form.columns[name])
}

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
	if v.kind == wire.Object || v.kind == wire.Array || v.kind == wire.Bool {
		r.mismatch(name, wire.Text, v.kind)
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
		r.mismatch(name, wire.Number, v.kind)
	}
	return n
}

func (r row) flag(name string) bool {
	yes, ok := r.value(name).flag()
	if !ok {
		r.mismatch(name, wire.Bool, r.value(name).kind)
	}
	return yes
}

// moment reads text in one of the known layouts, or seconds or milliseconds since 1970 as number or text. Zero is unknown.
func (r row) moment(name string) erpclient.Moment { return r.momentIn(name, r.value(name)) }

func (r row) momentIn(name string, v value) erpclient.Moment {
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

// day is a piece of the ERP's text where that begins with it, as it mostly does.
func (r row) day(name string) erpclient.Day {
	v := r.value(name)
	if day, ok := erpclient.ParseDay(v.text()); ok {
		return day
	}
	return r.momentIn(name, v).Day()
}
