package arch

import (
	"fmt"

	"padlab/core/nn"
)

// vggs are the networks of Simonyan and Zisserman (2015) with torchvision's
// names: features.N counts convolutions, batch norms, ReLUs and pools.
var vggs = func() (list []architecture) {
	for _, v := range []struct {
		layers int
		blocks [5]int // convolutions of each block
	}{
		{11, [5]int{1, 1, 2, 2, 2}},
		{13, [5]int{2, 2, 2, 2, 2}},
		{16, [5]int{2, 2, 3, 3, 3}},
		{19, [5]int{2, 2, 4, 4, 4}},
	} {
		list = append(list, vgg(v.layers, v.blocks, false), vgg(v.layers, v.blocks, true))
	}
	return list
}()

// originalWidth is how many features the classifier that came with a VGG has.
const originalWidth = 4096

// vgg is five blocks of 3×3 convolutions with 64, 128, 256, 512 and 512 filters,
// a pool behind each. Its taps are the ReLUs before the pools, as in PosENet.
func vgg(layers int, blocks [5]int, norm bool) architecture {
	a := architecture{name: fmt.Sprintf("vgg%d", layers), about: fmt.Sprintf("VGG-%d, torchvision's", layers), usual: imageNet, original: "classifier.6"}
	if norm {
		a.name, a.about = a.name+"_bn", a.about+", with batch norm"
	}
	each := 2 // layers of features per convolution
	if norm {
		each = 3
	}
	at := 0
	for _, convs := range blocks {
		at += each * convs
		a.taps = append(a.taps, fmt.Sprintf("features.%d", at-1))
		at++
	}
	a.build = func(b *nn.Builder, s Spec) {
		x, at := nn.Sample, 0
		next := func() (name string) { name = fmt.Sprintf("features.%d", at); at++; return name }
		for block, convs := range blocks {
			for range convs {
				x = b.Conv(next(), x, min(64<<block, 512), 3, 1, s.Padding, s.Extent, true)
				if norm {
					x = b.BatchNorm(next(), x)
				}
				x = b.ReLU(next(), x)
			}
			x = b.MaxPool(next(), x)
		}
		if !s.FCHead {
			s.classifier(b, x, "classifier")
			return
		}
		if f := b.Shape(x); f.H%7 != 0 || f.W != f.H {
			b.Fail("classifier: 7×7 pixels cannot be pooled from %v", f)
			return
		}
		x = b.AveragePool("avgpool", x, nn.PoolSpec{Size: b.Shape(x).H / 7})
		for i := range 2 {
			x = b.ReLU(fmt.Sprintf("classifier.%d", 3*i+1), b.Linear(fmt.Sprintf("classifier.%d", 3*i), x, originalWidth))
			x = b.Dropout(fmt.Sprintf("classifier.%d", 3*i+2), x, 0.5)
		}
		b.Linear("classifier.6", x, s.Classes)
	}
	return a
}
