package nn

import (
	"padlab/core/pad"
)

// Pad is a picture with padding around it, y = P x + v (see [pad.Plan]): where
// what pads is a layer of its own.
type Pad struct {
	plain
	padding
}

// NewPad returns the layer; the error says why the picture cannot be padded so.
func NewPad(name string, in Shape, scheme pad.Scheme, sides pad.Sides) (*Pad, error) {
	p, err := newPadding(name, in, scheme, sides)
	if err != nil {
		return nil, err
	}
	return &Pad{plain{name, in, p.shape()}, p}, nil
}

func (l *Pad) Kind() string           { return "pad" }
func (l *Pad) Reads(a Axis) []Reading { return l.line(a) }

func (l *Pad) Window(Axis) Window {
	return Window{Size: 1, Stride: 1, Dilation: 1, Pad: l.plan.Sides}
}

func (l *Pad) Forward(c *Call) { l.pad(c, c.Y) }

// Backward is dx = Pᵀ dy.
func (l *Pad) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	for i := range c.N {
		l.plan.Adjoint(cut(c.DX[0], l.in.Len(), i, i+1), cut(c.DY, l.out.Len(), i, i+1), l.pass(c, i))
	}
}

// Pad adds a layer that pads. Its scheme is one of Schemes where that has its
// name. Schemes that belong to a convolution are not for it.
func (b *Builder) Pad(name string, x Output, scheme pad.Scheme, sides pad.Sides) Output {
	return b.padWith(name, x, b.scheme(name, scheme), sides)
}

func (b *Builder) padWith(name string, x Output, scheme pad.Scheme, sides pad.Sides) Output {
	switch {
	case scheme.Name == "none":
		return x
	case scheme.Learns:
		return b.predict(name, x, sides)
	case scheme.Banks, scheme.Reweighs:
		b.Fail("%s: %s is a way to convolve, and here nothing is but padded", name, scheme.Name)
		return x
	}
	l, err := NewPad(name, b.Shape(x), scheme, sides)
	return b.add(l, err, x)
}
