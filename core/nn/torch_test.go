package nn

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// What PyTorch computes, written by testdata/fixtures.py: nothing here may
// differ from it by more than torchTolerance times the largest value of a
// tensor, or lossTolerance of a loss after several steps.
const (
	torchTolerance = 1e-5
	lossTolerance  = 2e-5
)

type torchTensor struct {
	Shape []int
	Data  []float64
}

type torchCase struct {
	Kind string
	Spec struct {
		Filters, Size, Stride, Dilation, Groups int
		Padding                                 []int
		Mode                                    string
		Bias, Ceil, Inside, Corners, Weighted   bool
		Pad, H, W                               int
		Slope, Factor                           float32
	}
	X         []int
	Y, DX     torchTensor
	DW, State []torchTensor
	Loss      float64
	Losses    []float64
}

// torchFill is fill of the generator.
func torchFill(seed uint64, n int, scale float64) []float64 {
	s, x := uint32(seed*2654435761), make([]float64, n)
	for i := range x {
		s = s*1664525 + 1013904223
		x[i] = (float64(s>>16)/32768 - 1) * scale
	}
	return x
}

// swap turns n blocks of rows×cols values round.
func swap(x []float64, rows, cols int) []float64 {
	y := make([]float64, 0, len(x))
	for ; len(x) > 0; x = x[rows*cols:] {
		for c := range cols {
			for r := range rows {
				y = append(y, x[r*cols+c])
			}
		}
	}
	return y
}

// channelsLast brings pictures from PyTorch's order, N×C×H×W, to ours; vectors
// are as they are.
func channelsLast(t torchTensor) []float64 {
	if len(t.Shape) < 4 {
		return t.Data
	}
	return swap(t.Data, t.Shape[1], t.Shape[2]*t.Shape[3])
}

// weightsLast brings a parameter to our order: a kernel from O×I×H×W, the
// matrix of a linear layer from O×I, whose inputs are the values of a picture
// in PyTorch's order.
func weightsLast(t torchTensor, in Shape) []float64 {
	switch len(t.Shape) {
	case 4:
		return swap(swap(t.Data, t.Shape[1], t.Shape[2]*t.Shape[3]), t.Shape[0], t.Shape[1]*t.Shape[2]*t.Shape[3])
	case 2:
		return swap(swap(t.Data, in.C, in.H*in.W), t.Shape[0], t.Shape[1])
	}
	return t.Data
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func torchCases(t *testing.T) (list []torchCase) {
	text, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []torchCase }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Cases
}

// kernels are all that run here.
func kernels(t *testing.T) (list []*kernel.Kernel) {
	for _, name := range kernel.Names() {
		k, err := kernel.Select(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, k)
	}
	return list
}

// torchLayer is the layer of a case.
func torchLayer(c torchCase, in Shape) (Layer, error) {
	s := c.Spec
	switch c.Kind {
	case "conv":
		p := s.Padding
		return NewConv("conv", in, ConvSpec{
			Filters: s.Filters, Size: s.Size, Stride: s.Stride, Dilation: s.Dilation, Groups: s.Groups, Bias: s.Bias,
			Scheme: pad.Must(s.Mode), Sides: pad.Sides{Top: p[0], Bottom: p[0], Left: p[1], Right: p[1]},
		})
	case "batchnorm", "batchnorm eval":
		return NewBatchNorm("norm", in), nil
	case "groupnorm":
		return NewGroupNorm("norm", in, s.Groups)
	case "maxpool":
		return NewMaxPool("pool", in, PoolSpec{Size: s.Size, Stride: s.Stride, Pad: s.Pad, Ceil: s.Ceil})
	case "avgpool":
		return NewAveragePool("pool", in, PoolSpec{Size: s.Size, Stride: s.Stride, Pad: s.Pad, Ceil: s.Ceil, Inside: s.Inside})
	case "gap":
		return NewGlobalAveragePool("gap", in), nil
	case "gmp":
		return NewGlobalMaxPool("gmp", in), nil
	case "relu":
		return NewReLU("relu", in), nil
	case "leakyrelu":
		return NewLeakyReLU("relu", in, s.Slope), nil
	case "sigmoid":
		return NewSigmoid("sigmoid", in), nil
	case "linear":
		return NewLinear("linear", in, s.Filters), nil
	case "resize":
		return NewResize("resize", in, s.H, s.W, s.Corners), nil
	}
	return nil, fmt.Errorf("no layer is like %s", c.Kind)
}

// Every layer against PyTorch: outputs, all gradients, running statistics.
func TestTorchLayers(t *testing.T) {
	seen := map[string]int{}
	for i, c := range torchCases(t) {
		if c.Y.Data == nil {
			continue
		}
		seen[c.Kind]++
		for _, k := range kernels(t) {
			t.Run(fmt.Sprintf("%d %s %v %+v, kernel %s", i, c.Kind, c.X, c.Spec, k.Name), func(t *testing.T) { torchCompare(t, c, k) })
		}
	}
	for _, kind := range []string{"conv", "batchnorm", "batchnorm eval", "groupnorm", "maxpool", "avgpool", "gap", "gmp", "relu", "leakyrelu", "sigmoid", "linear", "resize"} {
		if seen[kind] == 0 {
			t.Errorf("no case of %s", kind)
		}
	}
}

func torchCompare(t *testing.T, c torchCase, k *kernel.Kernel) {
	n, in := c.X[0], Shape{c.X[2], c.X[3], c.X[1]}
	l, err := torchLayer(c, in)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got []float32, want []float64) {
		if len(got) != len(want) {
			t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
		}
		if d := gap(got, want); !(d <= torchTolerance) {
			t.Errorf("%s is off by %g of its largest value", what, d)
		}
	}
	x := channelsLast(torchTensor{c.X, torchFill(1, n*in.Len(), 1)})
	for i := range x {
		x[i] *= float64(max(1, c.Spec.Factor))
	}
	sizes, out := l.Sizes(), l.Out().Len()
	call := &Call{
		Kernel: k, N: n, Training: true, Packed: make([]float32, sizes.Packed),
		Saved: make([]float32, n*sizes.Saved), Scratch: make([]float32, n*sizes.Scratch), Indices: make([]int32, n*sizes.Indices), Batch: make([]float32, sizes.Batch),
		X: [][]float32{narrow(x)}, DX: [][]float32{make([]float32, len(x))}, Y: make([]float32, n*out),
		DY: narrow(channelsLast(torchTensor{c.Y.Shape, torchFill(2, n*out, 1)})),
	}
	for i, dw := range c.DW {
		call.W = append(call.W, narrow(weightsLast(torchTensor{dw.Shape, torchFill(uint64(3+i), len(dw.Data), 1)}, in))...)
	}
	norm, isNorm := l.(*BatchNorm)
	if isNorm {
		call.State = make([]float32, 2*in.C)
		for i := range in.C {
			call.State[in.C+i] = 1
		}
	}
	if c.Kind == "batchnorm eval" { // with running statistics, as outside of training
		isNorm, call.Training = false, false
		state := torchFill(9, in.C, 1)
		for i := range state {
			state[i] += 1.5
		}
		call.State = narrow(append(torchFill(8, in.C, 1), state...))
	}
	l.Pack(call.Packed, call.W, call.State)
	if isNorm {
		norm.Accumulate(call)
		norm.Reduce(call.Batch, call.W, call.Saved, n)
		norm.UpdateRunning(call.State, call.Batch, n)
		for i, s := range c.State {
			check([]string{"the running mean", "the running variance"}[i], norm.vector(call.State, i), s.Data)
		}
	}
	l.Forward(call)
	check("y", call.Y, channelsLast(c.Y))
	if !call.Training {
		return
	}
	if isNorm {
		norm.AccumulateGradient(call)
		norm.ReduceGradient(call.Batch, call.W, call.Saved, n)
	}
	l.Backward(call)
	dx := channelsLast(c.DX)
	for i := range dx {
		dx[i] /= float64(max(1, c.Spec.Factor))
	}
	check("dx", call.DX[0], dx)
	dw := make([]float32, len(call.W))
	l.Gradient(call, dw, 0, 1)
	for i, want := range c.DW {
		check(fmt.Sprintf("gradient %d", i), dw[:len(want.Data)], weightsLast(want, in))
		dw = dw[len(want.Data):]
	}
}

// Losses against PyTorch: the value, and the gradient of a whole batch put
// together from its samples.
func TestTorchLosses(t *testing.T) {
	seen := map[string]int{}
	for i, c := range torchCases(t) {
		if c.DX.Data == nil || c.Y.Data != nil {
			continue
		}
		seen[c.Kind]++
		t.Run(fmt.Sprintf("%d %s %v weighted %v", i, c.Kind, c.X, c.Spec.Weighted), func(t *testing.T) {
			n, classes, pixels := c.X[0], c.X[1], 1
			for _, d := range c.X[2:] {
				pixels *= d
			}
			all := n * classes * pixels
			z := narrow(channelsLast(torchTensor{c.X, torchFill(1, all, 4)}))
			labels := make([]int32, n*pixels)
			for i := range labels {
				labels[i] = int32((7*i*i + i/3) % classes)
			}
			var weights []float32
			if c.Spec.Weighted {
				weights = narrow(torchFill(6, classes, 1))
				for i := range weights {
					weights[i] += 1.25
				}
			}
			norm := 0.0
			for _, label := range labels {
				if weights == nil {
					norm++
				} else {
					norm += float64(weights[label])
				}
			}
			got, dz, parts := 0.0, make([]float32, all), make([]float64, classes)
			for i := range n {
				z, dz := cut(z, classes*pixels, i, i+1), cut(dz, classes*pixels, i, i+1)
				got += PixelCrossEntropy(portable(t), parts, dz, z, cut(labels, pixels, i, i+1), weights, norm, 1)
			}
			if !(math.Abs(got-c.Loss) <= torchTolerance*c.Loss) {
				t.Errorf("the loss is %.9g, want %.9g", got, c.Loss)
			}
			if d := gap(dz, channelsLast(c.DX)); !(d <= torchTolerance) {
				t.Errorf("the gradient is off by %g of its largest value", d)
			}
		})
	}
	if seen["cross entropy"] != 4 {
		t.Errorf("%d cases of cross entropy, want 4", seen["cross entropy"])
	}
}

// torchNets are the generator's networks. Their tensors are in its order.
var torchNets = map[string]func(b *Builder){
	"S": func(b *Builder) {
		zeros := pad.Must("zeros")
		x := b.ReLU("relu1", b.Conv("conv1", Sample, 16, 3, 1, zeros, pad.Same, true))
		x = b.MaxPool("pool", b.ReLU("relu2", b.Conv("conv2", x, 32, 3, 1, zeros, pad.Same, true)))
		x = b.ReLU("relu3", b.Conv("conv3", x, 32, 3, 1, zeros, pad.Same, true))
		x = b.ReLU("relu4", b.Conv("conv4", x, 64, 3, 1, zeros, pad.Same, true))
		b.Linear("linear", b.GlobalAveragePool("gap", x), 10)
	},
	"norms": func(b *Builder) {
		x := b.BatchNorm("norm1", b.Conv("conv1", Sample, 8, 3, 1, pad.Must("circular"), pad.Same, false))
		x = b.MaxPool("pool", b.ReLU("relu1", x))
		x = b.BatchNorm("norm2", b.Conv("conv2", x, 8, 3, 1, pad.Must("reflect"), pad.Same, false))
		b.Linear("linear", b.GlobalAveragePool("gap", b.ReLU("relu2", x)), 10)
	},
	"residual": func(b *Builder) {
		zeros := pad.Must("zeros")
		x := b.ReLU("relu1", b.BatchNorm("norm1", b.Conv("conv1", Sample, 4, 3, 1, zeros, pad.Same, false)))
		y := b.ReLU("relu2", b.BatchNorm("norm2", b.Conv("conv2", x, 6, 3, 2, zeros, pad.Same, false)))
		y = b.BatchNorm("norm3", b.Conv("conv3", y, 6, 3, 1, zeros, pad.Same, false))
		short := b.BatchNorm("norm4", b.Conv("short", x, 6, 1, 2, zeros, pad.Same, false))
		b.Linear("linear", b.GlobalAveragePool("gap", b.ReLU("relu3", b.Add("add", y, short))), 10)
	},
}

// Ten losses of whole networks, trained by SGD with momentum, against PyTorch.
func TestTorchTenLosses(t *testing.T) {
	seen := 0
	for _, c := range torchCases(t) {
		if c.Losses == nil {
			continue
		}
		seen++
		for _, k := range kernels(t) {
			t.Run(c.Kind+", kernel "+k.Name, func(t *testing.T) { torchTrain(t, c, k) })
		}
	}
	if seen != 3 {
		t.Errorf("%d networks, want 3", seen)
	}
}

func torchTrain(t *testing.T, c torchCase, k *kernel.Kernel) {
	const batch = 8
	b := NewBuilder(Shape{16, 16, 3})
	torchNets[c.Kind[len("train "):]](b)
	n, err := b.Net(k)
	if err != nil {
		t.Fatal(err)
	}
	n.Init(1) // what is not set below: running statistics
	seed := uint64(3)
	n.EachParam(func(p Param, values []float32) {
		if p.State {
			return
		}
		shift, scale := 0.0, 0.25
		switch {
		case len(p.Shape) > 1:
			for scale = 2; scale*scale*float64(p.FanIn) > 4; scale /= 2 {
			}
		case p.Start == 1:
			shift = 1
		}
		w := torchTensor{Data: torchFill(seed, len(values), scale)}
		switch len(p.Shape) {
		case 4:
			w.Shape = []int{p.Shape[3], p.Shape[2], p.Shape[0], p.Shape[1]}
		case 2:
			w.Shape = []int{p.Shape[1], p.Shape[0]}
		}
		for i, v := range weightsLast(w, Shape{1, 1, p.Shape[0]}) {
			values[i] = float32(v + shift)
		}
		seed++
	})
	n.Pack()
	x := narrow(channelsLast(torchTensor{[]int{batch, 3, 16, 16}, torchFill(100, batch*n.In.Len(), 1)}))
	crew := kernel.NewCrew(2)
	defer crew.Close()
	trainer := NewTrainer(n, NewSGD(n.Trainable, SGDOptions{LR: Constant(0.125), Momentum: 0.9}), batch, 2)
	for step, want := range c.Losses {
		got, finite := trainer.Step(crew, func(i int, to []float32) int {
			copy(to, cut(x, len(to), i, i+1))
			return 3 * i % 10
		})
		if !finite || !(math.Abs(got-want) <= lossTolerance*want) {
			t.Errorf("step %d: the loss is %.9g, want %.9g", step, got, want)
		}
	}
}
