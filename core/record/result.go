// Package record is what is kept of a run, written and read back: its result,
// its events, the checkpoints from which it can go on after it was killed, and
// the folder that holds them. It links no engine: whoever lists, shows or
// compares runs does not need to be able to run them.
package record

import (
	"encoding/json"
	"errors"
	"fmt"

	"padlab/core/experiment"
	"padlab/core/metric"
)

// Schema is that of everything that this release writes. What has a higher one
// was written by a later release, and is not read.
const Schema = 1

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

// A LossPoint is the mean loss of the batch of one step, before that step.
type LossPoint = metric.StepValue

// A Result is what was found, as it is printed and kept. For the same
// experiment everything outside Provenance has the same bytes.
type Result struct {
	Schema       int                     `json:"schema"`
	Experiment   *experiment.Experiment  `json:"experiment"`
	Warnings     []string                `json:"warnings"`
	Arms         []Arm                   `json:"arms"`
	Expectations []experiment.Verdict    `json:"expectations"`
	Comparisons  []experiment.Comparison `json:"comparisons,omitempty"`
	Provenance   Provenance              `json:"provenance"`
}

// An Arm is what was found of one arm.
type Arm struct {
	Name      string           `json:"name"`
	Status    Status           `json:"status"`
	Problem   string           `json:"problem,omitempty"` // of a Diverged arm: what, and at which step
	Steps     int              `json:"steps"`             // done
	Params    int              `json:"params"`
	SHA256    string           `json:"weights_sha256"`            // once the arm has ended; of a read-out, of its head
	Backbone  string           `json:"backbone_sha256,omitempty"` // of a read-out: of the frozen network
	Penalties []metric.Number  `json:"penalties,omitempty"`       // of a ridge read-out: λ of every target, as parts of the mean eigenvalue
	Loss      []LossPoint      `json:"loss"`
	EvalStep  int              `json:"evaluated_at"` // steps done before the last evaluation; −1: there was none
	Scores    []metric.Score   `json:"scores"`
	Profiles  []metric.Profile `json:"profiles"`
	Maps      []metric.Map     `json:"maps"`
	Course    metric.Course    `json:"course"`

	Seeds []Seed `json:"seeds,omitempty"` // where there are several: each by itself, and above their mean
}

// A Seed is what was found of an arm from one of several seeds.
type Seed struct {
	Seed      uint64           `json:"seed"`
	Status    Status           `json:"status"`
	Problem   string           `json:"problem,omitempty"`
	Steps     int              `json:"steps"`
	SHA256    string           `json:"weights_sha256"`
	Backbone  string           `json:"backbone_sha256,omitempty"`
	Penalties []metric.Number  `json:"penalties,omitempty"`
	EvalStep  int              `json:"evaluated_at"`
	Scores    []metric.Score   `json:"scores"`
	Profiles  []metric.Profile `json:"profiles"`
}

// Provenance says where a result comes from and how long it took.
type Provenance struct {
	Version string            `json:"version"`
	Go      string            `json:"go"`
	Arch    string            `json:"arch"`
	Kernel  string            `json:"kernel"`
	Workers int               `json:"workers"`
	Name    string            `json:"name,omitempty"`    // what the experiment was loaded by
	Command string            `json:"command,omitempty"` // what runs it again, in a shell
	Inputs  []Input           `json:"inputs,omitempty"`
	Arms    map[string]Timing `json:"arms,omitempty"`
}

// An Input is something outside the experiment that the result depends on.
type Input struct {
	Kind   string `json:"kind"` // "set", "weights", "photographs"
	Name   string `json:"name"` // of a set; a path; empty: what ships
	SHA256 string `json:"sha256"`
}

// A Timing is how long an arm took.
type Timing struct {
	Seconds          float64 `json:"seconds"`
	SamplesPerSecond float64 `json:"samples_per_second"`
}

// Document returns a result as the file that keeps it and --format json prints.
func (r Result) Document() []byte {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		panic("record: " + err.Error())
	}
	return append(data, '\n')
}

// Findings are what expectations and references are held against.
func (r Result) Findings() []experiment.Finding {
	list := make([]experiment.Finding, len(r.Arms))
	for i, a := range r.Arms {
		list[i] = experiment.Finding{Arm: a.Name, Done: a.Status == Done, Scores: a.Scores, Profiles: a.Profiles}
	}
	return list
}

// errLater is why what has a later schema is not read.
var errLater = errors.New("a later release wrote it")

// checkSchema refuses what a later release wrote.
func checkSchema(name string, schema int) error {
	switch {
	case schema > Schema:
		return fmt.Errorf("%s: its schema is %d, and this padlab reads up to %d: %w", name, schema, Schema, errLater)
	case schema < 1:
		return fmt.Errorf("%s: it has no schema, so it is none of padlab's", name)
	}
	return nil
}

// ReadResult reads a document.
func ReadResult(name string, data []byte) (*Result, error) {
	var head struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := checkSchema(name, head.Schema); err != nil {
		return nil, err
	}
	r := &Result{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.Experiment == nil {
		return nil, fmt.Errorf("%s: it holds no experiment", name)
	}
	for _, a := range r.Arms {
		for _, m := range a.Maps {
			if err := m.Check(); err != nil {
				return nil, fmt.Errorf("%s: arm %s: %w", name, a.Name, err)
			}
		}
	}
	return r, nil
}
