package sandbox

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"
)

// render writes the asked columns of a row, and id, in the ERP's untidy JSON types.
// The untidiness depends on seed, form, row and column alone: it never changes
// between two calls. A nil columns asks for all.
func (d *dataset) render(f *form, r record, columns []string) map[string]any {
	out := map[string]any{}
	if columns == nil {
		for name := range r {
			columns = append(columns, name)
		}
	}
	for _, name := range append(columns, "id") {
		value, there := r[name]
		if there && f.columns[name] {
			out[name] = untidy(value, d.scatter(f.id, r.id(), name))
		}
	}
	return out
}

func (d *dataset) scatter(parts ...string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strconv.FormatUint(d.seed, 10) + "\x00" + strings.Join(parts, "\x00")))
	return h.Sum64() >> 7 // the low bits of FNV of similar texts are alike
}

func untidy(value any, dice uint64) any {
	switch v := value.(type) {
	case number:
		switch {
		case dice%4 == 0:
			return string(v)
		case dice%4 == 1 && strings.Trim(string(v), "0.") == "":
			return nil
		}
		return json.Number(v)
	case ident:
		if dice%2 == 0 {
			return string(v)
		}
		return json.Number(v)
	case bool:
		if dice%5 == 0 {
			return map[bool]int{true: 1, false: 0}[v]
		}
	}
	return value
}

// text is the plain text of a JSON value or of a record's value, "" for null and
// for what is neither text, number nor bool.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case number:
		return string(v)
	case ident:
		return string(v)
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}
