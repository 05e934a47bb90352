package arch

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"padlab/core/nn"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
)

// What a network may be that a file says the sizes of. A file need not hold the
// bytes that it announces, but memory for the network would be given.
const (
	maxClasses  = 1 << 15   // all of ImageNet has 21,841
	maxChannels = 64        // of a picture; satellites take 13
	maxValues   = 160 << 20 // VGG-19 with its own classifier has 144 million
)

// Fit sets the channels, the classes, the bias and the classifier of s to what
// a file holds, as far as its first convolution and its last layer look as they
// do in the architecture of s but for these numbers. What does not is left to
// [nn.Net.Load], which says it.
//
// It returns the prefix that the names have in the file, which whoever shows
// what was loaded should say. A network that would be larger than any that is
// meant is an error.
func (s *Spec) Fit(f *safetensors.File) (prefix string, err error) {
	if s.Arch.Weigh != nil { // it is what it came as
		return nn.Prefix(s.tensors(), f), nil
	}
	least := (Spec{Arch: s.Arch, Classes: 1}).tensors()
	prefix = nn.Prefix(least, f)
	var layers []safetensors.Info // convolutions and linear layers
	for _, t := range least {
		if len(t.Shape) > 1 {
			layers = append(layers, t)
		}
	}
	first, last := layers[0], layers[len(layers)-1]
	shape := func(name string) []int {
		t, _ := f.Find(prefix + name)
		return t.Shape
	}
	fitted := *s
	if name := s.Arch.FCHead + ".weight"; shape(name) != nil {
		fitted.FCHead, last = true, safetensors.Info{Name: name, Shape: []int{1, fcWidth}}
	}
	if shape := shape(first.Name); alike(first.Shape, shape, 1) {
		fitted.In.C = shape[1]
		_, fitted.Bias = f.Find(prefix + strings.TrimSuffix(first.Name, "weight") + "bias")
	}
	if shape := shape(last.Name); alike(last.Shape, shape, 0) {
		fitted.Classes = shape[0]
	}
	if err := fitted.affordable(); err != nil {
		return prefix, err
	}
	*s = fitted
	return prefix, nil
}

// affordable returns an error for a network that would be too large.
func (s Spec) affordable() error {
	switch {
	case s.Classes > maxClasses:
		return fmt.Errorf("the weights are of %d classes, at most %d are allowed", s.Classes, maxClasses)
	case s.In.C > maxChannels:
		return fmt.Errorf("the weights are for pictures of %d channels, at most %d are allowed", s.In.C, maxChannels)
	}
	values := 0
	for _, t := range s.tensors() {
		values += t.Len()
	}
	if values > maxValues {
		return fmt.Errorf("the network of these weights has %d values, at most %d are allowed", values, maxValues)
	}
	return nil
}

// alike reports whether two shapes are the same but for one axis, along which
// the second is positive.
func alike(a, b []int, axis int) bool {
	if len(a) != len(b) || b[axis] < 1 {
		return false
	}
	a = slices.Clone(a)
	a[axis] = b[axis]
	return slices.Equal(a, b)
}

// tensors are those of the network, in PyTorch's layouts. They depend neither on
// the padding nor on the size of the picture, so any will do that fits.
func (s Spec) tensors() []safetensors.Info {
	side := s.Arch.Input.Side
	s.In, s.Padding, s.Extent = nn.Shape{H: side, W: side, C: max(s.In.C, s.Arch.Native.C, 1)}, pad.Must("zeros"), pad.Same
	nodes, err := s.builder().Nodes()
	if err != nil {
		panic("arch: " + err.Error())
	}
	return nn.Tensors(nodes)
}

// Recognize returns those of All whose tensors are those of the file, by name
// and shape.
func Recognize(f *safetensors.File) (list []Architecture) {
	for _, a := range architectures {
		if a.misfit(f) == nil {
			list = append(list, a)
		}
	}
	return list
}

// misfit is what Load would say of a network that is fitted to the file.
func (a Architecture) misfit(f *safetensors.File) error {
	s := Spec{Arch: a, Classes: 1}
	if _, err := s.Fit(f); err != nil {
		return err
	}
	return nn.Fits(s.tensors(), f)
}

// Unrecognized is the error of a file that holds the weights of none of All. It
// says which it comes closest to and what is wrong with it, if one of them has
// half of its tensors in the file.
func Unrecognized(f *safetensors.File) error {
	const what = "not the weights of a network known here"
	a, n, all := nearest(f)
	if all == 0 {
		return errors.New(what)
	}
	return fmt.Errorf("%s: %d of its %d tensors are those of %s, but %w", what, n, all, a.Name, a.misfit(f))
}

// nearest is the architecture that has the largest part of its tensors in the
// file, by name and shape, n of all. If that is less than half, all is 0.
func nearest(f *safetensors.File) (best Architecture, n, all int) {
	for _, a := range architectures {
		s := Spec{Arch: a, Classes: 1}
		prefix, _ := s.Fit(f) // what is wrong is said by misfit
		list, found := s.tensors(), 0
		for _, want := range list {
			if t, ok := f.Find(prefix + want.Name); ok && slices.Equal(t.Shape, want.Shape) {
				found++
			}
		}
		if 2*found >= len(list) && found*max(all, 1) > n*len(list) {
			best, n, all = a, found, len(list)
		}
	}
	return best, n, all
}

// Load sets the weights of a network of the architecture to those of a file. Of
// a file that does not fit, the error says whose weights it seems to hold, or
// which tensors do not fit.
func (a Architecture) Load(net *nn.Net, f *safetensors.File) error {
	err := net.Load(f)
	if err == nil {
		return nil
	}
	var fits []string
	for _, other := range Recognize(f) {
		fits = append(fits, other.Name)
	}
	if len(fits) > 0 && !slices.Contains(fits, a.Name) {
		return fmt.Errorf("these look like the weights of %s, not of %s", strings.Join(fits, " or "), a.Name)
	}
	if near, n, all := nearest(f); all > 0 && near.Name != a.Name {
		return fmt.Errorf("no weights of %s: %w (%d of the %d tensors of %s are there)", a.Name, err, n, all, near.Name)
	}
	return fmt.Errorf("no weights of %s: %w", a.Name, err)
}
