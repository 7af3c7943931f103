package tryton

import (
	"encoding/json"
	"strconv"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// row reads a record's fields. One of another type than wanted is reported and reads as unknown; one that Tryton left
// empty is null and reads as unknown, too. The zero value is no record, and all of its fields are unknown.
type row struct {
	what   string // as it stands in drift reports: "sale.sale"
	fields map[string]json.RawMessage
	drift  *driftLog
}

// raw is a field that was asked for; "" and a report where it is not there.
func (r row) raw(name string) json.RawMessage {
	v, ok := r.fields[name]
	if !ok && r.fields != nil {
		r.mismatch(name, "present", "missing")
	}
	return v
}

func (r row) mismatch(name, want, got string) { r.drift.report(r.what+"."+name, want, got) }

// empty is a field that says nothing.
func empty(v json.RawMessage) bool { return len(v) == 0 || wire.TypeOf(v) == wire.Null }

func (r row) text(name string) string {
	v := r.raw(name)
	var text string
	if !empty(v) && (wire.TypeOf(v) != wire.Text || json.Unmarshal(v, &text) != nil) {
		r.mismatch(name, wire.Text, wire.TypeOf(v))
	}
	return text
}

// number is a whole number such as an id, 0 where there is none.
func (r row) number(name string) int64 {
	v := r.raw(name)
	if empty(v) {
		return 0
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		r.mismatch(name, "whole number", wire.TypeOf(v))
	}
	return n
}

// id is a record's, or that of the record which a field points to; "" where there is none.
func (r row) id(name string) string {
	if n := r.number(name); n != 0 {
		return formatID(n)
	}
	return ""
}

// flag is a yes or no. Stored ones come as 1 and 0 from SQLite, computed ones as true and false.
func (r row) flag(name string) bool {
	switch v := r.raw(name); string(v) {
	case "true", "1":
		return true
	case "false", "0", "null", "":
		return false
	default:
		r.mismatch(name, wire.Bool, wire.TypeOf(v))
		return false
	}
}

// decimal is an amount of money, or a quantity: the one has a class, the other is a float.
func (r row) decimal(name string) erpclient.Decimal {
	v := r.raw(name)
	if empty(v) {
		return ""
	}
	if wire.TypeOf(v) == wire.Number {
		return float(string(v))
	}
	if m, ok := decode(v); ok && m.Class == classDecimal {
		if n, ok := erpclient.ParseDecimal(m.Decimal); ok {
			return n
		}
	}
	r.mismatch(name, wire.Number, wire.TypeOf(v))
	return ""
}

func (r row) day(name string) erpclient.Day {
	v := r.raw(name)
	if empty(v) {
		return ""
	}
	if m, ok := decode(v); ok && m.Class == classDate {
		return erpclient.Day(m.moment().Format(time.DateOnly))
	}
	r.mismatch(name, classDate, wire.TypeOf(v))
	return ""
}

// moment is a time, shown in a zone.
func (r row) moment(name string, zone *time.Location) erpclient.Moment {
	v := r.raw(name)
	if empty(v) {
		return erpclient.Moment{}
	}
	if m, ok := decode(v); ok && m.Class == classDateTime {
		return erpclient.Moment{Time: m.moment().In(zone)}
	}
	r.mismatch(name, classDateTime, wire.TypeOf(v))
	return erpclient.Moment{}
}

// to is the record that a field points to, of which fields were asked for by a dot; no record where it points nowhere.
func (r row) to(name string) row {
	v := r.raw(name + ".")
	target := row{what: r.what + "." + name, drift: r.drift}
	if empty(v) {
		return target
	}
	if wire.TypeOf(v) != wire.Object || json.Unmarshal(v, &target.fields) != nil {
		r.mismatch(name+".", wire.Object, wire.TypeOf(v))
	}
	return target
}

// all are the records that a field points to.
func (r row) all(name string) []row {
	v := r.raw(name + ".")
	if empty(v) {
		return nil
	}
	rows, ok := rowsOf(v, r.what+"."+name, r.drift)
	if !ok {
		r.mismatch(name+".", wire.Array, wire.TypeOf(v))
	}
	return rows
}

// rowsOf reads a list of records; false for anything else.
func rowsOf(v json.RawMessage, what string, drift *driftLog) ([]row, bool) {
	var items []map[string]json.RawMessage
	if wire.TypeOf(v) != wire.Array || json.Unmarshal(v, &items) != nil {
		return nil, false
	}
	rows := make([]row, 0, len(items))
	for _, fields := range items {
		if fields == nil {
			fields = map[string]json.RawMessage{}
		}
		rows = append(rows, row{what: what, fields: fields, drift: drift})
	}
	return rows, true
}
