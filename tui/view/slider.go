package view

import (
	"strconv"

	"padlab/tui/theme"
)

// A Slider is one of several things in a row, such as the recorded steps of a
// run: "◂ 3/12 step 90 ▸", and behind it a track with a knob. An arrow is dim
// where there is nothing more on its side. When columns are short the track
// goes, then the text.
type Slider struct {
	Index, Count int    // the first has index 0
	Text         string // what it is: "step 90"
}

// Draw draws the slider into the first row of r.
func (s Slider) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	if s.Count < 1 {
		return
	}
	i := clamp(s.Index, 0, s.Count-1)
	place := strconv.Itoa(i+1) + "/" + strconv.Itoa(s.Count)
	label := place
	if s.Text != "" {
		label += " " + s.Text
	}
	label = fitting(a.w-4, label, place)
	arrow := func(x int, r rune, more bool) {
		style := theme.Border
		if more {
			style = theme.Key
		}
		a.set(x, 0, r, style)
	}
	arrow(0, '◂', i > 0)
	x := 1
	if label != "" {
		x = a.text(2, 0, theme.Plain, label) + 1
	}
	arrow(x, '▸', i < s.Count-1)
	track := a.sub(Rect{x + 2, 0, a.w - x - 2, 1})
	if track.w < 6 {
		return
	}
	knob := 0
	if s.Count > 1 {
		knob = i * (track.w - 1) / (s.Count - 1)
	}
	track.line(0, 0, knob, '━', theme.Focus)
	track.line(knob, 0, track.w-knob, '─', theme.Border)
	track.set(knob, 0, '●', theme.Strong)
}
