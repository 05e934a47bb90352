package view

import (
	"math"

	"github.com/NimbleMarkets/ntcharts/canvas"
	"github.com/NimbleMarkets/ntcharts/canvas/graph"
	"github.com/NimbleMarkets/ntcharts/canvas/runes"

	"padlab/tui/theme"
)

// A plot is the area of a chart and the scale of its two axes: that of a grid
// of braille dots, two columns and four rows to a cell, with the first dot at
// the top left. Only finite numbers may be placed on it.
type plot struct {
	area
	grid       *graph.BrailleGrid
	across, up Range // what is shown: what lies outside is drawn at its end
}

// slip is by how much of a dot the middle of a cell, which lies between two
// dots, is missed: what lies there comes to the lower or the right one, however
// numbers are rounded.
const slip = 0.1

// newPlot returns the plot on a, which has at least one cell, where x.Low lies
// at the column of dots first and x.High at last. In a column of its cells
// y.Low and y.High lie in the middle of the lowest and the highest, where
// their tick labels and markers stand.
func newPlot(a area, x, y Range, first, last float64) plot {
	x, y = x.open(), y.open()
	const middle = 1.5 - slip
	left, right := x.ends(first, last, 2*a.w)
	bottom, top := y.ends(middle, middle+float64(4*(a.h-1)), 4*a.h)
	return plot{a, graph.NewBrailleGrid(a.w, a.h, left, right, bottom, top), x, y}
}

// ends returns the numbers at the first and the last of n dots where r.Low
// lies at dot first and r.High at dot last, or next to it when they are one.
func (r Range) ends(first, last float64, n int) (low, high float64) {
	dot := (r.High - r.Low) / max(last-first, 0.05)
	return r.Low - first*dot, r.Low + (float64(n-1)-first)*dot
}

// open returns a range of some width that computing with does not overflow: r,
// or one with r.Low in the middle.
func (r Range) open() Range {
	const most = 1e300
	low, high := min(max(r.Low, -most), most), min(max(r.High, -most), most)
	if high-low > 1/most {
		return Range{low, high}
	}
	half := max(1, math.Abs(low))
	return Range{low - half, low + half}
}

func (r Range) clamp(v float64) float64 { return min(max(v, r.Low), r.High) }

// dot returns the dot of a point.
func (p plot) dot(x, y float64) canvas.Point {
	d := p.grid.GridPoint(canvas.Float64Point{X: p.across.clamp(x), Y: p.up.clamp(y)})
	return canvas.Point{X: clamp(d.X, 0, 2*p.w-1), Y: clamp(d.Y, 0, 4*p.h-1)}
}

// column returns the column of cells of x.
func (p plot) column(x float64) int { return p.dot(x, p.up.Low).X / 2 }

// dotRow returns the row of dots of y.
func (p plot) dotRow(y float64) int { return p.dot(p.across.Low, y).Y }

// over reports whether the cell (x, y) of the frame lies in the plot, or in the
// axis under it.
func (p plot) over(foot area, x, y int) bool {
	return Rect{p.area.x, p.area.y, p.w, p.h + foot.h}.Contains(x, y)
}

// row returns the row of cells of y.
func (p plot) row(y float64) int { return p.dotRow(y) / 4 }

// stroke sets the dots of a straight line, both ends included.
func (p plot) stroke(from, to canvas.Point) {
	for _, d := range graph.GetLinePoints(from, to) {
		p.grid.Set(d)
	}
}

// ink draws the dots that are set, as the glyph set can, and clears them.
func (p plot) ink(g theme.Glyphs, s theme.Style) {
	for y, row := range p.grid.BraillePatterns() {
		for x, r := range row {
			if r != runes.BrailleBlockOffset {
				p.set(x, y, stroke(g, r), s)
			}
		}
	}
	p.grid.Clear()
}

// stroke returns the glyph for a braille pattern with at least one dot: the
// pattern, the quarters of a block that it touches, or the ASCII rune of its
// slope.
func stroke(g theme.Glyphs, pattern rune) rune {
	left := [4]bool{pattern&0x01 != 0, pattern&0x02 != 0, pattern&0x04 != 0, pattern&0x40 != 0}
	right := [4]bool{pattern&0x08 != 0, pattern&0x10 != 0, pattern&0x20 != 0, pattern&0x80 != 0}
	switch g {
	case theme.Block:
		quarters := [16]rune{' ', '▘', '▝', '▀', '▖', '▌', '▞', '▛', '▗', '▚', '▐', '▜', '▄', '▙', '▟', '█'}
		i := 0
		for bit, dot := range [4]bool{left[0] || left[1], right[0] || right[1], left[2] || left[3], right[2] || right[3]} {
			if dot {
				i |= 1 << bit
			}
		}
		return quarters[i]
	case theme.ASCII:
		nl, sl := dots(left)
		nr, sr := dots(right)
		switch {
		case nl > 0 && nr > 0 && sl*nr-sr*nl >= nl*nr: // the left dots lie at least a row lower
			return '/'
		case nl > 0 && nr > 0 && sr*nl-sl*nr >= nl*nr:
			return '\\'
		case nl > 2 || nr > 2:
			return '|'
		}
		return [4]rune{'\'', '-', '-', '_'}[(sl+sr)/(nl+nr)]
	}
	return pattern
}

// dots returns how many dots a column has, and the sum of their rows.
func dots(column [4]bool) (n, sum int) {
	for row, dot := range column {
		if dot {
			n++
			sum += row
		}
	}
	return n, sum
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// span returns the smallest and the largest finite number that each yields,
// and false when there is none.
func span(each func(yield func(float64) bool)) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for v := range each {
		if finite(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi, lo <= hi
}
