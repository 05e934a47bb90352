package nn

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func portable(t testing.TB) *kernel.Kernel {
	k, err := kernel.Select("gonum")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A layerCase is a layer with its formula for a whole batch; of several inputs
// the formula gets one behind the other.
type layerCase struct {
	layer Layer
	naive reference
}

func layerCases(t testing.TB) map[string]layerCase {
	list := map[string]layerCase{}
	conv := func(in Shape, s ConvSpec) {
		l, err := NewConv("conv", in, s)
		if err != nil {
			t.Fatal(err)
		}
		s.Scheme.About = ""
		list[fmt.Sprintf("conv %v→%d %d×%d by %d, dilated %d, across %v, groups %d, %s %v bias %v", in, s.Filters, s.Size, s.Size, s.Stride, s.Dilation, s.Across, s.Groups, s.Scheme.Name, s.Sides, s.Bias)] = layerCase{l, each(in.Len(), naiveConv(in, s))}
	}
	for _, name := range []string{"zeros", "constant(0.7)", "replicate", "reflect", "symmetric", "circular", "circular/zeros", "reflect/circular"} {
		scheme := pad.Must(name)
		conv(Shape{5, 4, 3}, ConvSpec{Filters: 4, Size: 3, Scheme: scheme, Sides: pad.Same.Sides(3), Bias: true})
		conv(Shape{4, 6, 2}, ConvSpec{Filters: 3, Size: 3, Scheme: scheme, Sides: pad.Full.Sides(3), Bias: true})
		conv(Shape{5, 5, 1}, ConvSpec{Filters: 2, Size: 5, Scheme: scheme, Sides: pad.Sides{Top: 2, Left: 1, Right: 3}})
		conv(Shape{6, 5, 2}, ConvSpec{Filters: 3, Size: 3, Stride: 2, Scheme: scheme, Sides: pad.Same.Sides(3), Bias: true})
		conv(Shape{7, 9, 4}, ConvSpec{Filters: 6, Size: 3, Stride: 3, Dilation: 2, Groups: 2, Scheme: scheme, Sides: pad.Sides{Top: 1, Bottom: 2, Left: 2}, Bias: true})
		conv(Shape{6, 6, 3}, ConvSpec{Filters: 2, Size: 2, Stride: 2, Dilation: 4, Scheme: scheme, Sides: pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 2}})
		conv(Shape{6, 8, 3}, ConvSpec{Filters: 2, Size: 1, Across: Taps{Size: 4}, Scheme: scheme, Sides: pad.Sides{Left: 2, Right: 1}, Bias: true})
		conv(Shape{8, 5, 2}, ConvSpec{Filters: 3, Size: 3, Stride: 2, Across: Taps{1, 1, 1}, Scheme: scheme, Sides: pad.Sides{Top: 1, Bottom: 1}})
		conv(Shape{9, 7, 4}, ConvSpec{Filters: 6, Size: 2, Stride: 1, Dilation: 3, Across: Taps{3, 2, 1}, Groups: 2, Scheme: scheme, Sides: pad.Sides{Top: 1, Left: 2, Right: 1}, Bias: true})
		conv(Shape{5, 5, 3}, ConvSpec{Filters: 3, Size: 3, Dilation: 2, Groups: 3, Scheme: scheme, Sides: pad.Sides{Top: 2, Bottom: 2, Left: 2, Right: 2}})
	}
	conv(Shape{4, 6, 2}, ConvSpec{Filters: 3, Size: 5, Scheme: pad.Must("circular/pole"), Sides: pad.Same.Sides(5), Bias: true})
	conv(Shape{3, 8, 4}, ConvSpec{Filters: 4, Size: 3, Stride: 2, Groups: 2, Scheme: pad.Must("circular/pole"), Sides: pad.Same.Sides(3)})
	none := pad.Must("none")
	conv(Shape{3, 5, 4}, ConvSpec{Filters: 17, Size: 3, Scheme: none, Bias: true})
	conv(Shape{3, 3, 2}, ConvSpec{Filters: 2, Size: 3, Scheme: none})
	conv(Shape{4, 3, 5}, ConvSpec{Filters: 3, Size: 1, Scheme: none, Bias: true})
	conv(Shape{5, 6, 4}, ConvSpec{Filters: 3, Size: 1, Stride: 2, Scheme: none})
	conv(Shape{7, 7, 2}, ConvSpec{Filters: 3, Size: 2, Stride: 4, Scheme: none})
	conv(Shape{6, 5, 2}, ConvSpec{Filters: 2, Size: 4, Scheme: pad.Must("zeros"), Sides: pad.Same.Sides(4), Bias: true})
	conv(Shape{9, 9, 2}, ConvSpec{Filters: 4, Size: 7, Stride: 2, Scheme: pad.Must("zeros"), Sides: pad.Same.Sides(7)})
	conv(Shape{1, 1, 1}, ConvSpec{Filters: 1, Size: 3, Scheme: pad.Must("circular"), Sides: pad.Same.Sides(3), Bias: true})

	add := func(name string, in Shape, f reference) func(Layer, error) {
		return func(l Layer, err error) {
			if err != nil {
				t.Fatal(err)
			}
			list[fmt.Sprintf("%s %v", name, in)] = layerCase{l, f}
		}
	}
	for _, in := range []Shape{{4, 6, 3}, {5, 7, 2}, {2, 2, 1}} {
		add("max-pool", in, each(in.Len(), naiveMaxPool(in, PoolSpec{Size: 2, Stride: 2})))(NewMaxPool("pool", in, PoolSpec{Size: 2}))
	}
	for _, in := range []Shape{{7, 6, 1}, {5, 8, 2}} {
		for _, s := range []PoolSpec{
			{Size: 3, Stride: 2}, {Size: 3, Stride: 2, Ceil: true}, {Size: 3, Stride: 2, Pad: 1, Ceil: true}, {Size: 2, Stride: 2, Ceil: true},
			{Size: 3, Stride: 1, Pad: 1}, {Size: 2, Stride: 3, Pad: 1, Ceil: true}, {Size: 2, Stride: 2, Pad: 1, Inside: true}, {Size: 1, Stride: 2},
			{Size: 3, Stride: 2, Across: Taps{Size: 2, Stride: 1}}, {Size: 1, Stride: 1, Across: Taps{Size: 3, Stride: 2}, Uneven: pad.Sides{Left: 1, Right: 2}, Ceil: true},
			{Size: 3, Stride: 2, Uneven: pad.Sides{Bottom: 1, Right: 1}}, {Size: 3, Stride: 2, Uneven: pad.Sides{Top: 2, Left: 1, Right: 2}, Inside: true},
		} {
			add(fmt.Sprintf("max-pool %+v", s), in, each(in.Len(), naiveMaxPool(in, s)))(NewMaxPool("pool", in, s))
			add(fmt.Sprintf("average pool %+v", s), in, each(in.Len(), naiveAveragePool(in, s)))(NewAveragePool("pool", in, s))
		}
		for _, name := range []string{"zeros", "constant(0.7)", "replicate", "reflect", "symmetric", "circular"} {
			for _, s := range []PoolSpec{{Size: 3, Stride: 2, Pad: 1}, {Size: 3, Stride: 2, Pad: 1, Ceil: true}, {Size: 4, Stride: 3, Pad: 2}, {Size: 3, Stride: 2}} {
				s.Scheme = pad.Must(name)
				what := fmt.Sprintf("pool %d by %d, %s %d, ceil %v", s.Size, s.Stride, name, s.Pad, s.Ceil)
				add("max-"+what, in, each(in.Len(), naivePadded(in, s, naiveMaxPool)))(NewMaxPool("pool", in, s))
				add("average "+what, in, each(in.Len(), naivePadded(in, s, naiveAveragePool)))(NewAveragePool("pool", in, s))
			}
		}
	}
	for _, in := range []Shape{{4, 3, 6}, {1, 4, 6}} {
		for _, groups := range []int{1, 2, 3, 6} {
			add(fmt.Sprintf("group norm %d", groups), in, each(in.Len(), naiveGroupNorm(in, groups)))(NewGroupNorm("norm", in, groups))
		}
		for _, to := range []Shape{{4, 3, 0}, {7, 5, 0}, {1, 6, 0}, {2, 1, 0}} {
			name := fmt.Sprintf("to %d×%d", to.H, to.W)
			add("crop "+name, in, each(in.Len(), naiveCrop(in, to.H, to.W)))(NewCrop("crop", in, to.H, to.W), nil)
			for _, corners := range []bool{false, true} {
				add(fmt.Sprintf("resize %s %v", name, corners), in, each(in.Len(), naiveResize(in, to.H, to.W, corners)))(NewResize("resize", in, to.H, to.W, corners), nil)
			}
		}
		for _, to := range []Shape{{in.H, in.W - 1, 0}, {1, 2, 0}} {
			add(fmt.Sprintf("cut to %d×%d", to.H, to.W), in, each(in.Len(), func(_, x []float64) (y []float64) {
				for i := range to.H {
					y = append(y, x[i*in.W*in.C:(i*in.W+to.W)*in.C]...)
				}
				return y
			}))(NewCut("cut", in, to.H, to.W), nil)
		}
		vector := Shape{1, 1, in.Len()}
		add("dropout", in, naiveDropout(in.Len(), "dropout drop", 0.3))(NewDropout("drop", in, 0.3))
		add("no dropout", in, naiveDropout(in.Len(), "dropout drop", 0))(NewDropout("drop", in, 0))
		add("permute", vector, naivePermute(in.Len(), "permutation order"))(NewPermute("order", vector))
		add("concat", in, naiveConcat(in, 3))(NewConcat("concat", in, in, in))
		add("concat of one", in, naiveConcat(in, 1))(NewConcat("concat", in))
	}
	for _, in := range []Shape{{4, 6, 3}, {1, 1, 5}, {2, 3, 17}} {
		add("clamp", in, naiveClamp(-0.5, 0.75))(NewClamp("clamp", in, -0.5, 0.75), nil)
		add("leaky relu", in, naiveLeakyReLU(0.125))(NewLeakyReLU("relu", in, 0.125), nil)
		add("sigmoid", in, naiveSigmoid)(NewSigmoid("sigmoid", in), nil)
		add("gmp", in, each(in.Len(), naiveLargest(in)))(NewGlobalMaxPool("gmp", in), nil)
		list[fmt.Sprintf("relu %v", in)] = layerCase{NewReLU("relu", in), naiveReLU}
		list[fmt.Sprintf("add %v", in)] = layerCase{NewAdd("add", in), naiveSum}
		list[fmt.Sprintf("gap %v", in)] = layerCase{NewGlobalAveragePool("gap", in), each(in.Len(), naiveMean(in))}
		list[fmt.Sprintf("linear %v", in)] = layerCase{NewLinear("linear", in, 7), each(in.Len(), naiveLinear(in.Len(), 7))}
		list[fmt.Sprintf("batch norm %v", in)] = layerCase{NewBatchNorm("norm", in), naiveNorm(in)}
	}
	maps.Copy(list, borderCases(t))
	maps.Copy(list, blockCases(t))
	return list
}

func params(l Layer) (n int) {
	for _, p := range l.Params() {
		if !p.State {
			n += p.Len()
		}
	}
	return n
}

func random(purpose string, n int) []float32 {
	s := rng.New(7, purpose)
	x := make([]float32, n)
	s.Uniform(x, 1)
	return x
}

// Every layer against its formula in float64, and its gradients against the
// formula's central differences, for a batch of three samples. How many pieces dw
// comes in does not change a bit, nor that it is set, nor that a dx is not wanted.
func TestLayers(t *testing.T) {
	const n = 3
	for name, c := range layerCases(t) {
		t.Run(name, func(t *testing.T) {
			l, sizes := c.layer, c.layer.Sizes()
			in, inputs, out := l.In()[0].Len(), 0, l.Out().Len()
			for _, s := range l.In() {
				inputs += s.Len()
			}
			call := &Call{
				Kernel: portable(t), N: n, Training: true, Seed: drawSeed, Step: drawStep, First: drawFirst, W: random("w"+name, params(l)), Packed: make([]float32, sizes.Packed),
				Saved: make([]float32, n*sizes.Saved), Scratch: random("temp", n*sizes.Scratch), Indices: make([]int32, n*sizes.Indices), Batch: make([]float32, sizes.Batch),
			}
			norm, isNorm := l.(*BatchNorm)
			if isNorm {
				call.State = make([]float32, 2*in)
			}
			l.Pack(call.Packed, call.W, call.State)
			for pass := range 2 { // the second finds used memory
				x := random(fmt.Sprint("x", pass, name), n*inputs)
				dx := random("rubbish", len(x))
				call.X, call.DX = nil, nil
				from := 0
				for _, s := range l.In() {
					to := from + n*s.Len()
					call.X, call.DX = append(call.X, x[from:to:to]), append(call.DX, dx[from:to:to])
					from = to
				}
				call.DY = random(fmt.Sprint("dy", pass, name), n*out)
				call.Y = random("garbage", n*out)
				w64, x64 := widen(call.W), widen(x)

				if isNorm {
					norm.Accumulate(call)
					norm.Reduce(call.Batch, call.W, call.Saved, n)
				}
				l.Forward(call)
				want := c.naive(w64, x64)
				if len(want) != len(call.Y) {
					t.Fatalf("%d outputs, want %d", len(call.Y), len(want))
				}
				if d := gap(call.Y, want); d > 2e-6 {
					t.Errorf("forward is off by %g", d)
				}

				loss := func() float64 {
					sum := 0.0
					for i, v := range c.naive(w64, x64) {
						sum += v * float64(call.DY[i])
					}
					return sum
				}
				if isNorm {
					norm.AccumulateGradient(call)
					norm.ReduceGradient(call.Batch, call.W, call.Saved, n)
				}
				l.Backward(call)
				dw := make([]float32, len(call.W))
				l.Gradient(call, dw, 0, 1)
				wantX, wantW := make([]float64, len(x)), make([]float64, len(call.W))
				for i := range x64 {
					wantX[i] = slope(x64, i, loss)
				}
				for i := range w64 {
					wantW[i] = slope(w64, i, loss)
				}
				if d := gap(dx, wantX); d > 1e-5 {
					t.Errorf("dx is off by %g", d)
				}
				if d := gap(dw, wantW); d > 1e-5 {
					t.Errorf("dw is off by %g", d)
				}
				parts, set := make([]float32, len(dw)), random("old", len(dw))
				for part := range 5 {
					l.Gradient(call, parts, part, 5)
				}
				call.Fresh = true
				for part := range 2 {
					l.Gradient(call, set, part, 2)
				}
				call.Fresh = false
				if !slices.Equal(parts, dw) || !slices.Equal(set, dw) {
					t.Error("the gradient in five parts, or set in two, has other bits")
				}
				all := slices.Clone(dx)
				for i, one := range call.DX {
					old := slices.Clone(one)
					clear(dx)
					call.DX[i] = nil
					l.Backward(call)
					call.DX[i] = one
					if copy(one, old); !slices.Equal(dx, all) {
						t.Errorf("without dx %d others have other bits", i)
					}
				}
				// What is not retained is gone.
				retainsX, retainsY := l.Retains()
				if !retainsX {
					copy(x, random("later", len(x)))
				}
				if !retainsY {
					copy(call.Y, random("later", len(call.Y)))
				}
				l.Backward(call)
				clear(parts)
				l.Gradient(call, parts, 0, 1)
				if !slices.Equal(dx, all) || !slices.Equal(parts, dw) {
					t.Error("the gradients read what the layer does not retain")
				}
				again := slices.Clone(dw)
				l.Gradient(call, again, 0, 1)
				for i := range again {
					if math.Abs(float64(again[i]-2*dw[i])) > 1e-4*math.Max(1, math.Abs(float64(dw[i]))) {
						t.Fatalf("dw is not added to: %g after %g", again[i], dw[i])
					}
				}
			}
		})
	}
}

func TestCrossEntropy(t *testing.T) {
	z := []float32{1.5, -2, 0.25, 40, -90}
	for label := range z {
		dz := make([]float32, len(z))
		got := CrossEntropy(portable(t), make([]float64, len(z)), dz, z, label, 0.5)
		z64 := widen(z)
		if want := naiveCrossEntropy(z64, label); math.Abs(got-want) > 1e-12*math.Max(1, want) {
			t.Errorf("label %d: loss %g, want %g", label, got, want)
		}
		want := make([]float64, len(z))
		for i := range z {
			want[i] = slope(z64, i, func() float64 { return 0.5 * naiveCrossEntropy(z64, label) })
		}
		if d := gap(dz, want); d > 1e-6 {
			t.Errorf("label %d: gradient %v, want %v", label, dz, want)
		}
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		if l := CrossEntropy(portable(t), make([]float64, 2), make([]float32, 2), []float32{bad, 0}, 1, 1); l-l == 0 {
			t.Errorf("a logit of %g gives the finite loss %g", bad, l)
		}
	}
}

func TestNaNIsNotLost(t *testing.T) {
	nan := float32(math.NaN())
	relu := NewReLU("r", Shape{1, 1, 1})
	pool, _ := NewMaxPool("p", Shape{2, 2, 1}, PoolSpec{Size: 2})
	wide, _ := NewMaxPool("p", Shape{2, 2, 1}, PoolSpec{Size: 3, Pad: 1})
	leaky, sigmoid := NewLeakyReLU("l", Shape{1, 1, 1}, 0), NewSigmoid("s", Shape{1, 1, 1})
	call := &Call{Kernel: portable(t), N: 1, Y: []float32{0}, Indices: make([]int32, 1)}
	for i := range 4 {
		x := []float32{1, 2, 3, 4}
		x[i] = nan
		call.X = [][]float32{x}
		for _, l := range []Layer{pool, wide, NewGlobalMaxPool("g", Shape{2, 2, 1})} {
			if l.Forward(call); call.Y[0] == call.Y[0] {
				t.Errorf("%T of %v is %g", l, x, call.Y[0])
			}
		}
	}
	call.X, call.Y = [][]float32{{nan}}, []float32{0}
	for _, l := range []Layer{relu, leaky, sigmoid} {
		if l.Forward(call); call.Y[0] == call.Y[0] {
			t.Errorf("%T of NaN is %g", l, call.Y[0])
		}
	}
}

// net builds a network; what build returns is left to the last node.
func net(t testing.TB, in Shape, build func(b *Builder)) *Net {
	b := NewBuilder(in)
	build(b)
	n, err := b.Net(portable(t))
	if err != nil {
		t.Fatal(err)
	}
	n.Init(3)
	return n
}

// tiny is a whole network with few enough weights for central differences.
func tiny(t testing.TB) (*Net, reference) {
	in, scheme := Shape{6, 5, 2}, pad.Must("reflect")
	n := net(t, in, func(b *Builder) {
		x := b.Conv("conv1", Sample, 3, 3, 1, scheme, pad.Same, true)
		x = b.MaxPool("pool1", b.ReLU("relu1", x))
		x = b.ReLU("relu2", b.Conv("conv2", x, 2, 3, 1, scheme, pad.Same, false))
		b.Linear("linear", b.GlobalAveragePool("gap", x), 4)
	})
	spec := ConvSpec{Filters: 3, Size: 3, Scheme: scheme, Sides: pad.Same.Sides(3), Bias: true}
	conv1 := naiveConv(in, spec)
	spec.Filters, spec.Bias = 2, false
	conv2 := naiveConv(Shape{3, 2, 3}, spec)
	return n, each(in.Len(), func(w, x []float64) []float64 {
		x = naiveMaxPool(Shape{6, 5, 3}, PoolSpec{Size: 2, Stride: 2})(nil, naiveReLU(nil, conv1(w[:57], x)))
		x = naiveMean(Shape{3, 2, 2})(nil, naiveReLU(nil, conv2(w[57:111], x)))
		return naiveLinear(2, 4)(w[111:], x)
	})
}

// block is a residual block with two batch norms and a strided shortcut with
// one of its own, whose output is taken twice; what it computes needs the whole
// batch.
func block(t testing.TB) (*Net, reference) {
	in, scheme := Shape{6, 5, 2}, pad.Must("replicate")
	n := net(t, in, func(b *Builder) {
		x := b.ReLU("relu1", b.Conv("conv1", Sample, 2, 3, 1, scheme, pad.Same, true))
		short := b.BatchNorm("norm0", b.Conv("conv0", x, 3, 1, 2, scheme, pad.Same, false))
		x = b.ReLU("relu2", b.BatchNorm("norm1", b.Conv("conv2", x, 3, 3, 2, scheme, pad.Same, false)))
		x = b.BatchNorm("norm2", b.Conv("conv3", x, 3, 3, 1, scheme, pad.Same, false))
		x = b.ReLU("relu3", b.Add("add", x, short))
		x = b.Add("again", b.Conv("conv4", x, 3, 1, 1, scheme, pad.Same, true), x)
		b.Linear("linear", b.GlobalAveragePool("gap", x), 4)
	})
	same := pad.Same.Sides(3)
	conv1 := each(60, naiveConv(in, ConvSpec{Filters: 2, Size: 3, Scheme: scheme, Sides: same, Bias: true}))
	conv0 := each(60, naiveConv(in, ConvSpec{Filters: 3, Size: 1, Stride: 2, Scheme: scheme}))
	conv2 := each(60, naiveConv(in, ConvSpec{Filters: 3, Size: 3, Stride: 2, Scheme: scheme, Sides: same}))
	conv3 := each(27, naiveConv(Shape{3, 3, 3}, ConvSpec{Filters: 3, Size: 3, Scheme: scheme, Sides: same}))
	conv4 := each(27, naiveConv(Shape{3, 3, 3}, ConvSpec{Filters: 3, Size: 1, Scheme: scheme, Bias: true}))
	norm := naiveNorm(Shape{3, 3, 3})
	return n, func(w, x []float64) []float64 {
		take := func(n int) (part []float64) { part, w = w[:n], w[n:]; return part }
		x = naiveReLU(nil, conv1(take(38), x))
		short := norm(w[6:], conv0(take(6), x))
		take(6)
		x = naiveReLU(nil, norm(w[54:], conv2(take(54), x)))
		take(6)
		x = norm(w[81:], conv3(take(81), x))
		take(6)
		x = naiveReLU(nil, naiveSum(nil, append(x, short...)))
		x = naiveSum(nil, append(conv4(take(12), x), x...))
		return each(3, naiveLinear(3, 4))(w, each(27, naiveMean(Shape{3, 3, 3}))(nil, x))
	}
}

// branches is a graph of everything else: outputs that several layers take,
// and layers that must not work in place on each other. Both inputs of its
// first sum have other takers, so that their gradients are added to.
func branches(t testing.TB) (*Net, reference) {
	in, scheme := Shape{5, 4, 2}, pad.Must("zeros")
	spec := PoolSpec{Size: 3, Stride: 2, Pad: 1, Ceil: true}
	n := net(t, in, func(b *Builder) {
		x := b.LeakyReLU("leaky1", b.Conv("conv1", Sample, 3, 3, 1, scheme, pad.Same, true), 0.125)
		y := b.Sigmoid("sigmoid", b.LeakyReLU("leaky2", b.Conv("conv2", x, 3, 3, 1, scheme, pad.Same, true), 0.5))
		sum := b.Add("add", x, y)
		all := b.Concat("concat", b.MaxPoolOf("pool1", sum, spec), b.AveragePool("pool2", x, spec), b.AveragePool("pool3", y, spec))
		all = b.Resize("resize", b.GroupNorm("norm", all, 3), 5, 2, false)
		b.Linear("linear", b.GlobalMaxPool("gmp", b.Crop("crop", all, 3, 4)), 4)
	})
	picture := Shape{5, 4, 3}
	conv := ConvSpec{Filters: 3, Size: 3, Scheme: scheme, Sides: pad.Same.Sides(3), Bias: true}
	conv1, conv2 := naiveConv(in, conv), naiveConv(picture, conv)
	return n, each(in.Len(), func(w, x []float64) []float64 {
		x = naiveLeakyReLU(0.125)(nil, conv1(w[:57], x))
		y := naiveSigmoid(nil, naiveLeakyReLU(0.5)(nil, conv2(w[57:141], x)))
		all := naiveMaxPool(picture, spec)(nil, naiveSum(nil, append(slices.Clone(x), y...)))
		all = append(append(all, naiveAveragePool(picture, spec)(nil, x)...), naiveAveragePool(picture, spec)(nil, y)...)
		all = naiveGroupNorm(Shape{3, 3, 9}, 3)(w[141:159], naiveConcat(Shape{3, 3, 3}, 3)(nil, all))
		all = naiveCrop(Shape{5, 2, 9}, 3, 4)(nil, naiveResize(Shape{3, 3, 9}, 5, 2, false)(nil, all))
		return naiveLinear(9, 4)(w[159:], naiveLargest(Shape{3, 4, 9})(nil, all))
	})
}

// chance is a chain of layers that draw, and chanceBlock one with a batch norm,
// which is trained level by level.
func chance(t testing.TB) (*Net, reference) {
	return net(t, Shape{4, 4, 2}, func(b *Builder) {
		x := b.Dropout("drop1", b.ReLU("relu", b.Conv("conv", b.Dropout("drop0", Sample, 0.2), 6, 3, 1, pad.Must("zeros"), pad.Same, true)), 0.5)
		b.Linear("linear", b.Permute("permute", b.GlobalAveragePool("gap", x)), 4)
	}), nil
}

func chanceBlock(t testing.TB) (*Net, reference) {
	return net(t, Shape{4, 4, 2}, func(b *Builder) {
		x := b.Dropout("drop1", b.ReLU("relu", b.BatchNorm("norm", b.Conv("conv", b.Dropout("drop0", Sample, 0.2), 6, 3, 1, pad.Must("zeros"), pad.Same, false))), 0.5)
		b.Linear("linear", b.Permute("permute", b.GlobalAveragePool("gap", x)), 4)
	}), nil
}

func sampler(step int) Sampler {
	return func(i int, x []float32) int {
		copy(x, random(fmt.Sprintf("sample %d %d", step, i), len(x)))
		return (step + i*i) % 4
	}
}

// networks are a chain and a graph, trained sample by sample, and a graph with
// batch norms, trained level by level.
var networks = map[string]func(t testing.TB) (*Net, reference){"chain": tiny, "branches": branches, "block": block}

// drawing are networks that have no formula: they draw.
var drawing = map[string]func(t testing.TB) (*Net, reference){"chance": chance, "chance block": chanceBlock}

// every is networks and drawing.
func every() map[string]func(t testing.TB) (*Net, reference) {
	all := maps.Clone(networks)
	maps.Copy(all, drawing)
	return all
}

// Ten consecutive losses of a whole network, against float64, central
// differences and the optimisers' formulas.
func TestTenLosses(t *testing.T) {
	optimizers := map[string]func(n int) (Optimizer, func(w, g []float64)){
		"sgd": func(n int) (Optimizer, func(w, g []float64)) {
			v := make([]float64, n)
			return NewSGD(n, SGDOptions{LR: Constant(0.1), Momentum: 0.9}), func(w, g []float64) {
				for i := range w {
					v[i] = 0.9*v[i] + g[i]
					w[i] -= 0.1 * v[i]
				}
			}
		},
		"adam": func(n int) (Optimizer, func(w, g []float64)) {
			m, v, step := make([]float64, n), make([]float64, n), 0.0
			return NewAdam(n, AdamOptions{LR: Constant(0.01)}), func(w, g []float64) {
				step++
				for i := range w {
					m[i] = 0.9*m[i] + 0.1*g[i]
					v[i] = 0.999*v[i] + 0.001*g[i]*g[i]
					w[i] -= 0.01 * (m[i] / (1 - math.Pow(0.9, step))) / (math.Sqrt(v[i]/(1-math.Pow(0.999, step))) + 1e-8)
				}
			}
		},
	}
	for networkName, network := range networks {
		for name, newOptimizer := range optimizers {
			t.Run(networkName+"/"+name, func(t *testing.T) {
				const batch = 5
				net, forward := network(t)
				optimizer, update := newOptimizer(net.Trainable)
				trainer := NewTrainer(net, optimizer, batch, 2)
				crew := kernel.NewCrew(2)
				defer crew.Close()
				w := widen(net.W[:net.Trainable])
				for step := range 10 {
					var xs []float64
					var labels [batch]int
					for i := range batch {
						x := make([]float32, net.In.Len())
						labels[i] = sampler(step)(i, x)
						xs = append(xs, widen(x)...)
					}
					mean := func() float64 {
						sum, z := 0.0, forward(w, xs)
						for i := range batch {
							sum += naiveCrossEntropy(z[4*i:4*i+4], labels[i]) / batch
						}
						return sum
					}
					want, g := mean(), make([]float64, len(w))
					for i := range w {
						g[i] = slope(w, i, mean)
					}
					update(w, g)
					got, finite := trainer.Step(crew, sampler(step))
					if !finite || math.Abs(got-want) > 2e-5*want {
						t.Errorf("step %d: loss %.8f, want %.8f", step, got, want)
					}
				}
			})
		}
	}
}

// Same experiment, same bits: whatever the number of workers.
func TestWorkersDoNotChangeBits(t *testing.T) {
	for name, network := range every() {
		run := func(workers int) (losses []float64, sum string) {
			net, _ := network(t)
			trainer := NewTrainer(net, NewAdam(net.Trainable, AdamOptions{LR: Constant(0.01)}), 37, workers)
			crew := kernel.NewCrew(workers)
			defer crew.Close()
			for step := range 12 {
				l, _ := trainer.Step(crew, sampler(step))
				losses = append(losses, l)
			}
			return losses, net.SHA256()
		}
		wantLosses, want := run(1)
		for _, workers := range []int{2, 3, 8, 40} {
			losses, sum := run(workers)
			if sum != want {
				t.Errorf("%s, %d workers: other weights", name, workers)
			}
			if !slices.Equal(losses, wantLosses) {
				t.Errorf("%s, %d workers: losses %v, with one worker %v", name, workers, losses, wantLosses)
			}
		}
	}
}

// What a sample loses is keyed by seed, step and its place in the batch, sample
// by sample and level by level alike; a step that diverges counts.
func TestDrawsAreKeyed(t *testing.T) {
	const batch, values = 19, 12
	for name, build := range map[string]func(b *Builder){
		"chain": func(b *Builder) { b.Dropout("drop", Sample, 0.5) },
		"norm":  func(b *Builder) { b.Dropout("drop", b.BatchNorm("norm", Sample), 0.5) },
	} {
		n := net(t, Shape{2, 2, 3}, build)
		trainer := NewTrainer(n, NewSGD(n.Trainable, SGDOptions{LR: Constant(0)}), batch, 3)
		trainer.Seed = 21
		crew := kernel.NewCrew(3)
		defer crew.Close()
		for step := range uint64(3) {
			diverge := step == 1
			var lost [batch][values]bool
			_, finite := trainer.StepWithLoss(crew, func(i int, x []float32) {
				copy(x, random(fmt.Sprint("keyed", i), values))
			}, func(_ *LossScratch, i int, dz, z []float32) float64 {
				clear(dz)
				for j, v := range z {
					lost[i][j] = v == 0
				}
				if diverge {
					return math.NaN()
				}
				return 0
			})
			if finite == diverge || trainer.Steps != step+1 {
				t.Errorf("%s, step %d: finite is %v, then %d steps are made", name, step, finite, trainer.Steps)
			}
			for i := range batch {
				s := rng.New(21, "dropout drop", step, uint64(i))
				for j := range values {
					if want := s.Float32() < 0.5; lost[i][j] != want {
						t.Fatalf("%s, step %d, sample %d, value %d: lost is %v", name, step, i, j, lost[i][j])
					}
				}
			}
		}
	}
}

// Outside training nothing is dropped, and a tape's Seed and Step say how
// channels are permuted.
func TestTapesDraw(t *testing.T) {
	n := net(t, Shape{1, 1, 50}, func(b *Builder) { b.Permute("order", b.Dropout("drop", Sample, 0.9)) })
	tape := n.NewTape()
	x := random("tape", 50)
	for step := range uint64(2) {
		copy(tape.Input(), x)
		tape.Seed, tape.Step = 4, step
		s, order := rng.New(4, "permutation order", step, 0), make([]int32, 50)
		s.Permutation(order)
		y := tape.Forward()
		for c, from := range order {
			if y[c] != x[from] {
				t.Fatalf("step %d: channel %d is %g, want %g", step, c, y[c], x[from])
			}
		}
	}
}

// StepOn with the mean squared error of a whole batch follows its gradient.
func TestStepOn(t *testing.T) {
	const batch, outputs, rate = 5, 3, 0.5
	n := net(t, Shape{1, 2, 2}, func(b *Builder) { b.Linear("linear", Sample, outputs) })
	target := func(i int) []float32 { return random(fmt.Sprint("target", i), outputs) }
	input := func(i int) []float32 { return random(fmt.Sprint("input", i), 4) }
	w := widen(n.W)
	mean := func() (sum float64) {
		for i := range batch {
			for o, y := range naiveLinear(4, outputs)(w, widen(input(i))) {
				d := y - float64(target(i)[o])
				sum += d * d / (batch * outputs)
			}
		}
		return sum
	}
	want, after := mean(), make([]float64, len(w))
	for i := range w {
		after[i] = w[i] - rate*slope(w, i, mean)
	}
	trainer := NewTrainer(n, NewSGD(n.Trainable, SGDOptions{LR: Constant(rate)}), batch, 2)
	crew := kernel.NewCrew(2)
	defer crew.Close()
	got, finite := trainer.StepWithLoss(crew, func(i int, x []float32) { copy(x, input(i)) },
		func(_ *LossScratch, i int, dz, z []float32) float64 {
			loss := 0.0
			for j, v := range z {
				d := v - target(i)[j]
				loss += float64(d) * float64(d) / (batch * outputs)
				dz[j] = 2 * d / (batch * outputs)
			}
			return loss
		})
	if !finite || math.Abs(got-want) > 1e-6*want {
		t.Errorf("the loss is %g, want %g", got, want)
	}
	if d := gap(n.W, after); d > 1e-6 {
		t.Errorf("the weights are off by %g", d)
	}
}

// Losses of pixels and their gradients, scaled.
func TestLosses(t *testing.T) {
	z := []float32{1.5, -2, 0.25, 4, -9, 0.5}
	labels, weights := []int32{2, 0}, []float32{0.5, 2, 3}
	k, parts := portable(t), make([]float64, 3)
	for name, f := range map[string]struct {
		loss  func(dz []float32) float64
		naive func(z []float64) float64
	}{
		"pixels": {func(dz []float32) float64 {
			return PixelCrossEntropy(k, parts, dz, z, labels, weights, 3.5, 0.25)
		}, func(z []float64) float64 {
			return (3*naiveCrossEntropy(z[:3], 2) + 0.5*naiveCrossEntropy(z[3:], 0)) / 3.5
		}},
		"unweighted": {func(dz []float32) float64 {
			return PixelCrossEntropy(k, parts, dz, z, labels, nil, 2, 0.25)
		}, func(z []float64) float64 {
			return (naiveCrossEntropy(z[:3], 2) + naiveCrossEntropy(z[3:], 0)) / 2
		}},
	} {
		dz, z64, want := random("rubbish", 6), widen(z), make([]float64, 6)
		got := f.loss(dz)
		if l := f.naive(z64); math.Abs(got-l) > 1e-12*l {
			t.Errorf("%s: the loss is %g, want %g", name, got, l)
		}
		for i := range want {
			want[i] = 0.25 * slope(z64, i, func() float64 { return f.naive(z64) })
		}
		if d := gap(dz, want); d > 1e-6 {
			t.Errorf("%s: the gradient is %v, want %v", name, dz, want)
		}
	}
}

// Outside training a batch norm uses what it remembers: PyTorch's rule, after
// one batch, for a channel with mean μ and variance σ² over m values: 0.1·μ and
// 0.9 + 0.1·σ²·m/(m−1).
func TestRunningStatistics(t *testing.T) {
	const batch = 4
	n := net(t, Shape{2, 3, 1}, func(b *Builder) { b.BatchNorm("norm", Sample) })
	trainer := NewTrainer(n, NewSGD(n.Trainable, SGDOptions{LR: Constant(0)}), batch, 1)
	crew := kernel.NewCrew(1)
	defer crew.Close()
	var all []float64
	trainer.Step(crew, func(i int, x []float32) int {
		copy(x, random(fmt.Sprint("running", i), len(x)))
		all = append(all, widen(x)...)
		return 0
	})
	mean, variance, m := 0.0, 0.0, float64(len(all))
	for _, v := range all {
		mean += v / m
	}
	for _, v := range all {
		variance += (v - mean) * (v - mean) / (m - 1)
	}
	wantMean, wantVariance := 0.1*mean, 0.9+0.1*variance
	if d := gap(n.W[2:], []float64{wantMean, wantVariance}); d > 1e-6 {
		t.Errorf("running mean and variance are %v, want %g, %g", n.W[2:], wantMean, wantVariance)
	}
	tape := n.NewTape()
	copy(tape.Input(), []float32{1, 2, 3, 4, 5, 6})
	var want []float64
	for _, v := range tape.Input() {
		want = append(want, (float64(v)-wantMean)/math.Sqrt(wantVariance+1e-5))
	}
	if d := gap(tape.Forward(), want); d > 1e-6 {
		t.Errorf("outside training the norm gives %v, want %v", tape.Output(), want)
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	for name, network := range every() {
		net, _ := network(t)
		for _, workers := range []int{1, 2} {
			trainer := NewTrainer(net, NewAdam(net.Trainable, AdamOptions{LR: Constant(0.01)}), 32, workers)
			crew := kernel.NewCrew(workers)
			sample := Sampler(func(i int, x []float32) int { x[0] = float32(i); return i % 4 })
			if n := testing.AllocsPerRun(20, func() { trainer.Step(crew, sample) }); n != 0 {
				t.Errorf("%s, %d workers: %g allocations per step", name, workers, n)
			}
			crew.Close()
		}
	}
}

func TestDivergenceLeavesTheWeights(t *testing.T) {
	for name, network := range networks {
		net, _ := network(t)
		trainer := NewTrainer(net, NewSGD(net.Trainable, SGDOptions{LR: Constant(0.1), Momentum: 0.9}), 8, 1)
		crew := kernel.NewCrew(1)
		before := net.SHA256()
		_, finite := trainer.Step(crew, func(i int, x []float32) int {
			if i == 5 {
				x[3] = float32(math.NaN())
			}
			return 0
		})
		if finite || net.SHA256() != before {
			t.Errorf("%s: a NaN went through unnoticed or changed the weights", name)
		}
		if _, finite := trainer.Step(crew, sampler(0)); !finite {
			t.Errorf("%s: the next step still diverges", name)
		}
		crew.Close()
	}
}

func TestImpossibleShapesNameTheLayer(t *testing.T) {
	for want, build := range map[string]func(b *Builder){
		"conv1: a 3×3 kernel does not fit in 2×2 pixels": func(b *Builder) { b.Conv("conv1", Sample, 4, 3, 1, pad.Must("none"), pad.Valid, true) },
		"conv1: reflect needs padding < size: 2 ≥ 2":     func(b *Builder) { b.Conv("conv1", Sample, 4, 5, 1, pad.Must("reflect"), pad.Same, true) },
		"pool2: 2×2 pooling does not fit in 1×1 pixels": func(b *Builder) {
			b.ReLU("r", b.MaxPool("pool2", b.MaxPool("pool1", Sample)))
		},
		"pool: 3×3 pooling does not fit in 2×2 pixels":                                 func(b *Builder) { b.MaxPoolOf("pool", Sample, PoolSpec{Size: 3, Stride: 2}) },
		"pool: 3×3 pooling with a padding of 2: at most half of the size is allowed":   func(b *Builder) { b.AveragePool("pool", Sample, PoolSpec{Size: 3, Pad: 2}) },
		"norm: 1 channels cannot be cut into 2 groups":                                 func(b *Builder) { b.GroupNorm("norm", Sample, 2) },
		"drop: a dropout of 1; it must be at least 0 and below 1":                      func(b *Builder) { b.Dropout("drop", Sample, 1) },
		"permute: only the channels of a 1×1 picture are permuted, not those of 2×2×1": func(b *Builder) { b.Permute("permute", Sample) },
		"concat: 2×2×1 and 1×1×1 cannot be concatenated along the channels":            func(b *Builder) { b.Concat("concat", Sample, b.MaxPool("pool1", Sample)) },
		"add: 1×1×1 and 2×2×1 cannot be added":                                         func(b *Builder) { b.Add("add", b.MaxPool("pool1", Sample), Sample) },
	} {
		b := NewBuilder(Shape{2, 2, 1})
		build(b)
		if _, err := b.Net(portable(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestBatchNormNeedsTwoValues(t *testing.T) {
	n := net(t, Shape{2, 2, 3}, func(b *Builder) { b.BatchNorm("norm", b.GlobalAveragePool("gap", Sample)) })
	want := "norm: batch normalisation needs more than one value per channel: 1 × 1×1×3"
	if err := n.CheckBatch(1); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	if err := n.CheckBatch(2); err != nil {
		t.Error(err)
	}
	defer func() {
		if got := recover(); got != "nn: "+want {
			t.Errorf("%v, want a panic", got)
		}
	}()
	NewTrainer(n, NewSGD(n.Trainable, SGDOptions{LR: Constant(0.1)}), 1, 1)
}

// Networks share the initial values of the tensors that they have in common.
func TestInitIsByName(t *testing.T) {
	build := func(filters int) *Net {
		n := net(t, Shape{8, 8, 1}, func(b *Builder) {
			x := b.Conv("conv1", Sample, 3, 3, 1, pad.Must("zeros"), pad.Same, true)
			b.Conv("conv2", x, filters, 3, 1, pad.Must("zeros"), pad.Same, true)
		})
		n.Init(11)
		return n
	}
	a, b := build(2), build(4)
	for i := range 30 {
		if a.W[i] != b.W[i] || a.W[i] == 0 || math.Abs(float64(a.W[i])) > 1.0/3 {
			t.Fatalf("conv1[%d]: %g and %g", i, a.W[i], b.W[i])
		}
	}
	if a.SHA256() == b.SHA256() {
		t.Error("different networks, same checksum")
	}
	b.Init(12)
	if a.W[0] == b.W[0] {
		t.Error("another seed, same weights")
	}
}
