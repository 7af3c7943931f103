package gateway

import (
	"errors"
	"strings"
	"testing"
)

// The printed list has every problem with its code, the codes in order.
func TestPrintCatalogue(t *testing.T) {
	var out strings.Builder
	if err := PrintCatalogue(&out); err != nil {
		t.Fatal(err)
	}
	last := ""
	for line := range strings.Lines(out.String()) {
		if code := strings.Fields(line)[0]; code != "→" {
			if code < last {
				t.Errorf("%s stands after %s", code, last)
			}
			last = code
		}
	}
	for _, p := range catalogue {
		if !strings.Contains(out.String(), "  "+p.Name+"  ") || !strings.Contains(out.String(), p.HintEN) {
			t.Errorf("%s is missing:\n%s", p.Name, out.String())
		}
	}
	if err := PrintCatalogue(full{}); err == nil {
		t.Error("a full disk was not noticed")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }
