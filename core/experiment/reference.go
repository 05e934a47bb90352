package experiment

import (
	"fmt"
	"slices"

	"padlab/core/metric"
	"padlab/core/names"
	"padlab/core/position"
)

// A Reference is what somebody else has found where an arm of an experiment
// finds a score: a row of a table of the paper, say.
//
//	[[reference]]
//	source = "paper, VGG16"
//	arm = "zeros"
//	what = "spc"
//	values = { H = 0.742, G = 0.768 }
type Reference struct {
	Source string `json:"source"` // "paper, VGG16"
	Arm    string `json:"arm"`
	What   string `json:"what"` // the metric
	Images string `json:"images"`
	Values Values `json:"values"`

	// With restricts it to frozen networks with weights from a file, or to those
	// that were trained here.
	With string `json:"with,omitempty"`
}

// Values are figures by target, in the order of the targets.
type Values []Value

// A Value is the figure of one target.
type Value struct {
	Target position.Target
	Number metric.Number
}

// check returns an error unless the reference is about something that is
// scored.
func (f Reference) check(arms []Arm) error {
	switch known := namesOf(arms); {
	case f.Source == "":
		return fmt.Errorf("a source must not be empty")
	case !slices.Contains(known, f.Arm):
		return names.Unknown("arm", f.Arm, known)
	case !slices.Contains(position.Metrics(), f.What):
		return names.Unknown("metric", f.What, position.Metrics())
	case !slices.Contains(position.Kinds(), f.Images):
		return names.Unknown("kind of images", f.Images, position.Kinds())
	case len(f.Values) == 0:
		return fmt.Errorf("no values")
	}
	return checkWith(f.With)
}

// A Comparison is somebody else's figure beside ours.
type Comparison struct {
	Source string        `json:"source"`
	Arm    string        `json:"arm"`
	Metric string        `json:"metric"`
	Target string        `json:"target"`
	Images string        `json:"images"`
	Theirs metric.Number `json:"theirs"`
	Ours   metric.Number `json:"ours"`
	Low    metric.Number `json:"low"`
	High   metric.Number `json:"high"`
}

// Compare puts the references of the experiment beside what was found of its
// arms. What was not scored is left out.
func (e *Experiment) Compare(found []Finding) []Comparison {
	var list []Comparison
	for _, f := range e.References {
		if !e.is(f.With) {
			continue
		}
		for _, a := range found {
			if a.Arm != f.Arm {
				continue
			}
			for _, v := range f.Values {
				if s, ok := metric.Find(a.Scores, metric.Key{Metric: f.What, Target: string(v.Target), Images: f.Images}); ok {
					list = append(list, Comparison{f.Source, f.Arm, f.What, string(v.Target), f.Images, v.Number, s.Value, s.Low, s.High})
				}
			}
		}
	}
	return list
}
