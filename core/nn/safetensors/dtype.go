package safetensors

import (
	"encoding/binary"
	"math"
	"slices"
)

// A Dtype is the type of a tensor's values, spelled as in the header.
type Dtype string

// The types whose values Read converts to float32.
const (
	F32  Dtype = "F32"
	F16  Dtype = "F16"  // IEEE 754 half: 1 bit of sign, 5 of exponent, 10 of mantissa
	BF16 Dtype = "BF16" // the upper half of a float32
	F64  Dtype = "F64"
)

// dtypes are all known types with the bytes that one value takes. The types
// of 4 and 6 bits are left out: their values do not begin at whole bytes.
var dtypes = []struct {
	dtype Dtype
	size  int
}{
	{F32, 4}, {F16, 2}, {BF16, 2}, {F64, 8},
	{"I64", 8}, {"I32", 4}, {"I16", 2}, {"I8", 1},
	{"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1},
	{"BOOL", 1}, {"C64", 8}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"F8_E8M0", 1},
}

func dtypeNames() []string {
	var known []string
	for _, d := range dtypes {
		known = append(known, string(d.dtype))
	}
	return known
}

// size is the number of bytes of one value, 0 for an unknown dtype.
func (d Dtype) size() int {
	for _, known := range dtypes {
		if d == known.dtype {
			return known.size
		}
	}
	return 0
}

// Readable reports whether Read converts values of that type to float32.
func (d Dtype) Readable() bool {
	return slices.Contains([]Dtype{F32, F16, BF16, F64}, d)
}

// decode sets the values from raw, which holds d.size() bytes for each. The
// dtype must be Readable.
func (d Dtype) decode(values []float32, raw []byte) {
	switch d {
	case F32:
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case F16:
		for i := range values {
			values[i] = fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
		}
	case BF16:
		for i := range values {
			values[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
		}
	case F64:
		for i := range values {
			values[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
		}
	default:
		panic("safetensors: decoding " + string(d))
	}
}

// decodeDoubles sets the values from raw, which holds 8 bytes of F64 for each.
func decodeDoubles(values []float64, raw []byte) {
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
}

// fromHalf returns the value of an IEEE 754 half. With its fields s, e and m
// it is
//
//	(−1)ˢ · 2ᵉ⁻¹⁵ · (1 + m/1024)   for e from 1 to 30
//	(−1)ˢ · 2⁻²⁴ · m               for e = 0
//	±Inf, or NaN when m > 0        for e = 31
//
// and a float32 holds every one of them exactly.
func fromHalf(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent := uint32(h >> 10 & 31)
	mantissa := uint32(h & 1023)
	switch exponent {
	case 0:
		subnormal := float32(mantissa) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(subnormal))
	case 31:
		return math.Float32frombits(sign | 255<<23 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}
