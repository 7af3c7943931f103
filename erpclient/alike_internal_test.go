package erpclient

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestNoLayoutIsLeftOutThatWouldFit keeps: sorting layouts out early changes nothing of what is read.
func TestNoLayoutIsLeftOutThatWouldFit(t *testing.T) {
	zone := time.FixedZone("CST", 8*60*60)
	moment := time.Date(2026, 1, 31, 9, 8, 7, 0, zone)
	for _, layout := range append(layouts, "2006-01-02 15:04:05.000", "2006-01-02T15:04:05.999999-07:00") {
		sameAsWithAll(t, moment.Format(layout))
	}
	for _, text := range []string{"", "2026", "2026-", "2026-01-31 9:08:07", "2026-01-31T9:08", "2026/1/1", "2026/12/1", "2026年1月1日", "2026年01月", "20260131x",
		"2026-01-31Z", "2026/01/31T10:20:30", "2026.01.31", "二〇二六年"} {
		sameAsWithAll(t, text)
	}
}

func FuzzAlike(f *testing.F) {
	for _, layout := range layouts {
		f.Add(layout)
	}
	f.Fuzz(sameAsWithAll)
}

// sameAsWithAll holds ParseMoment to the first of all layouts that fits.
func sameAsWithAll(t *testing.T, text string) {
	t.Helper()
	got, ok := ParseMoment(text, time.UTC)
	for _, layout := range layouts {
		if want, err := time.ParseInLocation(layout, strings.TrimSpace(text), time.UTC); err == nil {
			if !ok || !got.Equal(want) {
				t.Errorf("%q: got %v %v, want %v", text, got, ok, want)
			}
			return
		}
	}
	if ok {
		t.Errorf("%q: got %v, and no layout fits", text, got)
	}
}

func FuzzJSONNumber(f *testing.F) {
	for _, seed := range []string{"0", "-0", "1.50", "1e9", "1E-7", "01", "1.", ".5", "-", "1e", "1e+", "", "0x1", "1e5.", "--1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := text != "" && (text[0] == '-' || isDigit(text[0])) && isDigit(text[len(text)-1]) && json.Valid([]byte(text))
		if got := isJSONNumber(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	})
}
