package arch

import (
	"fmt"
	"slices"
	"strings"

	"padlab/core/nn"
	"padlab/core/nn/safetensors"
	"padlab/core/pad"
)

// Fit sets the channels, the classes, the bias and the classifier of s to what
// a file holds, as far as its first convolution and its last layer look as they
// do in the architecture of s but for these numbers. What does not is left to
// [nn.Net.Load], which says it.
func (s *Spec) Fit(f *safetensors.File) {
	var layers []safetensors.Info // convolutions and linear layers
	for _, t := range (Spec{Arch: s.Arch, Classes: 1}).tensors() {
		if len(t.Shape) > 1 {
			layers = append(layers, t)
		}
	}
	first, last := layers[0], layers[len(layers)-1]
	shapes := map[string][]int{}
	for _, t := range f.Tensors {
		shapes[strings.TrimPrefix(t.Name, "module.")] = t.Shape
	}
	if name := s.Arch.FCHead + ".weight"; shapes[name] != nil {
		s.FCHead, last = true, safetensors.Info{Name: name, Shape: []int{1, fcWidth}}
	}
	if shape := shapes[first.Name]; alike(first.Shape, shape, 1) {
		s.In.C = shape[1]
		s.Bias = shapes[strings.TrimSuffix(first.Name, "weight")+"bias"] != nil
	}
	if shape := shapes[last.Name]; alike(last.Shape, shape, 0) {
		s.Classes = shape[0]
	}
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
	s.In, s.Padding, s.Extent = nn.Shape{H: side, W: side, C: max(s.In.C, 1)}, pad.Must("zeros"), pad.Same
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
		s := Spec{Arch: a, Classes: 1}
		s.Fit(f)
		if nn.Fits(s.tensors(), f) == nil {
			list = append(list, a)
		}
	}
	return list
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
	return fmt.Errorf("no weights of %s: %w", a.Name, err)
}
