package nn

import (
	"fmt"
	"math"

	"padlab/core/exact"
)

// Softmax is y = eˣ / Σ eˣ along one dimension of a block of outer × n × inner
// values, in float64 and rounded once; with log its logarithm.
type Softmax struct {
	plain
	n, inner int
	log      bool
}

// NewSoftmax returns the layer. It panics unless n·inner divides the sample.
func NewSoftmax(name string, in Shape, n, inner int, log bool) *Softmax {
	if in.Len()%(n*inner) != 0 {
		panic(fmt.Sprintf("nn: %s: %v is no block of %d × %d", name, in, n, inner))
	}
	return &Softmax{plain{name, in, in}, n, inner, log}
}

func (l *Softmax) Kind() string         { return "softmax" }
func (l *Softmax) Retains() (x, y bool) { return false, true }
func (l *Softmax) pixelwise() bool      { return l.n*l.inner <= l.in.C }

func (l *Softmax) Window(Axis) Window {
	if l.pixelwise() {
		return Window{Size: 1, Stride: 1, Dilation: 1}
	}
	return whole
}

func (l *Softmax) Reads(a Axis) []Reading {
	if l.pixelwise() {
		return l.same(a)
	}
	return l.everything(a)
}

func (l *Softmax) Forward(c *Call) {
	x, y := c.X[0], c.Y
	parts := make([]float64, l.n)
	for block := 0; block < len(x); block += l.n * l.inner {
		for j := range l.inner {
			top, sum := float32(math.Inf(-1)), 0.0
			for i := range l.n {
				top = max(top, x[block+i*l.inner+j])
			}
			for i := range parts {
				parts[i] = exact.Exp(float64(x[block+i*l.inner+j]) - float64(top))
				sum += parts[i]
			}
			for i, p := range parts {
				at := block + i*l.inner + j
				if l.log {
					y[at] = float32(float64(x[at]) - float64(top) - exact.Log(sum))
				} else {
					y[at] = float32(p / sum)
				}
			}
		}
	}
}

// Backward, with sums along the dimension:
//
//	dx = y·(dy − Σ dy·y),   with log dx = dy − e^y·Σ dy
func (l *Softmax) Backward(c *Call) {
	dx := c.DX[0]
	if dx == nil {
		return
	}
	for block := 0; block < len(dx); block += l.n * l.inner {
		for j := range l.inner {
			first, end, sum := block+j, block+l.n*l.inner, 0.0
			for at := first; at < end; at += l.inner {
				if l.log {
					sum += float64(c.DY[at])
				} else {
					sum += float64(float64(c.DY[at]) * float64(c.Y[at]))
				}
			}
			for at := first; at < end; at += l.inner {
				y, dy := float64(c.Y[at]), float64(c.DY[at])
				if l.log {
					dx[at] = float32(dy - float64(exact.Exp(y)*sum))
				} else {
					dx[at] = float32(y * (dy - sum))
				}
			}
		}
	}
}

func (b *Builder) Softmax(name string, x Output, n, inner int, log bool) Output {
	return b.add(NewSoftmax(name, b.Shape(x), n, inner, log), nil, x)
}
