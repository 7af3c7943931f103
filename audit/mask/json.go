package mask

import (
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"
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
	d := m.scan(limit, secrets, 0)
	defer d.release()
	// Read where it lies: nothing keeps a piece of it, and a copy would cost as much as the masking.
	if in := unsafe.String(&body[0], len(body)); !d.beginning(in) && !d.document(in) { //nolint:gosec // as said
		return cut(fmt.Sprintf("(not JSON, %d bytes)", len(body)), limit)
	}
	return d.shown()
}

// shown is what was written, cut to the limit.
func (d *docScan) shown() string {
	if end := cutAt(d.out, d.limit); end < len(d.out) && d.limit >= len(cutMark) {
		return string(append(d.out[:end], cutMark...))
	} else if end < len(d.out) {
		return ""
	}
	return string(d.out)
}

// beginning masks as much of a large document as is shown; it is false where that needs the whole. What is written is mostly as long
// as what is read, so that twice the limit is looked at, and not the rest.
func (d *docScan) beginning(s string) bool {
	enough := 2*d.limit + lookahead
	if len(s) <= enough {
		return false
	}
	d.read(s[:enough])
	return d.value(keep) && d.enough() && d.pos < enough // else the cut may have gone through a number
}

// document masks s as far as the limit (0: to the end). It is false when s is no JSON, as far as it was read.
func (d *docScan) document(s string) bool {
	d.read(s)
	if !d.value(keep) {
		return false
	}
	d.blanks()
	return d.enough() || d.pos == len(s)
}

// scans are lent: what they write goes into one buffer, and only what is shown is copied.
var scans = sync.Pool{New: func() any { return &docScan{out: make([]byte, 0, DefaultLimit+lookahead)} }}

func (m *Masker) scan(limit int, also []string, nesting int) *docScan {
	d := scans.Get().(*docScan) //nolint:forcetypeassert // its own New made it
	d.m, d.limit, d.also, d.nesting = m, limit, also, nesting
	return d
}

// maxLent is the largest buffer that is kept for the next document.
const maxLent = 64 << 10

// release gives d back, with nothing of the document in it.
func (d *docScan) release() {
	if cap(d.out) <= maxLent {
		*d = docScan{out: d.out[:0]}
		scans.Put(d)
	}
}

// read begins with s.
func (d *docScan) read(s string) { d.in, d.pos, d.out, d.depth, d.quiet = s, 0, d.out[:0], 0, 0 }

const cutMark = "…"

// cut shortens s to limit bytes, between runes.
func cut(s string, limit int) string {
	switch end := cutAt(s, limit); {
	case end == len(s):
		return s
	case limit < len(cutMark):
		return ""
	default:
		return s[:end] + cutMark
	}
}

// cutAt is how much of s is shown, if no more than limit bytes may be, the mark included.
func cutAt[S string | []byte](s S, limit int) int {
	if len(s) <= limit {
		return len(s)
	}
	end := max(limit-len(cutMark), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return end
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
	d.mark()
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
	d.depth--
	return d.punctuation(end)
}

// mark takes over one byte.
func (d *docScan) mark() {
	if d.quiet == 0 {
		d.out = append(d.out, d.in[d.pos])
	}
	d.pos++
}

func (d *docScan) punctuation(c byte) bool {
	d.blanks()
	if d.next() != c {
		return false
	}
	d.mark()
	return true
}

// member reads "name": value within an object whose own field has the rule outer.
func (d *docScan) member(outer rule) bool {
	d.blanks()
	t, ok := d.token()
	if !ok {
		return false
	}
	d.searched(t)
	if !d.punctuation(':') {
		return false
	}
	r := ruleOf(t.text, d.also)
	if r == keep && outer == person && strings.EqualFold(t.text, "name") {
		r = person // {"contact":{"name":"张三"}}, where a bare name elsewhere is a material's
	}
	return d.value(r)
}

func (d *docScan) text(r rule) bool {
	t, ok := d.token()
	switch {
	case !ok || d.quiet > 0:
		return ok
	case r == keep:
		d.searched(t)
	default:
		d.quoted(d.m.apply(r, t.text))
	}
	return true
}

// searched writes a text as any text is masked. Most are plain, and copied as they stand.
func (d *docScan) searched(t token) {
	if t.plain {
		d.put(t.quoted)
		return
	}
	d.quoted(d.m.text(t.text, d.limit, d.also, d.nesting))
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
