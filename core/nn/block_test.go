package nn

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"padlab/core/pad"
)

// blockCases are the layers on blocks of any number of dimensions that have a
// backward pass, against their formulas.
func blockCases(t testing.TB) map[string]layerCase {
	list := map[string]layerCase{}
	arrange := func(name string, in, out Shape, fill float32, at ...[]int32) {
		list["arrange "+name] = layerCase{NewArrange("arrange", "arrange", in, out, at, fill), each(in.Len(), naiveArrange(at, float64(fill)))}
	}
	// H×W×C of 3×4×2 transposed to W×C×H, cut, turned round, repeated, filled up.
	arrange("transposed", Shape{3, 4, 2}, Shape{4, 2, 3}, 0, []int32{0, 2, 4, 6}, []int32{0, 1}, []int32{0, 8, 16})
	arrange("cut", Shape{3, 4, 2}, Shape{2, 2, 2}, 0, []int32{8, 16}, []int32{2, 6}, []int32{0, 1})
	arrange("turned round", Shape{3, 4, 2}, Shape{3, 4, 2}, 0, []int32{16, 8, 0}, []int32{6, 4, 2, 0}, []int32{0, 1})
	arrange("repeated", Shape{1, 2, 3}, Shape{4, 2, 3}, 0, []int32{0, 0, 0, 0}, []int32{0, 3}, []int32{0, 1, 2})
	arrange("filled up", Shape{2, 3, 2}, Shape{2, 5, 2}, 0.5, []int32{0, 6}, []int32{Nowhere, 0, 2, 4, Nowhere}, []int32{0, 1})
	arrange("with more channels", Shape{2, 3, 2}, Shape{2, 3, 4}, 0, []int32{0, 6}, []int32{0, 2, 4}, []int32{Nowhere, 0, 1, Nowhere})
	arrange("whole", Shape{2, 3, 2}, Shape{2, 3, 2}, 0, []int32{0, 6}, []int32{0, 2, 4}, []int32{0, 1})
	arrange("shuffled", Shape{2, 2, 6}, Shape{2, 2, 6}, 0, []int32{0, 12}, []int32{0, 6}, []int32{0, 1, 2}, []int32{0, 3})
	for _, to := range []Shape{{1, 1, 24}, {1, 12, 2}, {4, 3, 2}} {
		list[fmt.Sprint("reshape to ", to)] = layerCase{NewReshape("reshape", Shape{3, 4, 2}, to), func(_, x []float64) []float64 { return x }}
	}
	square := Function{Kind: "square", F: func(x float32) float32 { return x * x }, Slope: func(x float32) float32 { return 2 * x }}
	list["map"] = layerCase{NewMap("map", Shape{3, 4, 2}, square), func(_, x []float64) (y []float64) {
		for _, v := range x {
			y = append(y, v*v)
		}
		return y
	}}

	mul := Operation{Kind: "mul", F: func(a, b float32) float32 { return a * b }, DA: func(_, b float32) float32 { return b }, DB: func(a, _ float32) float32 { return a }}
	sub := Operation{Kind: "sub", F: func(a, b float32) float32 { return a - b }, DA: func(_, _ float32) float32 { return 1 }, DB: func(_, _ float32) float32 { return -1 }}
	in := Shape{3, 4, 2}
	whole, dims := []int{8, 2, 1}, []int{3, 4, 2}
	for _, op := range []Operation{mul, sub} {
		f := func(a, b float64) float64 {
			if op.Kind == "mul" {
				return a * b
			}
			return a - b
		}
		list["combine by "+op.Kind] = layerCase{
			NewCombine("combine", op, in, CombineSpec{Dims: dims, Steps: [2][]int{whole, whole}}, in, in),
			func(_, x []float64) (y []float64) {
				for i := range len(x) / 2 {
					y = append(y, f(x[i], x[i+len(x)/2]))
				}
				return y
			},
		}
		constant := []float32{0.5, -2}
		list["combine by "+op.Kind+" with a constant"] = layerCase{
			NewCombine("combine", op, in, CombineSpec{Dims: dims, Steps: [2][]int{whole, {0, 0, 1}}, Constant: constant}, in),
			func(_, x []float64) (y []float64) {
				for i, v := range x {
					y = append(y, f(v, float64(constant[i%2])))
				}
				return y
			},
		}
		list["combine by "+op.Kind+" with weights"] = layerCase{
			NewCombine("combine", op, in, CombineSpec{Dims: dims, Steps: [2][]int{{0, 1, 0}, whole}, Weights: 4, Left: true}, in),
			func(w, x []float64) (y []float64) {
				for i, v := range x {
					y = append(y, f(w[i/2%4], v))
				}
				return y
			},
		}
	}
	few := ConvSpec{Filters: 3, Size: 2, Stride: 2, Scheme: pad.Must("none"), Bias: true}
	conv, err := NewConv("conv", in, few)
	if err != nil {
		t.Fatal(err)
	}
	list["a conv on each of two pictures"] = layerCase{Each{conv, 2}, each(in.Len(), naiveConv(in, few))}
	for _, name := range []string{"zeros", "constant(0.7)", "replicate", "reflect", "circular"} {
		s := ConvSpec{Filters: 2, Size: 1, Groups: 2, Scheme: pad.Must(name), Sides: pad.Sides{Top: 1, Bottom: 2, Left: 2}}
		l, err := NewPad("pad", in, s.Scheme, s.Sides)
		if err != nil {
			t.Fatal(err)
		}
		ones := []float64{1, 1}
		padded := naiveConv(in, s)
		list["pad by "+name] = layerCase{l, each(in.Len(), func(_, x []float64) []float64 { return padded(ones, x) })}
	}
	return list
}

func naiveArrange(at [][]int32, fill float64) reference {
	return func(_, x []float64) (y []float64) {
		var walk func(d int, from int, there bool)
		walk = func(d, from int, there bool) {
			if d == len(at) {
				v := fill
				if there {
					v = x[from]
				}
				y = append(y, v)
				return
			}
			for _, a := range at[d] {
				walk(d+1, from+int(a), there && a != Nowhere)
			}
		}
		walk(0, 0, true)
		return y
	}
}

// Layers that have no backward pass, against their formulas.
func TestForwardOnly(t *testing.T) {
	in := Shape{3, 4, 6}
	x := random("block", in.Len())
	for name, c := range map[string]struct {
		l    Layer
		want func(w, x []float64) []float64
	}{
		"the mean of the rows": {
			NewReduce("mean", Reduction{Kind: "mean", Step: func(s, x float64) float64 { return s + x }, End: func(s float64, n int) float64 { return s / float64(n) }},
				in, Shape{1, 4, 6}, []int{3, 4, 6}, []int{0, 6, 1}),
			func(_, x []float64) []float64 {
				y := make([]float64, 24)
				for i, v := range x {
					y[i%24] += v / 3
				}
				return y
			},
		},
		"softmax along the columns": {NewSoftmax("softmax", in, 4, 6, false), func(_, x []float64) []float64 {
			y := make([]float64, len(x))
			for r := range 3 {
				for c := range 6 {
					sum := 0.0
					for k := range 4 {
						sum += math.Exp(x[r*24+k*6+c])
					}
					for k := range 4 {
						y[r*24+k*6+c] = math.Exp(x[r*24+k*6+c]) / sum
					}
				}
			}
			return y
		}},
		"layer norm": {NewLayerNorm("norm", in, 6, 1e-3), func(w, x []float64) (y []float64) {
			for row := range slices.Chunk(x, 6) {
				mean, square := 0.0, 0.0
				for _, v := range row {
					mean += v / 6
				}
				for _, v := range row {
					square += (v - mean) * (v - mean) / 6
				}
				for i, v := range row {
					y = append(y, w[i]*(v-mean)/math.Sqrt(square+1e-3)+w[6+i])
				}
			}
			return y
		}},
		"interpolation": {NewInterpolate("resize", in, [][]Tap{{{0, 1}}, {{0, .25}, {2, .75}}}, [][]Tap{{{3, 2}}, {{1, 1}, {2, -1}}}), func(_, x []float64) (y []float64) {
			at := func(i, j, c int) float64 { return x[(i*4+j)*6+c] }
			row := func(o, j, c int) float64 {
				if o == 0 {
					return at(0, j, c)
				}
				return .25*at(0, j, c) + .75*at(2, j, c)
			}
			for o := range 2 {
				for c := range 6 {
					y = append(y, 2*row(o, 3, c))
				}
				for c := range 6 {
					y = append(y, row(o, 1, c)-row(o, 2, c))
				}
			}
			return y
		}},
	} {
		t.Run(name, func(t *testing.T) { forwardOnly(t, c.l, [][]float32{x}, c.want(widen(weightsOf(c.l)), widen(x))) })
	}
	a, b := random("a", 2*3*4), random("b", 4*5)
	var want []float64
	for batch := range 2 {
		for m := range 3 {
			for n := range 5 {
				sum := 0.0
				for k := range 4 {
					sum += float64(a[batch*12+m*4+k]) * float64(b[k*5+n])
				}
				want = append(want, sum)
			}
		}
	}
	forwardOnly(t, NewMatMul("product", Shape{2, 3, 4}, Shape{1, 4, 5}, Shape{2, 3, 5}, MatMulSpec{M: 3, K: 4, N: 5, A: []int{0, 12}, B: []int{0, 0}}), [][]float32{a, b}, want)
}

// A transposed convolution is the adjoint of the convolution with the same
// kernel: ⟨conv x, y⟩ = ⟨x, transposed y⟩.
func TestConvTransposeIsAdjoint(t *testing.T) {
	for _, s := range []ConvSpec{
		{Filters: 4, Size: 3, Stride: 2, Sides: pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1}},
		{Filters: 6, Size: 2, Stride: 2, Groups: 2},
		{Filters: 4, Size: 3, Dilation: 2, Across: Taps{1, 3, 1}, Sides: pad.Sides{Top: 2, Bottom: 1}},
	} {
		in := Shape{9, 10, 4}
		s.Scheme = pad.Must("zeros")
		conv, err := NewConv("conv", in, s)
		if err != nil {
			t.Fatal(err)
		}
		back := s
		back.Filters = in.C
		// What the stride of the convolution left behind its last window is not reached.
		full := func(a Axis) int { t := conv.along(a); return (a.Of(conv.Out())-1)*t.Stride + t.span() }
		back.Sides.Bottom -= in.H + s.Sides.Top + s.Sides.Bottom - full(Rows)
		back.Sides.Right -= in.W + s.Sides.Left + s.Sides.Right - full(Columns)
		l, err := NewConvTranspose("transposed", conv.Out(), back)
		if err != nil {
			t.Fatal(err)
		}
		if l.Out() != in {
			t.Fatalf("%+v: %v back from %v, want %v", s, l.Out(), conv.Out(), in)
		}
		w := random("w", conv.weights())
		groups, area := conv.Groups, conv.area()
		mine, theirs := in.C/groups, s.Filters/groups
		turned := make([]float32, len(w)) // [ky][kx][filter][channel of its group]
		for k := range area {
			for g := range groups {
				for c := range mine {
					for f := range theirs {
						turned[(k*s.Filters+g*theirs+f)*mine+c] = w[(k*mine+c)*s.Filters+g*theirs+f]
					}
				}
			}
		}
		x, y := random("x", in.Len()), random("y", conv.Out().Len())
		forward := func(l Layer, w, x []float32) []float32 {
			sizes := l.Sizes()
			c := &Call{Kernel: portable(t), N: 1, W: w, X: [][]float32{x}, Y: make([]float32, l.Out().Len()), Saved: make([]float32, sizes.Saved), Scratch: random("scratch", sizes.Scratch)}
			l.Forward(c)
			return c.Y
		}
		dot := func(a, b []float32) (sum float64) {
			for i := range a {
				sum += float64(a[i]) * float64(b[i])
			}
			return sum
		}
		if a, b := dot(forward(conv, w, x), y), dot(x, forward(l, turned, y)); math.Abs(a-b) > 1e-4*(1+math.Abs(a)) {
			t.Errorf("%+v: ⟨conv x, y⟩ is %g, ⟨x, transposed y⟩ %g", s, a, b)
		}
	}
}

func weightsOf(l Layer) []float32 { return random("w", params(l)) }

func forwardOnly(t *testing.T, l Layer, x [][]float32, want []float64) {
	t.Helper()
	c := &Call{Kernel: portable(t), N: 1, W: weightsOf(l), X: x, Y: random("garbage", l.Out().Len()), Scratch: make([]float32, l.Sizes().Scratch)}
	l.Forward(c)
	for i, v := range want {
		if d := math.Abs(float64(c.Y[i]) - v); !(d <= 1e-5*(1+math.Abs(v))) || len(want) != len(c.Y) {
			t.Fatalf("value %d of %d is %g, want %g of %d", i, len(c.Y), c.Y[i], v, len(want))
		}
	}
	if _, ok := l.(ForwardOnly); !ok {
		t.Error("it has a backward pass")
	}
}
