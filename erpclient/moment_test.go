package erpclient_test

import (
	"encoding/json"
	"testing"
	"time"

	"snowgate/erpclient"
)

var china = time.FixedZone("CST", 8*60*60)

func TestParseMomentReadsWhatERPsWrite(t *testing.T) {
	midnight := "2026-01-31T00:00:00+08:00"
	tests := []struct{ text, want string }{
		{"2026-01-31T10:20:30Z", "2026-01-31T10:20:30Z"},
		{"2026-01-31T10:20:30.5+02:00", "2026-01-31T10:20:30+02:00"},
		{"2026-01-31T10:20:30", "2026-01-31T10:20:30+08:00"},
		{"2026-01-31 10:20:30", "2026-01-31T10:20:30+08:00"},
		{"2026-01-31 10:20:30.123", "2026-01-31T10:20:30+08:00"},
		{"2026-01-31 10:20", "2026-01-31T10:20:00+08:00"},
		{"2026/01/31 10:20:30", "2026-01-31T10:20:30+08:00"},
		{"2026/01/31 10:20", "2026-01-31T10:20:00+08:00"},
		{"2026-01-31", midnight}, {"2026/01/31", midnight}, {"2026/1/31", midnight}, {"2026年01月31日", midnight},
		{"2026年1月31日", midnight}, {"20260131", midnight}, {"  2026-01-31\t", midnight},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, ok := erpclient.ParseMoment(tt.text, china)
			if !ok || got.Format(time.RFC3339) != tt.want {
				t.Errorf("got %s, %v, want %s", got.Format(time.RFC3339), ok, tt.want)
			}
		})
	}
	for _, text := range []string{"", " ", "yesterday", "2026-02-30", "2026-13-01", "0000-00-00", "31.01.2026", "2026", "-", "null", "2026-01-31x"} {
		if got, ok := erpclient.ParseMoment(text, china); ok || !got.IsZero() {
			t.Errorf("%q: got %s, %v, want it refused", text, got, ok)
		}
	}
}

func TestMomentFromUnixTellsSecondsFromMilliseconds(t *testing.T) {
	tests := []struct {
		n    int64
		want string
	}{
		{0, "1970-01-01T08:00:00+08:00"},
		{1769826030, "2026-01-31T10:20:30+08:00"},
		{1769826030000, "2026-01-31T10:20:30+08:00"},
		{-86400, "1969-12-31T08:00:00+08:00"},
		{-1769826030000, "1913-12-02T05:39:30+08:00"},
	}
	for _, tt := range tests {
		if got := erpclient.MomentFromUnix(tt.n, china).Format(time.RFC3339); got != tt.want {
			t.Errorf("%d: got %s, want %s", tt.n, got, tt.want)
		}
	}
}

func TestMomentsAndDaysInJSON(t *testing.T) {
	moment, _ := erpclient.ParseMoment("2026-01-31 10:20:30", china)
	type row struct {
		M erpclient.Moment
		D erpclient.Day
	}
	tests := []struct {
		name string
		row  row
		want string
	}{
		{"known", row{moment, moment.Day()}, `{"M":"2026-01-31T10:20:30+08:00","D":"2026-01-31"}`},
		{"unknown", row{}, `{"M":null,"D":null}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := json.Marshal(tt.row)
			if err != nil || string(b) != tt.want {
				t.Fatalf("got %s, %v, want %s", b, err, tt.want)
			}
			var back row
			if err := json.Unmarshal(b, &back); err != nil || !back.M.Equal(tt.row.M.Time) || back.D != tt.row.D {
				t.Errorf("read back %+v, %v, want %+v", back, err, tt.row)
			}
		})
	}
	if err := json.Unmarshal([]byte(`{"M":"31.01."}`), new(row)); err == nil {
		t.Error("a moment in words was accepted")
	}
	if day := (erpclient.Moment{}).Day(); day != "" {
		t.Errorf("the unknown moment's day is %q", day)
	}
}

// A day is the one on the calendar where the ERP stands, not the one in Greenwich.
func TestADayIsTheZonesOwn(t *testing.T) {
	late, _ := erpclient.ParseMoment("2026-01-31T17:00:00Z", china)
	if got := (erpclient.Moment{Time: late.In(china)}).Day(); got != "2026-02-01" {
		t.Errorf("got %s, want 2026-02-01", got)
	}
}
