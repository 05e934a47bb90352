package figure

import (
	"math"

	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/report"
)

// smoothed is over how many points of a curve the mean is taken: a batch is few
// pictures, and curves of single ones cover each other.
const smoothed = 21

// loss draws the loss of every arm against the steps.
func loss(result record.Result) (*Figure, error) {
	g := page{title: title(result)}
	p := axes("training step", "loss (mean of a batch)")
	p.Add(rules{})
	low, high, last := 0.0, 0.0, 0
	for i, a := range result.Arms {
		s := series{look: i, width: 1.2}
		for _, line := range finite(a.Loss) {
			s.lines = append(s.lines, means(line))
		}
		if len(s.lines) == 0 {
			continue
		}
		for _, line := range s.lines {
			for _, q := range line {
				low, high = min(low, q.y), max(high, q.y)
			}
		}
		last = max(last, a.Loss[len(a.Loss)-1].Step)
		p.Add(s)
		g.entries = append(g.entries, entry{shown(a.Name), s.sample})
	}
	if len(g.entries) == 0 {
		return nil, errNoLoss
	}
	p.X.Min, p.X.Max = 0, max(float64(last), 1)
	p.Y.Min, p.Y.Max = low, high+.04*(high-low)+1e-9
	g.plot = p
	g.below = sentence("loss, running mean", report.Seeds(result.Experiment))
	return g.figure(), nil
}

// finite cuts a curve where it is not finite.
func finite(curve []metric.StepValue) (lines [][]point) {
	var line []point
	for _, q := range curve {
		if q.Value.Finite() {
			line = append(line, point{float64(q.Step), float64(q.Value), math.NaN(), math.NaN()})
			continue
		}
		if len(line) > 0 {
			lines = append(lines, line)
		}
		line = nil
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

// means is the mean of the points around each one: at the beginning, where a loss
// falls fastest, of as few before it as behind it; at the end of those there are.
func means(line []point) []point {
	sums := make([]float64, len(line)+1)
	for i, q := range line {
		sums[i+1] = sums[i] + q.y
	}
	out := make([]point, len(line))
	for i, q := range line {
		half := min(smoothed/2, i)
		end := min(i+half+1, len(line))
		q.y = (sums[end] - sums[i-half]) / float64(end-i+half)
		out[i] = q
	}
	return out
}
