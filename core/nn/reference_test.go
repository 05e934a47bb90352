package nn

import (
	"math"
	"slices"

	"padlab/core/pad"
	"padlab/core/rng"
)

// The references here are the formulas of the doc comments in float64, one
// value at a time, written without looking at the layers' loops. Gradients are
// central differences of them. scheme and sides describe the padding of conv;
// pad itself is tested against its definition in its own package.

type reference func(w, x []float64) []float64

func naiveConv(in Shape, c ConvSpec) reference {
	c.settle()
	k, n, stride, dilation, groups, across := c.Size, c.Filters, c.Stride, c.Dilation, c.Groups, c.Across
	plan, err := pad.NewPlan(c.Scheme, in.H, in.W, in.C, c.Sides)
	if err != nil {
		panic(err)
	}
	at := func(x []float64, i, j, ch int) float64 {
		row, col, ok := plan.Source(i, j)
		if !ok {
			return float64(c.Scheme.Value)
		}
		return x[(row*in.W+col)*in.C+ch]
	}
	share := in.C / groups // channels that a filter sees
	return func(w, x []float64) []float64 {
		var y []float64
		for i := 0; i+dilation*(k-1) < plan.PH; i += stride {
			for j := 0; j+across.Dilation*(across.Size-1) < plan.PW; j += across.Stride {
				for o := range n {
					sum := 0.0
					if c.Bias {
						sum = w[k*across.Size*share*n+o]
					}
					for ky := range k {
						for kx := range across.Size {
							for ch := range share {
								sum += at(x, i+dilation*ky, j+across.Dilation*kx, o/(n/groups)*share+ch) * w[((ky*across.Size+kx)*share+ch)*n+o]
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

// naivePool gives every window of one channel of a picture to f: the values
// that lie in the picture, how many more are padding, and how many more lie
// behind that.
func naivePool(in Shape, s PoolSpec, f func(values []float64, padding, behind int) float64) reference {
	if s.Uneven == (pad.Sides{}) {
		s.Uneven = pad.Sides{Top: s.Pad, Bottom: s.Pad, Left: s.Pad, Right: s.Pad}
	}
	width, strideX := s.Size, s.Stride
	if s.Across.Size > 0 {
		width, strideX = s.Across.Size, s.Across.Stride
	}
	starts := func(n, size, stride, before, after int) (list []int) {
		for from := -before; ; from += stride {
			whole := from+size <= n+after
			more := s.Ceil && from < n && from-stride+size < n+after // begins in the picture, and something is left for it
			if !whole && !more {
				return list
			}
			list = append(list, from)
		}
	}
	return func(_, x []float64) (y []float64) {
		for _, top := range starts(in.H, s.Size, s.Stride, s.Uneven.Top, s.Uneven.Bottom) {
			for _, left := range starts(in.W, width, strideX, s.Uneven.Left, s.Uneven.Right) {
				for c := range in.C {
					var values []float64
					padding, behind := 0, 0
					for i := top; i < top+s.Size; i++ {
						for j := left; j < left+width; j++ {
							switch {
							case i >= 0 && i < in.H && j >= 0 && j < in.W:
								values = append(values, x[(i*in.W+j)*in.C+c])
							case i < in.H+s.Uneven.Bottom && j < in.W+s.Uneven.Right:
								padding++
							default:
								behind++
							}
						}
					}
					y = append(y, f(values, padding, behind))
				}
			}
		}
		return y
	}
}

// naivePadded gives a pool without padding the padded picture.
func naivePadded(in Shape, s PoolSpec, pool func(Shape, PoolSpec) reference) reference {
	copies := naiveConv(in, ConvSpec{Filters: in.C, Size: 1, Scheme: s.Scheme, Sides: pad.Sides{Top: s.Pad, Bottom: s.Pad, Left: s.Pad, Right: s.Pad}})
	identity := make([]float64, in.C*in.C)
	for c := range in.C {
		identity[c*in.C+c] = 1
	}
	padded := Shape{in.H + 2*s.Pad, in.W + 2*s.Pad, in.C}
	s.Pad = 0
	return func(_, x []float64) []float64 { return pool(padded, s)(nil, copies(identity, x)) }
}

func naiveMaxPool(in Shape, s PoolSpec) reference {
	return naivePool(in, s, func(values []float64, _, _ int) float64 { return slices.Max(values) })
}

func naiveAveragePool(in Shape, s PoolSpec) reference {
	return naivePool(in, s, func(values []float64, padding, _ int) float64 {
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		if s.Inside {
			padding = 0
		}
		return sum / float64(len(values)+padding)
	})
}

func naiveLargest(in Shape) reference {
	return func(_, x []float64) []float64 {
		y := slices.Clone(x[:in.C])
		for i, v := range x {
			y[i%in.C] = math.Max(y[i%in.C], v)
		}
		return y
	}
}

func naiveClamp(low, high float64) reference {
	return func(_, x []float64) []float64 {
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = min(max(v, low), high)
		}
		return y
	}
}

func naiveLeakyReLU(slope float64) reference {
	return func(_, x []float64) []float64 {
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = math.Max(v, slope*v)
		}
		return y
	}
}

func naiveSigmoid(_, x []float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = 1 / (1 + math.Exp(-v))
	}
	return y
}

func naiveGroupNorm(in Shape, groups int) reference {
	return func(w, x []float64) []float64 {
		y, size := make([]float64, len(x)), in.C/groups
		for g := range groups {
			var at []int
			for i := range x {
				if i%in.C/size == g {
					at = append(at, i)
				}
			}
			mean, variance := 0.0, 0.0
			for _, i := range at {
				mean += x[i] / float64(len(at))
			}
			for _, i := range at {
				variance += (x[i] - mean) * (x[i] - mean) / float64(len(at))
			}
			for _, i := range at {
				y[i] = w[i%in.C]*(x[i]-mean)/math.Sqrt(variance+1e-5) + w[in.C+i%in.C]
			}
		}
		return y
	}
}

// naiveConcat gets inputs of one shape, each of them a whole batch.
func naiveConcat(in Shape, inputs int) reference {
	return func(_, x []float64) (y []float64) {
		all := len(x) / inputs
		for pixel := 0; pixel < all; pixel += in.C {
			for i := range inputs {
				y = append(y, x[i*all+pixel:i*all+pixel+in.C]...)
			}
		}
		return y
	}
}

func naiveCrop(in Shape, h, w int) reference {
	offset := func(have, want int) int {
		if have > want {
			return (have - want) / 2
		}
		return -((want - have) / 2)
	}
	return func(_, x []float64) (y []float64) {
		for i := range h {
			for j := range w {
				for c := range in.C {
					a, b, v := i+offset(in.H, h), j+offset(in.W, w), 0.0
					if a >= 0 && a < in.H && b >= 0 && b < in.W {
						v = x[(a*in.W+b)*in.C+c]
					}
					y = append(y, v)
				}
			}
		}
		return y
	}
}

// naiveResize interpolates with hats: the share of an input is 1 minus its
// distance, where that is positive.
func naiveResize(in Shape, h, w int, corners bool) reference {
	place := func(i, have, want int) float64 {
		if corners {
			return float64(i) * float64(have-1) / math.Max(1, float64(want-1))
		}
		at := (float64(i)+0.5)*float64(have)/float64(want) - 0.5
		return math.Min(math.Max(at, 0), float64(have-1))
	}
	hat := func(d float64) float64 { return math.Max(0, 1-math.Abs(d)) }
	return func(_, x []float64) []float64 {
		y := make([]float64, h*w*in.C)
		for o := range y {
			i, j, c := o/in.C/w, o/in.C%w, o%in.C
			for a := range in.H {
				row := hat(place(i, in.H, h) - float64(a))
				for b := 0; b < in.W && row > 0; b++ {
					y[o] += row * hat(place(j, in.W, w)-float64(b)) * x[(a*in.W+b)*in.C+c]
				}
			}
		}
		return y
	}
}

// What layers draw in TestLayers is keyed by these.
const (
	drawSeed  = 5
	drawStep  = 9
	drawFirst = 2
)

func naiveDropout(inputs int, purpose string, p float64) reference {
	return func(_, x []float64) []float64 {
		y := make([]float64, len(x))
		for i := range len(x) / inputs {
			s := rng.New(drawSeed, purpose, drawStep, uint64(drawFirst+i))
			for j := i * inputs; j < (i+1)*inputs; j++ {
				if float64(s.Float32()) >= p {
					y[j] = x[j] / (1 - p)
				}
			}
		}
		return y
	}
}

func naivePermute(inputs int, purpose string) reference {
	return func(_, x []float64) (y []float64) {
		for i := range len(x) / inputs {
			s, p := rng.New(drawSeed, purpose, drawStep, uint64(drawFirst+i)), make([]int32, inputs)
			s.Permutation(p)
			for _, from := range p {
				y = append(y, x[i*inputs+int(from)])
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
