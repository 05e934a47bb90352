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

func naiveConv(in Shape, c ConvSpec) reference {
	k, n, stride, dilation, groups := c.Size, c.Filters, max(c.Stride, 1), max(c.Dilation, 1), max(c.Groups, 1)
	rows, err := c.Scheme.Sources(in.H, c.Sides.Top, c.Sides.Bottom)
	if err != nil {
		panic(err)
	}
	cols, err := c.Scheme.Sources(in.W, c.Sides.Left, c.Sides.Right)
	if err != nil {
		panic(err)
	}
	at := func(x []float64, i, j, ch int) float64 {
		if rows[i] == pad.Nowhere || cols[j] == pad.Nowhere {
			return float64(c.Scheme.Value)
		}
		return x[(rows[i]*in.W+cols[j])*in.C+ch]
	}
	share := in.C / groups // channels that a filter sees
	return func(w, x []float64) []float64 {
		var y []float64
		for i := 0; i+dilation*(k-1) < len(rows); i += stride {
			for j := 0; j+dilation*(k-1) < len(cols); j += stride {
				for o := range n {
					sum := 0.0
					if c.Bias {
						sum = w[k*k*share*n+o]
					}
					for ky := range k {
						for kx := range k {
							for ch := range share {
								sum += at(x, i+dilation*ky, j+dilation*kx, o/(n/groups)*share+ch) * w[((ky*k+kx)*share+ch)*n+o]
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

// each applies a reference to every sample of inputs floats.
func each(inputs int, f reference) reference {
	return func(w, x []float64) (y []float64) {
		for ; len(x) > 0; x = x[inputs:] {
			y = append(y, f(w, x[:inputs])...)
		}
		return y
	}
}

// naiveNorm is batch normalisation over all of x.
func naiveNorm(in Shape) reference {
	return func(w, x []float64) []float64 {
		y, m := make([]float64, len(x)), float64(len(x)/in.C)
		for c := range in.C {
			mean, variance := 0.0, 0.0
			for i := c; i < len(x); i += in.C {
				mean += x[i] / m
			}
			for i := c; i < len(x); i += in.C {
				variance += (x[i] - mean) * (x[i] - mean) / m
			}
			for i := c; i < len(x); i += in.C {
				y[i] = w[c]*(x[i]-mean)/math.Sqrt(variance+1e-5) + w[in.C+c]
			}
		}
		return y
	}
}

// naiveSum adds the halves of x: what Add gets is two inputs, one behind the
// other.
func naiveSum(_, x []float64) []float64 {
	y := make([]float64, len(x)/2)
	for i := range y {
		y[i] = x[i] + x[len(y)+i]
	}
	return y
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
