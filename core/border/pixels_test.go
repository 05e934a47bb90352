package border

import (
	"math"
	"testing"
)

// A ring of a square picture holds what a grid's ring holds, and the columns
// of a picture at one distance are two, or one in the middle.
func TestPixelRings(t *testing.T) {
	for _, c := range []struct {
		sides      Sides
		rows, cols int
		want       []int
	}{
		{AllSides, 5, 5, []int{16, 8, 1}},
		{AllSides, 4, 6, []int{16, 8}},
		{LeftAndRight, 3, 5, []int{6, 6, 3}},
		{LeftAndRight, 2, 4, []int{4, 4}},
		{TopAndBottom, 5, 3, []int{6, 6, 3}},
		{TopAndBottom, 1, 7, []int{7}},
	} {
		n := make([]int, c.sides.Rings(c.rows, c.cols))
		for row := range c.rows {
			for col := range c.cols {
				n[c.sides.Distance(row, col, c.rows, c.cols)]++
			}
		}
		for d := range c.want {
			if len(n) != len(c.want) || n[d] != c.want[d] {
				t.Fatalf("sides %d of %d×%d: %v, want %v", c.sides, c.rows, c.cols, n, c.want)
			}
		}
	}
}

// Three photographs with the means .2, .4 and .9: s = .36056, t(2) = 4.30265.
func TestGrouped(t *testing.T) {
	mean, low, high := Grouped([]float64{.1, .4, 1, .3, .8}, []int{0, 1, 3, 0, 3}, -1, 2)
	half := 4.302653 * 0.360555 / math.Sqrt(3)
	if math.Abs(mean-.5) > 1e-12 || math.Abs(low-(.5-half)) > 1e-5 || math.Abs(high-(.5+half)) > 1e-5 {
		t.Errorf("%g [%g, %g], want .5 ± %g", mean, low, high, half)
	}
	if _, _, high := Grouped([]float64{.1, .4, .9}, []int{0, 1, 2}, -1, 1); high != 1 {
		t.Errorf("an interval up to %g, beyond what a score may be", high)
	}
	if mean, low, _ := Grouped([]float64{.1, .3}, []int{2, 2}, -1, 1); mean != .2 || !math.IsNaN(low) {
		t.Errorf("one photograph: %g from %g on", mean, low)
	}
	// 24 photographs that all score 0 allow for some that would not: w = 1 − .025^(1/24).
	zero := make([]float64, 24)
	if _, low, high := IntervalIn(zero, -1, 1); math.Abs(low+.14247) > 1e-4 || math.Abs(high-.14247) > 1e-4 {
		t.Errorf("24 zeros: %g to %g", low, high)
	}
	if _, low, high := IntervalIn(zero, math.Inf(-1), 1); low != 0 || high != 0 {
		t.Errorf("24 zeros without a lower bound: %g to %g", low, high)
	}
}
