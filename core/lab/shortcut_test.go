package lab

import (
	"testing"

	"padlab/core/metric"
	"padlab/core/task"
)

// Behind circular padding and global pooling the place changes nothing, exactly, even
// in a network that was trained where it says the class; zeros shows that it could.
func TestPlaceChangesNothingToCircular(t *testing.T) {
	p := pool(t, 2)
	s := finished(t, start(t, quick(t, "task.kind=classify", "task.correlation=1", "net.arch=small_bn", "train.steps=100", "train.eval_every=100", "train.lr=0.01"), p, nil))
	for _, a := range s.Arms {
		var values []metric.Number
		for _, images := range []string{task.AsTrained, task.TestImages, task.Moved} {
			score, ok := metric.Find(a.Scores, metric.Key{Metric: metric.Accuracy, Images: images})
			if !ok {
				t.Fatalf("%s has no score on %s", a.Name, images)
			}
			values = append(values, score.Value)
		}
		switch same := values[0] == values[1] && values[1] == values[2]; {
		case a.Name == "circular" && !same:
			t.Errorf("circular: %v", values)
		case a.Name == "zeros" && !(values[0] > values[1] && values[1] > values[2]):
			t.Errorf("zeros has not learned the shortcut: %v", values)
		}
	}
}
