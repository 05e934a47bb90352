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

// Window: what is cut away is negative padding.
func (l *Crop) Window() Window {
	top, left := l.fromY[0]-l.fromX[0], l.fromY[1]-l.fromX[1]
	return Window{Size: 1, Stride: 1, Dilation: 1, Pad: pad.Sides{
		Top: top, Bottom: l.out.H - l.in.H - top, Left: left, Right: l.out.W - l.in.W - left,
	}}
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

// Coordinates appends to every pixel where it is (CoordConv, Liu et al. 2018):
// two channels with its column and its row, from −1 at the first to 1 at the
// last,
//
//	y[i][j] = x[i][j], 2j/(W−1) − 1, 2i/(H−1) − 1
//
// and 0 along an axis of one pixel.
type Coordinates struct {
	plain
	columns, rows []float32
}

// NewCoordinates returns the layer for samples of shape in.
func NewCoordinates(name string, in Shape) *Coordinates {
	axis := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			if n > 1 {
				list[i] = float32(float64(2*i-(n-1)) / float64(n-1))
			}
		}
		return list
	}
	return &Coordinates{plain{name, in, Shape{in.H, in.W, in.C + 2}}, axis(in.W), axis(in.H)}
}

func (l *Coordinates) Forward(c *Call) {
	x, y := c.X[0], c.Y
	for range c.N {
		for _, row := range l.rows {
			for _, column := range l.columns {
				copy(y, x[:l.in.C])
				y[l.in.C], y[l.in.C+1] = column, row
				x, y = x[l.in.C:], y[l.out.C:]
			}
		}
	}
}

// Backward drops what belongs to the coordinates.
func (l *Coordinates) Backward(c *Call) {
	dx, dy := c.DX[0], c.DY
	for ; len(dx) > 0; dx, dy = dx[l.in.C:], dy[l.out.C:] {
		copy(dx[:l.in.C], dy)
	}
}

// Resize makes pictures of h×w pixels by bilinear interpolation:
//
//	y[i][j] = Σ_a Σ_b u[i][a]·v[j][b]·x[a][b]
//
// where along each axis an output lies between two inputs, at
//
//	a = (i+½)·H/h − ½, but at least 0,   or   a = i·(H−1)/(h−1)
//
// and takes 1−(a−⌊a⌋) of row ⌊a⌋ and a−⌊a⌋ of the next, if there is one. The
// first form is PyTorch's default; the second, with which the corners of both
// pictures meet, is its align_corners. Nothing is smoothed before a picture
// shrinks.
type Resize struct {
	plain
	rows, cols []between
}

// between says of which two inputs an output is made, and how much of each.
type between struct {
	low, high     int
	ofLow, ofHigh float32
}

// NewResize returns the layer. It panics unless h and w are positive.
func NewResize(name string, in Shape, h, w int, corners bool) *Resize {
	if h < 1 || w < 1 {
		panic(fmt.Sprintf("nn: %s: a picture of %d×%d pixels", name, h, w))
	}
	axis := func(in, out int) []between {
		list := make([]between, out)
		for i := range list {
			// The place is over/under, kept apart for its whole part to be exact.
			over, under := max(0, (2*i+1)*in-out), 2*out
			if corners {
				over, under = i*(in-1), max(1, out-1)
			}
			low := over / under
			part := float64(over%under) / float64(under)
			list[i] = between{low, min(low+1, in-1), float32(1 - part), float32(part)}
		}
		return list
	}
	return &Resize{plain{name, in, Shape{h, w, in.C}}, axis(in.H, h), axis(in.W, w)}
}

// Window: an output sees two inputs; the stride is the whole part of H/h, at
// least 1.
func (l *Resize) Window() Window {
	return Window{Size: min(2, l.in.H), Stride: max(1, l.in.H/l.out.H), Dilation: 1}
}

func (l *Resize) Forward(c *Call) {
	n := l.in.C
	y := c.Y
	for s := range c.N {
		x := c.X[0][s*l.in.Len() : (s+1)*l.in.Len()]
		for _, r := range l.rows {
			for _, q := range l.cols {
				x00, x01 := x[(r.low*l.in.W+q.low)*n:], x[(r.low*l.in.W+q.high)*n:]
				x10, x11 := x[(r.high*l.in.W+q.low)*n:], x[(r.high*l.in.W+q.high)*n:]
				w00, w01, w10, w11 := weights(r, q)
				for i := range n {
					y[i] = float32(w00*x00[i]) + float32(w01*x01[i]) + float32(w10*x10[i]) + float32(w11*x11[i])
				}
				y = y[n:]
			}
		}
	}
}

// weights are the shares of the four pixels, the same on both ways.
func weights(r, q between) (w00, w01, w10, w11 float32) {
	return r.ofLow * q.ofLow, r.ofLow * q.ofHigh, r.ofHigh * q.ofLow, r.ofHigh * q.ofHigh
}

// Backward adds each dy to the four pixels that it came from, by their shares.
func (l *Resize) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	clear(c.DX[0])
	n := l.in.C
	dy := c.DY
	for s := range c.N {
		dx := c.DX[0][s*l.in.Len() : (s+1)*l.in.Len()]
		for _, r := range l.rows {
			for _, q := range l.cols {
				x00, x01 := dx[(r.low*l.in.W+q.low)*n:], dx[(r.low*l.in.W+q.high)*n:]
				x10, x11 := dx[(r.high*l.in.W+q.low)*n:], dx[(r.high*l.in.W+q.high)*n:]
				w00, w01, w10, w11 := weights(r, q)
				for i, v := range dy[:n] {
					x00[i] += float32(w00 * v)
					x01[i] += float32(w01 * v)
					x10[i] += float32(w10 * v)
					x11[i] += float32(w11 * v)
				}
				dy = dy[n:]
			}
		}
	}
}
