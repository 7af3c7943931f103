package erpclient_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// figure is the value of one sample, such as name{label="value"}; a histogram's is its count.
func figure(t *testing.T, g prometheus.Gatherer, sample string) (value float64, found bool) {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			name := family.GetName()
			if len(labels) > 0 {
				name += "{" + strings.Join(labels, ",") + "}"
			}
			if name == sample {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()), true
			}
		}
	}
	return 0, false
}

func wantFigure(t *testing.T, g prometheus.Gatherer, sample string, want float64) {
	t.Helper()
	if got, found := figure(t, g, sample); !found || got != want {
		t.Errorf("%s is %v (found: %v), want %v", sample, got, found, want)
	}
}
