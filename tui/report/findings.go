package report

import (
	"fmt"
	"math"
	"strings"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/position"
	"padlab/core/record"
	"padlab/core/task"
	"padlab/tui/view"
)

// Found says in one sentence what an arm, by its label, has been found to know, as far as
// it has come.
func Found(e *experiment.Experiment, a record.Arm, label string) string {
	name, ok := named(a, label)
	if !ok {
		return name
	}
	what := "the answer"
	if t, err := task.Find(e.Task.Kind); err == nil {
		what = t.Question
	}
	score := a.Scores[0]
	if text := moved(e, a, name); text != "" {
		return text
	}
	beyond, ok := metric.Find(a.Scores, metric.Key{Metric: metric.BeyondGuessing})
	if s, ok := metric.Find(a.Scores, metric.Key{Metric: metric.BorderInterior}); ok && beyond.Low > 0 {
		return fmt.Sprintf("%s can tell %s in %s; next to the border that is %s points (%s to %s) against the interior, image by image.",
			name, what, percent(score.Value), points(s.Value), points(s.Low), points(s.High))
	}
	switch {
	case !ok && (score.Value <= score.Chance || score.Low <= score.Chance):
		return fmt.Sprintf("%s cannot tell %s: right in %s, and guessing gives %s.", name, what, percent(score.Value), percent(score.Chance))
	case !ok: // a task without one answer per picture
		if len(a.Profiles) == 0 || len(a.Profiles[0].Rings) == 0 {
			return fmt.Sprintf("%s can tell %s in %s.", name, what, percent(score.Value))
		}
		p := a.Profiles[0]
		rings := p.Rings
		if from := p.AlikeFrom; from != nil && *from > 0 && p.Unit == "pixels" {
			return fmt.Sprintf("%s can tell %s in %s: %s at the border; from %d pixels away on both answers look alike to it, and it is guessing.",
				name, what, percent(score.Value), percent(rings[0].Value), *from)
		}
		return fmt.Sprintf("%s can tell %s in %s: %s is %s at the border, %s in the innermost ring.",
			name, what, percent(score.Value), metric.Of(a.Profiles[0].Metric).Label, percent(rings[0].Value), percent(rings[len(rings)-1].Value))
	case beyond.Ceiling != nil && *beyond.Ceiling == 0:
		return fmt.Sprintf("%s cannot tell %s: all cells look alike to it, whatever its weights. It is exactly guessing.", name, what)
	case !beyond.Low.Finite():
		return fmt.Sprintf("%s is right in %s, and guessing gives %s: too few pictures were shown to say more.", name, percent(score.Value), percent(score.Chance))
	case !(beyond.Low > 0) && beyond.Value > 0.05:
		return fmt.Sprintf("%s is right in %s; that could still be guessing (%s): the interval reaches there.", name, percent(score.Value), percent(score.Chance))
	case !(beyond.Low > 0):
		return fmt.Sprintf("%s cannot tell %s: right in %s, no better than guessing (%s).", name, what, percent(score.Value), percent(score.Chance))
	}
	text := fmt.Sprintf("%s can tell %s in %s", name, what, percent(score.Value))
	if p, ok := metric.Find(a.Profiles, metric.Key{Metric: metric.Accuracy}); ok {
		if d := deepest(p); d > 0 {
			text += fmt.Sprintf(": %s next to the border, %s %s", percent(p.Rings[0].Value), percent(p.Rings[d].Value), further(d))
		}
	}
	if beyond.Ceiling != nil {
		classes := int(math.Round(float64(*score.Ceiling) * float64(cells(a))))
		text += fmt.Sprintf(". %s, so %s is all that there is to be had", kinds(classes, cells(a)), percent(*score.Ceiling))
		if experiment.AtCeiling(beyond.Value, *beyond.Ceiling) {
			text += ", and it has that"
		}
	}
	if Rising(a) {
		text += "; it is still rising"
	}
	return text + "."
}

// deepest is the innermost ring that is more than a single cell: a network that
// is at a loss says the same cell again and again, and may hit that one always.
func deepest(p metric.Profile) int {
	last := len(p.Rings) - 1
	if last > 0 && OneCell(p, last) {
		last--
	}
	return last
}

// cells is how many there are on the canvas of an arm.
func cells(a record.Arm) int {
	if m, ok := metric.Find(a.Maps, metric.Key{Metric: metric.Accuracy}); ok {
		return m.Rows * m.Cols
	}
	return 0
}

// kinds says how many of the cells of a canvas a network can tell apart.
func kinds(n, cells int) string {
	if n == cells {
		return fmt.Sprintf("It can tell all %d cells apart", cells)
	}
	return fmt.Sprintf("To it there are %d kinds of cells among %d", n, cells)
}

func further(d int) string {
	if d == 1 {
		return "one cell further in"
	}
	return fmt.Sprintf("%d cells further in", d)
}

// Encodes says in one sentence whether what is read out of a network follows a
// target, on pictures of a kind, beside what others have found.
func Encodes(e *experiment.Experiment, a record.Arm, label string, target position.Target, images string) string {
	name, ok := named(a, label)
	if !ok {
		return name
	}
	key := metric.Key{Metric: metric.SPC, Target: string(target), Images: images}
	s, ok := metric.Find(a.Scores, key)
	if !ok {
		return fmt.Sprintf("%s has not been asked for %s on %s.", name, target, position.KindWords(images))
	}
	what := fmt.Sprintf("%s (%s)", target, target.Words())
	var text string
	switch {
	case s.Constant > 0 && images != position.Natural:
		text = fmt.Sprintf("%s draws the same everywhere on %s: nothing there says where a pixel is", name, position.KindWords(images))
	case images != position.Natural:
		text = fmt.Sprintf("%s on %s: rank correlation with %s %s", name, position.KindWords(images), what, within(s))
	case s.Low > 0:
		text = fmt.Sprintf("%s encodes %s: rank correlation %s", name, what, within(s))
	default:
		text = fmt.Sprintf("%s does not encode %s: rank correlation %s", name, what, within(s))
	}
	var others []string
	for _, c := range Others(e, a, s.Key) {
		others = append(others, fmt.Sprintf("%s: %s", c.Source, view.Score(float64(c.Theirs))))
	}
	if len(others) > 0 {
		text += "; " + strings.Join(others, ", ")
	}
	return text + "."
}

// Others are what others have found where an arm has a score of that key.
func Others(e *experiment.Experiment, a record.Arm, key metric.Key) (list []experiment.Comparison) {
	for _, c := range e.Compare(record.Result{Arms: []record.Arm{a}}.Findings()) {
		if (metric.Key{Metric: c.Metric, Target: c.Target, Images: c.Images}) == key {
			list = append(list, c)
		}
	}
	return list
}

// named is an arm with how far it has come, and whether there is more to say of
// it; else it is the whole sentence.
func named(a record.Arm, label string) (text string, ok bool) {
	switch {
	case a.Status == record.Diverged:
		return fmt.Sprintf("%s has diverged: %s.", label, a.Problem), false
	case len(a.Scores) == 0:
		return fmt.Sprintf("%s has not been tested yet.", label), false
	case !a.Status.Ended():
		return fmt.Sprintf("After %d steps %s", a.EvalStep, label), true
	}
	return label, true
}

func percent(v metric.Number) string {
	if !v.Finite() {
		return view.Unknown
	}
	return fmt.Sprintf("%.0f%%", 100*float64(v))
}

// points is a difference of two shares: "+3.1", "−0.4".
func points(v metric.Number) string {
	if !v.Finite() {
		return view.Unknown
	}
	return strings.Replace(fmt.Sprintf("%+.1f", 100*float64(v)), "-", "−", 1)
}

// within is a correlation with its interval.
func within(s metric.Score) string {
	if !s.Low.Finite() || !s.High.Finite() {
		return view.Score(float64(s.Value))
	}
	return fmt.Sprintf("%s (95 %% CI %s to %s)", view.Score(float64(s.Value)), view.Score(float64(s.Low)), view.Score(float64(s.High)))
}
