package view

import (
	"fmt"
	"math"

	"padlab/tui/theme"
)

// An Image is a small grey picture: Rows×Cols values from 0 (black) to 1
// (white), two to a cell, one above the other. It is enlarged by a whole
// number as far as it fits, or made smaller by averaging neighbours. Values
// outside are clamped; not-a-number is black. Without half blocks a cell is the
// mean of its two, without colour it is shaded, the brighter the denser.
type Image struct {
	Rows, Cols int
	Values     []float64 // row by row, Rows·Cols of them
}

// Draw draws the picture into the middle of r. It panics when the number of
// values is not Rows·Cols.
func (m Image) Draw(f *Frame, r Rect, t theme.Theme) {
	if m.Rows < 0 || m.Cols < 0 || len(m.Values) != m.Rows*m.Cols {
		panic(fmt.Sprintf("view: an image of %d×%d with %d values", m.Rows, m.Cols, len(m.Values)))
	}
	a := f.area(r)
	if len(m.Values) == 0 || a.w < 1 || a.h < 1 {
		return
	}
	scale, pool := max(1, min(a.w/m.Cols, 2*a.h/m.Rows)), 1
	for ceil(m.Cols, pool) > a.w || ceil(m.Rows, pool) > 2*a.h {
		pool++
	}
	w, h := ceil(m.Cols, pool)*scale, ceil(m.Rows, pool)*scale // in pixels
	pixel := func(x, y int) float64 {
		if y >= h {
			return 0
		}
		v := Heatmap{Rows: m.Rows, Cols: m.Cols, Values: m.Values}.mean(y/scale*pool, x/scale*pool, pool)
		if math.IsNaN(v) {
			return 0
		}
		return v
	}
	picture := a.sub(a.bounds().Centre(w, ceil(h, 2)))
	for y := range picture.h {
		for x := range picture.w {
			top, bottom := pixel(x, 2*y), pixel(x, 2*y+1)
			switch {
			case t.Colour() && t.Glyphs == theme.ASCII:
				picture.set(x, y, ' ', theme.Paper((top+bottom)/2))
			case t.Colour():
				picture.set(x, y, '▀', theme.Grey(top, bottom))
			default:
				picture.set(x, y, shade((top+bottom)/2), theme.Plain)
			}
		}
	}
}
