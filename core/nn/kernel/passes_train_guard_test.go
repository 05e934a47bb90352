//go:build linux

package kernel

import (
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// Neither a read nor a write of any pass of training goes out by one element.
func TestTrainingPassesGuardPages(t *testing.T) {
	const most = 70 * 70
	for _, atEnd := range []bool{true, false} {
		var whole [8][]float32
		for i := range whole {
			whole[i] = fence(t, 2*most, atEnd) // twice: float64 need the room
		}
		cut := func(i, n int) []float32 {
			if atEnd {
				return whole[i][2*most-n:]
			}
			return whole[i][:n]
		}
		doubles := func(i, n int) []float64 {
			if n == 0 {
				return nil
			}
			return unsafe.Slice((*float64)(unsafe.Pointer(&cut(i, 2*n)[0])), n)
		}
		rapid.Check(t, func(t *rapid.T) {
			rows, c := rapid.IntRange(0, 70).Draw(t, "rows"), rapid.IntRange(1, 70).Draw(t, "c")
			n := rows * c
			for _, kern := range here() {
				kern.SquareRows(cut(0, c), cut(1, n), cut(2, c))
				kern.DotRows(cut(0, c), cut(1, n), cut(2, n), cut(3, c))
				kern.Affine(cut(0, n), cut(1, n), cut(2, c), cut(3, c))
				kern.Standardise(cut(0, n), cut(1, n), cut(2, c), cut(3, c))
				kern.AffineGrad(cut(0, n), cut(1, n), cut(2, n), cut(3, c), cut(4, c), cut(5, c), cut(6, c))
				kern.SGD(cut(0, n), cut(1, n), cut(2, n), SGDRates{1, 1, 1, true})
				kern.Adam(cut(0, n), cut(1, n), cut(2, n), cut(3, n), AdamRates{1, 1, 1, 1, 0.9, 0.999})
				kern.Adadelta(cut(0, n), cut(1, n), cut(2, n), cut(3, n), AdadeltaRates{1, 1, 1, 0.9})
				for i := range whole {
					clear(whole[i])
				}
				if !kern.Finite(cut(0, n)) {
					t.Fatalf("%s: %d zeros are not finite", kern.Name, n)
				}
				kern.Exps(doubles(0, n), cut(1, n), 0)
				kern.Sigmoid(cut(0, n), cut(1, n))
			}
		})
	}
}
