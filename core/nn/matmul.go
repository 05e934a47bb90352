package nn

import "fmt"

// MatMul is a product of matrices, one for each of a batch,
//
//	y[b][m][n] = Σ_k x₀[b][m][k] · x₁[b][k][n]
//
// where either may be the same for several of the batch.
type MatMul struct {
	plain
	MatMulSpec
	ins [2]Shape
}

// A MatMulSpec says which matrices are multiplied: M×K and K×N ones, contiguous
// by rows, that begin at A[i] and B[i]. With Transposed the first are K×M.
type MatMulSpec struct {
	M, K, N    int
	A, B       []int
	Transposed bool
}

// NewMatMul returns the layer. It panics unless the output has as many values.
func NewMatMul(name string, a, b, out Shape, s MatMulSpec) *MatMul {
	if len(s.A) != len(s.B) || len(s.A)*s.M*s.N != out.Len() {
		panic(fmt.Sprintf("nn: %s: %d and %d matrices of %d×%d make no %v", name, len(s.A), len(s.B), s.M, s.N, out))
	}
	return &MatMul{plain{name, a, out}, s, [2]Shape{a, b}}
}

func (l *MatMul) Kind() string         { return "matrix product" }
func (l *MatMul) In() []Shape          { return l.ins[:] }
func (l *MatMul) Window(Axis) Window   { return whole }
func (l *MatMul) Retains() (x, y bool) { return true, false }

func (l *MatMul) Reads(a Axis) []Reading {
	return allOf(max(a.Of(l.ins[0]), a.Of(l.ins[1])), a.Of(l.out))
}

// Sizes: Scratch is one matrix turned round.
func (l *MatMul) Sizes() Sizes {
	if l.Transposed {
		return Sizes{Scratch: l.N * l.M}
	}
	return Sizes{Scratch: l.N * l.K}
}

func (l *MatMul) Forward(c *Call) {
	p := dense(l.M, l.N, l.K)
	if p.Fresh = true; l.Transposed {
		p.AM, p.AK = 1, l.M
	}
	for i := range c.N {
		a, b := cut(c.X[0], l.ins[0].Len(), i, i+1), cut(c.X[1], l.ins[1].Len(), i, i+1)
		y := cut(c.Y, l.out.Len(), i, i+1)
		for j := range l.A {
			c.Product(p, y[j*l.M*l.N:], a[l.A[j]:], b[l.B[j]:], nil)
		}
	}
}

// Backward, summed over all of the batch that share a matrix:
//
//	dx₀[b][m][k] = Σ_n dy[b][m][n] · x₁[b][k][n]
//	dx₁[b][k][n] = Σ_m x₀[b][m][k] · dy[b][m][n]
func (l *MatMul) Backward(c *Call) {
	clear(c.DX[0])
	clear(c.DX[1])
	turned := c.Scratch[:l.Sizes().Scratch]
	for i := range c.N {
		a, b := cut(c.X[0], l.ins[0].Len(), i, i+1), cut(c.X[1], l.ins[1].Len(), i, i+1)
		for j := range l.A {
			a, b, dy := a[l.A[j]:], b[l.B[j]:], c.DY[(i*len(l.A)+j)*l.M*l.N:]
			if c.DX[0] != nil {
				da := cut(c.DX[0], l.ins[0].Len(), i, i+1)[l.A[j]:]
				if l.Transposed {
					c.Transpose(turned, dy[:l.M*l.N], l.M, l.N)
					c.Product(dense(l.K, l.M, l.N), da, b, turned, nil)
				} else {
					c.Transpose(turned, b[:l.K*l.N], l.K, l.N)
					c.Product(dense(l.M, l.K, l.N), da, dy, turned, nil)
				}
			}
			if c.DX[1] != nil {
				p := dense(l.K, l.N, l.M)
				if !l.Transposed {
					p.AM, p.AK = 1, l.K
				}
				c.Product(p, cut(c.DX[1], l.ins[1].Len(), i, i+1)[l.B[j]:], a, dy, nil)
			}
		}
	}
}

func (b *Builder) MatMul(name string, x, y Output, out Shape, s MatMulSpec) Output {
	return b.add(NewMatMul(name, b.Shape(x), b.Shape(y), out, s), nil, x, y)
}
