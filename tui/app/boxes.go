package app

import (
	"math"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// previous is the same arm in the run before, as far as it is shown.
func (l *labScreen) previous(name string) (a lab.ArmState, ok bool) {
	if l.before == nil || l.alone || l.before.Experiment.Reads() != l.experiment.Reads() {
		return a, false
	}
	a = arm(l.before, name)
	return a, a.Name != ""
}

func (l *labScreen) arms(focused bool) box {
	b := box{title: "arms"}
	list := view.List{Selected: l.arm, Focused: focused, Empty: l.empty()}
	if l.snap != nil {
		b.foot = l.rate()
		looks := l.looks()
		for i, a := range l.now().Arms {
			row := view.Row{Text: a.Label, Marker: theme.Marker(looks[i]), Tint: theme.Series(looks[i])}
			if a.Status == lab.Diverged || a.Status == lab.Failed {
				row.Style, row.Columns = theme.Bad, []string{string(a.Status)}
			} else if s, ok := l.board().score(a); ok {
				row.Columns = []string{scoreText(s, report.Rising(a.Result()))}
			}
			list.Rows = append(list.Rows, row)
		}
	}
	b.inside = list
	return b
}

// scoreText is a score behind the name of an arm: "guessing" where nothing else is
// possible, and an arrow where it was still rising at the end.
func scoreText(s metric.Score, rising bool) string {
	text := view.ScoreWithin(float64(s.Value), float64(s.Low), float64(s.High))
	switch {
	case s.Ceiling != nil && *s.Ceiling <= s.Chance:
		return "guessing"
	case rising:
		return text + " ↑"
	}
	return text
}

func (l *labScreen) loss() box {
	b := box{title: "loss"}
	if l.log {
		b.title = "loss, logarithmic"
	}
	c := view.Curve{Log: l.log, XLabel: "step", Last: true, Empty: l.empty()}
	if now, ok := l.selected(); ok {
		if now.Stage != "" {
			b.title += " · " + now.Stage
		}
		looks := l.looks()
		for i, a := range l.now().Arms {
			if a.Stage != now.Stage {
				continue // the loss of a network and that of what is read out of it are two quantities
			}
			series := view.CurveSeries{Style: theme.Series(looks[i]), Marker: theme.Marker(looks[i])}
			series.Points = curve(a.Loss)
			if before, ok := l.previous(a.Name); ok && before.Stage == a.Stage {
				series.Before = curve(before.Loss)
			}
			c.Series = append(c.Series, series)
			if len(a.Scores) > 0 && a.Scores[0].Chance > 0 {
				c.Reference, c.RefLabel = -math.Log(float64(a.Scores[0].Chance)), "guessing"
			}
		}
	}
	b.inside = c
	return b
}

// numbers are values as view draws them.
func numbers[T float32 | metric.Number](values []T) []float64 {
	list := make([]float64, len(values))
	for i, v := range values {
		list[i] = float64(v)
	}
	return list
}

func (l *labScreen) about() box {
	b := box{title: "what this shows"}
	if l.experiment.Title != "" {
		b.title += " · " + l.experiment.Title
	}
	b.inside = inset{l.aboutText()}
	return b
}

// aboutText is what was found, and what is to be known, in words.
func (l *labScreen) aboutText() (text view.Paragraph) {
	add := func(s theme.Style, line string) {
		if line == "" {
			return
		}
		if len(text.Spans) > 0 {
			text.Spans = append(text.Spans, view.Span{Text: "\n"})
		}
		text.Spans = append(text.Spans, view.Span{Style: s, Text: line})
	}
	add(theme.Bad, l.problem)
	if l.snap != nil {
		add(theme.Bad, l.snap.Failure)
		if l.snap.Unrecorded != "" {
			add(theme.Warn, "This run is not kept: "+l.snap.Unrecorded+".")
		}
		for _, w := range l.snap.Warnings {
			add(theme.Warn, "Careful: "+w+".")
		}
	}
	if a, ok := l.selected(); ok {
		add(theme.Strong, l.board().finding(a))
	}
	for _, line := range l.claims() {
		add(theme.Good, line)
	}
	add(theme.Plain, l.experiment.Prose(l.experiment.About))
	if l.experiment.Try != "" {
		add(theme.Key, "Try: "+l.experiment.Prose(l.experiment.Try))
	}
	add(theme.Dim, l.experiment.Prose(l.experiment.Differs))
	if l.snap != nil && l.snap.Slow != "" {
		add(theme.Dim, "Slow: "+l.snap.Slow+".")
	}
	text.Skip = l.scroll
	return text
}

// claims are the sentences of the experiment that its numbers have made true.
func (l *labScreen) claims() (list []string) {
	if l.snap == nil || l.snap.Status != lab.Done {
		return nil
	}
	for _, v := range l.snap.Result().Expectations {
		if v.Says != "" {
			list = append(list, v.Says)
		}
	}
	return list
}

// selected is the arm that the maps and the words are about.
func (l *labScreen) selected() (lab.ArmState, bool) {
	now := l.now()
	if now == nil || l.arm >= len(now.Arms) {
		return lab.ArmState{}, false
	}
	return now.Arms[l.arm], true
}

// empty is what stands where there is nothing to show.
func (l *labScreen) empty() string {
	switch {
	case l.problem != "":
		return "nothing is trained"
	case l.snap == nil && l.coming() == nil:
		return "reading the record…"
	case l.snap == nil:
		return "building the networks…"
	}
	return l.board().waiting()
}
