package lab

import (
	"encoding/json"
	"time"

	"padlab/core/metric"
)

// A Status says how an arm or a run is doing.
type Status string

const (
	Running  Status = "running"
	Paused   Status = "paused"
	Done     Status = "done"
	Stopped  Status = "stopped"  // ended early, by a person
	Diverged Status = "diverged" // a loss or gradient was not finite
	Failed   Status = "failed"   // a fault of the program
)

// Ended reports whether nothing will change any more.
func (s Status) Ended() bool { return s != Running && s != Paused }

// A Snapshot is the state of a run between two steps. It is immutable: the
// run never writes again to anything that a Snapshot reaches.
type Snapshot struct {
	Version    uint64 // rises with every Snapshot of a run
	Experiment *Experiment
	Status     Status
	Arms       []ArmState
	Warnings   []string // what in the geometry would leak position without any padding; what did not converge

	Kernel, Slow string // the kernel in use, and why it is slow if it is
	Workers      int

	Elapsed          time.Duration // time at work, pauses left out
	Fraction         float64       // of all work, 0 … 1
	SamplesPerSecond float64       // training alone; 0 until there was some

	Failure string // of a Failed run: what happened
	Stack   string // of a Failed run: where
}

// An ArmState is one arm at that moment. Its scores, profiles and maps are
// those of the last evaluation, after EvalStep training steps.
type ArmState struct {
	Name   string
	Status Status
	Step   int    // training steps done
	Steps  int    // and to be done; of a read-out, those of the frozen network first
	Stage  string // of a read-out: Learning, Waiting, Reading
	Params int

	Example *Picture // what this arm is shown: a sample of its first batch

	Loss     []LossPoint // at most 512: whenever it is full, every second point goes
	EvalStep int         // −1 before the first evaluation
	Scores   []metric.Score
	Profiles []metric.Profile
	Maps     []metric.Map

	Penalties []metric.Number // of a ridge read-out: λ of every target, as parts of the mean eigenvalue

	SHA256   string        // of the weights, once the arm has ended; of a read-out, those of its head
	Backbone string        // of a read-out: those of the frozen network
	Problem  string        // of a Diverged arm: what, and at which step
	Busy     time.Duration // training and evaluation of this arm
	Trained  time.Duration // training alone
}

// The stages of an arm that reads out.
const (
	Learning = "learning" // the network that will be frozen
	Waiting  = "waiting"  // for the memory that the features of other arms take
	Reading  = "reading"  // the head
)

// Steps is how many training steps the longest arm has.
func (s *Snapshot) Steps() int {
	most := 0
	for _, a := range s.Arms {
		most = max(most, a.Steps)
	}
	return most
}

// Stage is that of the arms that are not yet through, the earliest; empty where
// nothing is read out.
func (s *Snapshot) Stage() string {
	stage := ""
	for _, a := range s.Arms {
		if !a.Status.Ended() && (stage == "" || a.Stage == Learning) {
			stage = a.Stage
		}
	}
	return stage
}

// A Picture is grey values, 0 black to 1 white, row by row.
type Picture struct {
	Rows, Cols int
	Values     []float32
}

// A LossPoint is the mean loss of the batch of one step, before that step.
type LossPoint struct {
	Step  int
	Value metric.Number
}

// MarshalJSON writes [step, value].
func (p LossPoint) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{p.Step, p.Value})
}

// A Result is a Snapshot as it is printed and kept. For the same experiment
// everything outside Provenance has the same bytes.
type Result struct {
	Schema       int           `json:"schema"`
	Experiment   *Experiment   `json:"experiment"`
	Warnings     []string      `json:"warnings"`
	Arms         []ArmResult   `json:"arms"`
	Expectations []Expectation `json:"expectations"`
	Comparisons  []Comparison  `json:"comparisons,omitempty"`
	Provenance   Provenance    `json:"provenance"`
}

// An ArmResult is an ArmState without the clock.
type ArmResult struct {
	Name      string           `json:"name"`
	Status    Status           `json:"status"`
	Problem   string           `json:"problem,omitempty"`
	Steps     int              `json:"steps"`
	Params    int              `json:"params"`
	SHA256    string           `json:"weights_sha256"`
	Backbone  string           `json:"backbone_sha256,omitempty"`
	Penalties []metric.Number  `json:"penalties,omitempty"`
	Loss      []LossPoint      `json:"loss"`
	EvalStep  int              `json:"evaluated_at"`
	Scores    []metric.Score   `json:"scores"`
	Profiles  []metric.Profile `json:"profiles"`
	Maps      []metric.Map     `json:"maps"`
}

// Provenance says where a result comes from and how long it took. Version and
// Go are the caller's to fill in.
type Provenance struct {
	Version string            `json:"version"`
	Go      string            `json:"go"`
	Arch    string            `json:"arch"`
	Kernel  string            `json:"kernel"`
	Workers int               `json:"workers"`
	Arms    map[string]Timing `json:"arms"`
}

// A Timing is how long an arm took.
type Timing struct {
	Seconds          float64 `json:"seconds"`
	SamplesPerSecond float64 `json:"samples_per_second"`
}

// Result returns the snapshot in the shape of the JSON output.
func (s *Snapshot) Result() Result {
	r := Result{
		Schema: 1, Experiment: s.Experiment, Warnings: s.Warnings,
		Arms:         []ArmResult{},
		Expectations: answer(s.Experiment, s.Arms),
		Comparisons:  s.Comparisons(),
		Provenance:   Provenance{Kernel: s.Kernel, Workers: s.Workers, Arms: map[string]Timing{}},
	}
	if r.Warnings == nil {
		r.Warnings = []string{}
	}
	batches := map[string]int{}
	for _, a := range s.Experiment.Arms() {
		batches[a.Name] = a.Train.Batch
	}
	for _, a := range s.Arms {
		r.Arms = append(r.Arms, a.Result())
		t := Timing{Seconds: a.Busy.Seconds()}
		if a.Trained > 0 {
			t.SamplesPerSecond = float64(a.Step*batches[a.Name]) / a.Trained.Seconds()
		}
		r.Provenance.Arms[a.Name] = t
	}
	return r
}

// Result returns the arm in the shape of the JSON output.
func (a ArmState) Result() ArmResult {
	r := ArmResult{a.Name, a.Status, a.Problem, a.Step, a.Params, a.SHA256, a.Backbone, a.Penalties, a.Loss, a.EvalStep, a.Scores, a.Profiles, a.Maps}
	if r.Loss == nil {
		r.Loss = []LossPoint{}
	}
	if r.Scores == nil {
		r.Scores, r.Profiles, r.Maps = []metric.Score{}, []metric.Profile{}, []metric.Map{}
	}
	return r
}
