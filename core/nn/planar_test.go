package nn

import (
	"math"
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// Few filters, which are computed many pixels or channels at once, have the bits that they
// have among many, outputs and gradients.
func TestFewFiltersAmongMany(t *testing.T) {
	for _, name := range kernel.Names() {
		k, err := kernel.Select(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []ConvSpec{
			{Filters: 1, Size: 3, Scheme: pad.Must("zeros"), Sides: pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1}, Bias: true},
			{Filters: 5, Size: 3, Scheme: pad.Must("none")},
			{Filters: 8, Size: 2, Dilation: 3, Across: Taps{5, 1, 1}, Scheme: pad.Must("reflect"), Sides: pad.Sides{Top: 2, Right: 1}, Bias: true},
			{Filters: 2, Size: 1, Scheme: pad.Must("none"), Bias: true},
		} {
			in := Shape{13, 17, 150}
			few, err := NewConv("few", in, s)
			if err != nil {
				t.Fatal(err)
			}
			many := s
			many.Filters = 9
			all, err := NewConv("many", in, many)
			if err != nil {
				t.Fatal(err)
			}
			if !few.few() || all.few() {
				t.Fatalf("%+v: few is %v, and with nine filters %v", s, few.few(), all.few())
			}
			few.Fuse(NewReLU("relu", few.Out()))
			all.Fuse(NewReLU("relu", all.Out()))
			const n = 2
			x, w, dy, before := random("x", n*in.Len()), random("w", all.weights()+9), random("dy", n*all.Out().Len()), random("dw", all.weights()+9)
			// own takes the first filters of each run of nine.
			own := func(values []float32) (list []float32) {
				for i, v := range values {
					if i%9 < s.Filters {
						list = append(list, v)
					}
				}
				return list
			}
			for _, fresh := range []bool{true, false} {
				run := func(l *Conv, w, dy, dw []float32) (y, gradient []float32) {
					c := &Call{Kernel: k, N: n, W: w, X: [][]float32{x}, Y: make([]float32, n*l.Out().Len()), DY: dy, Fresh: fresh,
						Saved: make([]float32, n*l.Sizes().Saved), Scratch: random("scratch", max(n*l.Sizes().Scratch, l.Sizes().Once))}
					l.Forward(c)
					for part := range 3 {
						l.Gradient(c, dw, part, 3)
					}
					return c.Y, dw
				}
				length := func(weights, filters int) int {
					if s.Bias {
						weights += filters
					}
					return weights
				}
				wAll, dwAll := w[:length(all.weights(), 9)], append([]float32(nil), before[:length(all.weights(), 9)]...)
				y, dw := run(few, own(wAll), own(dy), own(dwAll))
				wantY, wantDW := run(all, wAll, dy, dwAll)
				for what, pair := range map[string][2][]float32{"y": {y, own(wantY)}, "dw": {dw, own(wantDW)}} {
					for i, v := range pair[1] {
						if got := pair[0][i]; math.Float32bits(got) != math.Float32bits(v) || len(pair[0]) != len(pair[1]) {
							t.Fatalf("%s, %+v, fresh %v: %s[%d] of %d is %g, among nine %g of %d", name, s, fresh, what, i, len(pair[0]), got, v, len(pair[1]))
						}
					}
				}
			}
		}
	}
}
