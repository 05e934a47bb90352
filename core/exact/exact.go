// Package exact has the exponential, the logarithm and the cosine, and what lies
// between numbers, with the same bits on every machine. math.Exp, math.Log and
// math.Cos pick their instructions by architecture and CPU, and so do their last
// bits. These use additions, multiplications and divisions in one order, each
// rounded once: float64(x*y) keeps a compiler from fusing the product into the sum.
package exact

import "math"

const (
	ln2Hi = 6.93147180369123816490e-01 // ln 2 in two parts, the first with 21 trailing zero bits (fdlibm, e_exp.c)
	ln2Lo = 1.90821492927058770002e-10

	expMost  = 709.7 // where eˣ is a normal number
	expLeast = -708

	// round is 1.5·2⁵². To add it rounds a small number to an integer, which
	// then stands in the low bits of the sum.
	round = 3 << 51
)

// ExpTable holds what Exp computes with, for assembly that computes the same
// bits to read: the generators of core/nn/kernel know the order.
var ExpTable = [...]float64{
	math.Log2E, round, ln2Hi, ln2Lo, expMost, expLeast, math.Inf(1),
	1. / 6227020800, // 1/13!, 1/12!, … 1/0!
	1. / 479001600, 1. / 39916800, 1. / 3628800, 1. / 362880, 1. / 40320, 1. / 5040,
	1. / 720, 1. / 120, 1. / 24, 1. / 6, 1. / 2, 1, 1,
}

// taylor are the coefficients of eʳ, the highest power's first.
var taylor = (*[14]float64)(ExpTable[7:])

// Exp returns eˣ with a relative error below 2⁻⁵¹: 0 below −708, where the
// result would no longer be a normal number, +Inf above 709.7, NaN for NaN.
//
// x = k·ln 2 + r with k = ⌊x/ln 2⌉, so |r| ≤ ½ ln 2, and eʳ is its Taylor
// polynomial of degree 13, whose remainder is below 2⁻⁵⁷ there. That lies
// between ½ and 2, and to multiply it by 2ᵏ is to add k to its exponent.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > expMost:
		return math.Inf(1)
	case x < expLeast:
		return 0
	}
	rounded := float64(x*math.Log2E) + round
	k := rounded - round
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	sum := taylor[0]
	for _, c := range taylor[1:] {
		sum = float64(sum*r) + c
	}
	return math.Float64frombits(math.Float64bits(sum) + math.Float64bits(rounded)<<52)
}

// Log returns ln x with an absolute error below 2⁻⁵⁰·max(1, |ln x|): −Inf for
// 0, NaN for negative x and NaN.
//
// x = 2ᵏ·m with √½ ≤ m < √2, and ln m = 2 artanh s = 2(s + s³/3 + s⁵/5 + …)
// with s = (m−1)/(m+1), so that s² < 0.0295.
func Log(x float64) float64 {
	switch {
	case x != x || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	m, k := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, k = 2*m, k-1
	}
	s := (m - 1) / (m + 1)
	square := float64(s * s)
	sum := 0.0
	for i := 23.0; i >= 1; i -= 2 {
		sum = float64(sum*square) + 1/i
	}
	return float64(float64(k)*ln2Hi) + (float64(2*s*sum) + float64(float64(k)*ln2Lo))
}

// The Taylor coefficients of cos z and sin z, in powers of z², the highest
// first: 1/16!, −1/14!, … and 1/17!, −1/15!, ….
var (
	cosTaylor = [...]float64{1. / 20922789888000, -1. / 87178291200, 1. / 479001600, -1. / 3628800, 1. / 40320, -1. / 720, 1. / 24, -1. / 2, 1}
	sinTaylor = [...]float64{1. / 355687428096000, -1. / 1307674368000, 1. / 6227020800, -1. / 39916800, 1. / 362880, -1. / 5040, 1. / 120, -1. / 6, 1}
)

// CosPi returns cos(π·x) with an absolute error below 2⁻⁵²: exactly ±1 and 0
// where that is the cosine, NaN for NaN and the infinities.
//
// The period and the symmetries bring x into 0 … ½ without rounding. Up to ¼
// the cosine is its Taylor polynomial of degree 16, beyond it is sin(π·(½−x)),
// of degree 17: of z ≤ π/4, with remainders below 2⁻⁵⁸.
func CosPi(x float64) float64 {
	x = math.Mod(math.Abs(x), 2)
	if x > 1 {
		x = 2 - x
	}
	sign := 1.0
	if x > 0.5 {
		x, sign = 1-x, -1
	}
	if x <= 0.25 {
		return sign * polynomial(cosTaylor[:], math.Pi*x)
	}
	z := math.Pi * (0.5 - x)
	return sign * float64(z*polynomial(sinTaylor[:], z))
}

// polynomial is Σ c·z²ⁱ, the coefficient of the highest power first.
func polynomial(coefficients []float64, z float64) float64 {
	square := float64(z * z)
	sum := 0.0
	for _, c := range coefficients {
		sum = float64(sum*square) + c
	}
	return sum
}
