package nn

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"padlab/core/draw"
	"padlab/core/nn/kernel"
	"padlab/core/pad"
)

// A Net is a chain of named layers with its weights. All parameters lie in one
// slice, layer after layer, so that gradients, optimisers and checksums are
// loops over it.
type Net struct {
	Layers []Layer
	W      []float32 // all parameters

	kernel *kernel.Kernel
	packed []float32
	spans  []span // of each layer
}

// span is where a layer's share of W and packed lies.
type span struct{ w, wEnd, packed, packedEnd int }

// A Builder strings layers together. The first error stops it; Net returns it.
type Builder struct {
	layers []Layer
	out    Shape
	err    error
}

// NewBuilder starts a network for samples of shape in.
func NewBuilder(in Shape) *Builder { return &Builder{out: in} }

func (b *Builder) add(l Layer, err error) {
	if b.err == nil && err != nil {
		b.err = err
	}
	if b.err == nil {
		b.layers, b.out = append(b.layers, l), l.Out()
	}
}

// Conv adds a k×k convolution with n filters. The other methods add the layer
// of their name; see there.
func (b *Builder) Conv(name string, n, k int, scheme pad.Scheme, extent pad.Extent, bias bool) {
	if b.err == nil {
		l, err := NewConv(name, b.out, n, k, scheme, extent.Sides(k), bias)
		b.add(l, err)
	}
}

func (b *Builder) ReLU(name string) { b.add(NewReLU(name, b.out), nil) }

func (b *Builder) MaxPool(name string) {
	l, err := NewMaxPool(name, b.out)
	b.add(l, err)
}

func (b *Builder) GlobalAveragePool(name string) { b.add(NewGlobalAveragePool(name, b.out), nil) }

func (b *Builder) Linear(name string, n int) { b.add(NewLinear(name, b.out, n), nil) }

// Net returns the network, with all weights 0, that computes with k.
func (b *Builder) Net(k *kernel.Kernel) (*Net, error) {
	if b.err != nil {
		return nil, b.err
	}
	n := &Net{Layers: b.layers, kernel: k}
	var s span
	for _, l := range n.Layers {
		s.w, s.packed = s.wEnd, s.packedEnd
		for _, p := range l.Params() {
			s.wEnd += p.Len()
		}
		packed, _, _ := l.Sizes()
		s.packedEnd += packed
		n.spans = append(n.spans, s)
	}
	n.W = make([]float32, s.wEnd)
	n.packed = make([]float32, s.packedEnd)
	return n, nil
}

// In is the shape of a sample, Out that of what the last layer makes of it.
func (n *Net) In() Shape  { return n.Layers[0].In() }
func (n *Net) Out() Shape { return n.Layers[len(n.Layers)-1].Out() }

// weights is what layer i reads.
func (n *Net) weights(i int) Weights {
	s := n.spans[i]
	return Weights{n.W[s.w:s.wEnd:s.wEnd], n.packed[s.packed:s.packedEnd:s.packedEnd]}
}

// EachParam calls f for every tensor with its values.
func (n *Net) EachParam(f func(p Param, values []float32)) {
	at := 0
	for _, l := range n.Layers {
		for _, p := range l.Params() {
			f(p, n.W[at:at+p.Len()])
			at += p.Len()
		}
	}
}

// Init draws all weights, each tensor from the stream that its name and the
// seed give, so that networks share the tensors that they have in common.
func (n *Net) Init(seed uint64) {
	n.EachParam(func(p Param, values []float32) {
		s := draw.New(seed, "weights "+p.Name)
		s.Uniform(values, float32(1/math.Sqrt(float64(p.FanIn))))
	})
	n.Pack()
}

// Pack must be called after W has changed and before the next pass.
func (n *Net) Pack() {
	for i, l := range n.Layers {
		w := n.weights(i)
		l.Pack(w.Packed, w.W)
	}
}

// SHA256 is the checksum of all tensors: name, shape and little-endian values.
func (n *Net) SHA256() string {
	h := sha256.New()
	n.EachParam(func(p Param, values []float32) {
		fmt.Fprintf(h, "%s %v\n", p.Name, p.Shape)
		binary.Write(h, binary.LittleEndian, values) // a hash takes every write
	})
	return hex.EncodeToString(h.Sum(nil))
}

// A Tape holds what one sample leaves on its way through a network: the
// activations, their gradients and the layers' scratch. It belongs to one
// goroutine at a time.
type Tape struct {
	net     *Net
	y, dy   [][]float32 // y[0] is the sample, y[i+1] the output of layer i
	scratch []Scratch
}

// NewTape returns a tape for passes through n.
func (n *Net) NewTape() *Tape {
	t := &Tape{net: n}
	grow := func(s Shape) {
		t.y = append(t.y, make([]float32, s.Len()))
		t.dy = append(t.dy, make([]float32, s.Len()))
	}
	grow(n.In())
	for i, l := range n.Layers {
		if l.InPlace() {
			t.y, t.dy = append(t.y, t.y[i]), append(t.dy, t.dy[i])
		} else {
			grow(l.Out())
		}
		_, floats, ints := l.Sizes()
		t.scratch = append(t.scratch, Scratch{make([]float32, floats), make([]int32, ints)})
	}
	return t
}

// Input is where the caller writes the sample before Forward.
func (t *Tape) Input() []float32 { return t.y[0] }

// Output is what the last layer made of the sample.
func (t *Tape) Output() []float32 { return t.y[len(t.y)-1] }

// Activation is the output of layer i, or of the layer that works in place on
// it.
func (t *Tape) Activation(i int) []float32 { return t.y[i+1] }

// Forward sends the input through all layers and returns Output.
func (t *Tape) Forward() []float32 {
	for i, l := range t.net.Layers {
		l.Forward(t.net.kernel, t.net.weights(i), t.y[i+1], t.y[i], t.scratch[i])
	}
	return t.Output()
}

// OutputGradient is where the caller writes ∂L/∂Output before Backward.
func (t *Tape) OutputGradient() []float32 { return t.dy[len(t.dy)-1] }

// Backward adds ∂L/∂W to dw, which is as long as the network's W. The gradient
// of the sample itself is not computed.
func (t *Tape) Backward(dw []float32) {
	for i := len(t.net.Layers) - 1; i >= 0; i-- {
		dx := t.dy[i]
		if i == 0 {
			dx = nil
		}
		s := t.net.spans[i]
		t.net.Layers[i].Backward(t.net.kernel, t.net.weights(i), dw[s.w:s.wEnd:s.wEnd], dx, t.dy[i+1], t.y[i+1], t.y[i], t.scratch[i])
	}
}
