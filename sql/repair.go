package sql

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// maxText is what a TEXT column holds, in bytes.
const maxText = 65535

// varchar makes s fit VARCHAR(limit): valid UTF-8, no NUL, at most limit runes.
func varchar(s string, limit int) string {
	s = repair(s)
	if len(s) <= limit {
		return s
	}
	runes := 0
	for i := range s {
		if runes == limit {
			return s[:i]
		}
		runes++
	}
	return s
}

// text makes s fit a TEXT column, which counts bytes where VARCHAR counts runes.
func text(s string) string {
	s = repair(s)
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// repair puts U+FFFD where bytes are not UTF-8 (MySQL refuses the row) or NUL (tools stop reading there).
func repair(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	}
	return s
}

// key checks a primary key. It is never cut or repaired: two long keys could become one, and a row would vanish.
func key(column, s string) error {
	if s == "" || utf8.RuneCountInString(s) > 64 || repair(s) != s {
		return fmt.Errorf("%w: %s must be 1 to 64 characters of UTF-8", ErrRefused, column)
	}
	return nil
}

// ascii tells whether s is at most limit visible ASCII characters.
func ascii(s string, limit int) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(s) <= limit
}

// stamp is the time as both dialects keep it, so that a row reads the same from either. No time means now, as the
// columns' own defaults say.
func stamp(t time.Time) time.Time {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC().Truncate(time.Millisecond)
}

// integer fits n into an INT column.
func integer[N int | int64](n N) N {
	return N(min(max(int64(n), math.MinInt32), math.MaxInt32))
}
