package arch

import (
	"fmt"

	"padlab/core/nn"
)

// vggs are the networks of Simonyan and Zisserman (2015) with torchvision's
// names: features.N counts convolutions, batch norms, ReLUs and pools.
var vggs = func() (list []Architecture) {
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

// fcWidth is how many features the classifier that came with a VGG has.
const fcWidth = 4096

// vgg is five blocks of 3×3 convolutions with 64, 128, 256, 512 and 512 filters,
// a pool behind each. Its taps are the ReLUs before the pools, as in PosENet.
func vgg(layers int, blocks [5]int, norm bool) Architecture {
	name, each := fmt.Sprintf("vgg%d", layers), 2 // layers of features per convolution
	if norm {
		name, each = name+"_bn", 3
	}
	a := Architecture{Entry: entry(name), FCHead: "classifier.6"}
	at := 0
	for _, convs := range blocks {
		at += each * convs
		a.Taps = append(a.Taps, fmt.Sprintf("features.%d", at-1))
		at++
	}
	a.Build = func(b *nn.Builder, s Spec) {
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
			x = b.ReLU(fmt.Sprintf("classifier.%d", 3*i+1), b.Linear(fmt.Sprintf("classifier.%d", 3*i), x, fcWidth))
			x = b.Dropout(fmt.Sprintf("classifier.%d", 3*i+2), x, 0.5)
		}
		b.Linear("classifier.6", x, s.Classes)
	}
	return a
}
