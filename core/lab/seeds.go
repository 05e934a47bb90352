package lab

import (
	"fmt"

	"padlab/core/border"
	"padlab/core/lab/stage"
	"padlab/core/metric"
	"padlab/core/record"
)

// An arm of a run is its replicas: what is to be seen of it is the mean over
// them. They go side by side, so that they are evaluated after the same steps; what
// was found at an evaluation is taken together once all have it.

// An average is what the last evaluation that all replicas of an arm had has found.
type average struct {
	step     int // training steps before it; −1: there was none
	seeds    int // that it is over
	scores   []metric.Score
	profiles []metric.Profile
	maps     []metric.Map
}

// replicasOf are the replicas of an arm, by seed.
func (p *prepared) replicasOf(arm int) []*replica {
	var list []*replica
	for i := arm; i < len(p.replicas); i += len(p.arms) {
		list = append(list, p.replicas[i])
	}
	return list
}

// take brings the average up to date. What has diverged has no part in it.
func (a *average) take(replicas []*replica) {
	var scores [][]metric.Score
	var profiles [][]metric.Profile
	var maps [][]metric.Map
	step := -1
	for _, r := range replicas {
		found := &r.report
		switch {
		case r.status == Diverged:
			continue
		case found.EvalStep < 0 || step >= 0 && found.EvalStep != step:
			return
		}
		step = found.EvalStep
		scores, profiles, maps = append(scores, found.Scores), append(profiles, found.Profiles), append(maps, found.Maps)
	}
	if step > a.step || step == a.step && len(scores) > a.seeds {
		*a = average{step, len(scores), border.ScoresOverSeeds(scores), border.ProfilesOverSeeds(profiles), border.MapsOverSeeds(maps)}
	}
}

// restore takes the average from the arm that a checkpoint shows: where a seed
// joined late, no replica has that evaluation any more.
func (a *average) restore(kept record.Arm) {
	if len(kept.Seeds) == 0 || len(kept.Scores) == 0 {
		return
	}
	*a = average{kept.EvalStep, 1, kept.Scores, kept.Profiles, kept.Maps}
	if s := kept.Scores[0]; s.Over == metric.Seeds {
		a.seeds = s.Units
	}
}

// state is what a snapshot shows of an arm.
func (p *prepared) state(arm int) ArmState {
	replicas := p.replicasOf(arm)
	first := replicas[0]
	s := ArmState{Name: p.arms[arm], Label: p.labels[arm], Status: first.status, Report: first.report}
	for _, r := range replicas {
		s.Busy += r.clock.Busy
		s.TrainTime += r.clock.TrainTime
		s.Samples += r.clock.Samples
	}
	if len(replicas) == 1 {
		return s
	}
	average := p.averages[arm]
	average.take(replicas)
	s.EvalStep, s.Scores, s.Profiles, s.Maps = average.step, average.scores, average.profiles, average.maps
	s.SHA256, s.Backbone, s.Penalties, s.Problem, s.Warnings = "", "", nil, "", nil
	losses, courses := make([][]metric.StepValue, len(replicas)), make([][]metric.StepValue, len(replicas))
	for i, r := range replicas {
		s.Seeds = append(s.Seeds, SeedState{r.spec.Seed, r.status, r.report})
		s.Status = worse(s.Status, r.status)
		s.Step = min(s.Step, r.report.Step)
		s.Examining = s.Examining || r.report.Examining
		if r.report.Problem != "" && s.Problem == "" {
			s.Problem = fmt.Sprintf("seed %d: %s", r.spec.Seed, r.report.Problem)
		}
		if r.report.Stage == stage.Waiting {
			s.Stage = stage.Waiting
		}
		for _, text := range r.report.Warnings {
			s.Warnings = append(s.Warnings, fmt.Sprintf("seed %d: %s", r.spec.Seed, text))
		}
		losses[i], courses[i] = r.report.Loss, r.report.Course.Points
	}
	s.Loss, s.Course.Points = meanCurve(losses), meanCurve(courses)
	return s
}

// worse is the status of an arm whose replicas have these: whoever is still at
// work counts, then whoever did not come to its end.
func worse(a, b Status) Status {
	for _, s := range []Status{Running, Paused, Failed, Diverged, Stopped} {
		if a == s || b == s {
			return s
		}
	}
	return Done
}

// meanCurve is the mean of curves, step by step as far as all have come; curves
// that have other points leave it at the first.
func meanCurve(curves [][]metric.StepValue) []metric.StepValue {
	n := len(curves[0])
	for _, c := range curves {
		n = min(n, len(c))
	}
	mean := make([]metric.StepValue, n)
	for i := range mean {
		mean[i].Step = curves[0][i].Step
		for _, c := range curves {
			if c[i].Step != mean[i].Step {
				return curves[0]
			}
			mean[i].Value += c[i].Value / metric.Number(len(curves))
		}
	}
	return mean
}
