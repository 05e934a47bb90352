package view

import (
	"math"
	"slices"
	"strconv"

	"github.com/NimbleMarkets/ntcharts/canvas"

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
	XLabel    string   // what is counted, behind its last value: "step"
	Cursor    Optional // a step: a line at the nearest one with a value, and beside it what every series has there
	Last      bool     // the last value of each series stands at the right end, where there is room
	Empty     string   // one line to show while no series has a value
}

// A CurveSeries is one line, its points by ascending step. Before is the same
// arm in another run, in its faint colour behind the line; without colour it is
// dots.
type CurveSeries struct {
	Name   string // in the list beside the cursor
	Style  theme.Style
	Marker rune // stands before the last value
	Points []CurvePoint
	Before []CurvePoint
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
	l, ok := c.layout(a)
	if !ok {
		a.middle(a.h/2, theme.Dim, c.Empty)
		return
	}
	if l.plot.w < 1 || l.plot.h < 1 {
		return
	}
	if l.axis.w > 0 && c.score() {
		l.axis.scoreAxis(l.axis.w-1, l.marks, l.plot)
	} else if l.axis.w > 0 {
		c.yAxis(l)
	}
	if l.foot.h > 0 {
		c.xAxis(l.foot, l.axis.w)
	}
	reference := l.plot.row(l.reference.value)
	if l.reference.known {
		l.plot.line(0, reference, l.plot.w, '┄', theme.Chance)
	}
	step, pointed := c.cursor()
	if pointed {
		for y := range l.plot.h {
			l.plot.set(l.plot.column(float64(step)), y, cursor, theme.Focus)
		}
	}
	for _, s := range c.Series {
		switch {
		case len(s.Before) == 0:
		case t.Colour():
			c.line(l, s.Before)
			l.plot.ink(t.Glyphs, s.Style.Faint())
		default:
			c.dots(l, s.Before)
		}
	}
	for _, s := range c.Series {
		c.line(l, s.Points)
		l.plot.ink(t.Glyphs, s.Style)
	}
	if l.reference.known {
		c.nameReference(l.plot.area, reference)
	}
	if l.names.w > 0 {
		list := c.endings()
		for i := range list {
			list[i].dot = l.plot.dotRow(list[i].value)
		}
		l.names.endings(list, l.plot.h)
	}
	if pointed {
		x := l.plot.column(float64(step))
		c.readout(step).draw(l.plot.area, x, x+1)
	}
}

// At returns the step that the cell (x, y) means when c is drawn into r, which
// lies in its frame: the nearest at which a series has a value. It is false
// beside the plot and the axis below it.
func (c Curve) At(r Rect, x, y int) (step int, ok bool) {
	c.Log = c.Log && !c.score()
	l, ok := c.layout(area{x: r.X, y: r.Y, w: r.W, h: r.H})
	if !ok || !l.plot.over(l.foot, x, y) {
		return 0, false
	}
	nearest := math.MaxInt
	ok = false
	for s := range c.known {
		// Twice the dots, as the middle of a cell lies between two.
		if d := abs(2*l.plot.dot(float64(s), l.low).X - (4*(x-l.plot.x) + 1)); d < nearest {
			step, nearest, ok = s, d, true
		}
	}
	return step, ok
}

// cursor returns the step nearest to the cursor at which a series has a value.
func (c Curve) cursor() (step int, ok bool) {
	nearest := math.Inf(1)
	for s := range c.known {
		if d := math.Abs(float64(s) - c.Cursor.value); c.Cursor.known && d < nearest {
			step, nearest, ok = s, d, true
		}
	}
	return step, ok
}

// known yields the steps at which a series has a value, some of them twice.
func (c Curve) known(yield func(int) bool) {
	for _, s := range c.Series {
		for _, p := range s.Points {
			if finite(c.height(p.Value)) && !yield(max(p.Step, 0)) {
				return
			}
		}
	}
}

// readout lists the last value of each series up to a step.
func (c Curve) readout(step int) readout {
	var o readout
	o.head = Count(step)
	if step < 100_000 {
		o.head = strconv.Itoa(step)
	}
	if c.XLabel != "" {
		o.head = c.XLabel + " " + o.head
	}
	for _, s := range c.Series {
		r := reading{marker: s.Marker, style: s.Style, name: s.Name, value: Unknown}
		for _, p := range s.Points {
			if p.Step <= step && finite(c.height(p.Value)) {
				r.value = c.text(p.Value)
			}
		}
		r.short = r.value
		o.rows = append(o.rows, r)
	}
	return o
}

// A curveLayout is where everything stands.
type curveLayout struct {
	low, high float64  // the heights at the ends of the y-axis
	reference Optional // its height
	marks     []tickMark
	axis      area // of the values, beside the plot
	plot      plot // without a cell when there is no room
	names     area // behind the lines
	foot      area // the axis of the steps
}

// layout divides a. It is false when there is nothing to show.
func (c Curve) layout(a area) (l curveLayout, ok bool) {
	l.low, l.high, ok = span(c.heights)
	if !ok {
		return l, false
	}
	if c.RefLabel != "" {
		l.reference = Some(c.height(c.Reference))
	}
	if l.reference.known {
		l.low, l.high = min(l.low, l.reference.value), max(l.high, l.reference.value)
	}
	h, left := a.h, 0
	if a.h >= 5 {
		h--
	}
	scale := c.Range.axis(slices.Values([]float64{l.low, l.high}))
	if c.score() {
		l.low, l.high = scale.low, scale.high
	}
	switch {
	case a.w < 16:
	case c.score():
		l.marks, left = scale.marks(h, l.reference)
		left++
	default:
		left = max(Columns(Loss(c.value(l.high))), Columns(Loss(c.value(l.low)))) + 1
	}
	gutter := 0
	if w := endingWidth(widest(c.endings())); c.Last && a.w-left-w >= 16 {
		gutter = w
	}
	plot := a.sub(Rect{left, 0, a.w - left - gutter, h})
	if plot.w < 1 || plot.h < 1 {
		return l, true
	}
	l.axis = a.sub(Rect{0, 0, left, h})
	l.foot = a.sub(Rect{0, h, left + plot.w, a.h - h})
	l.names = a.sub(Rect{left + plot.w, 0, gutter, a.h})
	l.plot = newPlot(plot, Range{0, float64(c.steps())}, Range{l.low, l.high}, 0, float64(2*plot.w-1))
	return l, true
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
		for _, points := range [...][]CurvePoint{s.Points, s.Before} {
			for _, p := range points {
				if !yield(c.height(p.Value)) {
					return
				}
			}
		}
	}
}

func (c Curve) steps() int {
	last := 0
	for _, s := range c.Series {
		for _, points := range [...][]CurvePoint{s.Points, s.Before} {
			for _, p := range points {
				last = max(last, p.Step)
			}
		}
	}
	return last
}

// yAxis draws the axis of a loss, with numbers at its ends.
func (c Curve) yAxis(l curveLayout) {
	a, h, column := l.axis, l.axis.h, l.axis.w-1
	for y := range h {
		a.set(column, y, '│', theme.Border)
	}
	mark := func(y int, text string) {
		a.right(column, y, theme.Dim, text)
		a.set(column, y, '┤', theme.Border)
	}
	top, bottom := Loss(c.value(l.high)), Loss(c.value(l.low))
	if l.low == l.high {
		if h >= 3 {
			mark((h-1)/2, top)
		}
		return
	}
	mark(h-1, bottom)
	mark(0, top)
	if mid := c.value(l.low/2 + l.high/2); h >= 9 && h%2 == 1 && Columns(Loss(mid)) <= column {
		mark((h-1)/2, Loss(mid))
	}
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

// line sets the dots of a line. Points that share a column of dots become
// one stroke from their smallest to their largest value, so that the work
// follows the width and not the number of points.
func (c Curve) line(l curveLayout, points []CurvePoint) {
	var first, last, from canvas.Point // of the column at hand, and where the line comes from
	top, bottom := 0, 0                // of the column at hand
	empty, begun := true, false
	flush := func() {
		if empty {
			return
		}
		if begun {
			l.plot.stroke(from, first)
		}
		for y := top; y <= bottom; y++ {
			l.plot.grid.Set(canvas.Point{X: last.X, Y: y})
		}
		from, empty, begun = last, true, true
	}
	for _, p := range points {
		height := c.height(p.Value)
		if !finite(height) {
			flush()
			begun = false
			continue
		}
		d := l.plot.dot(float64(p.Step), height)
		if empty || d.X != last.X {
			flush()
			first, top, bottom, empty = d, d.Y, d.Y, false
		}
		last, top, bottom = d, min(top, d.Y), max(bottom, d.Y)
	}
	flush()
}

// dots draws a dot in every fourth column of a line, or where there are points.
func (c Curve) dots(l curveLayout, points []CurvePoint) {
	const apart = 4
	last := -apart
	for _, p := range points {
		height := c.height(p.Value)
		if !finite(height) {
			continue
		}
		if d := l.plot.dot(float64(p.Step), height); d.X/2 >= last+apart {
			last = d.X / 2
			l.plot.set(last, d.Y/4, '∙', theme.Dim)
		}
	}
}

// endings gives the last known value of each series.
func (c Curve) endings() []ending {
	var list []ending
	for _, s := range c.Series {
		for _, p := range slices.Backward(s.Points) {
			if height := c.height(p.Value); finite(height) {
				list = append(list, ending{value: height, marker: s.Marker, style: s.Style, text: c.text(p.Value)})
				break
			}
		}
	}
	return list
}
