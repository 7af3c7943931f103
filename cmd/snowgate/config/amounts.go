package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The values that carry a unit. Bare numbers are refused: nobody should have to guess whether 30 means seconds.

func duration(at *time.Duration, lowest, highest time.Duration) value {
	parse := func(s string) (time.Duration, error) {
		d, err := parseDuration(s)
		if err != nil || d < lowest || d > highest {
			return 0, fmt.Errorf("must be a duration such as 500ms, 2.5s, 15m or 90d, from %s to %s",
				formatDuration(lowest), formatDuration(highest))
		}
		return d, nil
	}
	return scalar[time.Duration]{at: at, parse: parse, format: formatDuration}
}

var errDuration = errors.New("not a duration")

// parseDuration reads what time.ParseDuration reads and days before it: 90d, 1d12h.
func parseDuration(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 32)
	if err != nil || n > math.MaxInt64/uint64(day) {
		return 0, errDuration
	}
	whole := time.Duration(n) * day
	if rest == "" {
		return whole, nil
	}
	part, err := time.ParseDuration(rest)
	if err != nil || part < 0 || part >= day {
		return 0, errDuration
	}
	return whole + part, nil
}

// formatDuration is the shortest text that parseDuration reads back.
func formatDuration(d time.Duration) string {
	if d != 0 && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// units from the largest, so that formatting finds the shortest form first.
var units = []struct {
	name  string
	bytes int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// maxSize keeps the product within int64 with room to add.
const maxSize = 1 << 50

func size(at *int64) value {
	return scalar[int64]{at: at, parse: parseSize, format: formatSize}
}

func parseSize(s string) (int64, error) {
	for _, u := range units {
		digits, found := strings.CutSuffix(s, u.name)
		if !found {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err == nil && n > 0 && n <= maxSize/u.bytes {
			return n * u.bytes, nil
		}
	}
	return 0, errors.New("must be a size such as 64KiB, 512MiB or 1GiB")
}

func formatSize(n int64) string {
	for _, u := range units {
		if n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// Rate is so many events per period. The zero value means no limit.
type Rate struct {
	Count int
	Per   time.Duration
}

// None says that there is no limit.
func (r Rate) None() bool { return r.Count == 0 }

// String gives the form in which a rate is configured: 20/s, 5/15m, 0.
func (r Rate) String() string {
	if r.None() {
		return "0"
	}
	per := formatDuration(r.Per)
	if unit, single := strings.CutPrefix(per, "1"); single && strings.Trim(unit, "smhd") == "" {
		per = unit
	}
	return strconv.Itoa(r.Count) + "/" + per
}

func rate(at *Rate) value {
	return scalar[Rate]{at: at, parse: parseRate, format: Rate.String}
}

var errRate = errors.New("must be a rate such as 20/s, 30/m or 5/15m, or 0 for no limit")

func parseRate(s string) (Rate, error) {
	if s == "0" {
		return Rate{}, nil
	}
	digits, per, found := strings.Cut(s, "/")
	n, err := strconv.ParseUint(digits, 10, 31)
	if !found || err != nil || n == 0 {
		return Rate{}, errRate
	}
	d, err := parsePeriod(per)
	if err != nil {
		return Rate{}, errRate
	}
	return Rate{Count: int(n), Per: d}, nil
}

// parsePeriod reads a duration or a bare unit: s, m, h, d.
func parsePeriod(s string) (time.Duration, error) {
	if len(s) == 1 {
		s = "1" + s
	}
	d, err := parseDuration(s)
	if err != nil || d < time.Millisecond || d > 30*day {
		return 0, errDuration
	}
	return d, nil
}
