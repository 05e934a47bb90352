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
// do in the named architecture but for these numbers. What does not is left to
// [nn.Net.Load], which says it. An unknown name is an error.
func (s *Spec) Fit(f *safetensors.File) error {
	a, err := find(s.Name)
	if err != nil {
		return err
	}
	var layers []safetensors.Info // convolutions and linear layers
	for _, t := range a.tensors(Spec{Name: s.Name, Classes: 1}) {
		if len(t.Shape) > 1 {
			layers = append(layers, t)
		}
	}
	first, last := layers[0], layers[len(layers)-1]
	shapes := map[string][]int{}
	for _, t := range f.Tensors {
		shapes[strings.TrimPrefix(t.Name, "module.")] = t.Shape
	}
	if name := a.original + ".weight"; shapes[name] != nil {
		s.FCHead, last = true, safetensors.Info{Name: name, Shape: []int{1, originalWidth}}
	}
	if shape := shapes[first.Name]; alike(first.Shape, shape, 1) {
		s.In.C = shape[1]
		s.Bias = shapes[strings.TrimSuffix(first.Name, "weight")+"bias"] != nil
	}
	if shape := shapes[last.Name]; alike(last.Shape, shape, 0) {
		s.Classes = shape[0]
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

// tensors are those of the architecture, in PyTorch's layouts. They depend
// neither on the padding nor on the size of the picture, so any will do that
// fits all architectures.
func (a architecture) tensors(s Spec) []safetensors.Info {
	s.In, s.Padding, s.Extent = nn.Shape{H: 224, W: 224, C: max(s.In.C, 1)}, pad.Must("zeros"), pad.Same
	nodes, err := a.builder(s).Nodes()
	if err != nil {
		panic("arch: " + err.Error())
	}
	return nn.Tensors(nodes)
}

// Recognize returns the names of the architectures whose tensors are those of
// the file, by name and shape.
func Recognize(f *safetensors.File) []string {
	var list []string
	for _, a := range architectures {
		s := Spec{Name: a.name, Classes: 1}
		if err := s.Fit(f); err != nil {
			panic("arch: " + err.Error())
		}
		if nn.Fits(a.tensors(s), f) == nil {
			list = append(list, a.name)
		}
	}
	return list
}

// Load sets the weights of a network of the named architecture to those of a
// file. Of a file that does not fit, the error says whose weights it seems to
// hold, or which tensors do not fit.
func Load(net *nn.Net, name string, f *safetensors.File) error {
	err := net.Load(f)
	if err == nil {
		return nil
	}
	if fits := Recognize(f); len(fits) > 0 && !slices.Contains(fits, name) {
		return fmt.Errorf("these look like the weights of %s, not of %s", strings.Join(fits, " or "), name)
	}
	return fmt.Errorf("no weights of %s: %w", name, err)
}
