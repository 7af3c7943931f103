package main

import (
	"strings"
	"testing"
	"time"
)

func TestAFigureIsReachedUpToItsGoal(t *testing.T) {
	for _, tt := range []struct {
		figure figure
		row    string
	}{
		{atMost("calls", 20, 20, ""), "| calls | ≤ 20 | 20 | reached |"},
		{atMost("calls", 20.01, 20, ""), "| calls | ≤ 20 | 20.01 | NOT REACHED |"},
		{atLeast("share", 99, 99, " %"), "| share | ≥ 99 % | 99 % | reached |"},
		{atLeast("share", 98.99, 99, " %"), "| share | ≥ 99 % | 98.99 % | NOT REACHED |"},
		{within("slowest", 3*time.Second, 3*time.Second), "| slowest | ≤ 3 s | 3 s | reached |"},
		{within("slowest", 3010*time.Millisecond, 3*time.Second), "| slowest | ≤ 3 s | 3.01 s | NOT REACHED |"},
		{told("pace", "%d", 7), "| pace |  | 7 |  |"},
	} {
		var out strings.Builder
		printRows(&out, "row", []figure{tt.figure})
		if !strings.Contains(out.String(), tt.row) {
			t.Errorf("got  %s\nwant %s", out.String(), tt.row)
		}
		if got, want := allReached([]figure{told("x", ""), tt.figure}), !strings.Contains(tt.row, "NOT"); got != want {
			t.Errorf("%s: all reached is %t", tt.row, got)
		}
	}
}
