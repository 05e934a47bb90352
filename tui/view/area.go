package view

import (
	"strconv"
	"strings"

	"padlab/tui/theme"
)

// An area is the part of a frame that a widget may touch, with (0, 0) its own
// top left cell. Drawing outside is clipped.
type area struct {
	f          *Frame
	x, y, w, h int
}

// area returns the part of r that lies in the frame, which may be empty.
func (f *Frame) area(r Rect) area {
	r = r.Intersect(f.Bounds())
	return area{f, r.X, r.Y, r.W, r.H}
}

// bounds returns the area in its own coordinates.
func (a area) bounds() Rect { return Rect{0, 0, a.w, a.h} }

// sub returns the part of a that r, in a's coordinates, covers.
func (a area) sub(r Rect) area {
	r = r.Intersect(a.bounds())
	return area{a.f, a.x + r.X, a.y + r.Y, r.W, r.H}
}

// set puts r at (x, y); of a double-width rune that the right end cuts in two
// a blank remains.
func (a area) set(x, y int, r rune, s theme.Style) {
	if x < 0 || x >= a.w || y < 0 || y >= a.h {
		return
	}
	if x == a.w-1 && columns(r) == 2 {
		r = ' '
	}
	a.f.Set(a.x+x, a.y+y, r, s)
}

// text writes text from (x, y) on and returns the column after it.
func (a area) text(x, y int, s theme.Style, text string) int {
	for _, r := range text {
		a.set(x, y, r, s)
		x += columns(r)
	}
	return x
}

// right writes text so that it ends before column x.
func (a area) right(x, y int, s theme.Style, text string) {
	a.text(x-Columns(text), y, s, text)
}

// middle writes text in the middle of row y.
func (a area) middle(y int, s theme.Style, text string) {
	text = Cut(text, a.w)
	a.text((a.w-Columns(text))/2, y, s, text)
}

// line repeats r over n columns from (x, y) on.
func (a area) line(x, y, n int, r rune, s theme.Style) {
	for i := range n {
		a.set(x+i, y, r, s)
	}
}

// only reports whether the n cells from (x, y) on lie in the area and show
// nothing but runes of the given ones.
func (a area) only(runes string, x, y, n int) bool {
	if x < 0 || n < 0 || x+n > a.w || y < 0 || y >= a.h {
		return false
	}
	from := (a.y+y)*a.f.w + a.x + x
	for _, c := range a.f.cells[from : from+n] {
		if c.s.Paints() || !strings.ContainsRune(runes, c.r) {
			return false
		}
	}
	return true
}

// above and below say in the first and the last row of a that n more things,
// of a name that may be "", are scrolled out there. They cover what is in that
// row, which counts as one of them.
func (a area) above(n int, things string) { a.scrolled(0, n, "↑", things) }

func (a area) below(n int, things string) { a.scrolled(a.h-1, n, "↓", things) }

func (a area) scrolled(y, n int, arrow, things string) {
	count := arrow + " " + strconv.Itoa(n)
	text := count + " more"
	if things != "" {
		text += " " + things
	}
	a.line(0, y, a.w, ' ', theme.Plain)
	a.text(0, y, theme.Dim, fitting(a.w, text, count+" more", count, arrow))
}
