package sweep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/names"
	"padlab/core/record"
)

// A Table is what the cells of a sweep have found, over seeds. It is what --format
// json prints, and depends on nothing but the plan and the results: not on how many
// processes have run which cells, where, and how often they were interrupted.
type Table struct {
	Schema      int          `json:"schema"`
	Name        string       `json:"name"`
	Title       string       `json:"title"`
	Vary        []Factor     `json:"vary"`
	Held        []Factor     `json:"held,omitempty"` // to one value each: see Where
	Seed        uint64       `json:"seed"`
	Seeds       int          `json:"seeds"`
	Cells       int          `json:"cells"`
	Ended       int          `json:"ended"` // of the cells
	Problems    []Problem    `json:"problems"`
	Rows        []Row        `json:"rows"`
	Comparisons []Comparison `json:"comparisons"`

	Main metric.Key `json:"-"` // what says most
}

// A Problem is a cell, or an arm of one, that has no part in the numbers.
type Problem struct {
	Cell   int           `json:"cell"`
	Values []string      `json:"values"`
	Seed   uint64        `json:"seed"`
	Arm    string        `json:"arm,omitempty"`
	Status record.Status `json:"status"` // diverged, failed; stopped: it has not been run, or not to its end
	Text   string        `json:"problem,omitempty"`

	ended bool // the cell has, though this arm not well
}

// A Row is a score, or one ring of a profile, of a combination over its seeds.
type Row struct {
	Values []string `json:"values"`        // of the factors
	Arm    string   `json:"arm,omitempty"` // where cells have several
	metric.Key
	Unit     string `json:"unit,omitempty"`     // of the distance of a ring
	Distance *int   `json:"distance,omitempty"` // nil: over all places
	Mean
	Few    bool            `json:"few_seeds,omitempty"` // fewer than FewSeeds
	Chance metric.Number   `json:"chance"`
	BySeed []metric.Number `json:"by_seed"` // null: it has none
}

// A Comparison is the mean difference of a score between two values of a factor, or
// between two arms, all else equal, on the same seeds. All pairs are compared; of a
// factor with more than 16 values, all with the first.
type Comparison struct {
	Factor string   `json:"factor"` // a key, or "arm"
	A      string   `json:"a"`
	B      string   `json:"b"`
	Values []string `json:"values"`        // of the other factors; its own is empty
	Arm    string   `json:"arm,omitempty"` // of which, unless arms are compared
	metric.Key
	Mean               // of b − a; N is how many seeds both have
	Few  bool          `json:"few_seeds,omitempty"`
	P    metric.Number `json:"p"`    // see SignFlip
	Holm metric.Number `json:"holm"` // over all comparisons of this factor and score
}

// Factor of a comparison of arms.
const byArm = "arm"

// found is what a cell has found.
type found struct {
	arms  []record.Arm
	plain []byte // the result without its provenance
}

// Collect puts together what was found in the folders of a sweep, or of its shards.
// The error says that they are not of one plan, that a record cannot be read, or
// that one cell, or what it was run on, is not the same everywhere.
func Collect(dirs ...string) (*Table, error) {
	p, err := Open(dirs[0])
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs[1:] {
		if err := p.Same(dir); err != nil {
			return nil, fmt.Errorf("%w (%s)", err, dirs[0])
		}
	}
	t := &Table{
		Schema: Schema, Name: p.Name, Title: p.Combinations[0].Experiment.Title, Vary: append([]Factor{}, p.Factors...),
		Seed: p.Seed, Seeds: p.Seeds, Cells: len(p.Cells), Problems: []Problem{}, Rows: []Row{}, Comparisons: []Comparison{},
	}
	g := gatherer{plan: p, table: t, inputs: map[[2]string]string{}, at: map[rowKey]int{}}
	for _, c := range p.Cells {
		if err := g.cell(c, dirs); err != nil {
			return nil, err
		}
	}
	for i := range t.Rows {
		r := &t.Rows[i]
		r.Mean = MeanOf(r.BySeed)
		r.Few = r.N < FewSeeds
	}
	g.compare()
	return t, nil
}

// Where is the part of a table in which a factor has one value, as the table of a
// sweep that holds the factor to it: comparisons are of that part, and so are the
// families of their Holm corrections. The error says that there is no such factor,
// or value of it.
func (t *Table) Where(key, value string) (*Table, error) {
	var keys []string
	for _, f := range t.Vary {
		keys = append(keys, f.Key)
	}
	at := slices.Index(keys, key)
	if at < 0 {
		return nil, names.Unknown("key that varies", key, keys)
	}
	if !slices.Contains(t.Vary[at].Values, value) {
		return nil, names.Unknown("value of "+key, value, t.Vary[at].Values)
	}
	without := func(values []string) []string { return slices.Delete(slices.Clone(values), at, at+1) }
	part := *t
	part.Vary = slices.Delete(slices.Clone(t.Vary), at, at+1)
	part.Held = append(slices.Clone(t.Held), Factor{Key: key, Values: []string{value}})
	part.Cells /= len(t.Vary[at].Values)
	part.Ended = part.Cells
	part.Problems, part.Rows, part.Comparisons = []Problem{}, []Row{}, []Comparison{}
	for _, p := range t.Problems {
		if p.Values[at] == value {
			p.Values = without(p.Values)
			part.Problems = append(part.Problems, p)
			if !p.ended {
				part.Ended--
			}
		}
	}
	g := gatherer{table: &part, at: map[rowKey]int{}}
	for _, r := range t.Rows {
		if r.Values[at] == value {
			r.Values = without(r.Values)
			g.at[r.key()] = len(part.Rows)
			part.Rows = append(part.Rows, r)
		}
	}
	g.compare()
	return &part, nil
}

// Complete reports whether all cells have ended, and well.
func (t *Table) Complete() bool { return len(t.Problems) == 0 }

// A gatherer fills a table.
type gatherer struct {
	plan   *Plan
	table  *Table
	inputs map[[2]string]string // their checksums, by kind and name
	at     map[rowKey]int       // rows
	kernel string               // of the cell before
}

// portable is the one kernel that rounds otherwise than the others.
const portable = "gonum"

// A rowKey says what a row is of.
type rowKey struct {
	values   string // of the factors, behind each other
	unit     string // of the distance
	distance int    // −1: no ring
	arm      string
	metric.Key
}

func (r Row) key() rowKey {
	k := rowKey{strings.Join(r.Values, "\x00"), r.Unit, -1, r.Arm, r.Key}
	if r.Distance != nil {
		k.distance = *r.Distance
	}
	return k
}

// cell adds what was found of one.
func (g *gatherer) cell(c Cell, dirs []string) error {
	first, why := found{}, ""
	for _, dir := range dirs {
		if !c.Ended(dir) {
			if text := readFailure(c.failure(dir)); text != "" {
				why = text
			}
			continue
		}
		f, err := g.read(c, dir)
		if err != nil {
			return err
		}
		switch {
		case first.plain == nil:
			first = f
		case !bytes.Equal(first.plain, f.plain):
			return fmt.Errorf("%s: cell %d is another than in the folders before: the same experiment gives the same bytes, so one of them was computed by another release or kernel", dir, c.Number)
		}
	}
	values := g.plan.Combinations[c.Combination].Values
	problem := Problem{Cell: c.Number, Values: values, Seed: c.Seed, Status: record.Stopped, Text: why}
	if why != "" {
		problem.Status = record.Failed
	}
	if first.plain == nil {
		g.table.Problems = append(g.table.Problems, problem)
		return nil
	}
	g.table.Ended++
	for _, a := range first.arms {
		name := a.Name
		if len(first.arms) == 1 {
			name = ""
		}
		if a.Status != record.Done {
			problem.Arm, problem.Status, problem.Text, problem.ended = name, a.Status, a.Problem, true
			g.table.Problems = append(g.table.Problems, problem)
			continue
		}
		g.arm(c, values, name, a)
	}
	return nil
}

// read reads a cell, and checks that it is of the plan and was run on what others
// were.
func (g *gatherer) read(c Cell, dir string) (found, error) {
	r, err := record.Open(c.Folder(dir))
	if err != nil {
		return found{}, err
	}
	if r.Result == nil {
		return found{}, fmt.Errorf("%s has no result", r.Folder)
	}
	if list := r.Experiment.Differences(g.plan.Experiment(c)); len(list) > 0 {
		return found{}, fmt.Errorf("%s holds another experiment than the plan: %s", r.Folder, strings.Join(list, ", "))
	}
	for _, in := range r.Result.Provenance.Inputs {
		key := [2]string{in.Kind, in.Name}
		if sum, ok := g.inputs[key]; ok && sum != in.SHA256 {
			return found{}, fmt.Errorf("%s was run on another %s %q than the cells before", r.Folder, in.Kind, in.Name)
		}
		g.inputs[key] = in.SHA256
	}
	kernel := r.Result.Provenance.Kernel
	if g.kernel != "" && (kernel == portable) != (g.kernel == portable) {
		return found{}, fmt.Errorf("%s was computed with the kernel %s, and cells before with %s: they do not give the same bits; take one of them away and run it again", r.Folder, kernel, g.kernel)
	}
	g.kernel = kernel
	plain := *r.Result
	plain.Provenance = record.Provenance{}
	return found{r.Result.Arms, plain.Document()}, nil
}

// readFailure is what is kept of why a cell could not be run, made visible.
func readFailure(name string) string {
	file, err := os.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return ""
		}
		return "it failed, and why cannot be read"
	}
	defer file.Close()
	data, _ := io.ReadAll(io.LimitReader(file, maxFailure))
	text := strings.Join(strings.Fields(string(data)), " ")
	if !utf8.ValidString(text) || text == "" {
		return "it failed"
	}
	return text
}

// arm adds the scores and rings of one arm.
func (g *gatherer) arm(c Cell, values []string, name string, a record.Arm) {
	add := func(key metric.Key, unit string, distance *int, value, chance metric.Number) {
		k := Row{Values: values, Arm: name, Key: key, Unit: unit, Distance: distance}.key()
		at, ok := g.at[k]
		if !ok {
			at = len(g.table.Rows)
			g.at[k] = at
			g.table.Rows = append(g.table.Rows, Row{
				Values: values, Arm: name, Key: key, Unit: unit, Distance: distance, Chance: chance,
				BySeed: slices.Repeat([]metric.Number{metric.NaN}, g.plan.Seeds),
			})
		}
		g.table.Rows[at].BySeed[c.Seed-g.plan.Seed] = value
	}
	for _, s := range a.Scores {
		add(s.Key, "", nil, s.Value, s.Chance)
	}
	for _, p := range a.Profiles {
		for _, ring := range p.Rings {
			add(p.Key, p.Unit, &ring.Distance, ring.Value, ring.Chance)
		}
	}
	if g.table.Main == (metric.Key{}) {
		g.table.Main = Main(g.plan.Combinations[0].Experiment, a.Scores)
	}
}

// Main is the score that says most: of a task what no favourite answer raises, or
// the first; of a read-out the rank correlation of its first target.
func Main(e *experiment.Experiment, scores []metric.Score) metric.Key {
	asked := []metric.Key{{Metric: metric.BeyondGuessing}, {}}
	if e.Reads() {
		asked = []metric.Key{{Metric: metric.SPC, Target: string(e.Readout.Targets[0])}, {}}
	}
	for _, key := range asked {
		if s, ok := metric.Find(scores, key); ok {
			return s.Key
		}
	}
	return metric.Key{}
}

// maxPairs is how many values a factor may have for all pairs of them to be
// compared; of more, each is compared with the first alone.
const maxPairs = 16

// compare adds the comparisons: factor by factor, score by score, pairs of values,
// in all that is else the same.
func (g *gatherer) compare() {
	t := g.table
	factors := append(slices.Clone(t.Vary), Factor{Key: byArm, Values: g.arms()})
	for at, f := range factors {
		for _, key := range t.Keys() {
			having := map[string][]Row{} // by value
			for _, r := range t.Rows {
				if r.Key == key && r.Distance == nil {
					having[r.value(at)] = append(having[r.value(at)], r)
				}
			}
			first := len(t.Comparisons)
			for i, a := range f.Values {
				if i > 0 && len(f.Values) > maxPairs {
					break
				}
				for _, b := range f.Values[i+1:] {
					for _, r := range having[a] {
						if other, ok := g.row(r.with(at, b)); ok {
							t.Comparisons = append(t.Comparisons, compared(f.Key, at, b, r, other))
						}
					}
				}
			}
			family := t.Comparisons[first:]
			p := make([]metric.Number, len(family))
			for i, c := range family {
				p[i] = c.P
			}
			for i, v := range Holm(p) {
				family[i].Holm = v
			}
		}
	}
}

// compared is the comparison of a row with another that has value b of a factor.
func compared(factor string, at int, b string, r, other Row) Comparison {
	d := Paired(r.BySeed, other.BySeed)
	c := Comparison{Factor: factor, A: r.value(at), B: b, Values: slices.Clone(r.Values), Arm: r.Arm, Key: r.Key, Mean: MeanOf(d), P: SignFlip(d)}
	if at < len(c.Values) {
		c.Values[at] = ""
	} else {
		c.Arm = ""
	}
	c.Few = c.N < FewSeeds
	return c
}

// value is that of a factor, or behind them the arm.
func (r Row) value(at int) string {
	if at < len(r.Values) {
		return r.Values[at]
	}
	return r.Arm
}

// with is the row with another value there.
func (r Row) with(at int, value string) Row {
	if at < len(r.Values) {
		r.Values = slices.Clone(r.Values)
		r.Values[at] = value
	} else {
		r.Arm = value
	}
	return r
}

// row is the score of a table with the values, the arm and the key of another.
func (g *gatherer) row(like Row) (Row, bool) {
	at, ok := g.at[like.key()]
	if !ok {
		return Row{}, false
	}
	return g.table.Rows[at], true
}

// arms are the names of arms that were found, where cells have several.
func (g *gatherer) arms() (list []string) {
	for _, r := range g.table.Rows {
		if r.Arm != "" && !slices.Contains(list, r.Arm) {
			list = append(list, r.Arm)
		}
	}
	return list
}

// Keys are the scores of a table, the one that says most first.
func (t *Table) Keys() (list []metric.Key) {
	if len(t.Rows) > 0 {
		list = append(list, t.Main)
	}
	for _, r := range t.Rows {
		if r.Distance == nil && !slices.Contains(list, r.Key) {
			list = append(list, r.Key)
		}
	}
	return list
}
