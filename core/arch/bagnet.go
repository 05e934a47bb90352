package arch

import (
	"fmt"

	"padlab/core/nn"
)

// bags are the networks of Brendel and Bethge (2019): ResNet-50 in which most
// 3×3 convolutions are 1×1, so that an output sees 9, 17 or 33 pixels only.
var bags = []Architecture{bagnet(9, 2), bagnet(17, 3), bagnet(33, 4)}

// bagnet sees field pixels: besides the stem, the first block of as many stages
// has a 3×3 convolution.
func bagnet(field, stages int) Architecture {
	blocks := []int{3, 4, 6, 3}
	a := Architecture{Entry: entry(fmt.Sprintf("bagnet%d", field))}
	for stage, n := range blocks {
		a.Taps = append(a.Taps, fmt.Sprintf("layer%d.%d.out", stage+1, n-1))
	}
	a.Build = func(b *nn.Builder, s Spec) {
		x := b.Conv("conv1", nn.Sample, 64, 1, 1, s.Padding, s.Extent, false)
		x = b.Conv("conv2", x, 64, 3, 1, s.Padding, s.Extent, false)
		x = b.ReLU("relu", b.BatchNorm("bn1", x))
		for stage, n := range blocks {
			for block := range n {
				size, stride := 1, 1
				if block == 0 && stage < stages {
					size = 3
				}
				if block == 0 && stage < 3 {
					stride = 2
				}
				x = s.bag(b, fmt.Sprintf("layer%d.%d.", stage+1, block), x, 64<<stage, size, stride)
			}
		}
		s.classifier(b, x, "fc")
	}
	return a
}

// bag is a bottleneck block whose middle convolution has the given size.
//
// Where that makes the map smaller, the shortcut is cut at the bottom and right,
// behind its stride and norm, as in the published code, whose convolutions are
// not padded: it lies over the first pixel of each window and not over the
// middle. With padding nothing is cut, there and here, and it lies over the
// middle. So the weights of one network run in the other, but are not those of
// the same function away from the border. Where the map grows, which nobody has
// published, the shortcut gets zeros around it, as in a resnet.
//
// Source: Bottleneck.forward in bagnets/pytorchnet.py of
// github.com/wielandbrendel/bag-of-local-features-models.
func (s Spec) bag(b *nn.Builder, name string, x nn.Output, filters, size, stride int) nn.Output {
	conv := func(layer string, x nn.Output, filters, size, stride int) nn.Output {
		return b.Conv(name+layer, x, filters, size, stride, s.Padding, s.Extent, false)
	}
	y := b.ReLU(name+"relu1", b.BatchNorm(name+"bn1", conv("conv1", x, filters, 1, 1)))
	y = b.ReLU(name+"relu2", b.BatchNorm(name+"bn2", conv("conv2", y, filters, size, stride)))
	y = b.BatchNorm(name+"bn3", conv("conv3", y, 4*filters, 1, 1))
	shortcut, in := x, b.Shape(x)
	if grown := s.Extent.Sides(size).Top - (size-1)/2; grown > 0 {
		shortcut = b.Crop(name+"crop", x, in.H+2*grown, in.W+2*grown)
	}
	if stride != 1 || in.C != 4*filters {
		shortcut = b.BatchNorm(name+"downsample.1", conv("downsample.0", shortcut, 4*filters, 1, stride))
	}
	if out, have := b.Shape(y), b.Shape(shortcut); out.H < have.H {
		shortcut = b.Cut(name+"crop", shortcut, out.H, out.W)
	}
	return b.ReLU(name+"out", b.Add(name+"add", y, shortcut))
}
