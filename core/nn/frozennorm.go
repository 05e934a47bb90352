package nn

import "math"

// FrozenNorm is a batch norm whose statistics do not follow the batches, as it
// is used when a trained network learns on (PyTorch's BatchNorm2d after eval):
//
//	y = γ·(x−μ)·r + β,   r = 1/√(σ²+1e-5)
//
// with the running μ and σ² of every channel, whose tensors have a batch norm's
// names. Samples do not meet here.
type FrozenNorm struct{ BatchNorm }

// NewFrozenNorm returns the layer for samples of shape in, with γ = 1, β = 0,
// running mean 0 and variance 1.
func NewFrozenNorm(name string, in Shape) *FrozenNorm { return &FrozenNorm{*NewBatchNorm(name, in)} }

// Sizes: packed are scale and shift, then μ, r, and zeros; for a call there is
// one more vector of C values.
func (l *FrozenNorm) Sizes() Sizes { return Sizes{Packed: 5 * l.in.C, Scratch: l.in.C} }

func (l *FrozenNorm) Pack(packed, w, state []float32) {
	l.affine(l.vector(packed, 0), l.vector(packed, 1), w, l.vector(state, 0), l.vector(state, 1))
	copy(l.vector(packed, 2), l.vector(state, 0))
	for c, v := range l.vector(state, 1) {
		l.vector(packed, 3)[c] = float32(1 / math.Sqrt(float64(v)+normEpsilon))
	}
}

func (l *FrozenNorm) Forward(c *Call) {
	c.Affine(c.Y, c.X[0], l.vector(c.Packed, 0), l.vector(c.Packed, 1))
}

// Backward: dx = γ·r·dy.
func (l *FrozenNorm) Backward(c *Call) {
	if c.DX[0] != nil {
		zeros := l.vector(c.Packed, 4)
		c.AffineGrad(c.DX[0], c.DY, c.X[0], zeros, l.vector(c.Packed, 0), zeros, zeros)
	}
}

// Gradient, with all sums over all pixels and samples:
//
//	dγ[c] += Σ dy·(x−μ)·r,   dβ[c] += Σ dy
func (l *FrozenNorm) Gradient(c *Call, dw []float32, part, _ int) {
	if part != 0 {
		return
	}
	gamma, beta := l.vector(dw, 0), l.vector(dw, 1)
	if c.Fresh {
		clear(gamma)
	}
	dot := l.vector(c.Scratch, 0)
	clear(dot)
	c.DotRows(dot, c.DY, c.X[0], l.vector(c.Packed, 2))
	for i, v := range dot {
		gamma[i] += v * l.vector(c.Packed, 3)[i]
	}
	c.sumRows(beta, c.DY)
}
