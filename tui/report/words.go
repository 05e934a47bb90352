package report

import (
	"fmt"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/record"
)

// Seeds is "seed 3", or "seeds 3–7".
func Seeds(e *experiment.Experiment) string {
	if e.Seeds > 1 {
		return fmt.Sprintf("seeds %d–%d", e.Seed, e.Seed+uint64(e.Seeds)-1)
	}
	return fmt.Sprintf("seed %d", e.Seed)
}

// Interval is what an interval counts: "100 images", "5 seeds".
func Interval(i metric.Interval) string { return fmt.Sprintf("%d %s", i.Units, i.Over) }

// Intervals says what the intervals of a table are over, and so what they are
// about.
func Intervals(i metric.Interval) string {
	switch {
	case i.Over == metric.Seeds && i.Units < 3:
		return fmt.Sprintf("means and ranges of %s", Interval(i))
	case i.Over == metric.Seeds:
		return fmt.Sprintf("with 95 %% intervals over %s (networks of this kind)", Interval(i))
	}
	return fmt.Sprintf("with 95 %% intervals over %s (this network)", Interval(i))
}

// OneCell reports whether ring i of a profile is a single cell, as the innermost
// is of a grid with an odd number of cells a side: of 2r−1 cells, with r rings,
// the ring at the border has 8·(r−1).
func OneCell(p metric.Profile, i int) bool {
	last := len(p.Rings) - 1
	return p.Unit == "cells" && i == last && last > 0 && p.Rings[0].N == 8*last*p.Rings[last].N
}

// Rising reports whether an arm ended while its score still rose, by more than .05
// over the last quarter of its steps, and had not come to its ceiling.
func Rising(a record.Arm) bool {
	s, ok := metric.Find(a.Scores, metric.Key{Metric: a.Course.Metric})
	points := a.Course.Points
	if !ok || a.Status != record.Done || len(points) == 0 || s.Ceiling != nil && experiment.AtCeiling(s.Value, *s.Ceiling) {
		return false
	}
	before, last := points[0], points[len(points)-1]
	for _, p := range points {
		if 4*p.Step <= 3*last.Step {
			before = p
		}
	}
	return float64(last.Value) > float64(before.Value)+0.05
}
