package onnx

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// An answer is what ONNX Runtime makes of numbers.
type answer struct {
	In, Out []int
	Y       []float32
}

// numbers are those of testdata/fixtures.py.
func numbers(n int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = float32(uint32(i)*2654435761>>16)/65536 - .5
	}
	return list
}

// tensorOfNumbers is a TensorProto of them.
func tensorOfNumbers(name string, dims ...int) message {
	return floatTensor(name, numbers(volume(dims)), dims...)
}

func floatTensor(name string, values []float32, dims ...int) message {
	m := message{}
	for _, d := range dims {
		m = m.varint(1, d)
	}
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return m.varint(2, float32Type).text(8, name).bytes(9, raw)
}

func answers(t *testing.T, path string) (list map[string]answer) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// agrees holds what a network makes of numbers against an answer.
func agrees(t *testing.T, path string, a answer) *Model {
	t.Helper()
	m, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	y, dims, err := run(m, m.Input(a.In[2], a.In[3]), numbers(volume(a.In)), own)
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(y, a.Y); !slices.Equal(dims, a.Out) || d > 1e-4 {
		t.Errorf("shape %d, want %d; %.2g of the largest value", dims, a.Out, d)
	}
	return m
}

// Small networks as both exporters of PyTorch write them, against ONNX Runtime.
func TestFixtures(t *testing.T) {
	for name, a := range answers(t, "testdata/cases.json") {
		t.Run(name, func(t *testing.T) { agrees(t, "testdata/"+name+".onnx", a) })
	}
}

// Networks with the weights that they were published with, against ONNX Runtime.
func TestRealNetworks(t *testing.T) {
	if !*long {
		t.Skip("with -long")
	}
	for name, a := range answers(t, "testdata/real.json") {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("..", "..", "..", "shared", "data", "onnx", name+".onnx")
			if _, err := os.Stat(path); err != nil {
				t.Skipf("%s is not beside this checkout", name)
			}
			agrees(t, path, a)
		})
	}
}

// Of another size, where the graph leaves it open, and with another padding: under
// circular padding a network without anything else that knows a place makes of a
// picture that is rolled by its stride the same average.
func TestCircularRolls(t *testing.T) {
	m, err := Read("testdata/residual.onnx")
	if err != nil {
		t.Fatal(err)
	}
	spec := own
	spec.Padding, spec.Pools = pad.Must("circular"), "scheme"
	in := m.Input(32, 32)
	x := numbers(in.Len())
	rolled := make([]float32, len(x))
	for c := range 3 {
		for i := range 32 {
			for j := range 32 {
				rolled[(c*32+(i+4)%32)*32+(j+8)%32] = x[(c*32+i)*32+j]
			}
		}
	}
	for _, c := range []struct {
		scheme string
		same   bool
	}{{"circular", true}, {"zeros", false}, {"reflect", false}} {
		spec.Padding = pad.Must(c.scheme)
		a, _, err := run(m, in, x, spec)
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := run(m, in, rolled, spec)
		if err != nil {
			t.Fatal(err)
		}
		if same := distance(a, b) < 1e-6; same != c.same {
			t.Errorf("%s: a rolled picture is %.2g away", c.scheme, distance(a, b))
		}
	}
}

// A picture that comes round left and right has a seam where a graph enlarges its
// maps, which its convolutions' padding does not mend, and the enlargement's does: bit
// for bit.
func TestSeamOfResize(t *testing.T) {
	scales := floatTensor("scales", []float32{1, 1, 2, 2}, 4)
	mode := message{}.text(1, "mode").bytes(4, []byte("linear")).varint(20, 3)
	same := ints("pads", 1, 1, 1, 1)
	m, err := Parse(modelOf(17, "y", []message{tensorOfNumbers("w1", 4, 3, 3, 3), tensorOfNumbers("w2", 2, 4, 3, 3), scales},
		nodeOf("down", "Conv", []string{"x", "w1"}, []string{"a"}, same, ints("strides", 2, 2)),
		nodeOf("up", "Resize", []string{"a", "", "scales"}, []string{"b"}, mode),
		nodeOf("last", "Conv", []string{"b", "w2"}, []string{"y"}, same)))
	if err != nil {
		t.Fatal(err)
	}
	in := m.Input(8, 8)
	x := numbers(in.Len())
	rolled := func(x []float32, by int) []float32 {
		y := make([]float32, len(x))
		for i := range x {
			y[i/8*8+(i%8+by)%8] = x[i]
		}
		return y
	}
	for _, c := range []struct {
		padding, up string
		same        bool
	}{{"circular/zeros", "circular/zeros", true}, {"circular/zeros", "circular/replicate", true}, {"circular/zeros", "", false}, {"circular/zeros", "replicate", false}, {"zeros", "circular", false}} {
		spec := own
		if spec.Padding = pad.Must(c.padding); c.up != "" {
			spec.Layers = map[string]pad.Scheme{"up": pad.Must(c.up)}
		}
		a, _, err := run(m, in, x, spec)
		if err != nil {
			t.Fatal(err)
		}
		b, _, err := run(m, in, rolled(x, 2), spec)
		if err != nil {
			t.Fatal(err)
		}
		if same := slices.Equal(rolled(a, 2), b); same != c.same {
			t.Errorf("%+v: the picture rolled is %.2g from what was rolled", c, distance(rolled(a, 2), b))
		}
	}
}

// A layer keeps its name: its padding can be set alone, and a name that no layer
// has is an error with the nearest.
func TestLayerNames(t *testing.T) {
	m, err := Read("testdata/residual.onnx")
	if err != nil {
		t.Fatal(err)
	}
	spec := m.Spec(m.Architecture("residual"), 16, 16)
	plain, err := arch.Layers(spec)
	if err != nil {
		t.Fatal(err)
	}
	sees := func(nodes []nn.Node, name string) (n int) {
		for _, node := range nodes {
			if node.Name() == name {
				for _, r := range node.Reads(nn.Rows) {
					n += len(r.Taps)
				}
			}
		}
		return n
	}
	spec.Layers = map[string]pad.Scheme{"/conv2/Conv": pad.Must("reflect")}
	changed, err := arch.Layers(spec)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := sees(plain, "/conv2/Conv"), sees(changed, "/conv2/Conv"); a != 3*8-2 || b != 3*8 {
		t.Errorf("rows that are read: %d, and mirrored %d", a, b)
	}
	if a, b := sees(plain, "/conv1/Conv"), sees(changed, "/conv1/Conv"); a != b {
		t.Errorf("another layer reads %d, then %d", a, b)
	}
	spec.Layers = map[string]pad.Scheme{"/conv3/Conv": pad.Must("reflect")}
	if _, err := arch.Layers(spec); err == nil {
		t.Error("a layer that is not there")
	}
}

// A lesson teaches a network what it shall make of four pictures: classes of its
// own, or numbers.
type lesson struct {
	net     *nn.Net
	trainer *nn.Trainer
	crew    *kernel.Crew
}

func newLesson(t *testing.T, m *Model, side, classes, workers int, o nn.SGDOptions) *lesson {
	t.Helper()
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	spec := m.Spec(m.Architecture("lesson"), side, side)
	spec.Classes = classes
	net, err := arch.Build(spec, k)
	if err != nil {
		t.Fatal(err)
	}
	net.Init(1)
	l := &lesson{net, nn.NewTrainer(net, nn.NewSGD(net.Trainable, o), 4, workers), kernel.NewCrew(workers)}
	t.Cleanup(l.crew.Close)
	return l
}

// step returns the loss, before the step.
func (l *lesson) step(t *testing.T) float64 {
	t.Helper()
	loss, finite := l.trainer.StepWithLoss(l.crew, func(i int, x []float32) {
		for j := range x {
			x[j] = float32(math.Sin(float64(j * (i + 1))))
		}
	}, func(s *nn.LossScratch, i int, dz, z []float32) (loss float64) {
		if out := l.net.Out(); out.H*out.W == 1 {
			return nn.CrossEntropy(s.Kernel, s.Parts, dz, z, i%len(z), .25) / 4
		}
		for j, v := range z {
			want := .5 + .3*math.Sin(float64(i+j))
			dz[j] = float32(float64(v)-want) / float32(4*len(z))
			loss += float64(dz[j]) * (float64(v) - want) / 2
		}
		return loss
	})
	if !finite {
		t.Fatal("the loss or a gradient is not finite")
	}
	return loss
}

// lossAt is the loss with other weights.
func (l *lesson) lossAt(t *testing.T, w []float32) float64 {
	t.Helper()
	copy(l.net.W, w)
	l.net.Pack()
	return l.step(t)
}

// With other classes than its own a network has no weights for its last layer, which is
// linear or a convolution whose maps are pooled.
func TestOtherClasses(t *testing.T) {
	linear, err := Read("testdata/residual.onnx")
	if err != nil {
		t.Fatal(err)
	}
	pooled, err := Parse(modelOf(13, "y", []message{tensorOfNumbers("w", 5, 3, 3, 3), tensorOfNumbers("v", 7, 5, 1, 1), tensorOfNumbers("b", 7)},
		nodeOf("features", "Conv", []string{"x", "w"}, []string{"a"}),
		nodeOf("classes", "Conv", []string{"a", "v", "b"}, []string{"c"}),
		nodeOf("relu", "Relu", []string{"c"}, []string{"d"}),
		nodeOf("pool", "GlobalAveragePool", []string{"d"}, []string{"e"}),
		nodeOf("flat", "Flatten", []string{"e"}, []string{"y"})))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m    *Model
		side int
	}{{linear, 16}, {pooled, 8}} {
		spec := c.m.Spec(c.m.Architecture("other"), c.side, c.side)
		spec.Classes = 9
		net := newLesson(t, c.m, c.side, spec.Classes, 1, nn.SGDOptions{LR: nn.Constant(.1)}).net
		if out := net.Out(); out != (nn.Shape{H: 1, W: 1, C: 9}) {
			t.Fatalf("it makes %v", out)
		}
		if err := spec.Arch.Weigh(spec, net); err == nil {
			t.Error("a layer of another size got weights")
		}
	}
}

// Trained anew: the gradient is the slope of the loss along itself, many steps let the
// loss fall, and any number of workers makes the same weights.
func TestTrains(t *testing.T) {
	// Layers that only graphs have, with one that is taken three times, twice by one
	// product, and a batch norm, so that workers share the gradients of weights.
	norm := []string{"scale", "bias", "mean", "variance"}
	cubic := message{}.text(1, "mode").bytes(4, []byte("cubic")).varint(20, 3)
	tensors := []message{tensorOfNumbers("w", 3, 4, 3, 3), tensorOfNumbers("v", 15), floatTensor("scales", []float32{1, 1, .4, .4}, 4)}
	for _, name := range norm {
		tensors = append(tensors, tensorOfNumbers(name, 4))
	}
	all, err := Parse(modelOf(17, "y", tensors,
		nodeOf("up", "ConvTranspose", []string{"x", "w"}, []string{"a"}, ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)),
		nodeOf("batch", "BatchNormalization", append([]string{"a"}, norm...), []string{"b"}),
		nodeOf("layer", "LayerNormalization", []string{"b", "v"}, []string{"c", "m", "r"}),
		nodeOf("sum", "Add", []string{"c", "m"}, []string{"d"}),
		nodeOf("scaled", "Mul", []string{"d", "r"}, []string{"e"}),
		nodeOf("square", "MatMul", []string{"e", "e"}, []string{"f"}),
		nodeOf("weights", "Softmax", []string{"f"}, []string{"g"}),
		nodeOf("mixed", "MatMul", []string{"g", "e"}, []string{"h"}),
		nodeOf("smaller", "Resize", []string{"h", "", "scales"}, []string{"i"}, cubic),
		nodeOf("most", "ReduceMax", []string{"i"}, []string{"y"}, ints("axes", 3))))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for _, node := range newLesson(t, all, 8, 0, 1, nn.SGDOptions{LR: nn.Constant(.1)}).net.Nodes {
		kinds[fmt.Sprintf("%T", node.Layer)] = true
	}
	for _, kind := range []string{"ConvTranspose", "Interpolate", "LayerNorm", "MatMul", "Reduce", "Softmax"} {
		if !kinds["*nn."+kind] {
			t.Errorf("no %s", kind)
		}
	}
	type learner struct {
		m             *Model
		side, classes int
		rate          float64
	}
	list := map[string]learner{"all": {all, 8, 0, .002}}
	for name, l := range map[string]learner{
		"residual": {classes: 9, rate: .1}, "convnext": {classes: 9, rate: .1}, "attention": {classes: 3, rate: .3},
		"inception": {rate: .1}, "mobile": {classes: 9, rate: .1}, "unet": {rate: .5},
	} {
		if l.m, err = Read("testdata/" + name + ".onnx"); err != nil {
			t.Fatal(err)
		}
		l.side = 16
		list[name] = l
	}
	for name, c := range list {
		t.Run(name, func(t *testing.T) {
			rate := c.rate / 1000
			l := newLesson(t, c.m, c.side, c.classes, 1, nn.SGDOptions{LR: nn.Constant(rate)})
			before := slices.Clone(l.net.W)
			l.step(t)
			up, down, squares := slices.Clone(before), slices.Clone(before), 0.0
			for i := range l.net.Trainable {
				d := before[i] - l.net.W[i]
				up[i], down[i] = before[i]+d, before[i]-d
				squares += float64(d) * float64(d) / rate
			}
			if slope := (l.lossAt(t, up) - l.lossAt(t, down)) / 2; !(math.Abs(slope-squares) < .01*squares) {
				t.Errorf("the loss changes by %g along the gradient, want %g", slope, squares)
			}
			var weights [2][]float32
			for i, workers := range []int{1, 3} {
				l := newLesson(t, c.m, c.side, c.classes, workers, nn.SGDOptions{LR: nn.Constant(c.rate), Momentum: .9})
				first, last := l.step(t), 0.0
				for range 60 {
					last = l.step(t)
				}
				if !(last < first/2) {
					t.Errorf("the loss went from %g to %g", first, last)
				}
				weights[i] = l.net.W
			}
			if !slices.Equal(weights[0], weights[1]) {
				t.Error("three workers make other weights than one")
			}
		})
	}
}
