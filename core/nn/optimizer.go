package nn

import "math"

// An Optimizer changes weights along their gradient. It is elementwise: the
// ranges of one step may be updated in any order and by several goroutines,
// after Begin and before the next Begin.
type Optimizer interface {
	Begin()                          // a new step begins
	Update(w, g []float32, from int) // w and g are elements from, from+1, … of all parameters
}

// SGD is stochastic gradient descent with momentum, in PyTorch's form:
//
//	v ← μ·v + g,  w ← w − lr·v
type SGD struct {
	lr, momentum float32
	v            []float32
}

// NewSGD returns the optimiser of n parameters, with v = 0.
func NewSGD(n int, lr, momentum float64) *SGD {
	return &SGD{lr: float32(lr), momentum: float32(momentum), v: make([]float32, n)}
}

func (o *SGD) Begin() {}

// The conversions round every product, so that no compiler fuses it into the
// sum and changes the bits.

func (o *SGD) Update(w, g []float32, from int) {
	v := o.v[from : from+len(w)]
	for i := range w {
		v[i] = float32(o.momentum*v[i]) + g[i]
		w[i] -= float32(o.lr * v[i])
	}
}

// Adam (Kingma and Ba 2015), in PyTorch's form with β = (0.9, 0.999) and
// ε = 1e-8:
//
//	m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²
//	w ← w − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)
type Adam struct {
	lr             float64
	power1, power2 float64 // β₁ᵗ and β₂ᵗ
	rate, root     float32 // lr/(1−β₁ᵗ) and √(1−β₂ᵗ)
	m, v           []float32
}

const (
	beta1 = 0.9
	beta2 = 0.999
	eps   = 1e-8
)

// NewAdam returns the optimiser of n parameters, at t = 0.
func NewAdam(n int, lr float64) *Adam {
	return &Adam{lr: lr, power1: 1, power2: 1, m: make([]float32, n), v: make([]float32, n)}
}

func (o *Adam) Begin() {
	o.power1 = float64(o.power1 * beta1)
	o.power2 = float64(o.power2 * beta2)
	o.rate = float32(o.lr / (1 - o.power1))
	o.root = float32(math.Sqrt(1 - o.power2))
}

func (o *Adam) Update(w, g []float32, from int) {
	m, v := o.m[from:from+len(w)], o.v[from:from+len(w)]
	for i, d := range g {
		m[i] = float32(beta1*m[i]) + float32((1-beta1)*d)
		v[i] = float32(beta2*v[i]) + float32((1-beta2)*float32(d*d))
		root := float32(math.Sqrt(float64(v[i])))
		w[i] -= float32(o.rate*m[i]) / (root/o.root + eps)
	}
}
