package figure

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/theme"
)

// heatmap draws the map of one arm.
func heatmap(result record.Result, arm string) (*Figure, error) {
	for _, a := range result.Arms {
		if arm != "" && a.Name != arm || len(a.Maps) == 0 {
			continue
		}
		m := a.Maps[0]
		if m.Target != "" { // of a read-out, what it draws says more than what it should
			if drawn, ok := metric.Find(a.Maps, metric.Key{Metric: metric.Prediction}); ok {
				m = drawn
			}
		}
		return mapOf(result, a.Name, m), nil
	}
	return nil, errNoMap
}

// mapOf puts a map beside its scale.
func mapOf(result record.Result, arm string, m metric.Map) *Figure {
	of := metricOf(m.Metric)
	cells := cells{m, of.Low, of.High}
	if !(of.Low-of.Low == 0 && of.High-of.High == 0) || of.Low < 0 {
		cells.low, cells.high = rangeOf(m.Values)
	}
	p := cells.plot("column", "row, from the top", placeTicks(m.Cols, false), placeTicks(m.Rows, true))
	g := page{title: title(result), plot: p, side: cells.scale, sideWidth: 60}
	g.below = sentence(described(result, m.Key)) + ", arm " + shown(arm)
	f := g.figure()
	f.width = 13 * vg.Centimeter
	f.height = 11.4 * vg.Centimeter
	return f
}

// rangeOf is the range of a map's values, 0 in it.
func rangeOf(values []metric.Number) (low, high float64) {
	for _, v := range values {
		if v.Finite() {
			low, high = min(low, float64(v)), max(high, float64(v))
		}
	}
	if low == high {
		high = low + 1
	}
	return low, high
}

// placeTicks count cells, from the top where they are rows.
func placeTicks(n int, down bool) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for i := 0; i < n; i += 1 + (n-1)/12 {
		at := i
		if down {
			at = n - 1 - i
		}
		ticks = append(ticks, plot.Tick{Value: float64(at), Label: strconv.Itoa(i)})
	}
	return ticks
}

// cells draw a map, each with its value where there is room.
type cells struct {
	metric.Map
	low, high float64
}

// plot puts the cells between two axes.
func (m cells) plot(x, y string, columns, rows plot.ConstantTicks) *plot.Plot {
	p := axes(x, y)
	p.X.Min, p.X.Max = -.5, float64(m.Cols)-.5
	p.Y.Min, p.Y.Max = -.5, float64(m.Rows)-.5
	p.X.Tick.Marker, p.Y.Tick.Marker = columns, rows
	p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
	p.X.Tick.LineStyle.Width, p.Y.Tick.LineStyle.Width = 0, 0
	p.Add(m)
	return p
}

// colour is darker for what is more; grey where nothing is known.
func (m cells) colour(v float64) color.RGBA {
	if v-v != 0 {
		return grid
	}
	return theme.OnPaper(theme.Heat((v - m.low) / (m.high - m.low)))
}

func (m cells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := letters(8.5, ink)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	side := x(1) - x(0)
	edge := vg.Length(.4)
	if side < 5 {
		edge = 0
	}
	for i, n := range m.Values {
		col, row := float64(i%m.Cols), float64(m.Rows-1-i/m.Cols)
		v := float64(n)
		cell := vg.Rectangle{Min: vg.Point{X: x(col-.5) + edge, Y: y(row-.5) + edge}, Max: vg.Point{X: x(col+.5) - edge, Y: y(row+.5) - edge}}
		c.FillPolygon(m.colour(v), corners(cell))
		text := fmt.Sprintf("%.2f", v)
		if v-v != 0 {
			text = "–"
		}
		if style.Width(text) > side-3 {
			continue
		}
		if style.Color = ink; dark(m.colour(v)) {
			style.Color = color.White
		}
		c.FillText(style, vg.Point{X: x(col), Y: y(row)}, text)
	}
}

// dark reports whether white is read better on a colour than black.
func dark(c color.RGBA) bool {
	linear := func(v uint8) float64 { return math.Pow(float64(v)/255, 2.2) }
	return .2126*linear(c.R)+.7152*linear(c.G)+.0722*linear(c.B) < .25
}

// scale draws which colour is which value.
func (m cells) scale(c draw.Canvas) {
	style := letters(8.5, muted)
	style.YAlign = draw.YCenter
	const bar = 12
	bottom, top := c.Min.Y+34, c.Max.Y-8
	left := c.Min.X + 4
	for i := range theme.Heats {
		from := bottom + (top-bottom)*vg.Length(i)/theme.Heats
		to := bottom + (top-bottom)*vg.Length(i+1)/theme.Heats
		v := m.low + (m.high-m.low)*(float64(i)+.5)/theme.Heats
		c.FillPolygon(m.colour(v), corners(vg.Rectangle{Min: vg.Point{X: left, Y: from}, Max: vg.Point{X: left + bar, Y: to}}))
	}
	const ticks = 4
	for i := range ticks + 1 {
		part := float64(i) / ticks
		at := bottom + (top-bottom)*vg.Length(part)
		c.StrokeLine2(draw.LineStyle{Color: muted, Width: .6}, left+bar, at, left+bar+3, at)
		c.FillText(style, vg.Point{X: left + bar + 6, Y: at + 1}, fmt.Sprintf("%.2f", m.low+(m.high-m.low)*part))
	}
	c.StrokeLines(draw.LineStyle{Color: muted, Width: .6}, append(corners(vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: left + bar, Y: top}}), vg.Point{X: left, Y: bottom}))
}
