package stage

import (
	"testing"

	"padlab/core/record"
)

// The history is bounded, and the points that snapshots share stay as they
// were.
func TestLossIsThinned(t *testing.T) {
	var c curve
	var early []record.LossPoint
	for step := range 5000 {
		c.add(step, float64(step), step == 4999)
		if step == 100 {
			early = c.points
		}
	}
	if last := c.points[len(c.points)-1]; last.Step != 4999 {
		t.Errorf("the curve ends with step %d", last.Step)
	}
	loss := c.points[:len(c.points)-1]
	if len(loss) > lossPoints || len(loss) < lossPoints/2-1 || loss[0].Step != 0 {
		t.Fatalf("%d points from %v", len(loss), loss[0])
	}
	for i, p := range loss {
		if p.Step != i*loss[1].Step || float64(p.Value) != float64(p.Step) {
			t.Fatalf("point %d is %v", i, p)
		}
	}
	for i, p := range early {
		if p.Step != i {
			t.Fatalf("an old snapshot changed: point %d is %v", i, p)
		}
	}
}

// The last step is kept also where the curve is full.
func TestLossEndsWithTheLastStep(t *testing.T) {
	for _, steps := range []int{1, 2, lossPoints - 1, lossPoints, lossPoints + 1, 600, 2 * lossPoints, 2*lossPoints + 1} {
		var c curve
		for step := range steps {
			c.add(step, 0, step == steps-1)
		}
		if last := c.points[len(c.points)-1]; last.Step != steps-1 || len(c.points) > lossPoints {
			t.Errorf("%d steps: %d points to step %d", steps, len(c.points), last.Step)
		}
	}
}
