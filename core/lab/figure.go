package lab

import (
	"encoding/json"
	"fmt"
	"slices"

	"padlab/core/metric"
	"padlab/core/names"
	"padlab/core/position"
)

// A Figure is what somebody else has found where an arm of an experiment finds
// a score: a row of a table of the paper, say.
type Figure struct {
	Source string `json:"source"` // "paper, VGG16"
	Arm    string `json:"arm"`
	What   string `json:"what"` // the metric
	Images string `json:"images"`
	Values Values `json:"values"`

	// With restricts the figure to frozen networks with weights from a file, or
	// to those that were trained here.
	With string `json:"with,omitempty"`
}

// The kinds of networks that a figure or an expectation may be restricted to.
const (
	withWeights  = "weights"
	withTraining = "training"
)

// Values are figures by target, in the order of the targets.
type Values []Value

// A Value is the figure of one target.
type Value struct {
	Target string
	Number metric.Number
}

// MarshalJSON writes them as an object.
func (v Values) MarshalJSON() ([]byte, error) {
	object := map[string]metric.Number{}
	for _, value := range v {
		object[value.Target] = value.Number
	}
	return json.Marshal(object)
}

// check returns an error unless the figure is about something that is scored.
func (f Figure) check(e *Experiment) error {
	var arms []string
	for _, a := range e.Arms() {
		arms = append(arms, a.Name)
	}
	switch {
	case f.Source == "":
		return fmt.Errorf("figure: a source must not be empty")
	case !slices.Contains(arms, f.Arm):
		return fmt.Errorf("figure: %w", names.Unknown("arm", f.Arm, arms))
	case !slices.Contains(position.Metrics(), f.What):
		return fmt.Errorf("figure: %w", names.Unknown("metric", f.What, position.Metrics()))
	case !slices.Contains(position.Kinds(), f.Images):
		return fmt.Errorf("figure: %w", names.Unknown("kind of images", f.Images, position.Kinds()))
	case len(f.Values) == 0:
		return fmt.Errorf("figure: no values")
	}
	if err := checkWith(f.With); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	return nil
}

func checkWith(word string) error {
	if !slices.Contains([]string{"", withWeights, withTraining}, word) {
		return fmt.Errorf("with must be %s or %s, or be left out: %q", withWeights, withTraining, word)
	}
	return nil
}

// is reports whether the networks of e are of that kind.
func (e *Experiment) is(with string) bool {
	return with == "" || (with == withWeights) == (e.Net.Weights != "")
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

// Comparisons are the figures of the experiment beside what its arms have
// found. What was not scored is left out.
func (s *Snapshot) Comparisons() []Comparison {
	var list []Comparison
	for _, f := range s.Experiment.Figures {
		if !s.Experiment.is(f.With) {
			continue
		}
		for _, a := range s.Arms {
			if a.Name != f.Arm {
				continue
			}
			for _, v := range f.Values {
				for _, ours := range a.Scores {
					if ours.Metric == f.What && ours.Target == v.Target && ours.Images == f.Images {
						list = append(list, Comparison{f.Source, f.Arm, f.What, v.Target, f.Images, v.Number, ours.Value, ours.Low, ours.High})
					}
				}
			}
		}
	}
	return list
}
