// Package view draws: each chart, list and box is a plain struct that puts
// itself into a rectangle of a [Frame]. It exists so that a screen is a pure
// function of its values: no state, no clock, no terminal, and any size, down
// to nothing, is safe.
//
// A frame holds eight bytes per cell and becomes text in one pass that joins
// the cells of one style, because a terminal library that styles every cell by
// itself cannot serve a class. Everything is drawn in Unicode; what a terminal
// can show is the business of the theme.
//
// All measures are columns and rows. A widget draws inside the part of its
// rectangle that lies in the frame, and nowhere else.
//
// # What comes from ntcharts
//
// The points, scales and lines of every chart are those of
// github.com/NimbleMarkets/ntcharts: a graph.BrailleGrid whose GridPoint tells
// the dot of a value and whose BraillePatterns are the line, and
// graph.GetLinePoints between two dots; bars end in the runes package's eighths
// of a block.
//
// Its canvas is no surface for us. A cell of it takes 560 bytes, since it
// holds a lipgloss style. One 86×19 chart through its linechart and canvas
// takes 1.0 ms and 3,300 allocations (.73 ms and 1,127 with one grid per
// series in place of one per segment) and as much again to become text; the
// same Profile takes .13 ms and 1,000, and .006 ms and one as text
// (BenchmarkAgainstCanvas). NaN makes several of its charts loop for ever:
// whatever is not finite breaks a line here before it is placed. So the cells
// are ours, and with them what ntcharts has not: intervals, names where lines
// end, the end of the field, one picture in three glyph sets or without colour,
// and half blocks. Its candlesticks do not draw the intervals: they have no
// caps, and an end that touches another line would not be seen to be one.
package view

import (
	"unicode/utf8"

	"padlab/tui/theme"
)

// MaxWidth and MaxHeight bound a frame, whatever size a terminal claims.
const (
	MaxWidth  = 400
	MaxHeight = 150
)

// A Frame is a surface of cells to draw on. It belongs to one goroutine.
type Frame struct {
	w, h  int
	cells []cell
	text  []byte // String's, kept for the next call
}

// A cell is one column of one row. The cell right of a double-width rune holds
// the rune covered.
type cell struct {
	r rune
	s theme.Style
}

const covered = 0

// NewFrame returns an empty frame of w×h cells, clamped as by Resize.
func NewFrame(w, h int) *Frame {
	f := &Frame{}
	f.Resize(w, h)
	return f
}

// Resize makes f an empty frame of w×h cells, w in 0 … MaxWidth and h in 0 …
// MaxHeight; other values are clamped. It allocates only when f grows beyond
// the largest size it had.
func (f *Frame) Resize(w, h int) {
	f.w, f.h = clamp(w, 0, MaxWidth), clamp(h, 0, MaxHeight)
	if n := f.w * f.h; n <= cap(f.cells) {
		f.cells = f.cells[:n]
	} else {
		f.cells = make([]cell, n)
	}
	f.Clear()
}

// Clear makes every cell blank.
func (f *Frame) Clear() {
	for i := range f.cells {
		f.cells[i] = cell{r: ' '}
	}
}

// Bounds returns the whole frame: Rect{0, 0, w, h}.
func (f *Frame) Bounds() Rect { return Rect{0, 0, f.w, f.h} }

// Set puts r at column x of row y. Outside the frame nothing happens; neither
// does it for a rune without width. A double-width rune that would reach over
// the right end becomes a blank, and so does the other half of one that is
// overwritten.
func (f *Frame) Set(x, y int, r rune, s theme.Style) {
	if x < 0 || x >= f.w || y < 0 || y >= f.h {
		return
	}
	w := columns(r)
	if w == 0 {
		return
	}
	if x+w > f.w {
		r, w = ' ', 1
	}
	row := f.cells[y*f.w : (y+1)*f.w]
	if row[x].r == covered {
		row[x-1].r = ' '
	}
	if x+w < f.w && row[x+w].r == covered {
		row[x+w].r = ' '
	}
	row[x] = cell{r, s}
	if w == 2 {
		row[x+1] = cell{covered, s}
	}
}

// Text writes text from column x of row y to the right and returns the columns
// that it takes, whether they lie in the frame or not. Control characters and
// combining marks are dropped.
func (f *Frame) Text(x, y int, s theme.Style, text string) int {
	start := x
	for _, r := range text {
		f.Set(x, y, r, s)
		x += columns(r)
	}
	return x - start
}

// Fill makes every cell of r a blank of style s.
func (f *Frame) Fill(r Rect, s theme.Style) {
	r = r.Intersect(f.Bounds())
	for y := r.Y; y < r.Y+r.H; y++ {
		for x := r.X; x < r.X+r.W; x++ {
			f.Set(x, y, ' ', s)
		}
	}
}

// String returns the frame as the lines of the given theme's terminal, joined
// by "\n": exactly as many lines as rows, each exactly as wide as the frame.
// Escape sequences end within their line.
func (f *Frame) String(t theme.Theme) string {
	b := f.text[:0]
	for y := range f.h {
		if y > 0 {
			b = append(b, '\n')
		}
		on := theme.Plain
		for _, c := range f.cells[y*f.w : (y+1)*f.w] {
			if c.r == covered {
				if t.Glyphs == theme.ASCII {
					b = append(b, ' ') // the rune became one column
				}
				continue
			}
			// A blank looks the same in all styles without a background.
			if c.s != on && (c.r != ' ' || c.s.Paints() || on.Paints()) {
				b = append(b, t.Off(on)...)
				b = append(b, t.On(c.s)...)
				on = c.s
			}
			b = utf8.AppendRune(b, t.Spell(c.r))
		}
		b = append(b, t.Off(on)...)
	}
	f.text = b
	return string(b)
}
