package lab

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/border"
	"padlab/core/metric"
	"padlab/core/names"
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
	if _, err := metric.Parse(x.What); err != nil {
		return fmt.Errorf("expect: %w", err)
	}
	if err := checkWith(x.With); err != nil {
		return fmt.Errorf("expect: %w", err)
	}
	j, err := x.judgement()
	if err == nil && j.rival != "" && !slices.Contains(arms, j.rival) {
		err = fmt.Errorf("expect: %w", names.Unknown("arm", j.rival, arms))
	}
	return err
}

// bounds are the words before a number, and what they mean. Above and below
// can also be against another arm.
var bounds = []struct {
	words   string
	holds   func(p metric.Point, n metric.Number) bool
	against func(p, q, n metric.Number) bool
}{
	{"exactly", func(p metric.Point, n metric.Number) bool { return p.Value == n }, nil},
	{"surely above", func(p metric.Point, n metric.Number) bool { return p.Low > n }, nil},
	{"surely below", func(p metric.Point, n metric.Number) bool { return p.High < n }, nil},
	{"above", func(p metric.Point, n metric.Number) bool { return p.Value > n }, func(p, q, n metric.Number) bool { return p-q >= n }},
	{"below", func(p metric.Point, n metric.Number) bool { return p.Value < n }, func(p, q, n metric.Number) bool { return q-p >= n }},
}

// A judgement is what Is means.
type judgement struct {
	rival string // the other arm that is asked; empty: none is
	holds func(own, rival metric.Point) bool
}

func (x Expect) judgement() (judgement, error) {
	switch x.Is {
	case "chance":
		return judgement{"", func(p, _ metric.Point) bool { return p.Low <= p.Chance && p.Chance <= p.High }}, nil
	case "exactly chance":
		return judgement{"", func(p, _ metric.Point) bool { return math.Abs(float64(p.Value-p.Chance)) < 1e-12 }}, nil
	}
	for _, b := range bounds {
		rest, ok := strings.CutPrefix(x.Is, b.words+" ")
		if !ok {
			continue
		}
		if n, err := strconv.ParseFloat(rest, 64); err == nil {
			return judgement{"", func(p, _ metric.Point) bool { return b.holds(p, metric.Number(n)) }}, nil
		}
		at := strings.LastIndex(rest, " by ")
		if at < 0 || b.against == nil {
			continue
		}
		if n, err := strconv.ParseFloat(rest[at+len(" by "):], 64); err == nil && n >= 0 {
			return judgement{rest[:at], func(p, q metric.Point) bool { return b.against(p.Value, q.Value, metric.Number(n)) }}, nil
		}
	}
	return judgement{}, fmt.Errorf("expect: is must be chance, exactly chance, or exactly, above, below, surely above or surely below NUMBER, or above or below ARM by NUMBER: %q", x.Is)
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
		j, err := x.judgement()
		if err != nil {
			panic("lab: " + err.Error())
		}
		own := named(x.Arm)
		rival := own
		if j.rival != "" {
			rival = named(j.rival)
		}
		if own == nil || rival == nil {
			continue
		}
		held := own.Status == Done && rival.Status == Done
		if held {
			p, found := x.find(own)
			if !found && x.Ring != nil {
				continue
			}
			q, known := x.find(rival)
			held = found && known && j.holds(p, q)
		}
		list = append(list, Expectation{x.String(), held})
	}
	return list
}

// find is the score, or the ring of a profile, that is meant.
func (x Expect) find(a *ArmState) (p metric.Point, ok bool) {
	if x.Ring == nil {
		at := slices.IndexFunc(a.Scores, func(s metric.Score) bool { return x.about(s.Metric, s.Target, s.Images) })
		if at < 0 {
			return p, false
		}
		s := a.Scores[at]
		return metric.Point{Value: s.Value, Low: s.Low, High: s.High, Chance: s.Chance}, true
	}
	at := slices.IndexFunc(a.Profiles, func(p metric.Profile) bool { return x.about(p.Metric, p.Target, p.Images) })
	if at < 0 || *x.Ring >= len(a.Profiles[at].Rings) {
		return p, false
	}
	return a.Profiles[at].Rings[*x.Ring], true
}
