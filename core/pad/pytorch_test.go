package pad

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// What numpy.pad and PyTorch make of the same pictures (testdata/pytorch.py says
// which versions): copies exactly, what is computed within 1e-6 of the largest
// value.
func TestAgainstNumpyAndPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/pytorch.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Scheme, By  string
		Sides       [4]int
		Shape       [3]int
		X, Y, G, DX []float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for i, c := range cases {
		seen[c.Scheme]++
		p, err := NewPlan(Must(c.Scheme), c.Shape[0], c.Shape[1], c.Shape[2], Sides{c.Sides[0], c.Sides[1], c.Sides[2], c.Sides[3]})
		if err != nil {
			t.Fatal(err)
		}
		bound := 0.0
		if p.compute != nil || p.enlarged != nil {
			bound = 1e-6
		}
		compare := func(what string, got []float32, want []float64) {
			if len(got) != len(want) {
				t.Fatalf("case %d, %s by %s: %d values of %s, want %d", i, c.Scheme, c.By, len(got), what, len(want))
			}
			worst, scale := 0.0, 0.0
			for j, w := range want {
				worst, scale = math.Max(worst, math.Abs(float64(got[j])-w)), math.Max(scale, math.Abs(w))
			}
			if worst > bound*scale {
				t.Errorf("case %d, %s by %s with %v: %s is off by %g", i, c.Scheme, c.By, c.Sides, what, worst)
			}
		}
		y := make([]float32, len(c.Y))
		p.Forward(y, narrow(c.X), Pass{})
		compare("y", y, c.Y)
		if len(c.G) > 0 {
			dx := make([]float32, len(c.X))
			p.Adjoint(dx, narrow(c.G), Pass{})
			compare("dx", dx, c.DX)
		}
	}
	if len(seen) != 9 {
		t.Errorf("cases for %d schemes only: %v", len(seen), seen)
	}
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}
