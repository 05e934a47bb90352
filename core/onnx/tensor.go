package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// The types of ONNX's tensors, by their numbers.
const (
	float32Type  = 1
	uint8Type    = 2
	int8Type     = 3
	uint16Type   = 4
	int16Type    = 5
	int32Type    = 6
	int64Type    = 7
	boolType     = 9
	float16Type  = 10
	float64Type  = 11
	uint32Type   = 12
	uint64Type   = 13
	bfloat16Type = 16
)

// typeSizes are the bytes of a value of each type that is read.
var typeSizes = map[int]int{
	float32Type: 4, uint8Type: 1, int8Type: 1, uint16Type: 2, int16Type: 2, int32Type: 4, int64Type: 8, boolType: 1,
	float16Type: 2, float64Type: 8, uint32Type: 4, uint64Type: 8, bfloat16Type: 2,
}

// A tensor is a constant: what a file holds, still in its bytes, or what was
// computed of others.
type tensor struct {
	name string
	typ  int
	dims []int

	raw    []byte // little-endian, or
	floats []float32
	ints   []int64 // of integers and truth values

	external *external // where raw is to be read from
}

// An external is a place in a file beside the model.
type external struct {
	location       string
	offset, length int64 // length −1: not said
}

func (t *tensor) len() int { return volume(t.dims) }

func volume(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// checkDims returns an error unless a tensor of that shape can be held.
func checkDims(dims []int) error {
	if len(dims) > maxRank {
		return fmt.Errorf("%d dimensions, at most %d are allowed", len(dims), maxRank)
	}
	n := 1
	for _, d := range dims {
		if d < 0 || d > maxValues {
			return fmt.Errorf("a dimension of %d", d)
		}
		if n *= d; n > maxValues {
			return fmt.Errorf("a shape of more than %d values", maxValues)
		}
	}
	return nil
}

func (t *tensor) isFloat() bool {
	return t.typ == float32Type || t.typ == float16Type || t.typ == float64Type || t.typ == bfloat16Type
}

// parseTensor reads a TensorProto. All lists are as long as the shape says.
func parseTensor(b []byte) (*tensor, error) {
	t := &tensor{dims: []int{}}
	var dims []int64
	var floats, doubles, packed []byte
	var loose []uint64 // numbers that are not packed
	var ints []int64
	location := 0
	keys := map[string]string{}
	err := fields(b, func(number int, value uint64, bytes []byte) (err error) {
		switch number {
		case 1:
			dims, err = integers(dims, value, bytes)
		case 2:
			t.typ = int(value)
		case 3:
			err = errors.New("a tensor in segments")
		case 4:
			if bytes == nil {
				loose = append(loose, value)
			}
			floats = append(floats, bytes...)
		case 5, 7, 11:
			if bytes != nil && packed == nil && len(ints) == 0 {
				packed = bytes // decoded when it is known how many there are
				return nil
			}
			if ints, err = integers(ints, value, bytes); err != nil {
				return err
			}
		case 8:
			t.name, err = text(bytes)
		case 9:
			t.raw = bytes
		case 10:
			if bytes == nil {
				loose = append(loose, value)
			}
			doubles = append(doubles, bytes...)
		case 13:
			var key, said string
			err = fields(bytes, func(number int, _ uint64, bytes []byte) (err error) {
				switch number {
				case 1:
					key, err = text(bytes)
				case 2:
					said, err = text(bytes)
				}
				return err
			})
			keys[key] = said
		case 14:
			location = int(value)
		}
		return err
	})
	if err != nil {
		return t, err
	}
	wrong := func(format string, args ...any) (*tensor, error) {
		return t, fmt.Errorf("tensor %.80q: %w", t.name, fmt.Errorf(format, args...))
	}
	for _, d := range dims {
		if d < 0 || d > maxValues {
			return wrong("a dimension of %d", d)
		}
		t.dims = append(t.dims, int(d))
	}
	if err := checkDims(t.dims); err != nil {
		return wrong("%w", err)
	}
	size, known := typeSizes[t.typ]
	if !known {
		return wrong("values of type %d, which are not read here", t.typ)
	}
	n := t.len()
	if location == 1 {
		t.external = &external{location: keys["location"], length: -1}
		for key, to := range map[string]*int64{"offset": &t.external.offset, "length": &t.external.length} {
			said, ok := keys[key]
			if !ok {
				continue
			}
			if _, err := fmt.Sscanf(said, "%d", to); err != nil || *to < 0 || *to > maxFile {
				return wrong("%s %.40q of its external data", key, said)
			}
		}
		if t.external.length >= 0 && t.external.length != int64(n*size) {
			return wrong("%d values of shape %d take %d bytes, but its external data have %d", n, t.dims, n*size, t.external.length)
		}
		return t, nil
	}
	if t.raw != nil || n == 0 {
		if len(t.raw) != n*size {
			return wrong("%d values of shape %d take %d bytes, but there are %d", n, t.dims, n*size, len(t.raw))
		}
		return t, nil
	}
	count := func(found int) error {
		if found != n {
			return fmt.Errorf("shape %d takes %d values, but there are %d", t.dims, n, found)
		}
		return nil
	}
	switch t.typ {
	case float32Type:
		if err := count(len(floats)/4 + len(loose)); err != nil || len(floats)%4 != 0 {
			return wrong("%w", cmpError(err, "broken numbers"))
		}
		if len(loose) == 0 {
			t.raw = floats
			return t, nil
		}
		for _, v := range loose {
			t.floats = append(t.floats, math.Float32frombits(uint32(v)))
		}
		for ; len(floats) > 0; floats = floats[4:] {
			t.floats = append(t.floats, math.Float32frombits(binary.LittleEndian.Uint32(floats)))
		}
	case float64Type:
		if err := count(len(doubles)/8 + len(loose)); err != nil || len(doubles)%8 != 0 {
			return wrong("%w", cmpError(err, "broken numbers"))
		}
		for _, v := range loose {
			doubles = binary.LittleEndian.AppendUint64(doubles, v)
		}
		t.raw = doubles
	default:
		if len(packed) < n-len(ints) || n > maxList*64 { // each number takes a byte
			return wrong("%w", cmpError(count(len(ints)+len(packed)), "too many numbers"))
		}
		list := make([]int64, 0, n)
		for b := packed; len(b) > 0; {
			v, used := protowire.ConsumeVarint(b)
			if used < 0 || len(list) == n {
				return wrong("shape %d takes %d values, but there are others", t.dims, n)
			}
			list, b = append(list, int64(v)), b[used:]
		}
		list = append(list, ints...)
		if err := count(len(list)); err != nil {
			return wrong("%w", err)
		}
		if t.typ == float16Type || t.typ == bfloat16Type {
			for _, v := range list {
				t.floats = append(t.floats, half(t.typ, uint16(v)))
			}
		} else {
			t.ints = list
		}
	}
	return t, nil
}

func cmpError(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return errors.New(otherwise)
}

// half is the value of 16 bits.
func half(typ int, bits uint16) float32 {
	if typ == bfloat16Type {
		return math.Float32frombits(uint32(bits) << 16)
	}
	sign, exponent, fraction := uint32(bits>>15)<<31, uint32(bits>>10)&31, uint32(bits)&1023
	switch exponent {
	case 0:
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// rounded is a value in half precision: the nearest one, of two the even.
func rounded(x float32) float32 {
	bits := math.Float32bits(x)
	if x != x || bits&0x7fffffff == 0x7f800000 {
		return x
	}
	step := float32(1) / (1 << 24) // of what is subnormal there
	if exponent := int(bits>>23&255) - 127; exponent >= -14 {
		step = float32(math.Ldexp(1, exponent-10))
	}
	y := float32(math.RoundToEven(float64(x/step))) * step
	if y > 65504 || y < -65504 {
		return float32(math.Inf(int(math.Copysign(1, float64(x)))))
	}
	return y
}

// values are those of the tensor as float32.
func (t *tensor) values() []float32 {
	if t.floats != nil {
		return t.floats
	}
	list := make([]float32, t.len())
	if t.raw == nil {
		for i, v := range t.ints {
			list[i] = float32(v)
		}
		return list
	}
	switch t.typ {
	case float32Type:
		for i := range list {
			list[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*i:]))
		}
	case float64Type:
		for i := range list {
			list[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(t.raw[8*i:])))
		}
	case float16Type, bfloat16Type:
		for i := range list {
			list[i] = half(t.typ, binary.LittleEndian.Uint16(t.raw[2*i:]))
		}
	default:
		for i, v := range t.integers() {
			list[i] = float32(v)
		}
	}
	return list
}

// integers are the values as integers, cut off towards zero.
func (t *tensor) integers() []int64 {
	if t.ints != nil {
		return t.ints
	}
	list := make([]int64, t.len())
	if t.raw == nil || t.isFloat() {
		for i, v := range t.values() {
			list[i] = int64(v)
		}
		return list
	}
	for i := range list {
		switch t.typ {
		case uint8Type, boolType:
			list[i] = int64(t.raw[i])
		case int8Type:
			list[i] = int64(int8(t.raw[i]))
		case uint16Type:
			list[i] = int64(binary.LittleEndian.Uint16(t.raw[2*i:]))
		case int16Type:
			list[i] = int64(int16(binary.LittleEndian.Uint16(t.raw[2*i:])))
		case int32Type:
			list[i] = int64(int32(binary.LittleEndian.Uint32(t.raw[4*i:])))
		case uint32Type:
			list[i] = int64(binary.LittleEndian.Uint32(t.raw[4*i:]))
		default:
			list[i] = int64(binary.LittleEndian.Uint64(t.raw[8*i:]))
		}
	}
	return list
}

// ofInts is a tensor of integers along one axis.
func ofInts(list ...int) *tensor {
	t := &tensor{typ: int64Type, dims: []int{len(list)}, ints: make([]int64, len(list))}
	for i, v := range list {
		t.ints[i] = int64(v)
	}
	return t
}

// like is a tensor of that shape and of the kind of values of t.
func (t *tensor) like(dims []int) *tensor {
	return &tensor{name: t.name, typ: t.typ, dims: slices.Clone(dims), raw: t.raw, floats: t.floats, ints: t.ints}
}
