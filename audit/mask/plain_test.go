package mask

import (
	"fmt"
	"strings"
)

// plainJSON is JSON as it was before it was made fast: token by token, without glances, memories and lent buffers.
func (m *Masker) plainJSON(body []byte, limit int, secrets ...string) string {
	if len(body) == 0 {
		return ""
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	out, ok := m.plainBeginning(body, limit, secrets)
	if !ok {
		out = fmt.Sprintf("(not JSON, %d bytes)", len(body))
	}
	return cut(out, limit)
}

// beginning masks as much of a document as is shown. What is written is mostly as long as what is read, so that of a
// large one twice the limit is looked at first, and the rest not even copied.
func (m *Masker) plainBeginning(body []byte, limit int, secrets []string) (string, bool) {
	if enough := 2*limit + lookahead; len(body) > enough {
		d := m.plainScan(string(body[:enough]), limit, secrets, 0)
		if d.value(keep) && d.enough() && d.pos < enough { // else the cut may have gone through a number
			return string(d.out), true
		}
	}
	return m.plainDocument(string(body), limit, secrets, 0)
}

// document masks s as far as limit (0: to the end). It is false when s is no JSON, as far as it was read.
func (m *Masker) plainDocument(s string, limit int, also []string, nesting int) (string, bool) {
	d := m.plainScan(s, limit, also, nesting)
	if !d.value(keep) {
		return "", false
	}
	d.blanks()
	if !d.enough() && d.pos < len(s) {
		return "", false
	}
	return string(d.out), true
}

func (m *Masker) plainScan(s string, limit int, also []string, nesting int) plainScan {
	return plainScan{m: m, in: s, limit: limit, also: also, nesting: nesting, out: make([]byte, 0, min(len(s)+16, DefaultLimit+lookahead))}
}

// plainScan reads JSON (RFC 8259) and writes it masked. Its methods return false where the input is no JSON.
type plainScan struct {
	m       *Masker
	in      string
	pos     int
	out     []byte
	limit   int
	also    []string
	nesting int
	depth   int
	quiet   int // above 0, read without writing: inside a secret
}

func (d *plainScan) enough() bool { return d.limit > 0 && len(d.out) > d.limit }

func (d *plainScan) put(s string) {
	if d.quiet == 0 {
		d.out = append(d.out, s...)
	}
}

func (d *plainScan) blanks() {
	for d.pos < len(d.in) && (d.in[d.pos] == ' ' || d.in[d.pos] == '\t' || d.in[d.pos] == '\n' || d.in[d.pos] == '\r') {
		d.pos++
	}
}

// next says which byte comes, or 0.
func (d *plainScan) next() byte {
	if d.pos < len(d.in) {
		return d.in[d.pos]
	}
	return 0
}

// value reads one value of a field with rule r.
func (d *plainScan) value(r rule) bool {
	d.blanks()
	if r == secret && d.next() != 'n' {
		return d.hidden()
	}
	switch c := d.next(); {
	case c == '{':
		return d.list('}', (*plainScan).member, r)
	case c == '[':
		return d.list(']', (*plainScan).value, r)
	case c == '"':
		return d.text(r)
	case c == '-' || isDigit(c):
		return d.number(r)
	default:
		return d.literal()
	}
}

// hidden reads a value of any form and writes *** for it.
func (d *plainScan) hidden() bool {
	d.quiet++
	ok := d.value(keep)
	d.quiet--
	d.put(`"` + Secret + `"`)
	return ok
}

// list reads an object's or array's items, which are of a field with rule r, up to its end.
func (d *plainScan) list(end byte, item func(*plainScan, rule) bool, r rule) bool {
	if d.depth == maxDepth {
		return false
	}
	d.depth++
	defer func() { d.depth-- }()
	d.put(d.in[d.pos : d.pos+1])
	d.pos++
	d.blanks()
	for first := true; d.next() != end; first = false {
		if !first && !d.punctuation(',') {
			return false
		}
		if !item(d, r) {
			return false
		}
		if d.enough() {
			return true
		}
		d.blanks()
	}
	return d.punctuation(end)
}

func (d *plainScan) punctuation(c byte) bool {
	d.blanks()
	if d.next() != c {
		return false
	}
	d.put(d.in[d.pos : d.pos+1])
	d.pos++
	return true
}

// member reads "name": value within an object whose own field has the rule outer.
func (d *plainScan) member(outer rule) bool {
	d.blanks()
	name, ok := d.token()
	if !ok {
		return false
	}
	d.quoted(d.m.plainText(name, d.limit, d.also, d.nesting))
	if !d.punctuation(':') {
		return false
	}
	r := lookUp(name, d.also)
	if r == keep && outer == person && strings.EqualFold(name, "name") {
		r = person // {"contact":{"name":"张三"}}, where a bare name elsewhere is a material's
	}
	return d.value(r)
}

func (d *plainScan) text(r rule) bool {
	s, ok := d.token()
	if !ok || d.quiet > 0 {
		return ok
	}
	if r == keep {
		d.quoted(d.m.plainText(s, d.limit, d.also, d.nesting))
	} else {
		d.quoted(d.m.apply(r, s))
	}
	return true
}

// number writes a number as it stands, and one that is somebody's as a masked text.
func (d *plainScan) number(r rule) bool {
	start := d.pos
	if !d.digits() {
		return false
	}
	number := d.in[start:d.pos]
	switch {
	case d.quiet > 0:
	case r != keep:
		d.quoted(d.m.apply(r, number))
	case len(number) == 11 && mobileEnd(number, 0) == 11:
		d.quoted(hidePhone(number))
	default:
		d.put(number)
	}
	return true
}

// digits reads what RFC 8259 §6 calls a number.
func (d *plainScan) digits() bool {
	if d.next() == '-' {
		d.pos++
	}
	whole := d.run()
	if whole == 0 || whole > 1 && d.in[d.pos-whole] == '0' {
		return false
	}
	if d.next() == '.' {
		d.pos++
		if d.run() == 0 {
			return false
		}
	}
	if d.next()|0x20 == 'e' {
		d.pos++
		if c := d.next(); c == '+' || c == '-' {
			d.pos++
		}
		return d.run() > 0
	}
	return true
}

func (d *plainScan) run() int {
	start := d.pos
	for isDigit(d.next()) {
		d.pos++
	}
	return d.pos - start
}

func (d *plainScan) literal() bool {
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(d.in[d.pos:], word) {
			d.put(word)
			d.pos += len(word)
			return true
		}
	}
	return false
}

// token reads a string and returns what it means, as valid UTF-8. Names and values are compared unescaped, or
// "p\u0061ssword" would be a way around the rules.
func (d *plainScan) token() (string, bool) {
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

// quoted writes s as a JSON string.
func (d *plainScan) quoted(s string) {
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

// plainText is text with plainJSON's way into JSON within it.
func (m *Masker) plainText(s string, limit int, also []string, nesting int) string {
	if isHarmless(s) {
		return s
	}
	if limit > 0 {
		limit += lookahead
	}
	if nesting < maxNesting && looksLikeJSON(s) {
		if out, ok := m.plainDocument(s, limit, also, nesting+1); ok {
			return out
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
