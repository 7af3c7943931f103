package mask

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
)

// Attr masks one attribute of a log line. It is made to be slog.HandlerOptions.ReplaceAttr, so that no line escapes
// the rules: texts and errors are searched, structs and maps are written as masked JSON, an attribute or group with a
// secret's name is hidden whole. Times, levels, durations and truths pass.
func (m *Masker) Attr(groups []string, a slog.Attr) slog.Attr {
	r := ruleOf(a.Key, nil)
	for _, group := range groups {
		if ruleOf(group, nil) == secret {
			r = secret
		}
	}
	a.Value = m.attrValue(r, a.Value.Resolve())
	return a
}

func (m *Masker) attrValue(r rule, v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(m.field(r, v.String()))
	case slog.KindInt64:
		return m.attrNumber(r, v)
	case slog.KindUint64:
		return m.attrNumber(r, v)
	case slog.KindAny:
		return m.attrAny(r, v)
	default:
		return v
	}
}

// field masks by rule, or searches where there is none.
func (m *Masker) field(r rule, s string) string {
	if r == keep {
		return m.Text(s)
	}
	return m.apply(r, s)
}

// attrNumber goes by name alone: sizes and counters may look like anything.
func (m *Masker) attrNumber(r rule, v slog.Value) slog.Value {
	if r == keep {
		return v
	}
	return slog.StringValue(m.apply(r, v.String()))
}

// attrAny survives a value whose own Error or String panics, as it may on a nil pointer.
func (m *Masker) attrAny(r rule, v slog.Value) (out slog.Value) {
	defer func() {
		if recover() != nil {
			out = slog.StringValue(unreadable)
		}
	}()
	switch x := v.Any().(type) {
	case nil, slog.Level, *slog.Source:
		return v
	case error:
		return slog.StringValue(m.field(r, x.Error()))
	case fmt.Stringer:
		return slog.StringValue(m.field(r, x.String()))
	case []string:
		return m.attrTexts(r, v, x)
	case []byte:
		return slog.StringValue(m.field(r, string(x)))
	case json.RawMessage:
		return m.attrJSON(r, m.JSON(x, 0))
	case url.Values:
		return m.attrJSON(r, m.Query(x))
	case http.Header:
		return m.attrJSON(r, m.Query(url.Values(x)))
	default:
		return m.attrJSON(r, m.any(x, nil))
	}
}

// attrTexts masks a short list text by text, as every request's line has one, and leaves one with nothing to hide as it is.
func (m *Masker) attrTexts(r rule, v slog.Value, list []string) slog.Value {
	size := 0
	for _, s := range list {
		size += len(s)
	}
	if r != keep || size > DefaultLimit/2 {
		return m.attrJSON(r, m.any(list, nil))
	}
	for i, s := range list {
		if m.Text(s) != s {
			return m.attrHidden(list, i)
		}
	}
	return v
}

// attrHidden is a list in which there is something to hide from the text at i on.
func (m *Masker) attrHidden(list []string, i int) slog.Value {
	masked := slices.Clone(list)
	for ; i < len(list); i++ {
		masked[i] = m.Text(list[i])
	}
	return slog.AnyValue(masked)
}

// attrJSON keeps JSON as JSON for a JSON handler, unless it was cut and is none any more.
func (m *Masker) attrJSON(r rule, masked string) slog.Value {
	if r != keep {
		return slog.StringValue(m.apply(r, masked))
	}
	if !json.Valid([]byte(masked)) {
		return slog.StringValue(masked)
	}
	return slog.AnyValue(json.RawMessage(masked))
}
