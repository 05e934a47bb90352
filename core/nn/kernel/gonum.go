package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"padlab/core/exact"
)

// portable is the portable kernel: gonum's Sgemm on pieces whose rows do not
// overlap. It runs wherever Go does and is the oracle for the others.
//
// B is never transposed, because only then does Sgemm work by axpy on rows of
// C: elementwise, and so independent of where the rows lie in memory. (With B
// transposed it works by dot products, whose order of summation depends on the
// alignment of their operands.)
var portable = &Kernel{
	Name:    "gonum",
	Slow:    "portable kernel, without this CPU's wide vectors",
	Product: gonumProduct, DepthWise: depthWise,
	ReLU: relu, ReLUGrad: reluGrad, Clamp: clamp, Blend: exact.Blend, Add: add, AddRows: addRows,
	MaxPool: maxPool, MaxPoolGrad: maxPoolGrad, MaxWindow: maxWindow, Transpose: transpose, Peak: peak,
	SquareRows: squareRows, DotRows: dotRows,
	Affine: affine, Standardise: standardise, AffineGrad: affineGrad,
	SGD: sgd, Adam: adam, Adadelta: adadelta,
	Finite: finite, Exps: exps, Sigmoid: sigmoid,
}

// Sgemm starts goroutines of its own from four blocks of 64×64 of C on. These
// tiles stay below: at most three blocks.
const (
	block    = 64
	tileCols = 3 * block
)

func gonumProduct(p Product, c, a, b, bias []float32) {
	if p.empty() {
		return
	}
	p.check(c, a, b, bias)
	for s := range p.S {
		for r := range p.R {
			rows := c[s*p.CS+r*p.CR:]
			if p.Fresh {
				for m := range p.M {
					row := rows[m*p.CM : m*p.CM+p.N]
					clear(row)
					copy(row, bias)
				}
			}
			for q := range p.Q {
				for o := range p.O {
					gonumRows(p, rows, a[s*p.AS+r*p.AR+q*p.AQ+o*p.AO:], b[q*p.BQ+o*p.BO:])
				}
			}
			if p.ReLU {
				for m := range p.M {
					row := rows[m*p.CM : m*p.CM+p.N]
					relu(row, row)
				}
			}
		}
	}
}

// gonumRows adds the inner steps of one row of C's samples, tile after tile.
func gonumRows(p Product, c, a, b []float32) {
	for n := 0; n < p.N; n += tileCols {
		cols := min(tileCols, p.N-n)
		rows := 3 / ((cols + block - 1) / block) * block
		for m := 0; m < p.M; m += rows {
			gonumTile(p, m, min(rows, p.M-m), cols, c[n:], a, b[n:])
		}
	}
}

// gonumTile adds rows m … m+rows−1 of one (r, o), in pieces no longer than the
// step between rows of A.
func gonumTile(p Product, m, rows, cols int, c, a, b []float32) {
	if p.AK == 1 && (p.AM != 1 || p.M == 1) {
		step := p.K
		if p.M > 1 {
			step = min(p.K, p.AM)
		}
		for k := 0; k < p.K; k += step {
			depth := min(step, p.K-k)
			gemm(blas.NoTrans, rows, cols, depth, a[m*p.AM+k:], max(p.AM, depth), b[k*p.BK:], p.BK, c[m*p.CM:], p.CM)
		}
		return
	}
	step := rows
	if p.K > 1 {
		step = min(rows, p.AK)
	}
	for end := m + rows; m < end; m += step {
		height := min(step, end-m)
		gemm(blas.Trans, height, cols, p.K, a[m:], max(p.AK, height), b, p.BK, c[m*p.CM:], p.CM)
	}
}

// gemm adds op(A)·B to C, where op(A) is m×k, B k×n and C m×n.
func gemm(op blas.Transpose, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
	gonum.Implementation{}.Sgemm(op, blas.NoTrans, m, n, k, 1, a, lda, b, max(ldb, n), 1, c, max(ldc, n))
}
