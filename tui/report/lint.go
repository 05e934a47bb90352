package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/lint"
	"padlab/core/metric"
	"padlab/tui/view"
)

// Lint is what a linter found, for a person: a paragraph for each rule, with the layers
// of which the same is said together.
func Lint(r *lint.Report) string {
	var b strings.Builder
	title := fmt.Sprintf("%s with padding %s (%s) on %v", Visible(r.Network), r.Padding, r.Extent, r.In)
	if r.Photos > 0 {
		title += fmt.Sprintf(", shown %s", Count(r.Photos, "photograph"))
	}
	if r.Random {
		title += " with random weights (seed 1), which have learned nothing"
	}
	fmt.Fprintln(&b, wrap(title, width))
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n%s\n", hanging(fmt.Sprintf("%-6s  %s: %s", verdict(f), f.Rule.ID, found(f)), "", "        "))
		fmt.Fprintln(&b, hanging(Visible(f.Verdict), "  ", "  "))
		for _, g := range grouped(f.Places) {
			if g.says == "" { // the sentence has said it
				continue
			}
			fmt.Fprintln(&b, hanging(Visible(g.says), "    ", "      "))
			fmt.Fprintln(&b, hanging(Visible(strings.Join(g.names, ", ")), "      ", "      "))
		}
		for _, m := range f.Mends {
			fmt.Fprintln(&b, hanging(Visible(mend(f.Rule, m)), "  ", "    "))
		}
	}
	fmt.Fprintf(&b, "\n%s\n", wrap(Summary(r), width))
	return b.String()
}

// Summary says in a sentence which rules are broken.
func Summary(r *lint.Report) string {
	off := ""
	if len(r.Off) > 0 {
		off = fmt.Sprintf(" Off: %s.", strings.Join(r.Off, ", "))
	}
	switch list := r.Broken(); len(list) {
	case 0:
		return "No rule is broken." + off
	case 1:
		return fmt.Sprintf("A rule is broken: %s.%s", list[0], off)
	default:
		return fmt.Sprintf("%d rules are broken: %s.%s", len(list), strings.Join(list, ", "), off)
	}
}

// verdict is how a rule stands in one word: it is broken, kept, or has no limit.
func verdict(f lint.Finding) string {
	switch {
	case f.Broken():
		return "broken"
	case math.IsInf(f.Most, 1):
		return "found"
	}
	return "kept"
}

// found is the number of a rule, and what it may be.
func found(f lint.Finding) string {
	text := lintNumber(f.Rule, f.Value)
	if f.Value != f.Value {
		text = "not known"
	}
	if f.Rule.Counts == "layers" && f.Value == f.Value {
		text = Count(int(f.Value), "layer")
	}
	if !math.IsInf(f.Most, 1) {
		text += ", at most " + lintNumber(f.Rule, f.Most)
	}
	if f.Rule.Counts != "layers" {
		text += fmt.Sprintf(" (%s)", f.Rule.Counts)
	}
	return text
}

// lintNumber is one that a rule finds.
func lintNumber(r lint.Rule, v float64) string {
	if math.IsInf(v, 0) {
		return "∞"
	}
	if r.Whole {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// mend says what a change that was tried does.
func mend(r lint.Rule, m lint.Mend) string {
	does := "lessen"
	if m.Mends {
		does = "mend"
	}
	return fmt.Sprintf("%s would %s it: then %s.", strings.ToUpper(m.Change[:1])+m.Change[1:], does, lintNumber(r, m.Value))
}

// A group is all places of which the same is said.
type group struct {
	says  string
	names []string
}

func grouped(places []lint.Place) (list []group) {
	for _, p := range places {
		i := slices.IndexFunc(list, func(g group) bool { return g.says == p.Says })
		if i < 0 {
			i, list = len(list), append(list, group{says: p.Says})
		}
		list[i].names = append(list[i].names, p.Name)
	}
	return list
}

// hanging wraps a text, its first line behind one margin and the others behind another.
func hanging(text, first, others string) string {
	lines := strings.Split(wrap(text, width-max(view.Columns(first), view.Columns(others))), "\n")
	return first + strings.Join(lines, "\n"+others)
}

// LintRules is the table of all rules, as Markdown.
func LintRules() string {
	var b strings.Builder
	b.WriteString("| rule | asks | its number | broken above | needs pictures |\n|---|---|---|---|---|\n")
	for _, r := range lint.Rules() {
		most, pictures := "–", ""
		if !math.IsInf(r.Most, 1) {
			most = lintNumber(r, r.Most)
		}
		if r.Pictures {
			pictures = "yes"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.ID, r.Asks, r.Counts, most, pictures)
	}
	return b.String()
}

// LintHelp is the list of all rules, for a terminal.
func LintHelp() string {
	var b strings.Builder
	for _, r := range lint.Rules() {
		most := "anything"
		if !math.IsInf(r.Most, 1) {
			most = "at most " + lintNumber(r, r.Most)
		}
		if r.Pictures {
			most += ", with --images"
		}
		fmt.Fprintf(&b, "  %s\n%s\n", r.ID, hanging(fmt.Sprintf("%s (%s; %s)", r.Asks, r.Counts, most), "      ", "      "))
	}
	return b.String()
}

// A Linted is a report as JSON.
type Linted struct {
	Schema  int          `json:"schema"`
	Network string       `json:"network"`
	Padding string       `json:"padding"`
	Extent  string       `json:"extent"`
	Size    [3]int       `json:"size"`
	Photos  int          `json:"photographs"`
	Trained bool         `json:"trained"` // they were shown with weights from a file; false without
	Broken  []string     `json:"broken"`
	Off     []string     `json:"off"`
	Rules   []lintedRule `json:"rules"`
}

type lintedRule struct {
	ID      string         `json:"id"`
	Asks    string         `json:"asks"`
	Counts  string         `json:"counts"`
	Value   metric.Number  `json:"value"` // null: not known
	Most    *float64       `json:"most"`  // null: anything
	Broken  bool           `json:"broken"`
	Verdict string         `json:"verdict"`
	Places  []lintedPlace  `json:"places"`
	Mends   []lintedChange `json:"mends"`
}

type lintedPlace struct {
	Name  string  `json:"name"`
	Kind  string  `json:"kind"`
	Says  string  `json:"says"`
	Sides *[4]int `json:"sides"` // top, bottom, left, right; null: nothing is counted there
}

type lintedChange struct {
	Change string        `json:"change"`
	Value  metric.Number `json:"value"` // after it, found by trying it
	Mends  bool          `json:"mends"` // else it lessens it
}

// LintedOf is a report that can be written as JSON.
func LintedOf(r *lint.Report) Linted {
	d := Linted{
		Schema: 1, Network: r.Network, Padding: r.Padding, Extent: r.Extent, Size: [3]int{r.In.H, r.In.W, r.In.C}, Photos: r.Photos, Trained: r.Photos > 0 && !r.Random,
		Broken: append([]string{}, r.Broken()...), Off: r.Off, Rules: []lintedRule{},
	}
	for _, f := range r.Findings {
		rule := lintedRule{ID: f.Rule.ID, Asks: f.Rule.Asks, Counts: f.Rule.Counts, Value: metric.Number(f.Value), Broken: f.Broken(), Verdict: f.Verdict, Places: []lintedPlace{}, Mends: []lintedChange{}}
		if !math.IsInf(f.Most, 1) {
			rule.Most = &f.Most
		}
		for _, p := range f.Places {
			rule.Places = append(rule.Places, lintedPlace(p))
		}
		for _, m := range f.Mends {
			rule.Mends = append(rule.Mends, lintedChange{m.Change, metric.Number(m.Value), m.Mends})
		}
		d.Rules = append(d.Rules, rule)
	}
	return d
}
