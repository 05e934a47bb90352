package view

import (
	"math"

	"github.com/NimbleMarkets/ntcharts/canvas/runes"

	"padlab/tui/theme"
)

// Bars are scores side by side, a row each: the name, a bar from 0 to the score,
// the score with its interval, and, where somebody else has found one too, a
// mark at theirs. Where scores below 0 are shown a line stands at 0. When
// there are more rows than fit, those around the selected one are shown; when
// there is room, rows stand apart.
type Bars struct {
	Rows     []Bar
	Range    Range // of the scores
	Selected int
	Empty    string // one line to show without rows
}

// A Bar is one row. Without a finite Low and High there is no interval; a Mark
// that is not finite is not drawn.
type Bar struct {
	Name             string
	Style            theme.Style
	Marker           rune
	Value, Low, High float64
	Mark             float64
}

// mark is the glyph of somebody else's score.
const mark = '╎'

// Draw draws the bars into r.
func (b Bars) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	if len(b.Rows) == 0 {
		a.middle(a.h/2, theme.Dim, b.Empty)
		return
	}
	start, end := window(b.Selected, len(b.Rows), a.h)
	apart := 1
	if a.h >= 2*len(b.Rows) {
		apart = 2
	}
	var names []string
	width, scores := 0, 0 // of the names and the scores
	for _, row := range b.Rows {
		names = append(names, row.Name)
		scores = max(scores, Columns(row.score()))
	}
	names = Shorten(names, max(3, a.w/4))
	for _, name := range names {
		width = max(width, Columns(name))
	}
	scale := b.Range.axis(b.shown)
	for i := start; i < end; i++ {
		row, y := b.Rows[i], (i-start)*apart
		style := theme.Plain
		if i == b.Selected {
			a.set(0, y, '▸', theme.Strong)
			style = theme.Strong
		}
		a.set(1, y, row.Marker, row.Style)
		a.text(3, y, style, names[i])
		left := 4 + width
		a.right(a.w, y, style, Cut(row.score(), a.w-left))
		row.draw(a.sub(Rect{left, y, a.w - left - scores - 1, apart}), t, scale)
	}
}

func (b Bar) score() string { return ScoreWithin(b.Value, b.Low, b.High) }

// shown yields every number that has a place on the axis.
func (b Bars) shown(yield func(float64) bool) {
	for _, row := range b.Rows {
		if !(yield(row.Value) && yield(row.Mark)) {
			return
		}
	}
}

// unit maps lo … hi to 0 … 1, clamped, and everything to ½ when lo = hi. All
// three are finite; half of each is taken so that no difference overflows.
func unit(v, lo, hi float64) float64 {
	if !(lo < hi) {
		return 0.5
	}
	return min(max((v/2-lo/2)/(hi/2-lo/2), 0), 1)
}

// draw draws the first row of an area, and the line at 0 in all of them.
func (b Bar) draw(a area, t theme.Theme, scale axis) {
	if a.w < 1 {
		return
	}
	below := area{} // left of 0
	above := a
	if scale.zero() {
		zero := int(math.Round(unit(0, scale.low, scale.high) * float64(a.w-1)))
		below, above = a.sub(Rect{0, 0, zero, 1}), a.sub(Rect{zero + 1, 0, a.w - zero - 1, 1})
		for y := range a.h {
			a.set(zero, y, '│', theme.Border)
		}
	}
	if finite(b.Value) {
		length := unit(b.Value, max(scale.low, 0), scale.high) * float64(above.w)
		full := '█'
		if t.Glyphs == theme.ASCII {
			full, length = '=', math.Round(length)
		}
		above.line(0, 0, int(length), full, b.Style)
		if rest := runes.LeftBlockElementFromFloat64(length - math.Floor(length)); rest != runes.Null {
			above.set(int(length), 0, rest, b.Style)
		}
		if b.Value < 0 { // only halves of a cell can be filled from the right
			halves := int(unit(-b.Value, 0, -scale.low)*float64(2*below.w) + 0.5)
			if t.Glyphs == theme.ASCII {
				halves = (halves + 1) / 2 * 2
			}
			below.line(below.w-halves/2, 0, halves/2, full, b.Style)
			if halves%2 == 1 {
				below.set(below.w-halves/2-1, 0, '▐', b.Style)
			}
		}
	}
	if finite(b.Mark) {
		a.set(int(math.Round(unit(b.Mark, scale.low, scale.high)*float64(a.w-1))), 0, mark, theme.Strong)
	}
}
