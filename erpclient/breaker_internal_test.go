package erpclient

import (
	"testing"

	"github.com/sony/gobreaker/v2"
)

func TestTripped(t *testing.T) {
	tests := []struct {
		name   string
		counts gobreaker.Counts
		want   bool
	}{
		{"nothing yet", gobreaker.Counts{}, false},
		{"4 in a row", gobreaker.Counts{Requests: 4, TotalFailures: 4, ConsecutiveFailures: 4}, false},
		{"5 in a row", gobreaker.Counts{Requests: 5, TotalFailures: 5, ConsecutiveFailures: 5}, true},
		{"5 in a row of 19", gobreaker.Counts{Requests: 19, TotalFailures: 5, ConsecutiveFailures: 5}, true},
		{"5 in a row of a thousand are chance", gobreaker.Counts{Requests: 1000, TotalFailures: 5, ConsecutiveFailures: 5}, false},
		{"14 in a row of a thousand", gobreaker.Counts{Requests: 1000, TotalFailures: 14, ConsecutiveFailures: 14}, false},
		{"15 in a row of a thousand", gobreaker.Counts{Requests: 1000, TotalFailures: 15, ConsecutiveFailures: 15}, true},
		{"half of 19", gobreaker.Counts{Requests: 19, TotalFailures: 10, ConsecutiveFailures: 1}, false},
		{"half of 20", gobreaker.Counts{Requests: 20, TotalFailures: 10, ConsecutiveFailures: 1}, true},
		{"less than half of 20", gobreaker.Counts{Requests: 20, TotalFailures: 9, ConsecutiveFailures: 1}, false},
		{"less than half of 21", gobreaker.Counts{Requests: 21, TotalFailures: 10, ConsecutiveFailures: 1}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tripped(tt.counts); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
