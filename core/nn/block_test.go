package nn

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"padlab/core/pad"
)

// blockCases are the layers on blocks of any number of dimensions, and the
// transposed convolutions, against their formulas.
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
	reductionCases(list)
	for _, c := range []struct {
		in Shape
		s  ConvSpec
	}{
		{Shape{4, 5, 3}, ConvSpec{Filters: 4, Size: 3, Stride: 2, Sides: pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1}, Bias: true}},
		{Shape{3, 4, 4}, ConvSpec{Filters: 6, Size: 2, Stride: 2, Groups: 2}},
		{Shape{3, 4, 4}, ConvSpec{Filters: 4, Size: 3, Dilation: 2, Across: Taps{1, 3, 1}, Sides: pad.Sides{Top: 2, Bottom: 1}, Bias: true}},
		{Shape{2, 3, 5}, ConvSpec{Filters: 2, Size: 3, Stride: 2, Across: Taps{2, 3, 2}, Sides: pad.Sides{Top: 1, Bottom: -2, Left: 2, Right: -1}, Bias: true}},
		{Shape{3, 2, 4}, ConvSpec{Filters: 4, Size: 3, Stride: 3, Dilation: 2, Groups: 4, Sides: pad.Sides{Left: 3, Right: 1}, Bias: true}},
		{Shape{1, 1, 12}, ConvSpec{Filters: 6, Size: 2, Groups: 2, Sides: pad.Sides{Bottom: 1}}},
	} {
		l, err := NewConvTranspose("transposed", c.in, c.s)
		if err != nil {
			t.Fatal(err)
		}
		list[fmt.Sprintf("transposed conv %v %+v", c.in, c.s)] = layerCase{l, each(c.in.Len(), naiveConvTranspose(c.in, l.Out(), c.s))}
		list[fmt.Sprintf("transposed conv on each %v %+v", c.in, c.s)] = layerCase{Each{l, 2}, each(c.in.Len(), naiveConvTranspose(c.in, l.Out(), c.s))}
	}
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

// reductionCases are the layers that make several values of several.
func reductionCases(list map[string]layerCase) {
	in := Shape{3, 4, 6}
	sum := func(s, x float64) float64 { return s + x }
	alike := func(v float64) func(d, _ []float64, _ float64) {
		return func(d, _ []float64, _ float64) {
			for i := range d {
				d[i] = v
			}
		}
	}
	mean := func(n int) (Reduction, func(x []float64) float64) {
		return Reduction{Kind: "mean", Step: sum, End: func(s float64, n int) float64 { return s / float64(n) }, Slopes: alike(1 / float64(n))}, func(x []float64) (y float64) {
			for _, v := range x {
				y += v / float64(len(x))
			}
			return y
		}
	}
	norm := Reduction{
		Kind: "L2 norm", Step: func(s, x float64) float64 { return s + x*x }, End: func(s float64, _ int) float64 { return math.Sqrt(s) },
		Slopes: func(d, x []float64, y float64) {
			for i, v := range x {
				d[i] = v / y
			}
		},
	}
	length := func(x []float64) float64 {
		s := 0.0
		for _, v := range x {
			s += v * v
		}
		return math.Sqrt(s)
	}
	whole := Reduction{Kind: "whole part", Step: sum, End: func(s float64, _ int) float64 { return math.Floor(s) }}
	reduce := func(r Reduction, f func(x []float64) float64, out Shape, dims, steps []int) {
		list[fmt.Sprintf("%s to %v of %v", r.Kind, out, dims)] = layerCase{NewReduce("reduce", r, in, out, dims, steps), each(in.Len(), naiveReduce(out.Len(), dims, steps, f))}
	}
	r, f := mean(3)
	reduce(r, f, Shape{1, 4, 6}, []int{3, 4, 6}, []int{0, 6, 1})
	r, f = mean(18)
	reduce(r, f, Shape{1, 4, 1}, []int{3, 4, 6}, []int{0, 1, 0})
	r, f = mean(72)
	reduce(r, f, Shape{1, 1, 1}, []int{3, 4, 6}, []int{0, 0, 0})
	reduce(norm, length, Shape{3, 4, 1}, []int{3, 4, 6}, []int{4, 1, 0})
	reduce(norm, length, Shape{3, 4, 3}, []int{3, 4, 2, 3}, []int{12, 3, 0, 1})
	reduce(norm, length, Shape{3, 1, 2}, []int{3, 1, 4, 2, 3}, []int{2, 0, 0, 1, 0})
	reduce(whole, func(x []float64) (y float64) {
		for _, v := range x {
			y += v
		}
		return math.Floor(y)
	}, Shape{3, 4, 1}, []int{3, 4, 6}, []int{4, 1, 0})

	for _, block := range [][2]int{{4, 6}, {6, 1}, {12, 6}, {3, 2}} {
		for _, log := range []bool{false, true} {
			l := NewSoftmax("softmax", in, block[0], block[1], log)
			list[fmt.Sprintf("softmax %d, log %v", block, log)] = layerCase{l, naiveSoftmax(block[0], block[1], log)}
			list[fmt.Sprintf("softmax on each %d, log %v", block, log)] = layerCase{Each{l, 2}, naiveSoftmax(block[0], block[1], log)}
		}
	}
	for _, n := range []int{3, 6, 24, 72} {
		l := NewLayerNorm("norm", in, n, 1e-3)
		list[fmt.Sprint("layer norm ", n)] = layerCase{l, naiveLayerNorm(n, 1e-3)}
		list[fmt.Sprint("layer norm on each ", n)] = layerCase{Each{l, 2}, naiveLayerNorm(n, 1e-3)}
	}
	for name, axes := range map[string][2][][]Tap{
		"smaller": {{{{0, 1}}, {{0, .25}, {2, .75}}}, {{{3, 2}}, {{1, 1}, {2, -1}}}},
		"larger":  {{{{0, 1}}, {{0, .5}, {1, .5}}, {{1, 1}}, {{2, .75}, {1, .125}, {2, .125}}}, {{{0, 1}}, {{0, 1}}, {{1, .5}, {3, .5}}, {{3, 1}}, {{2, 1}}}},
	} {
		l := NewInterpolate("resize", in, axes[0], axes[1])
		list["interpolation, "+name] = layerCase{l, each(in.Len(), naiveInterpolate(in, axes[0], axes[1]))}
		list["interpolation on each, "+name] = layerCase{Each{l, 2}, each(in.Len(), naiveInterpolate(in, axes[0], axes[1]))}
	}
	for name, c := range map[string]struct {
		a, b, out Shape
		s         MatMulSpec
	}{
		"the second shared":   {Shape{2, 3, 4}, Shape{1, 4, 5}, Shape{2, 3, 5}, MatMulSpec{M: 3, K: 4, N: 5, A: []int{0, 12}, B: []int{0, 0}}},
		"the first shared":    {Shape{3, 3, 4}, Shape{3, 4, 2}, Shape{3, 3, 2}, MatMulSpec{M: 3, K: 4, N: 2, A: []int{12, 0, 12}, B: []int{0, 16, 8}}},
		"transposed":          {Shape{2, 4, 3}, Shape{2, 4, 5}, Shape{2, 3, 5}, MatMulSpec{M: 3, K: 4, N: 5, A: []int{0, 12}, B: []int{20, 0}, Transposed: true}},
		"transposed, shared":  {Shape{2, 2, 7}, Shape{2, 2, 3}, Shape{2, 7, 3}, MatMulSpec{M: 7, K: 2, N: 3, A: []int{14, 14}, B: []int{0, 6}, Transposed: true}},
		"a row with a column": {Shape{1, 1, 6}, Shape{1, 1, 6}, Shape{1, 1, 1}, MatMulSpec{M: 1, K: 6, N: 1, A: []int{0}, B: []int{0}}},
	} {
		l := NewMatMul("product", c.a, c.b, c.out, c.s)
		list["matrix product, "+name] = layerCase{l, naiveMatMul(c.a.Len(), c.b.Len(), c.s)}
		list["matrix product on each, "+name] = layerCase{Each{l, 2}, naiveMatMul(c.a.Len(), c.b.Len(), c.s)}
	}
}

func naiveReduce(outputs int, dims, steps []int, f func(x []float64) float64) reference {
	return func(_, x []float64) (y []float64) {
		of := make([][]float64, outputs)
		for i, v := range x {
			at, rest := 0, i
			for d := len(dims) - 1; d >= 0; d-- {
				at, rest = at+rest%dims[d]*steps[d], rest/dims[d]
			}
			of[at] = append(of[at], v)
		}
		for _, values := range of {
			y = append(y, f(values))
		}
		return y
	}
}

func naiveSoftmax(n, inner int, log bool) reference {
	return func(_, x []float64) []float64 {
		y := make([]float64, len(x))
		for i := range x {
			first, sum := i/(n*inner)*n*inner+i%inner, 0.0
			for k := range n {
				sum += math.Exp(x[first+k*inner])
			}
			if y[i] = math.Exp(x[i]) / sum; log {
				y[i] = x[i] - math.Log(sum)
			}
		}
		return y
	}
}

func naiveLayerNorm(n int, epsilon float64) reference {
	return func(w, x []float64) (y []float64) {
		for run := range slices.Chunk(x, n) {
			mean, square := 0.0, 0.0
			for _, v := range run {
				mean += v / float64(n)
			}
			for _, v := range run {
				square += (v - mean) * (v - mean) / float64(n)
			}
			for i, v := range run {
				y = append(y, w[i]*(v-mean)/math.Sqrt(square+epsilon)+w[n+i])
			}
		}
		return y
	}
}

func naiveInterpolate(in Shape, rows, columns [][]Tap) reference {
	return func(_, x []float64) (y []float64) {
		for _, r := range rows {
			for _, c := range columns {
				for ch := range in.C {
					sum := 0.0
					for _, a := range r {
						for _, b := range c {
							sum += a.Weight * b.Weight * x[(a.At*in.W+b.At)*in.C+ch]
						}
					}
					y = append(y, sum)
				}
			}
		}
		return y
	}
}

// naiveMatMul gets all first inputs of a batch, and behind them all second ones.
func naiveMatMul(first, second int, s MatMulSpec) reference {
	return func(_, x []float64) (y []float64) {
		samples := len(x) / (first + second)
		for i := range samples {
			a, b := x[i*first:], x[samples*first+i*second:]
			for j := range s.A {
				for m := range s.M {
					for n := range s.N {
						sum := 0.0
						for k := range s.K {
							at := s.A[j] + m*s.K + k
							if s.Transposed {
								at = s.A[j] + k*s.M + m
							}
							sum += a[at] * b[s.B[j]+k*s.N+n]
						}
						y = append(y, sum)
					}
				}
			}
		}
		return y
	}
}

func naiveConvTranspose(in, out Shape, s ConvSpec) reference {
	s.settle()
	channels, filters := in.C/s.Groups, s.Filters/s.Groups
	kernel := s.Size * s.Across.Size * in.C * filters
	return func(w, x []float64) []float64 {
		y := make([]float64, out.Len())
		for i := range y {
			if s.Bias {
				y[i] = w[kernel+i%s.Filters]
			}
		}
		for at, v := range x {
			i, j, c := at/in.C/in.W, at/in.C%in.W, at%in.C
			for k := range kernel / in.C / filters {
				ky, kx := k/s.Across.Size, k%s.Across.Size
				row, col := s.Stride*i+s.Dilation*ky-s.Sides.Top, s.Across.Stride*j+s.Across.Dilation*kx-s.Sides.Left
				if row < 0 || row >= out.H || col < 0 || col >= out.W {
					continue
				}
				for n := range filters {
					y[(row*out.W+col)*s.Filters+c/channels*filters+n] += v * w[(k*in.C+c)*filters+n]
				}
			}
		}
		return y
	}
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

// Forward is linear in either of two factors, x and the other input or w, so that
// ⟨dy, y⟩ = ⟨dx, x⟩ = ⟨what the other gets, the other⟩: for every kernel that runs
// here, and sizes that fill no tile.
func TestBilinearSizes(t *testing.T) {
	var list []Layer
	for _, s := range []ConvSpec{
		{Filters: 34, Size: 3, Stride: 2, Sides: pad.Sides{Top: 1, Left: 1, Bottom: -1}},
		{Filters: 66, Size: 2, Stride: 2, Groups: 2},
		{Filters: 6, Size: 3, Dilation: 3, Across: Taps{5, 3, 1}, Sides: pad.Sides{Left: 2, Right: 3}},
	} {
		l, err := NewConvTranspose("transposed", Shape{7, 19, 38}, s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, l)
	}
	list = append(list,
		NewMatMul("product", Shape{2, 37, 21}, Shape{1, 21, 70}, Shape{2, 37, 70}, MatMulSpec{M: 37, K: 21, N: 70, A: []int{0, 37 * 21}, B: []int{0, 0}}),
		NewMatMul("product", Shape{2, 21, 37}, Shape{2, 21, 3}, Shape{2, 37, 3}, MatMulSpec{M: 37, K: 21, N: 3, A: []int{37 * 21, 0}, B: []int{0, 63}, Transposed: true}))
	const n = 2
	for i, l := range list {
		for _, k := range kernels(t) {
			s := l.Sizes()
			c := &Call{
				Kernel: k, N: n, W: random("w", params(l)), Packed: make([]float32, s.Packed), Scratch: random("scratch", n*s.Scratch),
				Y: make([]float32, n*l.Out().Len()), DY: random("dy", n*l.Out().Len()),
			}
			for j, in := range l.In() {
				c.X, c.DX = append(c.X, random(fmt.Sprint("x", j), n*in.Len())), append(c.DX, make([]float32, n*in.Len()))
			}
			l.Pack(c.Packed, c.W, nil)
			l.Forward(c)
			l.Backward(c)
			dw := make([]float32, len(c.W))
			l.Gradient(c, dw, 0, 1)
			want, scale := inner(c.DY, c.Y)
			compare := func(what string, d, of []float32) {
				if got, other := inner(d, of); !(math.Abs(got-want) <= 1e-6*max(scale, other)) {
					t.Errorf("%s: %s %d: ⟨%s⟩ is %g, want %g", k.Name, l.Kind(), i, what, got, want)
				}
			}
			for j, dx := range c.DX {
				compare(fmt.Sprint("dx", j), dx, c.X[j])
			}
			if len(dw) > 0 {
				compare("dw", dw, c.W)
			}
		}
	}
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
