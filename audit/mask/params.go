package mask

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"unicode/utf8"
)

// unreadable stands for what cannot be written as JSON.
const unreadable = "(not recorded)"

// Params masks named values, such as a request's path and query parameters, into a JSON object with sorted names, cut
// to DefaultLimit. Names in secrets are secrets in this call. No values give an empty text.
func (m *Masker) Params(values map[string]any, secrets ...string) string {
	if len(values) == 0 {
		return ""
	}
	lent := drafts.Get().(*[]byte) //nolint:forcetypeassert // its own New made it
	defer drafts.Put(lent)
	draft, ok := appendObject((*lent)[:0], values, appendPlain)
	if cap(draft) <= maxLent {
		*lent = draft
	}
	if !ok {
		return m.any(values, secrets)
	}
	return m.JSON(draft, 0, secrets...)
}

// Query does as Params for a query or a form; names that come once stand without a list.
func (m *Masker) Query(values url.Values, secrets ...string) string {
	plain := make(map[string]any, len(values))
	for name, list := range values {
		if len(list) == 1 {
			plain[name] = list[0]
		} else {
			plain[name] = list
		}
	}
	return m.Params(plain, secrets...)
}

// any survives a value whose own MarshalJSON panics, as it may on a nil pointer.
func (m *Masker) any(value any, secrets []string) (out string) {
	defer func() {
		if recover() != nil {
			out = unreadable
		}
	}()
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return unreadable
	}
	return m.JSON(body.Bytes(), 0, secrets...)
}

// drafts are parameters before they are masked.
var drafts = sync.Pool{New: func() any { return new([]byte) }}

// appendPlain appends the JSON that encoding/json makes of the values that most calls' parameters are, paths' and queries',
// without its objects (BenchmarkParams: a quarter of the time). It is false for all others.
func appendPlain(to []byte, value any) ([]byte, bool) {
	switch v := value.(type) {
	case string:
		return appendUTF8(to, v)
	case int:
		return strconv.AppendInt(to, int64(v), 10), true
	case []string:
		return appendTexts(to, v)
	case url.Values:
		return appendObject(to, v, appendTexts)
	default:
		return to, false
	}
}

// appendObject appends an object whose names are sorted.
func appendObject[V any](to []byte, values map[string]V, item func([]byte, V) ([]byte, bool)) ([]byte, bool) {
	var room [16]string
	names := slices.AppendSeq(room[:0], maps.Keys(values))
	slices.Sort(names)
	to = append(to, '{')
	ok := values != nil
	for i := 0; i < len(names) && ok; i++ {
		if i > 0 {
			to = append(to, ',')
		}
		if to, ok = appendUTF8(to, names[i]); ok {
			to, ok = item(append(to, ':'), values[names[i]])
		}
	}
	return append(to, '}'), ok
}

func appendTexts(to []byte, list []string) ([]byte, bool) {
	to = append(to, '[')
	ok := list != nil
	for i := 0; i < len(list) && ok; i++ {
		if i > 0 {
			to = append(to, ',')
		}
		to, ok = appendUTF8(to, list[i])
	}
	return append(to, ']'), ok
}

// appendUTF8 leaves it to encoding/json to repair a text.
func appendUTF8(to []byte, s string) ([]byte, bool) {
	return appendQuoted(to, s), utf8.ValidString(s)
}
