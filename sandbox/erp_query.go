package sandbox

import (
	"math/big"
	"slices"
	"strings"
)

// defaultPageSize applies where a call names none.
const defaultPageSize = 20

// pick returns the rows of a form that an account may see and that pass the call's
// condition and filters, newest first or as orderby says.
func (f *form) pick(call businessCall, a Account) []record {
	if f.needContext && !f.hasContext(call) {
		return nil
	}
	var out []record
	for _, r := range slices.Backward(f.rows) {
		if f.visible(r, a) && f.inContext(r, call) && f.passes(r, call) {
			out = append(out, r)
		}
	}
	sortRows(out, call.OrderBy)
	return out
}

func (f *form) hasContext(call businessCall) bool {
	for key := range f.context {
		if len(anyOf(call.condition()[key])) > 0 {
			return true
		}
	}
	return false
}

func (f *form) inContext(r record, call businessCall) bool {
	for key, column := range f.context {
		if want := anyOf(call.condition()[key]); len(want) > 0 && !slices.Contains(want, text(r[column])) {
			return false
		}
	}
	return true
}

// passes applies the filters. They are lenient, as the real ones are said to be: a
// column that the form does not have, and an empty value, do not narrow.
func (f *form) passes(r record, call businessCall) bool {
	for column, value := range call.filters() {
		want := anyOf(value)
		switch {
		case len(want) == 0:
		case column == "systemFulltext":
			if !slices.ContainsFunc(want, func(word string) bool { return f.mentions(r, word) }) {
				return false
			}
		case f.columns[column] && !slices.ContainsFunc(want, func(w string) bool { return f.equal(r, column, w) }):
			return false
		}
	}
	return true
}

func (f *form) equal(r record, column, want string) bool {
	got := text(r[column])
	if column == f.partial {
		return strings.Contains(got, want)
	}
	return got == want
}

// mentions is the full text search: any text column, and for orders and deliveries
// the names of their products.
func (f *form) mentions(r record, word string) bool {
	word = strings.ToLower(word)
	for _, value := range r {
		s, isText := value.(string)
		if isText && strings.Contains(strings.ToLower(s), word) {
			return true
		}
	}
	return false
}

// anyOf reads a filter's value: one, or a list meaning any of. Empty texts are dropped.
func anyOf(value any) []string {
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	var out []string
	for _, item := range list {
		if s := text(item); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// sortRows sorts by "column" or "column desc"; "" leaves the order alone.
func sortRows(rows []record, orderBy string) {
	column, direction, _ := strings.Cut(strings.TrimSpace(orderBy), " ")
	if column == "" {
		return
	}
	slices.SortStableFunc(rows, func(a, b record) int {
		order := compare(text(a[column]), text(b[column]))
		if strings.EqualFold(strings.TrimSpace(direction), "desc") {
			return -order
		}
		return order
	})
}

func compare(a, b string) int {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	if okX && okY {
		return x.Cmp(y)
	}
	return strings.Compare(a, b)
}

// cutPage returns page number page, counted from 0.
func cutPage(rows []record, page, size int) []record {
	if size <= 0 {
		size = defaultPageSize
	}
	if page < 0 || page > len(rows)/size {
		return nil
	}
	return rows[page*size : min(len(rows), (page+1)*size)]
}

// sums adds up the asked number columns over all rows, not over the page only.
func sums(rows []record, columns []string) map[string]any {
	out := map[string]any{}
	for _, column := range columns {
		if column != "amount" && column != "rmbAmount" && column != "quantity" {
			continue
		}
		total := new(big.Rat)
		for _, r := range rows {
			if v, ok := new(big.Rat).SetString(text(r[column])); ok {
				total.Add(total, v)
			}
		}
		out[column] = number(total.FloatString(2))
	}
	return out
}
