package lab

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/border"
	"padlab/core/names"
	"padlab/core/task"
)

// An Expect is what an experiment promises to show; run --expect checks it.
//
//	[[expect]]
//	arm = "circular"
//	what = "accuracy"
//	is = "exactly chance"     # or: chance | exactly 1 | above 0.5 | below 0.2 | surely below -0.02
//	ring = 2                  # of one ring; left out: over all cells
//
// "chance" holds when the 95 % interval contains chance, "exactly chance" when
// the value is chance up to rounding, "surely below" when the whole interval
// lies below.
type Expect struct {
	Arm  string `json:"arm"`
	What string `json:"what"`
	Is   string `json:"is"`
	Ring *int   `json:"ring,omitempty"`
}

// metrics are what can be expected of something.
var metrics = []string{task.Accuracy, task.BorderInterior, task.BorderCentre, task.SameAnswer, task.MIoU, task.PixelAccuracy}

// An Expectation is an Expect with its answer.
type Expectation struct {
	Text string `json:"text"`
	Held bool   `json:"held"`
}

func (x Expect) String() string {
	where := ""
	if x.Ring != nil {
		where = fmt.Sprintf(" in ring %d", *x.Ring)
	}
	return fmt.Sprintf("%s: %s%s is %s", x.Arm, x.What, where, x.Is)
}

// check returns an error unless the arm exists and Is can be read.
func (x Expect) check(e *Experiment) error {
	var arms []string
	for _, a := range e.Arms() {
		if arms = append(arms, a.Name); a.Name == x.Arm && x.Ring != nil && *x.Ring >= border.Rings(a.Canvas.Grid) {
			return fmt.Errorf("expect: a %d×%d grid has no ring %d", a.Canvas.Grid, a.Canvas.Grid, *x.Ring)
		}
	}
	if !slices.Contains(arms, x.Arm) {
		return fmt.Errorf("expect: %w", names.Unknown("arm", x.Arm, arms))
	}
	if !slices.Contains(metrics, x.What) {
		return fmt.Errorf("expect: %w", names.Unknown("metric", x.What, metrics))
	}
	_, err := x.test()
	return err
}

// test returns the question as a function of the answer.
func (x Expect) test() (func(value, low, high, chance border.Number) bool, error) {
	word, number, _ := strings.Cut(x.Is, " ")
	if rest, sure := strings.CutPrefix(x.Is, "surely "); sure {
		word, number, _ = strings.Cut(rest, " ")
		word = "surely " + word
	}
	parsed, err := strconv.ParseFloat(number, 64)
	bound := border.Number(parsed)
	switch {
	case x.Is == "chance":
		return func(_, low, high, chance border.Number) bool { return low <= chance && chance <= high }, nil
	case x.Is == "exactly chance":
		return func(value, _, _, chance border.Number) bool { return math.Abs(float64(value-chance)) < 1e-12 }, nil
	case word == "exactly" && err == nil:
		return func(value, _, _, _ border.Number) bool { return value == bound }, nil
	case word == "surely above" && err == nil:
		return func(_, low, _, _ border.Number) bool { return low > bound }, nil
	case word == "surely below" && err == nil:
		return func(_, _, high, _ border.Number) bool { return high < bound }, nil
	case word == "above" && err == nil:
		return func(value, _, _, _ border.Number) bool { return value > bound }, nil
	case word == "below" && err == nil:
		return func(value, _, _, _ border.Number) bool { return value < bound }, nil
	}
	return nil, fmt.Errorf("expect: is must be chance, exactly chance, or exactly, above, below, surely above or surely below NUMBER: %q", x.Is)
}

// answer checks what is expected of arms. One that did not finish fails; an
// arm or a ring that a change of the experiment removed is not asked for.
func answer(expected []Expect, arms []ArmState) []Expectation {
	list := []Expectation{}
	for _, x := range expected {
		for _, a := range arms {
			if a.Name != x.Arm {
				continue
			}
			if a.Status != Done {
				list = append(list, Expectation{x.String(), false})
				continue
			}
			test, err := x.test()
			if err != nil {
				panic("lab: " + err.Error())
			}
			if x.Ring == nil {
				at := slices.IndexFunc(a.Scores, func(s border.Score) bool { return s.Metric == x.What })
				held := at >= 0
				if held {
					s := a.Scores[at]
					held = test(s.Value, s.Low, s.High, s.Chance)
				}
				list = append(list, Expectation{x.String(), held})
				continue
			}
			at := slices.IndexFunc(a.Profiles, func(p border.Profile) bool { return p.Metric == x.What })
			if at < 0 || *x.Ring >= len(a.Profiles[at].Rings) {
				continue
			}
			p := a.Profiles[at].Rings[*x.Ring]
			list = append(list, Expectation{x.String(), test(p.Value, p.Low, p.High, p.Chance)})
		}
	}
	return list
}
