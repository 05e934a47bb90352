package nn

import (
	"math"

	"padlab/core/nn/kernel"
)

// An Optimizer changes weights along their gradient. It is elementwise: the
// ranges of one step may be updated in any order and by several goroutines,
// after Begin and before the next Begin.
type Optimizer interface {
	Begin()                                            // a new step begins
	Update(k *kernel.Kernel, w, g []float32, from int) // w and g are elements from, from+1, … of all parameters
}

// SGD is stochastic gradient descent with momentum, in PyTorch's form:
//
//	v ← μ·v + g,  w ← w − lr·v
type SGD struct {
	rates kernel.SGDRates
	v     []float32
}

// NewSGD returns the optimiser of n parameters, with v = 0.
func NewSGD(n int, lr, momentum float64) *SGD {
	return &SGD{kernel.SGDRates{LR: float32(lr), Momentum: float32(momentum)}, make([]float32, n)}
}

func (o *SGD) Begin() {}

func (o *SGD) Update(k *kernel.Kernel, w, g []float32, from int) {
	k.SGD(w, o.v[from:from+len(w)], g, o.rates)
}

// Adam (Kingma and Ba 2015), in PyTorch's form with β = (0.9, 0.999) and
// ε = 1e-8:
//
//	m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²
//	w ← w − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)
type Adam struct {
	lr             float64
	power1, power2 float64 // β₁ᵗ and β₂ᵗ
	rates          kernel.AdamRates
	m, v           []float32
}

// NewAdam returns the optimiser of n parameters, at t = 0.
func NewAdam(n int, lr float64) *Adam {
	return &Adam{lr: lr, power1: 1, power2: 1, m: make([]float32, n), v: make([]float32, n)}
}

func (o *Adam) Begin() {
	o.power1 = float64(o.power1 * kernel.Beta1)
	o.power2 = float64(o.power2 * kernel.Beta2)
	o.rates.Rate = float32(o.lr / (1 - o.power1))
	o.rates.Root = float32(math.Sqrt(1 - o.power2))
}

func (o *Adam) Update(k *kernel.Kernel, w, g []float32, from int) {
	k.Adam(w, o.m[from:from+len(w)], o.v[from:from+len(w)], g, o.rates)
}
