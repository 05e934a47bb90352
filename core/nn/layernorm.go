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
	plain
	n       int
	epsilon float64
}

// NewLayerNorm returns the layer. It panics unless n divides the sample.
func NewLayerNorm(name string, in Shape, n int, epsilon float64) *LayerNorm {
	if n < 1 || in.Len()%n != 0 {
		panic(fmt.Sprintf("nn: %s: %v is not cut into runs of %d", name, in, n))
	}
	return &LayerNorm{plain{name, in, in}, n, epsilon}
}

func (l *LayerNorm) Kind() string         { return "layer norm" }
func (l *LayerNorm) Role() Role           { return Scaling }
func (l *LayerNorm) Retains() (x, y bool) { return true, false }

// Reads: of statistics over pixels, as of a group norm's, nothing is counted.
func (l *LayerNorm) Reads(a Axis) []Reading { return l.same(a) }

func (l *LayerNorm) Params() []Param {
	return []Param{{Name: l.name + ".weight", Shape: []int{l.n}, Start: 1}, {Name: l.name + ".bias", Shape: []int{l.n}}}
}

// statistics are μ and 1/√(σ²+ε) of a run.
func (l *LayerNorm) statistics(x []float32) (mean, root float64) {
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += float64(v)
	}
	mean = sum / float64(l.n)
	for _, v := range x {
		d := float64(v) - mean
		squares += float64(d * d)
	}
	return mean, 1 / math.Sqrt(squares/float64(l.n)+l.epsilon)
}

func (l *LayerNorm) Forward(c *Call) {
	gamma, beta := c.W[:l.n], c.W[l.n:2*l.n]
	for at := 0; at < len(c.Y); at += l.n {
		x, y := c.X[0][at:at+l.n], c.Y[at:at+l.n]
		mean, root := l.statistics(x)
		for i, v := range x {
			y[i] = float32(float64(float64((float64(v)-mean)*root)*float64(gamma[i])) + float64(beta[i]))
		}
	}
}

// Backward, with r = 1/√(σ²+ε), x̂ = (x−μ)·r and g = γ·dy, and means over a run:
//
//	dx = r·(g − mean of g − x̂·mean of g·x̂)
func (l *LayerNorm) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	gamma, n := c.W[:l.n], float64(l.n)
	for at := 0; at < len(c.DY); at += l.n {
		x, dy, dx := c.X[0][at:at+l.n], c.DY[at:at+l.n], c.DX[0][at:at+l.n]
		mean, root := l.statistics(x)
		sum, dot := 0.0, 0.0
		for i, v := range x {
			g := float64(gamma[i]) * float64(dy[i])
			sum += g
			dot += float64(g * (float64(v) - mean) * root)
		}
		for i, v := range x {
			g := float64(gamma[i]) * float64(dy[i])
			dx[i] = float32(root * (g - sum/n - float64((float64(v)-mean)*root*(dot/n))))
		}
	}
}

// Gradient, with all sums over all runs and samples:
//
//	dγ[i] += Σ dy·x̂,   dβ[i] += Σ dy
func (l *LayerNorm) Gradient(c *Call, dw []float32, part, _ int) {
	if part != 0 {
		return
	}
	gamma, beta := dw[:l.n], dw[l.n:2*l.n]
	if c.Fresh {
		clear(gamma)
	}
	for at := 0; at < len(c.DY); at += l.n {
		x, dy := c.X[0][at:at+l.n], c.DY[at:at+l.n]
		mean, root := l.statistics(x)
		for i, v := range x {
			gamma[i] += float32(float64(dy[i]) * (float64(v) - mean) * root)
		}
	}
	c.sumRows(beta, c.DY)
}

func (b *Builder) LayerNorm(name string, x Output, n int, epsilon float64) Output {
	return b.add(NewLayerNorm(name, b.Shape(x), n, epsilon), nil, x)
}
