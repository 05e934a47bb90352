// Package lab runs experiments. An Experiment is the typed, complete
// description of what is run; a Run is one being executed: it trains all arms
// side by side on a bounded crew of workers and publishes immutable Snapshots,
// which the screen draws, plain mode prints and a record keeps.
package lab

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"padlab/core/task"
)

// An Experiment is one table of typed fields (see Fields), from which the
// preset files, --set, the one-line form, validation and the help derive.
type Experiment struct {
	Title string `json:"title"` // what the screen shows
	About string `json:"about"` // two or three sentences for a newcomer
	Try   string `json:"try"`   // one sentence: what to change next
	Paper string `json:"paper"` // what the paper reports or claims, with its place

	Differs string `json:"differs,omitempty"` // what is not as in the paper

	Seed uint64 `json:"seed"`
	Vary []Vary `json:"vary"`

	Task struct {
		Kind string `json:"kind"`
	} `json:"task"`
	Data struct {
		Set       string `json:"set"`
		Patch     int    `json:"patch"`
		Normalize bool   `json:"normalize"`
	} `json:"data"`
	Canvas struct {
		Grid int    `json:"grid"`
		Fill string `json:"fill"`
	} `json:"canvas"`
	Net struct {
		Arch    string `json:"arch"`
		Weights string `json:"weights"`
		Padding string `json:"padding"`
		Extent  string `json:"extent"`
		Head    string `json:"head"`
		Bias    bool   `json:"bias"`
		Layers  Layers `json:"layers,omitempty"`
	} `json:"net"`
	Train struct {
		Optimizer string  `json:"optimizer"`
		LR        float64 `json:"lr"`
		Momentum  float64 `json:"momentum"`
		Decay     float64 `json:"decay"`
		Schedule  string  `json:"schedule"`
		Clip      float64 `json:"clip"`
		Batch     int     `json:"batch"`
		Steps     int     `json:"steps"`
		EvalEvery int     `json:"eval_every"`
	} `json:"train"`
	Eval struct {
		Images  int    `json:"images"`
		Padding string `json:"padding"`
	} `json:"eval"`

	// A read-out: what a frozen network has learned before, and the head.
	Backbone struct {
		Task  string `json:"task"`
		Steps int    `json:"steps"`
	} `json:"backbone"`
	Readout Readout `json:"readout"`

	Given   []Given  `json:"arms,omitempty"`
	Expect  []Expect `json:"expect"`
	Figures []Figure `json:"figures,omitempty"`
}

// A Readout says what is read out of a frozen network; without targets nothing
// is, and the network itself is what is compared.
type Readout struct {
	Targets     []string `json:"targets"`
	Taps        string   `json:"taps"`
	Size        int      `json:"size"`
	Crops       int      `json:"crops"`
	TestCrops   int      `json:"test_crops"`
	Kernel      int      `json:"kernel"`
	Depth       int      `json:"depth"`
	Padding     int      `json:"padding"`
	Width       int      `json:"width"`
	Norm        bool     `json:"norm"`
	Sigmoid     bool     `json:"sigmoid"`
	Standardise bool     `json:"standardise"`
	Signed      bool     `json:"signed"`
	Solver      string   `json:"solver"`
	LR          float64  `json:"lr"`
	Decay       float64  `json:"decay"`
	Epochs      int      `json:"epochs"`
	Batch       int      `json:"batch"`
}

// Given is an arm that is spelled out: a name and the fields that it sets, in
// order of their keys. What varies besides, varies in each of them.
type Given struct {
	Name string    `json:"name"`
	Set  []Setting `json:"set"`
}

// A Setting is a field in its text form.
type Setting struct{ Key, Value string }

// Reads reports whether anything is read out.
func (e *Experiment) Reads() bool { return len(e.Readout.Targets) > 0 }

// Compares reports whether arms differ in the field of that key.
func (e *Experiment) Compares(key string) bool {
	return slices.ContainsFunc(e.Vary, func(v Vary) bool { return v.Key == key }) ||
		slices.ContainsFunc(e.Given, func(g Given) bool { return g.sets(key) })
}

func (g Given) sets(key string) bool {
	return slices.ContainsFunc(g.Set, func(s Setting) bool { return s.Key == key })
}

// Layers says what single convolutions do otherwise than net.padding says, by
// their names.
type Layers map[string]Layer

// A Layer is one of them.
type Layer struct {
	Padding string `json:"padding"`
}

// Vary says that a field takes several values, each an arm. Several of them
// make every combination, the last one changing fastest.
type Vary struct {
	Key    string   `json:"key"`
	Values []string `json:"values"` // in the field's text form
}

// Default returns the experiment that a preset file starts from: location
// classification as in where-am-i, with one arm.
func Default() *Experiment {
	e := &Experiment{Seed: 1}
	e.Task.Kind = "location"
	e.Data.Set, e.Data.Patch = "fashion-mnist", 8
	e.Canvas.Grid, e.Canvas.Fill = 7, "black"
	e.Net.Arch, e.Net.Padding, e.Net.Extent, e.Net.Head, e.Net.Bias = "small", "zeros", "same", "stretched", true
	e.Train.Optimizer, e.Train.LR, e.Train.Momentum, e.Train.Schedule = "adam", 0.003, 0.9, "constant"
	e.Train.Batch, e.Train.Steps, e.Train.EvalEvery = 32, 600, 50
	e.Eval.Images = 100
	e.Backbone.Task, e.Backbone.Steps = "classify", 500
	e.Readout = Readout{
		Targets: []string{}, Taps: "all", Size: 96, Crops: 160, TestCrops: 48, Kernel: 3, Depth: 1, Width: 32, Norm: true, Sigmoid: true,
		Standardise: true, Signed: true, Solver: "sgd", LR: 0.1, Decay: 1e-4, Epochs: 12, Batch: 8,
	}
	return e
}

// Question says in words what the first score of the arms is.
func (e *Experiment) Question() string {
	if e.Reads() {
		return "how well a read-out can draw where each pixel is"
	}
	return "how often the network can say " + task.Must(e.Task.Kind).Question
}

// Clone returns a deep copy.
func (e *Experiment) Clone() *Experiment {
	c := *e
	c.Vary = make([]Vary, len(e.Vary))
	for i, v := range e.Vary {
		c.Vary[i] = Vary{v.Key, append([]string(nil), v.Values...)}
	}
	c.Expect = append([]Expect(nil), e.Expect...)
	c.Figures = append([]Figure(nil), e.Figures...)
	c.Net.Layers = maps.Clone(e.Net.Layers)
	c.Readout.Targets = append([]string{}, e.Readout.Targets...)
	c.Given = nil
	for _, g := range e.Given {
		c.Given = append(c.Given, Given{g.Name, append([]Setting(nil), g.Set...)})
	}
	return &c
}

// An Arm is one network of the comparison: the experiment with every varied
// field set.
type Arm struct {
	Name string
	*Experiment
}

// MaxArms is how many arms an experiment may have.
const MaxArms = 16

// Arms returns the combinations of all varied values in order, for every given
// arm if there are such. An arm is named by its values behind the name that it
// was given, or by its padding when nothing varies.
func (e *Experiment) Arms() []Arm {
	arms := []Arm{{"", e.Clone()}}
	if len(e.Given) > 0 {
		arms = nil
	}
	for _, g := range e.Given {
		c := e.Clone()
		for _, s := range g.Set {
			if err := c.Set(s.Key, s.Value); err != nil {
				panic("lab: a given arm that was not checked: " + err.Error())
			}
		}
		arms = append(arms, Arm{g.Name, c})
	}
	for _, v := range e.Vary {
		var next []Arm
		for _, a := range arms {
			for _, value := range v.Values {
				c := a.Clone()
				if err := c.Set(v.Key, value); err != nil {
					panic("lab: a varied value that was not checked: " + err.Error())
				}
				name := value
				if a.Name != "" {
					name = a.Name + ", " + value
				}
				next = append(next, Arm{name, c})
			}
		}
		arms = next
	}
	if len(e.Vary) == 0 && len(e.Given) == 0 {
		arms[0].Name = e.Net.Padding
	}
	for i := range arms {
		arms[i].Vary, arms[i].Given = nil, nil
	}
	return arms
}

// Set sets the field of that key to its text form: padding names in their
// canonical spelling, numbers in range. The error says what is allowed.
func (e *Experiment) Set(key, text string) error {
	f, err := fieldOf(key)
	if err != nil {
		return err
	}
	return f.set(e, text)
}

// SetAll does what --set key=value says: one value is set, for all arms but those
// that set it themselves; several, separated by commas, make arms and replace
// what that key varied before. A key that varies keeps varying over the one
// value, so that its arm keeps its name.
func (e *Experiment) SetAll(key, text string) error {
	f, err := fieldOf(key)
	if err != nil {
		return err
	}
	if len(e.Given) > 0 && !slices.ContainsFunc(e.Given, func(g Given) bool { return !g.sets(key) }) {
		return fmt.Errorf("the arms of this experiment set %s themselves", key)
	}
	values := []string{text}
	if !f.prose && !f.list {
		values = strings.Split(text, ",")
	}
	at := -1
	for i, v := range e.Vary {
		if v.Key == key {
			at = i
		}
	}
	if len(values) == 1 && at < 0 {
		return f.set(e, text)
	}
	v, err := newVary(key, values)
	if err != nil {
		return err
	}
	if at >= 0 {
		e.Vary[at] = v
	} else {
		e.Vary = append(e.Vary, v)
	}
	return nil
}

// newVary checks the values of a field and gives them their text form.
func newVary(key string, values []string) (Vary, error) {
	f, err := fieldOf(key)
	if err != nil {
		return Vary{}, err
	}
	if f.fixed {
		return Vary{}, fmt.Errorf("%s cannot vary between arms: they share it", key)
	}
	if len(values) == 0 {
		return Vary{}, fmt.Errorf("%s varies over no values", key)
	}
	v, scratch := Vary{Key: key}, Default()
	for _, text := range values {
		if err := f.set(scratch, strings.TrimSpace(text)); err != nil {
			return Vary{}, err
		}
		value := f.get(scratch)
		for _, before := range v.Values {
			if before == value {
				return Vary{}, fmt.Errorf("%s varies over %s twice", key, value)
			}
		}
		v.Values = append(v.Values, value)
	}
	return v, nil
}

// Changes returns what --set needs to turn base into e, as key=value: the
// one-line form of an experiment. The seed is not among them.
func (e *Experiment) Changes(base *Experiment) []string {
	var list []string
	varied := map[string]string{}
	for _, v := range base.Vary {
		varied[v.Key] = strings.Join(v.Values, ",")
	}
	covered := map[string]bool{}
	for _, v := range e.Vary {
		covered[v.Key] = true
		if text := strings.Join(v.Values, ","); text != varied[v.Key] {
			list = append(list, v.Key+"="+text)
		}
	}
	for _, f := range e.fields(base) {
		if text := f.get(e); f.Key != "seed" && !f.prose && !covered[f.Key] && text != f.get(base) {
			list = append(list, f.Key+"="+text)
		}
	}
	return list
}

// OneLine is the one-line form of e: what follows "padlab run" to run it,
// where name is what base is loaded by.
func (e *Experiment) OneLine(name string, base *Experiment) string {
	line := fmt.Sprintf("%s --seed %d", Quote(name), e.Seed)
	for _, c := range e.Changes(base) {
		line += " --set " + Quote(c)
	}
	return line
}

// Quote returns text as one word of a shell.
func Quote(text string) string {
	special := func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("-_.,:/=+@%", r)
	}
	if text != "" && !strings.ContainsFunc(text, special) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// check returns what is wrong with the fields together, and the key that is
// most to blame.
func (e *Experiment) check() (key string, err error) {
	arms := max(1, len(e.Given))
	for _, v := range e.Vary {
		if arms *= len(v.Values); arms > MaxArms {
			return "vary", fmt.Errorf("more than %d arms", MaxArms)
		}
	}
	for _, a := range e.Arms() {
		refuse := func(key, format string, args ...any) (string, error) {
			return key, fmt.Errorf("arm %s: %s", a.Name, fmt.Sprintf(format, args...))
		}
		switch side := a.Canvas.Grid * a.Data.Patch; {
		case a.learns() == "location" && a.Canvas.Grid < 2:
			return refuse("canvas.grid", "a canvas of one cell leaves nothing to locate: canvas.grid must be at least 2")
		case a.Reads() && a.Readout.Batch > a.Readout.Crops:
			return refuse("readout.batch", "batches of %d crops, but readout.crops is %d", a.Readout.Batch, a.Readout.Crops)
		case a.Reads() && a.Readout.Solver == "ridge" && a.Readout.Depth > 1:
			return refuse("readout.depth", "a ridge read-out is a single convolution: readout.depth must be 1, not %d", a.Readout.Depth)
		case a.Net.Weights != "" && !a.Reads():
			return refuse("net.weights", "weights from a file can be read out, not trained on: there are no readout.targets")
		case a.Net.Padding == "none" && a.Net.Extent == "full":
			return refuse("net.extent", "none pads nothing, so its extent cannot be full")
		case side > MaxCanvas:
			return refuse("data.patch", "%d cells of %d pixels make a canvas of %d pixels: at most %d", a.Canvas.Grid, a.Data.Patch, side, MaxCanvas)
		}
	}
	return "", nil
}

// learns is what the network of e learns, before it is frozen or for its own
// sake; empty: nothing.
func (e *Experiment) learns() string {
	switch {
	case !e.Reads():
		return e.Task.Kind
	case e.Net.Weights != "" || e.Net.Arch == raw || e.Backbone.Steps == 0:
		return ""
	}
	return e.Backbone.Task
}

// MarshalJSON writes the settings as an object.
func (g Given) MarshalJSON() ([]byte, error) {
	set := map[string]json.RawMessage{}
	for _, s := range g.Set {
		f, err := fieldOf(s.Key)
		if err != nil {
			return nil, err
		}
		if set[s.Key] = json.RawMessage(s.Value); !f.number {
			if set[s.Key], err = json.Marshal(s.Value); err != nil {
				return nil, err
			}
		}
	}
	return json.Marshal(struct {
		Name string                     `json:"name"`
		Set  map[string]json.RawMessage `json:"set"`
	}{g.Name, set})
}

// MaxCanvas is how many pixels a canvas may have per side.
const MaxCanvas = 512

// MarshalJSON writes numbers and truth values as such.
func (v Vary) MarshalJSON() ([]byte, error) {
	f, err := fieldOf(v.Key)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(v.Values))
	for i, text := range v.Values {
		if values[i] = text; f.number {
			values[i] = json.RawMessage(text)
		}
	}
	return json.Marshal(struct {
		Key    string `json:"key"`
		Values []any  `json:"values"`
	}{v.Key, values})
}
