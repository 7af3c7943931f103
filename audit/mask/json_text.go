package mask

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// token is a JSON string.
type token struct {
	text   string // what it means, as valid UTF-8
	quoted string // as it stands in the document
	// plain: it means what stands there, and isHarmless.
	plain bool
}

// What a byte within a string may be. Together they tell at one glance whether there is anything to do about the string
// (BenchmarkJSON: a third of the time).
const (
	aDigit   = 1 << iota // the lowest bit, so that they can be counted
	aSign                // isHarmless stops at it
	aForeign             // not ASCII: to be checked
	anEnd                // of the string, or its escapes and faults
)

var looks = func() (table [256]byte) {
	for c := range table {
		switch {
		case c == '"' || c == '\\' || c < ' ':
			table[c] = anEnd
		case c == ' ' || c == ':' || c == '=' || c == '{' || c == '[':
			table[c] = aSign
		case c >= utf8.RuneSelf:
			table[c] = aForeign
		case isDigit(byte(c)):
			table[c] = aDigit
		}
	}
	return table
}()

// token reads a string. Names and values are compared unescaped, or "p\u0061ssword" would be a way around the rules.
func (d *docScan) token() (t token, ok bool) {
	if d.next() != '"' {
		return t, false
	}
	start, digits, seen := d.pos+1, 0, byte(0)
	i := start
	for ; i < len(d.in); i++ {
		look := looks[d.in[i]]
		if look == anEnd {
			break
		}
		digits += int(look & aDigit)
		seen |= look
	}
	if i == len(d.in) || d.in[i] != '"' {
		return d.escapedToken(start, i)
	}
	d.pos = i + 1
	t = token{text: d.in[start:i], quoted: d.in[start-1 : d.pos]}
	isValid := seen&aForeign == 0 || utf8.ValidString(t.text)
	t.plain = isValid && seen&aSign == 0 && digits < mobileDigits && len(t.text) < openIDSize
	if !isValid {
		t.text, _ = meaning(t.text, false)
	}
	return t, true
}

// escapedToken reads the string that begins at start and has its first escape at i.
func (d *docScan) escapedToken(start, i int) (t token, ok bool) {
	for ; i < len(d.in); i++ {
		switch c := d.in[i]; {
		case c == '"':
			d.pos = i + 1
			t.text, ok = meaning(d.in[start:i], true)
			return t, ok
		case c == '\\':
			i++ // whatever it is, it does not end the string; meaning checks it
		case c < ' ':
			return t, false
		}
	}
	return t, false
}

func meaning(raw string, escaped bool) (string, bool) {
	ok := true
	if escaped {
		raw, ok = unescape(raw)
	}
	if !utf8.ValidString(raw) {
		raw = strings.ToValidUTF8(raw, "\uFFFD")
	}
	return raw, ok
}

// unescape resolves RFC 8259 §7 escapes; half of a surrogate pair becomes U+FFFD, as in encoding/json.
func unescape(raw string) (string, bool) {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			continue
		}
		i++ // there is a next byte: a string does not end in a lone backslash
		if raw[i] == 'u' {
			r, size, ok := unicodeEscape(raw[i+1:])
			if !ok {
				return "", false
			}
			out = utf8.AppendRune(out, r)
			i += size
			continue
		}
		at := strings.IndexByte(`"\/bfnrt`, raw[i])
		if at < 0 {
			return "", false
		}
		out = append(out, "\"\\/\b\f\n\r\t"[at])
	}
	return string(out), true
}

// unicodeEscape reads what follows \u: four digits, and the second half of a surrogate pair where there is one.
func unicodeEscape(s string) (r rune, size int, ok bool) {
	high, ok := fourHex(s)
	if !ok || !utf16.IsSurrogate(high) {
		return high, 4, ok
	}
	if strings.HasPrefix(s[4:], `\u`) {
		if low, ok := fourHex(s[6:]); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r, 10, true
			}
		}
	}
	return utf8.RuneError, 4, true
}

func fourHex(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	for i := range 4 {
		if !isHex(s[i]) {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s[:4], 16, 16)
	return rune(n), err == nil
}

// quoted writes s as a JSON string.
func (d *docScan) quoted(s string) {
	if d.quiet == 0 {
		d.out = appendQuoted(d.out, s)
	}
}

// appendQuoted appends s, which is UTF-8, as a JSON string.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	start := 0
	for i := range len(s) {
		if c := s[i]; looks[c] == anEnd {
			out = appendEscape(append(out, s[start:i]...), c)
			start = i + 1
		}
	}
	return append(append(out, s[start:]...), '"')
}

func appendEscape(out []byte, c byte) []byte {
	if at := strings.IndexByte("\"\\\b\f\n\r\t", c); at >= 0 {
		return append(out, '\\', `"\bfnrt`[at])
	}
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}
