package onnx

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

var long = flag.Bool("long", false, "also compare the networks of a folder, which takes minutes")

// run sends a tensor in ONNX's order through the network of a model, and returns
// what comes out in that order.
func run(m *Model, in nn.Shape, x []float32, spec arch.Spec) (y []float32, dims []int, err error) {
	k, err := kernel.Select("")
	if err != nil {
		return nil, nil, err
	}
	spec.In = in
	nb := nn.NewBuilder(in)
	nb.Schemes = spec.Layers
	b, out := m.build(nb, spec)
	if b.problems != nil {
		return nil, nil, Problems(b.problems)
	}
	net, err := nb.Net(k)
	if err != nil {
		return nil, nil, err
	}
	if err := m.weigh(spec, net); err != nil {
		return nil, nil, err
	}
	tape := net.NewTape()
	start := m.start(in)
	toMemory(tape.Input(), x, start)
	raw := tape.Forward()
	y = make([]float32, len(raw))
	fromMemory(y, raw, out)
	return y, out.dims, nil
}

// toMemory and fromMemory put values in the order of a value's memory and back.
func toMemory(to, from []float32, v *value) {
	each(v.dims, [][]int{v.strides()}, func(i int, at []int) { to[at[0]] = from[i] })
}

func fromMemory(to, from []float32, v *value) {
	each(v.dims, [][]int{v.strides()}, func(i int, at []int) { to[i] = from[at[0]] })
}

// readNpy reads an array of float32.
func readNpy(path string) (values []float32, dims []int, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	n := int(binary.LittleEndian.Uint16(data[8:]))
	header := string(data[10 : 10+n])
	_, text, _ := strings.Cut(header, "'shape': (")
	text, _, _ = strings.Cut(text, ")")
	for _, word := range strings.Split(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			d := 0
			fmt.Sscan(word, &d)
			dims = append(dims, d)
		}
	}
	if !strings.Contains(header, "'<f4'") || strings.Contains(header, "'fortran_order': True") {
		return nil, nil, fmt.Errorf("%s: %s", path, header)
	}
	values = make([]float32, volume(dims))
	return values, dims, binary.Read(bytes.NewReader(data[10+n:]), binary.LittleEndian, values)
}

// distance is the largest difference, of the largest value.
func distance(y, want []float32) float64 {
	if len(y) != len(want) {
		return math.Inf(1)
	}
	most, far := 0.0, 0.0
	for i, v := range want {
		if v-v == 0 {
			most = max(most, math.Abs(float64(v)))
		}
		if v == y[i] || v != v && y[i] != y[i] {
			continue
		}
		if d := math.Abs(float64(v) - float64(y[i])); !(d <= far) {
			far = d
		}
	}
	return far / max(most, 1e-30)
}

// own is a spec that leaves a model as it is.
var own = arch.Spec{Padding: pad.Must("zeros"), Extent: pad.Same}

// The networks of a folder that testdata/sweep.py made, against ONNX Runtime, or PyTorch.
func TestSweep(t *testing.T) {
	folder := os.Getenv("PADLAB_ONNX")
	if !*long || folder == "" {
		t.Skip("with -long, and PADLAB_ONNX set to a folder that testdata/sweep.py made")
	}
	models, err := filepath.Glob(filepath.Join(folder, "*", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	passed, all := 0, 0
	for _, path := range models {
		name := filepath.Base(filepath.Dir(path))
		x, dims, err := readNpy(filepath.Join(filepath.Dir(path), "x.npy"))
		if err != nil {
			continue
		}
		want, _, err := readNpy(filepath.Join(filepath.Dir(path), "y.npy"))
		if err != nil {
			continue
		}
		all++
		t.Run(name, func(t *testing.T) {
			m, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			y, _, err := run(m, m.Input(dims[2], dims[3]), x, own)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(y, want); d > 1e-4 {
				t.Fatalf("%.2g of the largest output", d)
			}
			passed++
		})
	}
	if all == 0 {
		t.Errorf("there is no network in %s", folder)
	}
	t.Logf("%d of %d", passed, all)
}
