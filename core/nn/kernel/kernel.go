// Package kernel holds the arithmetic that takes the time: the one matrix
// product behind every convolution and linear layer, the exponential and the
// logarithm that all machines compute alike, and the crew of workers that the
// samples of a batch are dealt to.
//
// It exists apart from nn so that layers state what is computed and a kernel
// how. Kernels are chosen by name with [Select]: assembly for AVX-512, AVX2 and
// NEON, written by the generator in gen, and a portable one over gonum's blas,
// which runs everywhere and is the oracle for the others.
package kernel

import (
	"fmt"
	"strings"

	"padlab/core/names"
)

// A Product is the shape of one batch-reduce matrix product. C is S samples of
// R rows of M × N elements; each element is a sum over Q samples, O outer and K
// inner steps:
//
//	C[s·CS + r·CR + m·CM + n] += Σ_q Σ_o Σ_k A[s·AS + r·AR + m·AM + q·AQ + o·AO + k·AK] · B[q·BQ + o·BO + k·BK + n]
//
// AM or AK is 1. Rows of A may overlap (AM < K with AK = 1, or AK < M with
// AM = 1): that is how a convolution reads a padded picture without copying
// its windows.
//
// Every element of C accumulates over q, then o, then k, in rising order,
// starting from its value before or, when Fresh, from its column of the bias.
// The order does not depend on s, r, m or n, so a shifted picture gives
// shifted bits.
type Product struct {
	S, R, M, N int
	Q, O, K    int
	AS, AR, AM int
	AQ, AO, AK int
	BQ, BO, BK int
	CS, CR, CM int

	Fresh bool // what C held before does not count
	ReLU  bool // in the end negative elements become 0; NaN stays NaN
}

// A Kernel is one way to compute. Its functions may be called from any number
// of goroutines, and panic when a length does not fit.
type Kernel struct {
	Name string
	Slow string // why training is slow with it, for a person; empty for a fast kernel

	// Product computes c += a·b as p says, or with p.Fresh c = bias + a·b,
	// where a nil bias is 0. It panics when an operand is too short for p, or
	// there is a bias and C is not fresh.
	Product func(p Product, c, a, b, bias []float32)

	// DepthWise computes y as p says, with a nil bias as 0. It panics when y has
	// another length than p says, or another operand is too short.
	DepthWise func(p DepthWise, y, x, w, bias []float32)

	// ReLU sets y = max(x, 0); NaN stays NaN. y may be x.
	ReLU func(y, x []float32)

	// ReLUGrad sets dx = dy where y > 0, and 0 elsewhere. dx may be dy.
	ReLUGrad func(dx, dy, y []float32)

	// Clamp sets y = low where x < low, high where x > high, and x elsewhere, NaN
	// among it. y may be x. It panics unless both are equally long; low ≤ high.
	Clamp func(y, x []float32, low, high float32)

	// Blend sets y to what lies between four pixels, at t from a to b and from c to d,
	// and at u from the first to the second: [exact.Blend]. It panics unless all are
	// equally long.
	Blend func(y, a, b, c, d []float32, t, u float32)

	// Add adds x to sum.
	Add func(sum, x []float32)

	// AddRows adds the rows of x, each as long as sum, to sum, one after the
	// other.
	AddRows func(sum, x []float32)

	// MaxPool sets y to the largest of every 2×2 pixels of the h×w×c picture
	// x, channel by channel, and from to which of them it was: 0, 1 in the
	// upper row, 2, 3 in the lower. The first of equal values wins, NaN wins
	// over all; an odd last row or column is dropped.
	MaxPool func(y []float32, from []int32, x []float32, h, w, c int)

	// MaxWindow sets y to the largest value of each channel in a window of x, and from to
	// its place in x, counted from at. The first of equal values wins, the first NaN over
	// all. It panics unless from is as long as y, and x reaches to the window's end.
	MaxWindow func(y []float32, from []int32, x []float32, at int, w Window)

	// Transpose sets to, an n×m matrix, to the transpose of from, m×n. It panics unless
	// both have m·n elements.
	Transpose func(to, from []float32, m, n int)

	// Peak does rounds of the kernel's multiply-adds on registers alone and
	// returns how many floating-point operations that were: what no product
	// can surpass.
	Peak func(rounds int) (flops int)

	// MaxPoolGrad sets dx, h×w×c, to dy where its pixel won, and 0 elsewhere.
	MaxPoolGrad func(dx, dy []float32, from []int32, h, w, c int)

	// The passes that follow have the same bits on every kernel. A picture is
	// rows of c channels, x[p·c + ch], and a vector has c elements, at least
	// one. They panic unless all pictures are equally long and whole rows, and
	// all vectors as long as a row. Operands that may not be one another do not
	// overlap, and those that may are the same or do not overlap.

	// SquareRows adds up squares: sum[ch] += Σ_p (x[p][ch] − mean[ch])², with p
	// rising.
	SquareRows func(sum, x, mean []float32)

	// DotRows adds up products: sum[ch] += Σ_p dy[p][ch]·(x[p][ch] − mean[ch]),
	// with p rising. dy may be x.
	DotRows func(sum, dy, x, mean []float32)

	// Affine sets y[p][ch] = x[p][ch]·scale[ch] + shift[ch], which is a batch
	// normalisation forward. y may be x.
	Affine func(y, x, scale, shift []float32)

	// Standardise sets y[p][ch] = (x[p][ch] − mean[ch])·scale[ch]. y may be x.
	Standardise func(y, x, mean, scale []float32)

	// AffineGrad sets
	//
	//	dx[p][ch] = (dy[p][ch]·a[ch] + (x[p][ch] − mean[ch])·b[ch]) + d[ch]
	//
	// which is a batch normalisation backward. dx may be dy or x.
	AffineGrad func(dx, dy, x, mean, a, b, d []float32)

	// SGD makes a step of stochastic gradient descent, in PyTorch's form:
	//
	//	g ← g + decay·w                 unless decay is 0
	//	v ← momentum·v + g
	//	w ← w − lr·v                    or lr·(g + momentum·v) with Nesterov
	//
	// Only w and v change. It panics unless all are equally long.
	SGD func(w, v, g []float32, r SGDRates)

	// Adam makes a step of Adam or AdamW:
	//
	//	g ← g + decay·w                 unless decay is 0
	//	w ← w − shrink·w                unless shrink is 0
	//	m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²
	//	w ← w − rate·m / (√v/root + ε)
	//
	// Only w, m and v change. It panics unless all are equally long.
	Adam func(w, m, v, g []float32, r AdamRates)

	// Adadelta makes a step of Adadelta, in PyTorch's form:
	//
	//	g ← g + decay·w                 unless decay is 0
	//	v ← ρv + (1−ρ)g²
	//	d ← √(u+ε)/√(v+ε) · g,  u ← ρu + (1−ρ)d²
	//	w ← w − lr·d
	//
	// Only w, v and u change. It panics unless all are equally long.
	Adadelta func(w, v, u, g []float32, r AdadeltaRates)

	// Finite returns whether x holds neither NaN nor an infinity.
	Finite func(x []float32) bool

	// Exps sets e[i] = exact.Exp(x[i] − top), the difference in double precision:
	// the parts of a softmax whose largest score is top. It panics unless both
	// are equally long.
	Exps func(e []float64, x []float32, top float32)

	// Sigmoid sets y = 1/(1 + exact.Exp(−x)), computed in double precision and
	// rounded once. y may be x. It panics unless both are equally long.
	Sigmoid func(y, x []float32)
}

// A candidate is a kernel that this architecture has, and whether the CPU runs
// it.
type candidate struct {
	*Kernel
	runs bool
}

// candidates are all kernels of this architecture, the fastest first.
var candidates = append(fast(), candidate{portable, true})

// Names returns the names of the kernels that run here, the fastest first.
func Names() []string {
	var list []string
	for _, c := range candidates {
		if c.runs {
			list = append(list, c.Name)
		}
	}
	return list
}

// Select returns the kernel of that name, or for "" the fastest that this CPU
// runs. A name that is unknown or a kernel that does not run here is an error.
func Select(name string) (*Kernel, error) {
	for _, c := range candidates {
		if c.runs && (name == "" || name == c.Name) {
			return c.Kernel, nil
		}
		if name == c.Name {
			return nil, fmt.Errorf("kernel %s does not run on this CPU (these do: %s)", name, strings.Join(Names(), ", "))
		}
	}
	return nil, names.Unknown("kernel", name, Names())
}

// check panics unless c, a, b and bias hold everything that p reaches.
func (p Product) check(c, a, b, bias []float32) {
	if p.AM != 1 && p.AK != 1 {
		panic(fmt.Sprintf("kernel: neither rows nor columns of A are contiguous: AM %d, AK %d", p.AM, p.AK))
	}
	needC := (p.S-1)*p.CS + (p.R-1)*p.CR + (p.M-1)*p.CM + p.N
	needA := (p.S-1)*p.AS + (p.R-1)*p.AR + (p.M-1)*p.AM + (p.Q-1)*p.AQ + (p.O-1)*p.AO + (p.K-1)*p.AK + 1
	needB := (p.Q-1)*p.BQ + (p.O-1)*p.BO + (p.K-1)*p.BK + p.N
	if len(c) < needC || len(a) < needA || len(b) < needB {
		panic(fmt.Sprintf("kernel: lengths %d, %d, %d for a product that reaches %d, %d, %d", len(c), len(a), len(b), needC, needA, needB))
	}
	if bias != nil && (!p.Fresh || len(bias) != p.N) {
		panic(fmt.Sprintf("kernel: a bias of %d for %d columns, fresh %v", len(bias), p.N, p.Fresh))
	}
}

func (p Product) empty() bool {
	return p.S < 1 || p.R < 1 || p.M < 1 || p.N < 1 || p.Q < 1 || p.O < 1 || p.K < 1
}
