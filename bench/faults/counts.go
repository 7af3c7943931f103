package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// countsText writes counts, the largest first.
func countsText(counts map[string]int) string {
	type entry struct {
		name string
		n    int
	}
	var list []entry
	for name, n := range counts {
		list = append(list, entry{name, n})
	}
	slices.SortFunc(list, func(a, b entry) int { return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.name, b.name)) })
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = fmt.Sprintf("%s %d", e.name, e.n)
	}
	return strings.Join(parts, " · ")
}
