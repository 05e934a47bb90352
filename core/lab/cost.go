package lab

import (
	"context"
	"time"

	"padlab/core/experiment"
)

// A Cost is what an experiment will take on this machine.
type Cost struct {
	Bytes  int64         // of memory, at most
	Time   time.Duration // of the first stage of all arms: see Estimate
	Stages bool          // there are others behind it, whose time is not known
}

// Estimate builds an experiment and returns what it will cost and the warnings that
// its snapshots would show, or why it cannot be run. All arms together are trained
// for about the given time, unless it is 0 at least one step, and the rest is reckoned from that: what read-outs take
// is not known before there are features. Nothing is kept.
func Estimate(ctx context.Context, p *Pool, e *experiment.Experiment, trial time.Duration) (c Cost, warnings []string, err error) {
	b, err := prepare(ctx, p, e, nil)
	if err != nil {
		return c, nil, err
	}
	defer b.memory.Release()
	c.Bytes = b.memory.Taken()
	arms := b.replicas[:len(b.arms)] // of the first seed
	crew, ok := p.borrow(ctx)
	if !ok {
		return c, nil, ctx.Err()
	}
	defer p.giveBack(crew)
	seen := map[string]bool{} // stages that arms share
	for _, a := range arms {
		s := a.stages[0]
		c.Stages = c.Stages || len(a.stages) > 1
		if seen[s.Name()] || !s.Ready(p.budget) {
			continue
		}
		seen[s.Name()] = true
		before, all := s.Work()
		start, done := p.now(), before
		for trial > 0 && s.Status() == Running && ctx.Err() == nil && (done == before || p.now().Sub(start) < trial/time.Duration(len(arms))) {
			s.Advance(crew)
			done, _ = s.Work()
		}
		if done > before {
			c.Time += time.Duration(float64(p.now().Sub(start)) * (all - before) / (done - before))
		}
	}
	for _, a := range b.replicas {
		for _, s := range a.stages {
			s.Release(p.budget)
		}
	}
	c.Time *= time.Duration(e.Seeds)
	return c, b.warnings, ctx.Err()
}
