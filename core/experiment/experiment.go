// Package experiment is the typed, complete description of what is run: one
// table of fields from which preset files, --set, forms, the one-line form,
// validation and the help derive; the arms that an experiment compares; what it
// expects of them, and what others have found. It links no engine, so that
// whoever edits, keeps or prints an experiment does not need to be able to run
// it.
package experiment

import (
	"maps"
	"path"
	"slices"
	"strings"

	"padlab/core/arch/catalog"
	"padlab/core/pad"
	"padlab/core/position"
	"padlab/core/task"
)

// An Experiment is what the fields of the table (see Fields) say, the arms, the
// expectations and the references. Every value has its own type: what is wrong
// with one is said when it is set.
type Experiment struct {
	Title string `json:"title"` // what the screen shows
	About string `json:"about"` // two or three sentences for a newcomer
	Try   string `json:"try"`   // one sentence: what to change next, by keys of the screen
	Flags string `json:"flags"` // the same by flags of the command line
	Full  string `json:"full,omitempty"`
	Paper string `json:"paper"` // what the paper reports or claims, with its place

	Differs string `json:"differs,omitempty"` // what is not as in the paper

	Seed  uint64 `json:"seed"`
	Seeds int    `json:"seeds"` // of every arm, from Seed on
	Vary  []Vary `json:"vary"`

	Task struct {
		Kind        string  `json:"kind"`                  // a row of task's table
		Correlation float64 `json:"correlation,omitempty"` // of class and place in training
	} `json:"task"`
	Data struct {
		Set       string `json:"set"`
		Patch     int    `json:"patch"`
		Normalize bool   `json:"normalize"`
		Photos    string `json:"photos,omitempty"` // a folder; empty: the photographs that ship
	} `json:"data"`
	Canvas struct {
		Grid   int       `json:"grid"`
		Fill   task.Fill `json:"fill"`
		Border int       `json:"border,omitempty"` // pixels around the quadrants
	} `json:"canvas"`
	Net struct {
		Arch     string         `json:"arch"`    // an entry of arch's catalog
		Weights  string         `json:"weights"` // a file; empty: there is none
		Padding  pad.Scheme     `json:"padding"`
		Extent   pad.Extent     `json:"extent"`
		Pools    catalog.Pools  `json:"pools"`
		Head     catalog.Head   `json:"head"`
		Global   catalog.Global `json:"global"`
		HeadBias bool           `json:"head_bias"`
		Bias     bool           `json:"bias"`
		Layers   Layers         `json:"layers,omitempty"`
	} `json:"net"`
	Train Train `json:"train"`
	Eval  struct {
		Images  int        `json:"images"`
		Padding pad.Scheme `json:"padding"` // none: the network's own
	} `json:"eval"`

	// A read-out: what a frozen network has learned before, and the head.
	Backbone struct {
		Task  string `json:"task"`
		Steps int    `json:"steps"`
	} `json:"backbone"`
	Readout Readout `json:"readout"`

	Neurons Neurons `json:"neurons,omitzero"`

	Arms       []Arm         `json:"arms,omitempty"` // that are spelled out
	Expect     []Expectation `json:"expect"`
	References []Reference   `json:"figures,omitempty"` // the name that schema 1 has for them

	// pinned are the keys that were set together with net.weights or after it:
	// what a file of weights brings along does not replace those.
	pinned map[string]bool
}

// Train says how a network learns.
type Train struct {
	Optimizer Optimizer `json:"optimizer"`
	LR        float64   `json:"lr"`
	Momentum  float64   `json:"momentum"`
	Decay     float64   `json:"decay"`
	Schedule  Schedule  `json:"schedule"`
	Clip      float64   `json:"clip"`
	Batch     int       `json:"batch"`
	Steps     int       `json:"steps"`
	EvalEvery int       `json:"eval_every"`
}

// An Optimizer is how weights follow their gradient.
type Optimizer string

const (
	Adam     Optimizer = "adam"
	AdamW    Optimizer = "adamw"
	SGD      Optimizer = "sgd"
	Nesterov Optimizer = "nesterov"
	Adadelta Optimizer = "adadelta"
)

// A Schedule is how the learning rate follows the steps.
type Schedule string

const (
	Constant Schedule = "constant"
	Cosine   Schedule = "cosine"
	OneCycle Schedule = "one-cycle"
)

// A Solver is how a read-out is fitted.
type Solver string

const (
	BySGD   Solver = "sgd"
	ByAdam  Solver = "adam"
	ByRidge Solver = "ridge" // in closed form
)

// A Readout says what is read out of a frozen network; without targets nothing
// is, and the network itself is what is compared.
type Readout struct {
	Targets     []position.Target `json:"targets"`
	Taps        string            `json:"taps"`
	Size        int               `json:"size"`
	Crops       int               `json:"crops"`
	TestCrops   int               `json:"test_crops"`
	Kernel      int               `json:"kernel"`
	Depth       int               `json:"depth"`
	Padding     int               `json:"padding"`
	Width       int               `json:"width"`
	Norm        bool              `json:"norm"`
	Sigmoid     bool              `json:"sigmoid"`
	Standardise bool              `json:"standardise"`
	Signed      bool              `json:"signed"`
	Solver      Solver            `json:"solver"`
	LR          float64           `json:"lr"`
	Decay       float64           `json:"decay"`
	Epochs      int               `json:"epochs"`
	Batch       int               `json:"batch"`
}

// Neurons says what is asked of the neurons behind global pooling of a network that
// has learned where patches are, or what they show.
type Neurons struct {
	Ask Ask `json:"ask"`
}

// IsZero reports whether nothing is asked: then files do not mention it.
func (n Neurons) IsZero() bool { return n.Ask == AskNothing }

// An Ask is a question to neurons.
type Ask string

const (
	AskNothing    Ask = "nothing"
	AskDimensions Ask = "dimensions" // how many of them are about the place, and about the class
	AskAblation   Ask = "ablation"   // and what is lost without those that know left from right
)

// Layers says what single convolutions do otherwise than net.padding says, by
// their names.
type Layers map[string]Layer

// A Layer is one of them.
type Layer struct {
	Padding pad.Scheme `json:"padding"`
}

const (
	MaxArms   = 16  // of an experiment
	MaxSeeds  = 100 // of an arm
	MaxCanvas = 512 // pixels per side of a canvas
)

// Raw is the network that passes pictures on as they are: it has nothing to
// learn, and no file holds weights of it.
const Raw = "raw"

// Default returns the experiment that a preset file starts from: location
// classification as in where-am-i, with one arm.
func Default() *Experiment {
	e := &Experiment{Seed: 1, Seeds: 1, Vary: []Vary{}}
	e.Task.Kind = "location"
	e.Data.Set, e.Data.Patch = "fashion-mnist", 8
	e.Canvas.Grid, e.Canvas.Fill = 7, "black"
	e.Net.Arch, e.Net.Padding, e.Net.Extent, e.Net.Pools, e.Net.Head, e.Net.Bias = "small", pad.Must("zeros"), pad.Same, catalog.OwnPools, catalog.Stretched, true
	e.Net.Global, e.Net.HeadBias = catalog.Average, true
	e.Train = Train{Optimizer: Adam, LR: 0.003, Momentum: 0.9, Schedule: Constant, Batch: 32, Steps: 600, EvalEvery: 50}
	e.Eval.Images = 100
	e.Neurons.Ask = AskNothing
	e.Backbone.Task, e.Backbone.Steps = "classify", 500
	e.Readout = Readout{
		Targets: []position.Target{}, Taps: "all", Size: 96, Crops: 160, TestCrops: 48, Kernel: 3, Depth: 1, Width: 32, Norm: true, Sigmoid: true,
		Standardise: true, Signed: true, Solver: BySGD, LR: 0.1, Decay: 1e-4, Epochs: 12, Batch: 8,
	}
	return e
}

// Reads reports whether anything is read out.
func (e *Experiment) Reads() bool { return len(e.Readout.Targets) > 0 }

// Inside reports whether neurons are asked.
func (e *Experiment) Inside() bool { return e.Neurons.Ask != AskNothing && !e.Reads() }

// IsGraph reports whether a network is named by the ONNX file that it is in.
func IsGraph(network string) bool { return strings.EqualFold(path.Ext(network), ".onnx") }

// parseNetwork takes the name of a network, or of such a file.
func parseNetwork(text string) (string, error) {
	if IsGraph(text) {
		return text, checkText("the path of the network", text)
	}
	_, err := catalog.Find(text)
	return text, err
}

// Learns is the task that the network of e learns, before it is frozen or for
// its own sake; empty: it learns nothing.
func (e *Experiment) Learns() string {
	switch {
	case !e.Reads():
		return e.Task.Kind
	case e.Net.Weights != "" || e.Net.Arch == Raw || IsGraph(e.Net.Arch) || e.Backbone.Steps == 0:
		return ""
	}
	return e.Backbone.Task
}

// Question says in words what is asked of the arms.
func (e *Experiment) Question() string {
	if e.Reads() {
		return "how well a read-out can draw where each pixel is"
	}
	return task.Must(e.Task.Kind).Question
}

// PerPixel reports whether what is learned is an answer for every pixel.
func (e *Experiment) PerPixel() bool { return !e.Reads() && task.Must(e.Task.Kind).PerPixel }

// Examinations are the ways in which test pictures are made, where there are several.
func (e *Experiment) Examinations() []task.Examination {
	if e.Reads() {
		return nil
	}
	return task.Must(e.Task.Kind).Examinations
}

// images are what scores of a task call their test pictures.
func (e *Experiment) images() []string {
	var list []string
	for _, x := range e.Examinations() {
		list = append(list, x.Images)
	}
	if list == nil {
		return []string{task.TestImages}
	}
	return list
}

// Clone returns a deep copy.
func (e *Experiment) Clone() *Experiment {
	c := *e
	c.Vary = make([]Vary, len(e.Vary))
	for i, v := range e.Vary {
		c.Vary[i] = Vary{v.Key, slices.Clone(v.Values)}
	}
	c.Arms = nil
	for _, a := range e.Arms {
		c.Arms = append(c.Arms, Arm{Name: a.Name, Settings: slices.Clone(a.Settings)})
	}
	c.Expect = append([]Expectation(nil), e.Expect...)
	c.References = append([]Reference(nil), e.References...)
	c.Net.Layers = maps.Clone(e.Net.Layers)
	c.Readout.Targets = append([]position.Target{}, e.Readout.Targets...)
	c.pinned = maps.Clone(e.pinned)
	return &c
}
