package mask

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// maxDepth bounds recursion; no real document is nested deeper.
	maxDepth = 64
	// lookahead is how much more than the limit of one string is searched, so that a number or token across the limit
	// is recognised whole.
	lookahead = 256
)

// JSON masks a JSON document field by field, drops its blanks and cuts it to limit bytes, with … at a cut; a limit of
// 0 is DefaultLimit. Fields named in secrets are secrets in this document, such as the code of a login. What is not
// JSON is not shown, only its size. An empty body gives an empty text.
//
// Reading stops at the limit, so that a large answer costs no more than a small one.
func (m *Masker) JSON(body []byte, limit int, secrets ...string) string {
	if len(body) == 0 {
		return ""
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	out, ok := m.beginning(body, limit, secrets)
	if !ok {
		out = fmt.Sprintf("(not JSON, %d bytes)", len(body))
	}
	return cut(out, limit)
}

// beginning masks as much of a document as is shown. What is written is mostly as long as what is read, so that of a
// large one twice the limit is looked at first, and the rest not even copied.
func (m *Masker) beginning(body []byte, limit int, secrets []string) (string, bool) {
	if enough := 2*limit + lookahead; len(body) > enough {
		d := m.scan(string(body[:enough]), limit, secrets, 0)
		if d.value(keep) && d.enough() && d.pos < enough { // else the cut may have gone through a number
			return string(d.out), true
		}
	}
	return m.document(string(body), limit, secrets, 0)
}

// document masks s as far as limit (0: to the end). It is false when s is no JSON, as far as it was read.
func (m *Masker) document(s string, limit int, also []string, nesting int) (string, bool) {
	d := m.scan(s, limit, also, nesting)
	if !d.value(keep) {
		return "", false
	}
	d.blanks()
	if !d.enough() && d.pos < len(s) {
		return "", false
	}
	return string(d.out), true
}

func (m *Masker) scan(s string, limit int, also []string, nesting int) docScan {
	return docScan{m: m, in: s, limit: limit, also: also, nesting: nesting, out: make([]byte, 0, min(len(s)+16, DefaultLimit+lookahead))}
}

const cutMark = "…"

// cut shortens s to limit bytes, between runes.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(limit-len(cutMark), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	if limit < len(cutMark) {
		return ""
	}
	return s[:end] + cutMark
}

// docScan reads JSON (RFC 8259) and writes it masked. Its methods return false where the input is no JSON.
type docScan struct {
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

func (d *docScan) enough() bool { return d.limit > 0 && len(d.out) > d.limit }

func (d *docScan) put(s string) {
	if d.quiet == 0 {
		d.out = append(d.out, s...)
	}
}

func (d *docScan) blanks() {
	for d.pos < len(d.in) && (d.in[d.pos] == ' ' || d.in[d.pos] == '\t' || d.in[d.pos] == '\n' || d.in[d.pos] == '\r') {
		d.pos++
	}
}

// next says which byte comes, or 0.
func (d *docScan) next() byte {
	if d.pos < len(d.in) {
		return d.in[d.pos]
	}
	return 0
}

// value reads one value of a field with rule r.
func (d *docScan) value(r rule) bool {
	d.blanks()
	if r == secret && d.next() != 'n' {
		return d.hidden()
	}
	switch c := d.next(); {
	case c == '{':
		return d.list('}', (*docScan).member, r)
	case c == '[':
		return d.list(']', (*docScan).value, r)
	case c == '"':
		return d.text(r)
	case c == '-' || isDigit(c):
		return d.number(r)
	default:
		return d.literal()
	}
}

// hidden reads a value of any form and writes *** for it.
func (d *docScan) hidden() bool {
	d.quiet++
	ok := d.value(keep)
	d.quiet--
	d.put(`"` + Secret + `"`)
	return ok
}

// list reads an object's or array's items, which are of a field with rule r, up to its end.
func (d *docScan) list(end byte, item func(*docScan, rule) bool, r rule) bool {
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

func (d *docScan) punctuation(c byte) bool {
	d.blanks()
	if d.next() != c {
		return false
	}
	d.put(d.in[d.pos : d.pos+1])
	d.pos++
	return true
}

// member reads "name": value within an object whose own field has the rule outer.
func (d *docScan) member(outer rule) bool {
	d.blanks()
	name, ok := d.token()
	if !ok {
		return false
	}
	d.quoted(d.m.text(name, d.limit, d.also, d.nesting))
	if !d.punctuation(':') {
		return false
	}
	r := ruleOf(name, d.also)
	if r == keep && outer == person && strings.EqualFold(name, "name") {
		r = person // {"contact":{"name":"张三"}}, where a bare name elsewhere is a material's
	}
	return d.value(r)
}

func (d *docScan) text(r rule) bool {
	s, ok := d.token()
	if !ok || d.quiet > 0 {
		return ok
	}
	if r == keep {
		d.quoted(d.m.text(s, d.limit, d.also, d.nesting))
	} else {
		d.quoted(d.m.apply(r, s))
	}
	return true
}

// number writes a number as it stands, and one that is somebody's as a masked text.
func (d *docScan) number(r rule) bool {
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
func (d *docScan) digits() bool {
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

func (d *docScan) run() int {
	start := d.pos
	for isDigit(d.next()) {
		d.pos++
	}
	return d.pos - start
}

func (d *docScan) literal() bool {
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(d.in[d.pos:], word) {
			d.put(word)
			d.pos += len(word)
			return true
		}
	}
	return false
}
