package erpclient_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"snowgate/erpclient"
)

// Whatever an ERP writes for a time, what is taken for one can be written as RFC 3339 and read back the same, and its day
// is a day.
func FuzzMoments(f *testing.F) {
	for _, text := range []string{
		"2026-01-31", "2026/1/2", "2026年1月2日", "20260102", "2026-01-31T12:00:00+08:00", "2026-01-31 12:00", " 2026-01-31 12:00:59 ", "2024-02-29T23:59:59", "2026-01-31 24:00:00", "0000-01-01", "0001-01-01",
		"9999-12-31T23:59:59-23:59", "2026-02-30", "24:00", "2026-01-31T12:00:00.999999999Z",
	} {
		f.Add(text, int64(1769817600000))
	}
	f.Add("", int64(-1<<63))
	f.Add("", int64(1<<63-1))
	zone := time.FixedZone("CST", 8*60*60)
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		if m, ok := erpclient.ParseMoment(text, zone); ok {
			comesBack(t, m)
		} else if !m.IsZero() {
			t.Errorf("%q was refused and became %s", text, m)
		}
		if day, ok := erpclient.ParseDay(text); ok {
			slow, err := time.ParseInLocation(time.DateTime, strings.Replace(text, "T", " ", 1), zone)
			if len(text) == len(time.DateOnly) {
				slow, err = time.ParseInLocation(time.DateOnly, text, zone)
			}
			fast, _ := erpclient.ParseMoment(text, zone)
			if err != nil || !fast.Equal(slow) || fast.Day() != day {
				t.Errorf("%q: the fast way reads %s and the day %s, package time %s, %v", text, fast, day, slow, err)
			}
		}
		if m := erpclient.MomentFromUnix(unix, zone); m.Year() >= 1 && m.Year() <= 9999 {
			comesBack(t, m)
		}
	})
}

func comesBack(t *testing.T, m erpclient.Moment) {
	t.Helper()
	if day := m.Day(); day != "" {
		if _, err := time.Parse(time.DateOnly, string(day)); err != nil {
			t.Errorf("%s is on the day %q", m, day)
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatalf("%s cannot be written: %v", m, err)
	}
	var again erpclient.Moment
	if err := json.Unmarshal(text, &again); err != nil || !again.Equal(m.Truncate(time.Second)) {
		t.Errorf("%s became %s (%v)", m, again, err)
	}
}

// Whatever JSON stands in a number's place, a Decimal that was read can be written again.
func FuzzDecimalJSON(f *testing.F) {
	for _, text := range []string{"1.50", "null", `"7"`, `""`, "-0", "1e400", "[]", "true", `"0x1"`, " 2 "} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var d erpclient.Decimal
		if json.Unmarshal(raw, &d) != nil {
			return
		}
		text, err := json.Marshal(d)
		if err != nil || !json.Valid(text) {
			t.Errorf("%q was taken and cannot be written: %v", raw, err)
		}
	})
}
