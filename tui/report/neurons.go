package report

import (
	"fmt"
	"strings"

	"padlab/core/metric"
	"padlab/core/record"
	"padlab/tui/view"
)

// Asked is what neurons are asked for, in a word.
func Asked(target string) string {
	switch target {
	case metric.Location:
		return "place"
	case metric.Head:
		return "own answer"
	}
	return target
}

// quarter is the point of a curve at which about a quarter of the neurons are left
// out.
func quarter(p metric.Profile) (at metric.Point) {
	all := p.Rings[len(p.Rings)-1].Distance
	for _, ring := range p.Rings {
		if 4*ring.Distance <= all {
			at = ring
		}
	}
	return at
}

// left are both curves of an answer, where there are any.
func left(a record.Arm, target string) (top, random metric.Profile, ok bool) {
	top, ok = metric.Find(a.Profiles, metric.Key{Metric: metric.WithoutTop, Target: target})
	random, also := metric.Find(a.Profiles, metric.Key{Metric: metric.WithoutRandom, Target: target})
	return top, random, ok && also && len(top.Rings) > 0 && len(random.Rings) > 0
}

// Holds says in two or three sentences what the neurons of an arm, by its label, have
// been found to hold; it is empty where they have not been asked.
func Holds(a record.Arm, label string) string {
	of := func(name, target string) metric.Score { return scoreOf(a, name, target, "test") }
	place := of(metric.Dimensions, metric.Location)
	if _, ok := metric.Find(a.Scores, metric.Key{Metric: metric.DimensionShare}); !ok {
		return ""
	}
	name, ok := named(a, label)
	if !ok {
		return name
	}
	class, rest := of(metric.Dimensions, metric.Class), of(metric.Dimensions, metric.Residual)
	text := fmt.Sprintf("%s: no neuron says anything at all.", name)
	if all := place.Value + class.Value + rest.Value; all > 0 {
		here, what := of(metric.FactorScore, metric.Location), of(metric.FactorScore, metric.Class)
		text = fmt.Sprintf("%s: of %s dimensions %s count for the place and %s for the class (scores %s and %s)", name, count(all), count(place.Value), count(class.Value), view.Score(float64(here.Value)), view.Score(float64(what.Value)))
		if here.Value <= 0 {
			text += "; of the place there is no trace, and the softmax counts as many all the same"
		}
		text += "."
	}
	read := of(metric.Accuracy, metric.Location)
	text += fmt.Sprintf(" A linear read-out says the place in %s (guessing: %s), the class in %s.", percent(read.Value), percent(read.Chance), percent(of(metric.Accuracy, metric.Class).Value))
	var parts []string
	n := 0
	for _, target := range []string{metric.Location, metric.Class, metric.Head} {
		if top, random, ok := left(a, target); ok {
			n = quarter(top).Distance
			parts = append(parts, fmt.Sprintf("%s %s (%s)", Asked(target), percent(quarter(top).Value), percent(quarter(random).Value)))
		}
	}
	if len(parts) > 0 {
		text += fmt.Sprintf(" Without the %d neurons that change most in a mirror (%d at random): %s.", n, n, strings.Join(parts, ", "))
	}
	return text
}

// count is a number of dimensions, of which a mean over seeds has decimals.
func count(n metric.Number) string { return strings.TrimSuffix(fixed(n, 1), ".0") }

// neurons are the tables of what neurons hold.
func neurons(result record.Result) string {
	dimensions := Section{Table: Table{{"arm", "place", "class", "neither", "share of place", "share of class", "score of place", "score of class"}}}
	reads := Section{Table: Table{{"arm", "what", "all neurons", "without top ¼", "random ¼", "top ½", "random ½", "chance", "random − top"}}}
	var over metric.Interval
	curves := false
	for _, a := range result.Arms {
		share, ok := metric.Find(a.Scores, metric.Key{Metric: metric.DimensionShare, Target: metric.Location})
		if !ok {
			continue
		}
		over = share.Interval
		row := []string{a.Name}
		for _, target := range []string{metric.Location, metric.Class, metric.Residual} {
			row = append(row, dimensionsText(scoreOf(a, metric.Dimensions, target, "test").Value))
		}
		for _, name := range []string{metric.DimensionShare, metric.FactorScore} {
			for _, target := range []string{metric.Location, metric.Class} {
				s := scoreOf(a, name, target, "test")
				row = append(row, withInterval(s.Value, s.Low, s.High))
			}
		}
		dimensions.Table.Add(row...)
		for _, target := range []string{metric.Location, metric.Class, metric.Head} {
			s, ok := metric.Find(a.Scores, metric.Key{Metric: metric.Accuracy, Target: target})
			if !ok {
				continue
			}
			row := []string{a.Name, Asked(target), withInterval(s.Value, s.Low, s.High)}
			if top, random, ok := left(a, target); ok {
				curves = true
				half := len(top.Rings) / 2
				gap := scoreOf(a, metric.AblationGap, target, "test")
				row = append(row, accuracy(quarter(top).Value), accuracy(quarter(random).Value), accuracy(top.Rings[half].Value), accuracy(random.Rings[half].Value), accuracy(s.Chance), withInterval(gap.Value, gap.Low, gap.High))
			} else {
				row = append(row, accuracy(s.Chance))
			}
			reads.Table.Add(row...)
		}
	}
	if len(dimensions.Table) == 1 {
		return ""
	}
	dimensions.Words = "Dimensions of the neurons behind global pooling that are about the place and about the class, " + Intervals(over) + ":"
	reads.Words = "Place and class by linear read-outs of the same neurons:"
	if curves {
		reads.Words = "Place and class by linear read-outs of the same neurons, and the network's own answer; without those that change most in a mirror, and without as many at random:"
	} else {
		reads.Table[0] = []string{"arm", "what", "all neurons", "chance"}
	}
	return "\n" + dimensions.String() + "\n" + reads.String()
}

// dimensionsText is a count where it is one.
func dimensionsText(n metric.Number) string {
	if !n.Finite() {
		return accuracy(n)
	}
	return count(n)
}
