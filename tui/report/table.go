// Package report has the tables and the words of results and of what an
// inspection has found, once for all who show them: the command line prints
// them, panes draw them, records and other machines get them as CSV and JSON.
package report

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"padlab/tui/view"
)

// A Table is rows of cells, the first of them the header where there is one. It
// is printed in aligned columns, or drawn in a pane.
type Table [][]string

// Add appends a row.
func (t *Table) Add(cells ...string) { *t = append(*t, cells) }

func (t Table) String() string {
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

// A Section is a table under the words that say what it shows.
type Section struct {
	Words string
	Table Table
}

// width bounds the words of a Section on a terminal, in columns.
const width = 80

func (s Section) String() string { return wrap(s.Words, width) + "\n" + s.Table.String() }

// wrap breaks a text at blanks into lines of at most so many columns, where its
// words allow it.
func wrap(text string, columns int) string {
	var b strings.Builder
	used := 0
	for _, word := range strings.Fields(text) {
		n := view.Columns(word)
		switch {
		case used == 0:
		case used+1+n > columns:
			b.WriteByte('\n')
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}
