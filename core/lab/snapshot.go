package lab

import (
	"time"

	"padlab/core/experiment"
	"padlab/core/lab/stage"
	"padlab/core/metric"
	"padlab/core/record"
)

// A Status says how an arm or a run is doing.
type Status = record.Status

const (
	Running  = record.Running
	Paused   = record.Paused
	Done     = record.Done
	Stopped  = record.Stopped
	Diverged = record.Diverged
	Failed   = record.Failed
)

// A Snapshot is the state of a run between two steps. It is immutable: the
// run never writes again to anything that a Snapshot reaches.
type Snapshot struct {
	Version    uint64                 // rises with every Snapshot of a run
	Evaluated  uint64                 // rises whenever scores, profiles or maps of any arm or seed are other ones
	Experiment *experiment.Experiment // resolved
	Status     Status
	Arms       []ArmState
	Warnings   []string // what in the geometry would leak position without any padding; what did not converge

	Provenance record.Provenance // but for the timings
	Slow       string            // why the kernel in use is slow, if it is

	Elapsed          time.Duration // time at work, pauses left out
	Fraction         float64       // of all work, 0 … 1
	SamplesPerSecond float64       // training alone; 0 until there was some

	Unrecorded string // why the record cannot be written any more, if so

	Failure string // of a Failed run: what happened
	Stack   string // of a Failed run: where
}

// An ArmState is one arm at that moment. Its scores, profiles and maps are
// those of the last evaluation, after EvalStep training steps.
type ArmState struct {
	Name         string
	Label        string // the name in words
	Status       Status
	stage.Report // the mean over its seeds, where there are several

	Seeds []SeedState // where there are several: each by itself

	Busy      time.Duration // training and evaluation of this arm
	TrainTime time.Duration // training alone
	Samples   int           // trained on in that time
}

// A SeedState is an arm from one of several seeds.
type SeedState struct {
	Seed   uint64
	Status Status
	stage.Report
}

// Steps is how many training steps the longest arm has.
func (s *Snapshot) Steps() int {
	most := 0
	for _, a := range s.Arms {
		most = max(most, a.Steps)
	}
	return most
}

// Step is how many the arm has done that has come furthest.
func (s *Snapshot) Step() int {
	most := 0
	for _, a := range s.Arms {
		most = max(most, a.Step)
	}
	return most
}

// Stage is that of the arms that are not yet through, the earliest; empty where
// nothing is read out.
func (s *Snapshot) Stage() string {
	now := ""
	for _, a := range s.Arms {
		if !a.Status.Ended() && (now == "" || a.Stage == stage.Learning) {
			now = a.Stage
		}
	}
	return now
}

// slowest is the number of steps that the slowest arm still at work has done.
func (s *Snapshot) slowest() int {
	least := s.Steps()
	for _, a := range s.Arms {
		if !a.Status.Ended() && a.Stage != stage.Waiting {
			least = min(least, a.Step)
		}
	}
	return least
}

func (s *Snapshot) results() []record.Arm {
	list := make([]record.Arm, len(s.Arms))
	for i, a := range s.Arms {
		list[i] = a.Result()
	}
	return list
}

// Result returns the snapshot as it is printed and kept.
func (s *Snapshot) Result() record.Result {
	r := record.Result{
		Schema: record.Schema, Experiment: s.Experiment, Warnings: append([]string{}, s.Warnings...),
		Arms: s.results(), Provenance: s.Provenance,
	}
	found := r.Findings()
	r.Expectations, r.Comparisons = s.Experiment.Judge(found), s.Experiment.Compare(found)
	r.Provenance.Arms = map[string]record.Timing{}
	for _, a := range s.Arms {
		t := record.Timing{Seconds: a.Busy.Seconds()}
		if a.TrainTime > 0 {
			t.SamplesPerSecond = float64(a.Samples) / a.TrainTime.Seconds()
		}
		r.Provenance.Arms[a.Name] = t
	}
	return r
}

// Result returns the arm as it is printed and kept: without the clock.
func (a ArmState) Result() record.Arm {
	r := record.Arm{
		Name: a.Name, Status: a.Status, Problem: a.Problem, Steps: a.Step, Params: a.Params, SHA256: a.SHA256, Backbone: a.Backbone,
		Penalties: a.Penalties, Loss: a.Loss, EvalStep: a.EvalStep, Scores: a.Scores, Profiles: a.Profiles, Maps: a.Maps, Course: a.Course,
	}
	for _, s := range a.Seeds {
		r.Seeds = append(r.Seeds, record.Seed{
			Seed: s.Seed, Status: s.Status, Problem: s.Problem, Steps: s.Step, SHA256: s.SHA256, Backbone: s.Backbone, Penalties: s.Penalties,
			EvalStep: s.EvalStep, Scores: s.Scores, Profiles: s.Profiles,
		})
	}
	if r.Loss == nil {
		r.Loss = []record.LossPoint{}
	}
	if r.Course.Points == nil {
		r.Course.Points = []metric.StepValue{}
	}
	if r.Scores == nil {
		r.Scores, r.Profiles, r.Maps = []metric.Score{}, []metric.Profile{}, []metric.Map{}
	}
	return r
}

// sameFindings reports whether arms have the scores, profiles and maps that they
// had, by where those lie: what an evaluation has found is never written again.
func sameFindings(before, now []ArmState) bool {
	if len(before) != len(now) {
		return false
	}
	for i := range now {
		a, b := &before[i], &now[i]
		if !sameScores(&a.Report, &b.Report) || len(a.Seeds) != len(b.Seeds) {
			return false
		}
		for j := range b.Seeds {
			if !sameScores(&a.Seeds[j].Report, &b.Seeds[j].Report) {
				return false
			}
		}
	}
	return true
}

// sameScores reports whether two reports are of one evaluation.
func sameScores(a, b *stage.Report) bool {
	if a.EvalStep != b.EvalStep || len(a.Scores) != len(b.Scores) {
		return false
	}
	return len(a.Scores) == 0 || &a.Scores[0] == &b.Scores[0]
}
