package view

import (
	"iter"
	"math"

	"padlab/tui/theme"
)

// A Range is what the axis of a score runs over: that of its metric, so that
// charts of one metric can be compared. Where an end is infinite, and below 0
// where scores have both signs, the axis reaches as far as what is shown, to the
// next half of a tick, and at least to 0.
type Range struct{ Low, High float64 }

// furthest bounds an axis with an infinite end: what is further off lies at the
// end of the axis.
const furthest = 1000

// An axis is a Range with finite ends, and ticks at the multiples of step.
type axis struct{ low, high, step float64 }

func (r Range) axis(shown iter.Seq[float64]) axis {
	a := axis{low: r.Low, high: r.High}
	least, most, ok := span(shown)
	if !ok {
		least, most = 0, 0
	}
	bottom := r.Low
	if !finite(r.Low) {
		bottom = -furthest
	}
	asNeeded := !finite(r.Low) || r.Low < 0 && r.High > 0
	if asNeeded {
		a.low = max(min(least, 0), bottom)
	}
	if !finite(r.High) {
		a.high = min(max(most, 0), furthest)
	}
	if a.low < a.high {
		a.step = tickStep(a.high - a.low)
	}
	if asNeeded && a.step > 0 {
		a.low = max(math.Floor(a.low/a.step*2)*a.step/2, bottom)
	}
	if !finite(r.High) && a.step > 0 {
		a.high = math.Ceil(a.high/a.step*2) * a.step / 2
	}
	return a
}

// tickStep returns the smallest of 1, 2 and 5 times a power of ten of which at
// most four make up a width > 0.
func tickStep(width float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(width/4)))
	for _, digit := range [...]float64{1, 2, 5} {
		if 4*digit*power >= width {
			return digit * power
		}
	}
	return 10 * power
}

// ticks returns the multiples of step on the axis, ascending.
func (a axis) ticks(step float64) (list []float64) {
	if step <= 0 {
		return nil
	}
	first := math.Ceil(a.low / step)
	for i := range 10 { // a step is at least an eighth of the axis
		if v := (first + float64(i)) * step; v <= a.high {
			list = append(list, v+0) // +0: no negative zero
		}
	}
	return list
}

// zero reports whether the axis has values on both sides of 0.
func (a axis) zero() bool { return a.low < 0 && a.high > 0 }

// A tickMark is a number on the axis of a score.
type tickMark struct {
	value float64
	style theme.Style
}

// marks returns the numbers that have room beside h rows, a reference first, and
// the columns of the widest.
func (a axis) marks(h int, reference Optional) (list []tickMark, width int) {
	if reference.known {
		list = append(list, tickMark{reference.value, theme.Chance})
	}
	var ticks []float64
	if h >= 2 {
		ticks = append(ticks, a.high, a.low)
		if a.zero() {
			ticks = append(ticks, 0)
		}
	}
	if h >= 5 {
		ticks = append(ticks, a.ticks(a.step)...)
	}
	if h >= 13 {
		ticks = append(ticks, a.ticks(a.step/2)...)
	}
	for _, v := range ticks {
		list = append(list, tickMark{v, theme.Dim})
	}
	for _, m := range list {
		width = max(width, Columns(tick(m.value)))
	}
	return list, width
}

// scoreAxis draws the axis of a score into a column beside a plot. Of marks
// that fall into one row the first stands.
func (a area) scoreAxis(column int, marks []tickMark, p plot) {
	taken := make([]bool, p.h)
	for y := range p.h {
		a.set(column, y, '│', theme.Border)
	}
	for _, m := range marks {
		if y := p.row(m.value); !taken[y] {
			taken[y] = true
			a.right(column, y, m.style, tick(m.value))
			a.set(column, y, '┤', theme.Border)
		}
	}
}
