package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"padlab/core/metric"
	"padlab/core/record"
	"padlab/core/sweep"
	"padlab/core/task"
	"padlab/tui/report"
)

// bars draws the score of every arm that says most; where test pictures are made in
// several ways, a bar for each of them.
func bars(result record.Result) (*Figure, error) {
	var key metric.Key
	for _, a := range result.Arms {
		if len(a.Scores) > 0 {
			key = sweep.Main(result.Experiment, a.Scores)
			break
		}
	}
	if key.Metric == "" {
		return nil, errNoScore
	}
	ways := []task.Examination{{Images: key.Images}}
	if slices.ContainsFunc(result.Arms, func(a record.Arm) bool { return report.ExaminedBy(result.Experiment, a.Scores) != nil }) {
		ways, key.Metric = result.Experiment.Examinations(), metric.Accuracy
	}
	g, b := page{title: title(result)}, heaps{}
	chance, over := levels{}, metric.Score{}
	low, high := 0.0, math.Inf(-1)
	var ticks plot.ConstantTicks
	for i, a := range result.Arms {
		column := []metric.Score{}
		for _, way := range ways {
			s, ok := metric.Find(a.Scores, metric.Key{Metric: key.Metric, Target: key.Target, Images: way.Images})
			if !ok {
				s.Value, s.Low, s.High = metric.NaN, metric.NaN, metric.NaN
			} else {
				over = s
				chance.add(shown(a.Name), []float64{float64(s.Chance)})
			}
			for _, v := range []metric.Number{s.Value, s.Low, s.High} {
				if v.Finite() {
					low, high = min(low, float64(v)), max(high, float64(v))
				}
			}
			column = append(column, s)
		}
		b.columns = append(b.columns, column)
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: strings.Join(wrapped(shown(a.Name), letters(8.5, muted), (pageWidth-besideBars)/vg.Length(len(result.Arms))-4, 2), "\n")})
	}
	m := metricOf(key.Metric)
	if m.High-m.High == 0 && high > m.High/2 {
		high = max(high, m.High)
	}
	if !(high > low) {
		high = low + 1
	}
	p := axes("", label(m))
	p.Add(rules{}, b)
	if len(chance) == 1 {
		v := chance[0].values[0]
		drawn := level{slices.Repeat([]float64{v}, len(b.columns)), .5, draw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{1, 2}}}
		if v-v == 0 {
			p.Add(drawn)
			g.entries = append(g.entries, entry{"chance", drawn.sample})
		}
	}
	for i, way := range ways {
		if len(ways) > 1 {
			shade := shadeOf(i, len(ways))
			g.entries = append(g.entries, entry{way.Label, func(c draw.Canvas) {
				c = draw.Crop(c, 0, 0, 2, -2)
				c.FillPolygon(shade, corners(c.Rectangle))
			}})
		}
	}
	p.X.Min, p.X.Max = -.5, float64(len(b.columns))-.5
	p.Y.Min, p.Y.Max = low, high+.04*(high-low)
	p.X.Tick.Marker, p.X.Tick.LineStyle.Width = ticks, 0
	g.plot = p
	g.below = sentence(described(result, key), report.Intervals(over.Interval))
	return g.figure(), nil
}

// besideBars is what axis, legend and margins take of the width of a page, at most.
const besideBars = 165 * vg.Length(1)

// heaps draw bars from 0, those of one column side by side, with intervals and, where
// there is room, values.
type heaps struct{ columns [][]metric.Score }

func (h heaps) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := letters(8, ink)
	style.XAlign = draw.XCenter
	const cap = 2.5
	line := draw.LineStyle{Color: ink, Width: .9}
	for i, column := range h.columns {
		width := .8 / float64(len(column))
		for j, s := range column {
			v, low, high := float64(s.Value), float64(s.Low), float64(s.High)
			if v-v != 0 {
				continue
			}
			left := float64(i) - .4 + float64(j)*width
			bar := vg.Rectangle{Min: vg.Point{X: x(left) + .5, Y: y(min(v, 0))}, Max: vg.Point{X: x(left+width) - .5, Y: y(max(v, 0))}}
			c.FillPolygon(shadeOf(j, len(column)), corners(bar))
			c.StrokeLines(draw.LineStyle{Color: muted, Width: .5}, append(corners(bar), bar.Min))
			middle, top := (bar.Min.X+bar.Max.X)/2, bar.Max.Y
			if low < high {
				c.StrokeLine2(line, middle, y(low), middle, y(high))
				c.StrokeLine2(line, middle-cap, y(low), middle+cap, y(low))
				c.StrokeLine2(line, middle-cap, y(high), middle+cap, y(high))
				top = max(top, y(high))
			}
			if text := fmt.Sprintf("%.2f", v); style.Width(text) < bar.Max.X-bar.Min.X+4 && top+10 < c.Max.Y {
				c.FillText(style, vg.Point{X: middle, Y: top + 2}, text)
			}
		}
	}
}

// shadeOf is one of several greys, from dark to light.
func shadeOf(i, of int) color.RGBA {
	v := uint8(0x70)
	if of > 1 {
		v = uint8(0x50 + 0x90*i/(of-1))
	}
	return color.RGBA{R: v, G: v, B: v, A: 255}
}
