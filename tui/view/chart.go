package view

import (
	"cmp"
	"math"

	"github.com/NimbleMarkets/ntcharts/canvas/runes"

	"padlab/tui/theme"
)

// unit maps lo … hi to 0 … 1, clamped, and everything to ½ when lo = hi. All
// three are finite; half of each is taken so that no difference overflows.
func unit(v, lo, hi float64) float64 {
	if !(lo < hi) {
		return 0.5
	}
	return min(max((v/2-lo/2)/(hi/2-lo/2), 0), 1)
}

// A raster is the line of one series: dots, two columns and four rows to a
// cell.
type raster struct {
	w, h int // in cells, at least 1
	dots *runes.PatternDotsGrid
}

func newRaster(w, h int) raster { return raster{w, h, runes.NewPatternDotsGrid(2*w, 4*h)} }

// dotRow returns the row of dots for a height u in 0 … 1 among h rows of cells:
// 0 and 1 lie in the middle of the lowest and the highest cell, where their
// tick labels and markers stand. The row of cells is dotRow/4.
func dotRow(u float64, h int) int { return int((1-u)*float64(4*(h-1)) + 2) }

// line draws Bresenham's line from dot (x, y) to (x1, y1), both included.
func (d raster) line(x, y, x1, y1 int) {
	dx, dy := abs(x1-x), -abs(y1-y)
	sx, sy := cmp.Compare(x1, x), cmp.Compare(y1, y)
	for e := dx + dy; ; {
		d.dots.Set(x, y)
		if x == x1 && y == y1 {
			return
		}
		e2 := 2 * e
		if e2 >= dy {
			e += dy
			x += sx
		}
		if e2 <= dx {
			e += dx
			y += sy
		}
	}
}

// draw puts the dots on a, as the glyph set can.
func (d raster) draw(a area, g theme.Glyphs, s theme.Style) {
	for y, row := range d.dots.BraillePatterns() {
		for x, r := range row {
			if r != runes.BrailleBlockOffset {
				a.set(x, y, stroke(g, r), s)
			}
		}
	}
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
