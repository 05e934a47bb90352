package nn

import (
	"fmt"
	"math"
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// Odd sizes and channels, for every kernel that runs here: forward against the
// formula in float64, backward against forward, for both are the same
// trilinear form: ⟨dy, conv(w, x)⟩ = ⟨dx, x⟩ = ⟨dw, w⟩.
func TestConvSizes(t *testing.T) {
	type size struct{ h, w, in, filters, size, stride int }
	cases := []size{{65, 65, 3, 5, 3, 1}, {65, 33, 1, 130, 3, 2}, {9, 7, 130, 129, 3, 1}, {2, 65, 17, 31, 5, 1}}
	for i := range 24 {
		side := func(k, most int) int { return 1 + (i*k+i*i)%most }
		cases = append(cases, size{side(5, 23), side(7, 19), side(11, 66), side(13, 67), 1 + i%5, 1 + i%3})
	}
	for i, c := range cases {
		scheme := pad.Must([]string{"zeros", "replicate", "circular", "symmetric"}[i%4])
		spec := ConvSpec{Filters: c.filters, Size: c.size, Stride: c.stride, Scheme: scheme, Sides: pad.Same.Sides(c.size)}
		in := Shape{c.h, c.w, c.in}
		l, err := NewConv("conv", in, spec)
		if err != nil {
			t.Fatal(err)
		}
		s := l.Sizes()
		x, w := random(fmt.Sprint("x", i), in.Len()), random(fmt.Sprint("w", i), l.weights())
		dy := random(fmt.Sprint("dy", i), l.Out().Len())
		want := naiveConv(in, spec)(widen(w), widen(x))
		for _, name := range kernel.Names() {
			k, err := kernel.Select(name)
			if err != nil {
				t.Fatal(err)
			}
			call := &Call{Kernel: k, N: 1, W: w, Packed: make([]float32, s.Packed), Saved: make([]float32, s.Saved), Scratch: random("temp", s.Scratch),
				X: [][]float32{x}, DX: [][]float32{make([]float32, len(x))}, Y: make([]float32, len(dy)), DY: dy}
			l.Pack(call.Packed, w, nil)
			l.Forward(call)
			if d := gap(call.Y, want); d > 1e-5 {
				t.Errorf("%s: %+v: forward is off by %g", name, c, d)
			}
			l.Backward(call)
			dw := make([]float32, len(w))
			l.Gradient(call, dw, 0, 1)
			value, scale := inner(dy, call.Y)
			for what, pair := range map[string][2][]float32{"dx": {call.DX[0], x}, "dw": {dw, w}} {
				got, other := inner(pair[0], pair[1])
				if d := math.Abs(got - value); d > 1e-6*math.Max(scale, other) {
					t.Errorf("%s: %+v: ⟨%s⟩ is %g, want %g", name, c, what, got, value)
				}
			}
		}
	}
}

// inner is Σ a·b, and Σ |a·b| as its scale.
func inner(a, b []float32) (sum, scale float64) {
	for i := range a {
		v := float64(a[i]) * float64(b[i])
		sum, scale = sum+v, scale+math.Abs(v)
	}
	return sum, scale
}
