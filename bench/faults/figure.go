package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// figure is one line of the table. A figure without a goal is told for information.
type figure struct {
	did      string // what was done, where it differs from the line before
	what     string
	goal     string
	measured string
	missed   bool
}

// atMost is a figure that is reached when got does not exceed limit.
func atMost(what string, got, limit float64, unit string) figure {
	return figure{what: what, goal: "≤ " + plain(limit) + unit, measured: plain(got) + unit, missed: got > limit}
}

// atLeast is a figure that is reached when got is not below limit.
func atLeast(what string, got, limit float64, unit string) figure {
	return figure{what: what, goal: "≥ " + plain(limit) + unit, measured: plain(got) + unit, missed: got < limit}
}

// within is atMost for times.
func within(what string, got, limit time.Duration) figure {
	return figure{what: what, goal: "≤ " + tidy(limit), measured: tidy(got), missed: got > limit}
}

// told is a figure for information.
func told(what, format string, args ...any) figure {
	return figure{what: what, measured: fmt.Sprintf(format, args...)}
}

// describe puts what was done in front of the figures it led to.
func describe(did string, figures ...figure) []figure {
	figures[0].did = did
	return figures
}

func (f figure) verdict() string {
	switch {
	case f.goal == "":
		return ""
	case f.missed:
		return "NOT REACHED"
	default:
		return "reached"
	}
}

func allReached(figures []figure) bool {
	for _, f := range figures {
		if f.missed {
			return false
		}
	}
	return true
}

// plain writes a number with at most two decimals.
func plain(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", x), "0"), ".")
}

// tidy writes a time as it is spoken of: milliseconds below a second.
func tidy(d time.Duration) string {
	if d < time.Second {
		return plain(float64(d.Microseconds())/1000) + " ms"
	}
	return plain(d.Seconds()) + " s"
}

// percent is part of whole in per cent; of nothing it is 0.
func percent(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

func printHead(out io.Writer, l *lab) {
	_, _ = fmt.Fprintf(out, "%s\n\n| scenario | what was done | figure | to reach | measured | |\n|---|---|---|---|---|---|\n", l.machine())
}

func printRows(out io.Writer, name string, figures []figure) {
	for _, f := range figures {
		_, _ = fmt.Fprintf(out, "| %s | %s | %s | %s | %s | %s |\n", name, f.did, f.what, f.goal, f.measured, f.verdict())
		name = ""
	}
}
