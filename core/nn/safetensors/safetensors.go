// Package safetensors reads and writes the files in which trained weights
// travel between frameworks, so that a network trained elsewhere can be
// examined here and one trained here can be used elsewhere. A file holds
// tensors and texts about them, and nothing that could be executed.
//
// The format is
//
//	N       uint64, little endian
//	header  N bytes of JSON in UTF-8, which may end in spaces:
//	        {"__metadata__": {"key": "text", …},
//	         "conv1.weight": {"dtype": "F32", "shape": [16,3,3,3], "data_offsets": [0,1728]}, …}
//	data    the tensors, little endian, in C order (the last dimension runs
//	        fastest); data_offsets are the first byte of a tensor in it and
//	        the first byte after
//
// A file may come from anyone. One is accepted when
//   - the header has at most 1 MiB (the format allows 100 MB), lies within the
//     file and begins with {;
//   - it has at most 4,096 tensors and as many texts, no name, key or field
//     twice, no field but dtype, shape and data_offsets, and each of these;
//   - a name is 1 to 512 bytes of UTF-8 without control and format characters;
//   - a dtype is known and takes whole bytes, a shape has at most 8 dimensions,
//     each at least 0, and takes as many bytes as data_offsets span;
//   - the tensors, sorted by data_offsets, fill the data without a hole or an
//     overlap from its first byte to its last.
//
// The numbers of F32, F16, BF16 and F64 can be read as float32, those of F64 as
// they are, too. Other tensors, such as the I64 counters of batch normalisation,
// are listed and can only be skipped.
//
// An error names the tensor and the numbers, but not the file, which is for
// the caller to put in front. It quotes at most 128 bytes of a text.
package safetensors

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"padlab/core/names"
)

const (
	maxHeader  = 1 << 20 // bytes
	maxTensors = 4096
	maxTexts   = 4096 // in the metadata
	maxRank    = 8
	maxName    = 512 // bytes

	metadataKey = "__metadata__"

	chunkBytes = 64 << 10 // read or written at once, a multiple of every size of a dtype
)

// An Info says what the header says about one tensor.
type Info struct {
	Name       string
	Dtype      Dtype
	Shape      []int // at most 8 dimensions, each at least 0; empty for a scalar
	Begin, End int64 // its bytes in the data, which begins after the header
}

// Len is the number of values of the tensor, the product of its shape. They
// take at most End − Begin bytes.
func (i Info) Len() int {
	n := 1
	for _, d := range i.Shape {
		n *= d
	}
	return n
}

// A Tensor is a name, a shape and the values in C order, as many as the
// product of the shape: either Values, or Doubles when that is not nil.
type Tensor struct {
	Name    string
	Shape   []int // empty for a scalar
	Values  []float32
	Doubles []float64 // written as F64
}

// A File is a file whose header was read and found correct. Its fields are for
// reading only. Its methods may be called by several goroutines at once.
type File struct {
	Tensors []Info // in the order of the header

	// Metadata holds texts about the tensors: any UTF-8, which needs quoting
	// before it is shown. It is empty when the file has none.
	Metadata map[string]string

	r     io.ReaderAt
	data  int64          // where the data begins in r
	index map[string]int // in Tensors, by name
}

// Open reads and checks the header of a file of the given size in bytes. It
// reads nothing of the data, and r must stay open for Read.
func Open(r io.ReaderAt, size int64) (*File, error) {
	const prefix = 8
	if size < prefix {
		return nil, fmt.Errorf("the file has %d bytes, but the length of the header alone takes %d", size, prefix)
	}
	length := make([]byte, prefix)
	if err := readFull(r, 0, length); err != nil {
		return nil, fmt.Errorf("length of the header: %w", err)
	}
	n := binary.LittleEndian.Uint64(length)
	if n > maxHeader {
		return nil, fmt.Errorf("the file announces a header of %d bytes, but at most %d are allowed", n, maxHeader)
	}
	if rest := size - prefix; int64(n) > rest {
		return nil, fmt.Errorf("the file announces a header of %d bytes, but has %d after the length", n, rest)
	}
	text := make([]byte, n)
	if err := readFull(r, prefix, text); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}

	f := &File{r: r, data: prefix + int64(n)}
	if err := f.readHeader(text, size-f.data); err != nil {
		return nil, err
	}
	return f, nil
}

func readFull(r io.ReaderAt, at int64, b []byte) error {
	n, err := io.ReadFull(io.NewSectionReader(r, at, int64(len(b))), b)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("read %d of %d bytes: %w", n, len(b), err)
	}
	return nil
}

// Find returns what the header says about the tensor of exactly that name.
func (f *File) Find(name string) (Info, bool) {
	i, ok := f.index[name]
	if !ok {
		return Info{}, false
	}
	return f.Tensors[i], true
}

// Skipped returns the tensors that Read refuses for their dtype, in the order
// of the header.
func (f *File) Skipped() []Info {
	var skipped []Info
	for _, t := range f.Tensors {
		if !t.Dtype.Readable() {
			skipped = append(skipped, t)
		}
	}
	return skipped
}

// Read returns the tensor of exactly that name, each value rounded to the
// nearest float32: values of F32, F16 and BF16 stay what they are, and of F64
// those beyond the float32 range become infinite. A NaN stays a NaN. An
// unknown name and a dtype that is not Readable are errors, and so is a file
// that turns out shorter than it was.
func (f *File) Read(name string) (Tensor, error) {
	t, err := f.find(name)
	if err != nil {
		return Tensor{}, err
	}
	if !t.Dtype.Readable() {
		return Tensor{}, fmt.Errorf("tensor %s: its dtype is %s, but only F32, F16, BF16 and F64 can be read", quote(name), t.Dtype)
	}
	values, err := readValues(f, t, t.Dtype.decode)
	if err != nil {
		return Tensor{}, err
	}
	return Tensor{Name: name, Shape: slices.Clone(t.Shape), Values: values}, nil
}

// ReadDoubles returns the tensor of exactly that name with its float64 as
// Doubles, bit for bit. Errors are those of Read, and any dtype but F64.
func (f *File) ReadDoubles(name string) (Tensor, error) {
	t, err := f.find(name)
	if err != nil {
		return Tensor{}, err
	}
	if t.Dtype != F64 {
		return Tensor{}, fmt.Errorf("tensor %s: its dtype is %s, but only F64 holds doubles", quote(name), t.Dtype)
	}
	doubles, err := readValues(f, t, decodeDoubles)
	if err != nil {
		return Tensor{}, err
	}
	return Tensor{Name: name, Shape: slices.Clone(t.Shape), Doubles: doubles}, nil
}

// find is Find with an error that says what the file has instead.
func (f *File) find(name string) (Info, error) {
	t, ok := f.Find(name)
	if ok {
		return t, nil
	}
	if near := names.Nearest(name, slices.Sorted(maps.Keys(f.index))); near != "" {
		return t, fmt.Errorf("no tensor %s: did you mean %s?", quote(name), quote(near))
	}
	return t, fmt.Errorf("no tensor %s among the %d of the file", quote(name), len(f.Tensors))
}

// readValues reads the values of a tensor, a chunk at a time.
func readValues[T float32 | float64](f *File, t Info, decode func(values []T, raw []byte)) ([]T, error) {
	values := make([]T, t.Len())
	size := t.Dtype.size()
	buffer := make([]byte, min(chunkBytes, t.End-t.Begin))
	at := f.data + t.Begin
	for part := range slices.Chunk(values, chunkBytes/size) {
		raw := buffer[:len(part)*size]
		if err := readFull(f.r, at, raw); err != nil {
			return nil, fmt.Errorf("tensor %s: at byte %d of the file: %w", quote(t.Name), at, err)
		}
		decode(part, raw)
		at += int64(len(raw))
	}
	return values, nil
}
