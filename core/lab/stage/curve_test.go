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
		c.add(step, float64(step))
		if step == 100 {
			early = c.points
		}
	}
	loss := c.points
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
