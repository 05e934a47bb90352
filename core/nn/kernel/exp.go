package kernel

import "math"

// math.Exp and math.Log pick their instructions by architecture and CPU, and
// so do their last bits. These two use additions, multiplications and
// divisions in one order, each rounded once: float64(x*y) keeps a compiler
// from fusing the product into the sum.

const (
	ln2Hi = 6.93147180369123816490e-01 // ln 2 in two parts, the first with 21 trailing zero bits (fdlibm, e_exp.c)
	ln2Lo = 1.90821492927058770002e-10
)

// Exp returns eˣ with a relative error below 2⁻⁵¹: 0 below the smallest
// normal number's exponent, +Inf above the largest, NaN for NaN.
//
// x = k·ln 2 + r with |r| ≤ ½ ln 2, and eʳ is its Taylor polynomial of degree
// 13, whose remainder is below 2⁻⁵⁷ there.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.7:
		return math.Inf(1)
	case x < -708:
		return 0
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(k*ln2Hi) - float64(k*ln2Lo)
	sum := 1.0
	for i := 13.0; i >= 1; i-- {
		sum = float64(sum*r)/i + 1
	}
	return math.Ldexp(sum, int(k))
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
