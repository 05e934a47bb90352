package lab

import (
	"fmt"
	"time"

	"padlab/core/experiment"
	"padlab/core/lab/stage"
	"padlab/core/record"
)

// Recalled returns what a record holds as a Snapshot, to be drawn as that of a run
// is; no network is built for it. Its Result is that of the run's last snapshot,
// also with the timings. A record without a result gives what there was at its
// last checkpoint, and arms that were at work then count as Stopped: nothing of a
// recalled snapshot changes any more. Its status is Stopped, Diverged or Done.
//
// Fraction is the share of the training steps that were done, arms that are
// through or have diverged counted whole. What a record does not hold is missing:
// the Example of every arm, and of a record with a result the TrainTime and the
// Samples of read-outs and how many images a second those made.
//
// The error says that the record has neither a result nor a checkpoint.
func Recalled(r *record.Record) (*Snapshot, error) {
	found := r.Found()
	if found == nil {
		return nil, fmt.Errorf("%s has found nothing yet: it was killed before its first checkpoint, or has just begun", r.Folder)
	}
	s := &Snapshot{
		Version: 1, Evaluated: 1, Experiment: r.Experiment, Status: Done, Warnings: found.Warnings, Provenance: found.Provenance,
		Arms: make([]ArmState, len(found.Arms)),
	}
	s.Provenance.Arms = nil
	specs := map[string]experiment.Arm{}
	if list, err := r.Experiment.Expand(); err == nil { // else names and steps done have to do
		for _, a := range list {
			specs[a.Name] = a
		}
	}
	for i, kept := range found.Arms {
		a := recalledArm(kept)
		timing := found.Provenance.Arms[a.Name]
		a.Busy = seconds(timing.Seconds)
		if spec, ok := specs[a.Name]; ok {
			a.Label = spec.Label
			a.Steps = max(a.Step, stepsOf(spec))
			for j := range a.Seeds {
				a.Seeds[j].Steps = a.Steps
			}
			switch {
			case spec.Reads() && a.EvalStep >= 0:
				a.Stage = stage.Reading
			case spec.Reads():
				a.Stage = stage.Learning
			case timing.SamplesPerSecond > 0:
				a.Samples = trainedOn(spec, kept)
				a.TrainTime = seconds(float64(a.Samples) / timing.SamplesPerSecond)
			}
		}
		s.Elapsed += a.Busy
		s.Arms[i] = a
	}
	if r.Result == nil {
		s.recallClocks(r.Checkpoint)
	}
	s.summarise()
	return s, nil
}

// recalledArm is the arm of a result, ended.
func recalledArm(kept record.Arm) ArmState {
	a := ArmState{Name: kept.Name, Label: kept.Name, Status: ended(kept.Status), Report: stage.Report{
		Step: kept.Steps, Steps: kept.Steps, Params: kept.Params, Loss: kept.Loss, EvalStep: kept.EvalStep,
		Scores: kept.Scores, Profiles: kept.Profiles, Maps: kept.Maps, Course: kept.Course,
		Penalties: kept.Penalties, Problem: kept.Problem, Ended: true, SHA256: kept.SHA256, Backbone: kept.Backbone,
	}}
	for _, one := range kept.Seeds {
		a.Seeds = append(a.Seeds, SeedState{one.Seed, ended(one.Status), stage.Report{
			Step: one.Steps, Steps: one.Steps, Params: kept.Params, EvalStep: one.EvalStep, Scores: one.Scores, Profiles: one.Profiles,
			Penalties: one.Penalties, Problem: one.Problem, Ended: true, SHA256: one.SHA256, Backbone: one.Backbone,
		}})
	}
	return a
}

// ended is a status that changes no more.
func ended(s Status) Status {
	if s.Ended() {
		return s
	}
	return Stopped
}

// stepsOf is how many training steps an arm has, in all of its stages.
func stepsOf(spec experiment.Arm) int {
	if !spec.Reads() {
		return spec.Train.Steps
	}
	steps := 0
	if spec.Learns() != "" {
		steps = spec.Backbone.Steps
	}
	if spec.Readout.Solver == experiment.ByRidge { // it looks at every crop once
		return steps + (spec.Readout.Crops+spec.Readout.Batch-1)/spec.Readout.Batch
	}
	return steps + spec.Readout.Epochs*(spec.Readout.Crops/spec.Readout.Batch)
}

// trainedOn is how many samples an arm that learns was trained on.
func trainedOn(spec experiment.Arm, kept record.Arm) int {
	steps := kept.Steps
	if len(kept.Seeds) > 0 {
		steps = 0
	}
	for _, one := range kept.Seeds {
		steps += one.Steps
	}
	return steps * spec.Train.Batch
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// recallClocks sets the times to those of a checkpoint, which has them of every
// arm and seed.
func (s *Snapshot) recallClocks(c *record.Checkpoint) {
	s.Elapsed = c.Elapsed
	for i := range s.Arms {
		a := &s.Arms[i]
		a.Busy, a.TrainTime, a.Samples = 0, 0, 0
		for j := i; j < len(c.Arms); j += len(s.Arms) {
			a.Busy += c.Arms[j].Busy
			a.TrainTime += c.Arms[j].TrainTime
			a.Samples += c.Arms[j].Samples
		}
	}
}

// summarise sets what follows from all arms together.
func (s *Snapshot) summarise() {
	var done, all, trained, time float64
	s.Status = Done
	for _, a := range s.Arms {
		s.Status = worse(s.Status, a.Status)
		part := 1.0
		if a.Status == Stopped || !a.Status.Ended() {
			part = float64(a.Step) / float64(max(a.Steps, 1))
		}
		done, all = done+part, all+1
		trained, time = trained+float64(a.Samples), time+a.TrainTime.Seconds()
	}
	for _, a := range s.Arms {
		if a.Status == Stopped { // people have stopped the run, whatever else has happened
			s.Status = Stopped
		}
	}
	if all > 0 {
		s.Fraction = done / all
	}
	if time > 0 {
		s.SamplesPerSecond = trained / time
	}
}
