package nn

import (
	"fmt"
	"math"

	"padlab/core/nn/kernel"
	"padlab/core/nn/safetensors"
)

// An Optimizer changes weights along their gradient. It is elementwise: the
// ranges of one step may be updated in any order and by several goroutines,
// after Begin and before the next Begin.
//
// Those below do what torch.optim does with the options of the same meaning.
// Each takes the learning rate lr of its t-th step, t = 0, 1, …, from its
// schedule. Decay of the weights acts on all parameters alike, as there; all
// that an optimiser sees are those that follow the gradient,
// Net.W[:Net.Trainable].
type Optimizer interface {
	Begin()                                            // a new step begins
	Update(k *kernel.Kernel, w, g []float32, from int) // w and g are elements from, from+1, … of all parameters

	// State is copies of what the next steps depend on, but for the options, as
	// tensors whose names begin with prefix. Restore goes on from them, with
	// the same options; its error names a tensor that is missing or of another
	// size, and then everything stays as it was.
	State(prefix string) []safetensors.Tensor
	Restore(prefix string, f *safetensors.File) error
}

// A clock gives each step its learning rate.
type clock struct {
	lr   Schedule
	step int
}

func newClock(lr Schedule) clock {
	if lr == nil {
		panic("nn: an optimiser without a learning rate")
	}
	return clock{lr: lr}
}

func (c *clock) next() float64 {
	rate := c.lr(c.step)
	c.step++
	return rate
}

// inUnit panics unless 0 ≤ value < 1.
func inUnit(what string, value float64) {
	if !(0 <= value && value < 1) {
		panic(fmt.Sprintf("nn: %s is %g, but must be at least 0 and below 1", what, value))
	}
}

// SGDOptions are the options of torch.optim.SGD; all but LR may be left out.
type SGDOptions struct {
	LR       Schedule
	Momentum float64 // μ
	Decay    float64 // λ, "weight_decay"
	Nesterov bool
}

// SGD is stochastic gradient descent, in PyTorch's form:
//
//	g ← g + λw
//	v ← μv + g
//	w ← w − lr·v, or with Nesterov's momentum (Sutskever et al. 2013) w − lr·(g + μv)
type SGD struct {
	clock
	rates kernel.SGDRates
	v     []float32
}

// NewSGD returns the optimiser of n parameters, with v = 0. It panics without
// LR, and unless 0 ≤ μ < 1.
func NewSGD(n int, o SGDOptions) *SGD {
	inUnit("the momentum", o.Momentum)
	rates := kernel.SGDRates{Momentum: float32(o.Momentum), Decay: float32(o.Decay), Nesterov: o.Nesterov}
	return &SGD{newClock(o.LR), rates, make([]float32, n)}
}

func (o *SGD) Begin() { o.rates.LR = float32(o.next()) }

func (o *SGD) Update(k *kernel.Kernel, w, g []float32, from int) {
	k.SGD(w, o.v[from:from+len(w)], g, o.rates)
}

// State is the step t and v.
func (o *SGD) State(prefix string) []safetensors.Tensor {
	return []safetensors.Tensor{count(prefix+"sgd.step", uint64(o.step)), stateOf(prefix+"sgd.v", o.v)}
}

func (o *SGD) Restore(prefix string, f *safetensors.File) error {
	r := stateReader{prefix: prefix, f: f}
	step, v := r.count("sgd.step"), r.values("sgd.v", len(o.v))
	if r.err == nil {
		o.step = int(step)
		copy(o.v, v)
	}
	return r.err
}

// AdamOptions are the options of torch.optim.Adam and, with Decoupled, of
// torch.optim.AdamW.
type AdamOptions struct {
	LR        Schedule
	Betas     [2]float64 // β₁ and β₂; both 0 stand for PyTorch's (0.9, 0.999)
	Decay     float64    // λ, "weight_decay"
	Decoupled bool       // decay shrinks the weights instead of adding to the gradient
}

// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), in
// PyTorch's form with ε = 1e-8; t counts from 1 here:
//
//	g ← g + λw, or decoupled w ← w − lr·λ·w
//	m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²
//	w ← w − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)
type Adam struct {
	clock
	decay          float64 // decoupled
	power1, power2 float64 // β₁ᵗ and β₂ᵗ
	rates          kernel.AdamRates
	m, v           []float32
}

// NewAdam returns the optimiser of n parameters, with m = v = 0. It panics
// without LR, and unless 0 ≤ β < 1.
func NewAdam(n int, o AdamOptions) *Adam {
	if o.Betas == [2]float64{} {
		o.Betas = [...]float64{0.9, 0.999}
	}
	inUnit("β₁", o.Betas[0])
	inUnit("β₂", o.Betas[1])
	a := &Adam{clock: newClock(o.LR), power1: 1, power2: 1, m: make([]float32, n), v: make([]float32, n)}
	a.rates.Beta1, a.rates.Beta2 = o.Betas[0], o.Betas[1]
	if o.Decoupled {
		a.decay = o.Decay
	} else {
		a.rates.Decay = float32(o.Decay)
	}
	return a
}

func (o *Adam) Begin() {
	lr := o.next()
	o.power1 = float64(o.power1 * o.rates.Beta1)
	o.power2 = float64(o.power2 * o.rates.Beta2)
	o.rates.Rate = float32(lr / (1 - o.power1))
	o.rates.Root = float32(math.Sqrt(1 - o.power2))
	o.rates.Shrink = float32(lr * o.decay)
}

func (o *Adam) Update(k *kernel.Kernel, w, g []float32, from int) {
	k.Adam(w, o.m[from:from+len(w)], o.v[from:from+len(w)], g, o.rates)
}

// State is the step t, β₁ᵗ and β₂ᵗ as they were multiplied up, m and v.
func (o *Adam) State(prefix string) []safetensors.Tensor {
	return []safetensors.Tensor{
		count(prefix+"adam.step", uint64(o.step)),
		{Name: prefix + "adam.powers", Shape: []int{2}, Doubles: []float64{o.power1, o.power2}},
		stateOf(prefix+"adam.m", o.m),
		stateOf(prefix+"adam.v", o.v),
	}
}

func (o *Adam) Restore(prefix string, f *safetensors.File) error {
	r := stateReader{prefix: prefix, f: f}
	step, powers := r.count("adam.step"), r.doubles("adam.powers", 2)
	m, v := r.values("adam.m", len(o.m)), r.values("adam.v", len(o.v))
	if r.err == nil {
		o.step, o.power1, o.power2 = int(step), powers[0], powers[1]
		copy(o.m, m)
		copy(o.v, v)
	}
	return r.err
}

// AdadeltaOptions are the options of torch.optim.Adadelta, whose lr is 1 unless
// told otherwise.
type AdadeltaOptions struct {
	LR      Schedule
	Rho     float64 // ρ; 0 stands for PyTorch's 0.9
	Epsilon float64 // ε; 0 stands for PyTorch's 1e-6
	Decay   float64 // λ, "weight_decay"
}

// Adadelta (Zeiler 2012), in PyTorch's form:
//
//	g ← g + λw
//	v ← ρv + (1−ρ)g²
//	d ← √(u+ε)/√(v+ε) · g,  u ← ρu + (1−ρ)d²
//	w ← w − lr·d
type Adadelta struct {
	clock
	rates kernel.AdadeltaRates
	v, u  []float32
}

// NewAdadelta returns the optimiser of n parameters, with v = u = 0. It panics
// without LR, and unless 0 ≤ ρ < 1.
func NewAdadelta(n int, o AdadeltaOptions) *Adadelta {
	if o.Rho == 0 {
		o.Rho = 0.9
	}
	if o.Epsilon == 0 {
		o.Epsilon = 1e-6
	}
	inUnit("ρ", o.Rho)
	rates := kernel.AdadeltaRates{Epsilon: float32(o.Epsilon), Decay: float32(o.Decay), Rho: o.Rho}
	return &Adadelta{newClock(o.LR), rates, make([]float32, n), make([]float32, n)}
}

func (o *Adadelta) Begin() { o.rates.LR = float32(o.next()) }

func (o *Adadelta) Update(k *kernel.Kernel, w, g []float32, from int) {
	k.Adadelta(w, o.v[from:from+len(w)], o.u[from:from+len(w)], g, o.rates)
}

// State is the step t, v and u.
func (o *Adadelta) State(prefix string) []safetensors.Tensor {
	return []safetensors.Tensor{count(prefix+"adadelta.step", uint64(o.step)), stateOf(prefix+"adadelta.v", o.v), stateOf(prefix+"adadelta.u", o.u)}
}

func (o *Adadelta) Restore(prefix string, f *safetensors.File) error {
	r := stateReader{prefix: prefix, f: f}
	step, v, u := r.count("adadelta.step"), r.values("adadelta.v", len(o.v)), r.values("adadelta.u", len(o.u))
	if r.err == nil {
		o.step = int(step)
		copy(o.v, v)
		copy(o.u, u)
	}
	return r.err
}

// A Clip keeps the norm of a gradient within a limit, by PyTorch's rule for
// clip_grad_norm_:
//
//	g ← g · min(1, limit/(‖g‖+1e-6))
//
// It owns the memory that this needs.
type Clip struct {
	n             int
	limit         float64
	squares       []float64 // of each block
	g             []float32
	factor        float32
	square, scale func(worker, block int)
}

// NewClip returns a clip for gradients of n values. It panics unless the limit
// is above 0.
func NewClip(n int, limit float64) *Clip {
	if !(limit > 0) {
		panic(fmt.Sprintf("nn: a gradient clipped to a norm of %g", limit))
	}
	c := &Clip{n: n, limit: limit, squares: make([]float64, (n+reduceBlock-1)/reduceBlock)}
	c.square, c.scale = c.addSquares, c.multiply
	return c
}

// Do clips g, whose values must be finite, and returns the norm that it had. It
// panics unless g is as long as NewClip was told.
//
// The squares of float32 are exact in float64. They are added up there block
// by block, and the sums of the blocks in their order: the bits depend on g
// alone.
func (c *Clip) Do(crew *kernel.Crew, g []float32) (norm float64) {
	if len(g) != c.n {
		panic(fmt.Sprintf("nn: a gradient of %d values clipped as one of %d", len(g), c.n))
	}
	c.g = g
	crew.Do(len(c.squares), c.square)
	sum := 0.0
	for _, s := range c.squares {
		sum += s
	}
	norm = math.Sqrt(sum)
	if factor := c.limit / (norm + 1e-6); factor < 1 {
		c.factor = float32(factor)
		crew.Do(len(c.squares), c.scale)
	}
	return norm
}

// block returns the values of a block.
func (c *Clip) block(b int) []float32 {
	return c.g[b*reduceBlock : min((b+1)*reduceBlock, len(c.g))]
}

// addSquares adds up the squares of a block in four sums, since each addition
// would wait for the one before.
func (c *Clip) addSquares(_, b int) {
	g := c.block(b)
	var sums [4]float64
	for ; len(g) >= 4; g = g[4:] {
		for i, v := range g[:4] {
			sums[i] += float64(float64(v) * float64(v))
		}
	}
	for i, v := range g {
		sums[i] += float64(float64(v) * float64(v))
	}
	c.squares[b] = (sums[0] + sums[1]) + (sums[2] + sums[3])
}

func (c *Clip) multiply(_, b int) {
	g := c.block(b)
	for i := range g {
		g[i] *= c.factor
	}
}
