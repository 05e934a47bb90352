package kernel

import (
	"fmt"
	"math"

	"padlab/core/exact"
)

// The portable passes that training needs besides those in passes.go: batch
// normalisation, the optimisers, the parts of a softmax. Every product,
// quotient and root is rounded before it is used further, here and in the
// vector forms, and every sum has one order, so all kernels have the same bits.

func squareRows(sum, x, mean []float32) {
	c := len(sum)
	for range rowsOf(len(x), c, len(mean)) {
		for ch, v := range x[:c] {
			d := v - mean[ch]
			sum[ch] += float32(d * d)
		}
		x = x[c:]
	}
}

func dotRows(sum, dy, x, mean []float32) {
	c := len(sum)
	same(len(x), len(dy))
	for range rowsOf(len(x), c, len(mean)) {
		for ch, v := range x[:c] {
			sum[ch] += float32(dy[ch] * (v - mean[ch]))
		}
		dy, x = dy[c:], x[c:]
	}
}

func affine(y, x, scale, shift []float32) {
	c := len(scale)
	same(len(x), len(y))
	for range rowsOf(len(x), c, len(shift)) {
		for ch, v := range x[:c] {
			y[ch] = float32(v*scale[ch]) + shift[ch]
		}
		y, x = y[c:], x[c:]
	}
}

func standardise(y, x, mean, scale []float32) {
	c := len(mean)
	same(len(x), len(y))
	for range rowsOf(len(x), c, len(scale)) {
		for ch, v := range x[:c] {
			y[ch] = (v - mean[ch]) * scale[ch]
		}
		y, x = y[c:], x[c:]
	}
}

func affineGrad(dx, dy, x, mean, a, b, d []float32) {
	c := len(mean)
	same(len(x), len(dx), len(dy))
	for range rowsOf(len(x), c, len(a), len(b), len(d)) {
		for ch, v := range x[:c] {
			dx[ch] = (float32(dy[ch]*a[ch]) + float32((v-mean[ch])*b[ch])) + d[ch]
		}
		dx, dy, x = dx[c:], dy[c:], x[c:]
	}
}

// SGDRates are the numbers of one step of stochastic gradient descent.
type SGDRates struct {
	LR, Momentum float32
	Decay        float32 // of the weights, added to the gradient; 0: none
	Nesterov     bool    // step by the gradient and the momentum that is to come
}

// Bits that tell the assembly what a step does besides.
const (
	extraDecay    = 1 // added to the gradient
	extraNesterov = 2 // SGD's
	extraShrink   = 4 // Adam's
)

// pack returns what the assembly reads: the rates in the order that
// gen/training.go names, and the extras.
func (r SGDRates) pack() (rates [3]float32, extras int) {
	if r.Decay != 0 {
		extras = extraDecay
	}
	if r.Nesterov {
		extras |= extraNesterov
	}
	return [...]float32{r.LR, r.Momentum, r.Decay}, extras
}

func sgd(w, v, g []float32, r SGDRates) {
	same(len(w), len(v), len(g))
	for i, d := range g {
		if r.Decay != 0 {
			d += float32(r.Decay * w[i])
		}
		v[i] = float32(r.Momentum*v[i]) + d
		step := v[i]
		if r.Nesterov {
			step = d + float32(r.Momentum*v[i])
		}
		w[i] -= float32(r.LR * step)
	}
}

// Epsilon is the ε of Adam.
const Epsilon = 1e-8

// AdamRates are the numbers of one step of Adam, the t-th. A pass rounds β₁,
// β₂, 1−β₁ and 1−β₂ to float32.
type AdamRates struct {
	Rate         float32 // lr/(1−β₁ᵗ)
	Root         float32 // √(1−β₂ᵗ)
	Shrink       float32 // the part of every weight that is taken away first, as AdamW does; 0: none
	Decay        float32 // of the weights, added to the gradient; 0: none
	Beta1, Beta2 float64
}

// pack does for Adam what it does for SGD.
func (r AdamRates) pack() (rates [9]float32, extras int) {
	if r.Decay != 0 {
		extras = extraDecay
	}
	if r.Shrink != 0 {
		extras |= extraShrink
	}
	return [...]float32{
		r.Rate, r.Root, r.Shrink, r.Decay,
		float32(r.Beta1), float32(1 - r.Beta1), float32(r.Beta2), float32(1 - r.Beta2), Epsilon,
	}, extras
}

func adam(w, m, v, g []float32, r AdamRates) {
	same(len(w), len(m), len(v), len(g))
	beta1, rest1, beta2, rest2 := float32(r.Beta1), float32(1-r.Beta1), float32(r.Beta2), float32(1-r.Beta2)
	for i, d := range g {
		if r.Decay != 0 {
			d += float32(r.Decay * w[i])
		}
		if r.Shrink != 0 {
			w[i] -= float32(r.Shrink * w[i])
		}
		m[i] = float32(beta1*m[i]) + float32(rest1*d)
		v[i] = float32(beta2*v[i]) + float32(rest2*float32(d*d))
		root := float32(math.Sqrt(float64(v[i])))
		w[i] -= float32(r.Rate*m[i]) / (root/r.Root + Epsilon)
	}
}

// AdadeltaRates are the numbers of one step of Adadelta. A pass rounds ρ and
// 1−ρ to float32.
type AdadeltaRates struct {
	LR, Epsilon float32
	Decay       float32 // of the weights, added to the gradient; 0: none
	Rho         float64
}

// pack does for Adadelta what it does for SGD.
func (r AdadeltaRates) pack() (rates [5]float32, extras int) {
	if r.Decay != 0 {
		extras = extraDecay
	}
	return [...]float32{r.LR, r.Epsilon, r.Decay, float32(r.Rho), float32(1 - r.Rho)}, extras
}

func adadelta(w, v, u, g []float32, r AdadeltaRates) {
	same(len(w), len(v), len(u), len(g))
	rho, rest := float32(r.Rho), float32(1-r.Rho)
	for i, d := range g {
		if r.Decay != 0 {
			d += float32(r.Decay * w[i])
		}
		v[i] = float32(rho*v[i]) + float32(rest*float32(d*d))
		root := float32(math.Sqrt(float64(v[i] + r.Epsilon)))
		step := float32(float32(math.Sqrt(float64(u[i]+r.Epsilon)))/root) * d
		u[i] = float32(rho*u[i]) + float32(rest*float32(step*step))
		w[i] -= float32(r.LR * step)
	}
}

func finite(x []float32) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

func exps(e []float64, x []float32, top float32) {
	same(len(x), len(e))
	for i, v := range x {
		e[i] = exact.Exp(float64(v) - float64(top))
	}
}

// rowsOf returns how many rows of c channels n values are. It panics when they
// do not end with a row or one of the vectors is not as long as a row.
func rowsOf(n, c int, vectors ...int) int {
	same(c, vectors...)
	if c == 0 || n%c != 0 {
		panic(fmt.Sprintf("kernel: %d values in rows of %d channels", n, c))
	}
	return n / c
}

func sigmoid(y, x []float32) {
	same(len(y), len(x))
	for i, v := range x {
		y[i] = float32(1 / (1 + exact.Exp(-float64(v))))
	}
}
