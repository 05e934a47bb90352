package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"padlab/core/pad"
	"padlab/tui/report"
)

// schemesCommand is padlab schemes with its subcommands.
func (s *session) schemesCommand() *cobra.Command {
	list := &cobra.Command{
		Use:   "list",
		Short: "List the padding schemes",
		Args:  nothing,
		RunE: func(*cobra.Command, []string) error {
			s.listSchemes()
			return nil
		},
	}
	f := schemeFlags{size: 5, format: "text"}
	show := &cobra.Command{
		Use:     "show SCHEME",
		Short:   "Print which pixel every padded position copies",
		Example: "  padlab schemes show reflect --size 5 --pad 2\n  padlab schemes show circular --size 4 --pad 0,3 --format json",
		Args:    one("the name of a scheme"),
		RunE:    func(_ *cobra.Command, args []string) error { return s.showScheme(args[0], f) },
	}
	show.Flags().IntVar(&f.size, "size", f.size, "`N` pixels, the length of the line")
	show.Flags().StringVar(&f.pad, "pad", f.pad, "padding on both sides, or `BEFORE,AFTER`; left out: 2, of none 0")
	show.Flags().StringVar(&f.format, "format", f.format, "`FORMAT` of the output: text or json")
	return group("schemes", "List and show padding schemes", list, show)
}

// listSchemes prints every scheme with its other names.
func (s *session) listSchemes() {
	var rows report.Table
	for _, p := range pad.All() {
		row := []string{p.Name, p.About}
		if a := p.Aliases(); len(a) > 0 {
			row = append(row, "also "+strings.Join(a, ", "))
		}
		rows.Add(row...)
	}
	fmt.Fprint(s, rows)
}

type schemeFlags struct {
	size        int
	pad, format string
}

// sides reads --pad.
func (f schemeFlags) sides() (before, after int, err error) {
	first, second, two := strings.Cut(f.pad, ",")
	if !two {
		second = first
	}
	before, errBefore := strconv.Atoi(strings.TrimSpace(first))
	after, errAfter := strconv.Atoi(strings.TrimSpace(second))
	if errBefore != nil || errAfter != nil {
		return 0, 0, fmt.Errorf("--pad takes an integer, or two as BEFORE,AFTER: %q", f.pad)
	}
	return before, after, nil
}

// maxLine bounds what schemes show prints.
const maxLine = 4096

// showScheme prints the source of every position of a padded line.
func (s *session) showScheme(name string, f schemeFlags) error {
	if err := oneOf("format", f.format, "text", "json"); err != nil {
		return err
	}
	scheme, err := pad.Parse(name)
	if err != nil {
		return err
	}
	if f.pad == "" {
		if f.pad = "2"; scheme.Name == "none" {
			f.pad = "0"
		}
	}
	before, after, err := f.sides()
	if err != nil {
		return err
	}
	if f.size > maxLine || before > maxLine || after > maxLine {
		return fmt.Errorf("--size and --pad are at most %d: %d and %d,%d", maxLine, f.size, before, after)
	}
	source, err := scheme.Sources(f.size, before, after)
	if err != nil {
		return err
	}
	if f.format == "json" {
		s.Write(jsonLine(lineOf(scheme, f.size, before, after, source)))
		return nil
	}
	var b strings.Builder
	for i, p := range source {
		if i == before {
			b.WriteString("| ")
		}
		if p == pad.Nowhere {
			fmt.Fprintf(&b, "[%g] ", scheme.Value)
		} else {
			fmt.Fprintf(&b, "%d ", p)
		}
		if i == before+f.size-1 {
			b.WriteString("| ")
		}
	}
	fmt.Fprintf(s, "%s: %s\n%s\n", scheme.Name, scheme.About, strings.TrimRight(b.String(), " "))
	return nil
}

// A paddedLine is the source of every position of a line, nil where there is
// none.
type paddedLine struct {
	Schema int    `json:"schema"`
	Scheme string `json:"scheme"`
	Size   int    `json:"size"`
	Before int    `json:"before"`
	After  int    `json:"after"`
	Source []*int `json:"source"`
}

// lineOf is a padded line as JSON.
func lineOf(scheme pad.Scheme, size, before, after int, source []int) paddedLine {
	line := paddedLine{1, scheme.Name, size, before, after, make([]*int, len(source))}
	for i := range source {
		if source[i] != pad.Nowhere {
			line.Source[i] = &source[i]
		}
	}
	return line
}

// jsonLine is v on one line.
func jsonLine(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("cli: " + err.Error())
	}
	return append(data, '\n')
}
