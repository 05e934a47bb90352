package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"padlab/core/experiment"
	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/record"
)

// Text is a result for a person.
func Text(result record.Result) string {
	var b strings.Builder
	e := result.Experiment
	title := fmt.Sprintf("%s, %s", result.Provenance.Name, Seeds(e))
	if e.Title != "" {
		title = fmt.Sprintf("%s (%s)", e.Title, title)
	}
	fmt.Fprintln(&b, Visible(title))
	if e.About != "" {
		fmt.Fprintln(&b, Visible(e.Prose(e.About)))
	}
	if e.Paper != "" {
		fmt.Fprintln(&b, Visible("Paper: "+e.Prose(e.Paper)))
	}
	if e.Differs != "" {
		fmt.Fprintln(&b, Visible("Differs: "+e.Prose(e.Differs)))
	}
	question := e.Question()
	question = strings.ToUpper(question[:1]) + question[1:]
	if e.Reads() {
		fmt.Fprintf(&b, "\n%s, %s:\n", question, intervalsOf(result, metric.SPC))
		b.WriteString(readings(result))
	} else {
		for _, name := range charted(result) {
			fmt.Fprintf(&b, "\n%s: %s, %s:\n", question, metric.Of(name).Label, intervalsOf(result, name))
			b.WriteString(profiles(result, name).String())
		}
		if t := examinations(result); len(t) > 1 {
			fmt.Fprintf(&b, "\n%s: %s, by how it is examined:\n%s", question, metric.Of(metric.Accuracy).Label, t)
		}
		b.WriteString(neurons(result))
		for _, a := range result.Arms {
			if Rising(a) {
				fmt.Fprintf(&b, "\n%s is still rising: with more steps it may come to more.\n", a.Name)
			}
		}
	}
	if more := otherScores(result); len(more) > 1 {
		if e.Reads() {
			b.WriteString("\nWhat the frozen networks have learned:")
		}
		fmt.Fprintf(&b, "\n%s", more)
	}
	for _, w := range result.Warnings {
		fmt.Fprintf(&b, "\nwarning: %s\n", w)
	}
	if len(result.Expectations) > 0 {
		b.WriteString("\nExpected:\n")
	}
	for _, x := range result.Expectations {
		answer := "held"
		if !x.Held {
			answer = "did not hold"
		}
		fmt.Fprintf(&b, "  %s: %s\n", Visible(x.Text), answer)
		if x.Says != "" {
			fmt.Fprintf(&b, "    %s\n", Visible(x.Says))
		}
	}
	if e.Flags != "" {
		fmt.Fprintf(&b, "\nTry: padlab run %s %s\n", experiment.Quote(result.Provenance.Name), Visible(e.Flags))
	}
	b.WriteString("\nReproduce: ")
	for _, line := range strings.Split(result.Provenance.Command, "\n") { // several when it holds the experiment
		fmt.Fprintln(&b, Visible(line))
	}
	return b.String()
}

// charted are the metrics of the tables by ring: what no favourite answer raises,
// and plain accuracy; of other tasks the first.
func charted(result record.Result) []string {
	for _, a := range result.Arms {
		if _, ok := metric.Find(a.Profiles, metric.Key{Metric: metric.BeyondGuessing}); ok {
			return []string{metric.BeyondGuessing, metric.Accuracy}
		}
		if len(a.Scores) > 0 {
			return []string{a.Scores[0].Metric}
		}
	}
	return []string{metric.Accuracy}
}

// intervalsOf says what the intervals of a metric are over.
func intervalsOf(result record.Result, name string) string {
	for _, a := range result.Arms {
		if s, ok := metric.Find(a.Scores, metric.Key{Metric: name}); ok {
			return Intervals(s.Interval)
		}
	}
	return "before the first evaluation"
}

// profiles is the table of all arms, one column per ring, and below each what no
// training exceeds, where that is known.
func profiles(result record.Result, name string) Table {
	key := metric.Key{Metric: name}
	var most metric.Profile // of all arms, the one with most rings
	for _, a := range result.Arms {
		if p, _ := metric.Find(a.Profiles, key); len(p.Rings) > len(most.Rings) {
			most = p
		}
	}
	rings, all := len(most.Rings), "all cells"
	if rings == 0 || most.Unit != "cells" {
		all = "all"
	}
	header := []string{"arm", all}
	for _, ring := range most.Rings {
		header = append(header, away(ring.Distance, most.Unit))
	}
	rows := Table{append(header, "chance")}
	for _, a := range result.Arms {
		score, ok := metric.Find(a.Scores, key)
		if !ok {
			rows.Add(a.Name, string(a.Status)+" before the first evaluation")
			continue
		}
		profile, _ := metric.Find(a.Profiles, key)
		row, ceilings := []string{a.Name, withInterval(score.Value, score.Low, score.High)}, []string{"  ceiling", ceiling(score.Ceiling)}
		for d := range rings {
			ring, bound := "", ""
			if d < len(profile.Rings) {
				p := profile.Rings[d]
				ring, bound = withInterval(p.Value, p.Low, p.High), ceiling(p.Ceiling)
			}
			row, ceilings = append(row, ring), append(ceilings, bound)
		}
		row = append(row, accuracy(score.Chance))
		if a.Status != record.Done {
			row = append(row, fmt.Sprintf("%s after %d of %d steps, evaluated after %d", a.Status, a.Steps, result.Experiment.Train.Steps, a.EvalStep))
		}
		if rows.Add(row...); score.Ceiling != nil {
			rows.Add(ceilings...)
		}
	}
	return rows
}

// ceiling is empty where none is known.
func ceiling(n *metric.Number) string {
	if n == nil {
		return ""
	}
	return accuracy(*n)
}

// otherScores is the table of what the tasks score besides.
func otherScores(result record.Result) Table {
	var metrics []string
	for _, a := range result.Arms {
		for i, s := range a.Scores {
			if i > 0 && s.Target == "" && s.Metric != a.Scores[0].Metric && s.Metric != metric.BeyondGuessing && !slices.Contains(metrics, s.Metric) {
				metrics = append(metrics, s.Metric)
			}
		}
	}
	rows := Table{append([]string{"arm"}, metrics...)}
	if len(metrics) == 0 {
		return nil
	}
	for _, a := range result.Arms {
		row, empty := []string{a.Name}, true
		for _, m := range metrics {
			cell := ""
			for _, s := range a.Scores {
				if s.Metric == m && s.Target == "" {
					cell, empty = withInterval(s.Value, s.Low, s.High), false
				}
			}
			row = append(row, cell)
		}
		if !empty {
			rows.Add(row...)
		}
	}
	return rows
}

// away is a distance to the border, in cells or pixels.
func away(distance int, unit string) string {
	if distance == 0 {
		return "at the border"
	}
	return Count(distance, strings.TrimSuffix(unit, "s")) + " away"
}

func accuracy(n metric.Number) string {
	if !n.Finite() {
		return "—"
	}
	return fixed(n, 3)
}

// fixed is a number with so many decimals; zero has no sign.
func fixed(n metric.Number, decimals int) string {
	text := strconv.FormatFloat(float64(n), 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	return text
}

func withInterval(value, low, high metric.Number) string {
	if !low.Finite() {
		return accuracy(value)
	}
	if low == value && high == value {
		return accuracy(value) + " exactly"
	}
	return fmt.Sprintf("%s [%s, %s]", accuracy(value), fixed(low, 2), fixed(high, 2))
}

// Count is "1 arm", "2 arms".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Visible replaces control characters, which move the cursor or worse, by
// blanks: what a file or an argument put into a text stays on its line.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// Progress is how a run goes, on one line without a newline.
func Progress(s *lab.Snapshot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "step %d/%d", s.Step(), s.Steps())
	for _, a := range s.Arms {
		if len(a.Scores) > 0 {
			fmt.Fprintf(&b, "  %s %s", a.Name, accuracy(a.Scores[0].Value))
		}
	}
	if s.SamplesPerSecond > 0 {
		fmt.Fprintf(&b, "  %.0f samples/s", s.SamplesPerSecond)
	}
	if s.Fraction > 0.02 {
		left := time.Duration(float64(s.Elapsed) * (1 - s.Fraction) / s.Fraction)
		fmt.Fprintf(&b, "  %v left", left.Round(time.Second))
	}
	return b.String()
}

// Brief is a result in as many lines as it has arms: how each did by the score that
// is charted first.
func Brief(result record.Result) string {
	t := Table{{"arm", "", ""}}
	if names := charted(result); len(names) > 0 {
		t[0] = []string{"arm", metric.Of(names[0]).Label, "95 %"}
	}
	for _, a := range result.Arms {
		row := []string{a.Name, string(a.Status), ""}
		if names := charted(result); len(names) > 0 {
			if s, ok := metric.Find(a.Scores, metric.Key{Metric: names[0]}); ok {
				row = []string{a.Name, accuracy(s.Value), fmt.Sprintf("%s–%s", accuracy(s.Low), accuracy(s.High))}
			}
		} else if len(a.Scores) > 0 {
			s := a.Scores[0]
			row = []string{a.Name, fmt.Sprintf("%s of %s: %s", metric.Of(s.Metric).Label, s.Target, accuracy(s.Value)), ""}
		}
		if a.Status != record.Done {
			row = append(row, fmt.Sprintf("%s after step %d", a.Status, a.Steps))
		}
		t.Add(row...)
	}
	return t.String()
}
