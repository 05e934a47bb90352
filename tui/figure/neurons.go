package figure

import (
	"fmt"

	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/report"
	"padlab/tui/theme"
)

// neurons draws what one arm still answers rightly without more and more neurons: of
// each answer two curves, filled markers without those that change most in a mirror,
// hollow ones without as many at random.
func neurons(result record.Result, arm string) (*Figure, error) {
	for _, a := range result.Arms {
		if arm != "" && a.Name != arm {
			continue
		}
		g := page{title: title(result)}
		p := axes("neurons set to 0", "accuracy")
		p.Add(rules{})
		most := 0.0
		var over metric.Interval
		for i, target := range []string{metric.Location, metric.Class, metric.Head} {
			for j, kind := range []struct{ metric, name string }{{metric.WithoutTop, "top"}, {metric.WithoutRandom, "random"}} {
				curve, ok := metric.Find(a.Profiles, metric.Key{Metric: kind.metric, Target: target})
				if !ok {
					continue
				}
				if len(g.entries) == 0 && len(curve.Rings) > 0 {
					over = curve.Rings[0].Interval
				}
				s := series{look: i + j*theme.Markers/2, width: 1.3, every: 1}
				line := []point{}
				for _, r := range curve.Rings {
					if !r.Value.Finite() {
						continue
					}
					q := point{float64(r.Distance), float64(r.Value), float64(r.Low), float64(r.High)}
					line, most = append(line, q), max(most, q.x)
				}
				s.lines = [][]point{line}
				p.Add(s)
				g.entries = append(g.entries, entry{report.Asked(target) + ", " + kind.name, s.sample})
			}
		}
		if len(g.entries) == 0 {
			continue
		}
		p.X.Min, p.X.Max = -.02*most, 1.02*max(most, 1)
		p.Y.Min, p.Y.Max = -.03, 1.03
		g.plot = p
		g.below = sentence(fmt.Sprintf("accuracy without neurons: those that change most in a mirror (top), and as many at random, arm %s", shown(a.Name)), report.Seeds(result.Experiment), "intervals over "+over.Over)
		if over.Over != metric.Seeds {
			g.below += " (top) and draws (random)"
		}
		return g.figure(), nil
	}
	return nil, errNoNeurons
}
