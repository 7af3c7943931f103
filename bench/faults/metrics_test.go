package main

import "testing"

func TestSamplesAreAddedUpByNameAndLabels(t *testing.T) {
	page := readPage(`# HELP calls_total Calls.
# TYPE calls_total counter
calls_total{channel="primary",reused="true"} 90
calls_total{channel="standby",reused="true"} 9
calls_total{channel="primary",reused="false"} 1
calls_total_more 5
plain 2.5e+01
`)
	for _, tt := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"calls_total", nil, 100},
		{"calls_total", []string{`reused="true"`}, 99},
		{"calls_total", []string{`reused="true"`, `channel="primary"`}, 90},
		{"plain", nil, 25},
		{"absent", nil, 0},
	} {
		if got := page.sum(tt.name, tt.labels...); got != tt.want {
			t.Errorf("%s %v: got %g, want %g", tt.name, tt.labels, got, tt.want)
		}
	}
}
