package probe

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// sums are the sufficient statistics of a linear regression: sums over rows
// (x, y), each of n features x and T targets y, from which squared errors and
// normal equations follow. Every target sums to 0 over the rows.
type sums struct {
	n, targets int
	rows       int
	gram       []float64 // n×n, on and above the diagonal: Σxxᵀ
	moments    []float64 // n×(T+1): Σxy of every target, then Σx
}

const (
	gramRows    = 64           // of a block
	gramColumns = 3 * gramRows // of one product: for larger ones gonum starts goroutines of its own
)

// blocks is the number of blocks of gramRows rows, each of which is added to by
// itself.
func (s *sums) blocks() int { return (s.n + gramRows - 1) / gramRows }

// grow counts rows that are about to be added to every block.
func (s *sums) grow(rows int) {
	if s.gram == nil {
		s.gram, s.moments = make([]float64, s.n*s.n), make([]float64, s.n*(s.targets+1))
	}
	s.rows += rows
}

// add adds x, rows×n, and y, rows×(T+1) with a last column of ones, to a block
// of rows of gram and moments. Different blocks may be added to at the same
// time. Each element is summed over the rows in their order.
func (s *sums) add(block int, x, y []float64) {
	n, width := s.n, s.targets+1
	from, rows := block*gramRows, len(x)/s.n
	height := min(gramRows, n-from)
	left := blas64.General{Rows: rows, Cols: height, Stride: n, Data: x[from:]}
	for j := from; j < n; j += gramColumns {
		columns := min(gramColumns, n-j)
		blas64.Gemm(blas.Trans, blas.NoTrans, 1, left, blas64.General{Rows: rows, Cols: columns, Stride: n, Data: x[j:]},
			1, blas64.General{Rows: height, Cols: columns, Stride: n, Data: s.gram[from*n+j:]})
	}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, left, blas64.General{Rows: rows, Cols: width, Stride: width, Data: y},
		1, blas64.General{Rows: height, Cols: width, Stride: width, Data: s.moments[from*width:]})
}

// error is Σ (y − w·(x−x̄))² of a target, given w, a = w·x̄ and Σy²:
//
//	Σy² + wᵀ·Σxxᵀ·w + N·a² − 2·w·Σxy − 2·a·w·Σx
func (s *sums) error(target int, w []float64, a, square float64) float64 {
	if s.rows == 0 {
		return 0
	}
	gram := blas64.Symmetric{N: s.n, Stride: s.n, Data: s.gram, Uplo: blas.Upper}
	v, product := blas64.Vector{N: s.n, Inc: 1, Data: w}, make([]float64, s.n)
	blas64.Symv(1, gram, v, 0, blas64.Vector{N: s.n, Inc: 1, Data: product})
	column := func(i int) float64 {
		return blas64.Dot(v, blas64.Vector{N: s.n, Inc: s.targets + 1, Data: s.moments[i:]})
	}
	e := square + floats.Dot(w, product) + float64(float64(s.rows)*a*a)
	return max(0, e-float64(2*column(target))-float64(2*a*column(s.targets)))
}

// system is the normal equations of a ridge regression over some sums,
//
//	(Σ(x−x̄)(x−x̄)ᵀ + λI)·w = Σ(x−x̄)y
//
// A feature whose deviation is below 10⁻⁵ of its size takes no part: it has a
// weight of exactly 0.
type system struct {
	gram     *mat.SymDense // Σ(x−x̄)(x−x̄)ᵀ + λI
	diagonal []float64     // without λ
	level    float64       // mean of the diagonal without λ, which is the mean eigenvalue
	mean     []float64     // x̄
	right    []*mat.VecDense
	factor   mat.Cholesky
}

func newSystem(n, targets int) *system {
	s := &system{gram: mat.NewSymDense(n, nil), diagonal: make([]float64, n), mean: make([]float64, n)}
	for range targets {
		s.right = append(s.right, mat.NewVecDense(n, nil))
	}
	return s
}

// set fills in the equations over all rows of the parts, which hold at least one
// row together.
func (s *system) set(parts ...*sums) {
	n, targets, rows := len(s.mean), len(s.right), 0.0
	clear(s.mean)
	for _, right := range s.right {
		right.Zero()
	}
	g := s.gram.RawSymmetric().Data
	clear(g)
	for _, p := range parts {
		if p.rows == 0 {
			continue
		}
		rows += float64(p.rows)
		for i := range n {
			for t, right := range s.right {
				right.SetVec(i, right.AtVec(i)+p.moments[i*(targets+1)+t])
			}
			s.mean[i] += p.moments[i*(targets+1)+targets]
			floats.Add(g[i*n+i:(i+1)*n], p.gram[i*n+i:(i+1)*n])
		}
	}
	floats.Scale(1/rows, s.mean)
	constant := make([]bool, n)
	s.level = 0
	for i, mean := range s.mean {
		s.diagonal[i] = g[i*n+i] - float64(rows*mean*mean)
		if s.diagonal[i] <= 1e-10*g[i*n+i] {
			s.diagonal[i], constant[i] = 0, true
			for _, right := range s.right {
				right.SetVec(i, 0)
			}
		}
		s.level += s.diagonal[i] / float64(n)
	}
	for i, mean := range s.mean {
		row := g[i*n : (i+1)*n]
		for j := i + 1; j < n; j++ {
			row[j] -= float64(rows * mean * s.mean[j])
			if constant[i] || constant[j] {
				row[j] = 0
			}
		}
	}
}

// factorise prepares solve with λ = penalty·level. While the matrix is not
// positive definite to working precision, λ is multiplied by ten. It reports
// false when all features are constant, or one is not finite.
func (s *system) factorise(penalty float64) bool {
	if s.level == 0 || s.level-s.level != 0 {
		return false
	}
	for lambda := penalty * s.level; ; lambda *= 10 {
		for i, d := range s.diagonal {
			s.gram.SetSym(i, i, d+lambda)
		}
		if s.factor.Factorize(s.gram) && s.factor.Cond() < mat.ConditionTolerance {
			return true
		}
	}
}

// solve sets w to the weights of a target.
func (s *system) solve(w []float64, target int) {
	if err := s.factor.SolveVecTo(mat.NewVecDense(len(w), w), s.right[target]); err != nil {
		panic("probe: " + err.Error()) // cannot be: factorise has checked the condition
	}
}
