package lab

import (
	"time"

	"padlab/core/experiment"
	"padlab/core/lab/stage"
	"padlab/core/nn/kernel"
	"padlab/core/record"
)

// An arm is one network of the comparison being run: its stages, one after the
// other. Stages may be shared with other arms: whoever comes first does their
// work.
type arm struct {
	spec   experiment.Arm
	stages []stage.Stage
	status Status
	waits  bool // for memory
	report stage.Report
	clock  record.Clock
}

// current is the first stage that is not done, or nil.
func (a *arm) current() stage.Stage {
	for _, s := range a.stages {
		if s.Status() != Done {
			return s
		}
	}
	return nil
}

// advance does one piece of work. It reports whether there was any that could
// be done, and what it has brought.
func (a *arm) advance(crew *kernel.Crew, budget *stage.Budget, now func() time.Time) (worked bool, e stage.Event) {
	start := now()
	s := a.current()
	if s.Status() == Running {
		if a.waits = !s.Ready(budget); a.waits {
			a.look(false)
			return false, stage.Event{}
		}
		e = s.Advance(crew)
	}
	passed := now().Sub(start)
	a.clock.Busy += passed
	if e.Samples > 0 {
		a.clock.TrainTime += passed
		a.clock.Samples += e.Samples
	}
	switch {
	case a.current() == nil:
		a.end(Done, budget)
	case a.current().Status() == Diverged:
		a.end(Diverged, budget)
	default:
		a.look(false)
	}
	return true, e
}

// look asks the stages for what is to be seen of the arm.
func (a *arm) look(ended bool) {
	r := stage.Report{EvalStep: -1, Ended: ended}
	for _, s := range a.stages {
		s.Report(&r)
	}
	a.report = r
}

// end closes the arm, unless it has ended before.
func (a *arm) end(s Status, budget *stage.Budget) {
	if a.status.Ended() {
		return
	}
	a.status = s
	a.look(true)
	for _, s := range a.stages {
		s.Release(budget)
	}
}

// state is what a snapshot shows of the arm.
func (a *arm) state() ArmState {
	return ArmState{Name: a.spec.Name, Status: a.status, Report: a.report, Busy: a.clock.Busy, TrainTime: a.clock.TrainTime, Samples: a.clock.Samples}
}

// work is how much the arm has done and will have done.
func (a *arm) work() (done, all float64) {
	for _, s := range a.stages {
		d, n := s.Work()
		done, all = done+d, all+n
	}
	if a.status.Ended() {
		return all, all
	}
	return done, all
}
