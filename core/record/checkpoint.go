package record

import (
	"encoding/json"
	"fmt"
	"time"

	"padlab/core/metric"
)

// A Checkpoint is all from which a run goes on as if nothing had happened. The
// tensors lie in a file beside it.
type Checkpoint struct {
	Schema int `json:"schema"`

	// Events is how long events.jsonl was: what stands behind was found after
	// this checkpoint, and will be found again.
	Events int64 `json:"events"`

	Tensors string `json:"tensors"` // the name of their file
	SHA256  string `json:"sha256"`  // of that file

	Elapsed time.Duration       `json:"elapsed_ns"`
	Stages  map[string]Progress `json:"stages"` // by name; one that several arms share stands here once
	Arms    []Clock             `json:"arms"`
	Result  Result              `json:"result"` // what there is to be seen
}

// A Progress is how far a stage of an arm has come, besides its tensors.
type Progress struct {
	Step     int              `json:"step"`
	Status   Status           `json:"status"`
	Problem  string           `json:"problem,omitempty"`
	Loss     []LossPoint      `json:"loss"`
	Stride   int              `json:"stride"`          // steps between points of the loss
	EvalStep int              `json:"evaluated_at"`    // −1: nothing was evaluated
	Shown    int              `json:"shown,omitempty"` // images, in the examination under way,
	Views    int              `json:"views,omitempty"` // and views of those that come next
	Scores   []metric.Score   `json:"scores"`
	Profiles []metric.Profile `json:"profiles"`
	Maps     []metric.Map     `json:"maps"`
	Course   metric.Course    `json:"course"`

	Penalties []metric.Number `json:"penalties,omitempty"`
}

// A Clock is how long an arm was worked on.
type Clock struct {
	Busy      time.Duration `json:"busy_ns"`
	TrainTime time.Duration `json:"train_ns"`
	Samples   int           `json:"samples"` // trained on
}

// readCheckpoint reads checkpoint.json.
func readCheckpoint(name string, data []byte) (*Checkpoint, error) {
	c := &Checkpoint{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := checkSchema(name, c.Schema); err != nil {
		return nil, err
	}
	if c.Result.Experiment == nil || c.Events < 0 {
		return nil, fmt.Errorf("%s: it is no whole checkpoint", name)
	}
	return c, nil
}
