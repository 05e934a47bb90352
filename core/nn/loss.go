package nn

import "padlab/core/nn/kernel"

// CrossEntropy returns the softmax cross-entropy of one sample,
//
//	L = −ln p[label],  p[i] = exp(z[i]) / Σ_j exp(z[j])
//
// and sets dz = scale·(p − onehot(label)), the gradient of scale·L. Sums are
// in float64; the largest logit is subtracted first. parts is as long as z and
// left with exp(z[i] − max z). A non-finite logit gives a non-finite loss. It
// panics when label is not an index of z.
func CrossEntropy(k *kernel.Kernel, parts []float64, dz, z []float32, label int, scale float32) float64 {
	top := z[Argmax(z)]
	k.Exps(parts, z, top)
	sum := 0.0
	for _, e := range parts {
		sum += e
	}
	for i, e := range parts {
		dz[i] = float32(scale * float32(e/sum))
	}
	dz[label] -= scale
	return kernel.Log(sum) - (float64(z[label]) - float64(top))
}

// Argmax returns the index of the largest value, the first of equal ones.
func Argmax(z []float32) int {
	best := 0
	for i, v := range z {
		if v > z[best] {
			best = i
		}
	}
	return best
}
