package lab

import (
	"time"

	"padlab/core/experiment"
	"padlab/core/lab/stage"
	"padlab/core/nn/kernel"
	"padlab/core/record"
)

// A replica is an arm of the comparison being run, from one seed: its stages, one
// after the other. Stages may be shared with other arms: whoever comes first does
// their work.
type replica struct {
	spec   experiment.Arm
	stages []stage.Stage
	status Status
	waits  bool // for memory
	report stage.Report
	clock  record.Clock
}

// current is the first stage that is not done, or nil.
func (a *replica) current() stage.Stage {
	for _, s := range a.stages {
		if s.Status() != Done {
			return s
		}
	}
	return nil
}

// advance does one piece of work. It reports whether there was any that could
// be done, and what it has brought.
func (a *replica) advance(crew *kernel.Crew, budget *stage.Budget, now func() time.Time) (worked bool, e stage.Event) {
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
func (a *replica) look(ended bool) {
	r := stage.Report{EvalStep: -1, Ended: ended}
	for _, s := range a.stages {
		s.Report(&r)
	}
	a.report = r
}

// end closes the arm, unless it has ended before.
func (a *replica) end(s Status, budget *stage.Budget) {
	if a.status.Ended() {
		return
	}
	a.status = s
	a.look(true)
	for _, s := range a.stages {
		s.Release(budget)
	}
}

// work is how much the arm has done and will have done.
func (a *replica) work() (done, all float64) {
	for _, s := range a.stages {
		d, n := s.Work()
		done, all = done+d, all+n
	}
	if a.status.Ended() {
		return all, all
	}
	return done, all
}
