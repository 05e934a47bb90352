package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"slices"
	"sort"

	"padlab/core/lab/stage"
	"padlab/core/metric"
	"padlab/core/record"
)

// maxRounds is how many rounds of evaluations are kept at most.
const maxRounds = 128

// rounds are the evaluations of a run, as snapshots. In a round every arm is
// evaluated once at most, so that arms that go side by side are in one, and a new
// one begins with an arm that was evaluated in the last. Kept are the first and
// every stride-th behind it, and the last: whenever there is room for no more,
// every second goes, and the stride doubles.
type rounds struct {
	kept   []*Snapshot // without the last
	stride int
	before int // rounds before the last
	last   *Snapshot
	arms   []string // that were evaluated in the last
}

// add takes a snapshot that has new evaluations of these arms; of none: it is a
// later one of the last round.
func (r *rounds) add(s *Snapshot, arms []string) {
	again := slices.ContainsFunc(arms, func(a string) bool { return slices.Contains(r.arms, a) })
	switch {
	case r.last == nil && len(arms) == 0:
		return
	case again:
		r.stride = max(r.stride, 1)
		if r.before%r.stride == 0 {
			r.kept = append(r.kept, r.last)
		}
		r.before++
		r.arms = nil
		if len(r.kept) == maxRounds {
			r.kept, r.stride = everySecond(r.kept), 2*r.stride
		}
	}
	r.last, r.arms = s, append(r.arms, arms...)
}

func everySecond(list []*Snapshot) (half []*Snapshot) {
	for i := 0; i < len(list); i += 2 {
		half = append(half, list[i])
	}
	return half
}

// list returns them, the oldest first.
func (r *rounds) list() []*Snapshot {
	if r.last == nil {
		return nil
	}
	return append(slices.Clone(r.kept), r.last)
}

// Evaluations returns the run as it was after each round of evaluations, the
// oldest first; the last is the final snapshot once the run has ended, and before
// that the latest with new evaluations. Arms that are evaluated after the same
// steps are in one round. Of more than 128 rounds every second goes, again and
// again, never the first or the last. A run that took over another begins with the
// rounds of that one.
func (r *Run) Evaluations() []*Snapshot {
	if list := r.evaluations.Load(); list != nil {
		return slices.Clone(*list)
	}
	return nil
}

// remember keeps a snapshot with new evaluations of these arms.
func (r *Run) remember(s *Snapshot, arms []string) {
	r.rounds.add(s, arms)
	list := r.rounds.list()
	r.evaluations.Store(&list)
}

// RecalledEvaluations returns what Evaluations would of the run that a record
// holds, from its events: each as far as events tell, without times and without
// single seeds, every arm at the step of its last evaluation, the loss and the
// course of the end cut off there. The last is what Recalled returns. Lines of
// events that are torn, that this release does not know, or that are about no arm
// of the experiment are left out. The error is that of Recalled, or why the events
// cannot be read.
func RecalledEvaluations(r *record.Record) ([]*Snapshot, error) {
	end, err := Recalled(r)
	if err != nil {
		return nil, err
	}
	past, err := recalledRounds(r, end)
	if err != nil {
		return nil, err
	}
	if past.last != nil {
		end.Version, end.Evaluated = past.last.Version+1, past.last.Evaluated+1
	}
	if slices.ContainsFunc(end.Arms, func(a ArmState) bool { return a.EvalStep >= 0 }) {
		past.last = end
	}
	return past.list(), nil
}

// recalledRounds are the rounds of a record, of which end is what Recalled
// returns.
func recalledRounds(r *record.Record, end *Snapshot) (*rounds, error) {
	events, err := r.Events()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	past, now := &rounds{}, *end
	now.Version, now.Evaluated, now.Elapsed = 0, 0, 0
	now.Arms = make([]ArmState, len(end.Arms))
	for i, a := range end.Arms {
		now.Arms[i] = ArmState{Name: a.Name, Label: a.Label, Status: Running, Report: stage.Report{
			Stage: a.Stage, Steps: a.Steps, Params: a.Params, EvalStep: -1, Course: metric.Course{Metric: a.Course.Metric},
		}}
	}
	for _, e := range evalsIn(events) {
		i := slices.IndexFunc(end.Arms, func(a ArmState) bool { return a.Name == e.Arm })
		if i < 0 {
			continue
		}
		now.Version++
		now.Evaluated++
		now.Arms = slices.Clone(now.Arms)
		if slices.Contains(past.arms, e.Arm) {
			leave(now.Arms, end.Arms)
		}
		now.Arms[i].evaluated(e, &end.Arms[i])
		s := now
		s.summarise()
		past.add(&s, []string{e.Arm})
	}
	return past, nil
}

// evalsIn are the evaluations among lines of events.
func evalsIn(lines []byte) (list []record.Eval) {
	for line := range bytes.Lines(lines) {
		var e record.Eval
		if err := json.Unmarshal(line, &e); err == nil && e.Event == "eval" && sound(e) {
			list = append(list, e)
		}
	}
	return list
}

// sound reports whether an evaluation can be drawn.
func sound(e record.Eval) bool {
	return !slices.ContainsFunc(e.Maps, func(m metric.Map) bool { return m.Check() != nil })
}

// evaluated makes a the arm behind an evaluation, of which end is the arm at the
// end.
func (a *ArmState) evaluated(e record.Eval, end *ArmState) {
	a.Step, a.EvalStep, a.Scores, a.Profiles, a.Maps = e.Step, e.Step, e.Scores, e.Profiles, e.Maps
	course, before := end.Course.Points, 0 // the course of a read-out counts its own steps
	if n := len(course); a.Stage != "" && n > 0 {
		before = end.EvalStep - course[n-1].Step
	}
	a.Loss, a.Course.Points = end.Loss[:pointsUpTo(end.Loss, e.Step-1)], course[:pointsUpTo(course, e.Step-before)]
	if end.Status == Done && e.Step == end.EvalStep {
		a.Status = Done
	}
}

// leave lets arms diverge that had their last evaluation in a round before, and
// were at work then.
func leave(arms, end []ArmState) {
	for i := range arms {
		if a := &arms[i]; end[i].Status == Diverged && a.EvalStep == end[i].EvalStep {
			a.Status, a.Problem, a.Step, a.Loss = Diverged, end[i].Problem, end[i].Step, end[i].Loss
		}
	}
}

// pointsUpTo is how many points of a curve are of a step or earlier ones.
func pointsUpTo(points []metric.StepValue, step int) int {
	return sort.Search(len(points), func(i int) bool { return points[i].Step > step })
}
