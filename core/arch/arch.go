// Package arch holds the networks that experiments are run on and does the
// arithmetic of their geometry: receptive field, stride, and what the pools
// drop. An architecture is a value whose function strings layers together, with
// the padding scheme and the extent that it is given; some have names.
package arch

import (
	"fmt"
	"slices"

	"padlab/core/arch/catalog"
	"padlab/core/nn"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// An Architecture says how a network is put together. It is a value that anyone
// can make: those of [All] are only the ones that have a name in the catalog.
type Architecture struct {
	catalog.Entry // its name, one line about it, and which pictures it was made for

	// Taps are the nodes whose outputs a read-out looks at, by name, from the
	// picture inward.
	Taps []string

	// Pooled: the network has an end of its own that answers for the whole
	// picture, whatever the head.
	Pooled bool

	// FCHead is the last layer of the classifier that Spec.FCHead builds;
	// empty: there is none.
	FCHead string

	// Weigh sets the weights of a network of s to those that the architecture came
	// with; nil: it came with none.
	Weigh func(s Spec, net *nn.Net) error

	// Native is the picture that an architecture with weights was made for, and
	// Classes are its outputs; 0: any.
	Native  nn.Shape
	Classes int

	// Build adds the layers of the network of s to b, the last of which has
	// s.Classes outputs, and what does not fit to its errors. Pictures of
	// Input.Side pixels under zeros fit.
	Build func(b *nn.Builder, s Spec)
}

// A Spec is everything that a network's shape depends on.
type Spec struct {
	Arch    Architecture
	In      nn.Shape // of a sample
	Classes int      // outputs
	Padding pad.Scheme
	Extent  pad.Extent // valid when Padding is none
	Bias    bool       // of the convolutions, where the architecture leaves the choice

	// Pools says whether Padding is that of padded pools too; empty stands for
	// OwnPools. How much they pad is their own, unless Extent is valid.
	Pools catalog.Pools

	// Layers are the schemes of single convolutions, and of pools that follow
	// Padding, by name, that differ.
	Layers map[string]pad.Scheme

	// Head is how the network answers; empty stands for Pooled.
	Head catalog.Head

	// Global is how a network with that head pools its last map, where the
	// architecture leaves the choice; empty stands for Average. Unbiased: the layer
	// behind that adds no bias.
	Global   catalog.Global
	Unbiased bool

	// FCHead builds the classifier that came with a VGG, fully connected on
	// 7×7 pixels, instead of global average pooling and a linear layer.
	FCHead bool
}

// architectures are all that have a name, in the order of the catalog. Those of
// torchvision have its names for layers and tensors, so that its weights load as
// they are.
var architectures = slices.Concat(
	chains,
	vggs,
	residuals,
	squeezes,
	bags,
	toys,
)

// All returns the architectures that have a name, by kind.
func All() []Architecture { return slices.Clone(architectures) }

// Named returns the architecture of a name of the catalog.
func Named(name string) (Architecture, error) {
	if _, err := catalog.Find(name); err != nil {
		return Architecture{}, err
	}
	return architectures[slices.IndexFunc(architectures, func(a Architecture) bool { return a.Name == name })], nil
}

// Must is Named for names that the program itself wrote, or has checked; it
// panics on others.
func Must(name string) Architecture {
	a, err := Named(name)
	if err != nil {
		panic("arch: " + err.Error())
	}
	return a
}

// entry is what the catalog says of a network.
func entry(name string) catalog.Entry {
	e, err := catalog.Find(name)
	if err != nil {
		panic("arch: " + err.Error())
	}
	return e
}

// The mean and deviation of the pictures of ImageNet, by which torchvision's
// networks and those for CIFAR have them normalised.
var ImageNetMean, ImageNetStd = [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}

// Build returns the network of s, computing with k, all weights 0. A picture
// that is too small is an error that names the first layer that does not fit
// and the smallest square picture that works.
func Build(s Spec, k *kernel.Kernel) (*nn.Net, error) {
	net, err := s.builder().Net(k)
	if err != nil {
		return nil, s.refusal(err)
	}
	return net, nil
}

// Layers returns the nodes of the network that Build would build, with the same
// errors but without weights: all that its geometry depends on.
func Layers(s Spec) ([]nn.Node, error) {
	nodes, err := s.builder().Nodes()
	if err != nil {
		return nil, s.refusal(err)
	}
	return nodes, nil
}

// builder has all layers of the network. It panics without an architecture.
func (s Spec) builder() *nn.Builder {
	if s.Arch.Build == nil {
		panic(fmt.Sprintf("arch: nothing builds network %q", s.Arch.Name))
	}
	if s.Padding.Name == "none" {
		s.Extent = pad.Valid
	}
	b := nn.NewBuilder(s.In)
	b.Schemes = s.Layers
	if s.Arch.Pooled && s.perPixel() {
		b.Fail("it answers for the whole picture only, not for its pixels")
	}
	if own := s.Arch.Pooled || s.Arch.Weigh != nil; own && (s.Global != "" && s.Global != catalog.Average || s.Unbiased) {
		b.Fail("it has an end of its own: net.global is average and net.head_bias true")
	}
	s.Arch.Build(b, s)
	return b
}

// paddedPool is a padded pool of the published network as s has it.
func (s Spec) paddedPool(pool nn.PoolSpec) nn.PoolSpec {
	if s.Extent == pad.Valid {
		pool.Pad = 0
	}
	if s.Pools == catalog.SchemePools {
		pool.Scheme = s.Padding
	}
	return pool
}

// perPixel reports whether the network answers for every pixel.
func (s Spec) perPixel() bool { return s.Head != "" && s.Head != catalog.Pooled }

func (s Spec) refusal(err error) error {
	err = fmt.Errorf("network %s with padding %s on %d×%d pixels: %w", s.Arch.Name, s.Padding.Name, s.In.H, s.In.W, err)
	if side := Smallest(s); side > 0 {
		err = fmt.Errorf("%w; the smallest picture that works is %d×%d", err, side, side)
	}
	return err
}

// Smallest returns the side of the smallest square picture that the network of
// s takes, whatever s.In says of it: 0 when no size up to 1024 works.
func Smallest(s Spec) int {
	if s.Arch.Pooled && s.perPixel() {
		return 0
	}
	if s.Arch.Weigh != nil {
		return 0 // what is not made here may fail at every size, and take its time
	}
	for side := 1; side <= 1024; side++ {
		s.In.H, s.In.W = side, side
		if _, err := s.builder().Nodes(); err == nil {
			return side
		}
	}
	return 0
}
