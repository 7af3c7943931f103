package mask

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// token reads a string and returns what it means, as valid UTF-8. Names and values are compared unescaped, or
// "p\u0061ssword" would be a way around the rules.
func (d *docScan) token() (string, bool) {
	if d.next() != '"' {
		return "", false
	}
	start, escaped := d.pos+1, false
	for i := start; i < len(d.in); i++ {
		switch c := d.in[i]; {
		case c == '"':
			d.pos = i + 1
			return meaning(d.in[start:i], escaped)
		case c == '\\':
			escaped = true
			i++ // whatever it is, it does not end the string; meaning checks it
		case c < ' ':
			return "", false
		}
	}
	return "", false
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
	if d.quiet > 0 {
		return
	}
	d.out = append(d.out, '"')
	start := 0
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c < ' ' {
			d.out = appendEscape(append(d.out, s[start:i]...), c)
			start = i + 1
		}
	}
	d.out = append(append(d.out, s[start:]...), '"')
}

func appendEscape(out []byte, c byte) []byte {
	if at := strings.IndexByte("\"\\\b\f\n\r\t", c); at >= 0 {
		return append(out, '\\', `"\bfnrt`[at])
	}
	const digits = "0123456789abcdef"
	return append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}
