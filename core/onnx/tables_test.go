package onnx

import (
	"math"
	"testing"

	"padlab/core/nn"
)

// The slopes of every reduction, against central differences of what it makes in
// float64; where that has a corner, against what stands in for the slope there.
func TestSlopes(t *testing.T) {
	positive := [][]float64{{.5}, {1.25, .5, 2, .75}}
	any := append([][]float64{{-.5, 1.25, -2, .75}, {0, 1.5, -2}, {0, .5, 0}}, positive...)
	points := map[string][][]float64{
		"ReduceSum": any, "ReduceMean": any, "ReduceMax": any[:2], "ReduceMin": any[:2], "ReduceProd": any, "ReduceL1": any, "ReduceL2": any,
		"ReduceSumSquare": any, "ReduceLogSum": positive, "ReduceLogSumExp": any, "deviation": any,
	}
	list := map[string]nn.Reduction{"deviation": deviation(1e-3)}
	for name, r := range reductions {
		list[name] = r
	}
	makes := func(r nn.Reduction, x []float64) float64 {
		s := r.Start
		for _, v := range x {
			s = r.Step(s, v)
		}
		if r.End != nil {
			s = r.End(s, len(x))
		}
		return s
	}
	for name, r := range list {
		if len(points[name]) == 0 {
			t.Errorf("%s: no points", name)
		}
		for _, x := range points[name] {
			d := make([]float64, len(x))
			r.Slopes(d, x, makes(r, x))
			for i, v := range x {
				const h = 1e-5
				x[i] = v + h
				up := makes(r, x)
				x[i] = v - h
				down := makes(r, x)
				x[i] = v
				if want := (up - down) / (2 * h); !(math.Abs(d[i]-want) <= 1e-6*(1+math.Abs(want))) {
					t.Errorf("%s of %v: slope %d is %g, want %g", name, x, i, d[i], want)
				}
			}
		}
	}
	for _, c := range []struct {
		name    string
		x, want []float64
	}{
		{"ReduceMax", []float64{2, 1, 2, 2}, []float64{1. / 3, 0, 1. / 3, 1. / 3}},
		{"ReduceMin", []float64{1, 1, 3}, []float64{.5, .5, 0}},
		{"ReduceL2", []float64{0, 0}, []float64{0, 0}},
		{"ReduceL1", []float64{0, -1}, []float64{0, -1}},
	} {
		d := make([]float64, len(c.x))
		r := reductions[c.name]
		r.Slopes(d, c.x, makes(r, c.x))
		for i, want := range c.want {
			if d[i] != want {
				t.Errorf("%s of %v: slopes %v, want %v", c.name, c.x, d, c.want)
				break
			}
		}
	}
}
