package view

import (
	"math"
	"slices"
	"strconv"

	"github.com/NimbleMarkets/ntcharts/canvas"

	"padlab/tui/theme"
)

// A Profile is the border profile: a score against the distance to the image
// border, one line per arm, with intervals and the line of chance. It is the
// curve that this program exists to draw.
//
// From 56×9 on it shows everything but XLabel, which needs 11 rows. Narrower,
// the names stand in a row above instead of at the ends of the lines. Smaller,
// it gives up first the counts, then the names and the axes, and keeps the
// lines.
type Profile struct {
	Series   []ProfileSeries
	Range    Range    // of the score
	Chance   Optional // the score of guessing: a dashed line
	Reach    Optional // the distance from which on all places look alike: a line between the rings
	XLabel   string   // what the distance is, with its unit
	Words    []string // for the distances 0, 1, 2 and so on in place of these numbers
	Cursor   Optional // a distance: a line at the nearest ring, and beside it what every series has there
	Selected int      // the series that is drawn last and with its name marked; −1 for none
	Empty    string   // one line to show while no series has a value
}

// A ProfileSeries is the line of one arm, its points by ascending distance.
// Where it is the mean of several seeds, the lines of these lie dim behind it
// while it is selected, or nothing is; without colour they are dots. Before is the
// same arm in another run, in its faint colour behind the line, or dots.
type ProfileSeries struct {
	Name   string
	Style  theme.Style
	Marker rune
	Points []ProfilePoint
	Seeds  [][]ProfilePoint // one line each
	Before []ProfilePoint
}

// A ProfilePoint is one ring. Value is clamped to the axis; where it is not
// finite the line is broken. Without a finite Low and High there is no
// interval. N counts the trials.
type ProfilePoint struct {
	Distance, Value, Low, High float64
	N                          int
	Single                     bool     // a ring of one cell: a marker alone, no line leads to it
	Ceiling                    Optional // what no network of this kind can exceed; shown for the selected series
}

// ceiling is the glyph of what cannot be exceeded.
const ceiling = '═'

func (p ProfilePoint) known() bool { return finite(p.Distance) && finite(p.Value) }

// Draw draws the profile into r.
func (p Profile) Draw(f *Frame, r Rect, t theme.Theme) {
	a := f.area(r)
	l, ok := p.layout(a)
	if !ok {
		a.middle(a.h/2, theme.Dim, p.Empty)
		return
	}
	if l.legend.h > 0 {
		l.legend.legend(p.endings(l.legend.w))
	}
	if l.plot.w < 1 || l.plot.h < 1 {
		return
	}
	if l.axis.w > 0 {
		l.axis.scoreAxis(l.axis.w-1, l.marks, l.plot)
	}
	if l.foot.h > 0 {
		p.xAxis(l)
	}
	p.lines(l, t)
	if l.names.w > 0 {
		names := p.endings(a.w / 4)
		for i := range names {
			names[i].dot = l.plot.dotRow(names[i].value)
		}
		l.names.endings(names, l.plot.h)
	}
	if x, ok := p.reach(l); ok {
		l.plot.beside(x, theme.Dim, "alike from here")
	}
	if d, ok := l.cursor(p.Cursor); ok {
		p.readout(d).draw(l.plot.area, l.of(0, d), l.of(len(p.Series)-1, d)+1)
	}
}

// At returns the distance of the ring that the cell (x, y) means when p is drawn
// into r, which lies in its frame: the nearest one. It is false beside the plot
// and the axis below it.
func (p Profile) At(r Rect, x, y int) (distance float64, ok bool) {
	l, ok := p.layout(area{x: r.X, y: r.Y, w: r.W, h: r.H})
	if !ok || !l.plot.over(l.foot, x, y) {
		return 0, false
	}
	best := l.rings[0]
	for _, d := range l.rings {
		if abs(l.at(d)-(x-l.plot.x)) < abs(l.at(best)-(x-l.plot.x)) {
			best = d
		}
	}
	return best, true
}

// cursor returns the ring nearest to a distance.
func (l profileLayout) cursor(at Optional) (distance float64, ok bool) {
	if !at.known {
		return 0, false
	}
	best := l.rings[0]
	for _, d := range l.rings {
		if math.Abs(d-at.value) < math.Abs(best-at.value) {
			best = d
		}
	}
	return best, true
}

// readout lists the series at a ring.
func (p Profile) readout(distance float64) readout {
	o := readout{head: p.word(distance)}
	if len(p.Words) == 0 {
		o.head = "at " + o.head
	}
	if n := p.count(distance); n > 0 {
		o.head += " · n " + strconv.Itoa(n)
	}
	for i, s := range p.Series {
		r := reading{marker: s.Marker, style: s.Style, name: s.Name, value: Unknown, short: Unknown, selected: i == p.Selected}
		for _, q := range s.Points {
			if q.known() && q.Distance == distance {
				r.value, r.short = ScoreWithin(q.Value, q.Low, q.High), Score(q.Value)
			}
		}
		o.rows = append(o.rows, r)
	}
	return o
}

// A profileLayout is where everything stands.
type profileLayout struct {
	rings  []float64
	scale  axis
	marks  []tickMark
	legend area // the names in a row above, if they stand there
	axis   area // of the score, beside the plot
	plot   plot // without a cell when there is no room
	names  area // behind the lines, if they stand there
	foot   area // the axis of the distance, the counts, the label
	dodge  bool // the series of one ring stand side by side
	before int  // how many of them left of the ring's column
}

// layout divides a. It is false when there is nothing to show.
func (p Profile) layout(a area) (l profileLayout, ok bool) {
	l.rings = p.rings()
	if len(l.rings) == 0 {
		return l, false
	}
	foot := 0 // rows under the plot: axis, counts, label
	switch {
	case a.h >= 11 && p.XLabel != "":
		foot = 3
	case a.h >= 8:
		foot = 2
	case a.h >= 5:
		foot = 1
	}
	h, gutter := a.h-foot, 0
	if w := endingWidth(widest(p.endings(a.w / 4))); a.w-w >= 32 && h >= 3 {
		gutter = w
	} else if a.h >= 5 && a.w >= 20 {
		l.legend = a.sub(Rect{0, 0, a.w, 1})
		a = a.sub(Rect{0, 1, a.w, a.h - 1})
		h--
	}
	left := 0
	l.scale = p.Range.axis(p.shown)
	if a.w >= 20 {
		l.marks, left = l.scale.marks(h, p.Chance)
		left++
		l.axis = a.sub(Rect{0, 0, left, h})
	}
	plot := a.sub(Rect{left, 0, a.w - left - gutter, h})
	if plot.w < 1 || plot.h < 1 {
		return l, true
	}
	l.foot = a.sub(Rect{0, h, left + plot.w, foot})
	l.names = a.sub(Rect{left + plot.w, 0, gutter, h + min(foot, 1)})

	// Where there is room, the series of one ring stand side by side, so that
	// equal values do not hide each other.
	after := 0
	if l.dodge = plot.w >= 2*len(l.rings)*len(p.Series); l.dodge {
		l.before, after = (len(p.Series)-1)/2, len(p.Series)/2
	}
	if plot.w >= 20 {
		after++ // a blank before the names
	}
	margin := min(1+l.before, (plot.w-1)/2)
	width := max(0, plot.w-1-margin-after)
	middle := func(column int) float64 { return 2*float64(column) + 0.5 + slip }
	distances := Range{l.rings[0], l.rings[len(l.rings)-1]}
	l.plot = newPlot(plot, distances, Range{l.scale.low, l.scale.high}, middle(margin), middle(margin+width))
	return l, true
}

// at returns the column of a ring in the plot.
func (l profileLayout) at(distance float64) int { return l.plot.column(distance) }

// of returns the column of a series' value at a ring.
func (l profileLayout) of(series int, distance float64) int {
	if l.dodge {
		return l.at(distance) + series - l.before
	}
	return l.at(distance)
}

// reach returns the column of the line from which on all places look alike: half
// way to the first ring there, if there is one.
func (p Profile) reach(l profileLayout) (x int, ok bool) {
	for i, d := range l.rings {
		if p.Reach.known && d >= p.Reach.value {
			if i == 0 {
				return l.of(0, d) - 1, true
			}
			return (l.at(l.rings[i-1]) + l.at(d)) / 2, true
		}
	}
	return 0, false
}

// beside writes text next to a vertical line at column x, in the first row that
// has room for it.
func (a area) beside(x int, s theme.Style, text string) {
	n := Columns(text) + 2 // a blank on either side
	for y := range a.h {
		for _, start := range [...]int{x + 1, x - n} {
			if a.only(" ", start, y, n) {
				a.text(start+1, y, s, text)
				return
			}
		}
	}
}

// rings returns the distances at which some series has a value, or had one
// before, ascending.
func (p Profile) rings() []float64 {
	var rings []float64
	for _, s := range p.Series {
		for _, points := range [...][]ProfilePoint{s.Points, s.Before} {
			for _, q := range points {
				if i, found := slices.BinarySearch(rings, q.Distance); q.known() && !found {
					rings = slices.Insert(rings, i, q.Distance)
				}
			}
		}
	}
	return rings
}

// shown yields every number that has a place on the y-axis.
func (p Profile) shown(yield func(float64) bool) {
	for i, s := range p.Series {
		for _, q := range s.Points {
			if q.known() && !(yield(q.Value) && yield(q.Low) && yield(q.High)) {
				return
			}
			if i == p.Selected && q.Ceiling.known && !yield(q.Ceiling.value) {
				return
			}
		}
		for _, q := range s.Before {
			if q.known() && !yield(q.Value) {
				return
			}
		}
		for _, seed := range p.seeds(i) {
			for _, q := range seed {
				if q.known() && !yield(q.Value) {
					return
				}
			}
		}
	}
	if p.Chance.known {
		yield(p.Chance.value)
	}
}

// seeds returns the lines behind series i that are shown.
func (p Profile) seeds(i int) [][]ProfilePoint {
	if i == p.Selected || p.Selected < 0 || p.Selected >= len(p.Series) {
		return p.Series[i].Seeds
	}
	return nil
}

// xAxis draws the axis, the counts and the label in as many rows as the foot
// has.
func (p Profile) xAxis(l profileLayout) {
	a, left := l.foot, l.foot.w-l.plot.w
	if left > 0 {
		a.set(left-1, 0, '└', theme.Border)
		a.right(left-1, 1, theme.Dim, "n")
	}
	a.line(left, 0, a.w-left, '─', theme.Border)
	end, countEnd := left-1, left-1
	put := func(distance float64, y int, s theme.Style, text string, end *int) {
		x := left + l.at(distance) - (Columns(text)-1)/2
		x = max(left, min(x, a.w-Columns(text)))
		if x > *end {
			*end = a.text(x, y, s, text)
		}
	}
	for _, d := range l.rings {
		put(d, 0, theme.Plain, p.word(d), &end)
		if n := p.count(d); n > 0 {
			text := strconv.Itoa(n)
			if len(text) > 5 || (len(text)+2)*len(l.rings) > a.w-left {
				text = Count(n)
			}
			put(d, 1, theme.Dim, text, &countEnd)
		}
	}
	if a.h > 2 {
		label := Cut(p.XLabel, a.w-left)
		a.text(left+(a.w-left-Columns(label))/2, 2, theme.Dim, label)
	}
}

// word is what stands below the axis for a distance.
func (p Profile) word(distance float64) string {
	if i := int(distance); i >= 0 && i < len(p.Words) && float64(i) == distance {
		return p.Words[i]
	}
	return strconv.FormatFloat(distance, 'g', 4, 64)
}

// count returns the n of a ring: the selected series', or the first there is.
func (p Profile) count(distance float64) int {
	n := 0
	for i, s := range p.Series {
		for _, q := range s.Points {
			if q.Distance == distance && (n == 0 || i == p.Selected) {
				n = q.N
			}
		}
	}
	return n
}

// lines draws 0 where the axis goes below it, chance, from where on all places
// look alike, the cursor, the ceilings, the seeds and the run before, the
// intervals, the lines and the markers, each time the selected series last, so
// that no line hides a marker. The lines of the others are faint beside that of
// a selected one.
func (p Profile) lines(l profileLayout, t theme.Theme) {
	plot := l.plot
	if l.scale.zero() {
		plot.line(0, plot.row(0), plot.w, '┄', theme.Border)
	}
	if p.Chance.known {
		plot.line(0, plot.row(p.Chance.value), plot.w, '┄', theme.Chance)
	}
	if x, ok := p.reach(l); ok {
		for y := range plot.h {
			plot.set(x, y, '┊', theme.Dim)
		}
	}
	if d, ok := l.cursor(p.Cursor); ok {
		for y := range plot.h {
			plot.set(l.at(d), y, cursor, theme.Focus)
		}
	}
	order, selected := p.order()
	if selected {
		l.ceilings(p.Series[p.Selected].Points, p.Selected, min(2, plot.w/len(l.rings)/3))
	}
	if t.Colour() {
		for i, s := range p.Series {
			for _, seed := range p.seeds(i) {
				l.line(seed, i)
				plot.ink(t.Glyphs, theme.Border)
			}
			if len(s.Before) > 0 {
				l.line(s.Before, i)
				plot.ink(t.Glyphs, s.Style.Faint())
			}
		}
	}
	roomy := len(p.Series) == 1 || l.dodge
	for _, i := range order {
		switch s := p.Series[i]; {
		case plot.h < 5:
		case i == p.Selected:
			l.whiskers(s.Points, i, s.Style)
		case roomy:
			l.whiskers(s.Points, i, theme.Dim)
		}
	}
	if !t.Colour() {
		for i, s := range p.Series {
			for _, seed := range p.seeds(i) {
				l.markers(seed, i, '∙', theme.Dim)
			}
			l.markers(s.Before, i, '∙', theme.Dim)
		}
	}
	for _, i := range order {
		style := p.Series[i].Style
		if selected && i != p.Selected {
			style = style.Faint()
		}
		l.line(p.Series[i].Points, i)
		plot.ink(t.Glyphs, style)
	}
	for _, i := range order {
		s := p.Series[i]
		l.markers(s.Points, i, s.Marker, s.Style)
	}
}

// order returns the indices of the series, the selected one last, and whether
// there is one.
func (p Profile) order() (order []int, selected bool) {
	for i := range p.Series {
		if i != p.Selected {
			order = append(order, i)
		}
	}
	if len(order) < len(p.Series) {
		return append(order, p.Selected), true
	}
	return order, false
}

// whiskers draws the intervals of series i.
func (l profileLayout) whiskers(points []ProfilePoint, i int, style theme.Style) {
	for _, q := range points {
		if !q.known() || !finite(q.Low) || !finite(q.High) {
			continue
		}
		x := l.of(i, q.Distance)
		top, middle, bottom := l.plot.row(q.High), l.plot.row(q.Value), l.plot.row(q.Low)
		for y := top; y <= bottom; y++ {
			r := '│'
			switch {
			case y == top && y == middle-1:
				r = '╷'
			case y == bottom && y == middle+1:
				r = '╵'
			case y == top && y < middle:
				r = '┬'
			case y == bottom && y > middle:
				r = '┴'
			}
			l.plot.set(x, y, r, style)
		}
	}
}

// line sets the dots of a line of series i, from marker to marker.
func (l profileLayout) line(points []ProfilePoint, i int) {
	var before *ProfilePoint
	for k := range points {
		q := &points[k]
		if !q.known() || q.Single {
			before = nil
			continue
		}
		if before != nil {
			l.plot.stroke(
				canvas.Point{X: 2*l.of(i, before.Distance) + 1, Y: l.plot.dotRow(before.Value)},
				canvas.Point{X: 2 * l.of(i, q.Distance), Y: l.plot.dotRow(q.Value)})
		}
		before = q
	}
}

// markers draws the values of series i.
func (l profileLayout) markers(points []ProfilePoint, i int, marker rune, style theme.Style) {
	for _, q := range points {
		if q.known() {
			l.plot.set(l.of(i, q.Distance), l.plot.row(q.Value), marker, style)
		}
	}
}

// ceilings draws dashes over a number of columns on either side of each ring of
// series i.
func (l profileLayout) ceilings(points []ProfilePoint, i, columns int) {
	for _, q := range points {
		if q.known() && q.Ceiling.known {
			l.plot.line(l.of(i, q.Distance)-columns, l.plot.row(q.Ceiling.value), 2*columns+1, ceiling, theme.Dim)
		}
	}
}

// endings names the lines where they end, in names of at most w columns, and
// the references.
func (p Profile) endings(w int) []ending {
	var list []ending
	var names []string
	for i, s := range p.Series {
		for _, q := range slices.Backward(s.Points) {
			if q.known() {
				list = append(list, ending{value: q.Value, marker: s.Marker, style: s.Style, selected: i == p.Selected})
				names = append(names, s.Name)
				break
			}
		}
	}
	for i, name := range Shorten(names, w) {
		list[i].text = name
	}
	if p.Chance.known {
		list = append(list, ending{value: p.Chance.value, marker: '┄', style: theme.Chance, text: "guessing", reference: true})
	}
	if p.Selected < 0 || p.Selected >= len(p.Series) {
		return list
	}
	for _, q := range slices.Backward(p.Series[p.Selected].Points) {
		if q.known() && q.Ceiling.known {
			return append(list, ending{value: q.Ceiling.value, marker: ceiling, style: theme.Dim, text: "ceiling", reference: true})
		}
	}
	return list
}
