package nn

import (
	"fmt"

	"padlab/core/nn/kernel"
)

// MatMul is a product of matrices, one for each of a batch,
//
//	y[b][m][n] = Σ_k x₀[b][m][k] · x₁[b][k][n]
//
// where either may be the same for several of the batch.
type MatMul struct {
	inference
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
	return &MatMul{inference{plain{name, a, out}}, s, [2]Shape{a, b}}
}

func (l *MatMul) Kind() string         { return "matrix product" }
func (l *MatMul) In() []Shape          { return l.ins[:] }
func (l *MatMul) Window(Axis) Window   { return whole }
func (l *MatMul) Retains() (x, y bool) { return true, false }

func (l *MatMul) Reads(a Axis) []Reading {
	return allOf(max(a.Of(l.ins[0]), a.Of(l.ins[1])), a.Of(l.out))
}

func (l *MatMul) Forward(c *Call) {
	p := kernel.Product{S: 1, R: 1, M: l.M, N: l.N, Q: 1, O: 1, K: l.K, AM: l.K, AK: 1, BK: l.N, CM: l.N, Fresh: true}
	if l.Transposed {
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

func (b *Builder) MatMul(name string, x, y Output, out Shape, s MatMulSpec) Output {
	return b.add(NewMatMul(name, b.Shape(x), b.Shape(y), out, s), nil, x, y)
}
