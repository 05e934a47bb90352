package onnx

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// A message is a protobuf message that is being written.
type message []byte

func (m message) varint(field protowire.Number, v int) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(v))
}

func (m message) bytes(field protowire.Number, b []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), b)
}

func (m message) text(field protowire.Number, s string) message { return m.bytes(field, []byte(s)) }

// tensorOf is a TensorProto of zeros.
func tensorOf(name string, dims ...int) message {
	m, n := message{}, 1
	for _, d := range dims {
		m, n = m.varint(1, d), n*d
	}
	return m.varint(2, float32Type).text(8, name).bytes(9, make([]byte, 4*n))
}

// pictureInput is a ValueInfoProto.
func pictureInput(name string, dims ...int) message {
	shape := message{}
	for _, d := range dims {
		shape = shape.bytes(1, message{}.varint(1, d))
	}
	return message{}.text(1, name).bytes(2, message{}.bytes(1, message{}.varint(1, float32Type).bytes(2, shape)))
}

// nodeOf is a NodeProto.
func nodeOf(name, op string, in []string, out []string, attributes ...message) message {
	m := message{}
	for _, s := range in {
		m = m.text(1, s)
	}
	for _, s := range out {
		m = m.text(2, s)
	}
	m = m.text(3, name).text(4, op)
	for _, a := range attributes {
		m = m.bytes(5, a)
	}
	return m
}

func ints(name string, list ...int) message {
	m := message{}.text(1, name)
	for _, v := range list {
		m = m.varint(8, v)
	}
	return m.varint(20, 7)
}

// modelOf is a ModelProto: nodes, tensors, and what a picture is.
func modelOf(opset int, output string, tensors []message, nodes ...message) []byte {
	g := message{}
	for _, n := range nodes {
		g = g.bytes(1, n)
	}
	for _, t := range tensors {
		g = g.bytes(5, t)
	}
	g = g.bytes(11, pictureInput("x", 1, 3, 8, 8)).bytes(12, message{}.text(1, output))
	return message{}.varint(1, 8).bytes(7, g).bytes(8, message{}.varint(2, opset))
}

// convOf is a network of one convolution.
func convOf(w message) []byte {
	return modelOf(17, "y", []message{w}, nodeOf("conv", "Conv", []string{"x", "w"}, []string{"y"}, ints("pads", 1, 1, 1, 1)))
}

// external is a tensor in another file.
func externalTensor(location, offset, length string, dims ...int) message {
	m := message{}
	for _, d := range dims {
		m = m.varint(1, d)
	}
	entry := func(key, value string) []byte { return message{}.text(1, key).text(2, value) }
	m = m.varint(2, float32Type).text(8, "w").varint(14, 1).bytes(13, entry("location", location))
	if offset != "" {
		m = m.bytes(13, entry("offset", offset))
	}
	if length != "" {
		m = m.bytes(13, entry("length", length))
	}
	return m
}

// hostile are files that are refused, with words of the error.
func hostile() map[string]struct {
	data []byte
	want string
} {
	type file = struct {
		data []byte
		want string
	}
	relu := nodeOf("relu", "Relu", []string{"x"}, []string{"y"})
	huge := message{}.varint(1, 1<<20).varint(1, 1<<20).varint(2, float32Type).text(8, "w").bytes(9, nil)
	return map[string]file{
		"nothing":           {nil, "no graph in it"},
		"text":              {[]byte("<html>"), "a protobuf field of type 4, which ONNX has not"},
		"a length beyond":   {protowire.AppendVarint(protowire.AppendTag(nil, 7, protowire.BytesType), 1<<40), "a length beyond its end"},
		"a future version":  {modelOf(99, "y", nil, relu), "version 99"},
		"a gigantic shape":  {convOf(huge), "a shape of more than"},
		"a negative shape":  {convOf(message{}.varint(1, -3).varint(2, float32Type).text(8, "w")), "a dimension of -3"},
		"too few bytes":     {convOf(message{}.varint(1, 4).varint(2, float32Type).text(8, "w").bytes(9, make([]byte, 15))), "take 16 bytes, but there are 15"},
		"overflowing dims":  {convOf(message{}.varint(1, 1<<28).varint(1, 1<<28).varint(1, 1<<28).varint(2, float32Type).text(8, "w")), "a shape of more than"},
		"a cycle":           {modelOf(17, "y", nil, nodeOf("a", "Add", []string{"x", "z"}, []string{"y"}), nodeOf("b", "Relu", []string{"y"}, []string{"z"})), "a cycle"},
		"itself":            {modelOf(17, "y", nil, nodeOf("a", "Add", []string{"x", "y"}, []string{"y"})), "a cycle"},
		"a missing name":    {modelOf(17, "y", nil, nodeOf("a", "Add", []string{"x", "gone"}, []string{"y"})), `takes "gone", which nothing makes`},
		"a missing output":  {modelOf(17, "gone", nil, relu), `nothing makes the output "gone"`},
		"one name twice":    {modelOf(17, "y", nil, relu, nodeOf("again", "Relu", []string{"x"}, []string{"y"})), `two values of the name "y"`},
		"an input twice":    {modelOf(17, "y", nil, nodeOf("again", "Relu", []string{"x"}, []string{"x"})), `two values of the name "x"`},
		"a tensor twice":    {modelOf(17, "y", []message{tensorOf("w", 1), tensorOf("w", 1)}, relu), `two tensors of the name "w"`},
		"strings":           {convOf(message{}.varint(1, 1).varint(2, 8).text(8, "w")), "values of type 8"},
		"another file":      {convOf(externalTensor("w.bin", "0", "", 1, 3, 1, 1)), `is in another file, "w.bin"`},
		"a negative offset": {convOf(externalTensor("w.bin", "-4", "", 1, 3, 1, 1)), `offset "-4"`},
		"a wrong length":    {convOf(externalTensor("w.bin", "0", "8", 1, 3, 1, 1)), "take 12 bytes"},
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range hostile() {
		m, err := Parse(c.data)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %s", name, m, err, c.want)
		}
	}
}

// What does not fit is said all at once, with what stands around it.
func TestProblems(t *testing.T) {
	m, err := Parse(modelOf(17, "y", nil,
		nodeOf("one", "Relu", []string{"x"}, []string{"a"}),
		nodeOf("two", "Wonder", []string{"a"}, []string{"b"}),
		nodeOf("three", "NonZero", []string{"a"}, []string{"c"}),
		nodeOf("four", "Add", []string{"b", "c"}, []string{"y"})))
	if err != nil {
		t.Fatal(err)
	}
	list, err := m.List(m.Spec(m.Architecture("m"), 8, 8))
	if err != nil {
		t.Fatal(err)
	}
	const want = `node "two" (Wonder, behind Relu, before Add): an operator that is not supported
node "three" (NonZero, behind Relu, before Add): an operator that is not supported`
	if got := list.Problems.Error(); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Tensors in other files are read from the folder of the model, and from nowhere
// else.
func TestExternal(t *testing.T) {
	folder, elsewhere := t.TempDir(), t.TempDir()
	write := func(dir, name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	values := binary.LittleEndian.AppendUint32(nil, math.Float32bits(2))
	values = append(append(values, values...), values...)
	write(folder, "w.bin", append(make([]byte, 8), values...))
	write(elsewhere, "w.bin", append(make([]byte, 8), values...))
	if runtime.GOOS != "windows" {
		if err := os.Symlink(filepath.Join(elsewhere, "w.bin"), filepath.Join(folder, "link.bin")); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(elsewhere, filepath.Join(folder, "away")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ location, offset, want string }{
		{"w.bin", "8", ""},
		{"w.bin", "12", "it has 20 bytes, but 12 from byte 12 on are asked for"},
		{"../" + filepath.Base(elsewhere) + "/w.bin", "8", "only files in the folder of the model are read"},
		{filepath.Join(elsewhere, "w.bin"), "8", "only files in the folder of the model are read"},
		{"a/../../w.bin", "8", "only files in the folder of the model are read"},
		{"", "8", "only files in the folder of the model are read"},
		{".", "8", "a folder, not a file"},
		{"gone.bin", "8", "no such file"},
		{"link.bin", "8", "escapes"},
		{"away/w.bin", "8", "escapes"},
	} {
		if runtime.GOOS == "windows" && c.want != "" {
			continue
		}
		write(folder, "m.onnx", convOf(externalTensor(c.location, c.offset, "", 1, 3, 1, 1)))
		m, err := Read(filepath.Join(folder, "m.onnx"))
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q from %s on: %v, want %s", c.location, c.offset, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if w := m.initial["w"].values(); len(w) != 3 || w[0] != 2 || w[2] != 2 {
			t.Errorf("%v", w)
		}
		if runtime.GOOS == "windows" {
			continue
		}
		// The model itself may be a link: a person named it.
		link := filepath.Join(folder, "link.onnx")
		write(elsewhere, "real.onnx", convOf(externalTensor(c.location, c.offset, "", 1, 3, 1, 1)))
		if err := os.Symlink(filepath.Join(elsewhere, "real.onnx"), link); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(link); err != nil {
			t.Error(err)
		}
	}
}

// FuzzRead: whatever a file says, it is a network or an error, and neither takes
// much.
func FuzzRead(f *testing.F) {
	for _, c := range hostile() {
		f.Add(c.data)
	}
	f.Add(convOf(tensorOf("w", 2, 3, 3, 3)))
	constant := func(name string, list ...int) message {
		m := message{}.varint(1, len(list)).varint(2, int64Type)
		for _, v := range list {
			m = m.varint(7, v)
		}
		return m.text(8, name)
	}
	f.Add(modelOf(13, "y", []message{constant("to", 1, -1)}, nodeOf("r", "Reshape", []string{"x", "to"}, []string{"y"})))
	f.Add(modelOf(13, "y", []message{constant("to", 1<<20, 1<<20)}, nodeOf("e", "Expand", []string{"x", "to"}, []string{"y"})))
	f.Add(modelOf(13, "y", []message{constant("p", 0, 0, 1<<40, 0, 0, 0, 0, 1)}, nodeOf("p", "Pad", []string{"x", "p"}, []string{"y"})))
	f.Add(modelOf(13, "y", []message{constant("s", 0), constant("e", math.MaxInt64), constant("a", 3), constant("t", math.MinInt64)},
		nodeOf("s", "Slice", []string{"x", "s", "e", "a", "t"}, []string{"y"})))
	f.Add(modelOf(13, "y", []message{constant("to", 1, 3, 64), constant("i", 7, -1)},
		nodeOf("r", "Reshape", []string{"x", "to"}, []string{"a"}), nodeOf("t", "Transpose", []string{"a"}, []string{"b"}, ints("perm", 0, 2, 1)),
		nodeOf("m", "MatMul", []string{"b", "a"}, []string{"c"}), nodeOf("g", "Gather", []string{"c", "i"}, []string{"d"}), nodeOf("s", "Softmax", []string{"d"}, []string{"y"})))
	f.Add(modelOf(13, "y", nil, nodeOf("p", "MaxPool", []string{"x"}, []string{"y"}, ints("kernel_shape", 3, 2), ints("strides", 1, 5), ints("pads", 2, 0, 2, 1))))
	f.Add(modelOf(13, "y", []message{constant("n", 1<<50)}, nodeOf("c", "ConstantOfShape", []string{"n"}, []string{"c"}), nodeOf("a", "Add", []string{"x", "c"}, []string{"y"})))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		a := m.Architecture("m")
		for _, side := range []int{8, 9} {
			spec := m.Spec(a, side, side)
			list, err := m.List(spec)
			if err != nil || list.Problems != nil {
				continue
			}
			for _, l := range list.Layers {
				if l.Out.Len() < 1 || l.Out.Len() > maxMade {
					t.Errorf("layer %q makes %v", l.Name, l.Out)
				}
			}
			if total := made(list); total > 1<<16 {
				continue // to compute takes too long here
			}
			x := make([]float32, spec.In.Len())
			for i := range x {
				x[i] = float32(i%7) - 3
			}
			y, dims, err := run(m, spec.In, x, spec)
			if err == nil && len(y) != volume(dims) {
				t.Errorf("%d values of shape %d", len(y), dims)
			}
		}
	})
}

// made is how many values layers make and hold.
func made(list *Listing) (n int) {
	for _, l := range list.Layers {
		n += l.Out.Len() + l.Params
	}
	return n
}
