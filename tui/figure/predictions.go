package figure

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/plot"

	"padlab/tui/report"
	"padlab/tui/theme"
)

// mostBands is how many intervals can lie over each other as bands; of more curves they
// are whiskers alone.
const mostBands = 3

// OfPredictions draws border profiles of anybody's predictions: a curve for each group,
// or metric, with its intervals. The error says that no ring has a value, or that there are
// more curves than markers.
func OfPredictions(p report.Predictions) (*Figure, error) {
	if n := len(p.Curves); n > theme.Markers {
		return nil, fmt.Errorf("a figure tells %d groups apart, and there are %d", theme.Markers, n)
	}
	read, below := p.Words()
	g := page{title: shown(read), below: shown(below)}
	low, high, some := math.Inf(1), math.Inf(-1), false
	share := true
	var all []series
	for i, c := range p.Curves {
		s := series{look: i, of: len(p.Curves), width: 1.3, every: (len(c.Rings) + 23) / 24}
		var line []point
		for d, v := range c.Rings {
			if !v.Value.Finite() {
				if len(line) > 0 {
					s.lines = append(s.lines, line)
				}
				line = nil
				continue
			}
			q := point{float64(d), float64(v.Value), float64(v.Low), float64(v.High)}
			for _, y := range []float64{q.y, q.low, q.high} {
				if y-y == 0 {
					low, high, some = min(low, y), max(high, y), true
				}
			}
			line = append(line, q)
		}
		if len(line) > 0 {
			s.lines = append(s.lines, line)
		}
		all = append(all, s)
		share = share && c.Metric != report.MeanScore
		name := c.Group
		if len(p.Source) > 1 {
			name = report.MetricLabel(c.Metric)
		}
		if name != "" {
			g.entries = append(g.entries, entry{shown(name), s.sample})
		}
	}
	if !some {
		return nil, errors.New("there is no profile to draw: no ring has a row")
	}
	if share { // as other profiles: from 0, and to 1 where that is not far
		low = 0
		if high > .5 {
			high = 1
		}
	}
	if !(high > low) {
		low, high = low-.5, high+.5
	}
	of := report.MetricLabel(p.Curves[0].Metric)
	if len(p.Source) > 1 {
		of = "share"
	}
	a := axes(p.Axis(), of)
	if len(all) <= mostBands {
		for _, s := range all {
			a.Add(bands{s})
		}
	}
	a.Add(rules{})
	for _, s := range all {
		a.Add(s)
	}
	rings := len(p.Rings)
	a.X.Min, a.X.Max = -.5, float64(rings)-.5
	room := .04 * (high - low)
	a.Y.Min, a.Y.Max = low-room, high+room
	var ticks plot.ConstantTicks
	step := 1 + (rings-1)/8
	for d := 0; d < rings; d += step {
		label := p.Place(d)
		if len(p.Curves) == 1 && rings <= 8 {
			label += fmt.Sprintf("\nn %d", p.Curves[0].Rings[d].N)
		}
		ticks = append(ticks, plot.Tick{Value: float64(d), Label: label})
	}
	a.X.Tick.Marker = ticks
	g.plot = a
	return g.figure(), nil
}
