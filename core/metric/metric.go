// Package metric is what results are made of: scores, border profiles and maps
// of some metric, and the table of all metrics with their ranges and units. It
// is a leaf: tasks and read-outs fill these values in, records keep them, and
// screens draw them, so nothing that computes or draws belongs here.
package metric

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"padlab/core/names"
)

// What neurons hold, as targets of keys: where a picture is, what it shows, and
// neither; and what the network's own head says.
const (
	Location = "location"
	Class    = "class"
	Residual = "residual"
	Head     = "head"
)

// A Metric is a row of the table.
type Metric struct {
	Name  string // in files and outputs: "accuracy"
	Label string // for a person: "accuracy"
	About string // one line: what it says

	// Low and High are the range that it can take, either of which may be
	// infinite; charts take their axes from it.
	Low, High float64

	Unit   string // "" for shares and correlations
	Better int    // 1: more is better, −1: less is, 0: neither
}

// The metrics, by what measures them: tasks, then read-outs.
const (
	Accuracy       = "accuracy"
	BeyondGuessing = "beyond-guessing"
	Information    = "information"
	StepsToHalf    = "steps-to-half"
	BorderInterior = "border-interior"
	BorderCentre   = "border-centre"
	SameAnswer     = "same-answer"
	SameLogits     = "same-logits"
	MIoU           = "miou"
	PixelAccuracy  = "pixel-accuracy"

	SPC   = "spc"
	MAE   = "mae"
	Skill = "skill"

	// Of what neurons behind global pooling hold; see core/probe.
	FactorScore    = "factor-score"
	Dimensions     = "dimensions"
	DimensionShare = "dimension-share"
	WithoutTop     = "without-top"
	WithoutRandom  = "without-random"
	AblationGap    = "ablation-gap"
	FlipDifference = "flip-difference"
	Channel        = "channel"

	// Maps that are no scores: what a read-out should draw, what it draws, and
	// the absolute error between them.
	Target     = "target"
	Prediction = "prediction"
	Error      = "error"
)

var table = []Metric{
	{Accuracy, "accuracy", "share of answers that are right", 0, 1, "", 1},
	{BeyondGuessing, "accuracy beyond guessing", "share of answers k where k is right less that where it is not, mean over all k (informedness): 0 for a constant answer, 1 is perfect", -1, 1, "", 1},
	{Information, "position information", "mutual information of cell and answer: how far the answers tell cells apart, right or wrong", 0, math.Inf(1), "bits", 1},
	{StepsToHalf, "steps until half", "training steps until accuracy beyond guessing is half of its ceiling, of 1 where that is not known", 0, math.Inf(1), "steps", -1},
	{BorderInterior, "border − interior", "accuracy over the cells at the border less that over all others, image by image", -1, 1, "", 0},
	{BorderCentre, "border − centre", "accuracy over the cells at the border less that over the innermost ring, image by image", -1, 1, "", 0},
	{SameAnswer, "same answer", "share of images that get one answer in all cells", 0, 1, "", 0},
	{SameLogits, "same logits", "share of images of which a network makes the same numbers, bit for bit, wherever they stand", 0, 1, "", 0},
	{MIoU, "mIoU", "mean intersection over union", 0, 1, "", 1},
	{PixelAccuracy, "pixel accuracy", "share of all pixels, the background among them, that are right", 0, 1, "", 1},
	{SPC, "rank correlation", "Spearman's rank correlation of prediction and target", -1, 1, "", 1},
	{MAE, "mean absolute error", "mean absolute difference of prediction and target", 0, math.Inf(1), "", -1},
	{Skill, "skill", "1 − MAE / MAE of the best constant: 1 is perfect, 0 no better than a constant", math.Inf(-1), 1, "", 1},
	{FactorScore, "factor score", "covariance of the pooled features of two pictures that share a factor, over their variance, summed over neurons: 0 where the factor leaves no trace", math.Inf(-1), 1, "", 0},
	{Dimensions, "dimensions", "pooled features that are a factor's by the softmax of the factor scores, rounded down; the rest is the residual", 0, math.Inf(1), "neurons", 0},
	{DimensionShare, "share of the dimensions", "softmax of the factor scores: .155 to .422 for a factor whose scores are from 0 to 1; to compare, not to read by itself", 0, 1, "", 0},
	{WithoutTop, "accuracy without the top neurons", "accuracy when the pooled features that change most in a mirror are set to 0", 0, 1, "", 0},
	{WithoutRandom, "accuracy without random neurons", "accuracy when as many pooled features drawn at random are set to 0", 0, 1, "", 0},
	{AblationGap, "random − top", "accuracy without random neurons less that without the top ones, mean over how many are left out, image by image", -1, 1, "", 0},
	{FlipDifference, "flip difference", "mean absolute change of a pooled feature when the picture is mirrored", 0, math.Inf(1), "", 0},
	{Channel, "channel", "the number of a pooled feature in its network", 0, math.Inf(1), "", 0},
	{Target, "target", "what a read-out should draw", 0, 1, "", 0},
	{Prediction, "prediction", "what a read-out draws", 0, 1, "", 0},
	{Error, "error", "absolute difference of prediction and target", 0, math.Inf(1), "", -1},
}

// All returns the table.
func All() []Metric { return append([]Metric(nil), table...) }

// Of returns the row of a metric. It panics at a name that is not in the table:
// what measures something has its row.
func Of(name string) Metric {
	for _, m := range table {
		if m.Name == name {
			return m
		}
	}
	panic("metric: no metric " + name)
}

// Scores returns the names of all metrics that a score can be of.
func Scores() []string {
	var list []string
	for _, m := range table {
		if !slices.Contains([]string{WithoutTop, WithoutRandom, FlipDifference, Channel, Target, Prediction, Error}, m.Name) {
			list = append(list, m.Name)
		}
	}
	return list
}

// Parse returns the name of a metric that a score can be of. The error names
// the nearest one.
func Parse(name string) (string, error) {
	for _, known := range Scores() {
		if name == known {
			return name, nil
		}
	}
	return "", names.Unknown("metric", name, Scores())
}

// A Number is a float64 that JSON writes as null when it is not finite; null is
// read as NaN.
type Number float64

// NaN is the number of what is not known.
var NaN = Number(math.NaN())

// Finite reports whether the number is neither NaN nor infinite.
func (n Number) Finite() bool { return n-n == 0 }

func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Finite() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', -1, 64), nil
}

func (n *Number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = NaN
		return nil
	}
	var f float64
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	*n = Number(f)
	return nil
}

// A Key says what is measured: a metric of a target, over pictures of a kind.
type Key struct {
	Metric string `json:"metric"`
	Target string `json:"target,omitempty"` // what is read out; empty for a task
	Images string `json:"images"`           // "test", or the kind of pictures that a read-out is tested on
}

// A Score is a mean over all places and images.
type Score struct {
	Key
	Value Number `json:"value"`
	Low   Number `json:"low"` // 95 % interval; NaN under two units
	High  Number `json:"high"`
	Interval
	N        int     `json:"n"`                  // placements (images × cells), or predictions of a read-out
	Chance   Number  `json:"chance"`             // the score of guessing; of a read-out, that of the best constant
	Ceiling  *Number `json:"ceiling,omitempty"`  // what no training exceeds; nil: not known
	Constant int     `json:"constant,omitempty"` // predictions without any variation, which correlate with nothing
}

// An Interval says what Low and High beside it are from: so many units that do
// not depend on each other. Over images or photographs it is about this network;
// over seeds it is about networks of this kind, and with two of them the range.
type Interval struct {
	Over  string `json:"over"`
	Units int    `json:"units"`
}

// What intervals are over.
const (
	Images      = "images"
	Photographs = "photographs"
	Seeds       = "seeds"
	Draws       = "draws" // of neurons at random
)

// A Point is the score of one ring of a profile.
type Point struct {
	Distance int    `json:"distance"`
	N        int    `json:"n"` // placements: images × cells of the ring
	Value    Number `json:"value"`
	Low      Number `json:"low"`
	High     Number `json:"high"`
	Interval
	Chance  Number  `json:"chance"`
	Ceiling *Number `json:"ceiling,omitempty"`
}

// A Profile is a score against the distance to the border, ring by ring from
// the border inward; or, in the unit Neurons, against how many were left out.
type Profile struct {
	Key
	Unit  string  `json:"unit"` // of the distance
	Rings []Point `json:"rings"`

	// AlikeFrom is the distance from which on the network cannot tell any two
	// places apart, whatever it learns; nil where there is none, or it is not
	// known.
	AlikeFrom *int `json:"alike_from,omitempty"`
}

// Neurons is the unit of a profile that is no border profile.
const Neurons = "neurons"

// A Map is the mean score of every place, row by row; or of neurons, one after the
// other.
type Map struct {
	Key
	Rows   int      `json:"rows"`
	Cols   int      `json:"cols"`
	Values []Number `json:"values"`
}

func (k Key) String() string {
	text := k.Metric
	if k.Target != "" {
		text += " of " + k.Target
	}
	if k.Images != "" {
		text += " on " + k.Images
	}
	return text
}

// matches reports whether k is what is asked for, where an empty word of the
// question stands for any.
func (k Key) matches(asked Key) bool {
	return (asked.Metric == "" || asked.Metric == k.Metric) &&
		(asked.Target == "" || asked.Target == k.Target) &&
		(asked.Images == "" || asked.Images == k.Images)
}

func (k Key) key() Key { return k }

// Find returns the first of a list of scores, profiles or maps that is what is
// asked for; empty words of the question stand for any.
func Find[T interface{ key() Key }](list []T, asked Key) (found T, ok bool) {
	for _, one := range list {
		if one.key().matches(asked) {
			return one, true
		}
	}
	return found, false
}

// Check returns an error when a map does not have as many values as it says.
func (m Map) Check() error {
	if m.Rows < 0 || m.Cols < 0 || m.Rows*m.Cols != len(m.Values) {
		return fmt.Errorf("a map of %d×%d has %d values", m.Rows, m.Cols, len(m.Values))
	}
	return nil
}

// A Course is how a score has gone from evaluation to evaluation.
type Course struct {
	Metric string      `json:"metric"`
	Points []StepValue `json:"points"`
}

// A StepValue is a value at a training step: in JSON [step, value].
type StepValue struct {
	Step  int
	Value Number
}

// MarshalJSON writes [step, value].
func (p StepValue) MarshalJSON() ([]byte, error) { return json.Marshal([]any{p.Step, p.Value}) }

func (p *StepValue) UnmarshalJSON(data []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return fmt.Errorf("a value at a step has %d numbers, not 2", len(pair))
	}
	if err := json.Unmarshal(pair[0], &p.Step); err != nil {
		return err
	}
	return json.Unmarshal(pair[1], &p.Value)
}
