package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"padlab/core/lab"
	"padlab/core/metric"
	"padlab/core/record"
)

// Text is a result for a person.
func Text(result record.Result) string {
	var b strings.Builder
	e := result.Experiment
	title := fmt.Sprintf("%s, seed %d", result.Provenance.Name, e.Seed)
	if e.Title != "" {
		title = fmt.Sprintf("%s (%s)", e.Title, title)
	}
	fmt.Fprintln(&b, Visible(title))
	if e.About != "" {
		fmt.Fprintln(&b, Visible(e.About))
	}
	if e.Paper != "" {
		fmt.Fprintln(&b, Visible("Paper: "+e.Paper))
	}
	if e.Differs != "" {
		fmt.Fprintln(&b, Visible("Differs: "+e.Differs))
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
	b.WriteString("\nReproduce: ")
	for _, line := range strings.Split(result.Provenance.Command, "\n") { // several when it holds the experiment
		fmt.Fprintln(&b, Visible(line))
	}
	return b.String()
}

// profiles is the table of all arms, one column per ring.
func profiles(result record.Result) Table {
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
	rows := Table{append(header, "chance")}
	for _, a := range result.Arms {
		if len(a.Scores) == 0 {
			rows.Add(a.Name, string(a.Status)+" before the first evaluation")
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
		if a.Status != record.Done {
			row = append(row, fmt.Sprintf("%s after %d of %d steps, evaluated after %d", a.Status, a.Steps, result.Experiment.Train.Steps, a.EvalStep))
		}
		rows.Add(row...)
	}
	return rows
}

// otherScores is the table of what the tasks score besides.
func otherScores(result record.Result) Table {
	var metrics []string
	for _, a := range result.Arms {
		for i, s := range a.Scores {
			if i > 0 && s.Target == "" && !slices.Contains(metrics, s.Metric) {
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
				if s.Metric == m {
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

func distance(d int) string {
	switch d {
	case 0:
		return "at the border"
	case 1:
		return "1 cell away"
	}
	return fmt.Sprintf("%d cells away", d)
}

func accuracy(n metric.Number) string {
	if !n.Finite() {
		return "—"
	}
	return fmt.Sprintf("%.3f", float64(n))
}

func withInterval(value, low, high metric.Number) string {
	if !low.Finite() {
		return accuracy(value)
	}
	return fmt.Sprintf("%s [%.2f, %.2f]", accuracy(value), float64(low), float64(high))
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
