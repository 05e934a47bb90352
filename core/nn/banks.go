package nn

import (
	"fmt"

	"padlab/core/pad"
)

// Banks is a convolution with explicit boundary filters (Innamorati et al.
// 2018): where a window would look over the edge it is moved back inside, and
// has a bank of filters of its own for every way in which it would have stuck
// out. A 3×3 kernel that keeps the size of the picture has nine: one for the
// inside, one for each edge, one for each corner. All share the bias.
//
// Each bank is a valid convolution of a piece of the picture.
type Banks struct {
	plain
	ConvSpec
	banks []bank
}

// A bank is a valid convolution of the piece of x that begins at row, col, and
// fills a piece of y.
type bank struct {
	*Conv
	row, col       int
	outRow, outCol int
}

// NewBanks returns the layer. The error says why the picture is smaller than
// the kernel; dilated kernels are refused.
func NewBanks(name string, in Shape, s ConvSpec) (*Banks, error) {
	s.settle()
	if max(s.Dilation, s.Across.Dilation) > 1 {
		return nil, fmt.Errorf("%s: explicit border filters cannot be dilated by %d", name, max(s.Dilation, s.Across.Dilation))
	}
	if in.H < s.Size || in.W < s.Across.Size {
		return nil, fmt.Errorf("%s: explicit border filters of %d×%d do not fit in %d×%d pixels", name, s.Size, s.Across.Size, in.H, in.W)
	}
	rows := pieces(in.H, s.Sides.Top, s.Sides.Bottom, s.along(Rows))
	cols := pieces(in.W, s.Sides.Left, s.Sides.Right, s.along(Columns))
	l := &Banks{ConvSpec: s}
	l.plain = plain{name, in, Shape{end(rows), end(cols), s.Filters}}
	for _, r := range rows {
		for _, c := range cols {
			inner := name
			if r.beyond != 0 || c.beyond != 0 {
				inner = fmt.Sprintf("%s.border.%+d.%+d", name, r.beyond, c.beyond)
			}
			one := s
			one.Scheme, one.Sides, one.Bias = pad.Must("none"), pad.Sides{}, false
			conv, err := NewConv(inner, Shape{(r.count-1)*s.Stride + s.Size, (c.count-1)*s.Across.Stride + s.Across.Size, in.C}, one)
			if err != nil {
				return nil, err
			}
			l.banks = append(l.banks, bank{conv, r.at, c.at, r.out, c.out})
		}
	}
	return l, nil
}

// A piece is count outputs along one axis from out on, whose windows begin at
// at, at+stride, …; the only window of a piece at the border was beyond the
// edge by that many pixels, negative before the first.
type piece struct{ out, count, at, beyond int }

// pieces cuts the outputs along an axis of n pixels.
func pieces(n, before, after int, s Taps) (list []piece) {
	outputs := (n+before+after-s.Size)/s.Stride + 1
	for o := range outputs {
		at := o*s.Stride - before
		beyond := min(at, 0) + max(at-(n-s.Size), 0)
		if last := len(list) - 1; beyond == 0 && last >= 0 && list[last].beyond == 0 {
			list[last].count++
			continue
		}
		list = append(list, piece{o, 1, at - beyond, beyond})
	}
	return list
}

// end is how many outputs pieces make.
func end(list []piece) int { last := list[len(list)-1]; return last.out + last.count }

func (l *Banks) Kind() string { return "conv with banks" }

func (l *Banks) Window(a Axis) Window {
	t := l.along(a)
	return Window{Size: t.Size, Stride: t.Stride, Dilation: 1, Pad: l.Sides}
}

// Reads: a window that would look over the edge reads the place that it is moved
// to; that it has other filters there shows where the edge is.
func (l *Banks) Reads(a Axis) []Reading {
	before, after := a.Sides(l.Sides)
	n, t := a.Of(l.in), l.along(a)
	var list []Reading
	for _, p := range pieces(n, before, after, t) {
		for o := range p.count {
			r := Reading{Padding: p.beyond != 0}
			for k := range t.Size {
				r.read(at(p.at + o*t.Stride + k))
			}
			list = append(list, r)
		}
	}
	return list
}

func (l *Banks) Params() (list []Param) {
	for _, b := range l.banks {
		list = append(list, b.Params()...)
	}
	if l.Bias {
		list = append(list, Param{Name: l.name + ".bias", Shape: []int{l.Filters}, FanIn: list[0].FanIn})
	}
	return list
}

// Sizes: Saved are the pieces of x; Scratch are a piece of y, one of dx, and what
// the convolution needs.
func (l *Banks) Sizes() (s Sizes) {
	for _, b := range l.banks {
		one := b.Sizes()
		s.Packed += one.Packed
		s.Saved += b.in.Len()
		own := b.out.Len() + b.in.Len()
		s.Scratch, s.Once = max(s.Scratch, own+one.Scratch), max(s.Once, own+one.Once)
	}
	return s
}

func (l *Banks) Pack(packed, w, state []float32) {
	for _, b := range l.banks {
		b.Pack(packed[:b.weights()], w, state)
		packed, w = packed[b.weights():], w[b.weights():]
	}
}

// each calls f for every bank and sample, with c turned into the bank's own
// call: its weights, its piece of x, and room for a piece of y and of dx.
func (l *Banks) each(c *Call, f func(b bank, i int)) {
	whole, x := *c, c.X[0]
	var dx []float32
	if len(c.DX) > 0 {
		dx = c.DX[0]
	}
	saved := l.Sizes().Saved
	weights, at := 0, 0
	for _, b := range l.banks {
		out, in := b.out.Len(), b.in.Len()
		c.N, c.W, c.Packed = 1, whole.W[weights:weights+b.weights()], whole.Packed[weights:weights+b.weights()]
		for i := range whole.N {
			c.X[0] = whole.Saved[i*saved+at : i*saved+at+in]
			c.Y, c.DY = whole.Scratch[:out], whole.Scratch[:out]
			c.DX = append(c.DX[:0], whole.Scratch[out:out+in])
			c.Scratch, c.Fresh = whole.Scratch[out+in:], whole.Fresh && i == 0
			f(b, i)
		}
		weights, at = weights+b.weights(), at+in
	}
	if len(whole.DX) > 0 {
		c.DX[0] = dx
	}
	*c = whole
	c.X[0] = x
}

// rows calls f with where the rows of a piece lie in the whole and in itself:
// a piece of shape s at row, col of a picture of shape of.
func rows(s, of Shape, row, col int, f func(whole, piece, n int)) {
	n := s.W * s.C
	for r := range s.H {
		f(((row+r)*of.W+col)*s.C, r*n, n)
	}
}

func (l *Banks) Forward(c *Call) {
	x, y := c.X[0], c.Y
	in, out := l.in.Len(), l.out.Len()
	l.each(c, func(b bank, i int) {
		rows(b.in, l.in, b.row, b.col, func(whole, piece, n int) { copy(c.X[0][piece:piece+n], x[i*in+whole:]) })
		b.Conv.Forward(c)
		rows(b.out, l.out, b.outRow, b.outCol, func(whole, piece, n int) { copy(y[i*out+whole:], c.Y[piece:piece+n]) })
	})
	if l.Bias {
		bias := c.W[len(c.W)-l.Filters:]
		for ; len(y) > 0; y = y[l.Filters:] {
			c.Add(y[:l.Filters], bias)
		}
	}
}

// Backward adds up what the pieces of x get from every bank.
func (l *Banks) Backward(c *Call) {
	dx, dy := c.DX[0], c.DY
	if dx == nil {
		return
	}
	clear(dx)
	in, out := l.in.Len(), l.out.Len()
	l.each(c, func(b bank, i int) {
		rows(b.out, l.out, b.outRow, b.outCol, func(whole, piece, n int) { copy(c.DY[piece:piece+n], dy[i*out+whole:]) })
		b.Conv.Backward(c)
		rows(b.in, l.in, b.row, b.col, func(whole, piece, n int) { c.Add(dx[i*in+whole:i*in+whole+n], c.DX[0][piece:piece+n]) })
	})
}

// Gradient is that of every bank, and db = Σ dy.
func (l *Banks) Gradient(c *Call, dw []float32, part, parts int) {
	dy, at := c.DY, 0
	out := l.out.Len()
	l.each(c, func(b bank, i int) {
		rows(b.out, l.out, b.outRow, b.outCol, func(whole, piece, n int) { copy(c.DY[piece:piece+n], dy[i*out+whole:]) })
		b.Conv.Gradient(c, dw[at:at+b.weights()], part, parts)
		if i == len(dy)/out-1 {
			at += b.weights()
		}
	})
	if l.Bias && part == 0 {
		c.sumRows(dw[at:], dy)
	}
}
