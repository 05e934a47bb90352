// Package sweep runs an experiment many times: over values of its fields, and over
// seeds. A plan numbers the cells, one experiment each; they are run side by side,
// by one process or by many that know nothing of each other; what they found is
// put together with statistics over seeds. All three give the same bytes, however
// often a process was killed on the way.
package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/experiment"
)

// MaxCells bounds a plan.
const MaxCells = 10_000

// A Factor is a key that varies, with its values in the key's text form.
type Factor struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// ParseFactor reads key=a,b,…. The error names the nearest key or value.
func ParseFactor(text string) (Factor, error) {
	key, list, ok := strings.Cut(text, "=")
	if !ok {
		return Factor{}, fmt.Errorf("not key=a,b,…: %q", text)
	}
	f := Factor{Key: strings.TrimSpace(key)}
	field, err := experiment.FieldOf(f.Key)
	switch {
	case err != nil:
		return Factor{}, err
	case f.Key == "seed" || f.Key == "seeds":
		return Factor{}, fmt.Errorf("%s is not varied: a sweep takes its seeds from --seed and --seeds", f.Key)
	case field.Kind == experiment.Text:
		return Factor{}, fmt.Errorf("%s is a text for people: varying it changes nothing", f.Key)
	}
	f.Values, err = experiment.Alternatives(f.Key, list)
	return f, err
}

// A Combination is one value of every factor, and the experiment with them and the
// first seed. What varies in that itself makes its arms.
type Combination struct {
	Values     []string // in the order of the factors
	Experiment *experiment.Experiment
}

// A Cell is a combination with a seed: what is run as one, and kept in one folder.
type Cell struct {
	Number      int // from 1, in the order of the plan
	Combination int // its index
	Seed        uint64
	Name        string // of its folder: the number, and a hash of the experiment
}

// A Plan is all cells of a sweep: of every combination in turn, the last factor
// changing fastest, those of all seeds.
type Plan struct {
	Name         string // what the experiment was loaded by
	Factors      []Factor
	Seed         uint64
	Seeds        int
	Combinations []Combination
	Cells        []Cell
}

// New plans a sweep of e from its seed on over as many seeds as it says. What e
// expects of its arms is left out: it says nothing of other values. resolve, if not
// nil, sets in each combination what only its inputs know. The error says which
// combination cannot be run, and why.
func New(name string, e *experiment.Experiment, factors []Factor, resolve func(*experiment.Experiment) error) (*Plan, error) {
	p := &Plan{Name: name, Factors: factors, Seed: e.Seed, Seeds: e.Seeds}
	n := e.Seeds
	for i, f := range factors {
		if slices.ContainsFunc(factors[:i], func(g Factor) bool { return g.Key == f.Key }) {
			return nil, fmt.Errorf("%s is varied twice", f.Key)
		}
		if n *= len(f.Values); n > MaxCells {
			return nil, fmt.Errorf("more than %d cells", MaxCells)
		}
	}
	base := e.Clone()
	base.Seeds, base.Expect, base.References = 1, nil, nil
	for _, values := range combinations(factors) {
		c := Combination{Values: values, Experiment: base.Clone()}
		if err := c.resolve(factors, resolve); err != nil {
			if len(factors) > 0 {
				err = fmt.Errorf("%s: %w", Settings(factors, values), err)
			}
			return nil, err
		}
		p.Combinations = append(p.Combinations, c)
	}
	return p, p.number()
}

// combinations are all choices of one value of every factor.
func combinations(factors []Factor) [][]string {
	list := [][]string{{}}
	for _, f := range factors {
		var next [][]string
		for _, before := range list {
			for _, v := range f.Values {
				next = append(next, append(slices.Clone(before), v))
			}
		}
		list = next
	}
	return list
}

// resolve sets the values, and makes the experiment what its file reads back to.
func (c *Combination) resolve(factors []Factor, resolve func(*experiment.Experiment) error) error {
	for i, f := range factors {
		if err := c.Experiment.Fix(f.Key, c.Values[i]); err != nil {
			return err
		}
	}
	if resolve != nil {
		if err := resolve(c.Experiment); err != nil {
			return err
		}
	}
	if _, err := c.Experiment.Expand(); err != nil {
		return err
	}
	e, err := experiment.Parse("sweep", c.Experiment.TOML())
	c.Experiment = e
	return err
}

// number makes the cells.
func (p *Plan) number() error {
	if last := p.Seed + uint64(p.Seeds) - 1; last > math.MaxInt64 || last < p.Seed {
		return fmt.Errorf("%d seeds from %d on: the last is larger than %d", p.Seeds, p.Seed, uint64(math.MaxInt64))
	}
	for i := range p.Combinations {
		for s := range p.Seeds {
			c := Cell{Number: len(p.Cells) + 1, Combination: i, Seed: p.Seed + uint64(s)}
			sum := sha256.Sum256(p.Experiment(c).TOML())
			c.Name = fmt.Sprintf("%04d-%s", c.Number, hex.EncodeToString(sum[:4]))
			p.Cells = append(p.Cells, c)
		}
	}
	return nil
}

// Experiment returns a copy of that of a cell.
func (p *Plan) Experiment(c Cell) *experiment.Experiment {
	e := p.Combinations[c.Combination].Experiment.Clone()
	e.Seed = c.Seed
	return e
}

// Words says of which values and seed a cell is: "zeros, 5, seed 3".
func (p *Plan) Words(c Cell) string { return Words(p.Combinations[c.Combination].Values, c.Seed) }

// Words are values and a seed: "zeros, 5, seed 3".
func Words(values []string, seed uint64) string {
	return strings.Join(append(slices.Clone(values), "seed "+strconv.FormatUint(seed, 10)), ", ")
}

// Settings are values as --set takes them: "net.padding=zeros, canvas.grid=5".
func Settings(factors []Factor, values []string) string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = factors[i].Key + "=" + v
	}
	return strings.Join(list, ", ")
}

// Differences says in what a plan is another than p: nothing where their cells are
// the same.
func (p *Plan) Differences(other *Plan) (list []string) {
	here, there := p.factors(), other.factors()
	if here != there {
		list = append(list, fmt.Sprintf("%s there, %s here", there, here))
	}
	if here, there := seedsOf(p.Seed, p.Seeds), seedsOf(other.Seed, other.Seeds); here != there {
		list = append(list, fmt.Sprintf("%s there, %s here", there, here))
	}
	for i := range p.Combinations {
		if len(list) > 0 {
			break
		}
		a, b := p.Combinations[i].Experiment, other.Combinations[i].Experiment
		for _, d := range b.Differences(a) {
			list = append(list, d+" there")
		}
	}
	return list
}

func (p *Plan) factors() string {
	var list []string
	for _, f := range p.Factors {
		list = append(list, "--vary "+f.Key+"="+strings.Join(f.Values, ","))
	}
	if len(list) == 0 {
		return "nothing varied"
	}
	return strings.Join(list, " ")
}

// seedsOf is "seed 3", or "seeds 3–7".
func seedsOf(first uint64, n int) string {
	if n == 1 {
		return fmt.Sprintf("seed %d", first)
	}
	return fmt.Sprintf("seeds %d–%d", first, first+uint64(n)-1)
}

// String is what a plan varies: "net.padding=zeros,circular × seeds 1–3". Of very
// many values it has the first and the last.
func (p *Plan) String() string { return varied(p.Factors, p.Seed, p.Seeds) }

// Varied is the same of a table.
func (t *Table) Varied() string { return varied(t.Vary, t.Seed, t.Seeds) }

func varied(factors []Factor, first uint64, n int) string {
	var list []string
	for _, f := range factors {
		values := f.Values
		if len(values) > 16 {
			values = append(slices.Clone(values[:3]), "…", values[len(values)-1])
		}
		list = append(list, f.Key+"="+strings.Join(values, ","))
	}
	return strings.Join(append(list, seedsOf(first, n)), " × ")
}
