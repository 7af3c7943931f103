package wire_test

import (
	"encoding/json"
	"testing"

	"snowgate/erpclient/wire"
)

func TestTypesGoByTheFirstByte(t *testing.T) {
	for text, want := range map[string]string{
		"": "", `"a"`: wire.Text, "{}": wire.Object, "[]": wire.Array, "true": wire.Bool, "false": wire.Bool, "null": wire.Null, "0": wire.Number, "-1": wire.Number,
	} {
		if got := wire.TypeOf([]byte(text)); got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

// An id is the same however it is written, and a number that is none is no id.
func TestWholeNumbers(t *testing.T) {
	for raw, want := range map[string]string{
		"10001": "10001", "10001.0": "10001", "1e3": "1000", "-7": "-7", "12345678901234567890": "12345678901234567890",
		"1.5": "", "1e300": "", "": "", "x": "", "12345678901234567890.0": "",
	} {
		if got := wire.WholeNumber(raw); got != want {
			t.Errorf("%q is %q, want %q", raw, got, want)
		}
	}
}

func TestIDsOfDigitsAreNumbers(t *testing.T) {
	for id, want := range map[string]any{"501": json.Number("501"), "0": json.Number("0"), "007": "007", "A-1": "A-1", "": "", "１": "１"} {
		if got := wire.ID(id); got != want {
			t.Errorf("%q is sent as %#v, want %#v", id, got, want)
		}
	}
}
