package app

import (
	"fmt"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A trainingBoard shows networks that learn a task.
type trainingBoard struct{ *labScreen }

// chart is the border profile of every arm: of the task's own metric, or of
// another that it is scored by.
func (l trainingBoard) chart() box {
	b := box{title: l.experiment.Question(), foot: "cells between the patch and the border"}
	p := view.Profile{Range: rangeOf(metric.Accuracy), Selected: l.arm, Empty: l.empty()}
	if l.snap == nil {
		b.inside = p
		return b
	}
	for i, a := range l.snap.Arms {
		series := seriesOf(i, a)
		if n := len(a.Profiles); n > 0 {
			profile := a.Profiles[l.curve%n]
			if l.curve%n > 0 {
				b.title = metric.Of(profile.Metric).Label
			}
			if profile.Unit == "pixels" {
				b.foot = "pixels between a pixel and the border"
			}
			add(&p, &series, profile)
		}
		p.Series = append(p.Series, series)
	}
	b.inside = p
	return b
}

// seriesOf is the line of an arm, without points yet.
func seriesOf(i int, a lab.ArmState) view.ProfileSeries {
	return view.ProfileSeries{Name: a.Name, Style: theme.Series(i), Marker: theme.Marker(i)}
}

// add puts a profile into the series of an arm, and its metric and chance into
// the chart.
func add(p *view.Profile, series *view.ProfileSeries, profile metric.Profile) {
	p.Range = rangeOf(profile.Metric)
	for _, d := range profile.Rings {
		series.Points = append(series.Points, view.ProfilePoint{
			Distance: float64(d.Distance), Value: float64(d.Value), Low: float64(d.Low), High: float64(d.High), N: d.N,
		})
		if d.Chance > 0 {
			p.Chance = view.Some(float64(d.Chance))
		}
	}
}

// rangeOf is what the axis of a metric runs over.
func rangeOf(name string) view.Range {
	m := metric.Of(name)
	return view.Range{Low: m.Low, High: m.High}
}

// maps is where the selected arm is right.
func (l trainingBoard) maps() box {
	b := box{title: "where it is right", inside: view.Heatmap{}}
	a, ok := l.selected()
	if !ok || len(a.Maps) == 0 || len(a.Scores) == 0 {
		return b
	}
	m := a.Maps[0]
	b.title += " · " + a.Name
	b.foot = fmt.Sprintf("%% of %d pictures, cell by cell", a.Scores[0].N/max(1, m.Rows*m.Cols))
	b.inside = view.Heatmap{Rows: m.Rows, Cols: m.Cols, Values: numbers(m.Values)}
	return b
}

// score is the first: that of the task's question.
func (l trainingBoard) score(a lab.ArmState) (metric.Score, bool) {
	if len(a.Scores) == 0 {
		return metric.Score{}, false
	}
	return a.Scores[0], true
}

func (l trainingBoard) finding(a lab.ArmState) string { return report.Found(l.experiment, a.Result()) }

func (l trainingBoard) waiting() string { return "the first results are still to come" }

func (l trainingBoard) widths(columns int) (maps, picture int) { return columns / 3, columns / 4 }
