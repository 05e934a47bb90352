package nn

import (
	"math"

	"padlab/core/pad"
)

// The references here are the formulas of the doc comments in float64, one
// value at a time, written without looking at the layers' loops. Gradients are
// central differences of them. scheme and sides describe the padding of conv;
// pad itself is tested against its definition in its own package.

type reference func(w, x []float64) []float64

func naiveConv(in Shape, n, k int, scheme pad.Scheme, s pad.Sides, bias bool) reference {
	rows, err := scheme.Sources(in.H, s.Top, s.Bottom)
	if err != nil {
		panic(err)
	}
	cols, err := scheme.Sources(in.W, s.Left, s.Right)
	if err != nil {
		panic(err)
	}
	at := func(x []float64, i, j, c int) float64 {
		if rows[i] == pad.Nowhere || cols[j] == pad.Nowhere {
			return float64(scheme.Value)
		}
		return x[(rows[i]*in.W+cols[j])*in.C+c]
	}
	return func(w, x []float64) []float64 {
		var y []float64
		for i := 0; i+k <= len(rows); i++ {
			for j := 0; j+k <= len(cols); j++ {
				for o := range n {
					sum := 0.0
					if bias {
						sum = w[k*k*in.C*n+o]
					}
					for ky := range k {
						for kx := range k {
							for c := range in.C {
								sum += at(x, i+ky, j+kx, c) * w[((ky*k+kx)*in.C+c)*n+o]
							}
						}
					}
					y = append(y, sum)
				}
			}
		}
		return y
	}
}

func naiveReLU(_, x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = math.Max(v, 0)
	}
	return y
}

func naiveMaxPool(in Shape) reference {
	return func(_, x []float64) []float64 {
		var y []float64
		for i := 0; i+1 < in.H; i += 2 {
			for j := 0; j+1 < in.W; j += 2 {
				for c := range in.C {
					best := math.Inf(-1)
					for a := range 2 {
						for b := range 2 {
							best = math.Max(best, x[((i+a)*in.W+j+b)*in.C+c])
						}
					}
					y = append(y, best)
				}
			}
		}
		return y
	}
}

func naiveMean(in Shape) reference {
	return func(_, x []float64) []float64 {
		y := make([]float64, in.C)
		for i, v := range x {
			y[i%in.C] += v / float64(in.H*in.W)
		}
		return y
	}
}

func naiveLinear(inputs, n int) reference {
	return func(w, x []float64) []float64 {
		y := append([]float64(nil), w[inputs*n:]...)
		for i, v := range x {
			for o := range n {
				y[o] += v * w[i*n+o]
			}
		}
		return y
	}
}

func naiveCrossEntropy(z []float64, label int) float64 {
	sum := 0.0
	for _, v := range z {
		sum += math.Exp(v)
	}
	return math.Log(sum) - z[label]
}

// slope is ∂f/∂v[i] by central differences.
func slope(v []float64, i int, f func() float64) float64 {
	const h = 1e-6
	old := v[i]
	v[i] = old + h
	up := f()
	v[i] = old - h
	down := f()
	v[i] = old
	return (up - down) / (2 * h)
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// gap is max|a−b| / max|b|, or max|a−b| when b is all 0.
func gap(a []float32, b []float64) float64 {
	diff, scale := 0.0, 0.0
	for i, v := range b {
		diff = math.Max(diff, math.Abs(float64(a[i])-v))
		scale = math.Max(scale, math.Abs(v))
	}
	if scale == 0 {
		return diff
	}
	return diff / scale
}
