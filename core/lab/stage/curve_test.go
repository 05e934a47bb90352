package stage

import (
	"math"
	"testing"

	"padlab/core/metric"
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

// A course is of the score beyond guessing where there is one, and bounded.
func TestCourse(t *testing.T) {
	var c metric.Course
	score := func(name string, v metric.Number) metric.Score {
		return metric.Score{Key: metric.Key{Metric: name}, Value: v}
	}
	for step := range 3000 {
		follow(&c, step, []metric.Score{score(metric.Accuracy, 1), score(metric.BeyondGuessing, metric.Number(step)/3000)})
	}
	if n := len(c.Points); c.Metric != metric.BeyondGuessing || n > lossPoints || n < lossPoints/2 || c.Points[0].Step != 0 || c.Points[n-1].Step != 2999 {
		t.Errorf("%s, %d points from %v to %v", c.Metric, n, c.Points[0], c.Points[n-1])
	}
	var other metric.Course
	if follow(&other, 0, []metric.Score{score(metric.SPC, .5)}); other.Metric != metric.SPC {
		t.Errorf("%+v", other)
	}
	if _, ok := stepsToHalf(other, []metric.Score{score(metric.SPC, .5)}); ok {
		t.Error("a rank correlation has a half")
	}
	ceiling := metric.Number(.5)
	for _, s := range []struct {
		ceiling *metric.Number
		want    float64
	}{{nil, 1500}, {&ceiling, 750}, {new(metric.Number), math.NaN()}} {
		beyond := score(metric.BeyondGuessing, 1)
		beyond.Ceiling = s.ceiling
		half, ok := stepsToHalf(c, []metric.Score{beyond})
		if got := float64(half.Value); !ok || math.Abs(got-s.want) > 8 || math.IsNaN(got) != math.IsNaN(s.want) {
			t.Errorf("half of %v after %g steps, want %g", s.ceiling, got, s.want)
		}
	}
}

func TestStepsTo(t *testing.T) {
	points := []metric.StepValue{{Step: 0, Value: .1}, {Step: 10, Value: .3}, {Step: 20, Value: .2}, {Step: 30, Value: .8}}
	for _, at := range []struct{ value, want float64 }{{.05, 0}, {.1, 0}, {.2, 5}, {.3, 10}, {.5, 25}, {.8, 30}, {.81, math.NaN()}} {
		if got := stepsTo(points, at.value); math.Abs(got-at.want) > 1e-9 || math.IsNaN(got) != math.IsNaN(at.want) {
			t.Errorf("%g is reached after %g steps, want %g", at.value, got, at.want)
		}
	}
	if !math.IsNaN(stepsTo(nil, 0)) {
		t.Error("an empty course reaches something")
	}
}
