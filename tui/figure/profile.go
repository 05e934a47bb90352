package figure

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/report"
)

// profileKey is what the profiles of a result are drawn of: what no favourite
// answer raises where there is that, else the first.
func profileKey(result record.Result) (key metric.Key, ok bool) {
	for _, a := range result.Arms {
		if p, ok := metric.Find(a.Profiles, metric.Key{Metric: metric.BeyondGuessing}); ok {
			return p.Key, true
		}
		if len(a.Profiles) > 0 {
			return a.Profiles[0].Key, true
		}
	}
	return metric.Key{}, false
}

// profile draws the border profile of every arm that has one.
func profile(result record.Result) (*Figure, error) {
	key, ok := profileKey(result)
	if !ok {
		return nil, errNoProfile
	}
	m := metricOf(key.Metric)
	g := page{title: title(result)}
	chance, ceilings := levels{}, levels{}
	var first metric.Profile
	low, high := 0.0, math.Inf(-1)
	reach := func(values ...float64) {
		for _, v := range values {
			if v-v == 0 {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	var all []series
	for i, a := range result.Arms {
		p, ok := metric.Find(a.Profiles, key)
		if !ok || len(p.Rings) == 0 {
			continue
		}
		if first.Rings == nil {
			first = p
		}
		s := seriesOf(p, i, len(result.Arms))
		all = append(all, s)
		g.entries = append(g.entries, entry{shown(a.Name), s.sample})
		guess, most := make([]float64, len(p.Rings)), make([]float64, len(p.Rings))
		for d, r := range p.Rings {
			guess[d], most[d] = float64(r.Chance), math.NaN()
			if r.Ceiling != nil {
				most[d] = float64(*r.Ceiling)
			}
			reach(float64(r.Value), float64(r.Low), float64(r.High), guess[d], most[d])
		}
		chance.add(shown(a.Name), guess)
		ceilings.add(shown(a.Name), most)
	}
	if first.Rings == nil {
		return nil, errNoProfile
	}
	if !(high > low) {
		high = low + 1
	}
	if m.High-m.High == 0 && high > m.High/2 {
		high = m.High
	}

	p := axes(distances(first.Unit, result.Experiment), label(m))
	p.Add(rules{})
	for _, l := range chance {
		drawn := level{l.values, .5, draw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{1, 2}}}
		p.Add(drawn)
		g.entries = append(g.entries, entry{l.name("chance", len(chance)), drawn.sample})
	}
	g.below = sentence(described(result, key), report.Intervals(first.Rings[0].Interval))
	if len(ceilings) > len(ceilingDashes) {
		g.below += fmt.Sprintf("; %d different ceilings are not drawn", len(ceilings))
		ceilings = nil
	}
	for i, l := range ceilings {
		drawn := level{l.values, .36, draw.LineStyle{Color: soft, Width: 2.4, Dashes: ceilingDashes[i]}}
		p.Add(drawn)
		g.entries = append(g.entries, entry{l.name("ceiling", len(ceilings)), drawn.sample})
	}
	for _, s := range all {
		p.Add(s)
	}
	rings := len(first.Rings)
	p.X.Min, p.X.Max = -.5, float64(rings)-.5
	room := .04 * (high - low)
	p.Y.Min, p.Y.Max = low-room, high+room
	p.X.Tick.Marker = plot.ConstantTicks(ringTicks(first))
	g.plot = p
	return g.figure(), nil
}

// ceilingDashes tell ceilings apart; more of them cannot be told.
var ceilingDashes = [...][]vg.Length{nil, {5, 2}, {2, 1.5}}

// seriesOf is an arm's profile, one of several. A ring of one cell is a marker
// alone: what one cell says is no course.
func seriesOf(p metric.Profile, look, of int) series {
	s := series{look: look, of: of, width: 1.3, every: (len(p.Rings) + 23) / 24}
	var line []point
	for d, r := range p.Rings {
		q := point{float64(d), float64(r.Value), float64(r.Low), float64(r.High)}
		switch {
		case !r.Value.Finite():
			if len(line) > 0 {
				s.lines = append(s.lines, line)
			}
			line = nil
		case report.OneCell(p, d):
			s.alone = append(s.alone, q)
		default:
			line = append(line, q)
		}
	}
	if len(line) > 0 {
		s.lines = append(s.lines, line)
	}
	return s
}

// levels are the different courses of chance, or of ceilings.
type levels []course

// A course is a value at every ring, and the arms that it is of.
type course struct {
	values []float64
	of     []string
}

// name is what the legend calls a course; of several, it says whose it is.
func (c course) name(what string, several int) string {
	if several == 1 {
		return what
	}
	return what + " of " + strings.Join(c.of, ", ")
}

// add puts an arm to those that have the same; one without any has none.
func (l *levels) add(arm string, values []float64) {
	if !slices.ContainsFunc(values, func(v float64) bool { return v-v == 0 }) {
		return
	}
	for i, known := range *l {
		if slices.EqualFunc(known.values, values, func(a, b float64) bool { return a == b || a != a && b != b }) {
			(*l)[i].of = append((*l)[i].of, arm)
			return
		}
	}
	*l = append(*l, course{values, []string{arm}})
}

// distances is the title of the horizontal axis.
func distances(unit string, e *experiment.Experiment) string {
	switch {
	case unit == "cells":
		return "cells between the patch and the border"
	case unit == "pixels" && !e.Reads() && !e.PerPixel():
		return "pixels between the patch and the border"
	case unit == "pixels":
		return "pixels between a pixel and the border"
	}
	return fmt.Sprintf("distance to the border (%s)", shown(unit))
}

// ringTicks are the distances, and below them what they count where there is room.
func ringTicks(p metric.Profile) (ticks []plot.Tick) {
	step := 1 + (len(p.Rings)-1)/12
	for d := 0; d < len(p.Rings); d += step {
		text := fmt.Sprint(p.Rings[d].Distance)
		if step == 1 && len(p.Rings) <= 8 {
			text += fmt.Sprintf("\nn %d", p.Rings[d].N)
		}
		ticks = append(ticks, plot.Tick{Value: float64(d), Label: text})
	}
	return ticks
}

// label is a metric with its unit.
func label(m metric.Metric) string {
	if m.Unit == "" {
		return m.Label
	}
	return fmt.Sprintf("%s (%s)", m.Label, m.Unit)
}

// title is that of the experiment, or what it was loaded by.
func title(result record.Result) string {
	e := result.Experiment
	if e.Title != "" {
		return shown(e.Title)
	}
	return shown(result.Provenance.Name)
}

// shown is a text from a file as a figure can have it.
func shown(text string) string { return report.Visible(strings.ToValidUTF8(text, "?")) }

// metricOf is a row of the table; a record may come from a release with more.
func metricOf(name string) metric.Metric {
	for _, m := range metric.All() {
		if m.Name == name {
			return m
		}
	}
	return metric.Metric{Name: name, Label: shown(name), Low: math.Inf(-1), High: math.Inf(1)}
}

// described says what was measured, and of what.
func described(result record.Result, key metric.Key) string {
	name := metricOf(key.Metric).Label
	if key.Target != "" {
		name += fmt.Sprintf(" of %s on %s pictures", shown(key.Target), shown(key.Images))
	}
	return name + ", " + report.Seeds(result.Experiment)
}

// sentence joins its parts, the first with a capital letter.
func sentence(parts ...string) string {
	text := strings.Join(parts, ", ")
	return strings.ToUpper(text[:1]) + text[1:]
}
