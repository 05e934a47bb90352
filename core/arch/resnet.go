package arch

import (
	"fmt"

	"padlab/core/nn"
)

// residuals are the networks of He et al. (2016): torchvision's, those for
// small pictures, and what Islam et al. made of them.
var residuals = []Architecture{
	residual("L", resnet{stem: 3, blocks: []int{2, 2, 2, 2}, last: "linear"}),
	residual("resnet18", resnet{stem: 7, pool: true, blocks: []int{2, 2, 2, 2}}),
	residual("resnet34", resnet{stem: 7, pool: true, blocks: []int{3, 4, 6, 3}}),
	residual("resnet50", resnet{stem: 7, pool: true, blocks: []int{3, 4, 6, 3}, bottleneck: true}),
	residual("resnet101", resnet{stem: 7, pool: true, blocks: []int{3, 4, 23, 3}, bottleneck: true}),
	residual("resnet152", resnet{stem: 7, pool: true, blocks: []int{3, 8, 36, 3}, bottleneck: true}),
	residual("resnet18-canvas", resnet{stem: 7, blocks: []int{2, 2, 2, 2}}),
	residual("gapnet", resnet{stem: 7, blocks: []int{2, 2, 2, 2}, head: gapHead}),
	residual("permutenet", resnet{stem: 7, blocks: []int{2, 2, 2, 2}, head: permuteHead}),
	residual("resnet20", cifar(3)),
	residual("resnet32", cifar(5)),
	residual("resnet44", cifar(7)),
	residual("resnet56", cifar(9)),
}

// A resnet says how a residual network is built.
type resnet struct {
	stem       int   // kernel of the first convolution: 7 has stride 2, 3 has stride 1
	width      int   // filters of the first stage; 0 means 64
	pool       bool  // a 3×3 max-pool with stride 2 behind it
	blocks     []int // per stage; from the second on a stage begins with stride 2
	bottleneck bool  // blocks of 1×1, 3×3 and 1×1 with four times the filters
	plain      bool  // shortcuts without weights: every second pixel, new channels 0
	last       string
	head       func(b *nn.Builder, s Spec, x nn.Output)
}

// cifar is the network of He et al. (2016), §4.2, with n blocks in a stage.
func cifar(n int) resnet {
	return resnet{stem: 3, width: 16, blocks: []int{n, n, n}, plain: true, last: "linear"}
}

func residual(name string, r resnet) Architecture {
	a := Architecture{Entry: entry(name), Pooled: r.head != nil, Build: r.build}
	for stage, blocks := range r.blocks {
		a.Taps = append(a.Taps, fmt.Sprintf("layer%d.%d.out", stage+1, blocks-1))
	}
	return a
}

func (r resnet) build(b *nn.Builder, s Spec) {
	width := r.width
	if width == 0 {
		width = 64
	}
	stride := 1
	if r.stem == 7 {
		stride = 2
	}
	x := b.Conv("conv1", nn.Sample, width, r.stem, stride, s.Padding, s.Extent, false)
	x = b.ReLU("relu", b.BatchNorm("bn1", x))
	if r.pool {
		x = b.MaxPoolOf("maxpool", x, s.paddedPool(nn.PoolSpec{Size: 3, Stride: 2, Pad: 1}))
	}
	for stage, blocks := range r.blocks {
		for block := range blocks {
			stride := 1
			if stage > 0 && block == 0 {
				stride = 2
			}
			x = r.block(b, s, fmt.Sprintf("layer%d.%d.", stage+1, block), x, width<<stage, stride)
		}
	}
	switch {
	case r.head != nil:
		r.head(b, s, x)
	case r.last != "":
		s.classifier(b, x, r.last)
	default:
		s.classifier(b, x, "fc")
	}
}

// block adds a residual block. Where the convolutions shrink or grow the map,
// the shortcut is cropped, or gets zeros around it, by as much on each side, so
// that what is added lies at the same place. The crop stands before the
// shortcut's stride s: it takes as many pixels as the block does before its own
// stride, and s times those that it takes behind (Kayhan and van Gemert 2020: 3
// before a strided 1×1).
func (r resnet) block(b *nn.Builder, s Spec, name string, x nn.Output, filters, stride int) nn.Output {
	conv := func(layer string, x nn.Output, filters, size, stride int) nn.Output {
		return b.Conv(name+layer, x, filters, size, stride, s.Padding, s.Extent, false)
	}
	norm := func(layer string, x nn.Output) nn.Output { return b.BatchNorm(name+layer, x) }
	relu := func(layer string, x nn.Output) nn.Output { return b.ReLU(name+layer, x) }
	margin := 1 - s.Extent.Sides(3).Top // pixels that a 3×3 convolution takes from each side

	shortcut, out := x, filters
	y, taken := x, 0
	if r.bottleneck {
		out = 4 * filters
		taken = margin
		y = relu("relu1", norm("bn1", conv("conv1", y, filters, 1, 1)))
		y = relu("relu2", norm("bn2", conv("conv2", y, filters, 3, stride)))
		y = norm("bn3", conv("conv3", y, out, 1, 1))
	} else {
		taken = margin + stride*margin
		y = relu("relu1", norm("bn1", conv("conv1", y, filters, 3, stride)))
		y = norm("bn2", conv("conv2", y, filters, 3, 1))
	}
	if in := b.Shape(x); taken != 0 {
		shortcut = b.Crop(name+"crop", shortcut, in.H-2*taken, in.W-2*taken)
	}
	switch {
	case stride == 1 && b.Shape(x).C == out:
	case r.plain:
		shortcut = b.Subsample(name+"shortcut", shortcut, stride, out)
	default:
		shortcut = norm("downsample.1", conv("downsample.0", shortcut, out, 1, stride))
	}
	return relu("out", b.Add(name+"add", y, shortcut))
}

// gapHead is a 3×3 convolution to the classes, and global average pooling.
func gapHead(b *nn.Builder, s Spec, x nn.Output) {
	b.GlobalAveragePool("gap", b.Conv("head", x, s.Classes, 3, 1, s.Padding, s.Extent, true))
}

// permuteHead is global average pooling, the channels in a random order, and a
// linear layer.
func permuteHead(b *nn.Builder, s Spec, x nn.Output) {
	b.Linear("fc", b.Permute("permute", b.GlobalAveragePool("gap", x)), s.Classes)
}
