package view

import (
	"strconv"

	"padlab/tui/theme"
)

// A Slider is one of several things in a row, such as the evaluations of a run:
// "◂ 3/12 step 90 ▸", and behind it a track with a knob. An arrow is dim where
// there is nothing more on its side. When columns are short the track goes, then
// the text.
type Slider struct {
	Index, Count int    // the first has index 0
	Text         string // what it is: "step 90"
}

// A sliderLayout is where the parts of a slider are, in w columns.
type sliderLayout struct {
	index, right int // of the right arrow; the left one is in the first column
	label        string
	track, w     int // the column of the track, and its width, 0 where there is none
}

func (s Slider) layout(w int) sliderLayout {
	l := sliderLayout{index: clamp(s.Index, 0, s.Count-1), right: 1}
	place := strconv.Itoa(l.index+1) + "/" + strconv.Itoa(s.Count)
	l.label = fitting(w-4, place+" "+s.Text, place)
	if s.Text == "" {
		l.label = fitting(w-4, place)
	}
	if l.label != "" {
		l.right = 3 + Columns(l.label)
	}
	if l.track, l.w = l.right+2, w-l.right-2; l.w < 6 {
		l.w = 0
	}
	return l
}

// knob is the column of the track at which what is shown stands.
func (s Slider) knob(l sliderLayout) int {
	if s.Count < 2 {
		return 0
	}
	return l.index * (l.w - 1) / (s.Count - 1)
}

// Draw draws the slider into the first row of r.
func (s Slider) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	if s.Count < 1 {
		return
	}
	l := s.layout(a.w)
	arrow := func(x int, r rune, more bool) {
		style := theme.Border
		if more {
			style = theme.Key
		}
		a.set(x, 0, r, style)
	}
	arrow(0, '◂', l.index > 0)
	a.text(2, 0, theme.Plain, l.label)
	arrow(l.right, '▸', l.index < s.Count-1)
	if l.w == 0 {
		return
	}
	knob := s.knob(l)
	track := a.sub(Rect{l.track, 0, l.w, 1})
	track.line(0, 0, knob, '━', theme.Focus)
	track.line(knob, 0, track.w-knob, '─', theme.Border)
	track.set(knob, 0, '●', theme.Strong)
}

// At returns which thing a click at column x of r means, for an r that lies in the
// frame: the next one on the side of an arrow, that at a place of the track, or on the
// knob the one that is shown, of several that share its column.
func (s Slider) At(r Rect, x int) (index int, ok bool) {
	if s.Count < 1 {
		return 0, false
	}
	l := s.layout(r.W)
	switch x -= r.X; {
	case x == 0:
		return max(l.index-1, 0), true
	case x == l.right:
		return min(l.index+1, s.Count-1), true
	case l.w > 0 && x == l.track+s.knob(l):
		return l.index, true
	case l.w > 0 && x >= l.track && x < l.track+l.w:
		return ((x-l.track)*(s.Count-1) + (l.w-1)/2) / (l.w - 1), true
	}
	return 0, false
}
