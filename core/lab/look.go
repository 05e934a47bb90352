package lab

import (
	"context"
	"fmt"

	"padlab/core/lab/stage"
)

// A Question names one test picture, and a Sight is what a network makes of it.
type (
	Question   = stage.Question
	Sight      = stage.Sight
	LayerSight = stage.LayerSight
)

// Look shows one test picture to the network of an arm as it is now, of the first
// seed where there are several: of a read-out to the frozen network, and where
// eval.padding makes it another one, to that which is tested. The run waits while
// the weights are copied, and goes on meanwhile. The errors say that there is no
// such arm, that it has diverged or the run has failed, or are that of the context.
func (r *Run) Look(ctx context.Context, arm int, q Question) (*Sight, error) {
	if arm < 0 || arm >= len(r.arms) {
		return nil, fmt.Errorf("there is no arm %d: there are 0 to %d", arm, len(r.arms)-1)
	}
	var glass *stage.Glass
	var err error
	if called := r.call(ctx, func() {
		switch a := r.replicas[arm]; a.status {
		case Diverged:
			err = fmt.Errorf("arm %s has nothing to look at: %s", r.arms[arm], a.report.Problem)
		case Failed:
			err = fmt.Errorf("arm %s has nothing to look at: the run has failed", r.arms[arm])
		default:
			glass = a.stages[len(a.stages)-1].Glass()
		}
	}); called != nil {
		return nil, called
	}
	if err != nil {
		return nil, err
	}
	return glass.See(ctx, q)
}
