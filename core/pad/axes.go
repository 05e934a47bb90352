package pad

import (
	"fmt"
	"slices"
	"strings"
)

// Schemes per axis are written beside/above: circular/zeros continues the picture
// on its other side to the left and right, and puts zeros above and below. That is
// what a panorama is, or a map of the earth: longitude comes round, latitude ends.
// Both are schemes that copy pixels or put a value.
//
// Above and below there is one more, pole: beyond the pole of a sphere lies the same
// row again, half a turn away,
//
//	y[−1−i][j] = x[i][(j + W/2) mod W]
//
// and below the lower pole likewise. Rows lie half a pixel beside the pole, and the
// width is even.

// pole is Symmetric rows that are turned; it is no scheme by itself.
var pole = Scheme{Name: "pole", About: "the same row half a turn away", rule: &rule{index: Symmetric, turns: true, refuse: beyondPole}}

func beyondPole(n, before, after int) error {
	if p := max(before, after); p > n {
		return fmt.Errorf("pole needs padding ≤ size: %d > %d", p, n)
	}
	return nil
}

// perAxis returns the schemes that can stand along one axis, and those alone above
// and below.
func perAxis() (both, above []string) {
	for _, s := range schemes {
		if s.alongOne() {
			both = append(both, s.Name)
		}
	}
	return both, append(slices.Clone(both), pole.Name)
}

// alongOne reports whether a scheme copies pixels or puts a value, and nothing else.
func (s Scheme) alongOne() bool {
	return !s.Computes() && !s.Reweighs && !s.Banks && !s.Learns && s.Name != "none"
}

// parseAxes is Parse for beside/above, of which name is the whole.
func parseAxes(name, beside, above string) (Scheme, error) {
	both, alone := perAxis()
	fail := func(format string, args ...any) (Scheme, error) {
		return Scheme{}, fmt.Errorf("scheme %q: "+format, append([]any{name}, args...)...)
	}
	columns, err := Parse(beside)
	if err != nil || !columns.alongOne() || columns.rows != nil {
		return fail("left and right there can be %s, constant(VALUE), not %q", strings.Join(both, ", "), beside)
	}
	rows := pole
	if strings.ToLower(strings.TrimSpace(above)) != pole.Name {
		if rows, err = Parse(above); err != nil || !rows.alongOne() || rows.rows != nil {
			return fail("above and below there can be %s, constant(VALUE), not %q", strings.Join(alone, ", "), above)
		}
	}
	puts := func(s Scheme) bool { return s.index(-1, 2) == Nowhere }
	switch {
	case rows == columns:
		return columns, nil
	case rows.turns && columns.Name != "circular":
		return fail("pole turns rows by half a turn, and only circular comes round left and right: circular/pole")
	case puts(rows) && puts(columns) && rows.Value != columns.Value:
		return fail("one value stands outside, not %g and %g", columns.Value, rows.Value)
	}
	s := columns
	s.Name, s.rows = columns.Name+"/"+rows.Name, rows.rule
	s.About = fmt.Sprintf("%s left and right, %s above and below", columns.Name, rows.Name)
	if puts(rows) {
		s.Value = rows.Value
	}
	return s, nil
}

// Axes returns what a scheme does left and right of a picture, and above and below
// it: twice itself, unless it is a scheme per axis.
func (s Scheme) Axes() (columns, rows Scheme) {
	if s.rows == nil {
		return s, s
	}
	beside, above, _ := strings.Cut(s.Name, "/")
	columns = Must(beside)
	if s.rows == pole.rule {
		return columns, pole
	}
	return columns, Must(above)
}

// Source returns the pixel that stands at a place of the padded picture, rows above
// and below being turned where the scheme does; ok is false where none is copied. It
// panics beyond the padded picture.
func (p *Plan) Source(row, col int) (fromRow, fromCol int, ok bool) {
	fromRow, fromCol = p.rows[row], p.cols[col]
	if p.turned != nil && (row < p.Top || row >= p.Top+p.H) {
		fromCol = p.turned[col]
	}
	return fromRow, fromCol, fromRow != Nowhere && fromCol != Nowhere
}
