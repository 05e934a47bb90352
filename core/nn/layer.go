// Package nn holds what networks are made of: layers with their forward and
// backward passes side by side, networks of named layers, losses, optimisers,
// and the training step.
//
// Pictures are float32 in NHWC order: x is N×H×W×C, contiguous, channels last.
// Convolution weights are HWIO (kernel row, kernel column, input channel,
// output channel), linear weights [in][out]. Every convolution is a padded copy
// followed by a valid convolution; its backward pass is the backward pass of
// the valid convolution followed by the adjoint of the padding (see core/pad).
//
// Given the same weights and samples, every number here has the same bits for
// any number of workers, and on any machine for all kernels but the portable
// one. Go may fuse x*y + z into one rounding; where it must not, a conversion
// stands around the product: float32(x*y) + z.
package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
	"padlab/core/pad"
	"padlab/core/rng"
)

// A Shape is height, width and channels of one sample.
type Shape struct{ H, W, C int }

// Len is the number of values of a sample of that shape.
func (s Shape) Len() int { return s.H * s.W * s.C }

func (s Shape) String() string { return fmt.Sprintf("%d×%d×%d", s.H, s.W, s.C) }

// A Param is one tensor of a layer. The values of weights are uniform in
// ±1/√FanIn at first, which is PyTorch's default for convolutions and linear
// layers, weights and biases alike; with FanIn 0 all are Start.
type Param struct {
	Name  string // "conv1.weight"
	Shape []int
	FanIn int // inputs to one output
	Start float32
	State bool // follows the batches instead of the gradient: a running mean or variance
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
// inputs, Dilation apart from each other, Stride apart from those of the next
// output. Size 0 means all.
type Window struct {
	Size, Stride, Dilation int
	Pad                    pad.Sides
}

// Span is how many inputs lie between the first and the last of a window, both
// counted.
func (w Window) Span() int { return (w.Size-1)*w.Dilation + 1 }

// Sizes says how much memory a layer wants.
type Sizes struct {
	Packed  int // floats, what Pack makes of the weights
	Saved   int // floats per sample, kept from Forward to Backward
	Indices int // integers per sample, kept likewise
	Scratch int // floats per sample, for the time of one call; not cleared before
	Once    int // floats of Scratch that a call wants at least, however few its samples
	Batch   int // floats per batch, kept likewise, for all its samples
}

// A Call is what a layer works on: N samples, one behind the other in every
// slice, with the layer's weights.
type Call struct {
	*kernel.Kernel
	N          int
	Training   bool    // when false, norms use their running statistics, and dropout does nothing
	Apart      bool    // Forward leaves the work of the next layer to that one
	Fresh      bool    // Gradient sets dw instead of adding to it
	BatchScale float32 // the weight of a sample in the batch's loss: 1 / samples of the batch

	W, State, Packed []float32 // weights in the order of Params, running statistics, and what Pack made of both
	X, DX            [][]float32
	Y, DY            []float32
	Saved, Scratch   []float32
	Indices          []int32
	Batch            []float32

	// What layers draw is keyed by these: First is the index in the batch of
	// the call's first sample.
	Seed, Step uint64
	First      int
}

// source is the stream of random numbers of the call's i-th sample.
func (c *Call) source(purpose string, i int) rng.Stream {
	return rng.New(c.Seed, purpose, c.Step, uint64(c.First+i))
}

// sumRows adds the rows of x to sum, or sets it to their sum when the call is
// fresh.
func (c *Call) sumRows(sum, x []float32) {
	if c.Fresh {
		clear(sum)
	}
	c.AddRows(sum, x)
}

// A Layer maps samples x of shapes In to a sample y of shape Out.
//
// Backward gets DY = ∂L/∂y and sets every DX that is not nil to ∂L/∂x.
// Gradient adds the part-th of parts disjoint pieces of ∂L/∂w to dw, or sets
// them there in a fresh call, so that several workers may share the work; the
// pieces together are ∂L/∂w, and how many there are does not change a bit. Both
// follow a Forward of the same samples. Layers hold no state of their own, so
// that any number of goroutines may share one.
type Layer interface {
	Name() string
	Kind() string // what it is called in a table: "conv", "max-pool"
	Role() Role
	In() []Shape
	Out() Shape
	Window(a Axis) Window
	Params() []Param
	Sizes() Sizes

	// Reads says for each output position along an axis what it reads, the
	// same in each input; of one with a single position along the axis that one,
	// whatever is said.
	Reads(a Axis) []Reading

	// Retains reports whether Backward and Gradient read X and Y. Where they do
	// not, later layers may work in place on them.
	Retains() (x, y bool)

	// InPlace reports whether Y may be X[0] and DY may be DX[0]. Such a layer
	// reads X in Forward only, and has no parameters: DY may be gone when
	// Gradient is called.
	InPlace() bool

	// Fuse lets the layer do the work of the next one, which works in place on
	// its output, if it can.
	Fuse(next Layer)

	// Pack derives packed from w and state, whenever they have changed: weights
	// in the order in which the passes read them.
	Pack(packed, w, state []float32)

	Forward(c *Call)
	Backward(c *Call)
	Gradient(c *Call, dw []float32, part, parts int)
}

// A Role says what a layer does with the values that it is given.
type Role int

const (
	Mixing     Role = iota // makes new maps: of several pixels, channels or inputs, or by moving pixels
	Scaling                // scales and shifts the values of a map, as norms do
	Activation             // applies a function to every value
	Random                 // drops values, or reorders those of a pixel, by random numbers
)

// plain is what most layers share: a name, one input, and no parameters.
type plain struct {
	name    string
	in, out Shape
}

func (l *plain) Name() string                        { return l.name }
func (l *plain) In() []Shape                         { return []Shape{l.in} }
func (l *plain) Out() Shape                          { return l.out }
func (l *plain) Window(Axis) Window                  { return Window{Size: 1, Stride: 1, Dilation: 1} }
func (l *plain) Params() []Param                     { return nil }
func (l *plain) Sizes() Sizes                        { return Sizes{} }
func (l *plain) Role() Role                          { return Mixing }
func (l *plain) Retains() (x, y bool)                { return false, false }
func (l *plain) Fuse(Layer)                          {}
func (l *plain) InPlace() bool                       { return false }
func (l *plain) Pack(_, _, _ []float32)              {}
func (l *plain) Gradient(*Call, []float32, int, int) {}

// portion is the part-th of parts nearly equal pieces of 0 … n−1.
func portion(n, part, parts int) (from, to int) { return part * n / parts, (part + 1) * n / parts }
