package arch

import (
	"fmt"

	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/pad"
)

// chains are convolutions, pools and nothing else.
var chains = []Architecture{
	chain("small", false, 16, pool, 32, pool, 32, 64),
	chain("small_bn", true, 16, pool, 32, pool, 32, 64),
	chain("nearest", true, 16, pool, 32),
	chain("near", true, 16, pool, 32, pool, 64),
	chain("vgg5", false, 32, pool, 64, pool, 128, pool, 256),
	chain("vgg5_bn", true, 32, pool, 64, pool, 128, pool, 256),
	chain("vgg5-mini", true, 16, pool, 32, pool, 64, pool, 64),
	chain("S", false, 16, 32, pool, 32, 64),
	chain("M", false, 32, 32, pool, 64, 64, pool, 128, 128),
}

// pool stands for a 2×2 max-pool in a list of filter counts.
const pool = 0

// chain is 3×3 convolutions, each with a ReLU and perhaps a batch norm before
// it, and pools, then global average pooling and a linear layer. Its taps are
// the ReLUs before each pool, and the last.
func chain(name string, norm bool, filters ...int) Architecture {
	a := Architecture{Entry: entry(name)}
	convs := 0
	for i, n := range filters {
		if n != pool {
			convs++
		}
		if i+1 == len(filters) || filters[i+1] == pool && n != pool {
			a.Taps = append(a.Taps, fmt.Sprintf("relu%d", convs))
		}
	}
	a.Build = func(b *nn.Builder, s Spec) {
		x, conv, pools := nn.Sample, 0, 0
		for _, n := range filters {
			if n == pool {
				pools++
				x = b.MaxPool(fmt.Sprintf("pool%d", pools), x)
				continue
			}
			conv++
			x = b.Conv(fmt.Sprintf("conv%d", conv), x, n, 3, 1, s.Padding, s.Extent, s.Bias && !norm)
			if norm {
				x = b.BatchNorm(fmt.Sprintf("bn%d", conv), x)
			}
			x = b.ReLU(fmt.Sprintf("relu%d", conv), x)
		}
		s.classifier(b, x, "linear")
	}
	return a
}

// classifier ends a network with its head: a vector and a linear layer, or maps of
// logits. The maps of logits are enlarged
// bilinearly, corners not aligned.
func (s Spec) classifier(b *nn.Builder, x nn.Output, name string) nn.Output {
	if !s.perPixel() {
		switch s.Global {
		case catalog.Max:
			x = b.GlobalMaxPool("gmp", x)
		case catalog.Permuted:
			x = b.Permute("permute", b.GlobalAveragePool("gap", x))
		default:
			x = b.GlobalAveragePool("gap", x)
		}
		if s.Unbiased { // on a single pixel that is a linear layer
			return b.Conv(name, x, s.Classes, 1, 1, pad.Must("none"), pad.Valid, false)
		}
		return b.Linear(name, x, s.Classes)
	}
	x = b.Conv(name, x, s.Classes, 1, 1, pad.Must("none"), pad.Valid, !s.Unbiased)
	switch s.Head {
	case catalog.Continued:
		return b.ResizePadded("enlarge", x, s.In.H, s.In.W, s.Padding)
	case catalog.Stretched:
		return b.Resize("enlarge", x, s.In.H, s.In.W, false)
	}
	nodes, err := b.Nodes()
	if err != nil {
		return x
	}
	where := TraceLayers(nodes)[x]
	return b.Align("enlarge", x, s.In.H, s.In.W, where.Top, where.Left, where.Stride)
}
