package app

import (
	"fmt"
	"math"
	"slices"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A neuronBoard shows networks that learn a task, and what the neurons behind their
// global pooling hold: how many are about the place and how many about the class, and
// what is lost without some of them. Behind these charts come those of training.
type neuronBoard struct{ trainingBoard }

// A neuronChart is a way to chart what neurons hold.
type neuronChart int

const (
	noNeurons neuronChart = iota
	readOuts              // of the selected arm: place and class without more and more neurons
	ownHead               // of the selected arm: its own answers
	byArm                 // of all arms: one of them without the top neurons
	factors               // of all arms: shares of the dimensions, or scores of the factors
)

// neuronCharts are those of an arm: where neurons were left out, what comes of it
// comes first.
func neuronCharts(a lab.ArmState) (list []charted) {
	for _, p := range a.Profiles {
		if p.Metric != metric.WithoutTop {
			continue
		}
		if len(list) == 0 {
			list = append(list, charted{metric: p.Metric, neurons: readOuts, target: metric.Location})
		}
		if p.Target == metric.Head {
			list = slices.Insert(list, 1, charted{metric: p.Metric, neurons: ownHead, target: p.Target})
		}
		list = append(list, charted{metric: p.Metric, neurons: byArm, target: p.Target})
	}
	if _, ok := metric.Find(a.Scores, metric.Key{Metric: metric.DimensionShare}); ok {
		for _, name := range []string{metric.DimensionShare, metric.FactorScore} {
			list = append(list, charted{metric: name, neurons: factors, target: metric.Location})
		}
	}
	return list
}

func (l neuronBoard) chart() box {
	c, ok := l.charted()
	if !ok || c.neurons == noNeurons {
		return l.trainingBoard.chart()
	}
	switch c.neurons {
	case readOuts:
		return l.without(c, metric.Location, metric.Class)
	case ownHead:
		return l.without(c, metric.Head)
	case factors:
		return l.factors(c)
	}
	b := box{title: fmt.Sprintf("%s without the top neurons", report.Asked(c.target)), foot: "neurons set to 0, the first that change most in a mirror"}
	p := view.Profile{Range: rangeOf(c.metric), Selected: l.arm, Cursor: l.cursor}
	for i, a := range l.now().Arms {
		series := seriesOf(i, a)
		if curve, ok := metric.Find(a.Profiles, metric.Key{Metric: c.metric, Target: c.target}); ok {
			add(&p, &series, curve)
			for _, s := range a.Seeds {
				if own, ok := metric.Find(s.Profiles, curve.Key); ok {
					series.Seeds = append(series.Seeds, points(own))
				}
			}
		}
		p.Series = append(p.Series, series)
	}
	b.inside = p
	return b
}

// without is what is left of some answers of the selected arm without the top neurons,
// and without as many at random: one marker for each answer, filled and hollow.
func (l neuronBoard) without(c charted, targets ...string) box {
	p := view.Profile{Range: rangeOf(c.metric), Selected: -1, Cursor: l.cursor}
	b := box{title: "accuracy without neurons"}
	a, ok := l.selected()
	if !ok {
		b.inside = p
		return b
	}
	b.title += " · " + a.Label
	guessing := "guessing"
	for i, target := range targets {
		for j, kind := range []struct{ metric, name string }{{metric.WithoutTop, "top"}, {metric.WithoutRandom, "random"}} {
			curve, ok := metric.Find(a.Profiles, metric.Key{Metric: kind.metric, Target: target})
			if !ok {
				continue
			}
			p.Series = append(p.Series, view.ProfileSeries{Name: report.Asked(target) + ", " + kind.name, Style: theme.Series(i), Marker: theme.Marker(i + j*theme.Markers/2), Points: points(curve)})
			if j == 0 {
				guessing += " " + view.Score(float64(curve.Rings[0].Chance))
			}
			b.foot = fmt.Sprintf("of %d neurons set to 0 · %s", curve.Rings[len(curve.Rings)-1].Distance, guessing)
		}
	}
	b.inside = p
	return b
}

// factors are two bars for each arm: its place, and its class.
func (l neuronBoard) factors(c charted) box {
	b := box{title: metric.Of(c.metric).Label + ": place, class"}
	bars := view.Bars{Range: rangeOf(c.metric), Selected: 2 * l.arm, Empty: l.empty()}
	if c.metric == metric.DimensionShare {
		b.foot, bars.Range = "the rest is neither", view.Range{Low: 0, High: .5}
	}
	for i, a := range l.now().Arms {
		for j, target := range []string{metric.Location, metric.Class} {
			s, ok := metric.Find(a.Scores, metric.Key{Metric: c.metric, Target: target})
			if !ok {
				continue
			}
			bars.Rows = append(bars.Rows, view.Bar{
				Name: report.Asked(target) + ", " + a.Label, Style: theme.Series(i), Marker: theme.Marker(i + j*theme.Markers/2), Value: float64(s.Value), Low: float64(s.Low), High: float64(s.High), Mark: math.NaN(),
			})
		}
	}
	b.inside = inset{bars}
	return b
}

// maps are the neurons in the order in which they change in a mirror: by how much,
// and their parts of both scores, each as bright as it is large among its like.
func (l neuronBoard) maps() box {
	a, ok := l.selected()
	c, known := l.charted()
	if !ok || !known || c.neurons == noNeurons {
		return l.trainingBoard.maps()
	}
	b := box{title: "neurons · " + a.Label, inside: inset{words(theme.Dim, l.empty())}}
	var pictures view.Gallery
	for _, one := range []struct {
		caption string
		key     metric.Key
	}{{"mirror", metric.Key{Metric: metric.FlipDifference}}, {"place", metric.Key{Metric: metric.FactorScore, Target: metric.Location}}, {"class", metric.Key{Metric: metric.FactorScore, Target: metric.Class}}} {
		if m, ok := metric.Find(a.Maps, one.key); ok {
			pictures = append(pictures, view.Picture{Caption: one.caption, Image: view.Image{Rows: m.Rows, Cols: m.Cols, Values: bright(m.Values)}})
			b.foot = fmt.Sprintf("%d, most mirrored first", len(m.Values))
		}
	}
	if len(pictures) > 0 {
		b.inside = pictures
	}
	return b
}

// bright are values as parts of the largest; what is below 0 is 0.
func bright(values []metric.Number) []float64 {
	list, most := numbers(values), 0.0
	for _, v := range list {
		most = max(most, v)
	}
	for i, v := range list {
		if most > 0 {
			list[i] = max(0, v) / most
		}
	}
	return list
}

// score is how well the place or another answer is read, or the share or the score of
// the place.
func (l neuronBoard) score(a lab.ArmState) (metric.Score, bool) {
	c, ok := l.charted()
	switch {
	case !ok || c.neurons == noNeurons:
		return l.trainingBoard.score(a)
	case c.neurons == factors:
		return metric.Find(a.Scores, metric.Key{Metric: c.metric, Target: c.target})
	}
	return metric.Find(a.Scores, metric.Key{Metric: metric.Accuracy, Target: c.target})
}

func (l neuronBoard) finding(a lab.ArmState) string {
	if text := report.Holds(a.Result(), a.Label); text != "" {
		return text
	}
	return l.trainingBoard.finding(a)
}

// widths leave room for three maps of neurons.
func (l neuronBoard) widths(columns int) (maps, picture int) { return columns * 2 / 5, columns / 5 }

func (l neuronBoard) stops() []float64 {
	c, ok := l.charted()
	a, selected := l.selected()
	switch {
	case !ok || c.neurons == noNeurons:
		return l.trainingBoard.stops()
	case c.neurons == factors || !selected:
		return nil
	}
	p, _ := metric.Find(a.Profiles, metric.Key{Metric: c.metric, Target: c.target})
	return distances(p)
}
