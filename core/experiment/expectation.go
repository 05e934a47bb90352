package experiment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"padlab/core/metric"
	"padlab/core/names"
	"padlab/core/position"
	"padlab/core/task"
)

// An Expectation is what an experiment promises to show; run --expect checks it.
//
//	[[expect]]
//	arm = "circular"
//	what = "accuracy"
//	is = "exactly chance"     # or: chance | exactly 1 | above 0.5 | below 0.2 | surely below -0.02 | above zeros by 0.15
//	                          # or: at its ceiling | above ring 2 by 0.3 | the same on moved
//	ring = 2                  # of one ring; left out: over all cells
//	says = "…"                # the sentence that it makes true
//
// "chance" holds when the 95 % interval contains chance, "exactly chance" when
// the value is chance up to rounding, "surely below" when the whole interval
// lies below, "at its ceiling" within .05 of that, "the same on" other images of
// this arm up to rounding.
type Expectation struct {
	Arm  string `json:"arm"`
	What string `json:"what"` // a metric
	Is   string `json:"is"`
	Ring *int   `json:"ring,omitempty"`

	// Of a read-out: which score. Left out: the first, of natural pictures.
	Target string `json:"target,omitempty"`
	Images string `json:"images,omitempty"`

	// With restricts it to frozen networks with weights from a file, or to those
	// that were trained here.
	With string `json:"with,omitempty"`

	// Says is what may be said where it holds: prose for people.
	Says string `json:"says,omitempty"`
}

// A Verdict is an Expectation with its answer.
type Verdict struct {
	Text string `json:"text"`
	Held bool   `json:"held"`
	Says string `json:"says,omitempty"` // if it held
}

// A Finding is what was found of an arm.
type Finding struct {
	Arm      string
	Done     bool // it has finished; what did not holds no promise
	Scores   []metric.Score
	Profiles []metric.Profile
}

// The kinds of networks that an expectation or a reference may be restricted to.
const (
	withWeights  = "weights"
	withTraining = "training"
)

// checkWith returns an error for a restriction that there is not.
func checkWith(word string) error {
	if !slices.Contains([]string{"", withWeights, withTraining}, word) {
		return fmt.Errorf("with must be %s or %s, or be left out: %q", withWeights, withTraining, word)
	}
	return nil
}

// is reports whether the networks of e are of that kind.
func (e *Experiment) is(with string) bool {
	return with == "" || (with == withWeights) == (e.Net.Weights != "")
}

func (x Expectation) key() metric.Key {
	return metric.Key{Metric: x.What, Target: x.Target, Images: x.Images}
}

func (x Expectation) String() string {
	ring := ""
	if x.Ring != nil {
		ring = fmt.Sprintf(" in ring %d", *x.Ring)
	}
	return fmt.Sprintf("%s: %s%s is %s", x.Arm, x.key(), ring, x.Is)
}

func namesOf(arms []Arm) []string {
	list := make([]string, len(arms))
	for i, a := range arms {
		list[i] = a.Name
	}
	return list
}

// check returns an error unless the arms, the ring and the metric exist and Is
// can be read.
func (x Expectation) check(arms []Arm) error {
	known := namesOf(arms)
	at := slices.Index(known, x.Arm)
	if at < 0 {
		return names.Unknown("arm", x.Arm, known)
	}
	if x.Ring != nil {
		if err := arms[at].checkRing(*x.Ring); err != nil {
			return err
		}
	}
	if _, err := metric.Parse(x.What); err != nil {
		return err
	}
	if err := checkWith(x.With); err != nil {
		return err
	}
	c, err := x.comparison()
	for _, images := range []string{x.Images, c.images} {
		if own := arms[at]; images != "" && !own.Reads() && !slices.Contains(own.images(), images) {
			return names.Unknown("kind of test pictures", images, own.images())
		}
	}
	switch {
	case err != nil || c.rival == "":
	case c.ring >= 0:
		err = arms[at].checkRing(c.ring)
	case !slices.Contains(known, c.rival):
		err = names.Unknown("arm", c.rival, known)
	}
	return err
}

// checkRing is the error of a ring that profiles of the arm do not have.
func (a Arm) checkRing(ring int) error {
	t := task.Must(Default().Task.Kind) // what a read-out has is known once it has features
	if name := a.Learns(); name != "" {
		t = task.Must(name)
	}
	switch n := t.Rings(a.CanvasSpec()); {
	case ring < n:
		return nil
	case t.Cells():
		return fmt.Errorf("a %d×%d grid has no ring %d", a.Canvas.Grid, a.Canvas.Grid, ring)
	default:
		return fmt.Errorf("%s has %d rings here, none of them %d", t.Name, n, ring)
	}
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

// AtCeiling reports whether a score has come to its ceiling: within .05.
func AtCeiling(value, ceiling metric.Number) bool { return math.Abs(float64(value-ceiling)) <= 0.05 }

// A comparison is what Is means.
type comparison struct {
	rival  string // the other arm that is asked, or "ring N" of the same; empty: none is
	ring   int    // N; −1: it is an arm
	images string // those of the same arm that are asked; empty: its own
	holds  func(own, rival metric.Point) bool
}

// comparison reads Is.
func (x Expectation) comparison() (comparison, error) {
	switch x.Is {
	case "chance":
		return comparison{ring: -1, holds: func(p, _ metric.Point) bool { return p.Low <= p.Chance && p.Chance <= p.High }}, nil
	case "exactly chance":
		return comparison{ring: -1, holds: func(p, _ metric.Point) bool { return math.Abs(float64(p.Value-p.Chance)) < 1e-12 }}, nil
	case "at its ceiling":
		return comparison{ring: -1, holds: func(p, _ metric.Point) bool {
			return p.Ceiling != nil && AtCeiling(p.Value, *p.Ceiling)
		}}, nil
	}
	if images, ok := strings.CutPrefix(x.Is, "the same on "); ok && images != "" {
		return comparison{ring: -1, images: images, holds: func(p, q metric.Point) bool { return math.Abs(float64(p.Value-q.Value)) < 1e-12 }}, nil
	}
	for _, b := range bounds {
		rest, ok := strings.CutPrefix(x.Is, b.words+" ")
		if !ok {
			continue
		}
		if n, err := strconv.ParseFloat(rest, 64); err == nil && n-n == 0 {
			return comparison{ring: -1, holds: func(p, _ metric.Point) bool { return b.holds(p, metric.Number(n)) }}, nil
		}
		at := strings.LastIndex(rest, " by ")
		if at < 0 || b.against == nil {
			continue
		}
		if n, err := strconv.ParseFloat(rest[at+len(" by "):], 64); err == nil && n >= 0 && n-n == 0 {
			ring := -1
			if text, ok := strings.CutPrefix(rest[:at], "ring "); ok {
				if ring, err = strconv.Atoi(text); err != nil || ring < 0 {
					break
				}
			}
			return comparison{rival: rest[:at], ring: ring, holds: func(p, q metric.Point) bool { return b.against(p.Value, q.Value, metric.Number(n)) }}, nil
		}
	}
	return comparison{}, fmt.Errorf("is must be chance, exactly chance, at its ceiling, or exactly, above, below, surely above or surely below NUMBER, or above or below ARM or ring N by NUMBER, or the same on IMAGES: %q", x.Is)
}

// Judge checks what is expected of arms. One that did not finish fails; an arm,
// a ring or a target that a change of the experiment removed is not asked for.
func (e *Experiment) Judge(found []Finding) []Verdict {
	list := []Verdict{}
	named := func(name string) *Finding {
		at := slices.IndexFunc(found, func(f Finding) bool { return f.Arm == name })
		if at < 0 {
			return nil
		}
		return &found[at]
	}
	for _, x := range e.Expect {
		if !e.is(x.With) || !e.measures(x) {
			continue
		}
		c, err := x.comparison()
		if err != nil {
			panic("experiment: " + err.Error())
		}
		own := named(x.Arm)
		rival := own
		if c.rival != "" && c.ring < 0 {
			rival = named(c.rival)
		}
		if own == nil || rival == nil {
			continue
		}
		held := own.Done && rival.Done
		if held {
			p, found := x.find(own)
			if !found && x.Ring != nil {
				continue
			}
			other := x
			if c.ring >= 0 {
				other.Ring = &c.ring
			}
			if c.images != "" {
				other.Images = c.images
			}
			q, known := other.find(rival)
			if !known && c.ring >= 0 {
				continue
			}
			if gone := x.Images != "" && !found || c.images != "" && !known; gone && !e.Reads() {
				continue // the examination is not held without what it is about
			}
			held = found && known && c.holds(p, q)
		}
		v := Verdict{Text: x.String(), Held: held}
		if held {
			v.Says = e.Prose(x.Says)
		}
		list = append(list, v)
	}
	return list
}

// measures reports whether e still measures what an expectation is about, where that
// has a target.
func (e *Experiment) measures(x Expectation) bool {
	switch {
	case x.Target == "":
		return true
	case e.Reads():
		return slices.Contains(e.Readout.Targets, position.Target(x.Target))
	}
	return e.Inside() && (e.Neurons.Ask == AskAblation || x.What != metric.AblationGap)
}

// find is the score, or the ring of a profile, that is meant.
func (x Expectation) find(f *Finding) (p metric.Point, ok bool) {
	if x.Ring == nil {
		s, ok := metric.Find(f.Scores, x.key())
		return metric.Point{Value: s.Value, Low: s.Low, High: s.High, Chance: s.Chance, Ceiling: s.Ceiling}, ok
	}
	profile, ok := metric.Find(f.Profiles, x.key())
	if !ok || *x.Ring >= len(profile.Rings) {
		return p, false
	}
	return profile.Rings[*x.Ring], true
}
