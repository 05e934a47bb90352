package onnx

import (
	"encoding/binary"
	"math"
	"testing"

	"padlab/core/arch"
	"padlab/core/nn"
	"padlab/core/pad"
)

// Padding that goes on at the other side is exported as slices that are concatenated with
// the picture. A convolution behind it takes it over where it is that; where the slices
// are others it is not, and both make what the graph says.
func TestSlicesThatWrap(t *testing.T) {
	const h, w, k = 8, 8, 3
	integer := func(name string, v int) message { return message{}.text(1, name).varint(3, v).varint(20, 2) }
	weights := numbers(2 * 3 * k * k)
	tensor := message{}.varint(1, 2).varint(1, 3).varint(1, k).varint(1, k).varint(2, float32Type).text(8, "w")
	raw := []byte{}
	for _, v := range weights {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	tensor = tensor.bytes(9, raw)
	x := numbers(3 * h * w)
	for name, c := range map[string]struct {
		from, to int // of the slice that comes first
	}{
		"circular": {-1, math.MaxInt32},
		"others":   {-2, -1},
	} {
		wrapped := func(in, out string, axis int) []message {
			return []message{
				nodeOf(out+".first", "Slice", []string{in}, []string{out + ".a"}, ints("starts", c.from), ints("ends", c.to), ints("axes", axis)),
				nodeOf(out+".last", "Slice", []string{in}, []string{out + ".b"}, ints("starts", 0), ints("ends", 1), ints("axes", axis)),
				nodeOf(out, "Concat", []string{out + ".a", in, out + ".b"}, []string{out}, integer("axis", axis)),
			}
		}
		nodes := append(append(wrapped("x", "rows", 2), wrapped("rows", "columns", 3)...), nodeOf("conv", "Conv", []string{"columns", "w"}, []string{"y"}))
		m, err := Parse(modelOf(9, "y", []message{tensor}, nodes...))
		if err != nil {
			t.Fatal(err)
		}
		y, dims, err := run(m, m.Input(h, w), x, own)
		if err != nil {
			t.Fatal(err)
		}
		source := func(i, n int) int { // of row i of the padded ones
			switch {
			case i == 0:
				return (n + c.from) % n
			case i == n+1:
				return 0
			}
			return i - 1
		}
		for f := range 2 {
			for i := range h {
				for j := range w {
					want := 0.0
					for ch := range 3 {
						for ky := range k {
							for kx := range k {
								want += float64(weights[((f*3+ch)*k+ky)*k+kx]) * float64(x[(ch*h+source(i+ky, h))*w+source(j+kx, w)])
							}
						}
					}
					if got := float64(y[(f*h+i)*w+j]); math.Abs(got-want) > 1e-5 {
						t.Fatalf("%s: %g at %d, %d, %d, want %g; shape %d", name, got, f, i, j, want, dims)
					}
				}
			}
		}
		for _, scheme := range []string{"zeros", "reflect"} {
			spec := m.Spec(m.Architecture("wrap"), h, w)
			spec.Padding = pad.Must(scheme)
			nodes, err := arch.Layers(spec)
			if err != nil {
				t.Fatal(err)
			}
			conv, _ := nodes[0].Layer.(*nn.Conv)
			taken := conv != nil && conv.Sides == pad.Sides{Top: 1, Bottom: 1, Left: 1, Right: 1}
			if taken != (name == "circular") {
				t.Errorf("%s: the first layer is %s", name, nodes[0].Kind())
			}
			if want := map[string]string{"zeros": "circular", "reflect": "reflect"}[scheme]; taken && conv.Beside().Name != want {
				t.Errorf("%s stands beside the picture, want %s", conv.Beside().Name, want)
			}
		}
	}
}
