package snowbeasts

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"snowgate/erpclient"
	"snowgate/erpclient/wire"
)

func mustParse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// rowOf makes a row of one field, and collects the drift that reading it reports.
func rowOf(t *testing.T, raw string) (row, *[]erpclient.Drift) {
	t.Helper()
	var rec record
	if err := json.Unmarshal([]byte(`{"c":`+raw+`}`), &rec); err != nil {
		t.Fatal(err)
	}
	var seen []erpclient.Drift
	f := &form{name: "f", columns: map[string]string{"x": "c"}}
	log := &driftLog{op: "op", form: "f", sink: func(d erpclient.Drift) { seen = append(seen, d) }}
	return row{f, rec.fields, time.FixedZone("CST", 8*3600), log, nil}, &seen
}

func wantOne(t *testing.T, raw string, seen []erpclient.Drift, want, got string) {
	t.Helper()
	if want == "" {
		if len(seen) != 0 {
			t.Errorf("%s: reported %+v", raw, seen)
		}
		return
	}
	if d := (erpclient.Drift{Op: "op", Path: "f.c", Want: want, Got: got}); len(seen) != 1 || seen[0] != d {
		t.Errorf("%s: reported %+v, want %+v", raw, seen, d)
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	for _, tc := range []struct {
		raw   string
		want  erpclient.Decimal
		drift string
	}{
		{`12345.60`, "12345.60", ""}, {`"12345.60"`, "12345.60", ""}, {`" 1,234.50 "`, "1234.50", ""}, {`0`, "0", ""},
		{`-3`, "-3", ""}, {`"+7"`, "7", ""}, {`null`, "", ""}, {`""`, "", ""}, {`"  "`, "", ""},
		{`0.10000000000000000000001`, "0.10000000000000000000001", ""}, {`1e3`, "1e3", ""},
		{`"abc"`, "", "string"}, {`{}`, "", "object"}, {`[1]`, "", "array"}, {`true`, "", "bool"}, {`"0x1p4"`, "", "string"},
	} {
		r, seen := rowOf(t, tc.raw)
		if got := r.decimal("x"); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.raw, got, tc.want)
		}
		wantOne(t, tc.raw, *seen, map[bool]string{true: wire.Number}[tc.drift != ""], tc.drift)
	}
}

func TestIDsAreTextWithoutPointOrExponent(t *testing.T) {
	for _, tc := range []struct{ raw, want, drift string }{
		{`10001`, "10001", ""}, {`"10001"`, "10001", ""}, {`1e4`, "10000", ""}, {`10001.0`, "10001", ""}, {`" A-1 "`, "A-1", ""},
		{`9007199254740993`, "9007199254740993", ""}, {`123456789012345678901234567890`, "123456789012345678901234567890", ""},
		{`0`, "0", ""}, {`null`, "", ""}, {`""`, "", ""},
		{`1.5`, "", "number"}, {`1e999999999`, "", "number"}, {`1e300`, "", "number"}, {`true`, "", "bool"}, {`{"id":1}`, "", "object"},
	} {
		r, seen := rowOf(t, tc.raw)
		if got := r.id("x"); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.raw, got, tc.want)
		}
		wantOne(t, tc.raw, *seen, map[bool]string{true: "id"}[tc.drift != ""], tc.drift)
	}
}

func TestTextsAreTakenAsTheyAre(t *testing.T) {
	for _, tc := range []struct{ raw, want, drift string }{
		{`"包装 & \"纸箱\"\n\u4e2d"`, "包装 & \"纸箱\"\n中", ""}, {`773123000123`, "773123000123", ""}, {`null`, "", ""},
		{"\"a\xffb\"", "a\ufffdb", ""}, {`"\ud800"`, "\ufffd", ""},
		{`true`, "", "bool"}, {`{}`, "", "object"}, {`["a"]`, "", "array"},
	} {
		r, seen := rowOf(t, tc.raw)
		if got := r.text("x"); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.raw, got, tc.want)
		}
		wantOne(t, tc.raw, *seen, map[bool]string{true: wire.Text}[tc.drift != ""], tc.drift)
	}
}

func TestYesAndNo(t *testing.T) {
	for _, tc := range []struct {
		raw   string
		want  bool
		drift string
	}{
		{`true`, true, ""}, {`1`, true, ""}, {`1.0`, true, ""}, {`"1"`, true, ""}, {`"是"`, true, ""}, {`"TRUE"`, true, ""}, {`"已出库"`, true, ""},
		{`false`, false, ""}, {`0`, false, ""}, {`"0"`, false, ""}, {`"否"`, false, ""}, {`"false"`, false, ""}, {`null`, false, ""}, {`""`, false, ""},
		{`2`, false, "number"}, {`"maybe"`, false, "string"}, {`{}`, false, "object"}, {`[]`, false, "array"},
	} {
		r, seen := rowOf(t, tc.raw)
		if got := r.flag("x"); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.raw, got, tc.want)
		}
		wantOne(t, tc.raw, *seen, map[bool]string{true: wire.Bool}[tc.drift != ""], tc.drift)
	}
}

func TestTimesAreInTheERPsZone(t *testing.T) {
	for _, tc := range []struct {
		raw, want string
		drift     string
	}{
		{`"2026-01-31"`, "2026-01-31T00:00:00+08:00", ""}, {`"2026-01-31 09:05:00"`, "2026-01-31T09:05:00+08:00", ""},
		{`"2026-01-31 09:05:00.0"`, "2026-01-31T09:05:00+08:00", ""}, {`"2026-01-30T16:30:00Z"`, "2026-01-31T00:30:00+08:00", ""},
		{`"2026年1月31日"`, "2026-01-31T00:00:00+08:00", ""}, {`20260131`, "2026-01-31T00:00:00+08:00", ""},
		{`1769788800000`, "2026-01-31T00:00:00+08:00", ""}, {`1769788800`, "2026-01-31T00:00:00+08:00", ""},
		{`"1769788800000"`, "2026-01-31T00:00:00+08:00", ""}, {`1.7697888e12`, "2026-01-31T00:00:00+08:00", ""},
		{`null`, "null", ""}, {`""`, "null", ""}, {`0`, "null", ""},
		{`"soon"`, "null", "string"}, {`{}`, "null", "object"}, {`true`, "null", "bool"}, {`9000000000000000000`, "null", "number"},
		{`"0000-00-00"`, "null", "string"},
	} {
		r, seen := rowOf(t, tc.raw)
		got, err := json.Marshal(r.moment("x"))
		if err != nil {
			t.Fatal(err)
		}
		want := tc.want
		if want != "null" {
			want = `"` + want + `"`
			if day := r.day("x"); day != "2026-01-31" {
				t.Errorf("%s: got the day %q", tc.raw, day)
			}
		}
		if string(got) != want {
			t.Errorf("%s: got %s, want %s", tc.raw, got, want)
		}
		wantOne(t, tc.raw, *seen, map[bool]string{true: "time"}[tc.drift != ""], tc.drift)
	}
}

func TestStatusesThatAreNotKnownPassAsUnknown(t *testing.T) {
	for _, tc := range []struct {
		raw   string
		state erpclient.State
		text  string
		own   string
		drift string
	}{
		{`1`, erpclient.StateNotStarted, "未开始", "1", ""}, {`"2"`, erpclient.StateInProgress, "进行中", "2", ""},
		{`2.0`, erpclient.StateInProgress, "进行中", "2.0", ""}, {`"2.0"`, erpclient.StateInProgress, "进行中", "2.0", ""},
		{`4`, erpclient.StateDone, "已完成", "4", ""}, {`5e0`, erpclient.StateCancelled, "已取消", "5e0", ""},
		{`3`, erpclient.StateUnknown, "未知状态", "3", ""}, {`2.5`, erpclient.StateUnknown, "未知状态", "2.5", ""},
		{`"已审核"`, erpclient.StateUnknown, "未知状态", "已审核", ""}, {`null`, erpclient.StateUnknown, "未知状态", "", ""},
		{`{}`, erpclient.StateUnknown, "未知状态", "", "object"},
	} {
		r, seen := rowOf(t, tc.raw)
		got, own := r.status("x")
		if got.state != tc.state || got.text != tc.text || own != tc.own {
			t.Errorf("%s: got %s %s %q, want %s %s %q", tc.raw, got.state, got.text, own, tc.state, tc.text, tc.own)
		}
		wantOne(t, tc.raw, *seen, map[bool]string{true: wire.Number}[tc.drift != ""], tc.drift)
	}
}
