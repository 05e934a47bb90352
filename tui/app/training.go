package app

import (
	"fmt"
	"slices"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/sweep"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A trainingBoard shows networks that learn a task.
type trainingBoard struct{ *labScreen }

// A charted thing is a metric against something.
type charted struct {
	metric  string
	against against

	neurons neuronChart // what neurons hold, where it is not noNeurons
	target  string      // of that
}

// What scores are charted against.
type against int

const (
	distance     against = iota // to the border
	steps                       // of training
	examinations                // ways in which test pictures are made
	field                       // a number in which arms differ
)

// charts are what can be charted of an arm, the most telling first: what the
// experiment compares, a number or test pictures made in several ways, what no
// favourite answer raises, where there is that, the score that it makes neutral,
// how it is learned, and the rest.
func (l trainingBoard) charts(a lab.ArmState) []charted {
	list := neuronCharts(a)
	if _, lines := l.experiment.Lines(); len(lines) > 0 && len(a.Scores) > 0 {
		list = append(list, charted{metric: sweep.Main(l.experiment, a.Scores).Metric, against: field})
	}
	if report.ExaminedBy(l.experiment, a.Scores) != nil {
		list = append(list, charted{metric: metric.Accuracy, against: examinations})
	}
	if _, ok := metric.Find(a.Profiles, metric.Key{Metric: metric.BeyondGuessing}); ok {
		list = append(list, charted{metric: metric.BeyondGuessing})
	}
	for i, p := range a.Profiles {
		if p.Metric != metric.BeyondGuessing && p.Unit != metric.Neurons {
			list = append(list, charted{metric: p.Metric})
		}
		if i == 0 {
			list = append(list, charted{metric: a.Course.Metric, against: steps})
		}
	}
	if len(a.Profiles) == 0 && a.Course.Metric != "" {
		list = append(list, charted{metric: a.Course.Metric, against: steps})
	}
	return list
}

// charted is what is charted now; ok is false before anything was evaluated.
func (l trainingBoard) charted() (c charted, ok bool) {
	if l.snap == nil {
		return c, false
	}
	for _, a := range l.now().Arms {
		if list := l.charts(a); len(list) > 0 {
			return list[l.curve%len(list)], true
		}
	}
	return c, false
}

// chart is the border profile of every arm, or how they come there.
func (l trainingBoard) chart() box {
	b := box{title: l.experiment.Question(), foot: "cells between the patch and the border"}
	c, ok := l.charted()
	if !ok {
		b.inside = view.Profile{Range: rangeOf(metric.Accuracy), Selected: l.arm, Empty: l.empty()}
		return b
	}
	more := ""
	if l.rising() {
		more = "↑ still rising"
	}
	b.title += ": " + metric.Of(c.metric).Label
	switch c.against {
	case steps:
		b.foot, b.inside = more, l.course(c.metric)
		return b
	case examinations:
		b.inside, b.foot = l.examination()
		return b
	case field:
		b.inside, b.foot = l.along(c.metric)
		return b
	}
	unit, over := "cells", metric.Images
	p := view.Profile{Range: rangeOf(c.metric), Selected: l.arm, Empty: l.empty(), Cursor: l.cursor}
	for i, a := range l.now().Arms {
		series := seriesOf(i, a)
		if profile, ok := metric.Find(a.Profiles, metric.Key{Metric: c.metric}); ok {
			unit, over = profile.Unit, profile.Rings[0].Over
			add(&p, &series, profile)
			if reach := profile.AlikeFrom; reach != nil && *reach > 0 && i == l.arm {
				p.Reach = view.Some(float64(*reach))
			}
			for _, s := range a.Seeds {
				if own, ok := metric.Find(s.Profiles, metric.Key{Metric: c.metric}); ok {
					series.Seeds = append(series.Seeds, points(own))
				}
			}
		}
		if before, ok := l.previous(a.Name); ok {
			if profile, ok := metric.Find(before.Profiles, metric.Key{Metric: c.metric}); ok && profile.Unit == unit {
				series.Before = points(profile)
			}
		}
		p.Series = append(p.Series, series)
	}
	switch {
	case more != "":
		b.foot = fmt.Sprintf("%s to the border · n = %s · %s", unit, over, more)
	case unit == "pixels" && l.experiment.PerPixel():
		b.foot = "pixels between a pixel and the border · n = " + over
	case unit == "pixels":
		b.foot = "pixels between the patch and the border · n = " + over
	default:
		b.foot = "cells between the patch and the border · n = " + over
	}
	b.inside = p
	return b
}

// course is how the score of every arm has gone with the steps.
func (l trainingBoard) course(name string) view.Curve {
	c := view.Curve{Range: rangeOf(name), XLabel: "step", Last: true, Empty: l.empty(), Cursor: l.cursor}
	looks := l.looks()
	for i, a := range l.now().Arms {
		series := view.CurveSeries{Style: theme.Series(looks[i]), Marker: theme.Marker(looks[i])}
		series.Points = curve(a.Course.Points)
		if before, ok := l.previous(a.Name); ok && before.Course.Metric == name {
			series.Before = curve(before.Course.Points)
		}
		c.Series = append(c.Series, series)
	}
	if a, ok := l.selected(); ok {
		if s, ok := metric.Find(a.Scores, metric.Key{Metric: name}); ok && s.Ceiling != nil {
			c.Reference, c.RefLabel = float64(*s.Ceiling), "ceiling"
		}
	}
	return c
}

func curve(values []metric.StepValue) []view.CurvePoint {
	list := make([]view.CurvePoint, len(values))
	for i, p := range values {
		list[i] = view.CurvePoint{Step: p.Step, Value: float64(p.Value)}
	}
	return list
}

// rising reports whether an arm had not come to rest when it ended.
func (l trainingBoard) rising() bool {
	return slices.ContainsFunc(l.now().Arms, func(a lab.ArmState) bool { return report.Rising(a.Result()) })
}

// seriesOf is the line of an arm, without points yet.
func seriesOf(i int, a lab.ArmState) view.ProfileSeries {
	return view.ProfileSeries{Name: a.Label, Style: theme.Series(i), Marker: theme.Marker(i)}
}

// add puts a profile into the series of an arm, and its chance into the chart.
func add(p *view.Profile, series *view.ProfileSeries, profile metric.Profile) {
	p.Range = rangeOf(profile.Metric)
	series.Points = points(profile)
	for _, d := range profile.Rings {
		p.Chance = view.Some(float64(d.Chance))
	}
}

// points are the rings of a profile. n is what their intervals count.
func points(profile metric.Profile) []view.ProfilePoint {
	list := make([]view.ProfilePoint, len(profile.Rings))
	for i, d := range profile.Rings {
		list[i] = view.ProfilePoint{
			Distance: float64(d.Distance), Value: float64(d.Value), Low: float64(d.Low), High: float64(d.High), N: d.Units, Single: report.OneCell(profile, i),
		}
		if d.Ceiling != nil {
			list[i].Ceiling = view.Some(float64(*d.Ceiling))
		}
	}
	return list
}

// rangeOf is what the axis of a metric runs over.
func rangeOf(name string) view.Range {
	m := metric.Of(name)
	return view.Range{Low: m.Low, High: m.High}
}

// maps is where the selected arm is right.
func (l trainingBoard) maps() box {
	b := box{title: "right where", inside: view.Heatmap{}}
	a, ok := l.selected()
	switch {
	case !ok || len(a.Scores) == 0:
		return b
	case len(a.Maps) == 0:
		b.inside = inset{words(theme.Dim, "There are no cells in this task.")}
		return b
	}
	m := a.Maps[0]
	b.title += " · " + a.Label
	b.foot = "% of " + report.Interval(a.Scores[0].Interval)
	b.inside = view.Heatmap{Rows: m.Rows, Cols: m.Cols, Values: numbers(m.Values)}
	return b
}

// score is that of what is charted.
func (l trainingBoard) score(a lab.ArmState) (metric.Score, bool) {
	c, ok := l.charted()
	if !ok {
		return metric.Score{}, false
	}
	return metric.Find(a.Scores, metric.Key{Metric: c.metric})
}

func (l trainingBoard) finding(a lab.ArmState) string {
	return report.Found(l.experiment, a.Result(), a.Label)
}

func (l trainingBoard) waiting() string { return "the first results are still to come" }

func (l trainingBoard) widths(columns int) (maps, picture int) { return columns / 3, columns / 4 }

// stops are the rings, or the evaluations where it is charted how the score went.
func (l trainingBoard) stops() (list []float64) {
	c, ok := l.charted()
	a, selected := l.selected()
	if !ok || !selected {
		return nil
	}
	switch c.against {
	case steps:
		for _, p := range a.Course.Points {
			list = append(list, float64(p.Step))
		}
		return list
	case examinations:
		for _, s := range report.ExaminedBy(l.experiment, a.Scores) {
			list = append(list, float64(s.At))
		}
		return list
	case field:
		_, lines := l.experiment.Lines()
		return lines[0].At
	}
	p, _ := metric.Find(a.Profiles, metric.Key{Metric: c.metric})
	return distances(p)
}

func distances(p metric.Profile) (list []float64) {
	for _, ring := range p.Rings {
		list = append(list, float64(ring.Distance))
	}
	return list
}

// stop is the next of the stops behind the cursor, or before it; beyond the last
// there is no cursor.
func stop(stops []float64, cursor view.Optional, by int) view.Optional {
	at := -1
	if v, ok := cursor.Value(); ok {
		at = slices.Index(stops, v)
	} else if by < 0 {
		at = len(stops)
	}
	if at += by; at < 0 || at >= len(stops) {
		return view.Optional{}
	}
	return view.Some(stops[at])
}
