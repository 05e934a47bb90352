package nn

import (
	"fmt"
	"math"
)

// A layer with BatchStatistics computes with sums over all samples of a batch.
// The trainer calls, in this order,
//
//	Accumulate          for every sample, when its X is known
//	Reduce              once for the n samples of the batch, then Forward
//	AccumulateGradient  for every sample, when its DY is known
//	ReduceGradient      once, then Backward and Gradient
//	UpdateRunning       once, after a step that was made
//
// where batch is Call.Batch, saved is Call.Saved of all samples, and w and state
// are the layer's weights and running statistics.
type BatchStatistics interface {
	Layer
	Accumulate(c *Call)
	Reduce(batch, w, saved []float32, n int)
	AccumulateGradient(c *Call)
	ReduceGradient(batch, w, saved []float32, n int)
	UpdateRunning(state, batch []float32, n int)

	// CheckBatch returns an error unless a batch of n samples has statistics.
	CheckBatch(n int) error
}

// BatchNorm normalises every channel over all samples and pixels of a batch
// (Ioffe and Szegedy 2015), in PyTorch's form with ε = 1e-5 unless another is given:
//
//	y = γ·(x−μ)/√(σ²+ε) + β,   μ = mean of x,   σ² = mean of (x−μ)²
//
// In training μ and σ² are the batch's own; the running ones follow with a
// momentum of 0.1, the variance with n−1 in the denominator. Elsewhere the
// running ones are used.
//
// A batch norm is where the samples of a batch wait for each other, twice: all
// are looked at before any is normalised, and again on the way back. The sums
// over a sample are in float32, those over the samples in float64 and in their
// order, so that the bits depend on nothing but the batch.
type BatchNorm struct {
	plain
	epsilon float64
}

const (
	normEpsilon  = 1e-5
	normMomentum = 0.1
)

// NewBatchNorm returns the layer for samples of shape in, with γ = 1, β = 0,
// running mean 0 and variance 1.
func NewBatchNorm(name string, in Shape) *BatchNorm {
	return &BatchNorm{plain{name, in, in}, normEpsilon}
}

func (l *BatchNorm) Kind() string           { return "batch norm" }
func (l *BatchNorm) Role() Role             { return Scaling }
func (l *BatchNorm) Reads(a Axis) []Reading { return l.same(a) }

func (l *BatchNorm) Params() []Param {
	channels := []int{l.in.C}
	return []Param{
		{Name: l.name + ".weight", Shape: channels, Start: 1},
		{Name: l.name + ".bias", Shape: channels},
		{Name: l.name + ".running_mean", Shape: channels, State: true},
		{Name: l.name + ".running_var", Shape: channels, Start: 1, State: true},
	}
}

func (l *BatchNorm) Retains() (x, y bool) { return true, false }

// Sizes: Packed are scale and shift of the running statistics, Saved are two
// sums per channel of a sample, and Batch are the vectors named below.
func (l *BatchNorm) Sizes() Sizes {
	return Sizes{Packed: 2 * l.in.C, Saved: 2 * l.in.C, Batch: batchVectors * l.in.C}
}

// The vectors of C values that all samples of a batch share.
const (
	batchMean     = iota // μ
	batchVariance        // σ²
	batchScale           // y = x·scale + shift
	batchShift
	batchGrad // dx = dy·grad + (x−μ)·slope + offset
	batchSlope
	batchOffset
	batchGamma // ∂L/∂γ, ∂L/∂β
	batchBeta
	batchVectors
)

// vector is one of the vectors of C values in list.
func (l *BatchNorm) vector(list []float32, i int) []float32 {
	return list[i*l.in.C : (i+1)*l.in.C]
}

func (l *BatchNorm) Pack(packed, w, state []float32) {
	l.affine(l.vector(packed, 0), l.vector(packed, 1), w, l.vector(state, 0), l.vector(state, 1))
}

// affine sets scale = γ/√(σ²+ε) and shift = β − μ·scale.
func (l *BatchNorm) affine(scale, shift, w, mean, variance []float32) {
	gamma, beta := l.vector(w, 0), l.vector(w, 1)
	for c := range scale {
		s := float64(gamma[c]) / math.Sqrt(float64(variance[c])+l.epsilon)
		scale[c] = float32(s)
		shift[c] = float32(float64(beta[c]) - float64(float64(mean[c])*s))
	}
}

func (l *BatchNorm) pixels() float64 { return float64(l.in.H * l.in.W) }

// Accumulate finds the mean of each sample and the sum of its squared distances
// from that mean.
func (l *BatchNorm) Accumulate(c *Call) {
	for i, n := 0, l.in.Len(); i < c.N; i++ {
		x, saved := c.X[0][i*n:(i+1)*n], c.Saved[2*i*l.in.C:]
		mean, squares := l.vector(saved, 0), l.vector(saved, 1)
		clear(mean)
		clear(squares)
		c.AddRows(mean, x)
		for j := range mean {
			mean[j] = float32(float64(mean[j]) / l.pixels())
		}
		c.SquareRows(squares, x, mean)
	}
}

// Reduce combines what was accumulated of n samples (Chan, Golub and LeVeque
// 1979): with equal numbers of pixels the batch's mean is the mean of means,
// and its sum of squares theirs plus pixels·(mean−μ)² of each.
func (l *BatchNorm) Reduce(batch, w, saved []float32, n int) {
	mean, variance := l.vector(batch, batchMean), l.vector(batch, batchVariance)
	for c := range l.in.C {
		sum, squares := 0.0, 0.0
		for i := range n {
			sum += float64(saved[2*i*l.in.C+c])
		}
		mu := sum / float64(n)
		for i := range n {
			d := float64(saved[2*i*l.in.C+c]) - mu
			squares += float64(saved[(2*i+1)*l.in.C+c]) + float64(l.pixels()*float64(d*d))
		}
		mean[c], variance[c] = float32(mu), float32(squares/(float64(n)*l.pixels()))
	}
	l.affine(l.vector(batch, batchScale), l.vector(batch, batchShift), w, mean, variance)
}

func (l *BatchNorm) Forward(c *Call) {
	scale, shift := l.vector(c.Packed, 0), l.vector(c.Packed, 1)
	if c.Training {
		scale, shift = l.vector(c.Batch, batchScale), l.vector(c.Batch, batchShift)
	}
	c.Affine(c.Y, c.X[0], scale, shift)
}

// AccumulateGradient sums dy and dy·(x−μ) over each sample.
func (l *BatchNorm) AccumulateGradient(c *Call) {
	for i, n := 0, l.in.Len(); i < c.N; i++ {
		dy, saved := c.DY[i*n:(i+1)*n], c.Saved[2*i*l.in.C:]
		sum, dot := l.vector(saved, 0), l.vector(saved, 1)
		clear(sum)
		clear(dot)
		c.AddRows(sum, dy)
		c.DotRows(dot, dy, c.X[0][i*n:(i+1)*n], l.vector(c.Batch, batchMean))
	}
}

// ReduceGradient combines what was accumulated of n samples: with m = n·H·W,
// r = 1/√(σ²+ε), S = Σ dy and D = Σ dy·(x−μ),
//
//	∂L/∂γ = r·D,   ∂L/∂β = S,   dx = γ·r·(dy − S/m − (x−μ)·r²·D/m)
func (l *BatchNorm) ReduceGradient(batch, w, saved []float32, n int) {
	gamma := l.vector(w, 0)
	m := float64(n) * l.pixels()
	for c := range l.in.C {
		sum, dot := 0.0, 0.0
		for i := range n {
			sum += float64(saved[2*i*l.in.C+c])
			dot += float64(saved[(2*i+1)*l.in.C+c])
		}
		r := 1 / math.Sqrt(float64(l.vector(batch, batchVariance)[c])+l.epsilon)
		grad := float64(gamma[c]) * r
		l.vector(batch, batchGrad)[c] = float32(grad)
		l.vector(batch, batchSlope)[c] = float32(-grad * r * r * dot / m)
		l.vector(batch, batchOffset)[c] = float32(-grad * sum / m)
		l.vector(batch, batchGamma)[c] = float32(r * dot)
		l.vector(batch, batchBeta)[c] = float32(sum)
	}
}

func (l *BatchNorm) Backward(c *Call) {
	if c.DX[0] != nil {
		c.AffineGrad(c.DX[0], c.DY, c.X[0], l.vector(c.Batch, batchMean),
			l.vector(c.Batch, batchGrad), l.vector(c.Batch, batchSlope), l.vector(c.Batch, batchOffset))
	}
}

func (l *BatchNorm) Gradient(c *Call, dw []float32, part, _ int) {
	if part == 0 {
		c.sumRows(dw[:l.in.C], l.vector(c.Batch, batchGamma))
		c.sumRows(dw[l.in.C:], l.vector(c.Batch, batchBeta))
	}
}

// UpdateRunning lets the running statistics follow those of a batch of n samples.
func (l *BatchNorm) UpdateRunning(state, batch []float32, n int) {
	m := float64(n) * l.pixels()
	follow := func(running, seen []float32, factor float64) {
		for c, v := range seen {
			running[c] = float32(float64((1-normMomentum)*float64(running[c])) + float64(normMomentum*factor*float64(v)))
		}
	}
	follow(l.vector(state, 0), l.vector(batch, batchMean), 1)
	follow(l.vector(state, 1), l.vector(batch, batchVariance), m/(m-1))
}

// CheckBatch: one value has no variance.
func (l *BatchNorm) CheckBatch(n int) error {
	if n*l.in.H*l.in.W < 2 {
		return fmt.Errorf("%s: batch normalisation needs more than one value per channel: %d × %v", l.name, n, l.in)
	}
	return nil
}
