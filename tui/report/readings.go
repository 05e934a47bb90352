package report

import (
	"fmt"
	"slices"
	"strings"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/position"
	"padlab/core/record"
)

// readings are the tables of what was read out: of photographs, with what
// others have found, and of pictures that show nothing.
func readings(result record.Result) string {
	sources := sourcesOf(result)
	photographs := Table{append([]string{"arm", "target", "SPC", "MAE", "skill", "at the border", "halfway in"}, sources...)}
	blanks := Table{{"arm", "target", position.Black, position.White, position.Noise}}
	flat := 0
	for _, a := range result.Arms {
		if len(a.Scores) == 0 {
			photographs.Add(a.Name, string(a.Status)+" before the first evaluation")
			continue
		}
		for _, t := range result.Experiment.Readout.Targets {
			target := string(t)
			row := []string{a.Name, target}
			for _, name := range position.Metrics() {
				s := scoreOf(a, name, target, position.Natural)
				flat += s.Constant
				row = append(row, withInterval(s.Value, s.Low, s.High))
			}
			rings := profileOf(a, target, position.Natural)
			row = append(row, accuracy(rings[0].Value), accuracy(rings[len(rings)/2].Value))
			for _, source := range sources {
				row = append(row, theirs(result, source, a.Name, target))
			}
			if a.Status != record.Done {
				row = append(row, fmt.Sprintf("%s after %d steps, evaluated after %d", a.Status, a.Steps, a.EvalStep))
			}
			photographs.Add(row...)
			row = []string{a.Name, target}
			for _, kind := range []string{position.Black, position.White, position.Noise} {
				s := scoreOf(a, metric.SPC, target, kind)
				cell := accuracy(s.Value)
				for _, c := range result.Comparisons {
					if c.Arm == a.Name && c.Metric == metric.SPC && c.Target == target && c.Images == kind {
						cell += fmt.Sprintf(" (%s: %s)", c.Source, accuracy(c.Theirs))
					}
				}
				row = append(row, cell)
			}
			blanks.Add(row...)
		}
	}
	text := photographs.String()
	if len(blanks) > 1 {
		text += "\nSPC on pictures that show nothing:\n" + blanks.String()
	}
	if flat > 0 {
		text += fmt.Sprintf("\nOf photographs %s constant, which counts as SPC 0.\n", were(flat/len(position.Metrics())))
	}
	return text
}

func were(n int) string {
	if n == 1 {
		return "1 prediction was"
	}
	return fmt.Sprintf("%d predictions were", n)
}

// sourcesOf are those whose figures stand beside ours.
func sourcesOf(result record.Result) (list []string) {
	for _, c := range result.Comparisons {
		if c.Images == position.Natural && !slices.Contains(list, c.Source) {
			list = append(list, c.Source)
		}
	}
	return list
}

// theirs is what a source has found on photographs: SPC, then MAE.
func theirs(result record.Result, source, arm, target string) string {
	var parts []string
	for _, name := range position.Metrics() {
		for _, c := range result.Comparisons {
			if c.Source == source && c.Arm == arm && c.Metric == name && c.Target == target && c.Images == position.Natural {
				parts = append(parts, name+" "+accuracy(c.Theirs))
			}
		}
	}
	return strings.Join(parts, ", ")
}

func scoreOf(a record.Arm, name, target, images string) metric.Score {
	s, ok := metric.Find(a.Scores, metric.Key{Metric: name, Target: target, Images: images})
	if !ok {
		return metric.Score{Value: metric.NaN, Low: metric.NaN}
	}
	return s
}

func profileOf(a record.Arm, target, images string) []metric.Point {
	if p, ok := metric.Find(a.Profiles, metric.Key{Target: target, Images: images}); ok {
		return p.Rings
	}
	return []metric.Point{{Value: metric.NaN}}
}

// Beside is somebody else's figure and ours, in words: "paper, VGG16 · H: .742; here .731 (zeros)".
func Beside(c experiment.Comparison) string {
	target := ""
	if c.Target != "" {
		target = " · " + c.Target
	}
	return fmt.Sprintf("%s%s: %s; here %s (%s)", c.Source, target, accuracy(c.Theirs), withInterval(c.Ours, c.Low, c.High), c.Arm)
}
