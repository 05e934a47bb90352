package nn

import (
	"fmt"
	"math"
)

// LayerNorm normalises each run of n neighbouring values of a sample (Ba, Kiros
// and Hinton 2016),
//
//	y = γ·(x−μ)/√(σ²+ε) + β,   μ = mean of x,   σ² = mean of (x−μ)²
//
// with γ and β of each place in the run. Over the channels of every pixel this is
// the layer norm of ConvNeXt.
type LayerNorm struct {
	inference
	n       int
	epsilon float64
}

// NewLayerNorm returns the layer. It panics unless n divides the sample.
func NewLayerNorm(name string, in Shape, n int, epsilon float64) *LayerNorm {
	if n < 1 || in.Len()%n != 0 {
		panic(fmt.Sprintf("nn: %s: %v is not cut into runs of %d", name, in, n))
	}
	return &LayerNorm{inference{plain{name, in, in}}, n, epsilon}
}

func (l *LayerNorm) Kind() string         { return "layer norm" }
func (l *LayerNorm) Role() Role           { return Scaling }
func (l *LayerNorm) Retains() (x, y bool) { return true, false }

// Reads: of statistics over pixels, as of a group norm's, nothing is counted.
func (l *LayerNorm) Reads(a Axis) []Reading { return l.same(a) }

func (l *LayerNorm) Params() []Param {
	return []Param{{Name: l.name + ".weight", Shape: []int{l.n}, Start: 1}, {Name: l.name + ".bias", Shape: []int{l.n}}}
}

func (l *LayerNorm) Forward(c *Call) {
	gamma, beta := c.W[:l.n], c.W[l.n:2*l.n]
	for at := 0; at < len(c.Y); at += l.n {
		x, y := c.X[0][at:at+l.n], c.Y[at:at+l.n]
		sum, squares := 0.0, 0.0
		for _, v := range x {
			sum += float64(v)
		}
		mean := sum / float64(l.n)
		for _, v := range x {
			d := float64(v) - mean
			squares += float64(d * d)
		}
		root := 1 / math.Sqrt(squares/float64(l.n)+l.epsilon)
		for i, v := range x {
			y[i] = float32(float64(float64((float64(v)-mean)*root)*float64(gamma[i])) + float64(beta[i]))
		}
	}
}

func (b *Builder) LayerNorm(name string, x Output, n int, epsilon float64) Output {
	return b.add(NewLayerNorm(name, b.Shape(x), n, epsilon), nil, x)
}
