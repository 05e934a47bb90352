package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/gonum"
)

// BLAS is gonum's implementation with k's product as its Sgemm:
//
//	kernel.Install(k)
//
// makes package blas32 compute with it.
type BLAS struct {
	gonum.Implementation
	k *Kernel
}

// Install lets blas32 compute with k, for the whole process.
func Install(k *Kernel) { blas32.Use(BLAS{k: k}) }

// Sgemm is C = α·op(A)·op(B) + β·C, with op(A) m×k, op(B) k×n, C m×n, where op
// transposes or not. The usual case, α = 1 with β = 0 or 1 and B as it is, is
// one Product; all others are gonum's, as are the panics about what does not
// fit.
func (b BLAS) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, x []float32, ldb int, beta float32, c []float32, ldc int) {
	rows, cols := m, k
	if tA != blas.NoTrans {
		rows, cols = k, m
	}
	fits := func(length, rows, cols, step int) bool { return step >= cols && length >= (rows-1)*step+cols }
	if b.k == portable || m < 1 || n < 1 || k < 1 || tB != blas.NoTrans || alpha != 1 || (beta != 0 && beta != 1) ||
		!fits(len(a), rows, cols, lda) || !fits(len(x), k, n, ldb) || !fits(len(c), m, n, ldc) {
		b.Implementation.Sgemm(tA, tB, m, n, k, alpha, a, lda, x, ldb, beta, c, ldc)
		return
	}
	p := Product{S: 1, R: 1, M: m, N: n, Q: 1, O: 1, K: k, AM: lda, AK: 1, BK: ldb, CM: ldc, Fresh: beta == 0}
	if tA != blas.NoTrans {
		p.AM, p.AK = 1, lda
	}
	b.k.Product(p, c, a, x, nil)
}
