package nn

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// borderCases are the layers that some padding schemes need beside a
// convolution.
func borderCases(t testing.TB) map[string]layerCase {
	list := map[string]layerCase{}
	zeros := pad.Must("zeros")
	for _, c := range []struct {
		in Shape
		s  ConvSpec
	}{
		{Shape{5, 4, 2}, ConvSpec{Filters: 3, Size: 3, Scheme: zeros, Sides: pad.Same.Sides(3)}},
		{Shape{4, 6, 1}, ConvSpec{Filters: 17, Size: 5, Stride: 2, Scheme: zeros, Sides: pad.Full.Sides(5)}},
		{Shape{3, 5, 1}, ConvSpec{Filters: 2, Size: 3, Dilation: 2, Scheme: zeros, Sides: pad.Sides{Top: 4, Bottom: 4, Left: 6, Right: 1}}}, // windows that see nothing
	} {
		conv, err := NewConv("conv", c.in, c.s)
		if err != nil {
			t.Fatal(err)
		}
		for _, bias := range []bool{true, false} {
			l := NewReweight(conv, bias)
			list[fmt.Sprintf("reweight %v %+v %v", c.in, c.s.Sides, bias)] = layerCase{l, each(l.In()[0].Len(), naiveReweigh(c.in, c.s, bias))}
		}
	}
	for _, c := range []struct {
		in Shape
		s  ConvSpec
	}{
		{Shape{5, 4, 2}, ConvSpec{Filters: 3, Size: 3, Sides: pad.Same.Sides(3), Bias: true}},
		{Shape{3, 3, 1}, ConvSpec{Filters: 2, Size: 3, Sides: pad.Full.Sides(3)}},
		{Shape{7, 6, 2}, ConvSpec{Filters: 2, Size: 3, Stride: 2, Groups: 2, Sides: pad.Sides{Top: 2, Left: 1, Right: 1}, Bias: true}},
		{Shape{5, 5, 1}, ConvSpec{Filters: 1, Size: 5, Sides: pad.Same.Sides(5)}},
	} {
		l, err := NewBanks("banks", c.in, c.s)
		if err != nil {
			t.Fatal(err)
		}
		list[fmt.Sprintf("banks %v %+v", c.in, c.s.Sides)] = layerCase{l, each(c.in.Len(), naiveBanks(c.in, c.s))}
	}
	for _, in := range []Shape{{5, 4, 3}, {3, 3, 2}} {
		l, err := NewSubsample("subsample", in, 2, 7)
		if err != nil {
			t.Fatal(err)
		}
		list[fmt.Sprintf("subsample %v", in)] = layerCase{l, each(in.Len(), func(_, x []float64) (y []float64) {
			for i := 0; i < in.H; i += 2 {
				for j := 0; j < in.W; j += 2 {
					row := make([]float64, 7)
					copy(row[(7-in.C)/2:], x[(i*in.W+j)*in.C:(i*in.W+j+1)*in.C])
					y = append(y, row...)
				}
			}
			return y
		})}
	}
	return list
}

func naiveReweigh(in Shape, s ConvSpec, bias bool) reference {
	conv := naiveConv(in, ConvSpec{Filters: 1, Size: s.Size, Stride: s.Stride, Dilation: s.Dilation, Scheme: s.Scheme, Sides: s.Sides})
	ones := func(n int) []float64 { return slices.Repeat([]float64{1}, n) }
	seen := conv(ones(s.Size*s.Size*in.C), ones(in.Len())) // pixels × channels inside each window
	return func(w, x []float64) (y []float64) {
		for i, n := range seen {
			for f := range s.Filters {
				v := 0.0
				if n > 0 {
					v = x[i*s.Filters+f] * float64(s.Size*s.Size*in.C) / n
					if bias {
						v += w[f]
					}
				}
				y = append(y, v)
			}
		}
		return y
	}
}

// naiveBanks moves every window inside and takes the weights of the bank that
// belongs to how far it was moved.
func naiveBanks(in Shape, s ConvSpec) reference {
	stride, groups := max(s.Stride, 1), max(s.Groups, 1)
	moves := func(n, before, after int) (starts, banks []int, count int) {
		at := map[int]int{}
		for o := 0; o*stride+s.Size <= n+before+after; o++ {
			start := o*stride - before
			inside := min(max(start, 0), n-s.Size)
			if _, ok := at[start-inside]; !ok {
				at[start-inside] = len(at)
			}
			starts, banks = append(starts, inside), append(banks, at[start-inside])
		}
		return starts, banks, len(at)
	}
	rowAt, rowBank, nRows := moves(in.H, s.Sides.Top, s.Sides.Bottom)
	colAt, colBank, nCols := moves(in.W, s.Sides.Left, s.Sides.Right)
	size := s.Size * s.Size * in.C / groups * s.Filters
	return func(w, x []float64) (y []float64) {
		for i, row := range rowAt {
			for j, col := range colAt {
				piece := make([]float64, 0, s.Size*s.Size*in.C)
				for a := range s.Size {
					piece = append(piece, x[((row+a)*in.W+col)*in.C:((row+a)*in.W+col+s.Size)*in.C]...)
				}
				bank := rowBank[i]*nCols + colBank[j]
				valid := naiveConv(Shape{s.Size, s.Size, in.C}, ConvSpec{Filters: s.Filters, Size: s.Size, Groups: s.Groups, Scheme: pad.Must("none")})
				for f, v := range valid(w[bank*size:(bank+1)*size], piece) {
					if s.Bias {
						v += w[nRows*nCols*size+f]
					}
					y = append(y, v)
				}
			}
		}
		return y
	}
}

// A 3×3 kernel has nine banks, and the middle one is called as any other
// convolution's weights.
func TestNineBanks(t *testing.T) {
	l, err := NewBanks("conv1", Shape{8, 8, 1}, ConvSpec{Filters: 2, Size: 3, Sides: pad.Same.Sides(3), Bias: true})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range l.Params() {
		names = append(names, p.Name)
	}
	if len(names) != 10 || names[4] != "conv1.weight" || names[9] != "conv1.bias" || names[0] != "conv1.border.-1.-1.weight" {
		t.Error(names)
	}
}

// predicted is a pixel beyond each edge and two corners of a 3×4 picture, by
// hand: weights 0 repeat the edge.
func TestPredict(t *testing.T) {
	in, sides := Shape{3, 4, 1}, pad.Sides{Top: 2, Bottom: 1, Left: 1, Right: 1}
	l, err := NewPredict("p", in, sides)
	if err != nil {
		t.Fatal(err)
	}
	x := random("x", in.Len())
	call := &Call{Kernel: portable(t), N: 1, BatchScale: 1, W: make([]float32, params(l)), X: [][]float32{x}, Y: random("garbage", l.Out().Len())}
	l.Forward(call)
	replicate, err := pad.NewPlan(pad.Must("replicate"), 3, 4, 1, sides)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float32, len(call.Y))
	replicate.Forward(want, x, pad.Pass{})
	if !slices.Equal(call.Y, want) {
		t.Errorf("without weights: %v, want %v", call.Y, want)
	}

	call.W = random("w", params(l))
	l.Forward(call)
	at := func(row, col int) float64 { return float64(call.Y[row*6+col]) } // of the padded picture
	w := widen(call.W)
	check := func(side, row, col int, seen [6][2]int) {
		want := at(seen[1][0], seen[1][1])
		for i, s := range seen {
			want += w[side*6+i] * at(s[0], s[1])
		}
		if math.Abs(at(row, col)-want) > 1e-6 {
			t.Errorf("pixel %d,%d is %g, want %g", row, col, at(row, col), want)
		}
	}
	check(0, 1, 2, [6][2]int{{2, 1}, {2, 2}, {2, 3}, {3, 1}, {3, 2}, {3, 3}})
	check(0, 0, 1, [6][2]int{{1, 1}, {1, 1}, {1, 2}, {2, 1}, {2, 1}, {2, 2}}) // the second row, held at its end
	check(1, 5, 3, [6][2]int{{4, 2}, {4, 3}, {4, 4}, {3, 2}, {3, 3}, {3, 4}})
	check(2, 3, 0, [6][2]int{{2, 1}, {3, 1}, {4, 1}, {2, 2}, {3, 2}, {4, 2}})
	check(3, 0, 5, [6][2]int{{0, 4}, {0, 4}, {1, 4}, {0, 3}, {0, 3}, {1, 3}}) // a corner, from what is padded already
}

// The gradient of the prediction's own loss, against central differences of its
// definition, and nothing of the network's.
func TestPredictLearns(t *testing.T) {
	in := Shape{4, 5, 2}
	l, err := NewPredict("p", in, pad.Sides{Top: 1, Left: 1, Right: 2})
	if err != nil {
		t.Fatal(err)
	}
	x, w := random("x", in.Len()), random("w", params(l))
	call := &Call{Kernel: portable(t), N: 1, BatchScale: 0.25, W: w, X: [][]float32{x}, DX: [][]float32{random("rubbish", len(x))},
		Y: make([]float32, l.Out().Len()), DY: random("dy", l.Out().Len())}
	dw := make([]float32, len(w))
	l.Gradient(call, dw, 0, 1)
	x64, w64 := widen(x), widen(w)
	loss := func() float64 {
		sum := 0.0
		side := func(i, length int, pixel func(j, inward, c int) float64) {
			for j := range length {
				for c := range in.C {
					v := pixel(j, 1, c)
					for k := range 6 {
						v += w64[(i*6+k)*in.C+c] * pixel(min(max(j+k%3-1, 0), length-1), 1+k/3, c)
					}
					sum += 0.25 * (v - pixel(j, 0, c)) * (v - pixel(j, 0, c)) / float64(length*in.C)
				}
			}
		}
		pixel := func(row, col, c int) float64 { return x64[(row*in.W+col)*in.C+c] }
		side(0, in.W, func(j, inward, c int) float64 { return pixel(inward, j, c) })
		side(2, in.H, func(j, inward, c int) float64 { return pixel(j, inward, c) })
		side(3, in.H, func(j, inward, c int) float64 { return pixel(j, in.W-1-inward, c) })
		return sum
	}
	want := make([]float64, len(w))
	for i := range w64 {
		want[i] = slope(w64, i, loss)
	}
	if d := gap(dw, want); d > 1e-5 {
		t.Errorf("dw is off by %g", d)
	}
	l.Backward(call)
	for i, v := range call.DX[0] {
		row, col, c := i/in.C/in.W, i/in.C%in.W, i%in.C
		if v != call.DY[((row+1)*l.Out().W+col+1)*in.C+c] {
			t.Fatalf("dx %d is %g", i, v)
		}
	}
	if _, err := NewPredict("p", Shape{2, 9, 1}, pad.Sides{Top: 1}); err == nil {
		t.Error("two pixels are enough to predict an edge")
	}
}

// Every scheme pads a small network, learns, and has the same bits for any
// number of workers; a step allocates nothing.
func TestSchemesTrain(t *testing.T) {
	for _, scheme := range append(pad.All(), pad.Must("circular/zeros"), pad.Must("replicate/circular")) {
		run := func(workers int) (string, float64) {
			n := net(t, Shape{9, 10, 2}, func(b *Builder) {
				x := b.ReLU("relu1", b.Conv("conv1", Sample, 5, 3, 1, scheme, extent(scheme), true))
				x = b.MaxPoolOf("pool1", x, PoolSpec{Size: 3, Stride: 1, Pad: 1, Scheme: scheme})
				x = b.AveragePool("pool2", x, PoolSpec{Size: 2, Stride: 1, Pad: 1, Scheme: scheme})
				x = b.ReLU("relu2", b.Conv("conv2", x, 4, 3, 2, scheme, extent(scheme), true))
				b.Linear("linear", b.GlobalAveragePool("gap", x), 4)
			})
			trainer := NewTrainer(n, NewAdam(n.Trainable, AdamOptions{LR: Constant(0.01)}), 19, workers)
			crew := kernel.NewCrew(workers)
			defer crew.Close()
			before := slices.Clone(n.W)
			for step := range 4 {
				if _, finite := trainer.Step(crew, sampler(step)); !finite {
					t.Fatalf("%s diverges", scheme.Name)
				}
			}
			at := 0
			n.EachParam(func(p Param, values []float32) {
				if slices.Equal(values, before[at:at+len(values)]) {
					t.Errorf("%s: %s does not learn", scheme.Name, p.Name)
				}
				at += len(values)
			})
			sample := Sampler(func(i int, x []float32) int { x[0] = float32(i); return i % 4 })
			return n.SHA256(), testing.AllocsPerRun(5, func() { trainer.Step(crew, sample) })
		}
		want, allocations := run(1)
		if allocations > 0 {
			t.Errorf("%s: %g allocations per step", scheme.Name, allocations)
		}
		if got, _ := run(3); got != want {
			t.Errorf("%s: three workers, other bits", scheme.Name)
		}
	}
}

// What a builder makes of the scheme of a padded pool: none takes the padding
// away, a scheme of convolutions that see the picture alone changes nothing, one
// that learns has its predictor before the pool, and each pool may have its own.
func TestSchemesOfPools(t *testing.T) {
	in, own := Shape{7, 6, 2}, PoolSpec{Size: 3, Stride: 2, Pad: 1}
	run := func(s PoolSpec, named map[string]pad.Scheme) (kinds string, y []float32) {
		n := net(t, in, func(b *Builder) {
			b.Schemes = named
			b.MaxPoolOf("pool", Sample, s)
		})
		tape := n.NewTape()
		copy(tape.Input(), random("pooled", in.Len()))
		for _, node := range n.Nodes {
			kinds += node.Name() + " "
		}
		return kinds, tape.Forward()
	}
	with := func(name string) PoolSpec { s := own; s.Scheme = pad.Must(name); return s }
	_, usual := run(own, nil)
	_, valid := run(PoolSpec{Size: 3, Stride: 2}, nil)
	_, circular := run(with("circular"), nil)
	_, replicate := run(with("replicate"), nil)
	for _, c := range []struct {
		name  string
		named map[string]pad.Scheme
		kinds string
		want  []float32
	}{
		{"none", nil, "pool ", valid},
		{"explicit", nil, "pool ", usual},
		{"partial", nil, "pool ", usual},
		{"constant(-9)", nil, "pool ", usual},
		{"learned", nil, "pool.padding pool ", replicate}, // at first
		{"zeros", map[string]pad.Scheme{"pool": pad.Must("circular")}, "pool ", circular},
		{"zeros", map[string]pad.Scheme{"pool": pad.Must("none")}, "pool ", valid},
	} {
		kinds, y := run(with(c.name), c.named)
		if kinds != c.kinds || !slices.Equal(y, c.want) {
			t.Errorf("%s, but %v: %s%v, want %s%v", c.name, c.named, kinds, y, c.kinds, c.want)
		}
	}
	if slices.Equal(circular, usual) || slices.Equal(valid, usual) {
		t.Error("no scheme makes a difference")
	}
	b := NewBuilder(in)
	b.Schemes = map[string]pad.Scheme{"pool": pad.Must("circular")}
	b.MaxPoolOf("pool", b.Conv("conv", Sample, 2, 3, 1, pad.Must("zeros"), pad.Same, false), own)
	if _, err := b.Nodes(); err == nil || err.Error() != `unknown layer that pads "pool" (known: conv)` {
		t.Errorf("a pool without a scheme gets one: %v", err)
	}
}

func extent(s pad.Scheme) pad.Extent {
	if s.Name == "none" {
		return pad.Valid
	}
	return pad.Same
}

// Where a border is computed or drawn, what the network gets back is as under
// zeros: no gradient passes through it.
func TestStoppedGradients(t *testing.T) {
	in := Shape{6, 7, 3}
	back := func(name string) (y, dx []float32) {
		l, err := NewConv("conv", in, ConvSpec{Filters: 4, Size: 3, Scheme: pad.Must(name), Sides: pad.Same.Sides(3)})
		if err != nil {
			t.Fatal(err)
		}
		s := l.Sizes()
		call := &Call{Kernel: portable(t), N: 1, W: random("w", l.weights()), Packed: make([]float32, s.Packed), Saved: make([]float32, s.Saved), Scratch: make([]float32, s.Scratch),
			X: [][]float32{random("x", in.Len())}, DX: [][]float32{make([]float32, in.Len())}, Y: make([]float32, l.Out().Len()), DY: random("dy", l.Out().Len())}
		l.Pack(call.Packed, call.W, nil)
		l.Forward(call)
		l.Backward(call)
		return call.Y, call.DX[0]
	}
	zeros, want := back("zeros")
	for _, name := range []string{"mean-interp", "mean-ref", "noise"} {
		y, dx := back(name)
		if !slices.Equal(dx, want) {
			t.Errorf("%s: gradients pass through the border", name)
		}
		if slices.Equal(y, zeros) {
			t.Errorf("%s pads like zeros", name)
		}
	}
}
