package figure

import (
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"padlab/core/metric"
	"padlab/core/names"
	"padlab/core/sweep"
)

// A side is what runs along one axis of a heat map: a key that varies, or arms.
type side struct {
	name   string
	values []string
	at     int // the key's place among those that vary; behind them: arms
}

// OfSweep draws the means of the score that says most: a row for each value of one
// key that varies, or arm, and a column for each of another, where there is one.
// Of cells with several arms arm chooses one; empty stands for all. The error says
// that there is nothing to draw, or more than two keys.
func OfSweep(t *sweep.Table, arm string) (*Figure, error) {
	var arms []string
	for _, r := range t.Rows {
		if r.Arm != "" && !slices.Contains(arms, r.Arm) {
			arms = append(arms, r.Arm)
		}
	}
	if arm != "" {
		if !slices.Contains(arms, arm) {
			return nil, names.Unknown("arm", arm, arms)
		}
		arms = []string{arm}
	}
	var sides []side
	for i, f := range t.Vary {
		if len(f.Values) > 1 {
			sides = append(sides, side{f.Key, f.Values, i})
		}
	}
	if len(arms) > 1 {
		sides = append([]side{{"arm", arms, len(t.Vary)}}, sides...)
	}
	switch {
	case len(t.Rows) == 0:
		return nil, errors.New("there is nothing to draw: no cell has ended well")
	case len(sides) == 0:
		return nil, errors.New("there is nothing to draw: nothing varies but the seed")
	case len(sides) > 2 && len(arms) > 1:
		return nil, fmt.Errorf("%d keys vary, and arms: a map has two sides; --arm chooses an arm, --where holds a key to a value", len(sides)-1)
	case len(sides) > 2:
		return nil, fmt.Errorf("%d keys vary: a map has two sides; --where holds one to a value", len(sides))
	}
	if len(sides) == 1 {
		sides = append(sides, side{"", []string{""}, -1})
	}
	rows, columns := sides[0], sides[1]
	m := metric.Map{Key: t.Main, Rows: len(rows.values), Cols: len(columns.values)}
	m.Values = slices.Repeat([]metric.Number{metric.NaN}, m.Rows*m.Cols)
	least, most := t.Seeds, 0
	for _, r := range t.Rows {
		if r.Key != t.Main || r.Distance != nil || arm != "" && r.Arm != arm {
			continue
		}
		m.Values[rows.index(r)*m.Cols+columns.index(r)] = r.Mean.Mean
		least, most = min(least, r.N), max(most, r.N)
	}
	of := metricOf(m.Metric)
	drawn := cells{m, of.Low, of.High}
	if !(of.Low-of.Low == 0 && of.High-of.High == 0) || of.Low < 0 {
		drawn.low, drawn.high = rangeOf(m.Values)
	}
	p := drawn.plot(shown(columns.name), shown(rows.name), columns.ticks(false), rows.ticks(true))
	g := page{title: shown(t.Title), plot: p, side: drawn.scale, sideWidth: 60}
	if t.Title == "" {
		g.title = shown(t.Name)
	}
	for _, f := range t.Held {
		g.title += ", " + shown(f.Key+"="+f.Values[0])
	}
	seeds := fmt.Sprintf("means over %d seeds", most)
	if least < most {
		seeds = fmt.Sprintf("means over %d to %d seeds", least, most)
	}
	g.below = sentence(metricOf(m.Metric).Label, seeds)
	if m.Target != "" {
		g.below = sentence(fmt.Sprintf("%s of %s on %s pictures", metricOf(m.Metric).Label, shown(m.Target), shown(m.Images)), seeds)
	}
	if arm != "" {
		g.below += ", arm " + shown(arm)
	}
	f := g.figure()
	f.width = min(pageWidth, vg.Length(7.5+1.5*float64(m.Cols))*vg.Centimeter)
	f.height = min(pageWidth, vg.Length(4+1.1*float64(m.Rows))*vg.Centimeter)
	return f, nil
}

// index is where a row of the table stands along the side.
func (s side) index(r sweep.Row) int {
	switch {
	case s.at < 0:
		return 0
	case s.at < len(r.Values):
		return slices.Index(s.values, r.Values[s.at])
	}
	return slices.Index(s.values, r.Arm)
}

// ticks are the values, from the top where they are rows.
func (s side) ticks(down bool) (list plot.ConstantTicks) {
	for i, v := range s.values {
		at := i
		if down {
			at = len(s.values) - 1 - i
		}
		list = append(list, plot.Tick{Value: float64(at), Label: shortened(shown(v), letters(8.5, muted), 90)})
	}
	return list
}
