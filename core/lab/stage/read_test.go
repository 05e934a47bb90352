package stage

import (
	"reflect"
	"testing"

	"padlab/core/experiment"
	"padlab/core/metric"
	"padlab/core/position"
	"padlab/core/record"
)

func TestUnconverged(t *testing.T) {
	r := &Read{arm: experiment.Arm{Name: "zeros", Experiment: experiment.Default()}, progress: record.Progress{Status: record.Done, Scores: []metric.Score{
		{Key: metric.Key{Metric: metric.MAE, Target: "H", Images: position.Natural}, Value: .26, Chance: .25},
		{Key: metric.Key{Metric: metric.MAE, Target: "H", Images: position.Black}, Value: .9, Chance: .25},
		{Key: metric.Key{Metric: metric.MAE, Target: "HS", Images: position.Natural}, Value: .67, Chance: .636},
		{Key: metric.Key{Metric: metric.MAE, Target: "V", Images: position.Natural}, Value: .28, Chance: .25},
	}}}
	want := []string{"arm zeros: the read-out of V has not converged: its error is 0.280, that of a constant 0.250"}
	if got := r.unconverged(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
