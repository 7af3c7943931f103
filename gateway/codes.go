package gateway

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// PrintCatalogue lists every error a client can be told, by code: what snowgate codes prints.
func PrintCatalogue(w io.Writer) error {
	list := slices.Clone(catalogue)
	slices.SortStableFunc(list, func(a, b *problem) int { return a.Code - b.Code })
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range list {
		if _, err := fmt.Fprintf(table, "%d\t%s\t%s\t%s\n\t\t→ %s\t→ %s\n", p.Code, p.Name, p.Chinese, p.English, p.HintZH, p.HintEN); err != nil {
			return err
		}
	}
	return table.Flush()
}
