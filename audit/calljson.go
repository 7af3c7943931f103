package audit

import (
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// A call is most of what there is to write, twice for each request: as it happens, and when it is shipped. So its JSON is
// written and read by hand (BenchmarkCall: no objects instead of 20; BenchmarkReadCall: half the time). It is the JSON that encoding/json makes of
// it, except that < > & and Unicode's line ends stand for themselves: either can read the other's.

// buffers are lent to what is written on a request's way and copied by the spool.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// appendCall appends the JSON of a call that is normal. The error is for a time that has none.
func appendCall(to []byte, c Call) ([]byte, error) {
	to = appendText(append(to, `{"id":`...), c.LogID)
	to = appendMember(to, `,"session":`, c.SessionID)
	to = appendMember(to, `,"openid":`, c.OpenID)
	to = appendText(append(to, `,"endpoint":`...), c.Endpoint)
	to = appendText(append(to, `,"method":`...), c.Method)
	to = appendMember(to, `,"params":`, c.Params)
	to = strconv.AppendInt(append(to, `,"status":`...), int64(c.Status), 10)
	to = appendMember(to, `,"response":`, c.Response)
	to = strconv.AppendInt(append(to, `,"ns":`...), int64(c.Duration), 10)
	to = appendMember(to, `,"error":`, c.Error)
	to, err := c.CalledAt.AppendText(append(to, `,"at":"`...))
	if err != nil {
		return to, err
	}
	to = appendMember(append(to, '"'), `,"request":`, c.RequestID)
	to = appendMember(to, `,"replica":`, c.Replica)
	to = appendMember(to, `,"source":`, c.Source)
	if c.Attempts != 0 {
		to = strconv.AppendInt(append(to, `,"attempts":`...), int64(c.Attempts), 10)
	}
	if c.ERPTime != 0 {
		to = strconv.AppendInt(append(to, `,"erpNs":`...), int64(c.ERPTime), 10)
	}
	return append(to, '}'), nil
}

// appendMember leaves out what is empty.
func appendMember(to []byte, name, text string) []byte {
	if text == "" {
		return to
	}
	return appendText(append(to, name...), text)
}

// appendText appends a JSON string. The text is UTF-8.
func appendText(to []byte, s string) []byte {
	to = append(to, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, s[start:i]...)
		start = i + 1
		switch at := strings.IndexByte("\"\\\b\f\n\r\t", c); {
		case at >= 0:
			to = append(to, '\\', `"\bfnrt`[at])
		default:
			to = append(to, `\u00`...)
			to = append(to, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
	}
	return append(append(to, s[start:]...), '"')
}

// readCall reads what appendCall wrote. It reports false for whatever is written in another way: that is encoding/json's.
func readCall(payload []byte) (c Call, ok bool) {
	r := callReader{in: string(payload)}
	if !r.take('{') {
		return c, false
	}
	for more := true; more; more = r.take(',') {
		name := r.text()
		if !r.take(':') {
			return c, false
		}
		if into := c.text(name); into != nil {
			r.bad = r.bad || *into != "" // it comes twice
			*into = r.text()
			continue
		}
		r.number(&c, name)
	}
	return c, r.take('}') && !r.bad && r.pos == len(r.in)
}

// text is the field of this name, or nil where that is none or no text.
func (c *Call) text(name string) *string {
	switch name {
	case "id":
		return &c.LogID
	case "session":
		return &c.SessionID
	case "openid":
		return &c.OpenID
	case "endpoint":
		return &c.Endpoint
	case "method":
		return &c.Method
	case "params":
		return &c.Params
	case "response":
		return &c.Response
	case "error":
		return &c.Error
	case "request":
		return &c.RequestID
	case "replica":
		return &c.Replica
	case "source":
		return &c.Source
	default:
		return nil
	}
}

// callReader goes through a call's JSON once. It is bad from the first surprise on.
type callReader struct {
	in  string
	pos int
	bad bool
}

func (r *callReader) take(c byte) bool {
	if r.bad || r.pos >= len(r.in) || r.in[r.pos] != c {
		return false
	}
	r.pos++
	return true
}

// number reads a member that is no text.
func (r *callReader) number(c *Call, name string) {
	if name == "at" {
		at, err := time.Parse(time.RFC3339Nano, r.text())
		r.bad = r.bad || err != nil || at.Location() != time.UTC || !c.CalledAt.IsZero()
		c.CalledAt = at
		return
	}
	start := r.pos
	for r.pos < len(r.in) && (r.in[r.pos] >= '0' && r.in[r.pos] <= '9' || r.in[r.pos] == '-') {
		r.pos++
	}
	digits := r.in[start:r.pos]
	n, err := strconv.ParseInt(digits, 10, 64)
	r.bad = r.bad || err != nil || strconv.FormatInt(n, 10) != digits
	switch {
	case name == "ns" && c.Duration == 0:
		c.Duration = time.Duration(n)
	case name == "erpNs" && c.ERPTime == 0:
		c.ERPTime = time.Duration(n)
	case name == "status" && c.Status == 0 && int64(int(n)) == n:
		c.Status = int(n)
	case name == "attempts" && c.Attempts == 0 && int64(int(n)) == n:
		c.Attempts = int(n)
	default:
		r.bad = true
	}
}

// text reads a string without \u, which is rare enough to be left to encoding/json.
func (r *callReader) text() string {
	if !r.take('"') {
		r.bad = true
		return ""
	}
	var out strings.Builder // of what was unescaped
	start := r.pos
	for i := start; i < len(r.in); i++ {
		switch c := r.in[i]; {
		case c == '"':
			r.pos = i + 1
			return r.valid(&out, r.in[start:i])
		case c == '\\' && i+1 < len(r.in):
			at := strings.IndexByte(`"\bfnrt`, r.in[i+1])
			if at < 0 {
				r.bad = true
				return ""
			}
			out.Grow(len(r.in) - start) // once
			out.WriteString(r.in[start:i])
			out.WriteByte("\"\\\b\f\n\r\t"[at])
			i++
			start = i + 1
		case c < ' ':
			r.bad = true
			return ""
		}
	}
	r.bad = true
	return ""
}

// valid is the text of its unescaped beginning and its end.
func (r *callReader) valid(out *strings.Builder, end string) string {
	if out.Len() > 0 {
		out.WriteString(end)
		end = out.String()
	}
	r.bad = r.bad || !utf8.ValidString(end)
	return end
}
