package view

import (
	"slices"

	"padlab/tui/theme"
)

// Hints is one row that says which keys do what: "space pause · s step".
type Hints []Hint

// A Hint is one key. Keep holds it on a narrow screen, where the others are
// left out, the last first.
type Hint struct {
	Key, Text string
	Keep      bool
}

const between = " · "

// A placed hint is one that is shown: its number, and its columns, which begin
// behind the dot.
type placed struct{ i, x, w int }

// Draw draws the hints into the first row of r. When not even those to keep
// fit, they lose their texts, the last first, so that the keys are seen; only
// when the keys do not fit is the row cut.
func (hs Hints) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	hs, shown := hs.place(a.w)
	for n, at := range shown {
		h := hs[at.i]
		if n > 0 {
			a.text(at.x-Columns(between), 0, theme.Border, between)
		}
		x := a.text(at.x, 0, theme.Key, Cut(h.Key, a.w-at.x))
		if h.Text != "" {
			a.text(x+1, 0, theme.Dim, Cut(h.Text, a.w-x-1))
		}
	}
}

// At returns which hint Draw puts at column x of r, which lies in the frame.
func (hs Hints) At(r Rect, x int) (i int, ok bool) {
	_, shown := hs.place(r.W)
	for _, at := range shown {
		if x >= r.X+at.x && x < r.X+at.x+at.w {
			return at.i, true
		}
	}
	return 0, false
}

// place returns the hints, some of them without their texts, and which of them
// stand where in w columns.
func (hs Hints) place(w int) (Hints, []placed) {
	room := w + Columns(between)
	for _, h := range hs {
		if h.Keep {
			room -= h.width()
		}
	}
	if room < 0 {
		hs = slices.Clone(hs)
		for i := len(hs) - 1; i >= 0 && room < 0; i-- {
			if hs[i].Keep {
				room += hs[i].width()
				hs[i].Text = ""
				room -= hs[i].width()
			}
		}
	}
	var list []placed
	x, full := 0, false
	for i, h := range hs {
		if !h.Keep {
			// One that does not fit ends the row for all behind it, so
			// that no hint of less weight takes its place.
			if full = full || h.width() > room; full {
				continue
			}
			room -= h.width()
		}
		list = append(list, placed{i, x, h.width() - Columns(between)})
		x += h.width()
	}
	return hs, list
}

// width returns the columns of a hint with the dot before it.
func (h Hint) width() int {
	n := Columns(between) + Columns(h.Key)
	if h.Text != "" {
		n += 1 + Columns(h.Text)
	}
	return n
}
