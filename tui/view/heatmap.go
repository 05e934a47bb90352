package view

import (
	"fmt"
	"math"
	"strconv"

	"padlab/tui/theme"
)

// A Heatmap shows Rows×Cols values in 0 … 1, such as how often each cell of
// the canvas is recognised, each as a block twice as wide as high in columns
// and rows, as large as fits. Values outside are clamped; not-a-number is
// unknown.
//
// From three columns on a block carries its percentage (in three columns, 100
// is "**"). Without colour, smaller blocks carry tenths ("*" is 1), and blocks
// of several rows are shaded.
//
// When not even one column per value fits, a block is the mean of neighbours,
// and the last row says of how many; without room for that there is no map,
// only words.
type Heatmap struct {
	Rows, Cols int
	Values     []float64 // row by row, Rows·Cols of them
	Legend     bool      // one more row that explains the shades, if there is room
}

// Draw draws the map into the middle of r. It panics when the number of values
// is not Rows·Cols.
func (m Heatmap) Draw(f *Frame, r Rect, t theme.Theme) {
	if m.Rows < 0 || m.Cols < 0 || len(m.Values) != m.Rows*m.Cols {
		panic(fmt.Sprintf("view: a heatmap of %d×%d with %d values", m.Rows, m.Cols, len(m.Values)))
	}
	a := f.area(r)
	if len(m.Values) == 0 || a.w < 1 || a.h < 1 {
		return
	}
	g := m.grid(a.w, a.h)
	if g.pool > 1 {
		pool := fmt.Sprintf("%d×%d", g.pool, g.pool)
		text := fitting(a.w, "each block is the mean of "+pool+" cells", "mean of "+pool+" cells", pool+" mean")
		if a.h < 2 || text == "" {
			a.middle(a.h/2, theme.Dim, fitting(a.w, fmt.Sprintf("too small for %d×%d cells", m.Rows, m.Cols), "too small", "small", "…"))
			return
		}
		a.middle(a.h-1, theme.Dim, text)
		a = a.sub(Rect{0, 0, a.w, a.h - 1})
	}
	for row := range (m.Rows + g.pool - 1) / g.pool {
		for col := range (m.Cols + g.pool - 1) / g.pool {
			block := a.sub(Rect{g.x + col*g.w, g.y + row*g.h, g.w, g.h})
			drawValue(block, t, m.mean(row*g.pool, col*g.pool, g.pool))
		}
	}
	if g.legend {
		m.drawLegend(a.sub(Rect{0, a.h - 1, a.w, 1}), t, g)
	}
}

// A grid is where the blocks lie: the first at (x, y), each w×h cells and
// standing for pool×pool values.
type grid struct {
	x, y, w, h, pool int
	legend           bool
}

func (m Heatmap) grid(w, h int) grid {
	g := grid{pool: 1}
	if m.Cols > w || m.Rows > h {
		h = max(1, h-1) // a row says so
		for ceil(m.Cols, g.pool) > w || ceil(m.Rows, g.pool) > h {
			g.pool++
		}
	}
	rows, cols := ceil(m.Rows, g.pool), ceil(m.Cols, g.pool)
	g.legend = m.Legend && h > rows && w >= 8
	if g.legend {
		h--
	}
	g.h = max(1, min(h/rows, w/(2*cols)))
	g.w = min(2*g.h, w/cols)
	if g.h == 1 {
		g.w = min(4, w/cols) // a little wide, but a percentage fits
	}
	g.x, g.y = (w-g.w*cols)/2, (h-g.h*rows)/2
	return g
}

// mean returns the mean of the known values among the n×n from (row, col) on.
func (m Heatmap) mean(row, col, n int) float64 {
	sum, known := 0.0, 0
	for i := row; i < min(row+n, m.Rows); i++ {
		for j := col; j < min(col+n, m.Cols); j++ {
			if v := m.Values[i*m.Cols+j]; !math.IsNaN(v) {
				sum += min(max(v, 0), 1)
				known++
			}
		}
	}
	return sum / float64(known)
}

// drawValue fills a block with one value.
func drawValue(block area, t theme.Theme, v float64) {
	style, fill := theme.Heat(v), ' '
	switch {
	case math.IsNaN(v):
	case !t.Colour():
		style = theme.Plain
		if block.h > 1 {
			fill = shade(v)
		}
	}
	for y := range block.h {
		block.line(0, y, block.w, fill, style)
	}
	if text := digits(v, block.w, t.Colour()); text != "" {
		if fill != ' ' {
			text = " " + text + " "
		}
		block.text((block.w-Columns(text))/2, (block.h-1)/2, style, text)
	}
}

// digits returns what stands in a block of w columns.
func digits(v float64, w int, colour bool) string {
	switch {
	case math.IsNaN(v):
		return "·"
	case w >= 3:
		percent := int(v*100 + 0.5)
		if percent == 100 && w == 3 {
			return "**"
		}
		if percent < 10 {
			return " " + strconv.Itoa(percent)
		}
		return strconv.Itoa(percent)
	case colour:
		return ""
	}
	if tenth := int(v*10 + 1e-9); tenth < 10 {
		return strconv.Itoa(tenth)
	}
	return "*"
}

// shade returns the glyph for 0 … 1 where there is no colour.
func shade(v float64) rune {
	return [5]rune{' ', '░', '▒', '▓', '█'}[int(min(max(v, 0), 1)*4+0.5)]
}

func (m Heatmap) drawLegend(a area, t theme.Theme, g grid) {
	switch {
	case t.Colour():
		n := clamp(a.w-4, 1, theme.Heats)
		x := (a.w - n - 4) / 2
		a.text(x, 0, theme.Dim, "0")
		for i := range n {
			a.set(x+2+i, 0, ' ', theme.Heat(float64(i)/float64(max(n-1, 1))))
		}
		a.text(x+n+3, 0, theme.Dim, "1")
	case g.h > 1:
		a.middle(0, theme.Dim, "0 ░▒▓█ 1")
	case g.w > 3:
		a.middle(0, theme.Dim, "percent")
	case g.w == 3:
		a.middle(0, theme.Dim, "percent (** = 100)")
	default:
		a.middle(0, theme.Dim, "tenths (* = 1)")
	}
}

// ceil returns a/b rounded up.
func ceil(a, b int) int { return (a + b - 1) / b }
