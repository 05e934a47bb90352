package nn

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"padlab/core/nn/safetensors"
	"padlab/core/pad"
)

// small is the network of testdata/weights.py.
func small(t testing.TB) *Net {
	return net(t, Shape{6, 8, 3}, func(b *Builder) {
		x := b.Conv("conv1", Sample, 4, 3, 1, pad.Must("zeros"), pad.Same, true)
		x = b.MaxPool("pool", b.ReLU("relu1", b.BatchNorm("bn1", x)))
		conv2, err := NewConv("conv2", b.Shape(x), ConvSpec{Filters: 6, Size: 2, Groups: 2, Scheme: pad.Must("none")})
		x = b.ReLU("relu2", b.BatchNorm("bn2", b.add(conv2, err, x)))
		b.Linear("fc2", b.ReLU("relu3", b.Linear("fc1", x, 7)), 5)
	})
}

func openFile(t testing.TB, file []byte) *safetensors.File {
	t.Helper()
	f, err := safetensors.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func torchWeights(t testing.TB) *safetensors.File {
	file, err := os.ReadFile("testdata/weights.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	return openFile(t, file)
}

func saved(t testing.TB, n *Net, metadata map[string]string) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := n.Save(&file, metadata); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A network that PyTorch made computes here what it computes there.
func TestLoadMatchesTorch(t *testing.T) {
	var want struct{ Pictures, Outputs [][]float64 }
	text, err := os.ReadFile("testdata/weights.json")
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	if err != nil || len(want.Outputs) != 3 {
		t.Fatal(err, len(want.Outputs))
	}
	n := small(t)
	if err := n.Load(torchWeights(t)); err != nil {
		t.Fatal(err)
	}
	tape := n.NewTape()
	for i, picture := range want.Pictures {
		copy(tape.Input(), narrow(picture))
		if d := gap(tape.Forward(), want.Outputs[i]); !(d <= 1e-5) {
			t.Errorf("picture %d: off by %.1e: %v, want %v", i, d, tape.Output(), want.Outputs[i])
		}
	}
}

// What was loaded is saved as it was in the file.
func TestSaveAfterLoad(t *testing.T) {
	from := torchWeights(t)
	n := small(t)
	if err := n.Load(from); err != nil {
		t.Fatal(err)
	}
	sameTensors(t, from, openFile(t, saved(t, n, nil)), "module.")
}

// sameTensors compares all tensors of floats of two files, bit for bit; the
// names of the first have a prefix.
func sameTensors(t *testing.T, want, got *safetensors.File, prefix string) {
	t.Helper()
	floats := 0
	for _, info := range want.Tensors {
		if info.Dtype != safetensors.F32 {
			continue
		}
		floats++
		a, err := want.Read(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := got.Read(strings.TrimPrefix(info.Name, prefix))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(a.Shape, b.Shape) || !slices.EqualFunc(a.Values, b.Values, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }) {
			t.Errorf("%s changed: shape %v, want %v", info.Name, b.Shape, a.Shape)
		}
	}
	if floats != len(got.Tensors) {
		t.Errorf("%d tensors, want %d", len(got.Tensors), floats)
	}
}

// mixed has tensors of every layout, with more outputs than go together.
func mixed(t testing.TB) *Net {
	n := net(t, Shape{5, 4, 4}, func(b *Builder) {
		conv, err := NewConv("conv1", b.Shape(Sample), ConvSpec{Filters: 70, Size: 3, Groups: 2, Scheme: pad.Must("none"), Bias: true})
		x := b.BatchNorm("norm1", b.add(conv, err, Sample))
		b.Linear("linear", x, 130)
	})
	copy(n.W, random("mixed", len(n.W)))
	n.EachParam(func(p Param, values []float32) {
		if strings.HasSuffix(p.Name, ".running_var") {
			for i, v := range values {
				values[i] = v * v
			}
		}
	})
	n.Pack()
	return n
}

// The layouts of a file, by their definition.
func TestSaveLayouts(t *testing.T) {
	n := mixed(t)
	f := openFile(t, saved(t, n, map[string]string{"note": "x"}))
	if !maps.Equal(f.Metadata, map[string]string{"note": "x"}) {
		t.Errorf("metadata %v", f.Metadata)
	}
	read := func(name string, shape ...int) []float32 {
		tensor, err := f.Read(name)
		if err != nil || !slices.Equal(tensor.Shape, shape) {
			t.Fatal(name, tensor.Shape, err)
		}
		return tensor.Values
	}
	checked := 0
	expect := func(name string, got, want float32) {
		if checked++; got != want {
			t.Fatalf("%s: %g, want %g", name, got, want)
		}
	}
	n.EachParam(func(p Param, values []float32) {
		switch p.Name {
		case "conv1.weight":
			for i, v := range read(p.Name, 70, 2, 3, 3) { // [o][c][y][x]
				o, c, y, x := i/18, i/9%2, i/3%3, i%3
				expect(p.Name, v, values[((y*3+x)*2+c)*70+o])
			}
		case "linear.weight":
			for i, v := range read(p.Name, 130, 70*3*2) { // [o][c][y][x]
				o, c, y, x := i/(70*6), i/6%70, i/2%3, i%2
				expect(p.Name, v, values[((y*2+x)*70+c)*130+o])
			}
		default:
			for i, v := range read(p.Name, len(values)) {
				expect(p.Name, v, values[i])
			}
		}
	})
	if checked != len(n.W) {
		t.Errorf("%d values compared of %d", checked, len(n.W))
	}
}

func TestSaveAndLoad(t *testing.T) {
	for name, build := range map[string]func(testing.TB) *Net{
		"mixed": mixed,
		"small": small,
		"chain": func(t testing.TB) *Net { n, _ := tiny(t); return n },
		"block": func(t testing.TB) *Net { n, _ := block(t); return n },
	} {
		n, other := build(t), build(t)
		for i := range other.W {
			other.W[i]++
		}
		file := saved(t, n, nil)
		if err := other.Load(openFile(t, file)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if other.SHA256() != n.SHA256() {
			t.Errorf("%s: other weights after a round trip", name)
		}
		if !slices.Equal(other.packed, n.packed) {
			t.Errorf("%s: not packed", name)
		}
		if !bytes.Equal(saved(t, other, nil), file) {
			t.Errorf("%s: another file", name)
		}
	}
}

// What does not fit is named, and the network stays as it was.
func TestLoadErrors(t *testing.T) {
	type tensors = []safetensors.Tensor
	at := func(list tensors, name string) *safetensors.Tensor {
		return &list[slices.IndexFunc(list, func(t safetensors.Tensor) bool { return t.Name == name })]
	}
	without := func(list tensors, name string) tensors {
		return slices.DeleteFunc(list, func(t safetensors.Tensor) bool { return t.Name == name })
	}
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		change func(tensors) tensors
		want   string
	}{
		{func(list tensors) tensors { return without(list, "norm1.bias") }, `1 tensor is missing: "norm1.bias"`},
		{func(list tensors) tensors {
			at(list, "linear.weight").Name = "lineal.weight"
			return without(list, "conv1.bias")
		}, `2 tensors are missing: "conv1.bias", "linear.weight" (the file has "lineal.weight"); 1 tensor is unexpected: "lineal.weight"`},
		{func(list tensors) tensors {
			return append(list, safetensors.Tensor{Name: "a", Values: make([]float32, 1)})
		},
			`1 tensor is unexpected: "a"`},
		{func(list tensors) tensors {
			at(list, "linear.weight").Shape = []int{70 * 3 * 2, 130}
			at(list, "conv1.weight").Shape = []int{70, 2, 9}
			return list
		}, `2 tensors have other shapes: "conv1.weight" is [70 2 9], not [70 2 3 3], "linear.weight" is [420 130], not [130 420]`},
		{func(list tensors) tensors {
			list[0].Name = strings.Repeat("y", 20)
			return list[:1]
		}, `8 tensors are missing: "conv1.bias", "conv1.weight", "linear.bias", and 5 more; 1 tensor is unexpected: "yyyyyyyyyyyyyyyyyyyy"`},
		{func(list tensors) tensors {
			for i := range 20 {
				list = append(list, safetensors.Tensor{Name: fmt.Sprintf("%02d", i), Values: make([]float32, 1)})
			}
			return list
		}, `20 tensors are unexpected: "00", "01", "02", and 17 more`},
		{func(list tensors) tensors {
			return append(list, safetensors.Tensor{Name: "module.conv1.bias", Values: make([]float32, 1)})
		}, `1 tensor is unexpected: "module.conv1.bias"`},
		{func(list tensors) tensors { at(list, "linear.weight").Values[100] = nan; return list },
			`tensor "linear.weight": value 101 of 54600 is NaN, but all must be finite`},
		{func(list tensors) tensors { at(list, "norm1.running_mean").Values[37] = inf; return list },
			`tensor "norm1.running_mean": value 38 of 70 is -Inf, but all must be finite`},
		{func(list tensors) tensors { at(list, "norm1.running_var").Values[0] = -0.5; return list },
			`tensor "norm1.running_var": value 1 of 70 is -0.5, but no variance is below 0`},
	} {
		n := mixed(t)
		f := openFile(t, saved(t, n, nil))
		var list tensors
		for _, info := range f.Tensors {
			tensor, err := f.Read(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, tensor)
		}
		var file bytes.Buffer
		if err := safetensors.Write(&file, c.change(list), nil); err != nil {
			t.Fatal(err)
		}
		before := n.SHA256()
		if err := n.Load(openFile(t, file.Bytes())); err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
		if n.SHA256() != before {
			t.Errorf("the network changed before %s", c.want)
		}
	}
}

// All names may stand behind one prefix, whatever it is; not behind several.
func TestLoadPrefix(t *testing.T) {
	n := mixed(t)
	from := openFile(t, saved(t, n, nil))
	load := func(rename func(i int, name string) string) (prefix string, err error) {
		var list []safetensors.Tensor
		for i, info := range from.Tensors {
			tensor, err := from.Read(info.Name)
			if err != nil {
				t.Fatal(err)
			}
			tensor.Name = rename(i, tensor.Name)
			list = append(list, tensor)
		}
		var file bytes.Buffer
		if err := safetensors.Write(&file, list, nil); err != nil {
			t.Fatal(err)
		}
		other := mixed(t)
		clear(other.W)
		f := openFile(t, file.Bytes())
		if err = other.Load(f); err == nil && other.SHA256() != n.SHA256() {
			t.Error("other weights")
		}
		return Prefix(from.Tensors, f), err
	}
	for _, prefix := range []string{"", "module.", "model.", "module.model.backbone.", "conv1.", ".", "état d'âme."} {
		if got, err := load(func(_ int, name string) string { return prefix + name }); got != prefix || err != nil {
			t.Errorf("%q: found %q, %v", prefix, got, err)
		}
	}
	for want, rename := range map[string]func(i int, name string) string{
		`missing: "model.conv1.bias" (the file has "modem.conv1.bias")`: func(_ int, name string) string {
			if name == "conv1.bias" {
				return "modem." + name
			}
			return "model." + name
		},
		`8 tensors are missing: "conv1.bias"`:         func(i int, name string) string { return fmt.Sprintf("%d.%s", i, name) },
		`8 tensors are unexpected: "modelconv1.bias"`: func(_ int, name string) string { return "model" + name },
	} {
		if _, err := load(rename); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// Integers are ignored where nothing wants them, an error where something does.
func TestLoadIntegers(t *testing.T) {
	n := net(t, Shape{1, 1, 2}, func(b *Builder) { b.BatchNorm("norm", Sample) })
	load := func(biasType string, size int, extra string) error {
		header := fmt.Sprintf(`{"norm.weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},`+
			`"norm.running_mean":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},`+
			`"norm.running_var":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},`+
			`"norm.bias":{"dtype":"%s","shape":[2],"data_offsets":[24,%d]},`+
			`"norm.num_batches_tracked":{"dtype":"%s","shape":[],"data_offsets":[%d,%d]}}`, biasType, 24+2*size, extra, 24+2*size, 32+2*size)
		file := append([]byte{byte(len(header)), byte(len(header) >> 8), 0, 0, 0, 0, 0, 0}, header...)
		return n.Load(openFile(t, append(file, make([]byte, 32+2*size)...)))
	}
	for _, c := range []struct {
		biasType string
		size     int
		extra    string
		want     string
	}{
		{"F32", 4, "I64", "<nil>"},
		{"F16", 2, "U64", "<nil>"},
		{"F32", 4, "F64", `1 tensor is unexpected: "norm.num_batches_tracked"`},
		{"I32", 4, "I64", `tensor "norm.bias": its dtype is I32, but only F32, F16, BF16 and F64 can be read`},
	} {
		if err := load(c.biasType, c.size, c.extra); fmt.Sprint(err) != c.want {
			t.Errorf("%s and %s: %v, want %s", c.biasType, c.extra, err, c.want)
		}
	}
}

// A writer that fails makes Save fail.
func TestSaveErrors(t *testing.T) {
	r, w := io.Pipe()
	r.CloseWithError(errors.New("the disk is full"))
	if err := mixed(t).Save(w, nil); err == nil || err.Error() != "the disk is full" {
		t.Errorf("got %v", err)
	}
}

// A real network's tensors, which do not come with the code: a chain of the
// same layers takes them, and saves them as they were.
func TestLoadRealFile(t *testing.T) {
	const name = "../../../shared/data/weights/resnet20_cifar10.safetensors"
	file, err := os.ReadFile(filepath.FromSlash(name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	n := net(t, Shape{32, 32, 3}, func(b *Builder) {
		x := Sample
		layer := func(conv, norm string, filters int) {
			x = b.Conv(conv, x, filters, 3, 1, pad.Must("zeros"), pad.Same, false)
			x = b.BatchNorm(norm, x)
		}
		layer("conv1", "bn1", 16)
		for l := range 3 {
			for block := range 3 {
				for i := 1; i <= 2; i++ {
					layer(fmt.Sprintf("layer%d.%d.conv%d", l+1, block, i), fmt.Sprintf("layer%d.%d.bn%d", l+1, block, i), 16<<l)
				}
			}
		}
		b.Linear("linear", b.GlobalAveragePool("gap", x), 10)
	})
	f := openFile(t, file)
	if err := n.Load(f); err != nil {
		t.Fatal(err)
	}
	sameTensors(t, f, openFile(t, saved(t, n, nil)), "")
	if err := small(t).Load(f); err == nil {
		t.Error("the tensors fit another network")
	}
}
