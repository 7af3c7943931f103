package erpclient

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Decimal is a number with the ERP's own digits: money and quantities never pass through a float64.
// The zero value "" means the ERP said nothing and is null in JSON.
type Decimal string

// ParseDecimal accepts text that is a JSON number, also with surrounding spaces, a leading plus sign or thousands
// separators ("1,234.50"), as ERPs write numbers into strings. It reports false for anything else.
func ParseDecimal(text string) (Decimal, bool) {
	if isJSONNumber(text) {
		return Decimal(text), true
	}
	s := strings.TrimPrefix(strings.ReplaceAll(strings.TrimSpace(text), ",", ""), "+")
	if !isJSONNumber(s) {
		return "", false
	}
	return Decimal(s), true
}

// isJSONNumber follows the grammar of RFC 8259 §6: an integer without leading zeros, a fraction, an exponent.
func isJSONNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole := leadingDigits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	s = s[whole:]
	if strings.HasPrefix(s, ".") {
		fraction := leadingDigits(s[1:])
		if fraction == 0 {
			return false
		}
		s = s[1+fraction:]
	}
	if s == "" {
		return true
	}
	if s[0]|0x20 != 'e' {
		return false
	}
	s = s[1:]
	if s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && leadingDigits(s) == len(s)
}

func leadingDigits(s string) (n int) {
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// MarshalJSON writes the digits as they are, or null.
func (d Decimal) MarshalJSON() ([]byte, error) {
	if d == "" {
		return []byte("null"), nil
	}
	return []byte(d), nil
}

// UnmarshalJSON reads a JSON number or null.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*d = ""
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return err
	}
	*d = Decimal(n.String())
	return nil
}

// Float is the value for ratios and comparisons, never for money. Unknown is 0.
func (d Decimal) Float() float64 {
	f, err := strconv.ParseFloat(string(d), 64)
	if err != nil {
		return 0
	}
	return f
}

// Rate turns a share into 0..1. Snowbeasts' rates are fractions, but percentages have to be expected: above 1 the value
// is divided by 100, and what is still outside is clamped. Unknown stays unknown.
func (d Decimal) Rate() Decimal {
	if d == "" || d.isRatio() {
		return d // as most come
	}
	f := d.Float()
	if f > 1 {
		f /= 100
	}
	return Decimal(appendRatio(nil, f))
}

// isRatio reports whether the digits are what appendRatio writes: 0, 1, or up to four places that end in no zero.
func (d Decimal) isRatio() bool {
	if d == "0" || d == "1" {
		return true
	}
	return len(d) > 2 && len(d) <= len("0.1234") && d[:2] == "0." && leadingDigits(string(d[2:])) == len(d)-2 && d[len(d)-1] != '0'
}

// Share is part/whole as a rate; unknown when the whole is.
func Share(part, whole Decimal) Decimal {
	if part == "" || whole.Float() <= 0 {
		return ""
	}
	return Decimal(appendRatio(nil, part.Float()/whole.Float()))
}

// appendRatio clamps to 0..1 and keeps four places: a hundredth of a percent is more than any progress bar shows.
func appendRatio(to []byte, f float64) []byte {
	to = strconv.AppendFloat(to, min(max(f, 0), 1), 'f', 4, 64)
	return bytes.TrimSuffix(bytes.TrimRight(to, "0"), []byte("."))
}
