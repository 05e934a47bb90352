package view

import (
	"slices"
	"strconv"

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
	Selected int      // the series that is drawn last and with its name marked; −1 for none
	Empty    string   // one line to show while no series has a value
}

// A ProfileSeries is the line of one arm, its points by ascending distance.
// Where it is the mean of several seeds, the lines of these lie dim behind it
// while it is selected, or nothing is; without colour they are dots.
type ProfileSeries struct {
	Name   string
	Style  theme.Style
	Marker rune
	Points []ProfilePoint
	Seeds  [][]ProfilePoint // one line each
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
	rings := p.rings()
	if len(rings) == 0 {
		a.middle(a.h/2, theme.Dim, p.Empty)
		return
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
	h, scale := a.h-foot, p.Range.axis(p.shown)
	gutter, names := 0, p.endings(h, scale, a.w/4)
	if w := endingWidth(widest(names)); a.w-w >= 32 && h >= 3 {
		gutter = w
	} else if a.h >= 5 && a.w >= 20 {
		a.sub(Rect{0, 0, a.w, 1}).legend(p.endings(h, scale, a.w))
		a = a.sub(Rect{0, 1, a.w, a.h - 1})
		h--
	}
	left := 0
	if a.w >= 20 {
		left = a.scoreAxis(h, scale, p.Chance) + 1
	}
	plot := a.sub(Rect{left, 0, a.w - left - gutter, h})
	if plot.w < 1 || plot.h < 1 {
		return
	}
	at := p.columns(rings, plot.w)
	if foot > 0 {
		p.xAxis(a.sub(Rect{0, h, left + plot.w, foot}), left, rings, at)
	}
	p.lines(plot, t, scale, rings, at)
	if gutter > 0 {
		a.sub(Rect{left + plot.w, 0, gutter, h + min(foot, 1)}).endings(names, h)
	}
	if x, ok := p.reach(rings, at); ok {
		plot.beside(x, theme.Dim, "alike from here")
	}
}

// reach returns the column of the line from which on all places look alike: half
// way to the first ring there, if there is one.
func (p Profile) reach(rings []float64, at func(float64, int) int) (x int, ok bool) {
	for i, d := range rings {
		if p.Reach.known && d >= p.Reach.value {
			if i == 0 {
				return at(d, 0) - 1, true
			}
			return (at(rings[i-1], -1) + at(d, -1)) / 2, true
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

// rings returns the distances at which some series has a value, ascending.
func (p Profile) rings() []float64 {
	var rings []float64
	for _, s := range p.Series {
		for _, q := range s.Points {
			if i, found := slices.BinarySearch(rings, q.Distance); q.known() && !found {
				rings = slices.Insert(rings, i, q.Distance)
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

// columns returns the function from a distance and a series to a column of a
// plot w ≥ 1 columns wide. Where there is room, the series of one ring stand
// side by side, so that equal values do not hide each other.
func (p Profile) columns(rings []float64, w int) func(distance float64, series int) int {
	lo, hi := rings[0], rings[len(rings)-1]
	before, after, dodge := 0, 0, p.dodges(len(rings), w)
	if dodge {
		before, after = (len(p.Series)-1)/2, len(p.Series)/2
	}
	if w >= 20 {
		after++ // a blank before the names
	}
	margin := min(1+before, (w-1)/2)
	width := max(0, w-1-margin-after)
	return func(distance float64, series int) int {
		x := margin + int(unit(distance, lo, hi)*float64(width)+0.5)
		if series >= 0 && dodge {
			x += series - before
		}
		return x
	}
}

// dodges reports whether the rings lie far enough apart for all series side by
// side.
func (p Profile) dodges(rings, w int) bool { return w >= 2*rings*len(p.Series) }

// xAxis draws the axis, the counts and the label in as many rows as a has, from
// column left on.
func (p Profile) xAxis(a area, left int, rings []float64, at func(float64, int) int) {
	if left > 0 {
		a.set(left-1, 0, '└', theme.Border)
		a.right(left-1, 1, theme.Dim, "n")
	}
	a.line(left, 0, a.w-left, '─', theme.Border)
	end, countEnd := left-1, left-1
	put := func(distance float64, y int, s theme.Style, text string, end *int) {
		x := left + at(distance, -1) - (Columns(text)-1)/2
		x = max(left, min(x, a.w-Columns(text)))
		if x > *end {
			*end = a.text(x, y, s, text)
		}
	}
	for _, d := range rings {
		put(d, 0, theme.Plain, strconv.FormatFloat(d, 'g', 4, 64), &end)
		if n := p.count(d); n > 0 {
			text := strconv.Itoa(n)
			if len(text) > 5 || (len(text)+2)*len(rings) > a.w-left {
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
// look alike, the ceilings, the seeds, the intervals, the lines and the markers, each time the
// selected series last, so that no line hides a marker. The lines of the others
// are faint beside that of a selected one.
func (p Profile) lines(plot area, t theme.Theme, scale axis, rings []float64, at func(float64, int) int) {
	if scale.zero() {
		plot.line(0, scale.row(0, plot.h), plot.w, '┄', theme.Border)
	}
	if p.Chance.known {
		plot.line(0, scale.row(p.Chance.value, plot.h), plot.w, '┄', theme.Chance)
	}
	if x, ok := p.reach(rings, at); ok {
		for y := range plot.h {
			plot.set(x, y, '┊', theme.Dim)
		}
	}
	order, selected := p.order()
	if selected {
		p.Series[p.Selected].ceilings(plot, p.Selected, min(2, plot.w/len(rings)/3), scale, at)
	}
	if t.Colour() {
		for i := range p.Series {
			for _, seed := range p.seeds(i) {
				line(seed, plot, t.Glyphs, theme.Border, i, scale, at)
			}
		}
	}
	roomy := len(p.Series) == 1 || p.dodges(len(rings), plot.w)
	for _, i := range order {
		switch s := p.Series[i]; {
		case plot.h < 5:
		case i == p.Selected:
			s.whiskers(plot, s.Style, i, scale, at)
		case roomy:
			s.whiskers(plot, theme.Dim, i, scale, at)
		}
	}
	if !t.Colour() {
		for i := range p.Series {
			for _, seed := range p.seeds(i) {
				markers(seed, plot, '∙', theme.Dim, i, scale, at)
			}
		}
	}
	for _, i := range order {
		style := p.Series[i].Style
		if selected && i != p.Selected {
			style = style.Faint()
		}
		line(p.Series[i].Points, plot, t.Glyphs, style, i, scale, at)
	}
	for _, i := range order {
		s := p.Series[i]
		markers(s.Points, plot, s.Marker, s.Style, i, scale, at)
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

func (s ProfileSeries) whiskers(plot area, style theme.Style, i int, scale axis, at func(float64, int) int) {
	for _, q := range s.Points {
		if !q.known() || !finite(q.Low) || !finite(q.High) {
			continue
		}
		x := at(q.Distance, i)
		top, middle, bottom := scale.row(q.High, plot.h), scale.row(q.Value, plot.h), scale.row(q.Low, plot.h)
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
			plot.set(x, y, r, style)
		}
	}
}

func line(points []ProfilePoint, plot area, g theme.Glyphs, style theme.Style, i int, scale axis, at func(float64, int) int) {
	d := newRaster(plot.w, plot.h)
	var before *ProfilePoint
	for k := range points {
		q := &points[k]
		if !q.known() || q.Single {
			before = nil
			continue
		}
		if before != nil {
			d.line(2*at(before.Distance, i)+1, scale.dots(before.Value, plot.h), 2*at(q.Distance, i), scale.dots(q.Value, plot.h))
		}
		before = q
	}
	d.draw(plot, g, style)
}

func markers(points []ProfilePoint, plot area, marker rune, style theme.Style, i int, scale axis, at func(float64, int) int) {
	for _, q := range points {
		if q.known() {
			plot.set(at(q.Distance, i), scale.row(q.Value, plot.h), marker, style)
		}
	}
}

// ceilings draws dashes over a number of columns on either side of each ring.
func (s ProfileSeries) ceilings(plot area, i, columns int, scale axis, at func(float64, int) int) {
	for _, q := range s.Points {
		if q.known() && q.Ceiling.known {
			plot.line(at(q.Distance, i)-columns, scale.row(q.Ceiling.value, plot.h), 2*columns+1, ceiling, theme.Dim)
		}
	}
}

// endings names the lines where they end, in names of at most w columns, and
// the references.
func (p Profile) endings(h int, scale axis, w int) []ending {
	var list []ending
	var names []string
	for i, s := range p.Series {
		for _, q := range slices.Backward(s.Points) {
			if q.known() {
				list = append(list, ending{dot: scale.dots(q.Value, h), marker: s.Marker, style: s.Style, selected: i == p.Selected})
				names = append(names, s.Name)
				break
			}
		}
	}
	for i, name := range Shorten(names, w) {
		list[i].text = name
	}
	if p.Chance.known {
		list = append(list, ending{dot: scale.dots(p.Chance.value, h), marker: '┄', style: theme.Chance, text: "guessing", reference: true})
	}
	if p.Selected < 0 || p.Selected >= len(p.Series) {
		return list
	}
	for _, q := range slices.Backward(p.Series[p.Selected].Points) {
		if q.known() && q.Ceiling.known {
			return append(list, ending{dot: scale.dots(q.Ceiling.value, h), marker: ceiling, style: theme.Dim, text: "ceiling", reference: true})
		}
	}
	return list
}
