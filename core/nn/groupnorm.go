package nn

import (
	"fmt"
	"math"
)

// GroupNorm normalises each group of C/g channels of a sample over its pixels
// (Wu and He 2018), in PyTorch's form with ε = 1e-5 unless another is given:
//
//	y = γ·(x−μ)/√(σ²+ε) + β,   μ = mean of x,   σ² = mean of (x−μ)²
//
// with γ and β of each channel. With one group this is the layer norm of a
// picture, with C groups its instance norm. The statistics are each sample's own,
// in training and outside it.
type GroupNorm struct {
	plain
	groups  int
	epsilon float64
}

// NewGroupNorm returns the layer for samples of shape in, with γ = 1 and β = 0.
// It is an error when the channels cannot be cut into that many groups.
func NewGroupNorm(name string, in Shape, groups int) (*GroupNorm, error) {
	if groups < 1 {
		panic(fmt.Sprintf("nn: %s: %d groups", name, groups))
	}
	if in.C%groups != 0 {
		return nil, fmt.Errorf("%s: %d channels cannot be cut into %d groups", name, in.C, groups)
	}
	return &GroupNorm{plain{name, in, in}, groups, normEpsilon}, nil
}

func (l *GroupNorm) Kind() string { return "group norm" }
func (l *GroupNorm) Role() Role   { return Scaling }

// Reads: the statistics, which depend on all pixels, are not counted.
func (l *GroupNorm) Reads(a Axis) []Reading { return l.same(a) }

func (l *GroupNorm) Params() []Param {
	channels := []int{l.in.C}
	return []Param{{Name: l.name + ".weight", Shape: channels, Start: 1}, {Name: l.name + ".bias", Shape: channels}}
}

func (l *GroupNorm) Retains() (x, y bool) { return true, false }

// Sizes: Saved are μ and 1/√(σ²+ε), for each channel those of its group; Scratch
// are three vectors of C values.
func (l *GroupNorm) Sizes() Sizes { return Sizes{Saved: 2 * l.in.C, Scratch: 3 * l.in.C} }

// vector is one of the vectors of C values in list.
func (l *GroupNorm) vector(list []float32, i int) []float32 {
	return list[i*l.in.C : (i+1)*l.in.C]
}

// statistics are those of sample i.
func (l *GroupNorm) statistics(c *Call, i int) (mean, root []float32) {
	return l.vector(c.Saved, 2*i), l.vector(c.Saved, 2*i+1)
}

// mean sets every value of x to the mean of those of its group, divided by n.
func (l *GroupNorm) mean(x []float32, n float64) {
	size := l.in.C / l.groups
	for ; len(x) > 0; x = x[size:] {
		sum := 0.0
		for _, v := range x[:size] {
			sum += float64(v)
		}
		v := float32(sum / (float64(size) * n))
		for i := range size {
			x[i] = v
		}
	}
}

// pixels is how many of them a sample has.
func (l *GroupNorm) pixels() float64 { return float64(l.in.H * l.in.W) }

func (l *GroupNorm) Forward(c *Call) {
	gamma, beta := l.vector(c.W, 0), l.vector(c.W, 1)
	scale, shift := l.vector(c.Scratch, 0), l.vector(c.Scratch, 1)
	for s, n := 0, l.in.Len(); s < c.N; s++ {
		x := c.X[0][s*n : (s+1)*n]
		mean, root := l.statistics(c, s)
		clear(mean)
		c.AddRows(mean, x)
		l.mean(mean, l.pixels())
		clear(root)
		c.SquareRows(root, x, mean)
		l.mean(root, l.pixels())
		for i, v := range root {
			r := 1 / math.Sqrt(float64(v)+l.epsilon)
			root[i] = float32(r)
			scale[i] = float32(float64(gamma[i]) * r)
			shift[i] = float32(float64(beta[i]) - float64(float64(gamma[i])*float64(float64(mean[i])*r)))
		}
		c.Affine(c.Y[s*n:(s+1)*n], x, scale, shift)
	}
}

// Backward: with r = 1/√(σ²+ε), and over the m values of a group
// S = Σ γ·dy and D = Σ γ·dy·(x−μ),
//
//	dx = γ·r·dy − r·S/m − (x−μ)·r³·D/m
func (l *GroupNorm) Backward(c *Call) {
	if c.DX[0] == nil {
		return
	}
	gamma := l.vector(c.W, 0)
	grad, slope, offset := l.vector(c.Scratch, 0), l.vector(c.Scratch, 1), l.vector(c.Scratch, 2)
	for s, n := 0, l.in.Len(); s < c.N; s++ {
		x, dy := c.X[0][s*n:(s+1)*n], c.DY[s*n:(s+1)*n]
		mean, root := l.statistics(c, s)
		clear(offset)
		c.AddRows(offset, dy)
		clear(slope)
		c.DotRows(slope, dy, x, mean)
		for i, g := range gamma {
			offset[i] *= g
			slope[i] *= g
		}
		l.mean(offset, l.pixels())
		l.mean(slope, l.pixels())
		for i, g := range gamma {
			r := root[i]
			grad[i], slope[i], offset[i] = g*r, -slope[i]*r*r*r, -offset[i]*r
		}
		c.AffineGrad(c.DX[0][s*n:(s+1)*n], dy, x, mean, grad, slope, offset)
	}
}

// Gradient, with all sums over all pixels and samples:
//
//	dγ[c] += Σ dy·(x−μ)·r,   dβ[c] += Σ dy
func (l *GroupNorm) Gradient(c *Call, dw []float32, part, _ int) {
	if part != 0 {
		return
	}
	gamma, beta := l.vector(dw, 0), l.vector(dw, 1)
	if c.Fresh {
		clear(gamma)
	}
	dot := l.vector(c.Scratch, 0)
	for s, n := 0, l.in.Len(); s < c.N; s++ {
		mean, root := l.statistics(c, s)
		clear(dot)
		c.DotRows(dot, c.DY[s*n:(s+1)*n], c.X[0][s*n:(s+1)*n], mean)
		for i, v := range dot {
			gamma[i] += float32(v * root[i])
		}
	}
	c.sumRows(beta, c.DY)
}
