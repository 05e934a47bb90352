package kernel

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/gonum"
	"pgregory.net/rapid"
)

// Sgemm with every combination of its arguments, against gonum's.
func TestSgemm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(lo, hi int, name string) int { return rapid.IntRange(lo, hi).Draw(t, name) }
		m, cols, k := n(0, 40, "m"), n(0, 70, "n"), n(0, 30, "k")
		transposes := []blas.Transpose{blas.NoTrans, blas.Trans}
		tA, tB := rapid.SampledFrom(transposes).Draw(t, "tA"), rapid.SampledFrom(transposes).Draw(t, "tB")
		alpha, beta := rapid.SampledFrom([]float32{0, 1, -2}).Draw(t, "alpha"), rapid.SampledFrom([]float32{0, 1, 0.5}).Draw(t, "beta")
		matrix := func(rows, cols int, seed uint32) ([]float32, int) {
			step := max(1, cols) + n(0, 3, "step")
			x := make([]float32, max(1, rows)*step)
			for i := range x {
				seed = seed*1664525 + 1013904223
				x[i] = float32(int32(seed)>>8) * 0x1p-23
			}
			return x, step
		}
		shape := func(op blas.Transpose, rows, cols int) (int, int) {
			if op == blas.Trans {
				return cols, rows
			}
			return rows, cols
		}
		aRows, aCols := shape(tA, m, k)
		bRows, bCols := shape(tB, k, cols)
		a, lda := matrix(aRows, aCols, 1)
		b, ldb := matrix(bRows, bCols, 2)
		c, ldc := matrix(m, cols, 3)
		want := append([]float32(nil), c...)
		gonum.Implementation{}.Sgemm(tA, tB, m, cols, k, alpha, a, lda, b, ldb, beta, want, ldc)
		for _, kern := range here() {
			got := append([]float32(nil), c...)
			BLAS{k: kern}.Sgemm(tA, tB, m, cols, k, alpha, a, lda, b, ldb, beta, got, ldc)
			for i := range got {
				if d := math.Abs(float64(got[i] - want[i])); d > float64(k+2)*0x1p-22 {
					t.Fatalf("%s: element %d is %g, want %g", kern.Name, i, got[i], want[i])
				}
			}
		}
	})
}

func TestInstall(t *testing.T) {
	old := blas32.Implementation()
	defer blas32.Use(old)
	for _, kern := range here() {
		Install(kern)
		c := blas32.General{Rows: 1, Cols: 1, Stride: 1, Data: []float32{5}}
		one := func(v float32) blas32.General {
			return blas32.General{Rows: 1, Cols: 1, Stride: 1, Data: []float32{v}}
		}
		if blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, one(2), one(3), 1, c); c.Data[0] != 11 {
			t.Errorf("%s: 5 + 2·3 = %g", kern.Name, c.Data[0])
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: a matrix that is too short is taken", kern.Name)
				}
			}()
			BLAS{k: kern}.Sgemm(blas.NoTrans, blas.NoTrans, 2, 2, 2, 1, make([]float32, 3), 2, make([]float32, 4), 2, 1, make([]float32, 4), 2)
		}()
	}
}
