package nn

import (
	"fmt"

	"padlab/core/pad"
)

// Concat lays its inputs x₀, x₁, … side by side along the channels:
//
//	y[i][j] = x₀[i][j], x₁[i][j], …
type Concat struct {
	plain
	inputs []Shape
}

// NewConcat returns the layer; it is an error when the inputs differ in height
// or width. It panics without any.
func NewConcat(name string, in ...Shape) (*Concat, error) {
	if len(in) == 0 {
		panic(fmt.Sprintf("nn: %s: nothing to concatenate", name))
	}
	out := Shape{H: in[0].H, W: in[0].W}
	for _, s := range in {
		if s.H != out.H || s.W != out.W {
			return nil, fmt.Errorf("%s: %v and %v cannot be concatenated along the channels", name, in[0], s)
		}
		out.C += s.C
	}
	return &Concat{plain{name, in[0], out}, in}, nil
}

func (l *Concat) Kind() string           { return "concat" }
func (l *Concat) Reads(a Axis) []Reading { return l.same(a) }

func (l *Concat) In() []Shape { return l.inputs }

func (l *Concat) Forward(c *Call) {
	before := 0
	for i, x := range c.X {
		n := l.inputs[i].C
		for at := before; len(x) > 0; x, at = x[n:], at+l.out.C {
			copy(c.Y[at:], x[:n])
		}
		before += n
	}
}

// Backward cuts dy up again.
func (l *Concat) Backward(c *Call) {
	before := 0
	for i, dx := range c.DX {
		n := l.inputs[i].C
		for at := before; len(dx) > 0; dx, at = dx[n:], at+l.out.C {
			copy(dx[:n], c.DY[at:])
		}
		before += n
	}
}

// Crop is the middle h×w pixels of a picture, or along an axis where it has
// fewer, all of them with zeros around:
//
//	y[i][j] = x[i+⌊(H−h)/2⌋][j+⌊(W−w)/2⌋]
//
// where with h > H the picture begins behind ⌊(h−H)/2⌋ rows of zeros, and with
// w > W likewise. So growing and then cutting gives the picture back.
type Crop struct {
	plain
	fromX, fromY [2]int // the first row and column in x and in y that they share
	rows, cols   int    // how many they share
}

// NewCrop returns a layer that makes pictures of h×w pixels. It panics unless
// both are positive.
func NewCrop(name string, in Shape, h, w int) *Crop {
	if h < 1 || w < 1 {
		panic(fmt.Sprintf("nn: %s: a crop to %d×%d pixels", name, h, w))
	}
	l := &Crop{plain: plain{name, in, Shape{h, w, in.C}}, rows: min(in.H, h), cols: min(in.W, w)}
	l.fromX = [2]int{(in.H - l.rows) / 2, (in.W - l.cols) / 2}
	l.fromY = [2]int{(h - l.rows) / 2, (w - l.cols) / 2}
	return l
}

// NewCut returns a crop to the first h×w pixels of a picture in place of those in
// the middle:
//
//	y[i][j] = x[i][j]
//
// It panics unless the picture has as many and both are positive.
func NewCut(name string, in Shape, h, w int) *Crop {
	if h > in.H || w > in.W {
		panic(fmt.Sprintf("nn: %s: a cut of %v to %d×%d pixels", name, in, h, w))
	}
	l := NewCrop(name, in, h, w)
	l.fromX = [2]int{}
	return l
}

func (l *Crop) Kind() string { return "crop" }

// Window: what is cut away is negative padding.
func (l *Crop) Window(Axis) Window {
	top, left := l.fromY[0]-l.fromX[0], l.fromY[1]-l.fromX[1]
	return Window{Size: 1, Stride: 1, Dilation: 1, Pad: pad.Sides{
		Top: top, Bottom: l.out.H - l.in.H - top, Left: left, Right: l.out.W - l.in.W - left,
	}}
}

// Reads: where the picture grows, the zeros around it are padding.
func (l *Crop) Reads(a Axis) []Reading {
	before, _ := a.Sides(l.Window(a).Pad)
	list := make([]Reading, a.Of(l.out))
	for o := range list {
		list[o] = within(o-before, a.Of(l.in))
	}
	return list
}

// move copies what two pictures share and leaves the rest.
func (l *Crop) move(n int, to []float32, toShape Shape, toAt [2]int, from []float32, fromShape Shape, fromAt [2]int) {
	for s := range n {
		for i := range l.rows {
			a := s*toShape.Len() + ((toAt[0]+i)*toShape.W+toAt[1])*l.in.C
			b := s*fromShape.Len() + ((fromAt[0]+i)*fromShape.W+fromAt[1])*l.in.C
			copy(to[a:a+l.cols*l.in.C], from[b:])
		}
	}
}

func (l *Crop) Forward(c *Call) {
	if l.rows < l.out.H || l.cols < l.out.W {
		clear(c.Y)
	}
	l.move(c.N, c.Y, l.out, l.fromY, c.X[0], l.in, l.fromX)
}

// Backward is the crop the other way: dx is dy where x was used, and 0
// elsewhere.
func (l *Crop) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	if l.rows < l.in.H || l.cols < l.in.W {
		clear(c.DX[0])
	}
	l.move(c.N, c.DX[0], l.in, l.fromX, c.DY, l.out, l.fromY)
}

// Resize makes pictures of h×w pixels by bilinear interpolation, with either
// convention for the corners; see [pad.Bilinear].
type Resize struct {
	plain
	m      *pad.Bilinear
	around int // pixels of padding around what is resized
}

// NewResize returns the layer. It panics unless h and w are positive.
func NewResize(name string, in Shape, h, w int, corners bool) *Resize {
	return &Resize{plain{name, in, Shape{h, w, in.C}}, pad.NewBilinear(in.H, in.W, in.C, h, w, corners), 0}
}

// NewBridge returns a Resize whose input is a picture with one pixel of padding on
// every side; see [pad.NewBilinearPadded]. It panics unless h and w are positive and
// there is a picture.
func NewBridge(name string, in Shape, h, w int) *Resize {
	return &Resize{plain{name, in, Shape{h, w, in.C}}, pad.NewBilinearPadded(in.H-2, in.W-2, in.C, h, w), 1}
}

// NewAlign returns a layer that puts units where they look: the first at the
// place (top/2, left/2) of an h×w picture, the others step pixels apart, with
// bilinear interpolation between them; see [pad.NewBilinearAt]. It panics
// unless h, w and step are positive.
func NewAlign(name string, in Shape, h, w, top, left, step int) *Resize {
	return &Resize{plain{name, in, Shape{h, w, in.C}}, pad.NewBilinearAt(in.H, in.W, in.C, h, w, top, left, step), 0}
}

func (l *Resize) Kind() string { return "resize" }

// Around is how many pixels of padding the layer's input has on every side: 1 of a
// bridge, else 0.
func (l *Resize) Around() int { return l.around }

// Window: an output sees two inputs; the stride is the whole part of H/h, at
// least 1.
func (l *Resize) Window(Axis) Window {
	return Window{Size: min(2, l.in.H), Stride: max(1, l.in.H/l.out.H), Dilation: 1}
}

func (l *Resize) Reads(a Axis) []Reading { return interpolated(l.m, a, a.Of(l.out)) }

func (l *Resize) Forward(c *Call) {
	for i := range c.N {
		l.m.Forward(c.Blend, cut(c.Y, l.out.Len(), i, i+1), cut(c.X[0], l.in.Len(), i, i+1))
	}
}

func (l *Resize) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	for i := range c.N {
		l.m.Adjoint(cut(c.DX[0], l.in.Len(), i, i+1), cut(c.DY, l.out.Len(), i, i+1))
	}
}
