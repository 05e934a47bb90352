package border

import (
	"math"

	"padlab/core/exact"
)

// tail is what a 95 % interval leaves out at either end.
const tail = 0.025

// leastShare is the lower end of Clopper and Pearson's 95 % interval for hits
// of n trials, neither of which need be whole: the 2.5 % point of the beta
// distribution with a = hits and b = n − hits + 1, and 0 without hits. It takes
// 0 ≤ hits ≤ n, and has the same bits on every machine.
//
// Newton's method looks for the t = ln x at which ln Iₓ(a, b) = ln .025. As
// b ≥ 1, the left side is concave in t: from the second step on t only rises.
func leastShare(hits, n float64) float64 {
	if hits <= 0 {
		return 0
	}
	a, b := hits, n-hits+1
	offset := logGamma(a+b) - logGamma(a) - logGamma(b) - exact.Log(a) - exact.Log(tail)
	x := a / (a + b)
	for range 50 {
		fraction := betaFraction(x, a, b)
		excess := offset + float64(a*exact.Log(x)) + float64(b*exact.Log(1-x)) - exact.Log(fraction)
		slope := a * fraction / (1 - x)
		next := x * exact.Exp(-excess/slope)
		if next == 0 || math.Abs(next-x) < 1e-13*x {
			return next
		}
		x = next
	}
	return x
}

// betaFraction is the continued fraction F in Iₓ(a, b) = xᵃ(1−x)ᵇ/(a·B(a, b)·F),
// 1 + d₁/(1 + d₂/(1 + …)) with
// d₂ₘ₊₁ = −(a+m)(a+b+m)x/((a+2m)(a+2m+1)) and d₂ₘ = m(b−m)x/((a+2m−1)(a+2m))
// (Abramowitz and Stegun 26.5.8), by Lentz's method. It takes x ≤ a/(a+b), where
// the fraction converges within some √(a+b) terms.
func betaFraction(x, a, b float64) float64 {
	f, c, d := 1.0, 1.0, 0.0
	for m := 0.0; m < 1e6; m++ {
		if m > 0 {
			term := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
			d = 1 / (1 + float64(term*d))
			c = 1 + term/c
			f *= c * d
		}
		term := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / (1 + float64(term*d))
		c = 1 + term/c
		f *= c * d
		if math.Abs(c*d-1) < 1e-15 {
			break
		}
	}
	return f
}

// logGamma is ln Γ(x) of positive x by Stirling's series, with an error below
// 10⁻¹³·max(1, |ln Γ(x)|): where x is below 10, of Γ(x) = Γ(x+k)/(x(x+1)…(x+k−1)).
func logGamma(x float64) float64 {
	shift := 1.0
	for ; x < 10; x++ {
		shift *= x
	}
	const halfLog2Pi = 0.91893853320467274178
	r := 1 / x
	r2 := r * r
	series := 1. / 1188
	for _, c := range [...]float64{-1. / 1680, 1. / 1260, -1. / 360, 1. / 12} {
		series = float64(series*r2) + c
	}
	return float64((x-0.5)*exact.Log(x)) - x + halfLog2Pi + float64(series*r) - exact.Log(shift)
}
