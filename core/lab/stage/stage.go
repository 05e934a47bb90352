// Package stage has the legs of which an arm of a run consists: a network
// learns, a frozen network is read out. A stage does its work in small pieces
// and says how far it is, what it has found, and what must be kept so that it
// can go on after it was killed; the run asks stages, and never what kind of
// arm it has before it. A network that several arms share is a stage of each.
//
// A stage belongs to the goroutine of its run.
package stage

import (
	"io"

	"padlab/core/arch"
	"padlab/core/images"
	"padlab/core/metric"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
	"padlab/core/record"
)

// A Stage is one leg of an arm.
type Stage interface {
	// Name is what checkpoints know it by, unique in a run.
	Name() string

	// Ready reports whether Advance can be called: the stage has all the memory
	// that it needs, which it takes from the budget.
	Ready(b *Budget) bool

	// Advance does one piece of work.
	Advance(crew *kernel.Crew) Event

	// Status is Running until the stage is Done or has Diverged.
	Status() record.Status

	// Work is how much has been done and will have been, in units that are the
	// same for all pieces of work of one stage.
	Work() (done, all float64)

	// Report adds what is to be seen of the stage to what earlier stages of the
	// arm have reported.
	Report(r *Report)

	// Spec is the network that is looked into, and Net one that has its weights
	// so far. Spec never changes and may be asked for by any goroutine.
	Spec() arch.Spec
	Net() *nn.Net

	// Glass is the network that is looked into as it is now, for others to look.
	Glass() *Glass

	// Files are the weights that a record keeps.
	Files() []File

	// State is all from which Restore goes on as if nothing had happened: the
	// progress, and tensors whose names begin with that of the stage.
	State() (record.Progress, []safetensors.Tensor)
	Restore(p record.Progress, f *safetensors.File) error

	// Release is called once for each arm of the stage, when that has ended.
	Release(b *Budget)
}

// An Event says what a piece of work has brought.
type Event struct {
	Samples   int  // that were trained on
	Evaluated bool // an evaluation was finished
}

// A File is weights to be kept: "weights" of a network, "readout" of a head.
type File struct {
	Kind  string
	Write func(io.Writer) error
}

// A Report is what is to be seen of an arm.
type Report struct {
	Stage string // of an arm that reads out: Learning, Waiting, Reading
	Step  int    // training steps done, in all stages
	Steps int    // and to be done

	Examining bool // an examination is under way

	Params   int
	Example  *images.Picture // what this arm is shown
	Loss     []record.LossPoint
	EvalStep int // steps done before the last evaluation; −1: there was none
	Scores   []metric.Score
	Profiles []metric.Profile
	Maps     []metric.Map
	Course   metric.Course // of the score that counts

	Penalties []metric.Number // of a ridge read-out
	Problem   string          // of what diverged: what, and at which step
	Warnings  []string        // what did not converge

	// Ended asks for the checksums of weights, which take a while.
	Ended            bool
	SHA256, Backbone string
}

// The stages of an arm that reads out.
const (
	Learning = "learning" // the network that will be frozen
	Waiting  = "waiting"  // for the memory that the features of others take
	Reading  = "reading"  // the head
)
