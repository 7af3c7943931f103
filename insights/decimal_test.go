package insights

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestOnlyPlainNumbersOfBearableSizeAreTaken(t *testing.T) {
	for _, good := range []Decimal{"0", "-0", "12", "-12.50", "1e3", "1E-6", "999999999999999999"} {
		if _, err := exact("p", good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	bad := []Decimal{"", " 1", "1 ", "+1", "01", ".5", "5.", "1_000", "0x10", "1/3", "NaN", "Inf", "[1]", "null", "true", "1e999999999",
		"1e-999999999", "1e31", "1000000000000000001", "-1e19", Decimal("0." + strings.Repeat("3", 60))}
	for _, d := range bad {
		_, err := exact("p", d)
		var refused *Error
		if !errors.As(err, &refused) || refused.Param != "p" {
			t.Errorf("%q: got %v, want an Error that names p", d, err)
		}
		if d != "" && strings.Contains(err.Error(), string(d)) {
			t.Errorf("%q: the error quotes the value: %v", d, err)
		}
	}
}

func TestExactValuesKeepAllTheirDigits(t *testing.T) {
	for in, want := range map[Decimal]Decimal{"1.50": "1.5", "-0": "0", "1e3": "1000", "0.000001": "0.000001", "-12.10": "-12.1"} {
		r, err := exact("p", in)
		if err != nil {
			t.Fatal(err)
		}
		if got := written(r); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestDecimalsAreNumbersInJSONAndUnknownIsNull(t *testing.T) {
	got, err := json.Marshal([]Decimal{"12.5", ""})
	if err != nil || string(got) != "[12.5,null]" {
		t.Errorf("got %s, %v", got, err)
	}
}
