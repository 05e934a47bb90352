// Package nn holds what networks are made of: layers with their forward and
// backward passes side by side, networks of named layers, losses, optimisers,
// and the training step that cuts a batch into chunks.
//
// Pictures are float32 in NHWC order. A layer works on one sample at a time,
// so N never appears: x is H×W×C, contiguous, channels last. Convolution
// weights are HWIO (kernel row, kernel column, input channel, output channel),
// linear weights [in][out]. Every convolution is a padded copy followed by a
// valid convolution; its backward pass is the backward pass of the valid
// convolution followed by the adjoint of the padding (see core/pad).
//
// Given the same weights and samples, every number here has the same bits for
// any number of workers, and for all kernels but the portable one on any
// machine: where Go could fuse a product into a sum, a conversion forbids it.
package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A Shape is height, width and channels of one sample.
type Shape struct{ H, W, C int }

// Len is the number of values of a sample of that shape.
func (s Shape) Len() int { return s.H * s.W * s.C }

func (s Shape) String() string { return fmt.Sprintf("%d×%d×%d", s.H, s.W, s.C) }

// A Param is one tensor of weights. Its values are uniform in ±1/√FanIn at
// first, which is PyTorch's default for convolutions and linear layers,
// weights and biases alike.
type Param struct {
	Name  string // "conv1.weight"
	Shape []int
	FanIn int // inputs to one output
}

// Len is the number of values of the tensor.
func (p Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// A Window says which inputs along one axis an output of a layer sees: Size
// inputs, Stride apart from those of the next output. Size 0 means all.
type Window struct {
	Size, Stride int
	Pad          pad.Sides
}

// Weights are a layer's parameters during a step: W in the order of Params,
// and what Pack made of them.
type Weights struct{ W, Packed []float32 }

// Scratch is a layer's memory for one sample, kept from Forward to Backward.
// A layer finds it zeroed the first time and as it left it afterwards.
type Scratch struct {
	F []float32
	I []int32
}

// A Layer maps one sample x of shape In to y of shape Out.
//
// Backward gets dy = ∂L/∂y, sets dx = ∂L/∂x unless dx is nil, and adds ∂L/∂w
// to dw. Forward must have been called for the same sample with the same
// scratch before. Layers hold no state of their own, so that any number of
// goroutines may share one.
type Layer interface {
	Name() string
	In() Shape
	Out() Shape
	Window() Window
	Params() []Param

	// InPlace reports whether y may be x and dy may be dx: Backward does not
	// need x, and nobody else does.
	InPlace() bool

	// Pack derives from w, once per step, what Forward and Backward want to
	// read in another order; Sizes tells how many floats that takes, and how
	// many floats and integers of scratch the layer needs.
	Sizes() (packed, floats, ints int)
	Pack(packed, w []float32)

	Forward(k *kernel.Kernel, w Weights, y, x []float32, s Scratch)
	Backward(k *kernel.Kernel, w Weights, dw, dx, dy, y, x []float32, s Scratch)
}

// plain is what most layers share: a name, two shapes and no parameters.
type plain struct {
	name    string
	in, out Shape
}

func (l *plain) Name() string                      { return l.name }
func (l *plain) In() Shape                         { return l.in }
func (l *plain) Out() Shape                        { return l.out }
func (l *plain) Window() Window                    { return Window{Size: 1, Stride: 1} }
func (l *plain) InPlace() bool                     { return false }
func (l *plain) Params() []Param                   { return nil }
func (l *plain) Sizes() (packed, floats, ints int) { return 0, 0, 0 }
func (l *plain) Pack(_, _ []float32)               {}

// fillRows copies row over y again and again.
func fillRows(y, row []float32) {
	for n := len(row); len(y) >= n; y = y[n:] {
		copy(y, row)
	}
}
