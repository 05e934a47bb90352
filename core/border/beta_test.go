package border

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

// Against Clopper and Pearson's own definition, the share with which that many
// hits or more come up in 2.5 of 100 samples, summed for whole numbers; and
// against gonum's incomplete beta function.
func TestLeastShare(t *testing.T) {
	for _, n := range []int{1, 2, 10, 30} {
		for hits := 1; hits <= n; hits++ {
			p, sum := leastShare(float64(hits), float64(n)), 0.0
			for k := hits; k <= n; k++ {
				choose := 1.0
				for j := range k {
					choose *= float64(n-j) / float64(k-j)
				}
				sum += choose * math.Pow(p, float64(k)) * math.Pow(1-p, float64(n-k))
			}
			if math.Abs(sum-0.025) > 1e-12 {
				t.Errorf("%d of %d: %g, beyond which are %g", hits, n, p, sum)
			}
		}
	}
	for _, n := range []float64{1, 3.7, 100, 2400, 1024000} {
		for _, share := range []float64{1e-4, .003, .02, .3, .5, .9, .999, 1} {
			hits := share * n
			p := leastShare(hits, n)
			if got := mathext.RegIncBeta(hits, n-hits+1, p); math.Abs(got-0.025) > 1e-7 && hits > .01 {
				t.Errorf("%g of %g: %g, beyond which are %g", hits, n, p, got)
			}
		}
	}
	if p := leastShare(0, 10); p != 0 {
		t.Errorf("no hits: %g", p)
	}
	if p := leastShare(1e-9, 10); p != 0 {
		t.Errorf("next to no hits: %g", p)
	}
}

func TestLogGamma(t *testing.T) {
	for _, x := range []float64{1e-3, .04, .5, 1, 1.5, 2, 3.3, 9.99, 10, 57, 1e3, 1.5e6} {
		want, _ := math.Lgamma(x)
		if got := logGamma(x); math.Abs(got-want) > 1e-13*math.Max(1, math.Abs(want)) {
			t.Errorf("ln Γ(%g) = %.17g, want %.17g", x, got, want)
		}
	}
}

func BenchmarkLeastShare(b *testing.B) {
	for b.Loop() {
		leastShare(470.3, 1152.7)
	}
}

func BenchmarkLeastShareOfMany(b *testing.B) {
	for b.Loop() {
		leastShare(470300, 1024000)
	}
}
