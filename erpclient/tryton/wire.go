package tryton

import (
	"encoding/json"
	"strings"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

// Tryton marks in JSON what JSON has no type for: objects with a "__class__" (trytond.protocols.jsonrpc).
const (
	classDecimal  = "Decimal"
	classDate     = "date"
	classDateTime = "datetime"
)

// marked is such an object, with the fields of all classes that this driver meets.
type marked struct {
	Class       string `json:"__class__"`
	Decimal     string `json:"decimal,omitempty"`
	Year        int    `json:"year,omitempty"`
	Month       int    `json:"month,omitempty"`
	Day         int    `json:"day,omitempty"`
	Hour        int    `json:"hour,omitempty"`
	Minute      int    `json:"minute,omitempty"`
	Second      int    `json:"second,omitempty"`
	Microsecond int    `json:"microsecond,omitempty"`
}

// sentDecimal is money as Tryton wants it; a JSON number would become a float there.
func sentDecimal(d erpclient.Decimal) marked { return marked{Class: classDecimal, Decimal: string(d)} }

// sentDay is a day; false for what is none.
func sentDay(day erpclient.Day) (marked, bool) {
	t, err := time.Parse(time.DateOnly, string(day))
	return marked{Class: classDate, Year: t.Year(), Month: int(t.Month()), Day: t.Day()}, err == nil
}

// moment is a date or a time. Tryton's times are UTC: the server sets its own zone to that.
func (m marked) moment() time.Time {
	return time.Date(m.Year, time.Month(m.Month), m.Day, m.Hour, m.Minute, m.Second, m.Microsecond*1000, time.UTC)
}

// decode reads an object with a class; false for anything else.
func decode(b json.RawMessage) (m marked, ok bool) {
	return m, wire.TypeOf(b) == wire.Object && json.Unmarshal(b, &m) == nil && m.Class != ""
}

// float trims what Python writes behind a float that is whole: 10.0 is ten. All other digits stay.
func float(text string) erpclient.Decimal { return erpclient.Decimal(strings.TrimSuffix(text, ".0")) }
