package experiment

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"padlab/core/task"
)

// An Arm is one network of the comparison: a name, and the fields that it sets
// otherwise than the experiment, in order of their keys where it is spelled
// out. What varies besides, varies in each of those.
//
// Expand fills in the experiment with all of them set, and the label; in
// Experiment.Arms they are empty.
type Arm struct {
	Name     string
	Label    string // the name in words, for people: "bias off, zeros"
	Settings []Setting
	*Experiment
}

// A Setting is a field in its text form.
type Setting struct{ Key, Value string }

// Vary says that a field takes several values, each an arm. Several of them
// make every combination, the last one changing fastest.
type Vary struct {
	Key    string   `json:"key"`
	Values []string `json:"values"` // in the field's text form
}

func (a Arm) sets(key string) bool {
	return slices.ContainsFunc(a.Settings, func(s Setting) bool { return s.Key == key })
}

// newVary checks the values of a field and gives them their text form.
func newVary(f Field, values []string) (Vary, error) {
	if f.Shared {
		return Vary{}, fmt.Errorf("%s cannot vary between arms: they share it", f.Key)
	}
	if len(values) > MaxArms {
		return Vary{}, fmt.Errorf("%s varies over %d values: more than %d arms are not allowed", f.Key, len(values), MaxArms)
	}
	list, err := f.distinct(values)
	return Vary{f.Key, list}, err
}

// distinct are the text forms of values, of which there must be one and no two
// the same.
func (f Field) distinct(values []string) (list []string, err error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("%s varies over no values", f.Key)
	}
	for _, text := range values {
		value, err := f.Canonical(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		if slices.Contains(list, value) {
			return nil, fmt.Errorf("%s varies over %s twice", f.Key, value)
		}
		list = append(list, value)
	}
	return list, nil
}

// Expand returns the arms: the combinations of all varied values in order, for
// every arm that is spelled out if there are such. An arm is named by its values
// behind the name that it was given, or by its padding when nothing varies. The
// error says what is wrong with the fields together, in which arm.
func (e *Experiment) Expand() ([]Arm, error) {
	arms, _, err := e.expand()
	return arms, err
}

// expand is Expand; with an error comes the key that is most to blame.
func (e *Experiment) expand() (arms []Arm, key string, err error) {
	n := max(1, len(e.Arms))
	for _, v := range e.Vary {
		if n > MaxArms {
			break
		}
		n *= len(v.Values)
	}
	if n > MaxArms {
		key = "vary"
		if len(e.Arms) > MaxArms {
			key = "arm"
		}
		return nil, key, fmt.Errorf("more than %d arms", MaxArms)
	}
	for _, key := range []string{"backbone.task", "backbone.steps"} {
		if e.Net.Weights != "" && e.Compares(key) {
			return nil, "net.weights", fmt.Errorf("the arms of this experiment set %s themselves: with weights from a file there is nothing left to compare", key)
		}
	}
	one := func(a Arm, more ...Setting) (Arm, error) {
		next := Arm{a.Name, a.Label, append(slices.Clone(a.Settings), more...), a.Experiment.Clone()}
		next.Vary, next.Arms = nil, nil
		for _, s := range more {
			if err := next.Experiment.Set(s.Key, s.Value); err != nil {
				return Arm{}, err
			}
		}
		return next, nil
	}
	for _, spelled := range e.Arms {
		a, err := one(Arm{Name: spelled.Name, Label: spelled.Name, Experiment: e}, spelled.Settings...)
		if err != nil {
			return nil, "arm", err
		}
		arms = append(arms, a)
	}
	if len(e.Arms) == 0 {
		a, _ := one(Arm{Experiment: e})
		if len(e.Vary) == 0 {
			a.Name, a.Label = e.Net.Padding.Name, e.Net.Padding.Name
		}
		arms = append(arms, a)
	}
	for _, v := range e.Vary {
		var next []Arm
		for _, a := range arms {
			for _, value := range v.Values {
				b, err := one(a, Setting{v.Key, value})
				if err != nil {
					return nil, "vary", err
				}
				b.Name, b.Label = joined(a.Name, value), joined(a.Label, b.inWords(v.Key, value))
				next = append(next, b)
			}
		}
		arms = next
	}
	for _, a := range arms {
		if key, err := a.check(); err != nil {
			return nil, key, fmt.Errorf("arm %s: %w", a.Name, err)
		}
	}
	return arms, "", nil
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", " + b
}

// inWords is a varied value for people: what names a thing stands for itself, a
// number or a truth value says of what it is.
func (a Arm) inWords(key, value string) string {
	f, err := FieldOf(key)
	if err != nil {
		return value
	}
	what := key[strings.LastIndex(key, ".")+1:]
	switch {
	case key == "eval.padding" && value != "":
		return fmt.Sprintf("trained %s, tested %s", a.Net.Padding.Name, value)
	case key == "eval.padding":
		return "tested as trained"
	case f.Kind == Bool && value == "true":
		return what + " on"
	case f.Kind == Bool:
		return what + " off"
	case f.Kind == Integer || f.Kind == Float:
		return strings.ReplaceAll(what, "_", " ") + " " + value
	}
	return value
}

// Side is how many pixels a picture has per side that a network of e learns from.
func (e *Experiment) Side() int {
	if name := e.Learns(); name != "" {
		return task.Must(name).Side(e.CanvasSpec())
	}
	return e.Canvas.Grid * e.Data.Patch
}

// CanvasSpec is what e says of the canvas.
func (e *Experiment) CanvasSpec() task.Spec {
	return task.Spec{Grid: e.Canvas.Grid, Patch: e.Data.Patch, Fill: e.Canvas.Fill, Normalize: e.Data.Normalize, Correlation: e.Task.Correlation, Border: e.Canvas.Border}
}

// check returns what is wrong with the fields of an arm together, and the key
// that is most to blame.
func (a Arm) check() (key string, err error) {
	if name := a.Learns(); name != "" {
		if err := task.Must(name).Check(a.CanvasSpec()); err != nil {
			return "canvas.grid", err
		}
	}
	switch side := a.Side(); {
	case a.Task.Correlation > 0 && (a.Learns() == "" || !task.Must(a.Learns()).Homes):
		return "task.correlation", errors.New("task.correlation is of a class and a place: only classify has both")
	case a.Reads() && a.Readout.Batch > a.Readout.Crops:
		return "readout.batch", fmt.Errorf("batches of %d crops, but readout.crops is %d", a.Readout.Batch, a.Readout.Crops)
	case a.Reads() && a.Readout.Solver == ByRidge && a.Readout.Depth > 1:
		return "readout.depth", fmt.Errorf("a ridge read-out is a single convolution: readout.depth must be 1, not %d", a.Readout.Depth)
	case a.Inside() && !slices.Contains([]string{"location", "classify"}, a.Task.Kind):
		return "neurons.ask", fmt.Errorf("neurons are asked about networks that learn location or classify, not %s: neurons.ask must be %s", a.Task.Kind, AskNothing)
	case a.Net.Weights != "" && !a.Reads():
		return "net.weights", fmt.Errorf("weights from a file can be read out, not trained on: there are no readout.targets")
	case a.Data.Photos != "" && !a.Reads():
		return "data.photos", fmt.Errorf("this experiment reads nothing out of photographs: there are no readout.targets")
	case a.Net.Padding.Name == "none" && a.Net.Extent == "full":
		return "net.extent", fmt.Errorf("none pads nothing, so its extent cannot be full")
	case side > MaxCanvas:
		if name := a.Learns(); name != "" && !task.Must(name).Cells() {
			return "canvas.border", fmt.Errorf("a patch of %d pixels as far as %d from the edges makes a picture of %d pixels: at most %d", a.Data.Patch, a.Canvas.Border, side, MaxCanvas)
		}
		return "data.patch", fmt.Errorf("%d cells of %d pixels make a canvas of %d pixels: at most %d", a.Canvas.Grid, a.Data.Patch, side, MaxCanvas)
	}
	return "", nil
}
