package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
)

// ConvTranspose is the adjoint of a convolution with stride s and dilation d:
// each input pixel adds its kernel to the output,
//
//	yp[s·i+d·ky][s·j+d·kx][n] += Σ_c x[i][j][c] · w[ky][kx][c][n]
//
// and y is yp, b[n] added, without what Sides cut off. More pixels than yp has
// hold b alone.
type ConvTranspose struct {
	plain
	ConvSpec
	full Shape // yp
}

// NewConvTranspose returns the layer. Sides of the spec are cut off, where
// negative added. It is an error when nothing is left, or the channels and
// filters cannot be grouped.
func NewConvTranspose(name string, in Shape, s ConvSpec) (*ConvTranspose, error) {
	s.settle()
	if in.C%s.Groups != 0 || s.Filters%s.Groups != 0 {
		return nil, fmt.Errorf("%s: %d channels and %d filters cannot be cut into %d groups", name, in.C, s.Filters, s.Groups)
	}
	rows, columns := s.along(Rows), s.along(Columns)
	full := Shape{(in.H-1)*rows.Stride + rows.span(), (in.W-1)*columns.Stride + columns.span(), s.Filters}
	out := Shape{full.H - s.Sides.Top - s.Sides.Bottom, full.W - s.Sides.Left - s.Sides.Right, s.Filters}
	if out.H < 1 || out.W < 1 || s.Sides.Top < 0 || s.Sides.Left < 0 {
		return nil, fmt.Errorf("%s: of %v %v cannot be cut off", name, full, s.Sides)
	}
	full.H, full.W = max(full.H, s.Sides.Top+out.H), max(full.W, s.Sides.Left+out.W)
	return &ConvTranspose{plain{name, in, out}, s, full}, nil
}

func (l *ConvTranspose) Kind() string         { return "transposed conv" }
func (l *ConvTranspose) Retains() (x, y bool) { return true, false }

// Window: an output sees as many inputs as taps meet it at most.
func (l *ConvTranspose) Window(a Axis) Window {
	t := l.along(a)
	return Window{Size: (t.Size + t.Stride - 1) / t.Stride, Stride: 1, Dilation: 1}
}

// Reads: where fewer inputs meet an output than in the middle, the window looks
// over the edge.
func (l *ConvTranspose) Reads(a Axis) []Reading {
	t, n := l.along(a), a.Of(l.in)
	before, _ := a.Sides(l.Sides)
	list := make([]Reading, a.Of(l.out))
	for o := range list {
		for k := range t.Size {
			if at := o + before - k*t.Dilation; floorDiv(at, t.Stride)*t.Stride == at {
				list[o].read(within(at/t.Stride, n))
			}
		}
	}
	return list
}

func (l *ConvTranspose) Params() []Param {
	inputs := l.area() * l.in.C / l.Groups
	list := []Param{{Name: l.name + ".weight", Shape: []int{l.Size, l.Across.Size, l.in.C, l.Filters / l.Groups}, FanIn: inputs}}
	if l.Bias {
		list = append(list, Param{Name: l.name + ".bias", Shape: []int{l.Filters}, FanIn: inputs})
	}
	return list
}

// weights is k·k·C·N/g, the length of the kernel without its bias.
func (l *ConvTranspose) weights() int { return l.area() * l.in.C * l.Filters / l.Groups }

// Sizes: Scratch is yp, or dyp.
func (l *ConvTranspose) Sizes() Sizes { return Sizes{Packed: l.weights(), Scratch: l.full.Len()} }

// Pack makes [ky][kx][n][c] of the kernel of each group.
func (l *ConvTranspose) Pack(packed, w, _ []float32) {
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	for g := range l.Groups {
		for tap := range l.area() {
			transpose(packed, w[(tap*l.in.C+g*channels)*filters:], channels, filters, filters)
			packed = packed[filters*channels:]
		}
	}
}

func (l *ConvTranspose) Forward(c *Call) {
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	rows, columns := l.along(Rows), l.along(Columns)
	line := l.full.W * l.Filters
	for i := range c.N {
		x, yp := cut(c.X[0], l.in.Len(), i, i+1), c.Scratch[:l.full.Len()]
		clear(yp)
		if l.Bias {
			for at := 0; at < len(yp); at += l.Filters {
				copy(yp[at:], c.W[l.weights():][:l.Filters])
			}
		}
		p := kernel.Product{
			S: 1, R: l.in.H, M: l.in.W, N: filters, Q: 1, O: 1, K: channels,
			AR: l.in.W * l.in.C, AM: l.in.C, AK: 1, BK: filters, CR: rows.Stride * line, CM: columns.Stride * l.Filters,
		}
		for ky := range rows.Size {
			for kx := range columns.Size {
				for g := range l.Groups {
					w := c.W[((ky*columns.Size+kx)*l.in.C+g*channels)*filters:]
					c.Product(p, yp[ky*rows.Dilation*line+kx*columns.Dilation*l.Filters+g*filters:], x[g*channels:], w, nil)
				}
			}
		}
		y, n := cut(c.Y, l.out.Len(), i, i+1), l.out.W*l.Filters
		for r := range l.out.H {
			copy(y[r*n:(r+1)*n], yp[(l.Sides.Top+r)*line+l.Sides.Left*l.Filters:])
		}
	}
}

// widen sets dyp to one dy, with zeros where Sides cut off.
func (l *ConvTranspose) widen(dyp, dy []float32) {
	clear(dyp)
	n, line := l.out.W*l.Filters, l.full.W*l.Filters
	for r := range l.out.H {
		copy(dyp[(l.Sides.Top+r)*line+l.Sides.Left*l.Filters:], dy[r*n:(r+1)*n])
	}
}

// Backward is the convolution, with dyp for dy in yp:
//
//	dx[i][j][c] = Σ_ky Σ_kx Σ_n dyp[s·i+d·ky][s·j+d·kx][n] · w[ky][kx][c][n]
func (l *ConvTranspose) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	full := l.full.Len()
	for i := range c.N {
		l.widen(cut(c.Scratch, full, i, i+1), cut(c.DY, l.out.Len(), i, i+1))
	}
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	rows, columns := l.along(Rows), l.along(Columns)
	line := l.full.W * l.Filters
	p := kernel.Product{
		S: c.N, R: l.in.H, M: l.in.W, N: channels, AS: full, AR: rows.Stride * line, AM: columns.Stride * l.Filters,
		Q: rows.Size, O: columns.Size, K: filters, AQ: rows.Dilation * line, AO: columns.Dilation * l.Filters, AK: 1,
		BQ: columns.Size * filters * channels, BO: filters * channels, BK: channels,
		CS: l.in.Len(), CR: l.in.W * l.in.C, CM: l.in.C, Fresh: true,
	}
	for g := range l.Groups {
		c.Product(p, c.DX[0][g*channels:], c.Scratch[g*filters:c.N*full], c.Packed[g*l.area()*filters*channels:], nil)
	}
}

// Gradient, with all sums over the whole pictures and all samples:
//
//	dw[ky][kx][c][n] += Σ_ij x[i][j][c] · dyp[s·i+d·ky][s·j+d·kx][n]
//	db[n]            += Σ_ij dy[i][j][n]
//
// A part is a range of the channels of every group.
func (l *ConvTranspose) Gradient(c *Call, dw []float32, part, parts int) {
	channels, filters := l.in.C/l.Groups, l.Filters/l.Groups
	rows, columns := l.along(Rows), l.along(Columns)
	line, dyp := l.full.W*l.Filters, c.Scratch[:l.full.Len()]
	from, to := portion(channels, part, parts)
	p := kernel.Product{
		S: 1, R: 1, M: to - from, N: filters, AM: 1, Q: 1, O: l.in.H, K: l.in.W, AO: l.in.W * l.in.C, AK: l.in.C,
		BO: rows.Stride * line, BK: columns.Stride * l.Filters, CM: filters,
	}
	for i := 0; i < c.N && p.M > 0; i++ {
		x := cut(c.X[0], l.in.Len(), i, i+1)
		l.widen(dyp, cut(c.DY, l.out.Len(), i, i+1))
		p.Fresh = c.Fresh && i == 0
		for ky := range rows.Size {
			for kx := range columns.Size {
				for g := range l.Groups {
					w := dw[((ky*columns.Size+kx)*l.in.C+g*channels+from)*filters : l.weights()]
					c.Product(p, w, x[g*channels+from:], dyp[ky*rows.Dilation*line+kx*columns.Dilation*l.Filters+g*filters:], nil)
				}
			}
		}
	}
	if l.Bias && part == 0 {
		c.sumRows(dw[l.weights():], c.DY)
	}
}

func (b *Builder) ConvTranspose(name string, x Output, s ConvSpec) Output {
	l, err := NewConvTranspose(name, b.Shape(x), s)
	return b.add(l, err, x)
}
