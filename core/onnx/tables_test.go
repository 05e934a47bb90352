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

// The slopes of every operation of two numbers that has any, against central
// differences of what it makes, which is rounded.
func TestOperationSlopes(t *testing.T) {
	list := map[string]operation{"Max": largest, "Min": smallest, "fmod": fmod}
	for name, op := range operations {
		if !op.truth {
			list[name] = op
		}
	}
	for name, op := range list {
		for _, a := range []float32{-1.75, .75, 2.375} {
			for _, b := range []float32{-1.25, .5, 2} {
				if name == "Pow" && a < 0 {
					continue
				}
				const h = 1. / 256
				for i, f := range []func(a, b float32) float32{op.DA, op.DB} {
					up, down := op.F(a+h, b), op.F(a-h, b)
					if i == 1 {
						up, down = op.F(a, b+h), op.F(a, b-h)
					}
					if got, want := float64(f(a, b)), float64(up-down)/(2*h); !(math.Abs(got-want) <= 1e-3*(1+math.Abs(want))) {
						t.Errorf("%s of %g and %g: slope %d is %g, want %g", name, a, b, i, got, want)
					}
				}
			}
		}
	}
	if d := operations["Pow"].DB(0, 2); d != 0 {
		t.Errorf("0² changes by %g with its exponent", d)
	}
}
