package app

import (
	"fmt"
	"math"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/position"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// A readingBoard shows networks that positions are read out of: for every target
// and kind of pictures the skill ring by ring, and the score of the whole picture
// as a bar.
type readingBoard struct{ *labScreen }

// firstCurve is what is charted at first: where the taps of one network are
// compared, a bar for each.
func firstCurve(e *experiment.Experiment) int {
	if e.Compares("readout.taps") {
		return 1
	}
	return 0
}

// bars reports whether scores are charted, not rings.
func (l readingBoard) bars() bool { return l.curve%2 == 1 }

// reading is which of an arm's readings is looked at.
func (l readingBoard) reading(a lab.ArmState) (p metric.Profile, ok bool) {
	if len(a.Profiles) == 0 {
		return p, false
	}
	return a.Profiles[l.curve/2%len(a.Profiles)], true
}

// score is the rank correlation of that reading.
func (l readingBoard) score(a lab.ArmState) (metric.Score, bool) {
	p, ok := l.reading(a)
	if !ok {
		return metric.Score{}, false
	}
	return metric.Find(a.Scores, metric.Key{Metric: metric.SPC, Target: p.Target, Images: p.Images})
}

func (l readingBoard) chart() box {
	if l.bars() {
		return l.scores()
	}
	b := box{title: l.experiment.Question()}
	p := view.Profile{Range: rangeOf(metric.Skill), Selected: l.arm, Empty: l.empty(), Cursor: l.cursor}
	if l.snap != nil {
		for i, a := range l.now().Arms {
			series := seriesOf(i, a)
			if profile, ok := l.reading(a); ok {
				b.title = fmt.Sprintf("%s at %s (%s) · %s", metric.Of(profile.Metric).Label, profile.Target, position.Target(profile.Target).Words(), position.KindWords(profile.Images))
				b.foot = fmt.Sprintf("distance in %s · n = %s", profile.Unit, profile.Rings[0].Over)
				add(&p, &series, profile)
			}
			p.Series = append(p.Series, series)
		}
	}
	b.inside = p
	return b
}

// scores are a bar for each arm, beside what others have found.
func (l readingBoard) scores() box {
	label := metric.Of(metric.SPC).Label
	b := box{title: label}
	bars := view.Bars{Range: rangeOf(metric.SPC), Selected: l.arm, Empty: l.empty()}
	if l.snap != nil {
		for i, a := range l.now().Arms {
			s, ok := l.score(a)
			if !ok {
				continue
			}
			b.title = fmt.Sprintf("%s with %s · %s", label, s.Target, position.KindWords(s.Images))
			row := view.Bar{Name: a.Label, Style: theme.Series(i), Marker: theme.Marker(i), Value: float64(s.Value), Low: float64(s.Low), High: float64(s.High), Mark: math.NaN()}
			if others := report.Others(l.experiment, a.Result(), s.Key); len(others) > 0 {
				row.Mark = float64(others[0].Theirs)
				b.foot = "╎ " + others[0].Source
			}
			bars.Rows = append(bars.Rows, row)
		}
	}
	b.inside = inset{bars}
	return b
}

// maps are the target, what the read-out makes of it, and the error, side by
// side.
func (l readingBoard) maps() box {
	b := box{title: "what the read-out draws", inside: inset{words(theme.Dim, l.empty())}}
	a, ok := l.selected()
	if !ok {
		return b
	}
	b.title += " · " + a.Label
	reading, _ := l.reading(a)
	var pictures view.Gallery
	for _, m := range a.Maps {
		if m.Target == reading.Target {
			pictures = append(pictures, view.Picture{Caption: m.Metric, Image: view.Image{Rows: m.Rows, Cols: m.Cols, Values: numbers(m.Values)}})
			b.foot = fmt.Sprintf("%s, %d×%d", m.Target, m.Rows, m.Cols)
		}
	}
	if len(pictures) > 0 {
		b.inside = pictures
	}
	return b
}

func (l readingBoard) finding(a lab.ArmState) string {
	p, ok := l.reading(a)
	if !ok && a.Status != lab.Diverged {
		return l.waiting()
	}
	return report.Encodes(l.experiment, a.Result(), a.Label, position.Target(p.Target), p.Images)
}

func (l readingBoard) waiting() string { return "the networks learn; then they are read out" }

// widths leave room for three pictures in place of a map.
func (l readingBoard) widths(columns int) (maps, picture int) { return columns * 45 / 100, columns / 5 }

// stops are the rings; bars have none.
func (l readingBoard) stops() []float64 {
	a, ok := l.selected()
	if !ok || l.bars() {
		return nil
	}
	p, _ := l.reading(a)
	return distances(p)
}
