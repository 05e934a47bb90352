package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"padlab/core/pad"
	"padlab/core/rng"
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
		Short:   "Print which pixel every padded position copies, or what is computed there",
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
	fmt.Fprintln(s, "\nBESIDE/ABOVE puts one left and right and another above and below: circular/zeros for panoramas;\ncircular/pole for the earth, where beyond the pole a row comes back half a turn away.")
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

// showScheme prints the source of every position of a padded line, or of a
// scheme that computes, the values.
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
	columns, rows := scheme.Axes()
	axes := []pad.Scheme{columns}
	if rows != columns {
		axes = append(axes, rows)
	}
	lines := make([]paddedLine, len(axes))
	for i, along := range axes {
		if lines[i], err = newPaddedLine(along, f.size, before, after); err != nil {
			return err
		}
		if len(axes) > 1 {
			lines[i].Axis = []string{"columns", "rows"}[i]
		}
	}
	if f.format == "json" {
		for _, line := range lines {
			s.Write(jsonLine(line))
		}
		return nil
	}
	for i, along := range axes {
		about := along.Name + ": " + along.About
		if len(axes) > 1 {
			about = []string{"left and right, ", "above and below, "}[i] + about
		}
		fmt.Fprintf(s, "%s\n%s\n", about, lines[i].text(along))
	}
	return nil
}

// A paddedLine is the source of every position of a line, nil where there is
// none. If the scheme computes, Values are what becomes of the line 1, 2, 3, ….
type paddedLine struct {
	Schema int       `json:"schema"`
	Scheme string    `json:"scheme"`
	Axis   string    `json:"axis,omitempty"` // of a scheme per axis: what the line is, rows or columns of the picture
	Size   int       `json:"size"`
	Before int       `json:"before"`
	After  int       `json:"after"`
	Source []*int    `json:"source"`
	Values []float32 `json:"values,omitempty"`
}

func newPaddedLine(scheme pad.Scheme, size, before, after int) (paddedLine, error) {
	source, err := scheme.Sources(size, before, after)
	if err != nil {
		return paddedLine{}, err
	}
	line := paddedLine{1, scheme.Name, "", size, before, after, make([]*int, len(source)), nil}
	for i := range source {
		if source[i] != pad.Nowhere {
			line.Source[i] = &source[i]
		}
	}
	if !scheme.Computes() || before+after == 0 {
		return line, nil
	}
	plan, err := pad.NewPlan(scheme, 1, size, 1, pad.Sides{Left: before, Right: after})
	if err != nil {
		return paddedLine{}, err
	}
	ramp := make([]float32, size)
	for i := range ramp {
		ramp[i] = float32(i + 1)
	}
	line.Values = make([]float32, len(source))
	plan.Forward(line.Values, ramp, pad.Pass{Source: rng.New(1, "schemes"), Training: true})
	return line, nil
}

// text is the line for a person, with bars at the borders of the picture where
// it stands still.
func (l paddedLine) text(scheme pad.Scheme) string {
	var words []string
	still := true
	for i := range l.Size {
		still = still && (l.Values == nil || l.Values[l.Before+i] == float32(i+1))
	}
	for i, source := range l.Source {
		if still && i == l.Before {
			words = append(words, "|")
		}
		switch {
		case l.Values != nil:
			words = append(words, fmt.Sprintf("%.4g", l.Values[i]))
		case source != nil:
			words = append(words, fmt.Sprint(*source))
		case scheme.Learns:
			words = append(words, "?")
		case scheme.Banks:
			words = append(words, "·")
		default:
			words = append(words, fmt.Sprintf("[%g]", scheme.Value))
		}
		if still && i == l.Before+l.Size-1 {
			words = append(words, "|")
		}
	}
	text := strings.Join(words, " ")
	if l.Values != nil {
		text += fmt.Sprintf("\ncomputed from the values 1 … %d, not copied", l.Size)
	}
	return text
}

// jsonLine is v on one line.
func jsonLine(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("cli: " + err.Error())
	}
	return append(data, '\n')
}
