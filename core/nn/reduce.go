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

	// Slopes sets d[i] to ∂y/∂x[i], of all values x that made the number y, which
	// has been rounded; nil: 0 everywhere.
	Slopes func(d, x []float64, y float64)
}

// Reduce applies a reduction along some dimensions of a block.
type Reduce struct {
	plain
	r         Reduction
	dims      []int
	steps     []int // in y; 0 along the dimensions that vanish
	n         int   // values that make one
	pixelwise bool
}

// NewReduce returns the layer. It panics unless dims make the input.
func NewReduce(name string, r Reduction, in, out Shape, dims, steps []int) *Reduce {
	l := &Reduce{plain: plain{name, in, out}, r: r, dims: dims, steps: steps, n: in.Len() / out.Len()}
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

func (l *Reduce) Kind() string         { return l.r.Kind }
func (l *Reduce) Retains() (x, y bool) { return true, true }

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

// offsets is how far from the first of the values that make a number each of them lies.
func (l *Reduce) offsets() []int {
	list, stride := []int{0}, l.in.Len()
	for d, n := range l.dims {
		if stride /= n; l.steps[d] > 0 {
			continue
		}
		longer := make([]int, 0, len(list)*n)
		for _, at := range list {
			for i := range n {
				longer = append(longer, at+i*stride)
			}
		}
		list = longer
	}
	return list
}

// first is where the first of the values lies that make number o.
func (l *Reduce) first(o int) (at int) {
	stride := l.in.Len()
	for d, n := range l.dims {
		if stride /= n; l.steps[d] > 0 {
			at += o / l.steps[d] % n * stride
		}
	}
	return at
}

// Backward is dx[i] = dy·∂y/∂x[i], with the y that x[i] is one of the values of.
func (l *Reduce) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	if l.r.Slopes == nil {
		clear(c.DX[0])
		return
	}
	offsets, values, slopes := l.offsets(), make([]float64, l.n), make([]float64, l.n)
	for i := range c.N {
		x, dx := cut(c.X[0], l.in.Len(), i, i+1), cut(c.DX[0], l.in.Len(), i, i+1)
		y, dy := cut(c.Y, l.out.Len(), i, i+1), cut(c.DY, l.out.Len(), i, i+1)
		for o := range y {
			first := l.first(o)
			for k, at := range offsets {
				values[k] = float64(x[first+at])
			}
			l.r.Slopes(slopes, values, float64(y[o]))
			for k, at := range offsets {
				dx[first+at] = float32(float64(dy[o]) * slopes[k])
			}
		}
	}
}

func (b *Builder) Reduce(name string, r Reduction, x Output, out Shape, dims, steps []int) Output {
	return b.add(NewReduce(name, r, b.Shape(x), out, dims, steps), nil, x)
}
