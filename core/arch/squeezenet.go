package arch

import (
	"fmt"
	"slices"

	"padlab/core/nn"
	"padlab/core/pad"
)

// squeezes are the networks of Iandola et al. (2016) with torchvision's names.
// Only the 3×3 convolutions of the fire modules are padded.
var squeezes = []Architecture{
	{Entry: entry("squeezenet1_0"), Taps: []string{"features.1", "features.5", "features.10", "features.12"},
		Pooled: true, Build: squeezenet(96, 7, []int{6, 11}, []int{3, 4, 5, 7, 8, 9, 10, 12})},
	{Entry: entry("squeezenet1_1"), Taps: []string{"features.1", "features.4", "features.7", "features.12"},
		Pooled: true, Build: squeezenet(64, 3, []int{5, 8}, []int{3, 4, 6, 7, 9, 10, 11, 12})},
}

// squeezenet begins with a convolution of that many filters and size, stride 2,
// and a pool; then follow pools and fire modules, at their places in features.
func squeezenet(filters, size int, pools, fires []int) func(*nn.Builder, Spec) {
	squeeze := []int{16, 16, 32, 32, 48, 48, 64, 64} // filters; each expansion has four times as many
	halve := nn.PoolSpec{Size: 3, Stride: 2, Ceil: true}
	return func(b *nn.Builder, s Spec) {
		x := b.Conv("features.0", nn.Sample, filters, size, 2, pad.Must("none"), pad.Valid, true)
		x = b.MaxPoolOf("features.2", b.ReLU("features.1", x), halve)
		fire := 0
		for at := 3; at <= fires[len(fires)-1]; at++ {
			name := fmt.Sprintf("features.%d", at)
			if slices.Contains(pools, at) {
				x = b.MaxPoolOf(name, x, halve)
				continue
			}
			x = s.fire(b, name, x, squeeze[fire])
			fire++
		}
		x = b.Dropout("classifier.0", x, 0.5)
		x = b.Conv("classifier.1", x, s.Classes, 1, 1, pad.Must("none"), pad.Valid, true)
		b.GlobalAveragePool("classifier.3", b.ReLU("classifier.2", x))
	}
}

// fire squeezes by a 1×1 convolution and expands by 1×1 and 3×3 ones side by
// side. Where the 3×3 ones shrink the map, or let it grow, the others are cut
// to it, or get zeros around them.
func (s Spec) fire(b *nn.Builder, name string, x nn.Output, filters int) nn.Output {
	conv := func(layer string, x nn.Output, filters, size int) nn.Output {
		return b.ReLU(name+"."+layer+"_activation", b.Conv(name+"."+layer, x, filters, size, 1, s.Padding, s.Extent, true))
	}
	x = conv("squeeze", x, filters, 1)
	one, three := conv("expand1x1", x, 4*filters, 1), conv("expand3x3", x, 4*filters, 3)
	if from, to := b.Shape(one), b.Shape(three); from.H != to.H || from.W != to.W {
		one = b.Crop(name+".crop", one, to.H, to.W)
	}
	return b.Concat(name, one, three)
}
