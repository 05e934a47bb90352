package nn

import "fmt"

// Subsample takes every s-th pixel and puts its channels in the middle of more,
// the others being 0:
//
//	y[i][j][c+o] = x[s·i][s·j][c],   o = ⌊(N−C)/2⌋
//
// which is the shortcut without weights of a residual network (option A of He
// et al. 2016).
type Subsample struct {
	plain
	stride, offset int
}

// NewSubsample returns the layer with n channels out, at least those that come
// in.
func NewSubsample(name string, in Shape, stride, n int) (*Subsample, error) {
	if n < in.C {
		return nil, fmt.Errorf("%s: %d channels do not hold %d", name, n, in.C)
	}
	out := Shape{(in.H-1)/stride + 1, (in.W-1)/stride + 1, n}
	return &Subsample{plain{name, in, out}, stride, (n - in.C) / 2}, nil
}

func (b *Builder) Subsample(name string, x Output, stride, n int) Output {
	l, err := NewSubsample(name, b.Shape(x), stride, n)
	return b.add(l, err, x)
}

func (l *Subsample) Kind() string { return "subsample" }

func (l *Subsample) Window(Axis) Window { return Window{Size: 1, Stride: l.stride, Dilation: 1} }

func (l *Subsample) Reads(a Axis) []Reading {
	list := make([]Reading, a.Of(l.out))
	for o := range list {
		list[o] = at(l.stride * o)
	}
	return list
}

// each calls f with the offsets of every pixel of y and of the pixel of x that
// it takes.
func (l *Subsample) each(n int, f func(y, x int)) {
	for s := range n {
		for i := range l.out.H {
			for j := range l.out.W {
				f(s*l.out.Len()+(i*l.out.W+j)*l.out.C+l.offset, s*l.in.Len()+(i*l.in.W+j)*l.stride*l.in.C)
			}
		}
	}
}

func (l *Subsample) Forward(c *Call) {
	clear(c.Y)
	l.each(c.N, func(y, x int) { copy(c.Y[y:y+l.in.C], c.X[0][x:]) })
}

func (l *Subsample) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	clear(c.DX[0])
	l.each(c.N, func(y, x int) { copy(c.DX[0][x:x+l.in.C], c.DY[y:]) })
}
