package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func write(t interface{ Fatal(...any) }, tensors []Tensor, metadata map[string]string) []byte {
	var b bytes.Buffer
	if err := Write(&b, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWrite(t *testing.T) {
	for _, c := range []struct {
		tensors  []Tensor
		metadata map[string]string
		header   string
		data     []byte
	}{
		{nil, nil, "{}      ", nil},
		{nil, map[string]string{}, "{}      ", nil},
		// A case of the tests of the reference implementation.
		{
			[]Tensor{{Name: "attn0", Shape: []int{1, 1, 2, 3}, Values: []float32{0, 1, 2, 3, 4, 5}}}, nil,
			`{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       `,
			[]byte{0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64, 0, 0, 160, 64},
		},
		{
			[]Tensor{{Name: "b", Values: []float32{-1}}, {Name: "a\"\\<é>", Shape: []int{0}}, {Name: "a", Shape: []int{1}, Values: []float32{1}}},
			map[string]string{"z": "\x00\n\x7f", "a": "</é>", "": ""},
			`{"__metadata__":{"":"","a":"</é>","z":"\u0000\u000a` + "\x7f" + `"},` +
				`"b":{"dtype":"F32","shape":[],"data_offsets":[0,4]},` +
				`"a\"\\<é>":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},` +
				`"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}  `,
			[]byte{0, 0, 128, 191, 0, 0, 128, 63},
		},
		{
			[]Tensor{{Name: "d", Shape: []int{2}, Doubles: []float64{1, -0.1}}, {Name: "f", Values: []float32{1}}, {Name: "e", Shape: []int{0}, Doubles: []float64{}}}, nil,
			`{"d":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},` +
				`"f":{"dtype":"F32","shape":[],"data_offsets":[16,20]},` +
				`"e":{"dtype":"F64","shape":[0],"data_offsets":[20,20]}}    `,
			[]byte{0, 0, 0, 0, 0, 0, 240, 63, 0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0xbf, 0, 0, 128, 63},
		},
	} {
		if got, want := write(t, c.tensors, c.metadata), fileOf(c.header, c.data); !bytes.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// drawTensors draws tensors of any floats and doubles, with any shapes and names.
func drawTensors(t *rapid.T) []Tensor {
	name := rapid.StringN(1, 40, maxName).Filter(func(s string) bool { return checkName(s) == nil && s != metadataKey })
	names := rapid.SliceOfNDistinct(name, 0, 6, rapid.ID[string]).Draw(t, "names")
	tensors := make([]Tensor, len(names))
	for i, name := range names {
		shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 4).Draw(t, "shape")
		n := 1
		for _, d := range shape {
			n *= d
		}
		tensors[i] = Tensor{Name: name, Shape: shape}
		if rapid.Bool().Draw(t, "doubles") {
			tensors[i].Doubles = make([]float64, n)
			for j, bits := range rapid.SliceOfN(rapid.Uint64(), n, n).Draw(t, "values") {
				tensors[i].Doubles[j] = math.Float64frombits(bits)
			}
			continue
		}
		tensors[i].Values = make([]float32, n)
		for j, bits := range rapid.SliceOfN(rapid.Uint32(), n, n).Draw(t, "values") {
			tensors[i].Values[j] = math.Float32frombits(bits)
		}
	}
	return tensors
}

func sameTensor(a, b Tensor) bool {
	same := func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) }
	sameDouble := func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) }
	return a.Name == b.Name && slices.Equal(a.Shape, b.Shape) && slices.EqualFunc(a.Values, b.Values, same) && slices.EqualFunc(a.Doubles, b.Doubles, sameDouble)
}

// readLike reads the tensor of the name of another as that one holds its values.
func readLike(f *File, want Tensor) (Tensor, error) {
	if want.Doubles != nil {
		return f.ReadDoubles(want.Name)
	}
	return f.Read(want.Name)
}

// What was written is read, bit for bit and in its order, and a second writing
// has the same bytes.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tensors := drawTensors(t)
		metadata := rapid.MapOfN(rapid.String(), rapid.String(), 0, 4).Draw(t, "metadata")
		file := write(t, tensors, metadata)
		f, err := open(file)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(f.Metadata, metadata) {
			t.Fatalf("metadata %q, want %q", f.Metadata, metadata)
		}
		if len(f.Tensors) != len(tensors) {
			t.Fatalf("%d tensors, want %d", len(f.Tensors), len(tensors))
		}
		for i, want := range tensors {
			if f.Tensors[i].Name != want.Name {
				t.Fatalf("tensor %d is %q, want %q", i, f.Tensors[i].Name, want.Name)
			}
			if got, err := readLike(f, want); err != nil || !sameTensor(got, want) {
				t.Fatalf("got %v, %v, want %v", got, err, want)
			}
		}
		if !bytes.Equal(write(t, tensors, maps.Clone(metadata)), file) {
			t.Fatal("a second writing differs")
		}

		// A header that does not come from this package's reader.
		n := binary.LittleEndian.Uint64(file)
		if n%8 != 0 {
			t.Fatalf("a header of %d bytes", n)
		}
		var header map[string]json.RawMessage
		if err := json.Unmarshal(file[8:8+n], &header); err != nil {
			t.Fatal(err)
		}
		for _, tensor := range tensors {
			var value struct {
				Dtype   string
				Shape   []int
				Offsets [2]int `json:"data_offsets"`
			}
			if err := json.Unmarshal(header[tensor.Name], &value); err != nil {
				t.Fatal(err)
			}
			dtype := "F32"
			if tensor.Doubles != nil {
				dtype = "F64"
			}
			if value.Dtype != dtype || !slices.Equal(value.Shape, tensor.Shape) || value.Offsets[1]-value.Offsets[0] != 4*len(tensor.Values)+8*len(tensor.Doubles) {
				t.Fatalf("%q has the header %+v", tensor.Name, value)
			}
		}
	})
}

// A long tensor is written in pieces, none of which is lost.
func TestWriteLong(t *testing.T) {
	for _, n := range []int{chunkBytes/4 - 1, chunkBytes / 4, chunkBytes/4 + 1, 3*chunkBytes/4 + 5} {
		want := []Tensor{{Name: "a", Shape: []int{n}, Values: make([]float32, n)}, {Name: "b", Shape: []int{n}, Doubles: make([]float64, n)}}
		for i := range n {
			want[0].Values[i], want[1].Doubles[i] = float32(i), 1/float64(i+1)
		}
		f, err := open(write(t, want, nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range want {
			if got, err := readLike(f, want); err != nil || !sameTensor(got, want) {
				t.Errorf("%d values: %d and %d came back, %v", n, len(got.Values), len(got.Doubles), err)
			}
		}
	}
}

// Memory does not grow with the values.
func TestWriteMemory(t *testing.T) {
	tensors := []Tensor{{Name: "a", Shape: []int{1 << 20}, Values: make([]float32, 1<<20)}, {Name: "b", Shape: []int{1 << 19}, Doubles: make([]float64, 1<<19)}}
	spent := allocated(func() {
		if err := Write(io.Discard, tensors, nil); err != nil {
			t.Error(err)
		}
	})
	if spent > 2*chunkBytes {
		t.Errorf("%d bytes allocated for 8 MiB of values", spent)
	}
}

// A failing writer fails at the given call.
type failing struct{ calls, fail int }

func (w *failing) Write(b []byte) (int, error) {
	w.calls++
	if w.calls == w.fail {
		return 0, errDisk
	}
	return len(b), nil
}

// An error of any call is returned at once.
func TestWriteErrors(t *testing.T) {
	const n = chunkBytes/4 + 1
	tensors := []Tensor{{Name: "a", Shape: []int{n}, Values: make([]float32, n)}, {Name: "b", Values: []float32{1}}, {Name: "c", Doubles: []float64{1}}}
	for fail := 1; ; fail++ {
		w := &failing{fail: fail}
		err := Write(w, tensors, nil)
		if w.calls < fail {
			if err != nil || w.calls != 5 { // the header, two pieces of a, b and c
				t.Errorf("%d calls, %v", w.calls, err)
			}
			break
		}
		if !errors.Is(err, errDisk) || w.calls != fail {
			t.Errorf("call %d failed: got %v after %d calls", fail, err, w.calls)
		}
	}

	w := &failing{}
	err := Write(w, nil, map[string]string{"": strings.Repeat("x", maxHeader-24)})
	if err != nil {
		t.Error(err)
	}
	w = &failing{}
	err = Write(w, nil, map[string]string{"": strings.Repeat("x", maxHeader-23)})
	if want := "names and metadata make a header of 1048584 bytes, but at most 1048576 are allowed"; err == nil || err.Error() != want || w.calls > 0 {
		t.Errorf("got %v after %d calls, want %s", err, w.calls, want)
	}
}

func TestWritePanics(t *testing.T) {
	tensor := func(name string, values int, shape ...int) []Tensor {
		return []Tensor{{Name: name, Shape: shape, Values: make([]float32, values)}}
	}
	tooManyTexts := map[string]string{}
	for i := range maxTexts + 1 {
		tooManyTexts[fmt.Sprint(i)] = ""
	}
	for _, c := range []struct {
		tensors  []Tensor
		metadata map[string]string
		want     string
	}{
		{tensor("a", 5, 2, 3), nil, `safetensors: tensor "a": 5 values for shape [2 3]`},
		{[]Tensor{{Name: "a", Shape: []int{2}, Doubles: make([]float64, 3)}}, nil, `safetensors: tensor "a": 3 values for shape [2]`},
		{[]Tensor{{Name: "a", Shape: []int{2}, Values: make([]float32, 1), Doubles: make([]float64, 1)}}, nil, `safetensors: tensor "a": 1 values and 1 doubles`},
		{tensor("a", 0), nil, `safetensors: tensor "a": 0 values for shape []`},
		{tensor("a", 1, 0), nil, `safetensors: tensor "a": 1 values for shape [0]`},
		{tensor("a", 4, -2, -2), nil, `safetensors: tensor "a": shape [-2 -2] has a negative dimension`},
		{tensor("a", 0, math.MaxInt, 2), nil, fmt.Sprintf(`safetensors: tensor "a": 0 values for shape [%d 2]`, math.MaxInt)},
		{tensor("a", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1), nil, `safetensors: tensor "a": shape [1 1 1 1 1 1 1 1 1] has more than 8 dimensions`},
		{append(tensor("a", 1), tensor("a", 1)...), nil, `safetensors: the name "a" is taken`},
		{tensor("__metadata__", 1), nil, `safetensors: the name "__metadata__" is taken`},
		{tensor("", 1), nil, `safetensors: tensor name "": has 0 bytes, but must have 1 to 512`},
		{tensor("a\n", 1), nil, `safetensors: tensor name "a\n": holds U+000A, but control and format characters are not allowed`},
		{tensor("\xff", 1), nil, `safetensors: tensor name "\xff": is not valid UTF-8`},
		{make([]Tensor, maxTensors+1), nil, "safetensors: 4097 tensors and 0 texts, but at most 4096 and 4096 are allowed"},
		{nil, tooManyTexts, "safetensors: 0 tensors and 4097 texts, but at most 4096 and 4096 are allowed"},
		{nil, map[string]string{"k": "\xff"}, `safetensors: metadata "k": "\xff" is not valid UTF-8`},
		{nil, map[string]string{"\xff": ""}, `safetensors: metadata "\xff": "" is not valid UTF-8`},
	} {
		w := &failing{}
		func() {
			defer func() {
				if got := recover(); got != c.want {
					t.Errorf("panic %v, want %s", got, c.want)
				}
			}()
			Write(w, c.tensors, c.metadata)
		}()
		if w.calls > 0 {
			t.Errorf("wrote before the panic %s", c.want)
		}
	}
}

// Whatever the bytes, Open does not panic and allocates within its bounds; and
// the tensors of what it opens can be read, written, and read again.
func FuzzOpen(f *testing.F) {
	f.Add(fileOf(example, exampleData))
	f.Add(write(f, []Tensor{{Name: "a", Shape: []int{2}, Values: []float32{1, 2}}, {Name: "b", Doubles: []float64{math.NaN()}}}, map[string]string{"k": "v"}))
	for _, c := range refused {
		if len(c.file) < 1<<12 {
			f.Add(c.file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		in, spent, err := openCounting(file)
		if most := mostSpent(len(file)); spent > most {
			t.Errorf("%d bytes allocated for a file of %d, at most %d are allowed", spent, len(file), most)
		}
		if err != nil {
			if len(err.Error()) > 2000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if in.data > maxHeader/8 {
			return // rewritten, such a header may exceed its limit
		}
		size := in.data
		var tensors []Tensor
		for _, info := range in.Tensors {
			size += info.End - info.Begin
			tensor, err := in.Read(info.Name)
			if info.Dtype.Readable() != (err == nil) {
				t.Fatalf("%v: %v", info, err)
			}
			doubles, noDoubles := in.ReadDoubles(info.Name)
			if (info.Dtype == F64) != (noDoubles == nil) {
				t.Fatalf("%v: %v", info, noDoubles)
			}
			switch {
			case noDoubles == nil:
				tensors = append(tensors, doubles)
			case err == nil:
				tensors = append(tensors, tensor)
			}
		}
		if size != int64(len(file)) {
			t.Errorf("header and tensors take %d bytes of %d", size, len(file))
		}
		if len(tensors)+len(in.Skipped()) != len(in.Tensors) {
			t.Errorf("%d tensors read and %d skipped of %d", len(tensors), len(in.Skipped()), len(in.Tensors))
		}
		again, err := open(write(t, tensors, in.Metadata))
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(again.Metadata, in.Metadata) || len(again.Tensors) != len(tensors) {
			t.Errorf("%d tensors and metadata %q came back, want %d and %q", len(again.Tensors), again.Metadata, len(tensors), in.Metadata)
		}
		for _, want := range tensors {
			if got, err := readLike(again, want); err != nil || !sameTensor(got, want) {
				t.Errorf("%v, %v came back, want %v", got, err, want)
			}
		}
	})
}
