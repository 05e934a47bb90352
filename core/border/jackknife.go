package border

import "math"

// JackknifeOf is the 95 % interval of a value over units that do not depend on each
// other, from what it would be without each of them: value ± t·se, Student's t with
// n−1 degrees of freedom and se² = (n−1)/n · Σ (θ₍ᵢ₎ − θ̄)² (Tukey 1958). With fewer
// than two units, low and high are NaN.
func JackknifeOf(value float64, without []float64) (low, high float64) {
	if len(without) < 2 {
		return math.NaN(), math.NaN()
	}
	_, half := jackknife(without)
	return value - half, value + half
}
