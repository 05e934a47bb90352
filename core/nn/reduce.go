package nn

import (
	"fmt"
)

// A Reduction makes one number of several, in float64: it begins with Start, and
// each value x makes Step(sum, x) of the sum; in the end stands End(sum, n) for n
// of them.
type Reduction struct {
	Kind  string
	Start float64
	Step  func(sum, x float64) float64
	End   func(sum float64, n int) float64 // nil: the sum
}

// Reduce applies a reduction along some dimensions of a block.
type Reduce struct {
	inference
	r         Reduction
	dims      []int
	steps     []int // in y; 0 along the dimensions that vanish
	n         int   // values that make one
	pixelwise bool
}

// NewReduce returns the layer. It panics unless dims make the input.
func NewReduce(name string, r Reduction, in, out Shape, dims, steps []int) *Reduce {
	l := &Reduce{inference: inference{plain{name, in, out}}, r: r, dims: dims, steps: steps, n: in.Len() / out.Len()}
	n := 1
	for _, d := range dims {
		n *= d
	}
	if n != in.Len() {
		panic(fmt.Sprintf("nn: %s: dimensions %v make no %v", name, dims, in))
	}
	l.pixelwise = in.H == out.H && in.W == out.W && out.C*l.n == in.C
	return l
}

func (l *Reduce) Kind() string { return l.r.Kind }

func (l *Reduce) Window(Axis) Window {
	if l.pixelwise {
		return Window{Size: 1, Stride: 1, Dilation: 1}
	}
	return whole
}

func (l *Reduce) Reads(a Axis) []Reading {
	if l.pixelwise {
		return l.same(a)
	}
	return l.everything(a)
}

func (l *Reduce) Forward(c *Call) {
	sums := make([]float64, l.out.Len())
	for i := range c.N {
		for j := range sums {
			sums[j] = l.r.Start
		}
		index, at := make([]int, len(l.dims)), 0
		for _, v := range cut(c.X[0], l.in.Len(), i, i+1) {
			sums[at] = l.r.Step(sums[at], float64(v))
			for d := len(index) - 1; d >= 0; d-- {
				at += l.steps[d]
				if index[d]++; index[d] < l.dims[d] {
					break
				}
				at -= l.steps[d] * l.dims[d]
				index[d] = 0
			}
		}
		y := cut(c.Y, l.out.Len(), i, i+1)
		for j, s := range sums {
			if l.r.End != nil {
				s = l.r.End(s, l.n)
			}
			y[j] = float32(s)
		}
	}
}

func (b *Builder) Reduce(name string, r Reduction, x Output, out Shape, dims, steps []int) Output {
	return b.add(NewReduce(name, r, b.Shape(x), out, dims, steps), nil, x)
}
