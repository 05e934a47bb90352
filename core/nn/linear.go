package nn

import "padlab/core/nn/kernel"

// Linear is y[n] = b[n] + Σ_i x[i] · w[i][n] over all H·W·C inputs of a sample.
type Linear struct{ plain }

// NewLinear returns a layer with n outputs; its output is 1×1×n.
func NewLinear(name string, in Shape, n int) *Linear {
	return &Linear{plain{name, in, Shape{1, 1, n}}}
}

func (l *Linear) Kind() string           { return "linear" }
func (l *Linear) Reads(a Axis) []Reading { return l.all(a) }

func (l *Linear) Window(Axis) Window { return Window{Size: 0, Stride: 1, Dilation: 1} }

func (l *Linear) Params() []Param {
	inputs := l.in.Len()
	return []Param{
		{Name: l.name + ".weight", Shape: []int{inputs, l.out.C}, FanIn: inputs},
		{Name: l.name + ".bias", Shape: []int{l.out.C}, FanIn: inputs},
	}
}

// Sizes: the packed weights are the transpose, [n][i].
func (l *Linear) Sizes() Sizes { return Sizes{Packed: l.in.Len() * l.out.C} }

func (l *Linear) Retains() (x, y bool) { return true, false }

func (l *Linear) Pack(packed, w, _ []float32) {
	transpose(packed, w, l.in.Len(), l.out.C, l.out.C)
}

func (l *Linear) Forward(c *Call) {
	inputs, n := l.in.Len(), l.out.C
	p := dense(c.N, n, inputs)
	p.Fresh = true
	c.Product(p, c.Y, c.X[0], c.W, c.W[inputs*n:])
}

// dense is C (m×n) += A (m×depth) · B (depth×n).
func dense(m, n, depth int) kernel.Product {
	return kernel.Product{S: 1, R: 1, M: m, N: n, Q: 1, O: 1, K: depth, AM: depth, AK: 1, BK: n, CM: n}
}

// Backward is dx[i] = Σ_n dy[n]·w[i][n].
func (l *Linear) Backward(c *Call) {
	if c.DX[0] != nil {
		p := dense(c.N, l.in.Len(), l.out.C)
		p.Fresh = true
		c.Product(p, c.DX[0], c.DY, c.Packed, nil)
	}
}

// Gradient is dw[i][n] += x[i]·dy[n] and db += dy, over all samples.
func (l *Linear) Gradient(c *Call, dw []float32, part, parts int) {
	inputs, n := l.in.Len(), l.out.C
	from, to := portion(inputs, part, parts)
	p := dense(to-from, n, c.N)
	p.AM, p.AK, p.Fresh = 1, inputs, c.Fresh
	if p.M > 0 {
		c.Product(p, dw[from*n:], c.X[0][from:], c.DY, nil)
	}
	if part == 0 {
		c.sumRows(dw[inputs*n:], c.DY)
	}
}
