package arch

import (
	"fmt"

	"padlab/core/nn"
)

// toys are small networks without biases that end with global max-pooling
// (Kayhan and van Gemert 2020): under full padding with zeros, and under circular
// padding, they cannot tell where a patch is; otherwise they can.
var toys = []Architecture{
	{Entry: entry("rook"), Taps: []string{"relu1"}, Pooled: true, Build: toy(5, [][2]int{{1, 1}})},
	{Entry: entry("red-green"), Taps: []string{"relu1", "relu2", "relu3", "relu4"}, Pooled: true, Build: toy(3, [][2]int{{32, 1}, {32, 2}, {64, 2}, {64, 2}})},
	{Entry: entry("raw"), Taps: []string{"image"}, Pooled: true, Build: raw},
}

// raw is what a read-out of the picture itself looks at (Islam et al. 2020:
// PosENet alone).
func raw(b *nn.Builder, s Spec) {
	x := b.Crop("image", nn.Sample, s.In.H, s.In.W)
	b.Linear("linear", b.GlobalAveragePool("gap", x), s.Classes)
}

// toy is convolutions of one size, given by filters and stride.
func toy(size int, convs [][2]int) func(*nn.Builder, Spec) {
	return func(b *nn.Builder, s Spec) {
		x := nn.Sample
		for i, c := range convs {
			x = b.Conv(fmt.Sprintf("conv%d", i+1), x, c[0], size, c[1], s.Padding, s.Extent, false)
			x = b.ReLU(fmt.Sprintf("relu%d", i+1), x)
		}
		b.Linear("linear", b.GlobalMaxPool("gmp", x), s.Classes)
	}
}
