package nn

import (
	"fmt"

	"padlab/core/pad"
)

// Predict pads by prediction (after the padding module of Alrasheedi et al.
// 2023; the form of the predictor is ours). A pixel beyond an edge is the
// nearest pixel, corrected linearly by the six that lie next to it, two deep
// and three wide, channel by channel and with weights for each of the four
// sides:
//
//	x[−1][j] = x[0][j] + Σ_a Σ_b w[side][a][b] · x[a][j+b−1],  a ∈ {0, 1}, b ∈ {0, 1, 2}
//
// where columns beyond the corner repeat it. Further rows are predicted from
// predicted ones, left and right from rows that are padded already. All weights
// are 0 at first, and so the scheme begins as replicate.
//
// The weights have a loss of their own, whatever the network learns: applied
// one pixel further in they should predict the picture's own edge. Its gradient
// stops here, and so does the network's at the border:
//
//	L = mean over the edge and the channels of (x̂[0][j] − x[0][j])², x̂ from rows 1 and 2
type Predict struct {
	plain
	sides pad.Sides
}

// The taps of a prediction: deep pixels inward, wide along the edge.
const (
	predictDeep = 2
	predictWide = 3
	predictTaps = predictDeep * predictWide
)

// NewPredict returns the layer; its output is the padded picture. It is an
// error when an axis that is padded has fewer than three pixels.
func NewPredict(name string, in Shape, s pad.Sides) (*Predict, error) {
	for _, axis := range []struct{ padding, size int }{{s.Top + s.Bottom, in.H}, {s.Left + s.Right, in.W}} {
		if axis.padding > 0 && axis.size <= predictDeep {
			return nil, fmt.Errorf("%s: to predict the edge takes at least %d pixels across: %d×%d", name, predictDeep+1, in.H, in.W)
		}
	}
	return &Predict{plain{name, in, Shape{s.Top + in.H + s.Bottom, s.Left + in.W + s.Right, in.C}}, s}, nil
}

func (l *Predict) Kind() string { return "predict" }

// Reads: no gradient passes through what is predicted.
func (l *Predict) Reads(a Axis) []Reading {
	before, _ := a.Sides(l.sides)
	list := make([]Reading, a.Of(l.out))
	for o := range list {
		list[o] = within(o-before, a.Of(l.in))
	}
	return list
}

func (l *Predict) Window(Axis) Window {
	return Window{Size: 1, Stride: 1, Dilation: 1, Pad: l.sides}
}

func (l *Predict) Params() []Param {
	return []Param{{Name: l.name + ".weight", Shape: []int{4, predictDeep, predictWide, l.in.C}}}
}

func (l *Predict) Retains() (x, y bool) { return true, false }

// A line is a row or column of pixels along an edge: where its first pixel
// lies, and the steps, in pixels, along it and inward.
type line struct{ first, along, inward, length int }

// at is the offset of the pixel j along the line, held at its ends, and a
// inward.
func (e line) at(j, a, channels int) int {
	return (e.first + min(max(j, 0), e.length-1)*e.along + a*e.inward) * channels
}

// predict returns, for channel c, the pixel beyond pixel j of the line.
func (e line) predict(x, w []float32, j, c, channels int) float32 {
	v := x[e.at(j, 0, channels)+c]
	for a := range predictDeep {
		for b := range predictWide {
			v += float32(w[(a*predictWide+b)*channels+c] * x[e.at(j+b-1, a, channels)+c])
		}
	}
	return v
}

// side is the weights of one side.
func (l *Predict) side(w []float32, i int) []float32 {
	n := predictTaps * l.in.C
	return w[i*n : (i+1)*n]
}

func (l *Predict) Forward(c *Call) {
	s, row := l.sides, l.out.W
	for i := range c.N {
		x, y := cut(c.X[0], l.in.Len(), i, i+1), cut(c.Y, l.out.Len(), i, i+1)
		for r := range l.in.H {
			copy(y[((s.Top+r)*row+s.Left)*l.in.C:], x[r*l.in.W*l.in.C:(r+1)*l.in.W*l.in.C])
		}
		fill := func(side, padding int, edge line) {
			for range padding {
				for j := range edge.length {
					to := edge.at(j, -1, l.in.C)
					for ch := range l.in.C {
						y[to+ch] = edge.predict(y, l.side(c.W, side), j, ch, l.in.C)
					}
				}
				edge.first -= edge.inward
			}
		}
		fill(0, s.Top, line{s.Top*row + s.Left, 1, row, l.in.W})
		fill(1, s.Bottom, line{(s.Top+l.in.H-1)*row + s.Left, 1, -row, l.in.W})
		fill(2, s.Left, line{s.Left, row, 1, l.out.H})
		fill(3, s.Right, line{s.Left + l.in.W - 1, row, -1, l.out.H})
	}
}

// Backward cuts the picture out of dy.
func (l *Predict) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	for i := range c.N {
		dx, dy := cut(c.DX[0], l.in.Len(), i, i+1), cut(c.DY, l.out.Len(), i, i+1)
		rows(l.in, l.out, l.sides.Top, l.sides.Left, func(whole, piece, n int) { copy(dx[piece:piece+n], dy[whole:]) })
	}
}

// Gradient is that of the layer's own loss, a mean over the batch.
func (l *Predict) Gradient(c *Call, dw []float32, part, _ int) {
	if part > 0 {
		return
	}
	if c.Fresh {
		clear(dw)
	}
	s, row := l.sides, l.in.W
	for i := range c.N {
		x := cut(c.X[0], l.in.Len(), i, i+1)
		learn := func(side, padding int, edge line) {
			if padding == 0 {
				return
			}
			inner, w, g := edge, l.side(c.W, side), l.side(dw, side)
			inner.first += edge.inward
			share := 2 * c.BatchScale / float32(edge.length*l.in.C)
			for j := range edge.length {
				for ch := range l.in.C {
					d := float32(share * (inner.predict(x, w, j, ch, l.in.C) - x[edge.at(j, 0, l.in.C)+ch]))
					for a := range predictDeep {
						for b := range predictWide {
							g[(a*predictWide+b)*l.in.C+ch] += float32(d * x[inner.at(j+b-1, a, l.in.C)+ch])
						}
					}
				}
			}
		}
		learn(0, s.Top, line{0, 1, row, l.in.W})
		learn(1, s.Bottom, line{(l.in.H - 1) * row, 1, -row, l.in.W})
		learn(2, s.Left, line{0, row, 1, l.in.H})
		learn(3, s.Right, line{l.in.W - 1, row, -1, l.in.H})
	}
}
