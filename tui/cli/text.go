package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"padlab/core/lab"
	"padlab/core/metric"
)

// text is the result for a person; again is the command that repeats it.
func text(name, again string, result lab.Result) string {
	var b strings.Builder
	e := result.Experiment
	title := fmt.Sprintf("%s, seed %d", name, e.Seed)
	if e.Title != "" {
		title = fmt.Sprintf("%s (%s)", e.Title, title)
	}
	fmt.Fprintln(&b, visible(title))
	if e.About != "" {
		fmt.Fprintln(&b, visible(e.About))
	}
	if e.Paper != "" {
		fmt.Fprintln(&b, visible("Paper: "+e.Paper))
	}
	if e.Differs != "" {
		fmt.Fprintln(&b, visible("Differs: "+e.Differs))
	}
	question := e.Question()
	fmt.Fprintf(&b, "\n%s, with 95 %% intervals over images:\n", strings.ToUpper(question[:1])+question[1:])
	if e.Reads() {
		b.WriteString(readings(result))
	} else {
		b.WriteString(profiles(result).String())
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
		fmt.Fprintf(&b, "  %s: %s\n", x.Text, answer)
	}
	fmt.Fprintf(&b, "\nAgain: %s\n", visible(again))
	return b.String()
}

// profiles is the table of all arms, one column per ring.
func profiles(result lab.Result) table {
	rings := 0
	for _, a := range result.Arms {
		for _, p := range a.Profiles {
			rings = max(rings, len(p.Rings))
		}
	}
	header := []string{"arm", "all cells"}
	for d := range rings {
		header = append(header, distance(d))
	}
	rows := table{append(header, "chance")}
	for _, a := range result.Arms {
		if len(a.Scores) == 0 {
			rows.add(a.Name, string(a.Status)+" before the first evaluation")
			continue
		}
		score, profile := a.Scores[0], a.Profiles[0].Rings
		row := []string{a.Name, withInterval(score.Value, score.Low, score.High)}
		for d := range rings {
			ring := ""
			if d < len(profile) {
				ring = withInterval(profile[d].Value, profile[d].Low, profile[d].High)
			}
			row = append(row, ring)
		}
		row = append(row, accuracy(score.Chance))
		if a.Status != lab.Done {
			row = append(row, fmt.Sprintf("%s after %d of %d steps, evaluated after %d", a.Status, a.Steps, result.Experiment.Train.Steps, a.EvalStep))
		}
		rows.add(row...)
	}
	return rows
}

// otherScores is the table of what the tasks score besides.
func otherScores(result lab.Result) table {
	var metrics []string
	for _, a := range result.Arms {
		for i, s := range a.Scores {
			if i > 0 && s.Target == "" && !slices.Contains(metrics, s.Metric) {
				metrics = append(metrics, s.Metric)
			}
		}
	}
	rows := table{append([]string{"arm"}, metrics...)}
	if len(metrics) == 0 {
		return nil
	}
	for _, a := range result.Arms {
		row, empty := []string{a.Name}, true
		for _, m := range metrics {
			cell := ""
			for _, s := range a.Scores {
				if s.Metric == m {
					cell, empty = withInterval(s.Value, s.Low, s.High), false
				}
			}
			row = append(row, cell)
		}
		if !empty {
			rows.add(row...)
		}
	}
	return rows
}

func distance(d int) string {
	switch d {
	case 0:
		return "at the border"
	case 1:
		return "1 cell away"
	}
	return fmt.Sprintf("%d cells away", d)
}

// oneLine is the command that repeats an experiment.
func (r *reporter) oneLine(e *lab.Experiment) string {
	line := "padlab run " + e.OneLine(r.name, r.base)
	if r.flags.Changed("data") {
		line += " --data " + lab.Quote(r.data)
	}
	if r.images != "" {
		line += " --images " + lab.Quote(r.images)
	}
	return line
}

func accuracy(n metric.Number) string {
	if math.IsNaN(float64(n)) {
		return "—"
	}
	return fmt.Sprintf("%.3f", float64(n))
}

func withInterval(value, low, high metric.Number) string {
	if math.IsNaN(float64(low)) {
		return accuracy(value)
	}
	return fmt.Sprintf("%s [%.2f, %.2f]", accuracy(value), float64(low), float64(high))
}
