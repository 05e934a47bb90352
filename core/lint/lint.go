// Package lint judges a network by rules, so that people and machines can be told in
// one go where the border of the picture comes in and what would keep it out. What the
// rules count is found by core/inspect and core/probe; here it is held against what is
// allowed, and whatever is said to mend it has been tried: the network that is mended is
// looked at by the same rule, and its number stands beside the words.
package lint

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"padlab/core/arch"
	"padlab/core/arch/catalog"
	"padlab/core/images"
	"padlab/core/names"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A Rule asks one question, and answers it by a number that should be small.
type Rule struct {
	ID       string
	Asks     string  // one line for a person
	Counts   string  // what the number is
	Whole    bool    // it is an integer
	Pictures bool    // pictures have to be shown to the network
	Most     float64 // that it may be unless somebody says otherwise; +Inf: anything
}

// The names of the rules.
const (
	Borders   = "border"
	Seams     = "seam"
	Strides   = "uneven-stride"
	Foveation = "foveation"
	Seen      = "seen"
	ToldApart = "told-apart"
	Artifacts = "artifact"
	Aware     = "aware-filters"
	Pattern   = "pattern"
	Position  = "position"
)

var anything = math.Inf(1)

var rules = []Rule{
	{Borders, "where does the border come in, and on which side?", "layers", true, false, anything},
	{Seams, "in a network that goes on at the other side (circular): which layers do not?", "layers", true, false, 0},
	{Strides, "which layers with a stride use more on one side than on the other, as (H + 2p − k) mod s is not 0?", "layers", true, false, 0},
	{Foveation, "how often is the outermost of the picture used, against the middle?", "largest difference, as a share of the middle", false, false, anything},
	{Seen, "how many outputs of the last map see what is not in the picture?", "share of the outputs", false, false, anything},
	{ToldApart, "can the network tell two places apart, whatever its weights?", "1 if it can, 0 if it is blind", true, false, anything},
	{Artifacts, "do sides stand out in features that are averaged over channels and pictures?", "largest contrast to the middle", false, true, anything},
	{Aware, "how many filters are aware of padding at some side (Kolmogorov-Smirnov distance above 0.5)?", "share of the filters", false, true, anything},
	{Pattern, "does padding leave a pattern in features, where the picture could have gone on?", "largest signal to noise, less that of chance", false, true, anything},
	{Position, "can position be read out of the last tap, on photographs that were not learned from?", "rank correlation, the larger of H and V", false, true, anything},
}

// Rules returns all of them.
func Rules() []Rule { return slices.Clone(rules) }

// Find returns the rule of that name; an unknown one is an error that says which was
// perhaps meant.
func Find(id string) (Rule, error) {
	var list []string
	for _, r := range rules {
		if r.ID == id {
			return r, nil
		}
		list = append(list, r.ID)
	}
	return Rule{}, names.Unknown("rule", id, list)
}

// A Policy says which rules are off, and what others may come to.
type Policy struct {
	Off  []string
	Most map[string]float64 // by the name of a rule
}

// Check says what is wrong with a policy: rules that there are not, a number that is
// none, one for a rule that is off, or for one that needs pictures where there are
// none.
func (p Policy) Check(pictures bool) error {
	for _, id := range p.Off {
		if _, err := Find(id); err != nil {
			return err
		}
		if _, both := p.Most[id]; both {
			return fmt.Errorf("rule %s is off, but there is a limit for it, too", id)
		}
	}
	for _, r := range rules {
		most, limited := p.Most[r.ID]
		switch {
		case limited && !(most >= 0 && most < anything):
			return fmt.Errorf("the limit of rule %s must be a number from 0 on: %g", r.ID, most)
		case limited && r.Pictures && !pictures:
			return fmt.Errorf("rule %s has a limit, but to measure it pictures have to be shown to the network", r.ID)
		}
	}
	for id := range p.Most {
		if _, err := Find(id); err != nil {
			return err
		}
	}
	return nil
}

// A Subject is a network that is judged.
type Subject struct {
	Spec   arch.Spec
	Kernel *kernel.Kernel
	Crew   *kernel.Crew

	// Photos are shown to the network if there are any, with the weights that Weigh
	// gives it.
	Photos []images.Photo
	Weigh  func(*nn.Net) error
	Random bool // those weights have learned nothing

	// Doing is told in words what is done next, which may take long.
	Doing func(what string)
}

// A Report is what all rules found.
type Report struct {
	Network, Padding, Extent string
	In                       nn.Shape
	Photos                   int
	Random                   bool      // they were shown with weights that have learned nothing
	Findings                 []Finding // of all rules that are on, in their order
	Off                      []string
}

// A Finding is what one rule found.
type Finding struct {
	Rule    Rule
	Value   float64 // NaN: it could not be found out, as Verdict says
	Most    float64 // that is allowed; +Inf: anything
	Verdict string  // a sentence
	Places  []Place
	Mends   []Mend
}

// Broken reports whether more was found than is allowed, or there is a limit and nothing
// was found out.
func (f Finding) Broken() bool { return f.Most < anything && !(f.Value <= f.Most) }

// A Place is where something was found: a layer, or something else that has a name.
type Place struct {
	Name, Kind string
	Says       string
	Sides      *[4]int // what was counted at the sides, in the order of [inspect.Sides]; nil: nothing
}

// A Mend is a change after which a rule finds less. It has been tried: Value is what the
// rule finds then.
type Mend struct {
	Change string
	Value  float64
	Mends  bool // so little is allowed, or it is nothing; else it only lessens it
}

// Broken are the names of the rules that are broken.
func (r *Report) Broken() (list []string) {
	for _, f := range r.Findings {
		if f.Broken() {
			list = append(list, f.Rule.ID)
		}
	}
	return list
}

// failure is an error of what a network made of its pictures.
type failure struct{ error }

// Failed reports whether an error of Lint is of what the network made of its pictures,
// such as values that are not finite, and not of what was asked for.
func Failed(err error) bool {
	f := failure{}
	return errors.As(err, &f)
}

// Lint judges a network. The policy has been checked. Errors are those of [arch.Build],
// of showing it pictures, and of the context.
func Lint(ctx context.Context, s Subject, p Policy) (*Report, error) {
	r := &Report{Network: s.Spec.Arch.Name, Padding: s.Spec.Padding.Name, Extent: string(s.Spec.Extent), In: s.Spec.In, Photos: len(s.Photos), Random: s.Random, Off: []string{}}
	l := &linter{Subject: s, ctx: ctx, findings: map[string]*Finding{}}
	for _, rule := range rules {
		if slices.Contains(p.Off, rule.ID) {
			r.Off = append(r.Off, rule.ID)
			continue
		}
		if rule.Pictures && len(s.Photos) == 0 {
			continue
		}
		f := &Finding{Rule: rule, Most: rule.Most}
		if most, ok := p.Most[rule.ID]; ok {
			f.Most = most
		}
		l.findings[rule.ID] = f
	}
	if err := l.geometry(); err != nil {
		return nil, err
	}
	if err := l.blindness(); err != nil {
		return nil, err
	}
	if len(s.Photos) > 0 {
		if err := l.pictures(); err != nil {
			return nil, err
		}
	}
	for _, rule := range rules {
		if f := l.findings[rule.ID]; f != nil {
			r.Findings = append(r.Findings, *f)
		}
	}
	return r, nil
}

// A linter is a network while it is judged.
type linter struct {
	Subject
	ctx      context.Context
	findings map[string]*Finding // of rules that are on
	open     bool                // the border comes in somewhere, or nothing goes on at the other side
}

// notable is which share of what was found there may be left behind a change for it to be
// worth a word.
const notable = .95

// tried adds a change to a finding if the rule finds less behind it.
func (f *Finding) tried(change string, value float64) {
	if f == nil || !(value < f.Value) || !f.Rule.Whole && value > notable*f.Value {
		return
	}
	f.Mends = append(f.Mends, Mend{change, value, value <= 0 || f.Most < anything && value <= f.Most})
}

// everywhere is the network with one scheme in all layers that pad.
func everywhere(s arch.Spec, scheme string) arch.Spec {
	s.Padding, s.Layers, s.Pools = pad.Must(scheme), nil, catalog.SchemePools
	if s.Extent == pad.Valid {
		s.Extent = pad.Same
	}
	if scheme == "none" {
		s.Extent = pad.Valid
	}
	return s
}

// inAll is how a change to that scheme is called.
func inAll(scheme string) string {
	if scheme == "none" {
		return "no padding"
	}
	return scheme + " in every layer that pads"
}

func size(in nn.Shape) string { return fmt.Sprintf("%d×%d", in.H, in.W) }

// resized is how a change to another size of picture is called.
func resized(from, to nn.Shape) string { return fmt.Sprintf("%s instead of %s", size(to), size(from)) }
