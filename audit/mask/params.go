package mask

import (
	"bytes"
	"encoding/json"
	"net/url"
)

// unreadable stands for what cannot be written as JSON.
const unreadable = "(not recorded)"

// Params masks named values, such as a request's path and query parameters, into a JSON object with sorted names, cut
// to DefaultLimit. Names in secrets are secrets in this call. No values give an empty text.
func (m *Masker) Params(values map[string]any, secrets ...string) string {
	if len(values) == 0 {
		return ""
	}
	return m.any(values, secrets)
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
