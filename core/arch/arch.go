// Package arch names the networks that experiments are run on and does the
// arithmetic of their geometry: receptive field, stride, and what the pools
// drop. An architecture is a function that strings layers together; every one
// takes a padding scheme and an extent.
package arch

import (
	"fmt"

	"padlab/core/names"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A Spec is everything that a network's shape depends on.
type Spec struct {
	Name    string   // one of Names
	In      nn.Shape // of a sample
	Classes int      // outputs
	Padding pad.Scheme
	Extent  pad.Extent // valid when Padding is none
	Bias    bool       // of the convolutions
}

type architecture struct {
	name, about string
	build       func(b *nn.Builder, s Spec)
}

var architectures = []architecture{
	{"small", "conv 16, pool, conv 32, pool, conv 32, conv 64, global average pool, linear", plain(16, pool, 32, pool, 32, 64)},
	{"vgg5", "conv 32, pool, conv 64, pool, conv 128, pool, conv 256, global average pool, linear", plain(32, pool, 64, pool, 128, pool, 256)},
	{"S", "reference network S: conv 16, 32, pool, conv 32, 64, global average pool, linear", plain(16, 32, pool, 32, 64)},
	{"M", "reference network M: conv 32, 32, pool, conv 64, 64, pool, conv 128, 128, global average pool, linear", plain(32, 32, pool, 64, 64, pool, 128, 128)},
	{"L", "reference network L: ResNet-18 for small pictures, 3×3 conv 64, two blocks each of 64, 128, 256, 512, batch norm, global average pool, linear", residual},
}

// pool stands for a 2×2 max-pool in a list of filter counts.
const pool = 0

// plain is a chain of 3×3 convolutions, each with a ReLU, and pools, then
// global average pooling and a linear layer.
func plain(filters ...int) func(*nn.Builder, Spec) {
	return func(b *nn.Builder, s Spec) {
		x, conv, pools := nn.Sample, 0, 0
		for _, n := range filters {
			if n == pool {
				pools++
				x = b.MaxPool(fmt.Sprintf("pool%d", pools), x)
				continue
			}
			conv++
			x = b.Conv(fmt.Sprintf("conv%d", conv), x, n, 3, 1, s.Padding, s.Extent, s.Bias)
			x = b.ReLU(fmt.Sprintf("relu%d", conv), x)
		}
		s.classifier(b, x)
	}
}

// classifier ends a network: global average pooling and a linear layer.
func (s Spec) classifier(b *nn.Builder, x nn.Output) {
	b.Linear("linear", b.GlobalAveragePool("gap", x), s.Classes)
}

// residual is ResNet-18 (He et al. 2016) as it is used on small pictures: a 3×3
// convolution with stride 1 in front, no max-pool, then eight basic blocks, of
// which the third, fifth and seventh halve the map. Its convolutions have no
// biases; the batch norms have.
func residual(b *nn.Builder, s Spec) {
	conv := func(name string, x nn.Output, filters, size, stride int) nn.Output {
		return b.Conv(name, x, filters, size, stride, s.Padding, s.Extent, false)
	}
	x := conv("conv1", nn.Sample, 64, 3, 1)
	x = b.ReLU("relu1", b.BatchNorm("bn1", x))
	for stage, filters := range []int{64, 128, 256, 512} {
		for block := range 2 {
			name := func(layer string) string { return fmt.Sprintf("layer%d.%d.%s", stage+1, block, layer) }
			stride, shortcut := 1, x
			if stage > 0 && block == 0 {
				stride = 2
				shortcut = b.BatchNorm(name("downsample.1"), conv(name("downsample.0"), x, filters, 1, stride))
			}
			x = b.BatchNorm(name("bn1"), conv(name("conv1"), x, filters, 3, stride))
			x = b.ReLU(name("relu1"), x)
			x = b.BatchNorm(name("bn2"), conv(name("conv2"), x, filters, 3, 1))
			x = b.ReLU(name("relu2"), b.Add(name("add"), x, shortcut))
		}
	}
	s.classifier(b, x)
}

// Names returns the names of all architectures.
func Names() []string {
	list := make([]string, len(architectures))
	for i, a := range architectures {
		list[i] = a.name
	}
	return list
}

// About returns one line that lists the layers of an architecture.
func About(name string) (string, error) {
	for _, a := range architectures {
		if a.name == name {
			return a.about, nil
		}
	}
	return "", names.Unknown("network", name, Names())
}

// Build returns the network of s, computing with k, all weights 0. A picture
// that is too small is an error that names the first layer that does not fit
// and the smallest square picture that works.
func Build(s Spec, k *kernel.Kernel) (*nn.Net, error) {
	for _, a := range architectures {
		if a.name != s.Name {
			continue
		}
		if s.Padding.Name == "none" {
			s.Extent = pad.Valid
		}
		b := nn.NewBuilder(s.In)
		a.build(b, s)
		net, err := b.Net(k)
		if err != nil {
			return nil, fmt.Errorf("network %s with padding %s on %d×%d pixels: %w%s", s.Name, s.Padding.Name, s.In.H, s.In.W, err, smallest(a, s, k))
		}
		return net, nil
	}
	return nil, names.Unknown("network", s.Name, Names())
}

// smallest words the smallest square input that works, or "" when no size up
// to 1024 does.
func smallest(a architecture, s Spec, k *kernel.Kernel) string {
	for side := 1; side <= 1024; side++ {
		s.In.H, s.In.W = side, side
		b := nn.NewBuilder(s.In)
		a.build(b, s)
		if _, err := b.Net(k); err == nil {
			return fmt.Sprintf("; the smallest picture that works is %d×%d", side, side)
		}
	}
	return ""
}
