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

// ParseDay reads the day of a text as most ERPs write it, "2026-01-31" alone or before a time of day without a zone, and
// looks at no zones and no other layouts: a page of orders has forty. It reports false for anything else.
func ParseDay(text string) (Day, bool) {
	if len(text) < len(time.DateOnly) || !isClock(text[len(time.DateOnly):]) || text[4] != '-' || text[7] != '-' {
		return "", false
	}
	year, month, day := number(text[:4]), time.Month(number(text[5:7])), number(text[8:10])
	if year < 1 || month < time.January || month > time.December || day < 1 || day > daysIn(year, month) {
		return "", false
	}
	return Day(text[:len(time.DateOnly)]), true
}

// isClock knows " 15:04:05" with a blank or a T, and nothing.
func isClock(text string) bool {
	if text == "" {
		return true
	}
	return len(text) == len("T15:04:05") && (text[0] == ' ' || text[0] == 'T') && text[3] == ':' && text[6] == ':' &&
		inRange(text[1:3], 24) && inRange(text[4:6], 60) && inRange(text[7:9], 60)
}

func inRange(digits string, limit int) bool {
	n := number(digits)
	return n >= 0 && n < limit
}

// number is -1 for what is not digits alone.
func number(digits string) (n int) {
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return -1
		}
		n = 10*n + int(digits[i]-'0')
	}
	return n
}

// usual is the moment of a text whose day ParseDay has read.
func usual(text string, zone *time.Location) Moment {
	hour, minute, second := 0, 0, 0
	if len(text) > len(time.DateOnly) {
		hour, minute, second = number(text[11:13]), number(text[14:16]), number(text[17:19])
	}
	return Moment{time.Date(number(text[:4]), time.Month(number(text[5:7])), number(text[8:10]), hour, minute, second, 0, zone)}
}

func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	default:
		return 31
	}
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
	if _, ok := ParseDay(text); ok {
		return usual(text, zone), true
	}
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
