package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/record"
	"padlab/core/sweep"
)

// A Comparison lines runs and sweeps up: of every arm, and of every combination of a
// sweep, the score that says most. It is also what --format json prints.
type Comparison struct {
	Schema int        `json:"schema"`
	Runs   []Compared `json:"runs"`

	first  *experiment.Experiment
	varied []string // by the first, where it is a sweep: KEY=VALUES
}

// A Compared is one of the runs.
type Compared struct {
	Folder      string     `json:"folder"`
	Name        string     `json:"name"` // what its experiment was loaded by
	Seed        uint64     `json:"seed"`
	Seeds       int        `json:"seeds"`
	Ended       bool       `json:"ended"`
	Differences []string   `json:"differences"` // of its experiment from that of the first run, as --set takes them where it does
	Arms        []MainLine `json:"arms"`

	over string // what the numbers are of, in words
}

// A MainLine is an arm with its score; one without any has not been evaluated.
type MainLine struct {
	Name   string        `json:"name"`
	Status record.Status `json:"status"`
	Steps  int           `json:"steps"`
	*metric.Score
}

// Add appends a run.
func (c *Comparison) Add(folder string, r record.Result, ended bool) {
	e := r.Experiment
	if c.first == nil {
		c.first = e
	}
	run := Compared{Folder: folder, Name: r.Provenance.Name, Seed: e.Seed, Seeds: e.Seeds, Ended: ended, Differences: []string{}, Arms: []MainLine{}}
	run.Differences = append(run.Differences, e.Differences(c.first)...)
	run.over = "nothing was evaluated"
	for _, a := range r.Arms {
		line := MainLine{Name: a.Name, Status: a.Status, Steps: a.Steps}
		if s, ok := mainScore(r, a); ok {
			line.Score, run.over = &s, Intervals(s.Interval)
		}
		run.Arms = append(run.Arms, line)
	}
	run.over = Seeds(e) + ", " + run.over
	c.Schema, c.Runs = 1, append(c.Runs, run)
}

// AddSweep appends a sweep: its combinations stand for arms.
func (c *Comparison) AddSweep(folder string, p *sweep.Plan, t *sweep.Table) {
	e := p.Combinations[0].Experiment
	var varied []string
	for _, f := range p.Factors {
		varied = append(varied, f.Key+"="+strings.Join(f.Values, ","))
	}
	if c.first == nil {
		c.first, c.varied = e, varied
	}
	run := Compared{Folder: folder, Name: t.Name, Seed: t.Seed, Seeds: t.Seeds, Ended: t.Complete(), Differences: []string{}, Arms: []MainLine{}}
	for _, text := range e.Differences(c.first) {
		key, _, _ := strings.Cut(text, "=")
		own := func(list []string) bool {
			return slices.ContainsFunc(list, func(v string) bool { return strings.HasPrefix(v, key+"=") })
		}
		if !own(varied) && !own(c.varied) {
			run.Differences = append(run.Differences, text)
		}
	}
	if !slices.Equal(varied, c.varied) {
		run.Differences = append(run.Differences, "varied: "+t.Varied())
	}
	run.over = fmt.Sprintf("%s, means over %s with 95 %% t-intervals", t.Varied(), Count(t.Seeds, "seed"))
	for _, r := range t.Rows {
		if r.Key != t.Main || r.Distance != nil {
			continue
		}
		names := slices.Clone(r.Values)
		if r.Arm != "" {
			names = append(names, r.Arm)
		}
		run.Arms = append(run.Arms, MainLine{Name: strings.Join(names, ", "), Status: record.Done, Steps: e.Train.Steps, Score: &metric.Score{
			Key: r.Key, Value: r.Mean.Mean, Low: r.Low, High: r.High, Interval: metric.Interval{Over: metric.Seeds, Units: r.N}, N: r.N, Chance: r.Chance,
		}})
	}
	c.Schema, c.Runs = 1, append(c.Runs, run)
}

// mainScore is the score that says most of an arm.
func mainScore(r record.Result, a record.Arm) (metric.Score, bool) {
	return metric.Find(a.Scores, sweep.Main(r.Experiment, a.Scores))
}

// String lists the runs, and in what they differ from the first; then a table for
// everything that was measured, a column for each run.
func (c Comparison) String() string {
	var b strings.Builder
	for i, r := range c.Runs {
		fmt.Fprintf(&b, "%d  %s: %s, %s", i+1, Visible(r.Folder), Visible(r.Name), r.over)
		if !r.Ended {
			b.WriteString(", has not ended")
		}
		switch {
		case i == 0:
			b.WriteString("\n")
		case len(r.Differences) == 0:
			b.WriteString("\n   the same experiment as 1\n")
		default:
			fmt.Fprintf(&b, "\n   differs from 1 in %s\n", Visible(strings.Join(r.Differences, ", ")))
		}
	}
	for _, key := range c.keys() {
		fmt.Fprintf(&b, "\n%s:\n%s", heading(key), c.table(key))
	}
	return b.String()
}

// keys are what was measured, in order.
func (c Comparison) keys() (list []metric.Key) {
	for _, r := range c.Runs {
		for _, a := range r.Arms {
			if a.Score != nil && !slices.Contains(list, a.Key) {
				list = append(list, a.Key)
			}
		}
	}
	return list
}

// heading says in words what was measured.
func heading(key metric.Key) string {
	for _, m := range metric.All() {
		if m.Name == key.Metric {
			key.Metric = m.Label
		}
	}
	text := Visible(key.String())
	return strings.ToUpper(text[:1]) + text[1:]
}

// table has the arms that were measured so, each with a column for each run.
func (c Comparison) table(key metric.Key) Table {
	header := []string{"arm"}
	var arms []string
	for i, r := range c.Runs {
		header = append(header, strconv.Itoa(i+1))
		for _, a := range r.Arms {
			if a.Score != nil && a.Key == key && !slices.Contains(arms, a.Name) {
				arms = append(arms, a.Name)
			}
		}
	}
	rows := Table{header}
	for _, arm := range arms {
		row := []string{Visible(arm)}
		for _, r := range c.Runs {
			row = append(row, r.cell(arm, key))
		}
		rows.Add(row...)
	}
	return rows
}

// cell is what a run found of an arm, with what came of it where it did not come
// to its end.
func (r Compared) cell(arm string, key metric.Key) string {
	for _, a := range r.Arms {
		if a.Name != arm || a.Score == nil || a.Key != key {
			continue
		}
		text := withInterval(a.Value, a.Low, a.High)
		if a.Status != record.Done {
			text += fmt.Sprintf(" (%s after %d steps)", a.Status, a.Steps)
		}
		return text
	}
	return "–"
}

// CSV writes a row for each arm of each run.
func (c Comparison) CSV(out io.Writer) {
	w := csv.NewWriter(out)
	w.Write([]string{"run", "arm", "status", "seed", "metric", "target", "images", "n", "value", "low", "high", "chance"})
	for _, r := range c.Runs {
		seed := strconv.FormatUint(r.Seed, 10)
		if r.Seeds > 1 {
			seed = "mean"
		}
		for _, a := range r.Arms {
			row := []string{r.Folder, a.Name, string(a.Status), seed, "", "", "", "", "", "", "", ""}
			if s := a.Score; s != nil {
				row = append(row[:4], s.Metric, s.Target, s.Images, strconv.Itoa(s.N), cell(s.Value), cell(s.Low), cell(s.High), cell(s.Chance))
			}
			w.Write(row)
		}
	}
	w.Flush()
}
