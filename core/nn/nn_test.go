package nn

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"padlab/core/draw"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func portable(t testing.TB) *kernel.Kernel {
	k, err := kernel.Select("gonum")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

type layerCase struct {
	layer Layer
	naive reference
}

func layerCases(t testing.TB) map[string]layerCase {
	list := map[string]layerCase{}
	conv := func(in Shape, n, k int, scheme string, s pad.Sides, bias bool) {
		l, err := NewConv("conv", in, n, k, pad.Must(scheme), s, bias)
		if err != nil {
			t.Fatal(err)
		}
		list[fmt.Sprintf("conv %v→%d %d×%d %s %v bias %v", in, n, k, k, scheme, s, bias)] = layerCase{l, naiveConv(in, n, k, pad.Must(scheme), s, bias)}
	}
	for _, scheme := range []string{"zeros", "constant(0.7)", "replicate", "reflect", "symmetric", "circular"} {
		conv(Shape{5, 4, 3}, 4, 3, scheme, pad.Same.Sides(3), true)
		conv(Shape{4, 6, 2}, 3, 3, scheme, pad.Full.Sides(3), true)
		conv(Shape{5, 5, 1}, 2, 5, scheme, pad.Sides{Top: 2, Left: 1, Right: 3}, false)
	}
	conv(Shape{3, 5, 4}, 17, 3, "none", pad.Sides{}, true)
	conv(Shape{3, 3, 2}, 2, 3, "none", pad.Sides{}, false)
	conv(Shape{4, 3, 5}, 3, 1, "none", pad.Sides{}, true)
	conv(Shape{6, 5, 2}, 2, 4, "zeros", pad.Same.Sides(4), true)
	conv(Shape{1, 1, 1}, 1, 3, "circular", pad.Same.Sides(3), true)

	for _, in := range []Shape{{4, 6, 3}, {5, 7, 2}, {2, 2, 1}} {
		l, err := NewMaxPool("pool", in)
		if err != nil {
			t.Fatal(err)
		}
		list[fmt.Sprintf("max-pool %v", in)] = layerCase{l, naiveMaxPool(in)}
	}
	for _, in := range []Shape{{4, 6, 3}, {1, 1, 5}} {
		list[fmt.Sprintf("relu %v", in)] = layerCase{NewReLU("relu", in), naiveReLU}
		list[fmt.Sprintf("gap %v", in)] = layerCase{NewGlobalAveragePool("gap", in), naiveMean(in)}
		list[fmt.Sprintf("linear %v", in)] = layerCase{NewLinear("linear", in, 7), naiveLinear(in.Len(), 7)}
	}
	return list
}

func params(l Layer) (n int) {
	for _, p := range l.Params() {
		n += p.Len()
	}
	return n
}

func random(purpose string, n int) []float32 {
	s := draw.New(7, purpose)
	x := make([]float32, n)
	s.Uniform(x, 1)
	return x
}

// Every layer against its formula in float64, and its gradients against the
// formula's central differences.
func TestLayers(t *testing.T) {
	for name, c := range layerCases(t) {
		t.Run(name, func(t *testing.T) {
			l := c.layer
			packed, floats, ints := l.Sizes()
			w := Weights{random("w"+name, params(l)), make([]float32, packed)}
			s := Scratch{make([]float32, floats), make([]int32, ints)}
			l.Pack(w.Packed, w.W)
			for pass := range 2 { // the second finds used scratch
				x := random(fmt.Sprint("x", pass, name), l.In().Len())
				dy := random(fmt.Sprint("dy", pass, name), l.Out().Len())
				w64, x64 := widen(w.W), widen(x)

				y := random("garbage", l.Out().Len())
				l.Forward(portable(t), w, y, x, s)
				want := c.naive(w64, x64)
				if len(want) != len(y) {
					t.Fatalf("%d outputs, want %d", len(y), len(want))
				}
				if d := gap(y, want); d > 2e-6 {
					t.Errorf("forward is off by %g", d)
				}

				loss := func() float64 {
					sum := 0.0
					for i, v := range c.naive(w64, x64) {
						sum += v * float64(dy[i])
					}
					return sum
				}
				dx, dw := random("rubbish", len(x)), make([]float32, len(w.W))
				l.Backward(portable(t), w, dw, dx, dy, y, x, s)
				wantX, wantW := make([]float64, len(x)), make([]float64, len(w.W))
				for i := range x64 {
					wantX[i] = slope(x64, i, loss)
				}
				for i := range w64 {
					wantW[i] = slope(w64, i, loss)
				}
				if d := gap(dx, wantX); d > 5e-6 {
					t.Errorf("dx is off by %g", d)
				}
				if d := gap(dw, wantW); d > 5e-6 {
					t.Errorf("dw is off by %g", d)
				}
				again := append([]float32(nil), dw...)
				l.Backward(portable(t), w, again, nil, dy, y, x, s)
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
		got := CrossEntropy(dz, z, label, 0.5)
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
		if l := CrossEntropy(make([]float32, 2), []float32{bad, 0}, 1, 1); l-l == 0 {
			t.Errorf("a logit of %g gives the finite loss %g", bad, l)
		}
	}
}

func TestNaNIsNotLost(t *testing.T) {
	nan := float32(math.NaN())
	relu := NewReLU("r", Shape{1, 1, 1})
	pool, _ := NewMaxPool("p", Shape{2, 2, 1})
	for i := range 4 {
		x, y := []float32{1, 2, 3, 4}, []float32{0}
		x[i] = nan
		pool.Forward(portable(t), Weights{}, y, x, Scratch{I: make([]int32, 1)})
		if y[0] == y[0] {
			t.Errorf("max-pool of %v is %g", x, y[0])
		}
	}
	y := []float32{0}
	relu.Forward(portable(t), Weights{}, y, []float32{nan}, Scratch{})
	if y[0] == y[0] {
		t.Error("relu of NaN is", y[0])
	}
}

// tiny is a whole network with few enough weights for central differences.
func tiny(t testing.TB) (*Net, func(w []float64, x []float64) []float64) {
	in, scheme := Shape{6, 5, 2}, pad.Must("reflect")
	b := NewBuilder(in)
	b.Conv("conv1", 3, 3, scheme, pad.Same, true)
	b.ReLU("relu1")
	b.MaxPool("pool1")
	b.Conv("conv2", 2, 3, scheme, pad.Same, false)
	b.ReLU("relu2")
	b.GlobalAveragePool("gap")
	b.Linear("linear", 4)
	net, err := b.Net(portable(t))
	if err != nil {
		t.Fatal(err)
	}
	net.Init(3)
	conv1 := naiveConv(in, 3, 3, scheme, pad.Same.Sides(3), true)
	conv2 := naiveConv(Shape{3, 2, 3}, 2, 3, scheme, pad.Same.Sides(3), false)
	return net, func(w, x []float64) []float64 {
		x = naiveMaxPool(Shape{6, 5, 3})(nil, naiveReLU(nil, conv1(w[:57], x)))
		x = naiveMean(Shape{3, 2, 2})(nil, naiveReLU(nil, conv2(w[57:111], x)))
		return naiveLinear(2, 4)(w[111:], x)
	}
}

func sampler(step int) Sampler {
	return func(i int, x []float32) int {
		copy(x, random(fmt.Sprintf("sample %d %d", step, i), len(x)))
		return (step + i*i) % 4
	}
}

// Ten consecutive losses of a whole network, against float64, central
// differences and the optimisers' formulas.
func TestTenLosses(t *testing.T) {
	for name, newOptimizer := range map[string]func(n int) (Optimizer, func(w, g []float64)){
		"sgd": func(n int) (Optimizer, func(w, g []float64)) {
			v := make([]float64, n)
			return NewSGD(n, 0.1, 0.9), func(w, g []float64) {
				for i := range w {
					v[i] = 0.9*v[i] + g[i]
					w[i] -= 0.1 * v[i]
				}
			}
		},
		"adam": func(n int) (Optimizer, func(w, g []float64)) {
			m, v, step := make([]float64, n), make([]float64, n), 0.0
			return NewAdam(n, 0.01), func(w, g []float64) {
				step++
				for i := range w {
					m[i] = 0.9*m[i] + 0.1*g[i]
					v[i] = 0.999*v[i] + 0.001*g[i]*g[i]
					w[i] -= 0.01 * (m[i] / (1 - math.Pow(0.9, step))) / (math.Sqrt(v[i]/(1-math.Pow(0.999, step))) + 1e-8)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			const batch = 5
			net, forward := tiny(t)
			optimizer, update := newOptimizer(len(net.W))
			trainer := NewTrainer(net, optimizer, batch, 2)
			crew := kernel.NewCrew(2)
			defer crew.Close()
			w := widen(net.W)
			for step := range 10 {
				var xs [batch][]float64
				var labels [batch]int
				for i := range batch {
					x := make([]float32, net.In().Len())
					labels[i] = sampler(step)(i, x)
					xs[i] = widen(x)
				}
				mean := func() float64 {
					sum := 0.0
					for i := range batch {
						sum += naiveCrossEntropy(forward(w, xs[i]), labels[i]) / batch
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

// Same experiment, same bits: whatever the number of workers.
func TestWorkersDoNotChangeBits(t *testing.T) {
	run := func(workers int) (losses []float64, sum string) {
		net, _ := tiny(t)
		trainer := NewTrainer(net, NewAdam(len(net.W), 0.01), 37, workers)
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
			t.Errorf("%d workers: other weights", workers)
		}
		for i := range losses {
			if losses[i] != wantLosses[i] {
				t.Errorf("%d workers: loss %d is %v, with one worker %v", workers, i, losses[i], wantLosses[i])
			}
		}
	}
}

func TestStepAllocatesNothing(t *testing.T) {
	net, _ := tiny(t)
	for _, workers := range []int{1, 2} {
		trainer := NewTrainer(net, NewAdam(len(net.W), 0.01), 32, workers)
		crew := kernel.NewCrew(workers)
		sample := Sampler(func(i int, x []float32) int { x[0] = float32(i); return i % 4 })
		if n := testing.AllocsPerRun(20, func() { trainer.Step(crew, sample) }); n != 0 {
			t.Errorf("%d workers: %g allocations per step", workers, n)
		}
		crew.Close()
	}
}

func TestDivergenceLeavesTheWeights(t *testing.T) {
	net, _ := tiny(t)
	trainer := NewTrainer(net, NewSGD(len(net.W), 0.1, 0.9), 8, 1)
	crew := kernel.NewCrew(1)
	defer crew.Close()
	before := net.SHA256()
	_, finite := trainer.Step(crew, func(i int, x []float32) int {
		if i == 5 {
			x[3] = float32(math.NaN())
		}
		return 0
	})
	if finite || net.SHA256() != before {
		t.Error("a NaN went through unnoticed or changed the weights")
	}
	if _, finite := trainer.Step(crew, sampler(0)); !finite {
		t.Error("the next step still diverges")
	}
}

func TestImpossibleShapesNameTheLayer(t *testing.T) {
	for want, build := range map[string]func(b *Builder){
		"conv1: a 3×3 kernel does not fit in 2×2 pixels": func(b *Builder) { b.Conv("conv1", 4, 3, pad.Must("none"), pad.Valid, true) },
		"conv1: reflect needs padding < size: 2 ≥ 2":     func(b *Builder) { b.Conv("conv1", 4, 5, pad.Must("reflect"), pad.Same, true) },
		"pool2: 2×2 pooling does not fit in 1×1 pixels":  func(b *Builder) { b.MaxPool("pool1"); b.MaxPool("pool2"); b.ReLU("r") },
	} {
		b := NewBuilder(Shape{2, 2, 1})
		build(b)
		if _, err := b.Net(portable(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Networks share the initial values of the tensors that they have in common.
func TestInitIsByName(t *testing.T) {
	build := func(filters int) *Net {
		b := NewBuilder(Shape{8, 8, 1})
		b.Conv("conv1", 3, 3, pad.Must("zeros"), pad.Same, true)
		b.Conv("conv2", filters, 3, pad.Must("zeros"), pad.Same, true)
		net, err := b.Net(portable(t))
		if err != nil {
			t.Fatal(err)
		}
		net.Init(11)
		return net
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
