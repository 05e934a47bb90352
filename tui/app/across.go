package app

import (
	"slices"

	"padlab/core/metric"
	"padlab/tui/report"
	"padlab/tui/theme"
	"padlab/tui/view"
)

// examination charts the accuracy of every arm in each way in which test pictures are
// made.
func (l trainingBoard) examination() (view.Profile, string) {
	p := view.Profile{Range: rangeOf(metric.Accuracy), Selected: l.arm, Empty: l.empty(), Cursor: l.cursor}
	foot := ""
	for _, x := range l.experiment.Examinations() {
		p.Words = append(p.Words, x.Label)
	}
	of := func(scores []metric.Score) (points []view.ProfilePoint) {
		for _, s := range report.ExaminedBy(l.experiment, scores) {
			p.Chance = view.Some(float64(s.Chance))
			foot = "n = " + s.Over
			points = append(points, pointOf(float64(s.At), s.Score))
		}
		return points
	}
	for i, a := range l.now().Arms {
		series := seriesOf(i, a)
		series.Points = of(a.Scores)
		for _, s := range a.Seeds {
			series.Seeds = append(series.Seeds, of(s.Scores))
		}
		if before, ok := l.previous(a.Name); ok {
			series.Before = of(before.Scores)
		}
		p.Series = append(p.Series, series)
	}
	return p, foot
}

// looks number the colours and markers of all arms: those of their lines where arms are
// charted in lines.
func (l *labScreen) looks() []int {
	list := make([]int, len(l.now().Arms))
	for i := range list {
		list[i] = i
	}
	b, ok := l.board().(trainingBoard)
	if !ok {
		return list
	}
	if c, ok := b.charted(); !ok || c.against != field {
		return list
	}
	_, lines := l.experiment.Lines()
	for i, line := range lines {
		for _, arm := range line.Arms {
			if arm < len(list) { // else it is of a run that is not of this experiment
				list[arm] = i
			}
		}
	}
	return list
}

// along charts a score against a number in which arms differ: a line for all that
// agree in everything else.
func (l trainingBoard) along(name string) (view.Profile, string) {
	p := view.Profile{Range: rangeOf(name), Empty: l.empty(), Cursor: l.cursor}
	f, lines := l.experiment.Lines()
	foot, chances := f.Key, []float64{}
	arms := l.now().Arms
	for i, line := range lines {
		series := view.ProfileSeries{Name: line.Label}
		series.Style, series.Marker = theme.Series(i), theme.Marker(i)
		if slices.Contains(line.Arms, l.arm) {
			p.Selected = i
		}
		for j, arm := range line.Arms {
			if arm >= len(arms) {
				continue // a run that is not of this experiment
			}
			add := func(points []view.ProfilePoint, scores []metric.Score) []view.ProfilePoint {
				s, ok := metric.Find(scores, metric.Key{Metric: name})
				if !ok {
					return points
				}
				if c := float64(s.Chance); !slices.Contains(chances, c) {
					chances = append(chances, c)
				}
				foot = f.Key + " · n = " + s.Over
				return append(points, pointOf(line.At[j], s))
			}
			a := arms[arm]
			series.Points = add(series.Points, a.Scores)
			for n, s := range a.Seeds {
				if n == len(series.Seeds) {
					series.Seeds = append(series.Seeds, nil)
				}
				if n < len(series.Seeds) {
					series.Seeds[n] = add(series.Seeds[n], s.Scores)
				}
			}
			if before, ok := l.previous(a.Name); ok {
				series.Before = add(series.Before, before.Scores)
			}
		}
		p.Series = append(p.Series, series)
	}
	if len(chances) == 1 { // several are no line
		p.Chance = view.Some(chances[0])
	}
	return p, foot
}

// pointOf is a score at a place of a chart.
func pointOf(at float64, s metric.Score) view.ProfilePoint {
	q := view.ProfilePoint{Distance: at, Value: float64(s.Value), Low: float64(s.Low), High: float64(s.High), N: s.Units}
	if s.Ceiling != nil {
		q.Ceiling = view.Some(float64(*s.Ceiling))
	}
	return q
}
