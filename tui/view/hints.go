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

// Draw draws the hints into the first row of r. When not even those to keep
// fit, they lose their texts, the last first, so that the keys are seen; only
// when the keys do not fit is the row cut.
func (hs Hints) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	room := a.w + Columns(between)
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
	x, full := 0, false
	for _, h := range hs {
		if !h.Keep {
			// One that does not fit ends the row for all behind it, so
			// that no hint of less weight takes its place.
			if full = full || h.width() > room; full {
				continue
			}
			room -= h.width()
		}
		if x > 0 {
			x = a.text(x, 0, theme.Border, between)
		}
		x = a.text(x, 0, theme.Key, Cut(h.Key, a.w-x))
		if h.Text != "" {
			x = a.text(x+1, 0, theme.Dim, Cut(h.Text, a.w-x-1))
		}
	}
}

// width returns the columns of a hint with the dot before it.
func (h Hint) width() int {
	n := Columns(between) + Columns(h.Key)
	if h.Text != "" {
		n += 1 + Columns(h.Text)
	}
	return n
}
