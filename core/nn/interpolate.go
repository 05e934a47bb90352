package nn

import (
	"fmt"
)

// Interpolate makes each output pixel a weighted sum of input pixels, along each
// axis by itself:
//
//	y[i][j] = Σ_a Σ_b rows[i][a].Weight · columns[j][b].Weight · x[rows[i][a].At][columns[j][b].At]
type Interpolate struct {
	plain
	rows, columns [][]Tap
}

// NewInterpolate returns the layer. It panics when a tap lies beyond the picture.
func NewInterpolate(name string, in Shape, rows, columns [][]Tap) *Interpolate {
	for a, list := range [][][]Tap{rows, columns} {
		for _, taps := range list {
			for _, t := range taps {
				if t.At < 0 || t.At >= Axis(a).Of(in) {
					panic(fmt.Sprintf("nn: %s: position %d of %v", name, t.At, in))
				}
			}
		}
	}
	return &Interpolate{plain{name, in, Shape{len(rows), len(columns), in.C}}, rows, columns}
}

func (l *Interpolate) Kind() string { return "resize" }

func (l *Interpolate) along(a Axis) [][]Tap {
	if a == Rows {
		return l.rows
	}
	return l.columns
}

// Window: an output sees as many inputs as the most of them.
func (l *Interpolate) Window(a Axis) Window {
	w := Window{Size: 1, Stride: max(1, a.Of(l.in)/a.Of(l.out)), Dilation: 1}
	for _, taps := range l.along(a) {
		w.Size = max(w.Size, len(taps))
	}
	return w
}

func (l *Interpolate) Reads(a Axis) []Reading {
	list := make([]Reading, a.Of(l.out))
	for o, taps := range l.along(a) {
		list[o].Taps = taps
	}
	return list
}

func (l *Interpolate) Forward(c *Call) {
	n := l.in.C
	sum := make([]float64, n)
	for i := range c.N {
		x, y := cut(c.X[0], l.in.Len(), i, i+1), cut(c.Y, l.out.Len(), i, i+1)
		for _, r := range l.rows {
			for _, k := range l.columns {
				clear(sum)
				for _, a := range r {
					for _, b := range k {
						w := a.Weight * b.Weight
						pixel := x[(a.At*l.in.W+b.At)*n:]
						for ch := range sum {
							sum[ch] += float64(w * float64(pixel[ch]))
						}
					}
				}
				for ch, v := range sum {
					y[ch] = float32(v)
				}
				y = y[n:]
			}
		}
	}
}

// Backward is the adjoint, in the order of Forward:
//
//	dx[rows[i][a].At][columns[j][b].At] += rows[i][a].Weight · columns[j][b].Weight · dy[i][j]
func (l *Interpolate) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	clear(c.DX[0])
	n, dy := l.in.C, c.DY
	for i := range c.N {
		dx := cut(c.DX[0], l.in.Len(), i, i+1)
		for _, r := range l.rows {
			for _, k := range l.columns {
				for _, a := range r {
					for _, b := range k {
						w := a.Weight * b.Weight
						pixel := dx[(a.At*l.in.W+b.At)*n:][:n]
						for ch := range pixel {
							pixel[ch] += float32(w * float64(dy[ch]))
						}
					}
				}
				dy = dy[n:]
			}
		}
	}
}

func (b *Builder) Interpolate(name string, x Output, rows, columns [][]Tap) Output {
	return b.add(NewInterpolate(name, b.Shape(x), rows, columns), nil, x)
}
