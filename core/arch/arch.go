// Package arch names the networks that experiments are run on and does the
// arithmetic of their geometry: receptive field, stride, and what the pools
// drop. An architecture is a function that strings layers together; every one
// takes a padding scheme and an extent.
package arch

import (
	"fmt"
	"slices"

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
	Bias    bool       // of the convolutions, where the architecture leaves the choice

	// Layers are the schemes of single convolutions, by name, that differ.
	Layers map[string]pad.Scheme

	// Head is how the network answers; empty stands for Pooled.
	Head Head

	// FCHead builds the classifier that came with a VGG, fully connected on
	// 7×7 pixels, instead of global average pooling and a linear layer.
	FCHead bool
}

// A Head is the end of a network: one answer for the picture, or one for every
// pixel of it.
type Head string

const (
	Pooled    Head = "pooled"    // global average pooling and a linear layer
	Stretched Head = "stretched" // a 1×1 convolution, enlarged to the picture whatever the map has lost at its sides
	Aligned   Head = "aligned"   // a 1×1 convolution, each unit put where it looks, the outermost repeated
)

// perPixel reports whether the network answers for every pixel.
func (s Spec) perPixel() bool { return s.Head != "" && s.Head != Pooled }

type architecture struct {
	name, about string
	taps        []string // nodes whose outputs a read-out looks at, from the picture inwards
	build       func(b *nn.Builder, s Spec)
	pooled      bool // it has an end of its own, whatever the head

	usual Input

	// original is the last layer of the classifier that Spec.Original builds;
	// empty: there is no other than the usual one.
	original string
}

// architectures are all networks, by kind. Those of torchvision have its names
// for layers and tensors, so that its weights load as they are.
var architectures = slices.Concat(
	chains,
	vggs,
	residuals,
	squeezes,
	bags,
	toys,
)

// Names returns the names of all architectures.
func Names() []string {
	list := make([]string, len(architectures))
	for i, a := range architectures {
		list[i] = a.name
	}
	return list
}

func find(name string) (architecture, error) {
	for _, a := range architectures {
		if a.name == name {
			return a, nil
		}
	}
	return architecture{}, names.Unknown("network", name, Names())
}

// About returns one line that lists the layers of an architecture.
func About(name string) (string, error) {
	a, err := find(name)
	return a.about, err
}

// Taps returns the names of the nodes of an architecture that a read-out looks
// at, from the picture inwards.
func Taps(name string) ([]string, error) {
	a, err := find(name)
	return slices.Clone(a.taps), err
}

// Input says which pictures an architecture was made for: square ones of Side
// pixels; where they are Normalized, each channel of red, green and blue in 0…1
// less [ImageNetMean], by [ImageNetStd].
type Input struct {
	Side       int
	Normalized bool
}

// The mean and deviation of the pictures of ImageNet, by which torchvision's
// networks and those for CIFAR have them normalised.
var ImageNetMean, ImageNetStd = [3]float32{0.485, 0.456, 0.406}, [3]float32{0.229, 0.224, 0.225}

var (
	imageNet = Input{224, true}
	cifar10  = Input{32, true}
	little   = Input{32, false}
)

// NativeInput returns for which pictures an architecture was made.
func NativeInput(name string) (Input, error) {
	a, err := find(name)
	return a.usual, err
}

// Build returns the network of s, computing with k, all weights 0. A picture
// that is too small is an error that names the first layer that does not fit
// and the smallest square picture that works.
func Build(s Spec, k *kernel.Kernel) (*nn.Net, error) {
	a, err := find(s.Name)
	if err != nil {
		return nil, err
	}
	net, err := a.builder(s).Net(k)
	if err != nil {
		return nil, refusal(a, s, err)
	}
	return net, nil
}

// Layers returns the nodes of the network that Build would build, with the same
// errors but without weights: all that its geometry depends on.
func Layers(s Spec) ([]nn.Node, error) {
	a, err := find(s.Name)
	if err != nil {
		return nil, err
	}
	nodes, err := a.builder(s).Nodes()
	if err != nil {
		return nil, refusal(a, s, err)
	}
	return nodes, nil
}

// builder has all layers of the network.
func (a architecture) builder(s Spec) *nn.Builder {
	if s.Padding.Name == "none" {
		s.Extent = pad.Valid
	}
	b := nn.NewBuilder(s.In)
	b.Schemes = s.Layers
	if a.pooled && s.perPixel() {
		b.Fail("it answers for the whole picture only, not for its pixels")
	}
	a.build(b, s)
	return b
}

func refusal(a architecture, s Spec, err error) error {
	err = fmt.Errorf("network %s with padding %s on %d×%d pixels: %w", s.Name, s.Padding.Name, s.In.H, s.In.W, err)
	if side := a.smallest(s); side > 0 {
		err = fmt.Errorf("%w; the smallest picture that works is %d×%d", err, side, side)
	}
	return err
}

// Smallest returns the side of the smallest square picture that the network of
// s takes, whatever s.In says of it: 0 when no size up to 1024 works.
func Smallest(s Spec) int {
	a, err := find(s.Name)
	if err != nil {
		return 0
	}
	return a.smallest(s)
}

func (a architecture) smallest(s Spec) int {
	if a.pooled && s.perPixel() {
		return 0
	}
	for side := 1; side <= 1024; side++ {
		s.In.H, s.In.W = side, side
		if _, err := a.builder(s).Nodes(); err == nil {
			return side
		}
	}
	return 0
}
