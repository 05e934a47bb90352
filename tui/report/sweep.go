package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"padlab/core/metric"
	"padlab/core/record"
	"padlab/core/sweep"
)

// Headline is the score of every arm that says most, on one line.
func Headline(r record.Result) string {
	var list []string
	for _, a := range r.Arms {
		s, ok := mainScore(r, a)
		if !ok {
			continue
		}
		text := accuracy(s.Value)
		if len(r.Arms) > 1 {
			text = Visible(a.Name) + " " + text
		}
		if len(list) == 0 {
			text = metric.Of(s.Metric).Label + " " + text
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// SweepText is the table of a sweep for a person: what was varied, every score of
// every combination over seeds, how its values differ, and what is missing.
func SweepText(t *sweep.Table) string {
	var b strings.Builder
	for _, line := range sweepHead(t) {
		fmt.Fprintln(&b, wrap(line, width))
	}
	for _, s := range sweepSections(t) {
		fmt.Fprintf(&b, "\n%s", s)
	}
	if list := sweepProblems(t); len(list) > 0 {
		b.WriteString("\nNot in these numbers:\n")
		for _, text := range list {
			fmt.Fprintln(&b, text)
		}
	}
	return b.String()
}

// SweepMarkdown is the same as Markdown.
func SweepMarkdown(t *sweep.Table) string {
	var b strings.Builder
	head := sweepHead(t)
	fmt.Fprintf(&b, "# %s\n", escaped(head[0]))
	for _, line := range head[1:] {
		fmt.Fprintf(&b, "\n%s\n", escaped(line))
	}
	for _, s := range sweepSections(t) {
		fmt.Fprintf(&b, "\n%s\n\n%s", escaped(s.Words), s.Table.markdown())
	}
	if list := sweepProblems(t); len(list) > 0 {
		b.WriteString("\nNot in these numbers:\n\n")
		for _, text := range list {
			fmt.Fprintf(&b, "- %s\n", escaped(text))
		}
	}
	return b.String()
}

// markdown is a table with a header as Markdown.
func (t Table) markdown() string {
	var b strings.Builder
	for i, row := range t {
		for _, c := range row {
			b.WriteString("| " + escaped(c) + " ")
		}
		b.WriteString("|\n")
		if i == 0 {
			b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
		}
	}
	return b.String()
}

// escaped is text as Markdown shows it.
var escapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`)

func escaped(text string) string { return escapes.Replace(text) }

func sweepHead(t *sweep.Table) []string {
	title := t.Name
	if t.Title != "" {
		title = fmt.Sprintf("%s (%s)", t.Title, t.Name)
	}
	return []string{Visible(title), fmt.Sprintf("%s: %d of %s ended", Visible(t.Varied()), t.Ended, Count(t.Cells, "cell"))}
}

// sweepSections are a table for each score, and behind the one that says most what
// its differences are.
func sweepSections(t *sweep.Table) (list []Section) {
	for i, key := range t.Keys() {
		list = append(list, scoresOf(t, key))
		if i > 0 {
			continue
		}
		for _, factor := range sweepFactors(t) {
			if s := differencesOf(t, key, factor); len(s.Table) > 1 {
				list = append(list, s)
			}
		}
	}
	return list
}

// sweepFactors are the keys that vary, and the arms where there are several.
func sweepFactors(t *sweep.Table) (list []string) {
	for _, c := range t.Comparisons {
		if !slices.Contains(list, c.Factor) {
			list = append(list, c.Factor)
		}
	}
	return list
}

// columns are the headers of the keys that vary: what stands behind the dot, where
// that is of one key alone.
func columns(t *sweep.Table) (list []string) {
	short := func(key string) string { return key[strings.LastIndex(key, ".")+1:] }
	for _, f := range t.Vary {
		name := short(f.Key)
		for _, g := range t.Vary {
			if g.Key != f.Key && short(g.Key) == name {
				name = f.Key
				break
			}
		}
		list = append(list, name)
	}
	return list
}

// hasArms reports whether cells have several arms.
func hasArms(t *sweep.Table) bool {
	return slices.ContainsFunc(t.Rows, func(r sweep.Row) bool { return r.Arm != "" })
}

// number is how many seeds a mean is over, of how many.
func number(n int, t *sweep.Table) string {
	text := strconv.Itoa(n)
	if n < t.Seeds {
		text = fmt.Sprintf("%d of %d", n, t.Seeds)
	}
	if n < sweep.FewSeeds {
		text += ", few"
	}
	return text
}

// meanOf is a mean with its interval, both to a thousandth: over seeds those may be
// narrow.
func meanOf(m sweep.Mean) string {
	switch {
	case !m.Low.Finite():
		return accuracy(m.Mean)
	case m.Low == m.Mean && m.High == m.Mean:
		return accuracy(m.Mean) + " exactly"
	}
	return fmt.Sprintf("%s [%s, %s]", accuracy(m.Mean), fixed(m.Low, 3), fixed(m.High, 3))
}

// scoresOf is the table of one score.
func scoresOf(t *sweep.Table, key metric.Key) Section {
	s := Section{Words: heading(key) + ": mean over seeds with its 95 % t-interval"}
	header := columns(t)
	if hasArms(t) {
		header = append(header, "arm")
	}
	s.Table.Add(append(header, "mean", "seeds", "chance")...)
	for _, r := range t.Rows {
		if r.Key != key || r.Distance != nil {
			continue
		}
		row := visible(r.Values)
		if hasArms(t) {
			row = append(row, Visible(r.Arm))
		}
		s.Table.Add(append(row, meanOf(r.Mean), number(r.N, t), accuracy(r.Chance))...)
	}
	return s
}

func visible(list []string) []string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = Visible(text)
	}
	return out
}

// differencesOf is the table of the comparisons of one score in one factor.
func differencesOf(t *sweep.Table, key metric.Key, factor string) Section {
	at := slices.IndexFunc(t.Vary, func(f sweep.Factor) bool { return f.Key == factor })
	header := columns(t)
	if at >= 0 {
		header = slices.Delete(header, at, at+1)
	}
	arms := at >= 0 && hasArms(t)
	if arms {
		header = append(header, "arm")
	}
	s := Section{Table: Table{append(header, "difference", "mean", "seeds", "p", "Holm")}}
	for _, c := range t.Comparisons {
		if c.Factor != factor || c.Key != key {
			continue
		}
		row := visible(c.Values)
		if at >= 0 {
			row = slices.Delete(row, at, at+1)
		}
		if arms {
			row = append(row, Visible(c.Arm))
		}
		s.Table.Add(append(row, Visible(c.B)+" − "+Visible(c.A), meanOf(c.Mean), number(c.N, t), probability(c.P), probability(c.Holm))...)
	}
	what := "values of " + factor
	if at < 0 {
		what = "arms"
	}
	s.Words = fmt.Sprintf("Differences between %s on the same seeds, with 95 %% t-intervals; p by sign flips, and adjusted by Holm over these %d:", what, len(s.Table)-1)
	return s
}

// probability is a p with two digits.
func probability(p metric.Number) string {
	if !p.Finite() {
		return "—"
	}
	return strconv.FormatFloat(float64(p), 'g', 2, 64)
}

// sweepProblems says of every cell that has no part in the numbers why; one line
// for those in a row that have not been run.
func sweepProblems(t *sweep.Table) (list []string) {
	for i := 0; i < len(t.Problems); i++ {
		p := t.Problems[i]
		if p.Status == record.Stopped && p.Arm == "" {
			last := p.Cell
			for i+1 < len(t.Problems) && t.Problems[i+1].Status == record.Stopped && t.Problems[i+1].Arm == "" && t.Problems[i+1].Cell == last+1 {
				i, last = i+1, last+1
			}
			if last > p.Cell {
				list = append(list, fmt.Sprintf("cells %d–%d have not been run, or not to their end", p.Cell, last))
				continue
			}
		}
		text := fmt.Sprintf("cell %d (%s)", p.Cell, sweep.Words(p.Values, p.Seed))
		if p.Arm != "" {
			text += ", arm " + p.Arm
		}
		switch {
		case p.Status == record.Stopped:
			text += " has not been run, or not to its end"
		case p.Text == "":
			text += ": " + string(p.Status)
		default:
			text += fmt.Sprintf(": %s: %s", p.Status, p.Text)
		}
		list = append(list, Visible(text))
	}
	return list
}

// SweepCSV writes a row for each score and ring of each combination, for each
// comparison, and for each cell or arm that has no part in them. The columns behind
// the first are the keys that vary; that of a factor compared is empty.
func SweepCSV(out io.Writer, t *sweep.Table) {
	w := csv.NewWriter(out)
	header := []string{"kind"}
	for _, f := range t.Vary {
		header = append(header, f.Key)
	}
	w.Write(append(header, "arm", "seed", "metric", "target", "images", "unit", "distance", "n", "mean", "low", "high", "chance", "factor", "a", "b", "p", "holm", "problem"))
	for _, r := range t.Rows {
		kind, distance := "score", ""
		if r.Distance != nil {
			kind, distance = "ring", strconv.Itoa(*r.Distance)
		}
		row := append([]string{kind}, visible(r.Values)...)
		w.Write(append(row, Visible(r.Arm), "", r.Metric, r.Target, r.Images, r.Unit, distance, strconv.Itoa(r.N), cell(r.Mean.Mean), cell(r.Low), cell(r.High), cell(r.Chance), "", "", "", "", "", ""))
	}
	for _, c := range t.Comparisons {
		row := append([]string{"difference"}, visible(c.Values)...)
		w.Write(append(row, Visible(c.Arm), "", c.Metric, c.Target, c.Images, "", "", strconv.Itoa(c.N), cell(c.Mean.Mean), cell(c.Low), cell(c.High), "", c.Factor, Visible(c.A), Visible(c.B), cell(c.P), cell(c.Holm), ""))
	}
	for _, p := range t.Problems {
		row := append([]string{string(p.Status)}, visible(p.Values)...)
		w.Write(append(row, Visible(p.Arm), strconv.FormatUint(p.Seed, 10), "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", Visible(p.Text)))
	}
	w.Flush()
}
