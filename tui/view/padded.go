package view

import (
	"fmt"
	"math"
	"strconv"

	"padlab/tui/theme"
)

// Padded is a picture with what a padding puts beside it, so that one sees
// where it comes from: every pixel of the padding that is a copy has the hue of
// the pixel that it copies, and the hues run around the picture. What stands
// there without a source, such as zeros, is as grey as it is bright; where
// nothing stands there is a dot.
//
// Without colour a pixel that is copied is named by its row, a letter, and its
// column, a digit: B3 in the picture, b3 for its copies. Other pixels of the
// padding are tenths, and those of the picture are shaded.
//
// A pixel is two columns wide or wider, as large as fits, with a line around the
// picture where there is room. With colour and half blocks, two rows of pixels share a row of
// cells where they have to; hues are of one brightness then, and where nothing
// stands it is black. When not even that fits, and for Corner, only the
// pixels next to the top left corner are shown, and the last row says so.
type Padded struct {
	Rows, Cols               int       // of the whole, padding included
	Values                   []float64 // row by row, 0 (black) … 1 (white); not-a-number where nothing stands
	Top, Bottom, Left, Right int       // of the padding: rows and columns
	// Source is, for each pixel of the whole, the index in the picture,
	// row·width+column, of the pixel that it copies, or −1. It may be left out.
	Source []int
	Corner bool
	Window Window
}

// A Window is a square of Size×Size pixels of the whole that gets a frame, as a
// kernel that slides over it would: none when Size is 0.
type Window struct{ Row, Col, Size int }

// Draw draws the picture into the middle of r. It panics when the number of
// values is not Rows·Cols, or that of sources is neither that nor 0.
func (m Padded) Draw(f *Frame, r Rect, t theme.Theme) {
	if m.Rows < 0 || m.Cols < 0 || len(m.Values) != m.Rows*m.Cols || len(m.Source) != 0 && len(m.Source) != len(m.Values) {
		panic(fmt.Sprintf("view: a padded picture of %d×%d with %d values and %d sources", m.Rows, m.Cols, len(m.Values), len(m.Source)))
	}
	m.Top, m.Bottom, m.Left, m.Right = max(m.Top, 0), max(m.Bottom, 0), max(m.Left, 0), max(m.Right, 0)
	a := f.area(r)
	if len(m.Values) == 0 || a.w < 1 || a.h < 1 {
		return
	}
	l := m.layout(a.w, a.h, t.Colour() && t.Glyphs != theme.ASCII)
	if l.rows < m.Rows || l.cols < m.Cols {
		n := strconv.Itoa(l.rows) + "×" + strconv.Itoa(l.cols)
		whole := strconv.Itoa(m.Rows) + "×" + strconv.Itoa(m.Cols)
		text := fitting(a.w, "top left corner: "+n+" of "+whole+" pixels", "corner: "+n+" of "+whole, n+" of "+whole, n, "…")
		if a.h < 2 || l.rows < 1 || l.cols < 1 {
			a.middle(a.h/2, theme.Dim, fitting(a.w, "too small for "+whole+" pixels", "too small", "…"))
			return
		}
		a.middle(a.h-1, theme.Dim, text)
	}
	whole := a.sub(Rect{l.x, l.y, l.width(m), l.height(m)})
	sources := m.sources()
	if l.half {
		m.drawHalves(whole, l, sources)
	} else {
		m.drawPixels(whole, l, sources, t)
	}
	if l.line {
		m.drawLine(whole, l)
	}
	m.drawWindow(whole, l, t)
}

// A paddedLayout is where pixels lie: the first at (x, y), each w×h cells, or
// half a row high, the first rows×cols of them.
type paddedLayout struct {
	x, y, w, h, rows, cols int
	half                   bool // two rows of pixels to a row of cells
	line                   bool // around the picture
}

func (m Padded) layout(w, h int, halves bool) paddedLayout {
	l := paddedLayout{w: 2, h: 1, rows: m.Rows, cols: m.Cols}
	whole := !m.Corner
	switch {
	case whole && m.Cols*2 <= w && m.Rows <= h:
		l.h = max(1, min(h/m.Rows, w/(2*m.Cols)))
		l.w = 2 * l.h
		if l.h == 1 {
			l.w = min(3, w/m.Cols) // a little wide, but names stand apart
		}
	case whole && halves && m.Cols*2 <= w && (m.Rows+1)/2 <= h:
		l.half = true
	default:
		// The last row says that it is a corner, if it is one.
		if m.Rows > h || m.Cols*l.w > w || m.Corner {
			h--
		}
		if h >= 2*(m.Top+8) && w >= 4*(m.Left+8) { // and still eight pixels of the picture
			l.w, l.h = 4, 2
		}
		l.rows, l.cols = min(m.Rows, max(h, 0)/l.h), min(m.Cols, w/l.w)
		if m.lineTop() && m.lineLeft() && h > l.h*(m.Top+2) && w > l.w*(m.Left+2) {
			l.line = true
			l.rows, l.cols = min(m.Rows, (h-1)/l.h), min(m.Cols, (w-1)/l.w)
			for l.height(m) > h {
				l.rows--
			}
			for l.width(m) > w {
				l.cols--
			}
		}
	}
	if whole && !l.half && l.rows == m.Rows && l.cols == m.Cols {
		l.line = m.lineTop() && m.lineLeft()
		l.line = l.line && l.height(m) <= h && l.width(m) <= w
	}
	l.x, l.y = max(0, (w-l.width(m))/2), max(0, (h-l.height(m))/2)
	return l
}

// lineTop and lineLeft report whether there is both picture and padding in that
// direction.
func (m Padded) lineTop() bool  { return m.Top+m.Bottom > 0 && m.Top+m.Bottom < m.Rows }
func (m Padded) lineLeft() bool { return m.Left+m.Right > 0 && m.Left+m.Right < m.Cols }

// column and row return the cell of the first column and row of a pixel.
func (l paddedLayout) column(m Padded, col int) int {
	x := col * l.w
	if l.line && m.Left > 0 && col >= m.Left {
		x++
	}
	if l.line && m.Right > 0 && col >= m.Cols-m.Right {
		x++
	}
	return x
}

func (l paddedLayout) row(m Padded, row int) int {
	if l.half {
		return row / 2
	}
	y := row * l.h
	if l.line && m.Top > 0 && row >= m.Top {
		y++
	}
	if l.line && m.Bottom > 0 && row >= m.Rows-m.Bottom {
		y++
	}
	return y
}

func (l paddedLayout) width(m Padded) int {
	if l.cols < 1 {
		return 0
	}
	return l.column(m, l.cols-1) + l.w
}

func (l paddedLayout) height(m Padded) int {
	switch {
	case l.rows < 1:
		return 0
	case l.half:
		return (l.rows + 1) / 2
	}
	return l.row(m, l.rows-1) + l.h
}

// picture returns the index of a pixel in the picture, or −1 in the padding.
func (m Padded) picture(row, col int) int {
	if row < m.Top || row >= m.Rows-m.Bottom || col < m.Left || col >= m.Cols-m.Right {
		return -1
	}
	return (row-m.Top)*(m.Cols-m.Left-m.Right) + col - m.Left
}

// copied returns the index of the pixel in the picture that one of the padding
// copies, or −1.
func (m Padded) copied(row, col int) int {
	if len(m.Source) == 0 || m.picture(row, col) >= 0 {
		return -1
	}
	i := m.Source[row*m.Cols+col]
	if n := (m.Rows - m.Top - m.Bottom) * (m.Cols - m.Left - m.Right); i < 0 || i >= n || m.Rows-m.Top-m.Bottom < 1 {
		return -1
	}
	return i
}

// sources returns the pixels of the picture that are copied.
func (m Padded) sources() []bool {
	list := make([]bool, len(m.Values))
	for row := range m.Rows {
		for col := range m.Cols {
			if i := m.copied(row, col); i >= 0 {
				list[i] = true
			}
		}
	}
	return list
}

// around returns where a pixel of the picture lies around its middle, in 0 … 1.
func (m Padded) around(i int) float64 {
	h, w := m.Rows-m.Top-m.Bottom, m.Cols-m.Left-m.Right
	x, y := (float64(i%w)+0.5)/float64(w)-0.5, (float64(i/w)+0.5)/float64(h)-0.5
	return math.Atan2(y, x)/(2*math.Pi) + 0.5
}

// hue returns the place of a pixel on the circle, and whether it has a hue.
func (m Padded) hue(row, col int, sources []bool) (around float64, ok bool) {
	if i := m.copied(row, col); i >= 0 {
		return m.around(i), true
	}
	if i := m.picture(row, col); i >= 0 && sources[i] {
		return m.around(i), true
	}
	return 0, false
}

func (m Padded) drawPixels(a area, l paddedLayout, sources []bool, t theme.Theme) {
	for row := range l.rows {
		for col := range l.cols {
			pixel := a.sub(Rect{l.column(m, col), l.row(m, row), l.w, l.h})
			v := m.Values[row*m.Cols+col]
			style, fill, text := theme.Paper(v), ' ', ""
			around, hued := m.hue(row, col, sources)
			switch {
			case math.IsNaN(v):
				style, text = theme.Dim, "·"
			case t.Colour() && hued:
				style = theme.Hue(around, v)
			case t.Colour():
			case hued:
				style, text = theme.Plain, m.name(row, col)
			case m.picture(row, col) >= 0:
				style, fill = theme.Plain, shade(v)
			default:
				style, text = theme.Plain, tenths(v)
			}
			for y := range pixel.h {
				pixel.line(0, y, pixel.w, fill, style)
			}
			pixel.text((pixel.w-Columns(text))/2, (pixel.h-1)/2, style, text)
		}
	}
}

// name returns the name of a pixel, or in small letters that of the pixel that
// it copies. Beyond 26 rows and 10 columns names come again.
func (m Padded) name(row, col int) string {
	i, first := m.picture(row, col), 'A'
	if i < 0 {
		i, first = m.copied(row, col), 'a'
	}
	w := m.Cols - m.Left - m.Right
	return string(first+rune(i/w%26)) + strconv.Itoa(i%w%10)
}

// tenths returns a value in two columns: " 0", ".5", " 1".
func tenths(v float64) string {
	switch n := int(min(max(v, 0), 1)*10 + 0.5); n {
	case 0:
		return " 0"
	case 10:
		return " 1"
	default:
		return "." + strconv.Itoa(n)
	}
}

func (m Padded) drawHalves(a area, l paddedLayout, sources []bool) {
	tone := func(row, col int) theme.Tone {
		if row >= m.Rows {
			return theme.GreyTone(0)
		}
		if around, ok := m.hue(row, col, sources); ok {
			return theme.HueTone(around)
		}
		return theme.GreyTone(m.Values[row*m.Cols+col])
	}
	for y := range a.h {
		for col := range l.cols {
			a.line(col*l.w, y, l.w, '▀', theme.Halves(tone(2*y, col), tone(2*y+1, col)))
		}
	}
}

// drawLine draws the line between the picture and the padding, as far as both
// are shown.
func (m Padded) drawLine(a area, l paddedLayout) {
	left, right := -1, a.w
	if m.Left > 0 {
		left = l.column(m, m.Left) - 1
	}
	if m.Right > 0 {
		right = l.column(m, m.Cols-m.Right) - 1
	}
	top, bottom := -1, a.h
	if m.Top > 0 {
		top = l.row(m, m.Top) - 1
	}
	if m.Bottom > 0 {
		bottom = l.row(m, m.Rows-m.Bottom) - 1
	}
	for x := max(left, 0); x <= min(right, a.w-1); x++ {
		a.set(x, top, '─', theme.Border)
		a.set(x, bottom, '─', theme.Border)
	}
	for y := max(top, 0); y <= min(bottom, a.h-1); y++ {
		a.set(left, y, '│', theme.Border)
		a.set(right, y, '│', theme.Border)
	}
	a.set(left, top, '┌', theme.Border)
	a.set(right, top, '┐', theme.Border)
	a.set(left, bottom, '└', theme.Border)
	a.set(right, bottom, '┘', theme.Border)
}

// drawWindow frames the window along the inside of its rim. Without colour, and
// with half rows, its upper and lower sides are left out for the sake of what is
// there.
func (m Padded) drawWindow(a area, l paddedLayout, t theme.Theme) {
	r := Rect{m.Window.Col, m.Window.Row, m.Window.Size, m.Window.Size}.Intersect(Rect{0, 0, l.cols, l.rows})
	if r.Empty() {
		return
	}
	left, right := l.column(m, r.X), l.column(m, r.X+r.W-1)+l.w-1
	top, bottom := l.row(m, r.Y), l.row(m, r.Y+r.H-1)+l.h-1
	mark := func(x, y int, r rune) {
		style := theme.Strong
		switch {
		case l.half:
			style = theme.Caret
		case t.Colour(): // on the colour of the pixel
			style = a.f.cells[(a.y+y)*a.f.w+a.x+x].s
		}
		a.set(x, y, r, style)
	}
	for y := top; y <= bottom; y++ {
		mark(left, y, '┃')
		mark(right, y, '┃')
	}
	if l.half || top == bottom {
		return
	}
	for x := left + 1; t.Colour() && x < right; x++ {
		mark(x, top, '━')
		mark(x, bottom, '━')
	}
	mark(left, top, '┏')
	mark(right, top, '┓')
	mark(left, bottom, '┗')
	mark(right, bottom, '┛')
}
