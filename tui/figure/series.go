package figure

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"padlab/tui/theme"
)

// A point of a series. Low and high are NaN where there is no interval.
type point struct{ x, y, low, high float64 }

// A series is one arm in a plot.
type series struct {
	look  int // which marker, dashes and colour
	of    int // so many in the plot: their points stand beside each other; 0: where they are
	width vg.Length
	lines [][]point // are connected
	alone []point   // markers without a line
	every int       // so many points apart stand markers and intervals; 0: nowhere
}

// dashes tell arms apart where there is no colour.
var dashes = [...][]vg.Length{nil, {6, 2.5}, {2, 2}, {9, 2, 2, 2}, {4, 1.5}, {9, 2, 2, 2, 2, 2}, {1, 1.5}, {12, 3}}

func (s series) line() draw.LineStyle {
	return draw.LineStyle{Color: theme.OnPaper(theme.Series(s.look)), Width: s.width, Dashes: dashes[s.look%len(dashes)]}
}

// Plot draws intervals, then lines, then markers.
func (s series) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	at := s.at(c, p)
	whisker := draw.LineStyle{Color: s.line().Color, Width: 0.9}
	marked := append([]point(nil), s.alone...)
	for _, line := range s.lines {
		for i, q := range line {
			if s.every > 0 && i%s.every == 0 {
				marked = append(marked, q)
			}
		}
	}
	const cap = 2.5
	for _, q := range marked {
		if q.low-q.low == 0 && q.high-q.high == 0 && q.low < q.high {
			middle, low, high := at(q).X, y(q.low), y(q.high)
			c.StrokeLine2(whisker, middle, low, middle, high)
			c.StrokeLine2(whisker, middle-cap, low, middle+cap, low)
			c.StrokeLine2(whisker, middle-cap, high, middle+cap, high)
		}
	}
	for _, line := range s.lines {
		points := make([]vg.Point, len(line))
		for i, q := range line {
			points[i] = at(q)
		}
		c.StrokeLines(s.line(), points)
	}
	for _, q := range marked {
		s.marker(&c, at(q))
	}
}

// at is where the series has its points on a canvas.
func (s series) at(c draw.Canvas, p *plot.Plot) func(point) vg.Point {
	x, y := p.Transforms(&c)
	aside := vg.Length(0)
	if s.of > 0 {
		aside = (vg.Length(s.look) - vg.Length(s.of-1)/2) * min(8, (x(1)-x(0))*.7/vg.Length(s.of))
	}
	return func(q point) vg.Point { return vg.Point{X: x(q.x) + aside, Y: y(q.y)} }
}

// bands are the intervals of a series as areas, to be drawn behind everything else.
type bands struct{ series }

func (b bands) Plot(c draw.Canvas, p *plot.Plot) {
	for _, line := range b.lines {
		for _, outline := range bandOf(line, b.at(c, p)) {
			c.FillPolygon(pale(b.line().Color), outline)
		}
	}
}

// bandOf are the outlines of the intervals of a line, where there are any.
func bandOf(line []point, at func(point) vg.Point) (outlines [][]vg.Point) {
	var upper, lower []vg.Point
	end := func() {
		slices.Reverse(lower)
		if len(upper) > 1 {
			outlines = append(outlines, append(upper, lower...))
		}
		upper, lower = nil, nil
	}
	for _, q := range line {
		if q.low-q.low != 0 || q.high-q.high != 0 {
			end()
			continue
		}
		upper = append(upper, at(point{x: q.x, y: q.high}))
		lower = append(lower, at(point{x: q.x, y: q.low}))
	}
	end()
	return outlines
}

// pale is a colour under what is drawn in it: four fifths of it are white.
func pale(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	mix := func(v uint32) uint8 { return uint8((v>>8 + 4*255) / 5) }
	return color.RGBA{mix(r), mix(g), mix(b), 255}
}

// sample is the series in the legend.
func (s series) sample(c draw.Canvas) {
	y := (c.Min.Y + c.Max.Y) / 2
	c.StrokeLine2(s.line(), c.Min.X, y, c.Max.X, y)
	if s.every > 0 {
		s.marker(&c, vg.Point{X: (c.Min.X + c.Max.X) / 2, Y: y})
	}
}

// marker draws the marker that the screen has for that arm: eight shapes that are
// filled, then the same hollow; see theme.Marker.
func (s series) marker(c *draw.Canvas, at vg.Point) {
	outline := shapes[s.look%theme.Markers%len(shapes)]
	var path vg.Path
	for i, q := range outline {
		const radius = 3.6
		to := vg.Point{X: at.X + radius*vg.Length(q[0]), Y: at.Y + radius*vg.Length(q[1])}
		if i == 0 {
			path.Move(to)
		} else {
			path.Line(to)
		}
	}
	path.Close()
	inside, edge := color.Color(s.line().Color), color.Color(color.White)
	if s.look%theme.Markers >= len(shapes) {
		inside, edge = edge, inside
	}
	c.SetColor(inside)
	c.Fill(path)
	c.SetLineStyle(draw.LineStyle{Color: edge, Width: 0.8})
	c.Stroke(path)
}

// shapes are the outlines of the markers ■ ● ◆ ▲ ▼ ★ ✚ ✖, in a circle of about 1.
var shapes = [...][][2]float64{
	{{-.85, -.85}, {.85, -.85}, {.85, .85}, {-.85, .85}},
	regular(24, 1, 1, 0),
	regular(4, 1.2, 1.2, 0),
	regular(3, 1.25, 1.25, .25),
	regular(3, 1.25, 1.25, .75),
	regular(10, 1.35, .6, .25),
	cross(0),
	cross(.125),
}

// regular is a polygon whose corners lie on two circles by turns; turned by so much
// of a whole turn.
func regular(corners int, outer, inner, turn float64) (list [][2]float64) {
	for i := range corners {
		radius := outer
		if i%2 == 1 {
			radius = inner
		}
		sin, cos := math.Sincos(2 * math.Pi * (turn + float64(i)/float64(corners)))
		list = append(list, [2]float64{radius * cos, radius * sin})
	}
	return list
}

// cross is a thick plus, turned by so much of a whole turn.
func cross(turn float64) (list [][2]float64) {
	const a, b = .4, 1.2
	sin, cos := math.Sincos(2 * math.Pi * turn)
	for _, q := range [][2]float64{{a, a}, {a, b}, {-a, b}, {-a, a}, {-b, a}, {-b, -a}, {-a, -a}, {-a, -b}, {a, -b}, {a, -a}, {b, -a}, {b, a}} {
		list = append(list, [2]float64{cos*q[0] - sin*q[1], sin*q[0] + cos*q[1]})
	}
	return list
}

// A level is a value at every ring that is no arm's: chance, or what no training
// exceeds. It is drawn as a step for each.
type level struct {
	at    []float64 // NaN where there is none
	half  float64   // of the width of a step
	style draw.LineStyle
}

func (l level) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, v := range l.at {
		if v-v == 0 {
			c.StrokeLine2(l.style, x(float64(i)-l.half), y(v), x(float64(i)+l.half), y(v))
		}
	}
}

func (l level) sample(c draw.Canvas) {
	y := (c.Min.Y + c.Max.Y) / 2
	c.StrokeLine2(l.style, c.Min.X, y, c.Max.X, y)
}

// rules are lines across the plot at the ticks of the vertical axis.
type rules struct{}

func (rules) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(draw.LineStyle{Color: grid, Width: 0.6}, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
	}
}
