package mask

import "strings"

// maxNesting bounds JSON in a text in JSON in a text.
const maxNesting = 3

// Text masks free text, such as an error's or a log message. It returns s itself when there is nothing to hide.
func (m *Masker) Text(s string) string { return m.text(s, 0, nil, 0) }

// text masks as much of s as can matter when no more than limit bytes are shown (0: all of it).
func (m *Masker) text(s string, limit int, also []string, nesting int) string {
	if isHarmless(s) {
		return s
	}
	if limit > 0 {
		limit += lookahead
	}
	if nesting < maxNesting && looksLikeJSON(s) {
		d := m.scan(limit, also, nesting+1)
		defer d.release()
		if d.document(s) {
			return string(d.out)
		}
	}
	if limit > 0 {
		s = cut(s, limit)
	}
	t := textScan{m: m, in: s, also: also}
	for t.pos < len(s) {
		t.step()
	}
	return t.result()
}

// mobileDigits are as many as a mobile number has.
const mobileDigits = 11

// isHarmless tells most short texts from those that have to be searched: it has nothing that begins JSON, a pair or a second
// word, too few digits for a mobile number and too few bytes for an openid.
func isHarmless(s string) bool {
	if len(s) >= openIDSize {
		return false
	}
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case c <= ' ', c == ':', c == '=', c == '{', c == '[':
			return false
		}
	}
	return digits < mobileDigits
}

func looksLikeJSON(s string) bool {
	i := skip(s, 0, " \t\r\n")
	return len(s)-i > 1 && (s[i] == '{' || s[i] == '[')
}

// textScan goes through a text once. It copies only from the first replacement on.
type textScan struct {
	m     *Masker
	in    string
	also  []string
	pos   int
	out   []byte
	taken int    // up to here the input is in out
	word  string // the last word, the name if a pair follows
	after int    // where it ended
}

// replace puts text where in[from:to] was and goes on behind it.
func (t *textScan) replace(from, to int, text string) {
	t.out = append(append(t.out, t.in[t.taken:from]...), text...)
	t.taken, t.pos = to, to
}

func (t *textScan) result() string {
	if t.taken == 0 {
		return t.in
	}
	return string(append(t.out, t.in[t.taken:]...))
}

func (t *textScan) step() {
	c := t.in[t.pos]
	switch {
	case isWord(c):
		t.stepWord()
	case c == '=' || c == ':':
		t.stepPair()
	default:
		t.pos++
	}
}

func isWord(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c == '-' }

// stepWord takes a run of letters, digits, _ and -, the alphabet of openids.
func (t *textScan) stepWord() {
	start, end := t.pos, t.pos+1
	for end < len(t.in) && isWord(t.in[end]) {
		end++
	}
	t.word, t.after = t.in[start:end], end
	switch open := openIDIn(t.word); {
	case open >= 0:
		t.replace(start+open, end, t.m.Pseudonym(OpenID, t.word[open:]))
	case strings.EqualFold(t.word, "bearer"):
		t.pos = end
		t.stepBearer()
	default:
		t.mobiles(start, end)
	}
}

const openIDSize = 28

// openIDIn finds where in a word an openid begins that ends it: o and 27 more, alone or behind - or _. Otherwise -1.
func openIDIn(word string) int {
	start := len(word) - openIDSize
	if start < 0 || word[start] != 'o' {
		return -1
	}
	if start > 0 && word[start-1] != '_' && word[start-1] != '-' {
		return -1
	}
	return start
}

// mobiles hides the mobile numbers that begin in in[start:end]; one written with blanks ends behind it.
func (t *textScan) mobiles(start, end int) {
	t.pos = end
	for i := start; i < end; i++ {
		if !isDigit(t.in[i]) || i > 0 && isHex(t.in[i-1]) {
			continue
		}
		from := i + countryCode(t.in[i:])
		if to := mobileEnd(t.in, from); to > 0 {
			t.replace(from, to, t.in[from:from+3]+"****"+t.in[to-4:to])
			i = to - 1
		}
	}
	t.pos = max(t.pos, end)
}

func countryCode(s string) int {
	for _, prefix := range []string{"86", "0086"} {
		if strings.HasPrefix(s, prefix) {
			return len(prefix)
		}
	}
	return 0
}

// mobileEnd returns where the mobile number beginning at i ends, or 0 if there is none: 1, 3 to 9, nine digits, with
// a blank or - allowed as in 138 0013 8000, and no letter or digit behind. The last keeps ids and hashes whole.
func mobileEnd(s string, i int) int {
	if i+11 > len(s) || s[i] != '1' || s[i+1] < '3' || !isDigit(s[i+1]) {
		return 0
	}
	for n := 0; n < 11; n++ {
		if (n == 3 || n == 7) && i < len(s) && (s[i] == '-' || s[i] == ' ') {
			i++
		}
		if i >= len(s) || !isDigit(s[i]) {
			return 0
		}
		i++
	}
	if i < len(s) && (isDigit(s[i]) || isLetter(s[i])) {
		return 0
	}
	return i
}

// stepBearer hides the token behind the word Bearer.
func (t *textScan) stepBearer() {
	from := skip(t.in, t.pos, " \t")
	if to := until(t.in, from, ends); from > t.pos && to > from {
		t.replace(from, to, Secret)
	}
}

// ends are the bytes that end a value in running text.
const ends = " \t\r\n\"'`\\&;,()[]{}<>"

// maxBetween is how many quotes, backslashes and blanks may stand between a name and its = or :. Without a bound, a
// long gap before many separators would be looked at for each of them.
const maxBetween = 16

// stepPair stands on = or :, perhaps behind a secret's name: password=x, "token":"x", Cookie: a=b; c=d, or in a URL.
func (t *textScan) stepPair() {
	sep := t.pos
	t.pos++
	if strings.HasPrefix(t.in[sep:], "://") {
		t.stepAuthority(sep + 3)
		return
	}
	if sep-t.after > maxBetween {
		return
	}
	between := t.in[t.after:sep]
	if t.word == "" || strings.Trim(between, " \"'\\") != "" || !t.isSecretName() {
		return
	}
	v := valueAt(t.in, t.pos, t.word)
	prose := t.in[sep] == ':' && between == "" && v.quote == 0 && v.from > t.pos
	if v.to > v.from && (!prose || isPassword(t.word) || toLineEnd(t.word) || isOpaque(t.in[v.from:v.to])) {
		t.replace(v.from, v.to, Secret)
	}
}

// isSecretName also knows ?key=, by which chat robots' webhooks are called.
func (t *textScan) isSecretName() bool {
	if ruleOf(t.word, t.also) == secret {
		return true
	}
	start := t.after - len(t.word)
	return t.word == "key" && start > 0 && (t.in[start-1] == '?' || t.in[start-1] == '&')
}

// isOpaque tells a value from a word of an error's text, as in "get access token: connection refused".
func isOpaque(value string) bool {
	return len(value) >= 20 || strings.ContainsAny(value, "0123456789")
}

// stepAuthority hides the password of scheme://user:password@host.
func (t *textScan) stepAuthority(start int) {
	authority := t.in[start:until(t.in, start, "/?# \t\r\n\"'<>")]
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return
	}
	if colon := strings.IndexByte(authority[:at], ':'); colon >= 0 {
		t.replace(start+colon+1, start+at, Secret)
	}
}

// span is a value in a text; quote is what it stands in, or 0.
type span struct {
	from, to int
	quote    byte
}

// valueAt finds the value behind a pair's separator.
func valueAt(s string, pos int, name string) span {
	pos = skip(s, pos, " \t")
	slashes := skip(s, pos, `\`) - pos
	from := pos + slashes
	switch {
	case from < len(s) && (s[from] == '"' || s[from] == '\''):
		return span{from + 1, quoteEnd(s, from+1, s[from], slashes), s[from]}
	case from < len(s) && (s[from] == '{' || s[from] == '['):
		return span{from, len(s), s[from]}
	case toLineEnd(name):
		return span{pos, until(s, pos, "\r\n"), 0}
	default:
		return span{pos, until(s, pos, ends), 0}
	}
}

// quoteEnd finds the quote that closes one opened behind so many backslashes; one with more of them is content.
func quoteEnd(s string, from int, quote byte, slashes int) int {
	run := 0
	for i := from; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			run++
			continue
		case s[i] == quote && run <= slashes:
			return i - run
		}
		run = 0
	}
	return len(s)
}

func skip(s string, i int, these string) int {
	for i < len(s) && strings.IndexByte(these, s[i]) >= 0 {
		i++
	}
	return i
}

func until(s string, i int, these string) int {
	for i < len(s) && strings.IndexByte(these, s[i]) < 0 {
		i++
	}
	return i
}
