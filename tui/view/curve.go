package view

import (
	"math"
	"slices"

	"padlab/tui/theme"
)

// A Curve is a quantity of several series, a loss or a score, against the
// training step. The x-axis runs from step 0 to the last one, the y-axis over the
// range of the score or, of a loss, from the smallest to the largest value.
//
// Up to 512 points per series are meant; more are drawn, but take longer. With
// 16 columns the ends of the y-axis get numbers, with 5 rows the x-axis is
// drawn.
type Curve struct {
	Series    []CurveSeries
	Range     Range   // of a score; the zero Range is that of a loss
	Log       bool    // the y-axis of a loss is logarithmic; values ≤ 0 break the line
	Reference float64 // a dashed line at this value, named RefLabel; none when RefLabel is empty
	RefLabel  string
	XLabel    string // what is counted, behind its last value: "step"
	Last      bool   // the last value of each series stands at the right end, where there is room
	Empty     string // one line to show while no series has a value
}

// A CurveSeries is one line, its points by ascending step.
type CurveSeries struct {
	Style  theme.Style
	Marker rune // stands before the last value
	Points []CurvePoint
}

// A CurvePoint is the value after a number of steps. A value that is not
// finite breaks the line. A negative step counts as 0.
type CurvePoint struct {
	Step  int
	Value float64
}

// Draw draws the curve into r.
func (c Curve) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	c.Log = c.Log && !c.score()
	lo, hi, ok := span(c.heights)
	if !ok {
		a.middle(a.h/2, theme.Dim, c.Empty)
		return
	}
	var ref Optional
	if c.RefLabel != "" {
		ref = Some(c.height(c.Reference))
	}
	if ref.known {
		lo, hi = min(lo, ref.value), max(hi, ref.value)
	}
	scale := c.Range.axis(slices.Values([]float64{lo, hi}))
	if c.score() {
		lo, hi = scale.low, scale.high
	}

	h := a.h
	if a.h >= 5 {
		h--
	}
	left := 0
	switch {
	case a.w < 16:
	case c.score():
		left = a.scoreAxis(h, scale, ref) + 1
	default:
		left = c.yAxis(a, h, lo, hi) + 1
	}
	gutter := 0
	if w := endingWidth(widest(c.endings(1, 0, 1))); c.Last && a.w-left-w >= 16 {
		gutter = w
	}
	plot := a.sub(Rect{left, 0, a.w - left - gutter, h})
	if plot.w < 1 || plot.h < 1 {
		return
	}
	if h < a.h {
		c.xAxis(a.sub(Rect{0, h, left + plot.w, 1}), left)
	}
	if ref.known {
		plot.line(0, dotRow(unit(ref.value, lo, hi), plot.h)/4, plot.w, '┄', theme.Chance)
	}
	for _, s := range c.Series {
		c.line(plot, s, lo, hi).draw(plot, t.Glyphs, s.Style)
	}
	if ref.known {
		c.nameReference(plot, dotRow(unit(ref.value, lo, hi), plot.h)/4)
	}
	if gutter > 0 {
		a.sub(Rect{left + plot.w, 0, gutter, a.h}).endings(c.endings(h, lo, hi), h)
	}
}

func (c Curve) score() bool { return c.Range != Range{} }

// text returns a value as it stands behind its line.
func (c Curve) text(v float64) string {
	if c.score() {
		return Score(v)
	}
	return Loss(v)
}

// height returns where a value lies on the y-axis, in the axis' own measure:
// not-a-number when it has no place.
func (c Curve) height(v float64) float64 {
	switch {
	case !finite(v) || c.Log && v <= 0:
		return math.NaN()
	case c.Log:
		return math.Log10(v)
	}
	return v
}

// value is the inverse of height.
func (c Curve) value(height float64) float64 {
	if c.Log {
		return math.Pow(10, height)
	}
	return height
}

func (c Curve) heights(yield func(float64) bool) {
	for _, s := range c.Series {
		for _, p := range s.Points {
			if !yield(c.height(p.Value)) {
				return
			}
		}
	}
}

func (c Curve) steps() int {
	last := 0
	for _, s := range c.Series {
		for _, p := range s.Points {
			last = max(last, p.Step)
		}
	}
	return last
}

// yAxis draws the axis beside h rows, with numbers at its ends, and returns
// its column.
func (c Curve) yAxis(a area, h int, lo, hi float64) int {
	top, bottom := Loss(c.value(hi)), Loss(c.value(lo))
	column := max(Columns(top), Columns(bottom))
	for y := range h {
		a.set(column, y, '│', theme.Border)
	}
	if h < 1 || lo == hi && h < 3 {
		return column
	}
	mark := func(y int, text string) {
		a.right(column, y, theme.Dim, text)
		a.set(column, y, '┤', theme.Border)
	}
	if lo == hi {
		mark((h-1)/2, top)
		return column
	}
	mark(h-1, bottom)
	mark(0, top)
	if mid := c.value(lo/2 + hi/2); h >= 9 && h%2 == 1 && Columns(Loss(mid)) <= column {
		mark((h-1)/2, Loss(mid))
	}
	return column
}

func (c Curve) xAxis(a area, left int) {
	if left > 0 {
		a.set(left-1, 0, '└', theme.Border)
	}
	a.line(left, 0, a.w-left, '─', theme.Border)
	last := Count(c.steps())
	if full := Columns(c.XLabel); c.XLabel != "" && full+12 <= a.w-left {
		last = c.XLabel + " " + last
	}
	if c.Log && Columns(last)+16 <= a.w-left {
		last = "log scale · " + last
	}
	if start := a.text(left, 0, theme.Plain, "0"); start+Columns(last) < a.w {
		a.right(a.w, 0, theme.Plain, " "+last)
	}
}

// nameReference writes the label at the right of the reference's row y, or above
// or below it, where no line is.
func (c Curve) nameReference(plot area, y int) {
	text := " " + c.RefLabel
	n := Columns(text)
	for _, y := range [...]int{y, y - 1, y + 1} {
		if n <= plot.w/2 && plot.only(" ┄", plot.w-n, y, n) {
			plot.right(plot.w, y, theme.Chance, text)
			return
		}
	}
}

// line returns the dots of a series. Points that share a column of dots become
// one stroke from their smallest to their largest value, so that the work
// follows the width and not the number of points.
func (c Curve) line(plot area, s CurveSeries, lo, hi float64) raster {
	d := newRaster(plot.w, plot.h)
	last := float64(c.steps())
	x, first, top, bottom, y := -1, 0, 0, 0, 0 // the column at hand: its first, smallest, largest and last row of dots
	from, fromY := -1, 0                       // where the line comes from
	flush := func() {
		if x < 0 {
			return
		}
		if from >= 0 {
			d.line(from, fromY, x, first)
		}
		d.line(x, top, x, bottom)
		from, fromY = x, y
		x = -1
	}
	for _, p := range s.Points {
		height := c.height(p.Value)
		if !finite(height) {
			flush()
			from = -1
			continue
		}
		px := int(unit(float64(p.Step), 0, last)*float64(2*plot.w-1) + 0.5)
		py := dotRow(unit(height, lo, hi), plot.h)
		if px == x {
			top, bottom, y = min(top, py), max(bottom, py), py
			continue
		}
		flush()
		x, first, top, bottom, y = px, py, py, py, py
	}
	flush()
	return d
}

// endings gives the last known value of each series.
func (c Curve) endings(h int, lo, hi float64) []ending {
	var list []ending
	for _, s := range c.Series {
		for i := len(s.Points) - 1; i >= 0; i-- {
			if height := c.height(s.Points[i].Value); finite(height) {
				list = append(list, ending{dot: dotRow(unit(height, lo, hi), h), marker: s.Marker, style: s.Style, text: c.text(s.Points[i].Value)})
				break
			}
		}
	}
	return list
}
