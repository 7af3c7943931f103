package erpclient_test

import (
	"encoding/json"
	"strings"
	"testing"

	"snowgate/erpclient"
)

func TestParseDecimalKeepsTheERPsDigits(t *testing.T) {
	tests := []struct {
		text string
		want erpclient.Decimal
		ok   bool
	}{
		{"0", "0", true}, {"1234.50", "1234.50", true}, {"-0.10", "-0.10", true}, {" 12 ", "12", true}, {"+3.5", "3.5", true},
		{"1,234,567.80", "1234567.80", true}, {"1e3", "1e3", true}, {"1.5E-7", "1.5E-7", true},
		{"12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678", true},
		{"", "", false}, {" ", "", false}, {"abc", "", false}, {"12 pcs", "", false}, {"1.", "", false}, {".5", "", false},
		{"007", "", false}, {"--1", "", false}, {"+-1", "-1", true}, {"NaN", "", false}, {"Infinity", "", false}, {"null", "", false},
		{"true", "", false}, {`"1"`, "", false}, {"[1]", "", false}, {"0x10", "", false}, {"1_000", "", false}, {"１２", "", false},
		{"1 2", "", false}, {"1\n", "1", true}, {"1\x00", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, ok := erpclient.ParseDecimal(tt.text)
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %q, %v, want %q, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzWhatParseDecimalAcceptsIsAJSONNumber(f *testing.F) {
	for _, seed := range []string{"1", "1,234.50", "+1e9", "-0", "0x1", " 5 ", "1.", "null", "-", "1e", "\u0661"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := erpclient.ParseDecimal(text)
		if !ok {
			if d != "" {
				t.Errorf("refused %q and returned %q", text, d)
			}
			return
		}
		var n json.Number
		if err := json.Unmarshal([]byte(d), &n); err != nil {
			t.Errorf("%q became %q: %v", text, d, err)
		}
		if _, err := json.Marshal(d); err != nil {
			t.Errorf("%q became %q, which cannot be written: %v", text, d, err)
		}
	})
}

func TestADecimalIsANumberOrNullInJSON(t *testing.T) {
	type row struct{ D erpclient.Decimal }
	for text, want := range map[string]erpclient.Decimal{
		`{"D":1234.50}`: "1234.50", `{"D":null}`: "", `{"D":-1e-7}`: "-1e-7", `{"D":0}`: "0",
	} {
		var got row
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.D != want {
			t.Errorf("%s: got %q, %v, want %q", text, got.D, err, want)
		}
		back, err := json.Marshal(row{want})
		if err != nil || string(back) != text {
			t.Errorf("%q: got %s, %v, want %s", want, back, err, text)
		}
	}
	for _, text := range []string{`{"D":true}`, `{"D":{}}`, `{"D":"x"}`, `{"D":[]}`} {
		if err := json.Unmarshal([]byte(text), new(row)); err == nil {
			t.Errorf("%s: accepted", text)
		}
	}
}

func TestRatesAreSharesBetweenNoughtAndOne(t *testing.T) {
	tests := []struct{ rate, want erpclient.Decimal }{
		{"", ""}, {"0", "0"}, {"0.5", "0.5"}, {"1", "1"}, {"1.00", "1"}, {"50", "0.5"}, {"100", "1"}, {"33.333333", "0.3333"},
		{"0.123456", "0.1235"}, {"150", "1"}, {"1000", "1"}, {"-1", "0"}, {"0.00001", "0"}, {"0.1", "0.1"}, {"0.10", "0.1"},
	}
	for _, tt := range tests {
		if got := tt.rate.Rate(); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.rate, got, tt.want)
		}
	}
}

func TestShareIsPartOfWhole(t *testing.T) {
	tests := []struct{ part, whole, want erpclient.Decimal }{
		{"5", "10", "0.5"}, {"0", "10", "0"}, {"10", "10", "1"}, {"12", "10", "1"}, {"-1", "10", "0"}, {"1", "3", "0.3333"},
		{"", "10", ""}, {"5", "", ""}, {"5", "0", ""}, {"5", "-1", ""}, {"", "", ""},
	}
	for _, tt := range tests {
		if got := erpclient.Share(tt.part, tt.whole); got != tt.want {
			t.Errorf("%q of %q: got %q, want %q", tt.part, tt.whole, got, tt.want)
		}
	}
}

// Whatever an ERP sends as a rate, what comes out is a number from 0 to 1 that JSON can carry.
func FuzzRateStaysBetweenNoughtAndOne(f *testing.F) {
	for _, seed := range []string{"0.5", "99.99", "1e308", "-1e308", "1e-308"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := erpclient.ParseDecimal(text)
		if !ok {
			t.Skip("not a number")
		}
		rate := d.Rate()
		if f := rate.Float(); f < 0 || f > 1 || !json.Valid([]byte(rate)) || strings.HasSuffix(string(rate), ".") {
			t.Errorf("%q became %q", text, rate)
		}
	})
}
