package lab

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/border"
	"padlab/core/names"
	"padlab/core/probe"
	"padlab/core/task"
)

// An Expect is what an experiment promises to show; run --expect checks it.
//
//	[[expect]]
//	arm = "circular"
//	what = "accuracy"
//	is = "exactly chance"     # or: chance | exactly 1 | above 0.5 | below 0.2 | surely below -0.02 | above zeros by 0.15
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

	// Of a read-out: which score. Left out: the first, of natural pictures.
	Target string `json:"target,omitempty"`
	Images string `json:"images,omitempty"`

	// With restricts it to frozen networks with weights from a file, or to those
	// that were trained here.
	With string `json:"with,omitempty"`
}

// about reports whether a score or profile is the one that is meant.
func (x Expect) about(metric, target, images string) bool {
	return metric == x.What && (x.Target == "" || target == x.Target) && (x.Images == "" || images == x.Images)
}

// metrics are what can be expected of something.
var metrics = []string{task.Accuracy, task.BorderInterior, task.BorderCentre, task.SameAnswer, task.MIoU, task.PixelAccuracy, probe.SPC, probe.MAE, probe.Skill}

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
	what := x.What
	if x.Target != "" {
		what += " of " + x.Target
	}
	if x.Images != "" {
		what += " on " + x.Images
	}
	return fmt.Sprintf("%s: %s%s is %s", x.Arm, what, where, x.Is)
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
	if r, against := x.rival(); against && !slices.Contains(arms, r.arm) {
		return fmt.Errorf("expect: %w", names.Unknown("arm", r.arm, arms))
	}
	if err := checkWith(x.With); err != nil {
		return fmt.Errorf("expect: %w", err)
	}
	_, err := x.test()
	return err
}

// test returns the question as a function of the answer, nil of one that is
// about a rival.
func (x Expect) test() (func(value, low, high, chance border.Number) bool, error) {
	word, number, _ := strings.Cut(x.Is, " ")
	if rest, sure := strings.CutPrefix(x.Is, "surely "); sure {
		word, number, _ = strings.Cut(rest, " ")
		word = "surely " + word
	}
	if _, against := x.rival(); against {
		return nil, nil
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
	return nil, fmt.Errorf("expect: is must be chance, exactly chance, or exactly, above, below, surely above or surely below NUMBER, or above or below ARM by NUMBER: %q", x.Is)
}

// answer checks what is expected of arms. One that did not finish fails; an
// arm, a ring or a target that a change of the experiment removed is not asked
// for.
func answer(e *Experiment, arms []ArmState) []Expectation {
	list := []Expectation{}
	named := func(name string) *ArmState {
		at := slices.IndexFunc(arms, func(a ArmState) bool { return a.Name == name })
		if at < 0 {
			return nil
		}
		return &arms[at]
	}
	for _, x := range e.Expect {
		if !e.is(x.With) || x.Target != "" && !slices.Contains(e.Readout.Targets, x.Target) {
			continue
		}
		test, err := x.test()
		if err != nil {
			panic("lab: " + err.Error())
		}
		a := named(x.Arm)
		var other *ArmState
		rival, against := x.rival()
		if against {
			other = named(rival.arm)
		}
		if a == nil || against && other == nil {
			continue
		}
		if a.Status != Done || against && other.Status != Done {
			list = append(list, Expectation{x.String(), false})
			continue
		}
		p, found := x.find(a)
		if !found && x.Ring != nil {
			continue
		}
		held := found
		switch {
		case found && against:
			q, known := x.find(other)
			held = known && rival.sign*(p.Value-q.Value) >= rival.by
		case found:
			held = test(p.Value, p.Low, p.High, p.Chance)
		}
		list = append(list, Expectation{x.String(), held})
	}
	return list
}

// find is the score, or the ring of a profile, that is meant.
func (x Expect) find(a *ArmState) (p border.Point, ok bool) {
	if x.Ring == nil {
		at := slices.IndexFunc(a.Scores, func(s border.Score) bool { return x.about(s.Metric, s.Target, s.Images) })
		if at < 0 {
			return p, false
		}
		s := a.Scores[at]
		return border.Point{Value: s.Value, Low: s.Low, High: s.High, Chance: s.Chance}, true
	}
	at := slices.IndexFunc(a.Profiles, func(p border.Profile) bool { return x.about(p.Metric, p.Target, p.Images) })
	if at < 0 || *x.Ring >= len(a.Profiles[at].Rings) {
		return p, false
	}
	return a.Profiles[at].Rings[*x.Ring], true
}

// A rival is the other arm of an expectation like "above circular by 0.15".
type rival struct {
	sign border.Number // +1: above, −1: below
	arm  string
	by   border.Number
}

func (x Expect) rival() (r rival, ok bool) {
	word, rest, _ := strings.Cut(x.Is, " ")
	at := strings.LastIndex(rest, " by ")
	if at < 0 || word != "above" && word != "below" {
		return r, false
	}
	by, err := strconv.ParseFloat(rest[at+len(" by "):], 64)
	if r = (rival{1, rest[:at], border.Number(by)}); word == "below" {
		r.sign = -1
	}
	return r, err == nil && by >= 0
}
