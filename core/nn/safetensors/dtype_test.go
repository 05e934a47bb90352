package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// readOne reads a file of one tensor of the given dtype.
func readOne(t *testing.T, dtype Dtype, size int, data []byte) []float32 {
	t.Helper()
	f, err := open(fileOf(fmt.Sprintf(`{"a":{"dtype":"%s","shape":[%d],"data_offsets":[0,%d]}}`, dtype, len(data)/size, len(data)), data))
	if err != nil {
		t.Fatal(err)
	}
	tensor, err := f.Read("a")
	if err != nil {
		t.Fatal(err)
	}
	return tensor.Values
}

// smallFloat is the value of an IEEE 754 number of 16 bits, m of them mantissa.
func smallFloat(bits uint16, m int) float64 {
	e := 15 - m
	bias := 1<<(e-1) - 1
	sign := 1.0
	if bits>>15 == 1 {
		sign = math.Copysign(1, -1)
	}
	exponent := int(bits>>m) & (1<<e - 1)
	mantissa := float64(bits & (1<<m - 1))
	if exponent == 1<<e-1 {
		if mantissa > 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	if exponent == 0 {
		return sign * math.Ldexp(mantissa, 1-bias-m)
	}
	return sign * math.Ldexp(1+math.Ldexp(mantissa, -m), exponent-bias)
}

// All values of the two types of 16 bits, signs of zeros included.
func TestSixteenBits(t *testing.T) {
	var all []byte
	for bits := range 1 << 16 {
		all = binary.LittleEndian.AppendUint16(all, uint16(bits))
	}
	for dtype, m := range map[Dtype]int{F16: 10, BF16: 7} {
		for bits, got := range readOne(t, dtype, 2, all) {
			want := smallFloat(uint16(bits), m)
			same := float64(got) == want && math.Signbit(float64(got)) == math.Signbit(want)
			if math.IsNaN(want) {
				same = math.IsNaN(float64(got))
			}
			if !same {
				t.Fatalf("%s %04x is %v, want %v", dtype, bits, got, want)
			}
		}
	}
}

func TestDtypes(t *testing.T) {
	inf := float32(math.Inf(1))
	f64 := func(v float64) uint64 { return math.Float64bits(v) }
	for _, c := range []struct {
		dtype Dtype
		bits  uint64
		want  float32
	}{
		{F32, 0x3fc00000, 1.5},
		{F32, 0xff7fffff, -math.MaxFloat32},
		{F32, 1, 0x1p-149},
		{F32, 0x7f800000, inf},

		{F16, 0x3c00, 1},
		{F16, 0xc000, -2},
		{F16, 0x3555, 0.333251953125}, // the half nearest to 1/3
		{F16, 0x7bff, 65504},          // the largest half
		{F16, 0x0400, 0x1p-14},        // the smallest normal
		{F16, 0x03ff, 1023 * 0x1p-24}, // the largest subnormal
		{F16, 0x0001, 0x1p-24},        // the smallest
		{F16, 0xfc00, -inf},

		{BF16, 0x3f80, 1},
		{BF16, 0xc049, -3.140625}, // the bfloat16 nearest to −π
		{BF16, 0x0001, 0x1p-133},
		{BF16, 0x7f7f, 255 * 0x1p120},
		{BF16, 0xff80, -inf},

		{F64, 0x3ff8000000000000, 1.5},
		{F64, 0x3fd5555555555555, 0x1.555556p-2}, // 1/3, rounded up
		{F64, f64(1 + 0x1p-24), 1},               // a tie, to even
		{F64, f64(1 + 0x3p-24), 1 + 0x1p-22},     // a tie, to even
		{F64, f64(1 + 0x1p-24 + 0x1p-52), 1 + 0x1p-23},
		{F64, f64(0x1p-150), 0}, // a tie between 0 and the smallest float32
		{F64, f64(0x1.8p-150), 0x1p-149},
		{F64, f64(math.MaxFloat32 + 0x1p102), math.MaxFloat32},
		{F64, f64(math.MaxFloat32 + 0x1p103), inf}, // a tie
		{F64, f64(-1e300), -inf},
	} {
		data := binary.LittleEndian.AppendUint64(nil, c.bits)[:c.dtype.size()]
		if got := readOne(t, c.dtype, c.dtype.size(), data)[0]; got != c.want {
			t.Errorf("%s %0*x is %v, want %v", c.dtype, 2*c.dtype.size(), c.bits, got, c.want)
		}
	}
	for dtype, bits := range map[Dtype]uint64{F32: 0x7fc00001, F16: 0x7e00, BF16: 0xffc0, F64: 0x7ff0000000000001} {
		data := binary.LittleEndian.AppendUint64(nil, bits)[:dtype.size()]
		if got := readOne(t, dtype, dtype.size(), data)[0]; got == got {
			t.Errorf("%s %x is %v, want NaN", dtype, bits, got)
		}
	}
}

// Every known dtype is listed with its size, and its values can be read or are
// reported as skipped.
func TestKnownDtypes(t *testing.T) {
	readable := 0
	for _, d := range dtypes {
		header := fmt.Sprintf(`{"a":{"dtype":"%s","shape":[3],"data_offsets":[0,%d]}}`, d.dtype, 3*d.size)
		f, err := open(fileOf(header, make([]byte, 3*d.size)))
		if err != nil {
			t.Errorf("%s: %v", d.dtype, err)
			continue
		}
		_, err = f.Read("a")
		skipped := len(f.Skipped()) == 1
		if (err != nil) != skipped || d.dtype.Readable() == skipped {
			t.Errorf("%s: skipped %v, Readable %v, Read %v", d.dtype, skipped, d.dtype.Readable(), err)
		}
		if !skipped {
			readable++
		}
		if chunkBytes%d.size != 0 {
			t.Errorf("%s: a chunk of %d bytes is not a number of values", d.dtype, chunkBytes)
		}
	}
	if readable != 4 {
		t.Errorf("%d dtypes can be read, want 4", readable)
	}
}
