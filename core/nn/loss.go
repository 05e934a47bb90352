package nn

import (
	"fmt"

	"padlab/core/exact"
	"padlab/core/nn/kernel"
)

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
	return exact.Log(sum) - (float64(z[label]) - float64(top))
}

// PixelCrossEntropy returns the weighted softmax cross-entropy of one sample of
// P pixels with as many logits each as there are classes,
//
//	L = 1/norm Σ_p w[label_p]·(−ln p_p[label_p])
//
// and sets dz to the gradient of scale·L. With norm = Σ w[label_p] over all
// pixels of a batch, which is their number without weights, the samples' L add up
// to PyTorch's weighted mean; without weights every class weighs 1. It panics unless z is
// len(labels) pixels long, parts is as long as a pixel at least, and labels are
// classes that have a weight.
func PixelCrossEntropy(k *kernel.Kernel, parts []float64, dz, z []float32, labels []int32, weights []float32, norm float64, scale float32) float64 {
	classes := len(z) / max(1, len(labels))
	if classes*len(labels) != len(z) || weights != nil && len(weights) != classes {
		panic(fmt.Sprintf("nn: %d labels and %d weights for %d logits", len(labels), len(weights), len(z)))
	}
	sum := 0.0
	for p, label := range labels {
		w := 1.0
		if weights != nil {
			w = float64(weights[label])
		}
		from, to := p*classes, (p+1)*classes
		l := CrossEntropy(k, parts[:classes], dz[from:to], z[from:to], int(label), float32(float64(scale)*w/norm))
		sum += float64(w * l)
	}
	return sum / norm
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
