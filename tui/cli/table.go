package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// A table is rows of cells that are printed in aligned columns.
type table [][]string

func (t *table) add(cells ...string) { *t = append(*t, cells) }

func (t table) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, cells := range t {
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	w.Flush()
	lines := strings.Split(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ") // an empty cell at the end leaves blanks
	}
	return strings.Join(lines, "\n")
}
