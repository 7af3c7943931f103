package snowbeasts

import (
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// listData is the data of a list.
type listData struct {
	Count value    `json:"_count"`
	List  []record `json:"_dataList"`

	slab *fields // that the rows are made of; nil: of nothing that is used again
}

// slabs are used again: the fields of a page are 14 KB, and are read once.
var slabs = sync.Pool{New: func() any { return new(fields) }}

// rowDepth is where a row stands: in the answer's data's list.
const rowDepth = 3

// scanList reads a list's answer in one pass, when it is written as expected. It reports false for everything else (no
// JSON, another shape, a name twice or in another case): decode then has the word.
func scanList(body []byte) (*answer[listData], bool) {
	s := scanner{in: unsafe.String(unsafe.SliceData(body), len(body))} //nolint:gosec // an answer's body is nobody else's, and never changes
	slab, _ := slabs.Get().(*fields)
	s.slab = slices.Grow((*slab)[:0], strings.Count(s.in, `":`)) // as many as there are fields, or a few more
	*slab = s.slab[:0]
	got := new(answer[listData])
	got.Data.slab = slab
	var seen names
	for more := s.open('{', '}'); more; more = s.more('}') {
		name := s.name()
		s.bad = s.bad || !seen.once(name, "success", "message", "msg", "data")
		switch name {
		case "success":
			got.Success = s.value(1)
		case "message":
			got.Message = s.value(1)
		case "msg":
			got.Msg = s.value(1)
		case "data":
			s.listData(&got.Data)
		default:
			s.value(1)
		}
	}
	return got, s.done()
}

func (s *scanner) listData(data *listData) {
	var seen names
	for more := s.open('{', '}'); more; more = s.more('}') {
		name := s.name()
		s.bad = s.bad || !seen.once(name, "_count", "_dataList")
		switch name {
		case "_count":
			data.Count = s.value(2)
		case "_dataList":
			data.List = s.records()
		default:
			s.value(2)
		}
	}
}

// records reads a list of them; null is none.
func (s *scanner) records() []record {
	if s.next() == 'n' {
		s.word("null")
		return nil
	}
	list := make([]record, 0, defaultPageSize)
	for more := s.open('[', ']'); more; more = s.more(']') {
		list = append(list, s.record(rowDepth))
	}
	return list
}

// names tells which of the known names an object has had, as bits.
type names uint

// once is false for a known name that comes again or in another case: encoding/json has rules for both.
func (n *names) once(name string, known ...string) bool {
	for i, k := range known {
		if name == k && *n&(1<<i) == 0 {
			*n |= 1 << i
			return true
		}
		if strings.EqualFold(name, k) {
			return false
		}
	}
	return true
}
