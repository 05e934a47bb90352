package nn

import "padlab/core/nn/kernel"

// Linear is y[n] = b[n] + Σ_i x[i] · w[i][n] over all H·W·C inputs of a sample.
type Linear struct{ plain }

// NewLinear returns a layer with n outputs; its output is 1×1×n.
func NewLinear(name string, in Shape, n int) *Linear {
	return &Linear{plain{name, in, Shape{1, 1, n}}}
}

func (l *Linear) Window() Window { return Window{Size: 0, Stride: 1} }

func (l *Linear) Params() []Param {
	inputs := l.in.Len()
	return []Param{{l.name + ".weight", []int{inputs, l.out.C}, inputs}, {l.name + ".bias", []int{l.out.C}, inputs}}
}

// Sizes: the packed weights are the transpose, [n][i].
func (l *Linear) Sizes() (packed, floats, ints int) { return l.in.Len() * l.out.C, 0, 0 }

func (l *Linear) Pack(packed, w []float32) {
	inputs, n := l.in.Len(), l.out.C
	for i := range inputs {
		for o := range n {
			packed[o*inputs+i] = w[i*n+o]
		}
	}
}

func (l *Linear) Forward(k *kernel.Kernel, w Weights, y, x []float32, _ Scratch) {
	copy(y, w.W[l.in.Len()*l.out.C:])
	k.Product(l.product(1, l.out.C, len(x)), y, x, w.W)
}

// product is C (m×n) += A (m×depth) · B (depth×n), with A one row or one
// column.
func (l *Linear) product(m, n, depth int) kernel.Product {
	return kernel.Product{R: 1, M: m, N: n, O: 1, K: depth, AM: 1, AK: 1, BK: n, CM: n}
}

// Backward is dw[i][n] += x[i]·dy[n], db += dy and dx[i] = Σ_n dy[n]·w[i][n].
func (l *Linear) Backward(k *kernel.Kernel, w Weights, dw, dx, dy, _, x []float32, _ Scratch) {
	k.Product(l.product(len(x), l.out.C, 1), dw, x, dy)
	k.AddRows(dw[l.in.Len()*l.out.C:], dy)
	if dx != nil {
		clear(dx)
		k.Product(l.product(1, len(x), l.out.C), dx, dy, w.Packed)
	}
}
