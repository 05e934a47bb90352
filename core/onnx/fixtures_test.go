package onnx

import (
	"encoding/binary"
	"encoding/json"
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
	weights := func(name string, dims ...int) message {
		m, n := message{}, 1
		for _, d := range dims {
			m, n = m.varint(1, d), n*d
		}
		var raw []byte
		for _, v := range numbers(n) {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		return m.varint(2, float32Type).text(8, name).bytes(9, raw)
	}
	scales := message{}.varint(1, 4).varint(2, float32Type).text(8, "scales")
	for _, v := range []float32{1, 1, 2, 2} {
		scales = scales.bytes(4, binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	mode := message{}.text(1, "mode").bytes(4, []byte("linear")).varint(20, 3)
	same := ints("pads", 1, 1, 1, 1)
	m, err := Parse(modelOf(17, "y", []message{weights("w1", 4, 3, 3, 3), weights("w2", 2, 4, 3, 3), scales},
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

// Trained anew: with other classes the last layer has as many outputs, and every
// gradient is that of the loss.
func TestTrains(t *testing.T) {
	m, err := Read("testdata/residual.onnx")
	if err != nil {
		t.Fatal(err)
	}
	k, err := kernel.Select("")
	if err != nil {
		t.Fatal(err)
	}
	spec := m.Spec(m.Architecture("residual"), 16, 16)
	spec.Classes = 9
	net, err := arch.Build(spec, k)
	if err != nil {
		t.Fatal(err)
	}
	if out := net.Out(); out != (nn.Shape{H: 1, W: 1, C: 9}) {
		t.Fatalf("it makes %v", out)
	}
	if err := spec.Arch.Weigh(spec, net); err == nil {
		t.Error("a layer of another size got weights")
	}
	net.Init(1)
	trainer := nn.NewTrainer(net, nn.NewSGD(net.Trainable, nn.SGDOptions{LR: nn.Constant(.1), Momentum: .9}), 8, 1)
	crew := kernel.NewCrew(1)
	defer crew.Close()
	first, last := 0.0, 0.0
	for step := range 60 {
		loss, finite := trainer.Step(crew, func(i int, x []float32) int {
			for j := range x {
				x[j] = float32(math.Sin(float64(j*(i+1)) / 50))
			}
			return i
		})
		if !finite {
			t.Fatal("the loss is not finite")
		}
		if step == 0 {
			first = loss
		}
		last = loss
	}
	if last > first/2 {
		t.Errorf("the loss went from %g to %g", first, last)
	}
}
