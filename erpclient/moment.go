package erpclient

import (
	"encoding/json"
	"strings"
	"time"
)

// Day is a calendar day such as "2026-01-31"; "" is unknown and null in JSON.
type Day string

// MarshalJSON writes the day as a string, or null.
func (d Day) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(d))
}

// Moment is a point in time, RFC 3339 with the zone in JSON; the zero value is unknown and null.
type Moment struct{ time.Time }

// MarshalJSON writes RFC 3339 in the moment's own zone, or null.
func (m Moment) MarshalJSON() ([]byte, error) {
	if m.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(m.Format(time.RFC3339))
}

// UnmarshalJSON reads RFC 3339 or null.
func (m *Moment) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*m = Moment{}
		return nil
	}
	return json.Unmarshal(b, &m.Time)
}

// Day is the calendar day of the moment in its zone.
func (m Moment) Day() Day {
	if m.IsZero() {
		return ""
	}
	return Day(m.Format(time.DateOnly))
}

// layouts are the ways in which ERPs were seen, or have to be expected, to write a time.
var layouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04", time.DateOnly,
	"2006/01/02 15:04:05", "2006/01/02 15:04", "2006/01/02", "2006/1/2", "2006年01月02日", "2006年1月2日", "20060102",
}

// ParseMoment reads a day or a time as ERPs write them; text without a zone is in the ERP's zone. It reports false for
// anything else, so that a caller can tell drift from absence.
func ParseMoment(text string, zone *time.Location) (Moment, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range layouts {
		if !alike(layout, text) {
			continue
		}
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return Moment{t}, true
		}
	}
	return Moment{}, false
}

// alike sorts out most layouts that a text cannot have, by what stands behind the year and behind the day: an attempt that
// fails makes four objects, and a page of orders has forty days on it.
func alike(layout, text string) bool {
	const year, day = len("2006"), len("2006-01-02")
	if len(text) <= year {
		return false
	}
	if isDigit(layout[year]) || isDigit(text[year]) {
		return isDigit(layout[year]) && isDigit(text[year])
	}
	if layout[year] != text[year] {
		return false
	}
	return len(layout) <= day || layout[day] != 'T' && layout[day] != ' ' || len(text) > day && text[day] == layout[day]
}

// MomentFromUnix reads seconds or milliseconds since 1970: above 10^11 only milliseconds make sense (10^11 s is the year 5138).
func MomentFromUnix(n int64, zone *time.Location) Moment {
	if n > 1e11 || n < -1e11 {
		return Moment{time.UnixMilli(n).In(zone)}
	}
	return Moment{time.Unix(n, 0).In(zone)}
}
