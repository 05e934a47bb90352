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

// dots returns the row of dots of a value among h rows of cells.
func (a axis) dots(v float64, h int) int { return dotRow(unit(v, a.low, a.high), h) }

// row returns the row of cells of a value.
func (a axis) row(v float64, h int) int { return a.dots(v, h) / 4 }

// scoreAxis draws the axis of a score beside h rows, with a reference marked on
// it, and returns its column. Of marks that fall into one row the first stands.
func (a area) scoreAxis(h int, scale axis, reference Optional) int {
	type mark struct {
		value float64
		style theme.Style
	}
	var marks []mark
	if reference.known {
		marks = append(marks, mark{reference.value, theme.Chance})
	}
	var ticks []float64
	if h >= 2 {
		ticks = append(ticks, scale.high, scale.low)
		if scale.zero() {
			ticks = append(ticks, 0)
		}
	}
	if h >= 5 {
		ticks = append(ticks, scale.ticks(scale.step)...)
	}
	if h >= 13 {
		ticks = append(ticks, scale.ticks(scale.step/2)...)
	}
	for _, v := range ticks {
		marks = append(marks, mark{v, theme.Dim})
	}
	column := 0
	for _, m := range marks {
		column = max(column, Columns(tick(m.value)))
	}
	taken := make([]bool, h)
	for y := range h {
		a.set(column, y, '│', theme.Border)
	}
	for _, m := range marks {
		if y := scale.row(m.value, h); !taken[y] {
			taken[y] = true
			a.right(column, y, m.style, tick(m.value))
			a.set(column, y, '┤', theme.Border)
		}
	}
	return column
}
